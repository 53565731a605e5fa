//! The instructions of each call of a learner with all its parts, in integers.
#![no_std]
#![no_main]

use gradient_decay::{FixedHead, FixedRate, Quantizer};

bench::calls!(
    FixedHead<10, 64>,
    FixedHead::new(5, 1),
    Quantizer<Standardizer<64>>,
    Quantizer::new(5, Standardizer::from_statistics(&[3.0; 64], &[0.6; 64])),
    [i8; 64],
    [i8; 64],
    FixedRate::new(0.01)
);
