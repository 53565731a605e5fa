//! The section of a discriminant: see [`checkpoint`](crate::checkpoint).

use core::ops::RangeInclusive;

use crate::error::{CheckpointPart, Error, Slice};
use crate::heads::discriminant::Discriminant;
use crate::heads::statistics::{Numbers, Statistics};
use crate::persistence::checkpoint::{Reader, SECTION, Saved, WORD, Writer, tag};
use crate::persistence::sections::{CLASSES_BYTES, read_classes, write_classes};
use crate::training::streaming::FEATURE_MAX;

/// The numbers before the counts: classes, features, labels, total.
const FRONT: usize = 4;

/// No factor of a scatter that was learned, and no row, is as large; from these ranges no update leaves that of f32.
const FACTOR: RangeInclusive<f32> = -1e15..=1e15;
const DIAGONAL: RangeInclusive<f32> = 1e-30..=1e9;
const ROW: RangeInclusive<f32> = -1e15..=1e15;
const BIAS: RangeInclusive<f32> = -1e24..=1e24;
/// The samples that a scatter may stand for, once there are some.
const TOTAL: RangeInclusive<f32> = 1e-3..=1e8;

impl<S: Statistics, M> Saved for Discriminant<S, M> {
    const SAVED_BYTES: usize = if S::NUMBERS == 0 { 0 } else { SECTION + (FRONT + S::NUMBERS) * WORD + CLASSES_BYTES };

    fn write(&self, to: &mut Writer<'_>) {
        let Numbers { upper, diagonal, means, rows, bias, counts } = self.storage.numbers();
        let arrays = [upper, diagonal, means, rows, bias];
        let floats: usize = arrays.iter().map(|array| array.len()).sum();
        if to.section(tag::DISCRIMINANT, (FRONT + counts.len() + floats) * WORD) {
            to.words(&[counts.len() as u32, diagonal.len() as u32, self.labels]);
            to.floats(Slice::Parameters, 0, &[self.total]);
            to.words(counts);
            let mut start = 0;
            for array in arrays {
                to.floats(Slice::Parameters, start, array);
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
        let (labels, total) = (section.word()?, section.float(Slice::Parameters, 0)?);
        let begun = total != 0.0;
        if begun && !TOTAL.contains(&total) {
            return Err(section.refused());
        }
        let used = read_classes(room, from)?;
        self.storage.with(|numbers, _| {
            let Numbers { upper, diagonal, means, rows, bias, counts } = numbers;
            for count in counts.iter_mut() {
                let samples = section.word()?;
                // A sample of nothing learned is none.
                if samples > 0 && !begun {
                    return Err(section.refused());
                }
                if from.takes() {
                    *count = samples;
                }
            }
            let mut start = 0;
            // Before the first label all is zero.
            let zero = 0.0..=0.0;
            let mut take = |to: &mut [f32], range: RangeInclusive<f32>| {
                let range = if begun { range } else { zero.clone() };
                let end = start + to.len();
                section.take_floats_within(Slice::Parameters, start, to, &range)?;
                start = end;
                Ok(())
            };
            take(upper, FACTOR)?;
            take(diagonal, DIAGONAL)?;
            take(means, -FEATURE_MAX..=FEATURE_MAX)?;
            take(rows, ROW)?;
            take(bias, BIAS)?;
            if from.takes() {
                // What is behind the classes in use is zero, whatever the bytes say.
                let used = used as usize;
                for array in [means, rows] {
                    array.iter_mut().skip(used.saturating_mul(features)).for_each(|number| *number = 0.0);
                }
                bias.iter_mut().skip(used).for_each(|bias| *bias = 0.0);
                counts.iter_mut().skip(used).for_each(|count| *count = 0);
            }
            Ok(())
        })?;
        section.end()?;
        if from.takes() {
            (self.labels, self.total, self.unused) = (labels, total, (room as u32).saturating_sub(used));
        }
        Ok(())
    }
}
