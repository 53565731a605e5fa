//! Statistics, forward pass and gradients on slices.

use burn::tensor::Shape;
use rayon::prelude::*;

/// The partial sums of a map, which the processor's vectors add side by side.
const LANES: usize = 16;

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

/// The gradients that [`backward`] computes.
pub struct Gradients {
    /// Of the maps before they are normalised.
    pub maps: Vec<f32>,
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

    /// The shape of the maps.
    pub fn shape(&self) -> [usize; 4] {
        [self.images, self.channels, self.height, self.width]
    }

    /// Pixels of a map.
    fn map(&self) -> usize {
        self.height * self.width
    }

    /// Elements of an image, all channels.
    fn image(&self) -> usize {
        self.channels * self.map()
    }

    /// Pixels of a channel in all images.
    fn pixels(&self) -> f64 {
        (self.images * self.map()) as f64
    }

    /// The maps of a channel, one an image.
    fn channel<'a>(&self, maps: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        maps.chunks_exact(self.map()).skip(channel).step_by(self.channels)
    }

    /// A figure of each channel.
    fn each<T: Send>(&self, figure: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
        (0..self.channels).into_par_iter().map(figure).collect()
    }

    /// New maps, by channel and old map.
    fn new_maps(&self, maps: &[f32], fill: impl Fn(usize, usize, &[f32], &mut [f32]) + Sync) -> Vec<f32> {
        let mut new = vec![0.0; maps.len()];
        new.par_chunks_mut(self.image()).zip(maps.par_chunks(self.image())).enumerate().for_each(|(i, (new, maps))| {
            let pairs = new.chunks_exact_mut(self.map()).zip(maps.chunks_exact(self.map()));
            pairs.enumerate().for_each(|(channel, (new, map))| fill(i, channel, map, new));
        });
        new
    }
}

/// Mean and variance of each channel.
pub fn statistics(maps: &[f32], geometry: &Geometry) -> Statistics {
    let of_channel = |channel: usize| {
        let sum: f64 = geometry.channel(maps, channel).map(|map| sum_of(map, |x| x)).sum();
        let mean = (sum / geometry.pixels()) as f32;
        let squares = geometry.channel(maps, channel).map(|map| sum_of(map, |x| (x - mean) * (x - mean)));
        (mean, (squares.sum::<f64>() / geometry.pixels()) as f32)
    };
    let (mean, variance) = geometry.each(of_channel).into_iter().unzip();
    Statistics { mean, variance }
}

/// The normalised maps.
pub fn forward(
    maps: &[f32],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f64,
    statistics: &Statistics,
    geometry: &Geometry,
) -> Vec<f32> {
    geometry.new_maps(maps, |_, channel, map, new| {
        let (mean, beta) = (statistics.mean[channel], beta[channel]);
        let factor = gamma[channel] * statistics.inverse_deviation(channel, epsilon);
        new.iter_mut().zip(map).for_each(|(new, x)| *new = (x - mean) * factor + beta);
    })
}

/// The gradients of maps, gamma and beta from that of the normalised maps, as Ioffe and Szegedy (2015) derive them.
pub fn backward(
    maps: &[f32],
    gradient: &[f32],
    gamma: &[f32],
    epsilon: f64,
    statistics: &Statistics,
    geometry: &Geometry,
) -> Gradients {
    let of_channel = |channel: usize| {
        let (mean, inverse) = (statistics.mean[channel], statistics.inverse_deviation(channel, epsilon));
        let pairs = || geometry.channel(maps, channel).zip(geometry.channel(gradient, channel));
        let of_beta: f64 = pairs().map(|(_, gradient)| sum_of(gradient, |g| g)).sum();
        let of_gamma: f64 = pairs().map(|(map, gradient)| sum(map, gradient, |x, g| (x - mean) * g)).sum();
        (of_gamma * f64::from(inverse), of_beta)
    };
    let sums = geometry.each(of_channel);
    let of_maps = geometry.new_maps(maps, |i, channel, map, new| {
        let (mean, inverse) = (statistics.mean[channel], statistics.inverse_deviation(channel, epsilon));
        let (of_gamma, of_beta) = sums[channel];
        let mean_gradient = (of_beta / geometry.pixels()) as f32;
        let along = (of_gamma / geometry.pixels()) as f32 * inverse;
        let factor = gamma[channel] * inverse;
        let gradient = &gradient[i * geometry.image() + channel * geometry.map()..][..geometry.map()];
        for ((new, x), g) in new.iter_mut().zip(map).zip(gradient) {
            *new = factor * (g - mean_gradient - (x - mean) * along);
        }
    });
    Gradients {
        maps: of_maps,
        gamma: sums.iter().map(|(of_gamma, _)| *of_gamma as f32).collect(),
        beta: sums.iter().map(|(_, of_beta)| *of_beta as f32).collect(),
    }
}

impl Statistics {
    fn inverse_deviation(&self, channel: usize, epsilon: f64) -> f32 {
        (1.0 / (f64::from(self.variance[channel]) + epsilon).sqrt()) as f32
    }
}

/// The sum of a function of each element.
fn sum_of(map: &[f32], term: impl Fn(f32) -> f32) -> f64 {
    sum(map, map, |x, _| term(x))
}

/// The sum of a function of each pair: in f32 within a map, in lanes; the caller adds up maps in f64.
fn sum(left: &[f32], right: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (right, right_rest) = right.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for (left, right) in left.iter().zip(right) {
        for (lane, (l, r)) in lanes.iter_mut().zip(left.iter().zip(right)) {
            *lane += term(*l, *r);
        }
    }
    let rest = left_rest.iter().zip(right_rest).map(|(l, r)| f64::from(term(*l, *r)));
    lanes.iter().copied().map(f64::from).chain(rest).sum()
}
