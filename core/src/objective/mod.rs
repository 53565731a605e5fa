//! The objective: the gradient-decay Softmax, the target of a sample, beta over time.

mod beta;
mod consistent;
mod expected;
pub(crate) mod fixed_point;
pub mod loss;
pub(crate) mod sample;
pub mod schedule;
mod shift;
mod softmax;
pub mod target;
#[cfg(all(test, feature = "libm"))]
mod tests;

pub(crate) use beta::Beta;
