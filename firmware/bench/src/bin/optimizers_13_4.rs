//! The instructions of a step of a head 13 -> 4, by optimizer.
#![no_std]
#![no_main]

bench::optimizers!(4, 13);
