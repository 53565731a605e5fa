//! Labelled images in memory as bytes, which are normalised when a batch is made.

use anyhow::{Result, ensure};
use data_files::Images;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// The seed that chooses the held-out images: the same for all runs, so that their figures are of the same images.
const HELD_OUT_SEED: u64 = 0x5eed;

/// The conversion of bytes to a model's input: `(byte / white - mean) / deviation`, with mean and standard deviation for each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// The byte that stands for 1.
    pub white: f32,
    /// The mean of the training pixels of each channel, scaled to [0, 1].
    pub mean: &'static [f32],
    /// The standard deviation of the training pixels of each channel.
    pub deviation: &'static [f32],
}

/// Labelled images of one shape.
#[derive(Clone, Debug)]
pub struct Split {
    /// The pixels of all images, one image after the other, channel by channel, row by row.
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub labels: Vec<usize>,
    /// `[channels, height, width]` of an image.
    pub shape: [usize; 3],
    /// The conversion of the bytes.
    pub normalisation: Normalisation,
}

/// A data set: training images, and test images, which are only measured.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What is trained on.
    pub train: Split,
    /// What is measured.
    pub test: Split,
}

/// A data set with some training images held out to choose temperatures and the like.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What is trained on.
    pub train: Split,
    /// The held-out images; may be empty.
    pub validation: Split,
    /// What is measured.
    pub test: Split,
}

impl Dataset {
    /// Holds out `count` training images, the same in every call; with 0, all are trained on in their own
    /// order.
    ///
    /// # Errors
    /// If no image would be left to train on.
    pub fn hold_out(self, count: usize) -> Result<Parts> {
        let images = self.train.len();
        ensure!(count < images, "{count} images cannot be held out of {images}: --held-out must be less");
        if count == 0 {
            let validation = self.train.select(&[]);
            return Ok(Parts { train: self.train, validation, test: self.test });
        }
        let mut order: Vec<usize> = (0..images).collect();
        order.shuffle(&mut StdRng::seed_from_u64(HELD_OUT_SEED));
        let (held_out, rest) = order.split_at(count);
        Ok(Parts { validation: self.train.select(held_out), train: self.train.select(rest), test: self.test })
    }
}

impl Split {
    /// A split of images, with the conversion of their bytes.
    pub fn new(Images { pixels, labels, shape }: Images, normalisation: Normalisation) -> Self {
        Split { pixels, labels, shape, normalisation }
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The elements of an image, all channels together.
    pub fn image_len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The pixels of one image.
    ///
    /// # Panics
    /// If there is no image of that index.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.image_len()..][..self.image_len()]
    }

    /// The images of these indices, in this order.
    ///
    /// # Panics
    /// If there is no image of an index.
    pub fn select(&self, indices: &[usize]) -> Split {
        Split {
            pixels: indices.iter().flat_map(|&index| self.image(index).iter().copied()).collect(),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
            ..Split { pixels: Vec::new(), labels: Vec::new(), shape: self.shape, normalisation: self.normalisation }
        }
    }

    /// The first `count` images, or all if there are fewer.
    pub fn first(&self, count: usize) -> Split {
        self.select(&(0..count.min(self.len())).collect::<Vec<_>>())
    }

    /// Mean and standard deviation of each channel over all images, scaled as the model sees them before they are
    /// normalised.
    pub fn statistics(&self) -> Vec<(f64, f64)> {
        let [channels, height, width] = self.shape;
        let channel = |channel: usize| {
            let mut counts = [0_u64; 256];
            for image in self.pixels.chunks_exact(self.image_len()) {
                for &byte in &image[channel * height * width..][..height * width] {
                    counts[usize::from(byte)] += 1;
                }
            }
            let total = (self.len() * height * width) as f64;
            let moment = |power: i32| {
                let value = |byte: usize| (byte as f64 / f64::from(self.normalisation.white)).powi(power);
                counts.iter().enumerate().map(|(byte, count)| *count as f64 * value(byte)).sum::<f64>() / total
            };
            let mean = moment(1);
            (mean, (moment(2) - mean * mean).sqrt())
        };
        (0..channels).map(channel).collect()
    }
}

impl Normalisation {
    /// Appends the converted numbers of bytes of a shape `[channels, height, width]`.
    pub fn append(&self, pixels: &[u8], shape: [usize; 3], numbers: &mut Vec<f32>) {
        let [_, height, width] = shape;
        let channels = self.mean.iter().zip(self.deviation);
        for (channel, (mean, deviation)) in pixels.chunks_exact(height * width).zip(channels) {
            numbers.extend(channel.iter().map(|&byte| (f32::from(byte) / self.white - mean) / deviation));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMALISATION: Normalisation = Normalisation { white: 10.0, mean: &[0.5, 0.0], deviation: &[0.5, 1.0] };

    fn split(images: usize) -> Split {
        Split {
            pixels: (0..images as u8).flat_map(|image| [image, 10]).collect(),
            labels: (0..images).collect(),
            shape: [2, 1, 1],
            normalisation: NORMALISATION,
        }
    }

    #[test]
    fn held_out_images_are_of_the_training_images_and_always_the_same() {
        let dataset = Dataset { train: split(20), test: split(3) };
        let parts = dataset.clone().hold_out(5).unwrap();
        let mut labels = [parts.train.labels.clone(), parts.validation.labels.clone()].concat();
        labels.sort_unstable();
        assert_eq!(labels, (0..20).collect::<Vec<_>>());
        assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (15, 5, 3));
        assert_eq!(parts.validation.labels, dataset.clone().hold_out(5).unwrap().validation.labels);
        for (i, &label) in parts.validation.labels.iter().enumerate() {
            assert_eq!(parts.validation.image(i), [label as u8, 10]);
        }
        assert_eq!(dataset.clone().hold_out(0).unwrap().train.labels, (0..20).collect::<Vec<_>>());
        assert!(dataset.hold_out(20).unwrap_err().to_string().contains("--held-out"));
    }

    #[test]
    fn channels_are_normalised_each_by_its_own() {
        let mut numbers = Vec::new();
        NORMALISATION.append(&[10, 5], [2, 1, 1], &mut numbers);
        assert_eq!(numbers, [1.0, 0.5]);
        let statistics = split(3).statistics();
        assert!((statistics[0].0 - 0.1).abs() < 1e-12 && (statistics[0].1 - (0.02_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((statistics[1].0 - 1.0).abs() < 1e-12 && statistics[1].1.abs() < 1e-6);
    }
}
