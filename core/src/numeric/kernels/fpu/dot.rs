//! The dot products of rows.

use core::arch::asm;

use super::STRIDE;
use crate::numeric::kernels::SMALL;

/// The rows whose dot products share the load of a feature. Four lanes of three rows, eight features and eight weights take 28
/// of the 32 registers; with a fourth row, more rows would be left over, at the sizes that heads have.
const ROWS: usize = 3;

/// See [`kernels::add_dot_rows`](crate::kernels::add_dot_rows).
#[inline]
pub(in crate::numeric::kernels) fn add_dot_rows<const N: usize>(rows: &[[f32; N]], x: &[f32; N], sums: &mut [f32]) {
    let count = sums.len().min(rows.len());
    let (matrix, sums) = (rows.as_flattened(), sums.get_mut(..count).unwrap_or_default());
    if N.is_multiple_of(STRIDE) { dot_whole(matrix, x, sums) } else { dot_matrix(matrix, x, sums) }
}

/// Multiplies eight weights by their features.
macro_rules! products {
    () => {
        each!("vmul.f32"; "s24, s24, s16" "s25, s25, s17" "s26, s26, s18" "s27, s27, s19" "s28, s28, s20" "s29, s29, s21" "s30, s30, s22" "s31, s31, s23")
    };
}

/// The elements behind the last eight of three rows: four as one block, the others one by one, the last of them first, since each has a
/// lane of its own. Without a tail there are none.
macro_rules! behind_three_rows {
    () => {
        "mov {rest_of_four}, {rest}"
    };
    (tail) => {
        concat!(
            "ands {rest_of_four}, {rest}, #7\n",
            "beq 7f\n",
            "tst {rest}, #4\n",
            "beq 4f\n",
            "vldmia {x}!, {{s16-s19}}\n",
            "vldmia {row_0}!, {{s24-s27}}\n",
            each!("vmul.f32"; "s24, s24, s16" "s25, s25, s17" "s26, s26, s18" "s27, s27, s19"),
            each!("vadd.f32"; "s0, s0, s24" "s1, s1, s25" "s2, s2, s26" "s3, s3, s27"),
            "vldmia {row_1}!, {{s24-s27}}\n",
            each!("vmul.f32"; "s24, s24, s16" "s25, s25, s17" "s26, s26, s18" "s27, s27, s19"),
            each!("vadd.f32"; "s4, s4, s24" "s5, s5, s25" "s6, s6, s26" "s7, s7, s27"),
            "vldmia {row_2}!, {{s24-s27}}\n",
            each!("vmul.f32"; "s24, s24, s16" "s25, s25, s17" "s26, s26, s18" "s27, s27, s19"),
            each!("vadd.f32"; "s8, s8, s24" "s9, s9, s25" "s10, s10, s26" "s11, s11, s27"),
            "4:\n",
            "ands {rest_of_four}, {rest}, #3\n",
            "beq 7f\n",
            "cmp {rest_of_four}, #2\n",
            "blt 6f\n",
            "beq 5f\n",
            "vldr s16, [{x}, #8]\n",
            "vldr s24, [{row_0}, #8]\n",
            "vldr s25, [{row_1}, #8]\n",
            "vldr s26, [{row_2}, #8]\n",
            each!("vmul.f32"; "s24, s24, s16" "s25, s25, s16" "s26, s26, s16"),
            each!("vadd.f32"; "s2, s2, s24" "s6, s6, s25" "s10, s10, s26"),
            "5:\n",
            "vldr s16, [{x}, #4]\n",
            "vldr s24, [{row_0}, #4]\n",
            "vldr s25, [{row_1}, #4]\n",
            "vldr s26, [{row_2}, #4]\n",
            each!("vmul.f32"; "s24, s24, s16" "s25, s25, s16" "s26, s26, s16"),
            each!("vadd.f32"; "s1, s1, s24" "s5, s5, s25" "s9, s9, s26"),
            "6:\n",
            "vldr s16, [{x}, #0]\n",
            "vldr s24, [{row_0}, #0]\n",
            "vldr s25, [{row_1}, #0]\n",
            "vldr s26, [{row_2}, #0]\n",
            each!("vmul.f32"; "s24, s24, s16" "s25, s25, s16" "s26, s26, s16"),
            each!("vadd.f32"; "s0, s0, s24" "s4, s4, s25" "s8, s8, s26"),
            "7:\n",
        )
    };
}

/// The same for one row.
macro_rules! behind_one_row {
    () => {
        "mov {rest_of_four}, {rest}"
    };
    (tail) => {
        concat!(
            "tst {rest}, #4\n",
            "beq 4f\n",
            "vldmia {x}!, {{s16-s19}}\n",
            "vldmia {row}!, {{s24-s27}}\n",
            each!("vmul.f32"; "s24, s24, s16" "s25, s25, s17" "s26, s26, s18" "s27, s27, s19"),
            each!("vadd.f32"; "s0, s0, s24" "s1, s1, s25" "s2, s2, s26" "s3, s3, s27"),
            "4:\n",
            "ands {rest_of_four}, {rest}, #3\n",
            "beq 7f\n",
            "cmp {rest_of_four}, #2\n",
            "blt 6f\n",
            "beq 5f\n",
            "vldr s16, [{x}, #8]\n",
            "vldr s24, [{row}, #8]\n",
            "vmul.f32 s24, s24, s16\n",
            "vadd.f32 s2, s2, s24\n",
            "5:\n",
            "vldr s16, [{x}, #4]\n",
            "vldr s24, [{row}, #4]\n",
            "vmul.f32 s24, s24, s16\n",
            "vadd.f32 s1, s1, s24\n",
            "6:\n",
            "vldr s16, [{x}, #0]\n",
            "vldr s24, [{row}, #0]\n",
            "vmul.f32 s24, s24, s16\n",
            "vadd.f32 s0, s0, s24\n",
            "7:\n",
        )
    };
}

/// The dot products of a matrix, by three rows and then by one: with a tail for rows of all lengths, one function for all shapes; without
/// for whole blocks, a smaller one, which is all that a program has whose rows are multiples of eight.
macro_rules! dot_matrix {
    ($matrix:ident $three_rows:ident $one_row:ident $($tail:tt)?) => {
        #[inline(never)]
        pub(in crate::numeric::kernels) fn $matrix(matrix: &[f32], x: &[f32], sums: &mut [f32]) {
            let (rows, n) = (sums.len(), x.len());
            // In 64 bits the product cannot overflow.
            if (matrix.len() as u64) < rows as u64 * n as u64 {
                return;
            }
            let blocks = if n >= STRIDE && !SMALL { rows / ROWS } else { 0 };
            let mut row = matrix.as_ptr();
            let (block_sums, single_sums) = sums.split_at_mut_checked(blocks * ROWS).unwrap_or_default();
            if blocks > 0 {
                // SAFETY: the matrix has rows * n elements, so at least that many rows, and there are as many sums.
                row = unsafe { $three_rows(row, x, blocks, block_sums.as_mut_ptr()) };
            }
            for sum in single_sums {
                // SAFETY: one row is left for each sum, as long as x.
                unsafe { $one_row(&mut row, x, sum) };
            }
        }

        /// Adds the dot products of three rows times `blocks`, at least 1, with `x`, of at least eight features. Returns what is behind the rows.
        ///
        /// # Safety
        /// There are that many rows of the length of `x`, one behind the other, and that many sums.
        #[inline]
        unsafe fn $three_rows(rows: *const f32, x: &[f32], blocks: usize, sums: *mut f32) -> *const f32 {
            let rows_end;
            let rest = x.len() % STRIDE;
            // SAFETY: the caller's.
            unsafe {
                asm!(
                    "2:",
                    "add {row_1}, {row_0}, {bytes}",
                    "add {row_2}, {row_1}, {bytes}",
                    "movs {rest_of_four}, #0",
                    each!("vmov"; "d0, {rest_of_four}, {rest_of_four}" "d1, {rest_of_four}, {rest_of_four}" "d2, {rest_of_four}, {rest_of_four}" "d3, {rest_of_four}, {rest_of_four}" "d4, {rest_of_four}, {rest_of_four}" "d5, {rest_of_four}, {rest_of_four}"),
                    "mov {x}, {x_start}",
                    "3:",
                    "vldmia {x}!, {{s16-s23}}",
                    "vldmia {row_0}!, {{s24-s31}}",
                    products!(),
                    each!("vadd.f32"; "s0, s0, s24" "s1, s1, s25" "s2, s2, s26" "s3, s3, s27" "s0, s0, s28" "s1, s1, s29" "s2, s2, s30" "s3, s3, s31"),
                    "vldmia {row_1}!, {{s24-s31}}",
                    products!(),
                    each!("vadd.f32"; "s4, s4, s24" "s5, s5, s25" "s6, s6, s26" "s7, s7, s27" "s4, s4, s28" "s5, s5, s29" "s6, s6, s30" "s7, s7, s31"),
                    "vldmia {row_2}!, {{s24-s31}}",
                    products!(),
                    each!("vadd.f32"; "s8, s8, s24" "s9, s9, s25" "s10, s10, s26" "s11, s11, s27" "s8, s8, s28" "s9, s9, s29" "s10, s10, s30" "s11, s11, s31"),
                    "cmp {x}, {x_end}",
                    "bne 3b",
                    behind_three_rows!($($tail)?),
                    each!("vadd.f32"; "s0, s0, s2" "s1, s1, s3" "s4, s4, s6" "s5, s5, s7" "s8, s8, s10" "s9, s9, s11"),
                    "vldmia {sums}, {{s16-s18}}",
                    each!("vadd.f32"; "s0, s0, s1" "s4, s4, s5" "s8, s8, s9" "s16, s16, s0" "s17, s17, s4" "s18, s18, s8"),
                    "vstmia {sums}!, {{s16-s18}}",
                    "add {row_0}, {row_2}, {rest_of_four}, lsl #2",
                    "subs {blocks}, {blocks}, #1",
                    "bne 2b",
                    row_0 = inout(reg) rows => rows_end,
                    row_1 = out(reg) _,
                    row_2 = out(reg) _,
                    x = out(reg) _,
                    x_start = in(reg) x.as_ptr(),
                    x_end = in(reg) x.as_ptr().add(x.len() - rest),
                    bytes = in(reg) size_of_val(x),
                    rest = in(reg) rest,
                    rest_of_four = out(reg) _,
                    blocks = inout(reg) blocks => _,
                    sums = inout(reg) sums => _,
                    out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                    out("d4") _, out("d5") _,
                    out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                    out("d12") _, out("d13") _, out("d14") _, out("d15") _,
                    options(nostack),
                );
            }
            rows_end
        }

        /// Adds the dot product of one row with `x`, of any length, and goes on to what is behind the row.
        ///
        /// # Safety
        /// The row is as long as `x`.
        #[inline]
        unsafe fn $one_row(row: &mut *const f32, x: &[f32], sum: &mut f32) {
            let rest = x.len() % STRIDE;
            let dot: u32;
            // SAFETY: the caller's.
            unsafe {
                asm!(
                    "vmov d0, {dot}, {dot}",
                    "vmov d1, {dot}, {dot}",
                    "b 3f",
                    "2:",
                    "vldmia {x}!, {{s16-s23}}",
                    "vldmia {row}!, {{s24-s31}}",
                    products!(),
                    each!("vadd.f32"; "s0, s0, s24" "s1, s1, s25" "s2, s2, s26" "s3, s3, s27" "s0, s0, s28" "s1, s1, s29" "s2, s2, s30" "s3, s3, s31"),
                    "3:",
                    "cmp {x}, {x_end}",
                    "bne 2b",
                    behind_one_row!($($tail)?),
                    "add {row}, {row}, {rest_of_four}, lsl #2",
                    each!("vadd.f32"; "s0, s0, s2" "s1, s1, s3" "s0, s0, s1"),
                    "vmov {dot}, s0",
                    dot = inout(reg) 0 => dot,
                    row = inout(reg) *row,
                    x = inout(reg) x.as_ptr() => _,
                    x_end = in(reg) x.as_ptr().add(x.len() - rest),
                    rest = in(reg) rest,
                    rest_of_four = out(reg) _,
                    out("d0") _, out("d1") _,
                    out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                    out("d12") _, out("d13") _, out("d14") _, out("d15") _,
                    options(nostack, readonly),
                );
            }
            *sum += f32::from_bits(dot);
        }
    };
}

dot_matrix!(dot_matrix three_rows one_row tail);
dot_matrix!(dot_whole three_whole_rows one_whole_row);
