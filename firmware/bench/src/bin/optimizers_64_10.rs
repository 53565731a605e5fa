//! The instructions of a step of a head 64 -> 10, by optimizer.
#![no_std]
#![no_main]

bench::optimizers!(10, 64);
