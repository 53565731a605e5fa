//! The sections of a discriminant, and of heads that have one: see [`checkpoint`](crate::checkpoint).

use core::ops::RangeInclusive;

use crate::error::{CheckpointPart, Error, Slice};
use crate::heads::discriminant::{Discriminant, DiscriminantHead, check_prior};
use crate::heads::linear::Linear;
use crate::heads::mixed::{MixedHead, NEW};
use crate::heads::residual::Residual;
use crate::heads::statistics::{Numbers, Statistics};
use crate::heads::storage::Storage;
use crate::persistence::checkpoint::{Reader, SECTION, Saved, WORD, Writer, crc_of, refused, tag};
use crate::persistence::sections::{CLASSES_BYTES, read_classes, write_classes};
use crate::training::streaming::FEATURE_MAX;

/// The numbers before the counts: classes, features, labels, the samples of the scatter and those of a base among them.
const FRONT: usize = 5;

/// The ranges of the numbers that are read, far beyond what can be learned: within them, no label can make a number overflow. A number
/// beyond its range is written as the range's end.
const FACTOR: RangeInclusive<f32> = -1e12..=1e12;
const DIAGONAL: RangeInclusive<f32> = 1e-24..=1e13;
const ROW: RangeInclusive<f32> = -1e22..=1e22;
const BIAS: RangeInclusive<f32> = -1e32..=1e32;
const MEAN: RangeInclusive<f32> = -FEATURE_MAX..=FEATURE_MAX;
const ZERO: RangeInclusive<f32> = 0.0..=0.0;

impl<S: Statistics, M> Saved for Discriminant<S, M> {
    const SAVED_BYTES: usize = if S::NUMBERS == 0 { 0 } else { SECTION + (FRONT + S::NUMBERS) * WORD + CLASSES_BYTES };

    fn write(&self, to: &mut Writer<'_>) {
        let Numbers { upper, diagonal, means, rows, bias, counts } = self.storage.numbers();
        let begun = self.prior != 0.0;
        let arrays = [(upper, FACTOR), (diagonal, DIAGONAL), (means, MEAN), (rows, ROW), (bias, BIAS)];
        let floats: usize = arrays.iter().map(|(array, _)| array.len()).sum();
        if to.section(tag::DISCRIMINANT, (FRONT + counts.len() + floats) * WORD) {
            to.words(&[counts.len() as u32, diagonal.len() as u32, self.labels]);
            to.floats(Slice::Parameters, 0, &[self.prior, self.base]);
            to.words(counts);
            let mut start = 0;
            for (array, range) in arrays {
                to.floats_within(Slice::Parameters, start, array, if begun { &range } else { &ZERO });
                start += array.len();
            }
        }
        write_classes(self.used() as u32, to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let mut section = from.expect(tag::DISCRIMINANT)?;
        let (room, features) = {
            let numbers = self.storage.numbers();
            (numbers.counts.len(), numbers.diagonal.len())
        };
        section.expect(CheckpointPart::Classes, room)?;
        section.expect(CheckpointPart::Features, features)?;
        let (labels, prior) = (section.word()?, section.float(Slice::Parameters, 0)?);
        let base = section.float(Slice::Parameters, 1)?;
        let begun = prior != 0.0;
        check_prior(prior, base).map_err(|_| section.refused())?;
        let used = read_classes(room, from)?;
        self.storage.with(|numbers, _| {
            let Numbers { upper, diagonal, means, rows, bias, counts } = numbers;
            for count in counts.iter_mut() {
                let samples = section.word()?;
                // A class cannot have samples before anything was learned.
                if samples > 0 && !begun {
                    return Err(section.refused());
                }
                if from.takes() {
                    *count = samples;
                }
            }
            let mut start = 0;
            let mut take = |to: &mut [f32], range: RangeInclusive<f32>| {
                // Before the first label everything must be zero.
                let range = if begun { range } else { ZERO };
                let end = start + to.len();
                section.take_floats_within(Slice::Parameters, start, to, &range)?;
                start = end;
                Ok(())
            };
            take(upper, FACTOR)?;
            take(diagonal, DIAGONAL)?;
            take(means, MEAN)?;
            take(rows, ROW)?;
            take(bias, BIAS)?;
            Ok(())
        })?;
        section.end()?;
        if from.takes() {
            (self.labels, self.prior, self.base, self.unused) = (labels, prior, base, 0);
            // Rows that are not in use become zero, whatever the bytes hold.
            return self.truncate(used as usize);
        }
        Ok(())
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M> Saved
    for MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    const SAVED_BYTES: usize =
        DiscriminantHead::<CLASSES, FEATURES, UPPER, M>::SAVED_BYTES + SECTION + (1 + CLASSES) * WORD;

    fn write(&self, to: &mut Writer<'_>) {
        self.head.write(to);
        if to.section(tag::TRAINED, (1 + CLASSES) * WORD) {
            to.words(&[self.crc()]);
            to.words(&self.map.map(u32::from));
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let mut section = from.expect(tag::TRAINED)?;
        let (expected, found) = (self.crc(), section.word()?);
        if found != expected {
            return Err(refused(CheckpointPart::Trained, expected, found));
        }
        for class in 0..CLASSES {
            let word = section.word()?;
            let of = u8::try_from(word).ok().filter(|of| *of == NEW || usize::from(*of) < TRAINED);
            let of = of.ok_or(section.refused())?;
            if let Some(to) = self.map.get_mut(class).filter(|_| from.takes()) {
                *to = of;
            }
        }
        section.end()?;
        self.head.read(from)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M>
    MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    /// The CRC-32 of the trained head's parameters.
    fn crc(&self) -> u32 {
        crc_of([self.trained.storage.weights(), self.trained.storage.bias()])
    }
}

impl<B: Saved, S: Storage, M> Saved for Residual<B, S, M> {
    const SAVED_BYTES: usize = B::SAVED_BYTES + Linear::<S, M>::LAYER_BYTES;

    fn write(&self, to: &mut Writer<'_>) {
        self.base.write(to);
        self.residual.write_layer(to, tag::HEAD, tag::VELOCITY);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.base.read(from)?;
        self.residual.read_layer(from, tag::HEAD, tag::VELOCITY)
    }
}
