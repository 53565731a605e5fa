//! Flash, RAM and stack of a head 64 -> 10 that learns without calibration, in a learner without parts.
#![no_std]
#![no_main]

bench::trainer!(learner 10, 64);
