//! Flash, RAM and stack of a head 64 -> 10.
#![no_std]
#![no_main]

bench::trainer!(10, 64);
