//! A linear head in integers, made by `demo-host` of a test.
#![allow(dead_code)]

use gradient_decay::quantized::{Quantization, QuantizedHead};

/// The classes.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// The meaning of a feature in i8.
pub const INPUT: Quantization = Quantization::new(0.015686275, -1);

/// The meaning of a logit in i8.
pub const OUTPUT: Quantization = Quantization::new(0.07058824, -1);

/// The weights, a row a class.
const WEIGHTS: [[i8; FEATURES]; CLASSES] = [
    [
        127, -64,
    ],
    [
        127, 16,
    ],
    [
        -127, 85,
    ],
];

/// The biases, in the product of the features' and the row's scale.
const BIAS: [i32; CLASSES] = [
    8096, -8096, 675,
];

/// The scale of each row.
const SCALES: [f32; CLASSES] = [
    0.003937008, 0.007874016, 0.023622047,
];

/// The head.
pub const HEAD: QuantizedHead<CLASSES, FEATURES> =
    match QuantizedHead::from_rows(WEIGHTS, BIAS, &SCALES, INPUT, OUTPUT) {
        Ok(head) => head,
        Err(_) => panic!("a scale is out of range"),
    };
