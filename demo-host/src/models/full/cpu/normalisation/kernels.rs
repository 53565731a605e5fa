//! Statistics, forward pass and gradients on slices `[images, height, width, channels]`.

use burn::tensor::Shape;
use rayon::prelude::*;

use super::loops::{GradientSums, Normalise, OfImage, OfMaps};
use crate::models::full::cpu::lanes::vectorized;

/// The sizes of maps.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    images: usize,
    channels: usize,
    height: usize,
    width: usize,
}

/// Of each channel, over all images.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// The mean.
    pub mean: Vec<f32>,
    /// The mean square of the differences from the mean.
    pub variance: Vec<f32>,
}

/// The learned parameters of a layer, and its epsilon.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    /// The factor of each channel.
    pub gamma: &'a [f32],
    /// The summand of each channel.
    pub beta: &'a [f32],
    /// Added to the variance.
    pub epsilon: f64,
}

/// The gradients that [`backward`] computes.
pub struct Gradients {
    /// Of the maps before they are normalised, where the gradient of the output became that of what was added.
    pub maps: Option<Vec<f32>>,
    /// Of the factor of each channel.
    pub gamma: Vec<f32>,
    /// Of the summand of each channel.
    pub beta: Vec<f32>,
}

impl Geometry {
    /// From the shape `[images, channels, height, width]`.
    pub fn new(maps: &Shape) -> Self {
        let [images, channels, height, width] = maps.dims();
        Geometry { images, channels, height, width }
    }

    /// The shape `[images, channels, height, width]`.
    pub fn shape(&self) -> [usize; 4] {
        [self.images, self.channels, self.height, self.width]
    }

    /// Elements of an image.
    fn image(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Pixels of a channel in all images.
    fn pixels(&self) -> f64 {
        (self.images * self.height * self.width) as f64
    }
}

impl Statistics {
    fn inverse_deviation(&self, channel: usize, epsilon: f64) -> f32 {
        (1.0 / (f64::from(self.variance[channel]) + epsilon).sqrt()) as f32
    }
}

impl Parameters<'_> {
    /// Mean, factor and summand of each channel: see [`forward`].
    pub fn factors(&self, statistics: &Statistics) -> Vec<[f32; 3]> {
        let of_channel = |channel: usize| {
            let factor = self.gamma[channel] * statistics.inverse_deviation(channel, self.epsilon);
            [statistics.mean[channel], factor, self.beta[channel]]
        };
        (0..self.gamma.len()).map(of_channel).collect()
    }
}

/// Mean and variance of each channel: those of each image, which stays in the cache, joined as by Chan et al. (1983).
pub fn statistics(maps: &[f32], geometry: &Geometry) -> Statistics {
    let channels = geometry.channels;
    let of_images: Vec<Vec<[f64; 2]>> = maps
        .par_chunks(geometry.image())
        .map(|image| {
            let mut of_image = vec![[0.0; 2]; channels];
            vectorized(OfImage { image, found: &mut of_image });
            of_image
        })
        .collect();
    let of_channel = |channel: usize| {
        let images = || of_images.iter().map(|of_image| of_image[channel]);
        let mean = images().map(|[mean, _]| mean).sum::<f64>() / geometry.images as f64;
        let pixels = geometry.pixels() / geometry.images as f64;
        let squares: f64 = images().map(|[of_image, squares]| squares + pixels * (of_image - mean).powi(2)).sum();
        (mean as f32, (squares / geometry.pixels()) as f32)
    };
    let (mean, variance) = (0..channels).map(of_channel).unzip();
    Statistics { mean, variance }
}

/// The maps, of which the mean of each channel is subtracted, times its factor, plus its summand; what is beside them added, and
/// negative numbers replaced by 0 if asked for.
pub fn forward(
    maps: &[f32],
    factors: &[[f32; 3]],
    beside: Option<&[f32]>,
    rectify: bool,
    geometry: &Geometry,
) -> Vec<f32> {
    let mut output = vec![0.0; maps.len()];
    output.par_chunks_mut(geometry.image()).zip(maps.par_chunks(geometry.image())).enumerate().for_each(
        |(i, (output, maps))| {
            let beside = beside.map(|beside| &beside[i * geometry.image()..][..geometry.image()]);
            vectorized(Normalise { maps, factors, beside, rectify, output });
        },
    );
    output
}

/// The gradients from that of the output, as Ioffe and Szegedy (2015) derive them, given the output if a ReLU was applied to
/// it. That of the output is overwritten: by that of what was added, if `has_beside`, or else by that of the maps.
pub fn backward(
    maps: &[f32],
    rectified: Option<&[f32]>,
    gradient: &mut [f32],
    parameters: Parameters<'_>,
    statistics: &Statistics,
    has_beside: bool,
    geometry: &Geometry,
) -> Gradients {
    let (channels, len) = (geometry.channels, geometry.image());
    let rectified = |image: usize| rectified.map(|rectified| &rectified[image * len..][..len]);
    let of_images: Vec<Vec<[f64; 2]>> = maps
        .par_chunks(len)
        .zip(gradient.par_chunks(len))
        .enumerate()
        .map(|(i, (maps, gradient))| {
            let mut sums = vec![[0.0; 2]; channels];
            let rectified = rectified(i);
            vectorized(GradientSums { maps, rectified, gradient, mean: &statistics.mean, sums: &mut sums });
            sums
        })
        .collect();
    // The gradients of beta and gamma.
    let mut sums = vec![[0.0; 2]; channels];
    for of_image in of_images {
        for (sums, of_image) in sums.iter_mut().zip(of_image) {
            *sums = [sums[0] + of_image[0], sums[1] + of_image[1]];
        }
    }
    for (channel, sums) in sums.iter_mut().enumerate() {
        sums[1] *= f64::from(statistics.inverse_deviation(channel, parameters.epsilon));
    }
    let factors: Vec<[f32; 4]> = (0..channels)
        .map(|channel| {
            let inverse = statistics.inverse_deviation(channel, parameters.epsilon);
            let [mean_gradient, along] = sums[channel].map(|sum| (sum / geometry.pixels()) as f32);
            [statistics.mean[channel], parameters.gamma[channel] * inverse, mean_gradient, along * inverse]
        })
        .collect();
    let pairs = maps.par_chunks(len).zip(gradient.par_chunks_mut(len)).enumerate();
    let of_image = |i: usize, maps: &[f32], gradient: &mut [f32], of_maps: Option<&mut [f32]>| {
        vectorized(OfMaps { maps, rectified: rectified(i), gradient, factors: &factors, of_maps });
    };
    let of_maps = if has_beside {
        let mut of_maps = vec![0.0; maps.len()];
        pairs
            .zip(of_maps.par_chunks_mut(len))
            .for_each(|((i, (maps, gradient)), of_maps)| of_image(i, maps, gradient, Some(of_maps)));
        Some(of_maps)
    } else {
        pairs.for_each(|(i, (maps, gradient))| of_image(i, maps, gradient, None));
        None
    };
    Gradients {
        maps: of_maps,
        gamma: sums.iter().map(|[_, of_gamma]| *of_gamma as f32).collect(),
        beta: sums.iter().map(|[of_beta, _]| *of_beta as f32).collect(),
    }
}
