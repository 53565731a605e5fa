//! The cost of a label of a discriminant 64 -> 10.
#![no_std]
#![no_main]

bench::discriminant!(10, 64);
