//! The loops over integers in plain Rust, four elements at a time, written out.

/// See [`kernels::add_dot_rows_i8`](crate::kernels::add_dot_rows_i8).
pub fn add_dot_rows_i8<const N: usize>(rows: &[[i8; N]], x: &[i8; N], sums: &mut [i32]) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        *sum = add_dot(*sum, row, x);
    }
}

/// See [`kernels::add_dot_rows_i16`](crate::kernels::add_dot_rows_i16).
#[inline]
pub fn add_dot_rows_i16<const ROWS: usize, const N: usize>(
    rows: &[[i16; N]; ROWS],
    x: &[i8; N],
    sums: &mut [i32; ROWS],
    add: impl Fn(i32, i32) -> i32,
) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        // By arrays, whose length is known: blocks of a slice cost 7 % more.
        let dot =
            row.iter().zip(x).fold(0_i32, |dot, (w, x)| dot.wrapping_add(i32::from(*w).wrapping_mul(i32::from(*x))));
        *sum = add(*sum, dot);
    }
}

/// Adds a dot product, modulo 2^32.
#[inline(always)]
pub(in crate::numeric::kernels) fn add_dot<W: Copy + Into<i32>>(mut sum: i32, row: &[W], x: &[i8]) -> i32 {
    // At most 2^15 times 2^7.
    let product = |w: &W, x: &i8| (*w).into() * i32::from(*x);
    let ((w, w_rest), (x, x_rest)) = (row.as_chunks::<4>(), x.as_chunks::<4>());
    for ([w0, w1, w2, w3], [x0, x1, x2, x3]) in w.iter().zip(x) {
        sum = sum.wrapping_add(product(w0, x0) + product(w1, x1) + product(w2, x2) + product(w3, x3));
    }
    w_rest.iter().zip(x_rest).fold(sum, |sum, (w, x)| sum.wrapping_add(product(w, x)))
}
