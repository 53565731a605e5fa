//! The instructions of each call of a learner with all its parts, in float.
#![no_std]
#![no_main]

use gradient_decay::{LinearHead, Quantized, Sgd};

bench::calls!(
    LinearHead<10, 64>,
    LinearHead::new(),
    Standardizer<64>,
    Standardizer::from_statistics(&[3.0; 64], &[0.6; 64]),
    [f32; 64],
    Quantized<64>,
    Sgd::new(0.01)
);
