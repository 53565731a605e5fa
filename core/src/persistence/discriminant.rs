//! The sections of a discriminant, and of heads that have one: see [`checkpoint`](crate::checkpoint).

use core::ops::RangeInclusive;

use crate::error::{CheckpointPart, Error, Slice};
use crate::heads::discriminant::{Discriminant, check_prior};
use crate::heads::linear::Linear;
use crate::heads::mixed::{Mixed, NEW};
use crate::heads::residual::Residual;
use crate::heads::statistics::{Numbers, Statistics};
use crate::heads::storage::{ReadStorage, Storage};
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

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M> Saved
    for Mixed<'_, S, T, K, M>
{
    // An owned map is an array of one byte for each class.
    const SAVED_BYTES: usize =
        if S::NUMBERS == 0 { 0 } else { Discriminant::<S, M>::SAVED_BYTES + SECTION + (1 + size_of::<K>()) * WORD };

    fn write(&self, to: &mut Writer<'_>) {
        self.head.write(to);
        let map = self.map.as_ref();
        if to.section(tag::TRAINED, (1 + map.len()) * WORD) {
            to.words(&[self.crc()]);
            map.iter().for_each(|of| to.words(&[u32::from(*of)]));
        }
    }

    /// From a training set's statistics alone, the checkpoint of a discriminant that has counted no label, the classes stay as the map has them.
    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let Some(mut section) = from.find(tag::TRAINED) else {
            // Of a discriminant that learned from labels nobody knows whether its classes are numbered as the trained head's.
            let labels = labels_in(from)?;
            return if labels == 0 {
                self.head.read(from)
            } else {
                Err(refused(CheckpointPart::Trained, self.crc(), 0))
            };
        };
        let (expected, found) = (self.crc(), section.word()?);
        if found != expected {
            return Err(refused(CheckpointPart::Trained, expected, found));
        }
        let trained = self.trained.storage.bias().len();
        for to in self.map.as_mut() {
            let word = section.word()?;
            let of = u8::try_from(word).ok().filter(|of| *of == NEW || usize::from(*of) < trained);
            let of = of.ok_or(section.refused())?;
            if from.takes() {
                *to = of;
            }
        }
        section.end()?;
        self.head.read(from)
    }
}

impl<S, T: ReadStorage, K, M> Mixed<'_, S, T, K, M> {
    /// The CRC-32 of the trained head's parameters.
    fn crc(&self) -> u32 {
        crc_of([self.trained.storage.weights(), self.trained.storage.bias()])
    }
}

/// The labels that the discriminant of a checkpoint has counted.
fn labels_in(from: &Reader<'_>) -> Result<u32, Error> {
    let mut section = from.expect(tag::DISCRIMINANT)?;
    let [_classes, _features, labels] = [section.word()?, section.word()?, section.word()?];
    Ok(labels)
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
