//! Instruction counts of a head 32 -> 1000.
#![no_std]
#![no_main]

bench::counts!(1000, 32);
