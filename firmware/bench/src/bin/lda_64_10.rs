//! What a label costs a discriminant 64 -> 10.
#![no_std]
#![no_main]

bench::discriminant!(10, 64);
