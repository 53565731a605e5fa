//! Kernels of any size on `[images, height, width, channels]`: a row of the unfolded images (im2col) is what a pixel of the
//! maps is computed from.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::kernels::{Geometry, IMAGES_OF_A_SUM};
use super::products::{PANEL, ROWS, add_transposed_product, multiply};
use crate::models::full::cpu::lanes::vectorized;

/// Rows of a product that are worth reading the weights for.
const LEAST_ROWS: usize = 64;

/// Whether a convolution can be computed so, and gains: larger kernels are those of LeNet-5, whose maps burn pools channel by
/// channel.
pub fn takes(geometry: &Geometry) -> bool {
    geometry.kernel <= 3 && geometry.channels_out.is_multiple_of(PANEL)
}

/// The maps of all images.
pub fn forward(images: &[f32], weights: &[f32], geometry: &Geometry) -> Vec<f32> {
    let blocks = Blocks::new(geometry);
    let weights = blocks.weights_by_output(weights);
    let mut maps = vec![0.0; geometry.images * geometry.maps_len()];
    maps.par_chunks_mut(blocks.images * geometry.maps_len())
        .zip(images.par_chunks(blocks.images * geometry.image_len()))
        .for_each_init(
            || blocks.buffer(),
            |unfolded, (maps, images)| {
                blocks.unfold(images, unfolded);
                vectorized(Product { left: unfolded, right: &weights, depth: blocks.depth, product: maps });
            },
        );
    maps
}

/// The gradients of all images, where wanted, and of the weights.
pub fn backward(
    images: &[f32],
    weights: &[f32],
    gradient: &[f32],
    geometry: &Geometry,
    of_images_wanted: bool,
) -> (Option<Vec<f32>>, Vec<f32>) {
    let blocks = Blocks::new(geometry);
    let of_images = of_images_wanted.then(|| {
        let weights = blocks.weights_by_input(weights);
        let mut of_images = vec![0.0; geometry.images * geometry.image_len()];
        of_images
            .par_chunks_mut(blocks.images * geometry.image_len())
            .zip(gradient.par_chunks(blocks.images * geometry.maps_len()))
            .for_each_init(
                || blocks.buffer(),
                |unfolded, (of_images, gradient)| {
                    let depth = geometry.channels_out;
                    vectorized(Product { left: gradient, right: &weights, depth, product: unfolded });
                    blocks.fold(unfolded, of_images);
                },
            );
        of_images
    });
    let images_of_a_sum = IMAGES_OF_A_SUM.next_multiple_of(blocks.images);
    let sums: Vec<Vec<f32>> = images
        .par_chunks(images_of_a_sum * geometry.image_len())
        .zip(gradient.par_chunks(images_of_a_sum * geometry.maps_len()))
        .map_init(
            || blocks.buffer(),
            |unfolded, (images, gradient)| {
                let mut sum = vec![0.0; blocks.depth * geometry.channels_out];
                let blocks_of_images = images
                    .chunks(blocks.images * geometry.image_len())
                    .zip(gradient.chunks(blocks.images * geometry.maps_len()));
                for (images, gradient) in blocks_of_images {
                    blocks.unfold(images, unfolded);
                    let (rows, columns) = (blocks.depth, geometry.channels_out);
                    vectorized(TransposedProduct { left: unfolded, rows, right: gradient, columns, sum: &mut sum });
                }
                sum
            },
        )
        .collect();
    let mut of_weights = vec![0.0; geometry.channels_out * geometry.patch()];
    for sum in sums {
        for (out, of_weights) in of_weights.chunks_exact_mut(geometry.patch()).enumerate() {
            for (row, weight) in blocks.order().enumerate() {
                of_weights[weight] += sum[(out / PANEL * blocks.depth + row) * PANEL + out % PANEL];
            }
        }
    }
    (of_images, of_weights)
}

/// How images are cut into blocks: by the sizes alone, so that the order of every sum is.
struct Blocks<'a> {
    geometry: &'a Geometry,
    /// Images of a block.
    images: usize,
    /// The numbers of a row: those of a patch, and zeros up to whole panels.
    depth: usize,
}

impl<'a> Blocks<'a> {
    fn new(geometry: &'a Geometry) -> Self {
        let pixels = geometry.map_pixels();
        let images = LEAST_ROWS.div_ceil(pixels);
        // Rows are multiplied ROWS at a time; the last block may have others.
        let images = if pixels.is_multiple_of(ROWS) { images } else { images.next_multiple_of(ROWS) };
        Blocks { geometry, images, depth: geometry.patch().next_multiple_of(PANEL) }
    }

    /// Memory for a block.
    fn buffer(&self) -> Vec<f32> {
        vec![0.0; self.images * self.geometry.map_pixels() * self.depth]
    }

    /// The weights of a kernel in the order of a row: by row and column, then by channel.
    fn order(&self) -> impl Iterator<Item = usize> {
        let Geometry { channels_in, kernel, .. } = *self.geometry;
        let window = kernel * kernel;
        (0..window).flat_map(move |at| (0..channels_in).map(move |channel| channel * window + at))
    }

    /// `[channels_out / PANEL][depth][PANEL]`.
    fn weights_by_output(&self, weights: &[f32]) -> Vec<f32> {
        let mut panels = vec![0.0; self.depth * self.geometry.channels_out];
        for (out, weights) in weights.chunks_exact(self.geometry.patch()).enumerate() {
            for (row, weight) in self.order().enumerate() {
                panels[(out / PANEL * self.depth + row) * PANEL + out % PANEL] = weights[weight];
            }
        }
        panels
    }

    /// `[depth / PANEL][channels_out][PANEL]`.
    fn weights_by_input(&self, weights: &[f32]) -> Vec<f32> {
        let channels_out = self.geometry.channels_out;
        let mut panels = vec![0.0; self.depth * channels_out];
        for (out, weights) in weights.chunks_exact(self.geometry.patch()).enumerate() {
            for (column, weight) in self.order().enumerate() {
                panels[(column / PANEL * channels_out + out) * PANEL + column % PANEL] = weights[weight];
            }
        }
        panels
    }

    /// Copies the patch of every pixel of the maps into a row.
    fn unfold(&self, images: &[f32], unfolded: &mut [f32]) {
        let rows_of_image = self.geometry.map_pixels() * self.depth;
        for (image, unfolded) in
            images.chunks_exact(self.geometry.image_len()).zip(unfolded.chunks_exact_mut(rows_of_image))
        {
            for (pixel, row) in unfolded.chunks_exact_mut(self.depth).enumerate() {
                self.runs(pixel, |at, run| match run {
                    Some(from) => row[at.clone()].copy_from_slice(&image[from..][..at.len()]),
                    None => row[at].fill(0.0),
                });
            }
        }
    }

    /// The transpose of [`unfold`](Self::unfold): every element is added to the pixel that it would have been copied from.
    fn fold(&self, unfolded: &[f32], images: &mut [f32]) {
        let rows_of_image = self.geometry.map_pixels() * self.depth;
        for (image, unfolded) in
            images.chunks_exact_mut(self.geometry.image_len()).zip(unfolded.chunks_exact(rows_of_image))
        {
            for (pixel, row) in unfolded.chunks_exact(self.depth).enumerate() {
                self.runs(pixel, |at, run| {
                    if let Some(to) = run {
                        image[to..][..at.len()].iter_mut().zip(&row[at]).for_each(|(to, from)| *to += from);
                    }
                });
            }
        }
    }

    /// The runs that a row consists of: its elements, and the first element of the image that they come from, or none in
    /// the padding.
    #[inline(always)]
    fn runs(&self, pixel: usize, mut run: impl FnMut(std::ops::Range<usize>, Option<usize>)) {
        let Geometry { channels_in, kernel, stride, padding, from: [height, width], to, .. } = *self.geometry;
        let (top, left) = (pixel / to[1] * stride, pixel % to[1] * stride);
        // The columns of the kernel inside the image.
        let first = padding.saturating_sub(left).min(kernel);
        let end = (width + padding).saturating_sub(left).clamp(first, kernel);
        for row in 0..kernel {
            let at = |column: usize| (row * kernel + column) * channels_in;
            let y = (top + row).wrapping_sub(padding);
            if y >= height || first == end {
                run(at(0)..at(kernel), None);
                continue;
            }
            if first > 0 {
                run(at(0)..at(first), None);
            }
            run(at(first)..at(end), Some((y * width + left + first - padding) * channels_in));
            if end < kernel {
                run(at(end)..at(kernel), None);
            }
        }
    }
}

struct Product<'a> {
    left: &'a [f32],
    right: &'a [f32],
    depth: usize,
    product: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        multiply(simd, self.left, self.right, self.depth, self.product);
    }
}

struct TransposedProduct<'a> {
    left: &'a [f32],
    rows: usize,
    right: &'a [f32],
    columns: usize,
    sum: &'a mut [f32],
}

impl WithSimd for TransposedProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        add_transposed_product(simd, self.left, self.rows, self.right, self.columns, self.sum);
    }
}
