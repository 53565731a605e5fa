//! A linear head, made by `demo-host` of a test.
#![allow(dead_code)]

use gradient_decay::{LinearHead, Standardizer};

/// The classes.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 3;

/// The weights, a row a class.
const WEIGHTS: [[f32; FEATURES]; CLASSES] = [
    [
        0.1, -0.0, 3.4028235e38,
    ],
    [
        1e-45, -1.1754944e-38, 16777216.0,
    ],
    [
        0.33333334, 0.0, -2.5e-7,
    ],
];

/// The biases.
const BIAS: [f32; CLASSES] = [
    1e-7, -123.456, 0.0,
];

/// The head.
pub const HEAD: LinearHead<CLASSES, FEATURES> = match LinearHead::from_rows(&WEIGHTS, &BIAS) {
    Ok(head) => head,
    Err(_) => panic!("a parameter is not finite"),
};

/// The mean of each feature.
const MEAN: [f32; FEATURES] = [
    20.5, -0.001, 0.0,
];

/// The deviation of each feature.
const DEVIATION: [f32; FEATURES] = [
    0.3, 7.0, 0.0,
];

/// Brings features to mean 0 and deviation 1, as the head expects them.
pub const STANDARDIZER: Standardizer<FEATURES> = Standardizer::from_statistics(&MEAN, &DEVIATION);
