//! Instruction counts of a head 1024 -> 100.
#![no_std]
#![no_main]

bench::counts!(100, 1024);
