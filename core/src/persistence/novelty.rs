//! The section of [`Novelty`](crate::Novelty): see [`checkpoint`](crate::checkpoint).

use crate::error::{CheckpointPart, Error, Slice};
use crate::learning::novelty::{AllMoments, Distances, MOST, Moments};
use crate::numeric::math::Math;
use crate::persistence::checkpoint::{Reader, SECTION, Saved, WORD, Writer, tag};

/// The number of words of its section before the numbers of its storage, and of the sums of scores.
const FRONT: usize = 2;
const SUMS: usize = 3;

impl<S: Moments, M: Math> Saved for Distances<S, M> {
    const SAVED_BYTES: usize = if S::NUMBERS == 0 {
        0
    } else {
        crate::Readout::<M>::SAVED_BYTES + SECTION + (FRONT + S::NUMBERS + SUMS) * WORD
    };

    fn write(&self, to: &mut Writer<'_>) {
        self.readout().write(to);
        let AllMoments { means, squares, shared, counts } = self.storage.all();
        let numbers = counts.len() + means.len() + squares.len() + shared.len();
        if to.section(tag::NOVELTY, (FRONT + numbers + SUMS) * WORD) {
            to.words(&[counts.len() as u32, shared.len() as u32]);
            to.words(counts);
            let mut start = 0;
            let mut floats = |floats: &[f32]| {
                to.floats(Slice::Novelty, start, floats);
                start += floats.len();
            };
            floats(&[self.scores.weight, self.scores.sum, self.scores.squares]);
            floats(means);
            floats(squares);
            floats(shared);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.readout_mut().read(from)?;
        let Some(mut section) = from.find(tag::NOVELTY) else {
            if from.takes() {
                crate::learning::readout::Read::<S::Features>::clear(self);
            }
            return Ok(());
        };
        let AllMoments { means, squares, shared, counts } = self.storage.all_mut();
        section.expect(CheckpointPart::Classes, counts.len())?;
        section.expect(CheckpointPart::Features, shared.len())?;
        for count in counts {
            section.take(count)?;
        }
        let mut start = 0;
        let mut take = |to: &mut [f32], low: f32, high: f32| {
            let first = start;
            start += to.len();
            section.take_floats_within(Slice::Novelty, first, to, &(low..=high))
        };
        take(core::slice::from_mut(&mut self.scores.weight), 0.0, 1e8)?;
        take(core::slice::from_mut(&mut self.scores.sum), -1e10, 1e10)?;
        take(core::slice::from_mut(&mut self.scores.squares), 0.0, 1e12)?;
        // No more than the largest features add up to.
        take(means, -MOST, MOST)?;
        take(squares, 0.0, 1e37)?;
        take(shared, 0.0, 1e37)?;
        section.end()
    }
}
