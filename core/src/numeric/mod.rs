//! Numbers: the backends of `exp`, `ln` and `sqrt`, seeded randomness, the loops over slices.

mod exp;
pub(crate) mod fixed_point;
pub mod kernels;
pub mod math;
pub(crate) mod random;
#[cfg(all(feature = "asm", feature = "libm", target_arch = "arm", target_abi = "eabihf"))]
mod sqrt;
