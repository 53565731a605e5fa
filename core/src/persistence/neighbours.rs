//! The sections of a head with [`Neighbours`](crate::Neighbours): see [`checkpoint`](crate::checkpoint).

use crate::error::Error;
use crate::heads::neighbours::{Neighbours, NeighboursState};
use crate::heads::stacking::Stacking;
use crate::learning::replay::Reservoir;
use crate::persistence::checkpoint::{Reader, SECTION, Saved, WORD, Writer, tag};
use crate::persistence::memory::{SavedMemory as _, SavedSlots};

/// The words of the weights' section: two weights, three of the curvature, the mean distance and its labels.
const WORDS: usize = 7;

impl<B: Saved, S: SavedSlots> Saved for Neighbours<B, S> {
    const SAVED_BYTES: usize = if S::BYTES == 0 || B::SAVED_BYTES == 0 {
        0
    } else {
        B::SAVED_BYTES + Reservoir::<S>::SECTION_BYTES + SECTION + WORDS * WORD
    };

    fn write(&self, to: &mut Writer<'_>) {
        self.base.write(to);
        self.kept.write_samples(to, tag::KEPT);
        if to.section(tag::NEIGHBOURS, WORDS * WORD) {
            let NeighboursState { stacking: Stacking { weights: [a, b], curvature: [aa, ab, bb] }, mean, labels } =
                self.state;
            to.words(&[a, b, aa, ab, bb, mean].map(f32::to_bits));
            to.words(&[labels]);
        }
    }

    /// From the checkpoint of the base alone, the head starts with no sample kept.
    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let mut state = NeighboursState::NEW;
        if let Some(mut section) = from.find(tag::NEIGHBOURS) {
            let mut words = [0; WORDS];
            for word in &mut words {
                *word = section.word()?;
            }
            let [numbers @ .., labels] = words;
            let [a, b, aa, ab, bb, mean] = numbers.map(f32::from_bits);
            state = NeighboursState { stacking: Stacking { weights: [a, b], curvature: [aa, ab, bb] }, mean, labels };
            if !state.is_sound() {
                return Err(section.refused());
            }
            section.end()?;
        }
        self.base.read(from)?;
        self.kept.read_samples(from, tag::KEPT)?;
        if from.takes() {
            self.state = state;
        }
        Ok(())
    }
}
