//! Instruction counts of a head 63 -> 10.
#![no_std]
#![no_main]

bench::counts!(10, 63);
