//! Weights as points, and back.

#![expect(clippy::needless_range_loop, reason = "loops over arrays of a fixed size become vector instructions")]

use pulp::{Simd, WithSimd};

use super::{POINTS, REACH, transforms};
use crate::models::full::cpu::convolution::kernels::Geometry;
use crate::models::full::cpu::convolution::products::PANEL;
use crate::models::full::cpu::lanes::{lanes, lanes_mut, registers, registers_mut, vectorized};

/// Weights of a side of the kernel.
const KERNEL: usize = 3;

/// The factor that weights are the right one of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Of the images: a row is an input channel.
    Forward,
    /// Of the gradient: a row is an output channel.
    Backward,
}

/// For each point a matrix in panels, `[columns / PANEL][rows][PANEL]`.
pub fn points_of_weights(weights: &[f32], geometry: &Geometry, direction: Direction) -> Vec<f32> {
    let mut points = vec![0.0; POINTS * geometry.channels_in * geometry.channels_out];
    vectorized(ToPoints { weights, geometry, direction, points: &mut points });
    points
}

/// Adds to the weights' gradient what the gradient of the points gives, in panels as for [`Direction::Forward`].
pub fn add_weights_of_points(points: &[f32], geometry: &Geometry, of_weights: &mut [f32]) {
    vectorized(FromPoints { points, geometry, of_weights });
}

/// The element of point `[i, j]` from which the columns of a row from `first` on stand.
#[inline(always)]
fn index([i, j]: [usize; 2], row: usize, first: usize, rows: usize, columns: usize) -> usize {
    (i * REACH + j) * rows * columns + (first / PANEL * rows + row) * PANEL + first % PANEL
}

struct ToPoints<'a> {
    weights: &'a [f32],
    geometry: &'a Geometry,
    direction: Direction,
    points: &'a mut [f32],
}

impl WithSimd for ToPoints<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Geometry { channels_in, channels_out, .. } = *self.geometry;
        let is_forward = self.direction == Direction::Forward;
        let (rows, columns) = if is_forward { (channels_in, channels_out) } else { (channels_out, channels_in) };
        let none = simd.splat_f32s(0.0);
        for first in (0..columns).step_by(S::F32_LANES) {
            for row in 0..rows {
                let mut kernel = [[none; KERNEL]; KERNEL];
                for lane in 0..S::F32_LANES {
                    let (out, of) = if is_forward { (first + lane, row) } else { (row, first + lane) };
                    let weights = &self.weights[(out * channels_in + of) * KERNEL * KERNEL..][..KERNEL * KERNEL];
                    for x in 0..KERNEL {
                        for y in 0..KERNEL {
                            lanes_mut::<S>(&mut kernel[x][y])[lane] = weights[y * KERNEL + x];
                        }
                    }
                }
                let mut down = [[none; KERNEL]; REACH];
                for x in 0..KERNEL {
                    let column = transforms::weights(simd, kernel[x]);
                    for i in 0..REACH {
                        down[i][x] = column[i];
                    }
                }
                for (i, points) in down.into_iter().enumerate() {
                    for (j, point) in transforms::weights(simd, points).into_iter().enumerate() {
                        let index = index([i, j], row, first, rows, columns);
                        registers_mut::<S>(&mut self.points[index..][..S::F32_LANES])[0] = point;
                    }
                }
            }
        }
    }
}

struct FromPoints<'a> {
    points: &'a [f32],
    geometry: &'a Geometry,
    of_weights: &'a mut [f32],
}

impl WithSimd for FromPoints<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Geometry { channels_in: rows, channels_out: columns, .. } = *self.geometry;
        let none = simd.splat_f32s(0.0);
        for first in (0..columns).step_by(S::F32_LANES) {
            for row in 0..rows {
                let mut across = [[none; REACH]; KERNEL];
                for i in 0..REACH {
                    let mut points = [none; REACH];
                    for (j, point) in points.iter_mut().enumerate() {
                        let index = index([i, j], row, first, rows, columns);
                        *point = registers::<S>(&self.points[index..][..S::F32_LANES])[0];
                    }
                    let points = transforms::weights_transposed(simd, points);
                    for x in 0..KERNEL {
                        across[x][i] = points[x];
                    }
                }
                for (x, column) in across.into_iter().enumerate() {
                    for (y, weights) in transforms::weights_transposed(simd, column).into_iter().enumerate() {
                        for (lane, weight) in lanes::<S>(&weights).iter().enumerate() {
                            let kernel = ((first + lane) * rows + row) * KERNEL * KERNEL;
                            self.of_weights[kernel + y * KERNEL + x] += weight;
                        }
                    }
                }
            }
        }
    }
}
