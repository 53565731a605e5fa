//! Instruction counts of a head 128 -> 100.
#![no_std]
#![no_main]

bench::counts!(100, 128);
