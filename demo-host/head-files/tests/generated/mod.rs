//! Source code as it is written for the heads of `source.rs`: `BLESS=1 cargo test -p head-files --release --test source` writes it anew.

#[rustfmt::skip]
pub mod linear;
#[rustfmt::skip]
pub mod integers;
#[rustfmt::skip]
pub mod prior;
