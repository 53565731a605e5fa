//! The sections of memories, and of a guard that has one: see [`checkpoint`](crate::checkpoint).

use crate::error::{CheckpointPart, Error};
use crate::learning::guard::Guard;
use crate::learning::replay::{Memory as _, OwnedSlots, QuantizedSlotsView, Reservoir, Slots, SlotsView};
use crate::learning::stored::{FeatureArray, FeatureSlice, Stored, is_sound};
use crate::numeric::random::Random;
use crate::persistence::checkpoint::{Reader, SECTION, Saved, Section, WORD, Writer, tag};

/// Slots whose samples can be saved.
pub trait SavedSlots: Slots {
    /// The bytes of all samples and counters; 0 where they are known only at run time.
    const BYTES: usize;

    /// The bytes of a sample.
    fn sample_bytes(&self) -> usize;

    /// Writes all samples.
    #[doc(hidden)]
    fn write(&self, to: &mut Writer<'_>);

    /// Checks the samples of a section, or takes them over.
    #[doc(hidden)]
    fn read(&mut self, from: &mut Section<'_>) -> Result<(), Error>;
}

impl<const CLASSES: usize, const SLOTS: usize, X: FeatureArray, S: Stored<X>> SavedSlots
    for OwnedSlots<CLASSES, SLOTS, X, S>
{
    const BYTES: usize = CLASSES * (WORD + SLOTS * S::BYTES);

    fn sample_bytes(&self) -> usize {
        S::BYTES
    }

    fn write(&self, to: &mut Writer<'_>) {
        for slot in self.slots.as_flattened() {
            to.bytes(slot.bytes());
        }
    }

    fn read(&mut self, from: &mut Section<'_>) -> Result<(), Error> {
        for slot in self.slots.as_flattened_mut() {
            let Some(stored) = S::from_bytes(from.bytes(S::BYTES)?) else { return Err(from.refused()) };
            if from.takes() {
                *slot = stored;
            }
        }
        Ok(())
    }
}

impl<T: Copy + Default + PartialEq> SavedSlots for SlotsView<'_, T>
where
    [T]: FeatureSlice,
    [T; 1]: Stored<[T; 1]>,
{
    const BYTES: usize = 0;

    fn sample_bytes(&self) -> usize {
        self.features * <[T; 1]>::BYTES
    }

    fn write(&self, to: &mut Writer<'_>) {
        self.samples.iter().for_each(|x| to.bytes([*x].bytes()));
    }

    fn read(&mut self, from: &mut Section<'_>) -> Result<(), Error> {
        for to in &mut *self.samples {
            let Some([x]) = <[T; 1]>::from_bytes(from.bytes(<[T; 1]>::BYTES)?) else { return Err(from.refused()) };
            if from.takes() {
                *to = x;
            }
        }
        Ok(())
    }
}

impl SavedSlots for QuantizedSlotsView<'_> {
    const BYTES: usize = 0;

    fn sample_bytes(&self) -> usize {
        WORD + self.features
    }

    fn write(&self, to: &mut Writer<'_>) {
        let mut values = self.values.iter();
        for scale in &*self.scales {
            to.words(&[scale.to_bits()]);
            to.bytes(values.by_ref().take(self.features).map(|value| value.cast_unsigned()));
        }
    }

    fn read(&mut self, from: &mut Section<'_>) -> Result<(), Error> {
        let mut values = self.values.iter_mut();
        for scale in &mut *self.scales {
            let its = f32::from_bits(from.word()?);
            let bytes = from.bytes(self.features)?;
            if !is_sound(its, bytes.iter().map(|byte| byte.cast_signed())) {
                return Err(from.refused());
            }
            if from.takes() {
                *scale = its;
                values.by_ref().zip(bytes).for_each(|(value, byte)| *value = byte.cast_signed());
            }
        }
        Ok(())
    }
}

/// The words before the counters: classes, slots, bytes of a sample, the generator.
const FRONT: usize = 4;

/// A memory that can be saved as the samples that are rehearsed, and as those held out.
pub trait SavedMemory {
    /// The bytes of its section; 0 where they are known only at run time.
    const SECTION_BYTES: usize;

    /// Writes a section with this tag.
    #[doc(hidden)]
    fn write_samples(&self, to: &mut Writer<'_>, tag: u16);

    /// Checks the section with this tag, or takes it over.
    #[doc(hidden)]
    fn read_samples(&mut self, from: &Reader<'_>, tag: u16) -> Result<(), Error>;
}

impl<S: SavedSlots> SavedMemory for Reservoir<S> {
    const SECTION_BYTES: usize = if S::BYTES == 0 { 0 } else { SECTION + FRONT * WORD + S::BYTES };

    fn write_samples(&self, to: &mut Writer<'_>, tag: u16) {
        let (slots, seen) = (self.storage.slots(), self.storage.seen());
        let bytes = self.storage.sample_bytes();
        if to.section(tag, (FRONT + seen.len()) * WORD + seen.len() * slots * bytes) {
            to.words(&[seen.len() as u32, slots as u32, bytes as u32, self.random.0]);
            to.words(seen);
            self.storage.write(to);
        }
    }

    fn read_samples(&mut self, from: &Reader<'_>, tag: u16) -> Result<(), Error> {
        let Some(mut section) = from.find(tag) else {
            if from.takes() {
                self.clear();
            }
            return Ok(());
        };
        let classes = self.storage.seen().len();
        section.expect(CheckpointPart::Classes, classes)?;
        let (slots, bytes, random) = (section.word()?, section.word()?, section.word()?);
        if slots as usize != self.storage.slots() || bytes as usize != self.storage.sample_bytes() || random == 0 {
            return Err(section.refused());
        }
        if from.takes() {
            self.random = Random(random);
        }
        for seen in self.storage.seen_mut() {
            section.take(seen)?;
        }
        self.storage.read(&mut section)?;
        section.end()?;
        // Of a class that is not in use nothing is remembered, whatever the bytes say.
        if from.takes()
            && let Some(mut section) = from.find(tag::CLASSES)
        {
            let used = section.word()? as usize;
            self.storage.seen_mut().iter_mut().skip(used).for_each(|seen| *seen = 0);
            (used..classes).for_each(|class| self.storage.remove(class, false));
        }
        Ok(())
    }
}

impl<S: SavedSlots> Saved for Reservoir<S> {
    const SAVED_BYTES: usize = Self::SECTION_BYTES;

    fn write(&self, to: &mut Writer<'_>) {
        self.write_samples(to, tag::MEMORY);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.read_samples(from, tag::MEMORY)
    }
}

impl<R: SavedMemory> Saved for Guard<R> {
    const SAVED_BYTES: usize = if R::SECTION_BYTES == 0 { 0 } else { R::SECTION_BYTES + SECTION + 2 * WORD };

    fn write(&self, to: &mut Writer<'_>) {
        self.memory.write_samples(to, tag::HELD_OUT);
        if to.section(tag::GUARD, 2 * WORD) {
            // Infinite before the first.
            to.words(&[self.best.to_bits(), self.since]);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.memory.read_samples(from, tag::HELD_OUT)?;
        let (mut best, mut since) = (f32::INFINITY, 0);
        if let Some(mut section) = from.find(tag::GUARD) {
            (best, since) = (f32::from_bits(section.word()?), section.word()?);
            if best.is_nan() || best < 0.0 {
                return Err(section.refused());
            }
            section.end()?;
        }
        if from.takes() {
            (self.best, self.since) = (best, since);
        }
        Ok(())
    }
}
