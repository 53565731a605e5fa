//! The section of [`Novelty`]: see [`checkpoint`](crate::checkpoint).

use crate::error::{CheckpointPart, Error, Slice};
use crate::learning::novelty::{Feature, MOST, Novelty};
use crate::numeric::math::Math;
use crate::persistence::checkpoint::{Reader, SECTION, Saved, WORD, Writer, tag};

impl<const CLASSES: usize, const FEATURES: usize, T: Feature, M: Math> Novelty<CLASSES, FEATURES, T, M> {
    /// The numbers of its section: shape, counts, sums, means, squares.
    const WORDS: usize = 2 + CLASSES * (1 + 2 * FEATURES) + FEATURES + 3;
}

impl<const CLASSES: usize, const FEATURES: usize, T: Feature, M: Math> Saved for Novelty<CLASSES, FEATURES, T, M> {
    const SAVED_BYTES: usize = crate::Readout::<M>::SAVED_BYTES + SECTION + Self::WORDS * WORD;

    fn write(&self, to: &mut Writer<'_>) {
        self.readout().write(to);
        if to.section(tag::NOVELTY, Self::WORDS * WORD) {
            to.words(&[CLASSES as u32, FEATURES as u32]);
            to.words(&self.counts);
            let mut start = 0;
            let mut floats = |floats: &[f32]| {
                to.floats(Slice::Novelty, start, floats);
                start += floats.len();
            };
            floats(&[self.scores.weight, self.scores.sum, self.scores.squares]);
            floats(self.means.as_flattened());
            floats(self.squares.as_flattened());
            floats(&self.shared);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.readout_mut().read(from)?;
        let Some(mut section) = from.find(tag::NOVELTY) else {
            if from.takes() {
                crate::learning::readout::Read::<[T; FEATURES]>::clear(self);
            }
            return Ok(());
        };
        section.expect(CheckpointPart::Classes, CLASSES)?;
        section.expect(CheckpointPart::Features, FEATURES)?;
        for count in &mut self.counts {
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
        take(self.means.as_flattened_mut(), -MOST, MOST)?;
        take(self.squares.as_flattened_mut(), 0.0, 1e37)?;
        take(&mut self.shared, 0.0, 1e37)?;
        section.end()
    }
}
