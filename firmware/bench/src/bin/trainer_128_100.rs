//! Flash, RAM and stack of a head 128 -> 100.
#![no_std]
#![no_main]

bench::trainer!(100, 128);
