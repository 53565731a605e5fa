//! The cost of a label of a discriminant 24 -> 4.
#![no_std]
#![no_main]

bench::discriminant!(4, 24);
