//! The loops over a packed unit upper triangular matrix in plain Rust.

use core::mem::take;

use crate::numeric::kernels::triangle::{PANEL, holds};

/// The numbers of a panel's own triangle.
const TRIANGLE: usize = PANEL * (PANEL - 1) / 2;

/// See [`kernels::transposed_product`](crate::kernels::transposed_product).
#[inline(never)]
pub fn transposed_product(u: &[f32], x: &[f32], to: &mut [f32]) {
    let Some(to) = to.get_mut(..x.len()).filter(|_| holds(u, x.len())) else { return };
    to.copy_from_slice(x);
    let (mut u, mut x, mut to) = (u, x, to);
    while let Some((own, below)) = x.split_first_chunk::<PANEL>() {
        let Some((triangle, rest)) = u.split_first_chunk::<TRIANGLE>() else { return };
        let Some((columns, rest)) = rest.split_at_checked(PANEL * below.len()) else { return };
        let Some((to_own, to_below)) = to.split_first_chunk_mut::<PANEL>() else { return };
        transposed_triangle(triangle, own, to_own);
        for (column, sum) in columns.as_chunks::<PANEL>().0.iter().zip(to_below.iter_mut()) {
            *sum += dot(column, own);
        }
        (u, x, to) = (rest, below, to_below);
    }
    transposed_triangle(u, x, to);
}

/// Adds the products of the columns of a triangle to `to`.
#[inline(always)]
pub(in crate::numeric::kernels) fn transposed_triangle(u: &[f32], x: &[f32], to: &mut [f32]) {
    let mut u = u;
    for (j, sum) in to.iter_mut().enumerate().take(x.len()) {
        let Some((column, rest)) = u.split_at_checked(j) else { return };
        u = rest;
        column.iter().zip(x).for_each(|(u, x)| *sum += u * x);
    }
}

#[inline(always)]
fn dot(column: &[f32; PANEL], x: &[f32; PANEL]) -> f32 {
    let l0 = column[0] * x[0] + column[4] * x[4];
    let l1 = column[1] * x[1] + column[5] * x[5];
    let l2 = column[2] * x[2] + column[6] * x[6];
    let l3 = column[3] * x[3] + column[7] * x[7];
    (l0 + l2) + (l1 + l3)
}

/// See [`kernels::product`](crate::kernels::product).
#[inline(never)]
pub fn product(u: &[f32], x: &mut [f32]) {
    if !holds(u, x.len()) {
        return;
    }
    let (mut u, mut x) = (u, x);
    while x.len() >= PANEL {
        let Some((own, below)) = take(&mut x).split_first_chunk_mut::<PANEL>() else { return };
        let Some((triangle, rest)) = u.split_first_chunk::<TRIANGLE>() else { return };
        let Some((columns, rest)) = rest.split_at_checked(PANEL * below.len()) else { return };
        let mut sums = *own;
        triangle_product(triangle, &mut sums);
        for (column, x) in columns.as_chunks::<PANEL>().0.iter().zip(below.iter()) {
            for (sum, u) in sums.iter_mut().zip(column) {
                *sum += u * x;
            }
        }
        *own = sums;
        (u, x) = (rest, below);
    }
    triangle_product(u, x);
}

/// The product of a triangle alone.
#[inline(always)]
pub(in crate::numeric::kernels) fn triangle_product(u: &[f32], x: &mut [f32]) {
    let mut u = u;
    for j in 0..x.len() {
        let Some((column, rest)) = u.split_at_checked(j) else { return };
        u = rest;
        let Some((sums, [x, ..])) = x.split_at_mut_checked(j) else { return };
        sums.iter_mut().zip(column).for_each(|(sum, u)| *sum += u * *x);
    }
}

/// See [`kernels::update_product`](crate::kernels::update_product).
#[inline(never)]
pub fn update_product(u: &mut [f32], rates: &[f32], x: &mut [f32]) {
    if !holds(u, x.len()) || rates.len() < x.len() {
        return;
    }
    let (mut u, mut rates, mut x) = (u, rates, x);
    while x.len() >= PANEL {
        let Some((own, below)) = take(&mut x).split_first_chunk_mut::<PANEL>() else { return };
        let Some((triangle, rest)) = u.split_first_chunk_mut::<TRIANGLE>() else { return };
        let Some((columns, rest)) = rest.split_at_mut_checked(PANEL * below.len()) else { return };
        let Some((own_rates, rates_below)) = rates.split_first_chunk::<PANEL>() else { return };
        let mut sums = *own;
        update_triangle(triangle, own_rates, &mut sums);
        for (column, (rate, x)) in columns.as_chunks_mut::<PANEL>().0.iter_mut().zip(rates_below.iter().zip(below.iter())) {
            for (u, sum) in column.iter_mut().zip(&mut sums) {
                let old = *u;
                *u = *sum * rate + old;
                *sum += old * x;
            }
        }
        *own = sums;
        (u, rates, x) = (rest, rates_below, below);
    }
    update_triangle(u, rates, x);
}

/// The update and the product of a triangle alone.
#[inline(always)]
pub(in crate::numeric::kernels) fn update_triangle(u: &mut [f32], rates: &[f32], x: &mut [f32]) {
    let mut u = u;
    for (j, rate) in rates.iter().enumerate().take(x.len()) {
        let Some((column, rest)) = u.split_at_mut_checked(j) else { return };
        u = rest;
        let Some((sums, [x, ..])) = x.split_at_mut_checked(j) else { return };
        for (u, sum) in column.iter_mut().zip(sums) {
            let old = *u;
            *u = *sum * rate + old;
            *sum += old * *x;
        }
    }
}
