//! The loops over integers.

#[cfg(all(feature = "asm", target_arch = "arm", arm_dsp))]
use super::dsp as chosen;
#[cfg(not(all(feature = "asm", target_arch = "arm", arm_dsp)))]
use super::portable as chosen;

/// Adds to `sums` the dot products of several rows with the same `x`, modulo 2^32.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut sums = [5, 0];
/// kernels::add_dot_rows_i8(&[[1, 2, -128], [0, -1, 127]], &[3, -4, -128], &mut sums);
/// assert_eq!(sums, [5 + 16_379, -16_252]);
/// ```
#[inline]
pub fn add_dot_rows_i8<const N: usize>(rows: &[[i8; N]], x: &[i8; N], sums: &mut [i32]) {
    chosen::add_dot_rows_i8(rows, x, sums);
}

/// Replaces each of `sums` by `add` of itself and the dot product of a row with the same `x`, which is summed modulo 2^32.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut sums = [5, 0];
/// kernels::add_dot_rows_i16(&[[1, 2, -32_768], [0, -1, 300]], &[3, -4, -128], &mut sums, i32::saturating_add);
/// assert_eq!(sums, [5 + 4_194_299, -38_396]);
/// ```
#[inline]
pub fn add_dot_rows_i16<const ROWS: usize, const N: usize>(
    rows: &[[i16; N]; ROWS],
    x: &[i8; N],
    sums: &mut [i32; ROWS],
    add: impl Fn(i32, i32) -> i32,
) {
    chosen::add_dot_rows_i16(rows, x, sums, add);
}
