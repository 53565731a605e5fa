//! The loops over integers in plain Rust.

use crate::numeric::random::Random;

/// See [`kernels::add_dot_rows_i8`](crate::kernels::add_dot_rows_i8).
pub fn add_dot_rows_i8<const N: usize>(rows: &[[i8; N]], x: &[i8; N], sums: &mut [i32]) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        *sum = add_dot(*sum, row, x);
    }
}

/// See [`kernels::dot_and_square_i8`](crate::kernels::dot_and_square_i8).
pub fn dot_and_square_i8(row: &[i8], x: &[i8]) -> [i32; 2] {
    let (mut dot, mut square) = (0_i32, 0_i32);
    for (w, x) in row.iter().zip(x) {
        let (w, x) = (i32::from(*w), i32::from(*x));
        dot = dot.wrapping_add(w * x);
        square = square.wrapping_add(w * w);
    }
    [dot, square]
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

/// See [`kernels::update_rows_i16`](crate::kernels::update_rows_i16).
#[inline]
pub fn update_rows_i16<const N: usize>(
    rows: &mut [[i16; N]],
    rates: &[i32],
    x: &[i8; N],
    shift: u32,
    random: u32,
) -> u32 {
    // In a register: through a reference it would be stored and loaded between any two weights, since it might alias them.
    let mut random = Random(random);
    for (row, rate) in rows.iter_mut().zip(rates) {
        random = update_row_i16(row, *rate, x, shift, random);
    }
    random.0
}

/// See [`kernels::add_dot_matrix_i16`](crate::kernels::add_dot_matrix_i16).
pub fn add_dot_matrix_i16(matrix: &[i16], x: &[i8], sums: &mut [i32]) {
    add_dots_from(matrix, x, 0, sums);
}

/// See [`kernels::update_matrix_i16`](crate::kernels::update_matrix_i16).
pub fn update_matrix_i16(matrix: &mut [i16], rates: &[i32], x: &[i8], shift: u32, random: u32) -> u32 {
    let (mut matrix, mut random) = (matrix, Random(random));
    for rate in rates {
        let Some((row, below)) = matrix.split_at_mut_checked(x.len()) else { break };
        matrix = below;
        random = update_row_i16(row, *rate, x, shift, random);
    }
    random.0
}

/// Updates one row; if its rate is 0, it takes no random numbers.
#[inline(always)]
pub(in crate::numeric::kernels) fn update_row_i16(
    row: &mut [i16],
    rate: i32,
    x: &[i8],
    shift: u32,
    random: Random,
) -> Random {
    let free = 16 - shift.min(16);
    if rate == 0 {
        random
    } else if rate.unsigned_abs() <= (1 << 23) >> free {
        // This shift is a constant, which the compiler makes a part of the subtraction.
        let rate = rate << free;
        subtract_changes(row, x, random, |x, bits| (rate * x + bits as i32) >> 16)
    } else {
        subtract_changes(row, x, random, |x, bits| {
            (rate.wrapping_mul(x).wrapping_add((bits >> free) as i32)) >> (16 - free)
        })
    }
}

/// Takes the change by each feature and 16 random bits away from its weight; two weights share a random number. Four at a time,
/// written out.
#[inline(always)]
fn subtract_changes(row: &mut [i16], x: &[i8], mut random: Random, change: impl Fn(i32, u32) -> i32) -> Random {
    let subtract = |w: &mut i16, x: i8, bits: u32| {
        let new = i32::from(*w).wrapping_sub(change(i32::from(x), bits));
        *w = new.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    };
    let ((w, w_rest), (x, x_rest)) = (row.as_chunks_mut::<4>(), x.as_chunks::<4>());
    for ([w0, w1, w2, w3], [x0, x1, x2, x3]) in w.iter_mut().zip(x) {
        let bits = random.bits();
        subtract(w0, *x0, bits & 0xffff);
        subtract(w1, *x1, bits >> 16);
        let bits = random.bits();
        subtract(w2, *x2, bits & 0xffff);
        subtract(w3, *x3, bits >> 16);
    }
    for (w, x) in w_rest.chunks_mut(2).zip(x_rest.chunks(2)) {
        let bits = random.bits();
        for (half, (w, x)) in w.iter_mut().zip(x).enumerate() {
            subtract(w, *x, (bits >> (16 * half)) & 0xffff);
        }
    }
    random
}

/// Adds a dot product, modulo 2^32, eight elements at a time, written out.
#[inline(always)]
pub(in crate::numeric::kernels) fn add_dot<W: Copy + Into<i32>>(mut sum: i32, row: &[W], x: &[i8]) -> i32 {
    // At most 2^15 times 2^7.
    let product = |w: &W, x: &i8| (*w).into() * i32::from(*x);
    let ((w, w_rest), (x, x_rest)) = (row.as_chunks::<8>(), x.as_chunks::<8>());
    for ([w0, w1, w2, w3, w4, w5, w6, w7], [x0, x1, x2, x3, x4, x5, x6, x7]) in w.iter().zip(x) {
        let four = product(w0, x0) + product(w1, x1) + product(w2, x2) + product(w3, x3);
        sum = sum.wrapping_add(four + product(w4, x4) + product(w5, x5) + product(w6, x6) + product(w7, x7));
    }
    w_rest.iter().zip(x_rest).fold(sum, |sum, (w, x)| sum.wrapping_add(product(w, x)))
}

/// Adds the products of the elements of each row of a matrix from `first` on. By a call: it is the rare way of the kernels in assembly.
#[inline(never)]
pub(in crate::numeric::kernels) fn add_dots_from<W: Copy + Into<i32>>(
    matrix: &[W],
    x: &[i8],
    first: usize,
    sums: &mut [i32],
) {
    let mut matrix = matrix;
    for sum in sums {
        let Some((row, below)) = matrix.split_at_checked(x.len()) else { return };
        *sum = add_dot(*sum, row.get(first..).unwrap_or_default(), x.get(first..).unwrap_or_default());
        matrix = below;
    }
}
