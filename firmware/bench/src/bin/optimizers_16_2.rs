//! The instructions of a step of a head 16 -> 2, by optimizer.
#![no_std]
#![no_main]

bench::optimizers!(2, 16);
