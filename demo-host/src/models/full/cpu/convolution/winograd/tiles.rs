//! Tiles of images, and the points that they are transformed to.

#![expect(clippy::needless_range_loop, reason = "loops over arrays of a fixed size become vector instructions")]

use std::ops::Range;

use pulp::Simd;

use super::transforms::Transform;
use super::{POINTS, REACH, TILE};
use crate::models::full::cpu::lanes::{registers, registers_mut};

/// Numbers between two points, so that the points of a tile do not fall on the same lines of the cache.
const GAP: usize = 16;

/// Images that consist of whole tiles, with the pixels beyond that these depend on.
pub struct Grid {
    /// Tiles down and across.
    pub tiles: [usize; 2],
    /// Height and width.
    pub pixels: [usize; 2],
    /// The channels of a pixel.
    pub channels: usize,
}

impl Grid {
    /// Tiles of an image.
    pub fn count(&self) -> usize {
        self.tiles[0] * self.tiles[1]
    }

    /// Elements of an image.
    pub fn len(&self) -> usize {
        self.pixels[0] * self.pixels[1] * self.channels
    }

    /// The element at which a tile of several images begins.
    #[inline(always)]
    fn start(&self, tile: usize) -> usize {
        let (image, tile) = (tile / self.count(), tile % self.count());
        let (y, x) = (tile / self.tiles[1] * TILE, tile % self.tiles[1] * TILE);
        image * self.len() + (y * self.pixels[1] + x) * self.channels
    }
}

/// The points of a block of tiles: for each of them a matrix `[tiles][channels]`.
pub struct Points {
    elements: Vec<f32>,
    /// Elements of a matrix.
    matrix: usize,
    channels: usize,
}

impl Points {
    /// Of so many tiles, all zero.
    pub fn new(tiles: usize, channels: usize) -> Self {
        let matrix = tiles * channels;
        Points { elements: vec![0.0; POINTS * (matrix + GAP)], matrix, channels }
    }

    /// The matrices.
    #[inline(always)]
    pub fn each(&self) -> impl Iterator<Item = &[f32]> {
        self.elements.chunks_exact(self.matrix + GAP).map(|matrix| &matrix[..self.matrix])
    }

    /// The matrices, to be written.
    #[inline(always)]
    pub fn each_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.elements.chunks_exact_mut(self.matrix + GAP).map(|matrix| &mut matrix[..self.matrix])
    }

    /// The register of a point in row `i` and column `j`.
    #[inline(always)]
    fn index(&self, i: usize, j: usize, tile: usize, chunk: usize, lanes: usize) -> usize {
        ((i * REACH + j) * (self.matrix + GAP) + tile * self.channels) / lanes + chunk
    }
}

/// Transforms tiles with a side of `N` pixels to points, first down and then across.
#[inline(always)]
pub fn to_points<S: Simd, T: Transform<N, REACH>, const N: usize>(
    simd: S,
    source: &[f32],
    grid: &Grid,
    tiles: Range<usize>,
    points: &mut Points,
) {
    let chunks = grid.channels / S::F32_LANES;
    let none = simd.splat_f32s(0.0);
    for (slot, tile) in tiles.enumerate() {
        let source = &source[grid.start(tile)..];
        let mut rows: [&[S::f32s]; N] = [&[]; N];
        for (y, row) in rows.iter_mut().enumerate() {
            *row = registers::<S>(&source[y * grid.pixels[1] * grid.channels..][..N * grid.channels]);
        }
        for chunk in 0..chunks {
            let mut down = [[none; N]; REACH];
            for x in 0..N {
                let mut column = [none; N];
                for y in 0..N {
                    column[y] = rows[y][x * chunks + chunk];
                }
                let column = T::apply(simd, column);
                for i in 0..REACH {
                    down[i][x] = column[i];
                }
            }
            for i in 0..REACH {
                let row = T::apply(simd, down[i]);
                for j in 0..REACH {
                    let index = points.index(i, j, slot, chunk, S::F32_LANES);
                    registers_mut::<S>(&mut points.elements)[index] = row[j];
                }
            }
        }
    }
}

/// Transforms points to tiles with a side of `N` pixels, which are written, or else added to the target.
#[inline(always)]
pub fn from_points<S: Simd, T: Transform<REACH, N>, const N: usize, const ADD: bool>(
    simd: S,
    points: &Points,
    grid: &Grid,
    tiles: Range<usize>,
    target: &mut [f32],
) {
    let chunks = grid.channels / S::F32_LANES;
    let none = simd.splat_f32s(0.0);
    for (slot, tile) in tiles.enumerate() {
        let target = &mut target[grid.start(tile)..];
        for chunk in 0..chunks {
            let mut across = [[none; REACH]; N];
            for i in 0..REACH {
                let mut row = [none; REACH];
                for j in 0..REACH {
                    row[j] = registers::<S>(&points.elements)[points.index(i, j, slot, chunk, S::F32_LANES)];
                }
                let row = T::apply(simd, row);
                for x in 0..N {
                    across[x][i] = row[x];
                }
            }
            let mut pixels = [[none; N]; N];
            for x in 0..N {
                let column = T::apply(simd, across[x]);
                for y in 0..N {
                    pixels[y][x] = column[y];
                }
            }
            for y in 0..N {
                let row = &mut target[y * grid.pixels[1] * grid.channels..][..N * grid.channels];
                let row = registers_mut::<S>(row);
                for x in 0..N {
                    let pixel = &mut row[x * chunks + chunk];
                    *pixel = if ADD { simd.add_f32s(*pixel, pixels[y][x]) } else { pixels[y][x] };
                }
            }
        }
    }
}

/// Copies images of height and width `size` into those of the grid, `offset` pixels from the upper left corner. What lies
/// around them is kept.
#[inline(always)]
pub fn place(images: &[f32], size: [usize; 2], grid_images: &mut [f32], grid: &Grid, offset: usize) {
    let images = images.chunks_exact(size[0] * size[1] * grid.channels);
    for (image, grid_image) in images.zip(grid_images.chunks_exact_mut(grid.len())) {
        let rows = grid_image.chunks_exact_mut(grid.pixels[1] * grid.channels).skip(offset);
        for (row, grid_row) in image.chunks_exact(size[1] * grid.channels).zip(rows) {
            grid_row[offset * grid.channels..][..row.len()].copy_from_slice(row);
        }
    }
}

/// The inverse of [`place`].
#[inline(always)]
pub fn crop(grid_images: &[f32], grid: &Grid, offset: usize, images: &mut [f32], size: [usize; 2]) {
    let images = images.chunks_exact_mut(size[0] * size[1] * grid.channels);
    for (image, grid_image) in images.zip(grid_images.chunks_exact(grid.len())) {
        let rows = grid_image.chunks_exact(grid.pixels[1] * grid.channels).skip(offset);
        for (row, grid_row) in image.chunks_exact_mut(size[1] * grid.channels).zip(rows) {
            row.copy_from_slice(&grid_row[offset * grid.channels..][..row.len()]);
        }
    }
}
