//! Instruction counts of a head 64 -> 10.
#![no_std]
#![no_main]

bench::counts!(10, 64);
