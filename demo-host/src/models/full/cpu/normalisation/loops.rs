//! The loops over an image `[height, width, channels]`: pixel by pixel, some channels side by side.

#![expect(clippy::needless_range_loop, reason = "loops over arrays of a fixed size become vector instructions")]

use pulp::NullaryFnOnce;

/// Channels that are computed side by side; those beyond a multiple go one by one.
const WIDTH: usize = 16;

/// Pixels whose numbers are summed in f32, before the sum is added to one in f64.
const PIXELS_OF_A_SUM: usize = 32;

/// A loop over some channels, which must be `#[inline(always)]`.
trait Loop {
    /// Computes the channels `first..first + W`.
    fn channels<const W: usize>(&mut self, first: usize);

    /// Computes all channels.
    #[inline(always)]
    fn all(&mut self, channels: usize) {
        let beyond = channels - channels % WIDTH;
        for first in (0..beyond).step_by(WIDTH) {
            self.channels::<WIDTH>(first);
        }
        for first in beyond..channels {
            self.channels::<1>(first);
        }
    }
}

/// The channels `first..first + W`: there are no fewer.
#[inline(always)]
fn chunk<const W: usize, T>(elements: &[T], first: usize) -> &[T; W] {
    elements[first..].first_chunk().expect("W channels")
}

/// The same, to be written.
#[inline(always)]
fn chunk_mut<const W: usize, T>(elements: &mut [T], first: usize) -> &mut [T; W] {
    elements[first..].first_chunk_mut().expect("W channels")
}

/// The sums over pixels of two numbers of each channel.
struct Sums<const W: usize> {
    total: [[f64; 2]; W],
    /// The sums of the last pixels, up to [`PIXELS_OF_A_SUM`].
    partial: [[f32; W]; 2],
    pixels: usize,
}

impl<const W: usize> Sums<W> {
    #[inline(always)]
    fn new() -> Self {
        Sums { total: [[0.0; 2]; W], partial: [[0.0; W]; 2], pixels: 0 }
    }

    #[inline(always)]
    fn add(&mut self, terms: [[f32; W]; 2]) {
        for lane in 0..W {
            self.partial[0][lane] += terms[0][lane];
            self.partial[1][lane] += terms[1][lane];
        }
        self.pixels += 1;
        if self.pixels == PIXELS_OF_A_SUM {
            self.carry();
        }
    }

    #[inline(always)]
    fn carry(&mut self) {
        for lane in 0..W {
            self.total[lane][0] += f64::from(self.partial[0][lane]);
            self.total[lane][1] += f64::from(self.partial[1][lane]);
        }
        self.partial = [[0.0; W]; 2];
        self.pixels = 0;
    }

    #[inline(always)]
    fn total(mut self) -> [[f64; 2]; W] {
        self.carry();
        self.total
    }
}

/// The mean, and the sum of the squares of the differences from it, of each channel of an image.
pub struct OfImage<'a> {
    pub image: &'a [f32],
    pub found: &'a mut [[f64; 2]],
}

impl NullaryFnOnce for OfImage<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        self.all(self.found.len());
    }
}

impl Loop for OfImage<'_> {
    #[inline(always)]
    fn channels<const W: usize>(&mut self, first: usize) {
        let channels = self.found.len();
        let count = (self.image.len() / channels) as f64;
        let mut sums = Sums::<W>::new();
        for pixel in self.image.chunks_exact(channels) {
            sums.add([*chunk(pixel, first), [0.0; W]]);
        }
        let sums = sums.total();
        let mut mean = [0.0; W];
        for lane in 0..W {
            mean[lane] = (sums[lane][0] / count) as f32;
        }
        let mut differences = Sums::<W>::new();
        for pixel in self.image.chunks_exact(channels) {
            let mut terms = [*chunk(pixel, first), [0.0; W]];
            for lane in 0..W {
                terms[0][lane] -= mean[lane];
                terms[1][lane] = terms[0][lane] * terms[0][lane];
            }
            differences.add(terms);
        }
        let differences = differences.total();
        for lane in 0..W {
            // The mean was rounded: the differences tell by how much.
            let [rest, squares] = differences[lane];
            self.found[first + lane] = [f64::from(mean[lane]) + rest / count, squares - rest * rest / count];
        }
    }
}

/// The output of an image.
pub struct Normalise<'a> {
    pub maps: &'a [f32],
    /// Mean, factor and summand of each channel.
    pub factors: &'a [[f32; 3]],
    pub beside: Option<&'a [f32]>,
    pub rectify: bool,
    pub output: &'a mut [f32],
}

impl NullaryFnOnce for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        self.all(self.factors.len());
    }
}

impl Loop for Normalise<'_> {
    #[inline(always)]
    fn channels<const W: usize>(&mut self, first: usize) {
        let channels = self.factors.len();
        let factors: [[f32; 3]; W] = *chunk(self.factors, first);
        let least = if self.rectify { 0.0 } else { f32::NEG_INFINITY };
        let pairs = self.output.chunks_exact_mut(channels).zip(self.maps.chunks_exact(channels));
        for (i, (output, map)) in pairs.enumerate() {
            let (output, map) = (chunk_mut::<W, _>(output, first), chunk::<W, _>(map, first));
            let mut numbers = [0.0; W];
            for lane in 0..W {
                let [mean, factor, summand] = factors[lane];
                numbers[lane] = (map[lane] - mean) * factor + summand;
            }
            if let Some(beside) = self.beside {
                let beside = chunk::<W, _>(beside, i * channels + first);
                for lane in 0..W {
                    numbers[lane] += beside[lane];
                }
            }
            for lane in 0..W {
                // As burn's ReLU: what is not a number stays.
                output[lane] = if numbers[lane] <= least { least } else { numbers[lane] };
            }
        }
    }
}

/// The gradient of the output from an element on, or 0 where a ReLU gave 0.
#[inline(always)]
fn masked<const W: usize>(gradient: &[f32], rectified: Option<&[f32]>, at: usize) -> [f32; W] {
    let mut gradient: [f32; W] = *chunk(gradient, at);
    if let Some(rectified) = rectified {
        let rectified = chunk::<W, _>(rectified, at);
        for lane in 0..W {
            gradient[lane] = if rectified[lane] <= 0.0 { 0.0 } else { gradient[lane] };
        }
    }
    gradient
}

/// The sums over an image of the gradient, and of the gradient times the difference from the mean, of each channel.
pub struct GradientSums<'a> {
    pub maps: &'a [f32],
    /// The output, if a ReLU was applied to it.
    pub rectified: Option<&'a [f32]>,
    pub gradient: &'a [f32],
    pub mean: &'a [f32],
    pub sums: &'a mut [[f64; 2]],
}

impl NullaryFnOnce for GradientSums<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        self.all(self.mean.len());
    }
}

impl Loop for GradientSums<'_> {
    #[inline(always)]
    fn channels<const W: usize>(&mut self, first: usize) {
        let channels = self.mean.len();
        let mean: [f32; W] = *chunk(self.mean, first);
        let mut sums = Sums::<W>::new();
        for (i, map) in self.maps.chunks_exact(channels).enumerate() {
            let map = chunk::<W, _>(map, first);
            let mut terms = [masked(self.gradient, self.rectified, i * channels + first), [0.0; W]];
            for lane in 0..W {
                terms[1][lane] = (map[lane] - mean[lane]) * terms[0][lane];
            }
            sums.add(terms);
        }
        *chunk_mut(self.sums, first) = sums.total();
    }
}

/// The gradient of an image's maps, in the place of the output's or else in one of its own; then the output's becomes that of
/// what was added.
pub struct OfMaps<'a> {
    pub maps: &'a [f32],
    /// The output, if a ReLU was applied to it.
    pub rectified: Option<&'a [f32]>,
    pub gradient: &'a mut [f32],
    /// Of each channel the mean, the factor, the mean gradient, and that along the difference from the mean.
    pub factors: &'a [[f32; 4]],
    pub of_maps: Option<&'a mut [f32]>,
}

impl NullaryFnOnce for OfMaps<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        self.all(self.factors.len());
    }
}

impl Loop for OfMaps<'_> {
    #[inline(always)]
    fn channels<const W: usize>(&mut self, first: usize) {
        let channels = self.factors.len();
        let factors: [[f32; 4]; W] = *chunk(self.factors, first);
        for (i, map) in self.maps.chunks_exact(channels).enumerate() {
            let at = i * channels + first;
            let map = chunk::<W, _>(map, first);
            let gradient = masked::<W>(self.gradient, self.rectified, at);
            let mut of_map = [0.0; W];
            for lane in 0..W {
                let [mean, factor, mean_gradient, along] = factors[lane];
                of_map[lane] = factor * (gradient[lane] - mean_gradient - (map[lane] - mean) * along);
            }
            if let Some(of_maps) = &mut self.of_maps {
                *chunk_mut(of_maps, at) = of_map;
                *chunk_mut(self.gradient, at) = gradient;
            } else {
                *chunk_mut(self.gradient, at) = of_map;
            }
        }
    }
}
