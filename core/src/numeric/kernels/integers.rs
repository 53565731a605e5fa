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

/// The dot product of a row with `x`, and that with itself, each modulo 2^32: exact for up to 131,071 elements. An element of the row is
/// loaded once for both. Elements beyond the shorter one are ignored.
///
/// ```
/// use gradient_decay::kernels;
///
/// assert_eq!(kernels::dot_and_square_i8(&[1, 2, -128], &[3, -4, -128]), [16_379, 16_389]);
/// ```
#[inline]
pub fn dot_and_square_i8(row: &[i8], x: &[i8]) -> [i32; 2] {
    let n = row.len().min(x.len());
    chosen::dot_and_square_i8(row.get(..n).unwrap_or_default(), x.get(..n).unwrap_or_default())
}

/// Replaces each of `sums` by `add` of itself and the dot product of its row with `x`. The dot product is summed modulo 2^32.
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

/// Subtracts `rate x 2^-shift` from the weights of each row, with stochastic rounding to an integer below or above, so that the mean is exact.
/// Weights saturate at the ends of the range of i16. Rows whose rate is 0 are skipped. `shift` must be in 0..=16, and rates within
/// +-2^16.
///
/// `random` is the state of the generator of random numbers (xorshift32), not 0; the state afterwards is returned. Two weights of a row
/// share one random number: its lower and its upper 16 bits are the fractions that are added before rounding down. The last weight of a row of
/// odd length takes a number alone.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut rows = [[10, -5, i16::MIN], [1, 2, 3]];
/// let random = kernels::update_rows_i16(&mut rows, &[32, 0], &[16, -32, 127], 9, 2024);
/// assert_eq!(rows, [[9, -3, i16::MIN], [1, 2, 3]]);
/// // 32 times 1 is an eighth of 2^8.
/// let (mut rows, mut random) = ([[0]], random);
/// for _ in 0..8000 {
///     random = kernels::update_rows_i16(&mut rows, &[32], &[1], 8, random);
/// }
/// assert!((rows[0][0] + 1000).abs() < 100);
/// ```
#[inline]
pub fn update_rows_i16<const N: usize>(
    rows: &mut [[i16; N]],
    rates: &[i32],
    x: &[i8; N],
    shift: u32,
    random: u32,
) -> u32 {
    chosen::update_rows_i16(rows, rates, x, shift, random)
}

/// Adds to `sums` the dot products of the rows of a matrix whose shape is known only at run time with the same `x`, modulo 2^32: as many rows
/// as sums, of the length of `x`, one behind the other. Rows that the matrix does not have whole are left out. The bits are those of
/// [`add_dot_rows_i16`].
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut sums = [5, 0];
/// kernels::add_dot_matrix_i16(&[1, 2, -32_768, 0, -1, 300], &[3, -4, -128], &mut sums);
/// assert_eq!(sums, [4_194_304, -38_396]);
/// ```
pub fn add_dot_matrix_i16(matrix: &[i16], x: &[i8], sums: &mut [i32]) {
    let rows = matrix.len().checked_div(x.len()).unwrap_or(sums.len()).min(sums.len());
    chosen::add_dot_matrix_i16(matrix, x, sums.get_mut(..rows).unwrap_or_default());
}

/// [`update_rows_i16`] of a matrix whose shape is known only at run time: as many rows as rates, of the length of `x`, one behind the other.
/// Rows that the matrix does not have whole are left as they are.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut matrix = [10, -5, i16::MIN, 1, 2, 3];
/// let random = kernels::update_matrix_i16(&mut matrix, &[32, 0], &[16, -32, 127], 9, 2024);
/// let mut rows = [[10, -5, i16::MIN], [1, 2, 3]];
/// assert_eq!(random, kernels::update_rows_i16(&mut rows, &[32, 0], &[16, -32, 127], 9, 2024));
/// assert_eq!(matrix, rows.as_flattened());
/// ```
pub fn update_matrix_i16(matrix: &mut [i16], rates: &[i32], x: &[i8], shift: u32, random: u32) -> u32 {
    chosen::update_matrix_i16(matrix, rates, x, shift, random)
}
