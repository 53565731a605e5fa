//! Modules as `tune --rust` writes them, and `export` those of the head and the prior.

#[rustfmt::skip]
pub mod discriminant;
#[rustfmt::skip]
pub mod head;
#[rustfmt::skip]
pub mod mixed;
#[rustfmt::skip]
pub mod mixed_neighbours;
#[rustfmt::skip]
pub mod neighbours;
#[rustfmt::skip]
pub mod prior;
#[rustfmt::skip]
pub mod replay;
#[rustfmt::skip]
pub mod residual;
#[rustfmt::skip]
pub mod warm_up;
