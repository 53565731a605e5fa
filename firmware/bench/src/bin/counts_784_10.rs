//! Instruction counts of a head 784 -> 10.
#![no_std]
#![no_main]

bench::counts!(10, 784);
