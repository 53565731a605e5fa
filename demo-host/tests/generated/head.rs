//! A linear head, made by `demo-host` of a test.
#![allow(dead_code)]

use gradient_decay::LinearHead;

/// The classes.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// The weights, a row a class.
const WEIGHTS: [[f32; FEATURES]; CLASSES] = [
    [
        1.5, -0.25,
    ],
    [
        -1.0, 0.75,
    ],
    [
        0.125, -0.5,
    ],
];

/// The biases.
const BIAS: [f32; CLASSES] = [
    0.1, 0.0, -0.2,
];

/// The head.
pub const HEAD: LinearHead<CLASSES, FEATURES> = match LinearHead::from_rows(&WEIGHTS, &BIAS) {
    Ok(head) => head,
    Err(_) => panic!("a parameter is not finite"),
};
