//! The order in which easy and hard images were learned.

use super::groups::{Arm, Group};
use crate::experiments::Row;

/// The groups of difficulty, each a fifth of the followed images.
pub const FIFTHS: usize = 5;

/// The followed images by their difficulty: the easiest fifth first.
pub struct Difficulty {
    /// The fifth of each image.
    fifth: Vec<usize>,
}

impl Difficulty {
    /// The difficulty by the mean over seeds of the final loss of plain softmax (beta 1); `None` if that was not trained.
    pub fn of(group: &Group<'_>) -> Option<Self> {
        let runs = &group.plain()?.runs;
        let images = runs.iter().map(|run| run.curriculum.nll.len()).min()?;
        let loss = |image: usize| runs.iter().map(|run| f64::from(run.curriculum.nll[image])).sum::<f64>();
        let mut order: Vec<usize> = (0..images).collect();
        order.sort_by(|a, b| loss(*a).total_cmp(&loss(*b)));
        let mut fifth = vec![0; images];
        order.iter().enumerate().for_each(|(rank, image)| fifth[*image] = rank * FIFTHS / images);
        (images >= FIFTHS).then_some(Difficulty { fifth })
    }

    /// For each fifth the mean epoch from which on an image is right; one that is wrong at the end counts as the epoch
    /// after the last.
    pub fn learned(&self, row: &Row) -> [f64; FIFTHS] {
        let (mut sums, mut counts) = ([0.0; FIFTHS], [0.0; FIFTHS]);
        for (fifth, epoch) in self.fifth.iter().zip(&row.curriculum.learned) {
            sums[*fifth] += if *epoch == 0 { row.epochs.len() as f64 + 1.0 } else { f64::from(*epoch) };
            counts[*fifth] += 1.0;
        }
        std::array::from_fn(|fifth| sums[fifth] / f64::max(counts[fifth], 1.0))
    }

    /// The same, means over the seeds of an arm.
    pub fn learned_by(&self, arm: &Arm<'_>) -> [f64; FIFTHS] {
        let all: Vec<[f64; FIFTHS]> = arm.runs.iter().map(|run| self.learned(run)).collect();
        std::array::from_fn(|fifth| all.iter().map(|run| run[fifth]).sum::<f64>() / all.len().max(1) as f64)
    }

    /// How many epochs later the hardest fifth is learned than the easiest.
    pub fn lag(&self, row: &Row) -> f64 {
        let learned = self.learned(row);
        learned[FIFTHS - 1] - learned[0]
    }
}

/// The share of the followed images that are wrong after the last epoch, in per cent.
pub fn never_learned(row: &Row) -> f64 {
    let wrong = row.curriculum.learned.iter().filter(|epoch| **epoch == 0).count();
    100.0 * wrong as f64 / row.curriculum.learned.len().max(1) as f64
}
