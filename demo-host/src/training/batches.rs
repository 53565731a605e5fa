//! The batches of an epoch: another thread shuffles, augments and normalises them, a few batches ahead of the training.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::data::Split;

/// The number of batches that are prepared ahead.
const AHEAD: usize = 4;

/// The pixels that an augmented image is padded by on each side before it is cropped.
pub const PADDING: usize = 4;

/// Images and their labels.
pub struct Batch {
    /// The model's input, image after image.
    pub pixels: Vec<f32>,
    /// The class of each image.
    pub labels: Vec<usize>,
}

/// An image of an epoch, and how it is augmented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its place among the training images.
    pub index: usize,
    /// The row and the column of the padded image at which the crop begins, from 0 to twice the [`PADDING`].
    pub crop: [u8; 2],
    /// Whether it is mirrored.
    pub mirrored: bool,
}

/// All images of an epoch in the order of training. It depends only on the seed and the epoch, so that a resumed run takes the same
/// steps.
pub fn draw(images: usize, augment: bool, (seed, epoch): (u64, usize)) -> Vec<Drawn> {
    let mut order: Vec<usize> = (0..images).collect();
    let mut random = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(epoch as u64));
    order.shuffle(&mut random);
    let drawn = |index| {
        if !augment {
            return Drawn { index, crop: [PADDING as u8; 2], mirrored: false };
        }
        let crop = [0; 2].map(|_: i32| random.random_range(0..=2 * PADDING) as u8);
        Drawn { index, crop, mirrored: random.random_bool(0.5) }
    };
    order.into_iter().map(drawn).collect()
}

/// Makes the batches of an epoch.
pub fn batches<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    split: &'env Split,
    batch_size: usize,
    augment: bool,
    seed_and_epoch: (u64, usize),
) -> Receiver<Batch> {
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        for drawn in draw(split.len(), augment, seed_and_epoch).chunks(batch_size) {
            let mut pixels = Vec::with_capacity(drawn.len() * split.image_len());
            for drawn in drawn {
                if augment {
                    let image = augmented(split.image(drawn.index), split.shape, drawn);
                    split.normalisation.append(&image, split.shape, &mut pixels);
                } else {
                    split.normalisation.append(split.image(drawn.index), split.shape, &mut pixels);
                }
            }
            let labels = drawn.iter().map(|drawn| split.labels[drawn.index]).collect();
            // The training has stopped, so the rest is not needed.
            if sender.send(Batch { pixels, labels }).is_err() {
                return;
            }
        }
    });
    receiver
}

/// An image padded with black, cropped to its size, and perhaps mirrored.
fn augmented(image: &[u8], [_, height, width]: [usize; 3], drawn: &Drawn) -> Vec<u8> {
    let [down, right] = drawn.crop.map(usize::from);
    let mut result = Vec::with_capacity(image.len());
    for channel in image.chunks_exact(height * width) {
        for y in 0..height {
            let row = (y + down).checked_sub(PADDING).filter(|y| *y < height).map(|y| &channel[y * width..][..width]);
            result.extend((0..width).map(|x| {
                let x = if drawn.mirrored { width - 1 - x } else { x };
                let x = (x + right).checked_sub(PADDING);
                row.zip(x).and_then(|(row, x)| row.get(x)).copied().unwrap_or(0)
            }));
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Normalisation;

    fn split() -> Split {
        let normalisation = Normalisation { white: 1.0, mean: &[0.0], deviation: &[1.0] };
        let pixels = (0..10 * 36).map(|i| (i % 250) as u8 + 1).collect();
        Split { pixels, labels: (0..10).collect(), shape: [1, 6, 6], normalisation }
    }

    fn epoch(epoch: usize, augment: bool) -> (Vec<f32>, Vec<usize>) {
        let split = split();
        std::thread::scope(|scope| {
            let batches: Vec<Batch> = batches(scope, &split, 4, augment, (1, epoch)).iter().collect();
            assert_eq!(batches.iter().map(|batch| batch.labels.len()).collect::<Vec<_>>(), [4, 4, 2]);
            let all = |of: fn(&Batch) -> Vec<f32>| batches.iter().flat_map(of).collect();
            (all(|batch| batch.pixels.clone()), batches.iter().flat_map(|batch| batch.labels.clone()).collect())
        })
    }

    #[test]
    fn an_epoch_has_every_image_once_in_an_order_of_its_own() {
        let (pixels, labels) = epoch(0, false);
        let mut sorted = labels.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, split().labels);
        for (i, label) in labels.iter().enumerate() {
            let image: Vec<f32> = split().image(*label).iter().map(|byte| f32::from(*byte)).collect();
            assert_eq!(pixels[i * 36..][..36], image);
        }
        assert_eq!(epoch(0, false), (pixels, labels.clone()));
        assert_ne!(epoch(1, false).1, labels);
    }

    #[test]
    fn an_augmented_image_is_the_image_moved_and_perhaps_mirrored() {
        let image: Vec<u8> = (1..=36).collect();
        let mut seen = std::collections::BTreeSet::new();
        for drawn in (0..20).flat_map(|epoch| draw(100, true, (1, epoch))) {
            let result = augmented(&image, [1, 6, 6], &drawn);
            let at = |x: usize, y: usize| result[y * 6 + x];
            let found = (0..36).find(|i| at(i % 6, i / 6) != 0);
            let Some(first) = found else { panic!("a shift by 4 leaves pixels of 6") };
            // Neighbours stay neighbours, in one direction or the other.
            let step = if (first % 6) < 5 && at(first % 6 + 1, first / 6) != 0 {
                i32::from(at(first % 6 + 1, first / 6)) - i32::from(at(first % 6, first / 6))
            } else {
                panic!("two columns at least are left")
            };
            assert!(step.abs() == 1, "{result:?}");
            seen.insert(result);
        }
        assert_eq!(seen.len(), 9 * 9 * 2, "every shift by up to 4 pixels, mirrored or not");
    }
}
