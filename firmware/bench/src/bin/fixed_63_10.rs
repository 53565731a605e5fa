//! The instructions of a head 63 -> 10 in integers.
#![no_std]
#![no_main]

bench::integers!(10, 63);
