//! Kernels of 3x3 at stride 1 by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, "Fast Algorithms for
//! Convolutional Neural Networks"): a tile of 4x4 pixels of a map takes 36 products a pair of channels, where the sum over
//! the kernel takes 144. The gradients go back through the transposes of the same three transforms, so that they save the
//! same.
//!
//! A block of tiles is transformed to 36 points, a matrix each of tiles and channels; all of it stays in the processor's
//! cache. Images and maps are `[images, height, width, channels]`.

mod tiles;
mod transforms;
mod weights;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kernels::{Geometry, IMAGES_OF_A_SUM};
use super::products::{PANEL, ROWS, add_transposed_product, multiply};
use crate::models::full::cpu::lanes::vectorized;
use tiles::{Grid, Points, crop, from_points, place, to_points};
use transforms::{Map, MapTransposed, Pixels, PixelsTransposed};
use weights::{Direction, add_weights_of_points, points_of_weights};

/// Pixels of a tile's side.
const TILE: usize = 4;

/// Pixels of an image's side that a tile depends on, and the points of a side.
const REACH: usize = 6;

/// All points of a tile.
const POINTS: usize = REACH * REACH;

/// The numbers that the points of a block may have: they are to stay in a cache of 512 KiB, with both weights and pixels.
const BLOCK: usize = 48 * 1024;

/// The largest product of the numbers of channels: beyond it the transformed weights would leave the cache.
const MOST_PAIRS: usize = 128 * 128;

/// Whether a convolution can be computed so, and gains.
pub fn takes(geometry: &Geometry) -> bool {
    let Geometry { kernel, stride, channels_in, channels_out, .. } = *geometry;
    kernel == 3
        && stride == 1
        && channels_in.is_multiple_of(PANEL)
        && channels_out.is_multiple_of(PANEL)
        && channels_in * channels_out <= MOST_PAIRS
}

/// The maps of all images.
pub fn forward(images: &[f32], weights: &[f32], geometry: &Geometry) -> Vec<f32> {
    let blocks = Blocks::new(geometry);
    let weights = points_of_weights(weights, geometry, Direction::Forward);
    let mut maps = vec![0.0; geometry.images * geometry.maps_len()];
    maps.par_chunks_mut(blocks.images * geometry.maps_len())
        .zip(images.par_chunks(blocks.images * geometry.image_len()))
        .for_each_init(
            || Buffers::new(&blocks),
            |buffers, (maps, images)| vectorized(Forward { images, weights: &weights, maps, blocks: &blocks, buffers }),
        );
    maps
}

/// The gradients of all images and of the weights.
pub fn backward(images: &[f32], weights: &[f32], gradient: &[f32], geometry: &Geometry) -> (Vec<f32>, Vec<f32>) {
    let blocks = Blocks::new(geometry);
    let weights = points_of_weights(weights, geometry, Direction::Backward);
    let mut of_images = vec![0.0; geometry.images * geometry.image_len()];
    let images_of_a_sum = IMAGES_OF_A_SUM.next_multiple_of(blocks.images);
    let sums: Vec<Vec<f32>> = of_images
        .par_chunks_mut(images_of_a_sum * geometry.image_len())
        .zip(images.par_chunks(images_of_a_sum * geometry.image_len()))
        .zip(gradient.par_chunks(images_of_a_sum * geometry.maps_len()))
        .map_init(
            || Buffers::new(&blocks),
            |buffers, ((of_images, images), gradient)| {
                let mut sum = vec![0.0; POINTS * geometry.channels_in * geometry.channels_out];
                let blocks_of_images = of_images
                    .chunks_mut(blocks.images * geometry.image_len())
                    .zip(images.chunks(blocks.images * geometry.image_len()))
                    .zip(gradient.chunks(blocks.images * geometry.maps_len()));
                for ((of_images, images), gradient) in blocks_of_images {
                    let (weights, blocks, sum) = (&weights, &blocks, &mut sum);
                    vectorized(Backward { images, gradient, weights, of_images, sum, blocks, buffers });
                }
                sum
            },
        )
        .collect();
    let mut of_weights = vec![0.0; 9 * geometry.channels_in * geometry.channels_out];
    for sum in sums {
        add_weights_of_points(&sum, geometry, &mut of_weights);
    }
    (of_images, of_weights)
}

/// How images are cut into blocks: by the sizes alone, so that the order of every sum is.
struct Blocks<'a> {
    geometry: &'a Geometry,
    /// Images of a block of work.
    images: usize,
    /// Tiles that are transformed together.
    tiles: usize,
    /// The tiles of an image, with the pixels that they depend on.
    source: Grid,
    /// The tiles of a map.
    target: Grid,
}

impl<'a> Blocks<'a> {
    fn new(geometry: &'a Geometry) -> Self {
        let [down, across] = geometry.to.map(|side| side.div_ceil(TILE));
        let fitting = BLOCK / (POINTS * (geometry.channels_in + geometry.channels_out));
        let tiles = fitting.max(16).next_multiple_of(ROWS);
        let grid = |channels: usize, beyond: usize| Grid {
            tiles: [down, across],
            pixels: [down, across].map(|tiles| tiles * TILE + beyond),
            channels,
        };
        Blocks {
            geometry,
            images: tiles.div_ceil(down * across),
            tiles,
            source: grid(geometry.channels_in, REACH - TILE),
            target: grid(geometry.channels_out, 0),
        }
    }

    /// Whether maps consist of whole tiles.
    fn is_exact(&self) -> bool {
        self.target.pixels == self.geometry.to
    }
}

/// The memory of a thread.
struct Buffers {
    source: Vec<f32>,
    target: Vec<f32>,
    source_points: Points,
    target_points: Points,
    /// The gradient of `source`; empty until there is one.
    of_source: Vec<f32>,
}

impl Buffers {
    fn new(blocks: &Blocks) -> Self {
        let points = |grid: &Grid| Points::new(blocks.tiles, grid.channels);
        Buffers {
            source: vec![0.0; blocks.images * blocks.source.len()],
            target: vec![0.0; if blocks.is_exact() { 0 } else { blocks.images * blocks.target.len() }],
            source_points: points(&blocks.source),
            target_points: points(&blocks.target),
            of_source: Vec::new(),
        }
    }
}

struct Forward<'a> {
    images: &'a [f32],
    weights: &'a [f32],
    maps: &'a mut [f32],
    blocks: &'a Blocks<'a>,
    buffers: &'a mut Buffers,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Forward { images, weights, maps, blocks, buffers } = self;
        let Geometry { channels_in, channels_out, from, to, padding, .. } = *blocks.geometry;
        let Buffers { source, target, source_points, target_points, .. } = buffers;
        place(images, from, source, &blocks.source, padding);
        let all = images.len() / blocks.geometry.image_len() * blocks.source.count();
        let target = if blocks.is_exact() { &mut *maps } else { &mut target[..] };
        for first in (0..all).step_by(blocks.tiles) {
            let tiles = first..(first + blocks.tiles).min(all);
            to_points::<S, Pixels, REACH>(simd, source, &blocks.source, tiles.clone(), source_points);
            let weights = weights.chunks_exact(channels_in * channels_out);
            for ((source, target), weights) in source_points.each().zip(target_points.each_mut()).zip(weights) {
                multiply(simd, source, weights, channels_in, target);
            }
            from_points::<S, Map, TILE, false>(simd, target_points, &blocks.target, tiles, target);
        }
        if !blocks.is_exact() {
            crop(&buffers.target, &blocks.target, 0, maps, to);
        }
    }
}

struct Backward<'a> {
    images: &'a [f32],
    gradient: &'a [f32],
    weights: &'a [f32],
    of_images: &'a mut [f32],
    sum: &'a mut [f32],
    blocks: &'a Blocks<'a>,
    buffers: &'a mut Buffers,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Backward { images, gradient, weights, of_images, sum, blocks, buffers } = self;
        let Geometry { channels_in, channels_out, from, to, padding, .. } = *blocks.geometry;
        let Buffers { source, target, source_points, target_points, of_source } = buffers;
        place(images, from, source, &blocks.source, padding);
        if !blocks.is_exact() {
            place(gradient, to, target, &blocks.target, 0);
        }
        let gradient = if blocks.is_exact() { gradient } else { target };
        of_source.clear();
        of_source.resize(source.len(), 0.0);
        let all = images.len() / blocks.geometry.image_len() * blocks.source.count();
        let pairs = channels_in * channels_out;
        for first in (0..all).step_by(blocks.tiles) {
            let tiles = first..(first + blocks.tiles).min(all);
            to_points::<S, Pixels, REACH>(simd, source, &blocks.source, tiles.clone(), source_points);
            to_points::<S, MapTransposed, TILE>(simd, gradient, &blocks.target, tiles.clone(), target_points);
            let points = source_points.each_mut().zip(target_points.each());
            let weights = weights.chunks_exact(pairs).zip(sum.chunks_exact_mut(pairs));
            for ((source, target), (weights, sum)) in points.zip(weights) {
                // Rows beyond the tiles hold those of an earlier block.
                let (used, of_used) = (&source[..tiles.len() * channels_in], &target[..tiles.len() * channels_out]);
                add_transposed_product(simd, used, channels_in, of_used, channels_out, sum);
                multiply(simd, target, weights, channels_out, source);
            }
            from_points::<S, PixelsTransposed, REACH, true>(simd, source_points, &blocks.source, tiles, of_source);
        }
        crop(of_source, &blocks.source, padding, of_images, from);
    }
}
