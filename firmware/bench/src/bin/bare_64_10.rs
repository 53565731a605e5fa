//! Flash, RAM and stack of a head 64 -> 10 that learns without calibration, by itself.
#![no_std]
#![no_main]

bench::trainer!(bare 10, 64);
