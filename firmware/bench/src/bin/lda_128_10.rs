//! The cost of a label of a discriminant 128 -> 10.
#![no_std]
#![no_main]

bench::discriminant!(10, 128);
