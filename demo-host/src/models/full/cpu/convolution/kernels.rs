//! Forward pass and gradients on slices, image by image.

use burn::tensor::Shape;
use rayon::prelude::*;

use super::matmul::{Matrix, multiply};

/// Images whose gradients of the weights are summed by one thread: fixed, so that the order of the sum is.
pub const IMAGES_OF_A_SUM: usize = 16;

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    pub images: usize,
    pub channels_in: usize,
    pub channels_out: usize,
    pub kernel: usize,
    /// Height and width of an image.
    pub from: [usize; 2],
    /// Height and width of a map.
    pub to: [usize; 2],
    pub stride: usize,
    pub padding: usize,
}

impl Geometry {
    /// From the shapes `[images, channels_in, height, width]` and `[channels_out, channels_in, kernel, kernel]`.
    ///
    /// # Panics
    /// If the shapes do not fit each other, or the kernel is larger than the padded image.
    pub fn new(images: &Shape, weights: &Shape, stride: usize, padding: usize) -> Self {
        let [images, channels_in, height, width] = images.dims();
        let [channels_out, weight_channels, kernel, kernel_width] = weights.dims();
        assert_eq!((channels_in, kernel), (weight_channels, kernel_width), "a kernel that does not fit the images");
        let to = [height, width].map(|side| (side + 2 * padding - kernel) / stride + 1);
        Geometry { images, channels_in, channels_out, kernel, from: [height, width], to, stride, padding }
    }

    /// The shape of the maps.
    pub fn maps_shape(&self) -> [usize; 4] {
        [self.images, self.channels_out, self.to[0], self.to[1]]
    }

    /// The shape of the images.
    pub fn images_shape(&self) -> [usize; 4] {
        [self.images, self.channels_in, self.from[0], self.from[1]]
    }

    /// The shape of the weights.
    pub fn weights_shape(&self) -> [usize; 4] {
        [self.channels_out, self.channels_in, self.kernel, self.kernel]
    }

    /// Elements of an image, all channels.
    pub fn image_len(&self) -> usize {
        self.channels_in * self.from[0] * self.from[1]
    }

    /// Pixels of a map of one channel.
    pub fn map_pixels(&self) -> usize {
        self.to[0] * self.to[1]
    }

    /// Elements of the maps of an image, all channels.
    pub fn maps_len(&self) -> usize {
        self.channels_out * self.map_pixels()
    }

    /// Weights of an output channel.
    pub fn patch(&self) -> usize {
        self.channels_in * self.kernel * self.kernel
    }

    /// Whether an unfolded image is the image itself.
    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0
    }
}

/// The maps of all images.
pub fn forward(images: &[f32], weights: &[f32], geometry: &Geometry) -> Vec<f32> {
    let weights = Matrix::new(weights, geometry.channels_out, geometry.patch());
    let mut maps = vec![0.0; geometry.images * geometry.maps_len()];
    maps.par_chunks_mut(geometry.maps_len()).zip(images.par_chunks(geometry.image_len())).for_each_init(
        Vec::new,
        |unfolded, (maps, image)| {
            multiply(weights, unfold(image, geometry, unfolded), maps, false);
        },
    );
    maps
}

/// The gradient of all images.
pub fn images_gradient(weights: &[f32], gradient: &[f32], geometry: &Geometry) -> Vec<f32> {
    let weights = Matrix::new(weights, geometry.channels_out, geometry.patch()).transposed();
    let mut images = vec![0.0; geometry.images * geometry.image_len()];
    images.par_chunks_mut(geometry.image_len()).zip(gradient.par_chunks(geometry.maps_len())).for_each_init(
        Vec::new,
        |unfolded, (image, gradient)| {
            let gradient = Matrix::new(gradient, geometry.channels_out, geometry.map_pixels());
            if geometry.is_pointwise() {
                return multiply(weights, gradient, image, false);
            }
            unfolded.resize(geometry.patch() * geometry.map_pixels(), 0.0);
            multiply(weights, gradient, unfolded, false);
            fold(unfolded, geometry, image);
        },
    );
    images
}

/// The gradient of the weights.
pub fn weights_gradient(images: &[f32], gradient: &[f32], geometry: &Geometry) -> Vec<f32> {
    let (patch, channels_out) = (geometry.patch(), geometry.channels_out);
    // Transposed, `[patch, channels_out]`: `gemm` copies its factors into another order, and of the two the gradient is
    // smaller than the unfolded image by far.
    let sums: Vec<Vec<f32>> = images
        .par_chunks(IMAGES_OF_A_SUM * geometry.image_len())
        .zip(gradient.par_chunks(IMAGES_OF_A_SUM * geometry.maps_len()))
        .map_init(Vec::new, |unfolded, (images, gradient)| {
            let mut sum = vec![0.0; patch * channels_out];
            let pairs = images.chunks(geometry.image_len()).zip(gradient.chunks(geometry.maps_len()));
            for (i, (image, gradient)) in pairs.enumerate() {
                let gradient = Matrix::new(gradient, channels_out, geometry.map_pixels());
                multiply(unfold(image, geometry, unfolded), gradient.transposed(), &mut sum, i > 0);
            }
            sum
        })
        .collect();
    let mut total = vec![0.0; channels_out * patch];
    for sum in sums {
        for (weight, row) in sum.chunks_exact(channels_out).enumerate() {
            let of_channels = total[weight..].iter_mut().step_by(patch);
            of_channels.zip(row).for_each(|(total, sum)| *total += *sum);
        }
    }
    total
}

/// The image as a matrix whose rows are the weights of an output channel and whose columns are the pixels of a map.
fn unfold<'a>(image: &'a [f32], geometry: &Geometry, unfolded: &'a mut Vec<f32>) -> Matrix<'a> {
    let pixels = geometry.map_pixels();
    if geometry.is_pointwise() {
        return Matrix::new(image, geometry.patch(), pixels);
    }
    unfolded.resize(geometry.patch() * pixels, 0.0);
    let windows = windows(geometry);
    for (weight, row) in unfolded.chunks_exact_mut(pixels).enumerate() {
        let window = &windows[weight % windows.len()];
        let size = geometry.from[0] * geometry.from[1];
        let channel = &image[weight / windows.len() * size..][..size];
        for (y, row) in row.chunks_exact_mut(geometry.to[1]).enumerate() {
            let Some(from) = window.source_row(y, geometry) else {
                row.fill(0.0);
                continue;
            };
            let source = &channel[from * geometry.from[1]..][..geometry.from[1]];
            let (before, rest) = row.split_at_mut(window.first);
            let (inside, after) = rest.split_at_mut(window.inside);
            before.fill(0.0);
            after.fill(0.0);
            if geometry.stride == 1 {
                inside.copy_from_slice(&source[window.source..][..window.inside]);
            } else {
                let source = source[window.source..].iter().step_by(geometry.stride);
                inside.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
            }
        }
    }
    Matrix::new(unfolded, geometry.patch(), pixels)
}

/// The transpose of [`unfold`]: every element is added to the pixel that it would have been copied from.
fn fold(unfolded: &[f32], geometry: &Geometry, image: &mut [f32]) {
    let windows = windows(geometry);
    for (weight, row) in unfolded.chunks_exact(geometry.map_pixels()).enumerate() {
        let window = &windows[weight % windows.len()];
        let size = geometry.from[0] * geometry.from[1];
        let channel = &mut image[weight / windows.len() * size..][..size];
        for (y, row) in row.chunks_exact(geometry.to[1]).enumerate() {
            let Some(to) = window.source_row(y, geometry) else { continue };
            let target = &mut channel[to * geometry.from[1]..][..geometry.from[1]];
            let inside = &row[window.first..][..window.inside];
            if geometry.stride == 1 {
                let target = &mut target[window.source..][..window.inside];
                target.iter_mut().zip(inside).for_each(|(to, from)| *to += *from);
            } else {
                let target = target[window.source..].iter_mut().step_by(geometry.stride);
                target.zip(inside).for_each(|(to, from)| *to += *from);
            }
        }
    }
}

/// The pixels of an image that one weight of a kernel is multiplied with.
struct Window {
    /// The weight's row in the kernel.
    row: usize,
    /// The first column of the map for which the weight is inside the image.
    first: usize,
    /// The number of such columns.
    inside: usize,
    /// The column of the image that belongs to the first.
    source: usize,
}

impl Window {
    /// The row of the image that belongs to a row of the map; `None` in the padding.
    fn source_row(&self, y: usize, geometry: &Geometry) -> Option<usize> {
        (y * geometry.stride + self.row).checked_sub(geometry.padding).filter(|row| *row < geometry.from[0])
    }
}

/// The window of each weight of a kernel, row by row; the same for every channel.
fn windows(geometry: &Geometry) -> Vec<Window> {
    let Geometry { kernel, stride, padding, from, to, .. } = *geometry;
    let window = |weight: usize| {
        let (row, column) = (weight / kernel, weight % kernel);
        // Column x of the map sees column x * stride + column - padding of the image.
        let first = padding.saturating_sub(column).div_ceil(stride).min(to[1]);
        let end = (from[1] + padding).saturating_sub(column).div_ceil(stride).clamp(first, to[1]);
        let source = (first * stride + column).saturating_sub(padding).min(from[1]);
        Window { row, first, inside: end - first, source }
    };
    (0..kernel * kernel).map(window).collect()
}
