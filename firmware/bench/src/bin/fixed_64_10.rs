//! The instructions of a head 64 -> 10 in integers.
#![no_std]
#![no_main]

bench::integers!(10, 64);
