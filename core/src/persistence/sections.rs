//! The sections of heads and parts: see [`checkpoint`](crate::checkpoint).

use crate::error::{CheckpointPart, Error, Number, Slice, check_classes};
use crate::heads::fixed::{self, Fixed, FixedStorage};
use crate::heads::linear::Linear;
use crate::heads::mlp::MlpHead;
use crate::heads::storage::{Layer, Owned, Storage, StoredVelocity, VelocityView};
use crate::learning::calibration::{Calibration, Sum};
use crate::learning::learner::{Learner, Parts};
use crate::learning::preprocess::Quantizer;
use crate::learning::readout::Readout;
use crate::learning::standardize::{FEATURE_MAX, Standardization, Units};
use crate::numeric::fixed_point::LOGIT_MAX;
use crate::numeric::random::Random;
use crate::persistence::checkpoint::{Reader, SECTION, Saved, WORD, Writer, tag};
use crate::training::learn::Learn;
use crate::training::state::State;

/// The size of the section of the classes in use, in bytes.
pub(crate) const CLASSES_BYTES: usize = SECTION + WORD;

/// The size of the sections of a layer, and of its velocity if it has one, in bytes.
const fn layer_bytes<S: Storage>() -> usize {
    let velocity = if S::VELOCITIES == 0 { 0 } else { SECTION + S::VELOCITIES * WORD };
    if S::PARAMETERS == 0 { 0 } else { SECTION + (2 + S::PARAMETERS) * WORD + velocity }
}

pub(crate) fn write_classes(classes: u32, to: &mut Writer<'_>) {
    if to.section(tag::CLASSES, WORD) {
        to.words(&[classes]);
    }
}

/// The number of classes in use, at most `room`; `room` if the checkpoint has no such section.
pub(crate) fn read_classes(room: usize, from: &Reader<'_>) -> Result<u32, Error> {
    let Some(mut section) = from.find(tag::CLASSES) else { return Ok(room as u32) };
    let classes = section.word()?;
    section.end()?;
    check_classes(room, classes as usize)?;
    Ok(classes)
}

impl<S: Storage, M> Linear<S, M> {
    /// The size of its sections without the one of the classes in use, in bytes.
    pub(crate) const LAYER_BYTES: usize = layer_bytes::<S>();

    pub(crate) fn write_layer(&self, to: &mut Writer<'_>, layer: u16, velocity: u16) {
        let (weights, bias) = (self.storage.weights(), self.storage.bias());
        let parameters = weights.len() + bias.len();
        let features = weights.len().checked_div(bias.len()).unwrap_or_default();
        if to.section(layer, (2 + parameters) * WORD) {
            to.words(&[bias.len() as u32, features as u32]);
            to.floats(Slice::Parameters, 0, weights);
            to.floats(Slice::Parameters, weights.len(), bias);
        }
        if let Some((weights, bias)) = self.storage.velocity()
            && to.section(velocity, parameters * WORD)
        {
            to.floats(Slice::Velocity, 0, weights);
            to.floats(Slice::Velocity, weights.len(), bias);
        }
    }

    /// Reads the layer; all rows are in use then.
    pub(crate) fn read_layer(&mut self, from: &Reader<'_>, layer: u16, velocity: u16) -> Result<(), Error> {
        let mut section = from.expect(layer)?;
        let Layer { weights, bias, velocity: own } = self.storage.layer();
        let features = weights.len().checked_div(bias.len()).unwrap_or_default();
        section.expect(CheckpointPart::Classes, bias.len())?;
        section.expect(CheckpointPart::Features, features)?;
        section.take_floats(Slice::Parameters, 0, weights)?;
        section.take_floats(Slice::Parameters, weights.len(), bias)?;
        section.end()?;
        if let Some(mut own) = own {
            let VelocityView { weights, bias, .. } = &mut own;
            if let Some(mut section) = from.find(velocity) {
                section.take_floats(Slice::Velocity, 0, weights)?;
                section.take_floats(Slice::Velocity, weights.len(), bias)?;
                section.end()?;
            } else if from.takes() {
                weights.fill(0.0);
                bias.fill(0.0);
            }
            if from.takes() {
                *own.bound = own.largest();
            }
        }
        if from.takes() {
            self.unused = 0;
        }
        Ok(())
    }

    fn read_classes(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let classes = read_classes(self.storage.bias().len(), from)?;
        // Rows that are not in use become zero, whatever the bytes hold.
        if from.takes() { self.truncate(classes as usize) } else { Ok(()) }
    }
}

impl<S: Storage, M> Saved for Linear<S, M> {
    const SAVED_BYTES: usize = if S::PARAMETERS == 0 { 0 } else { layer_bytes::<S>() + CLASSES_BYTES };

    fn write(&self, to: &mut Writer<'_>) {
        self.write_layer(to, tag::HEAD, tag::VELOCITY);
        write_classes(self.used() as u32, to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.read_layer(from, tag::HEAD, tag::VELOCITY)?;
        self.read_classes(from)
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M, V: StoredVelocity, W: StoredVelocity> Saved
    for MlpHead<CLASSES, HIDDEN, FEATURES, M, V, W>
{
    const SAVED_BYTES: usize =
        layer_bytes::<Owned<HIDDEN, FEATURES, V>>() + layer_bytes::<Owned<CLASSES, HIDDEN, W>>() + CLASSES_BYTES;

    fn write(&self, to: &mut Writer<'_>) {
        self.hidden.write_layer(to, tag::HIDDEN, tag::HIDDEN_VELOCITY);
        self.output.write_layer(to, tag::OUTPUT, tag::OUTPUT_VELOCITY);
        write_classes(self.output.used() as u32, to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.hidden.read_layer(from, tag::HIDDEN, tag::HIDDEN_VELOCITY)?;
        self.output.read_layer(from, tag::OUTPUT, tag::OUTPUT_VELOCITY)?;
        self.output.read_classes(from)
    }
}

impl<S: FixedStorage, M> Saved for Fixed<S, M> {
    const SAVED_BYTES: usize = if S::BYTES == 0 { 0 } else { SECTION + 4 * WORD + S::BYTES + CLASSES_BYTES };

    fn write(&self, to: &mut Writer<'_>) {
        let (weights, bias) = (self.storage.weights(), self.storage.bias());
        if to.section(tag::FIXED, 4 * WORD + size_of_val(weights) + size_of_val(bias)) {
            let features = weights.len().checked_div(bias.len()).unwrap_or_default();
            to.words(&[bias.len() as u32, features as u32, self.exponent, self.random.0]);
            to.bytes(weights.iter().flat_map(|w| w.to_le_bytes()));
            to.bytes(bias.iter().flat_map(|b| b.to_le_bytes()));
        }
        write_classes(self.classes, to);
    }

    /// A head in f32 is accepted too, and rounded to the nearest: version 1 had no other.
    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let (weights, bias) = self.storage.numbers();
        let room = bias.len();
        let features = weights.len().checked_div(room).unwrap_or_default();
        if let Some(mut section) = from.find(tag::FIXED) {
            section.expect(CheckpointPart::Classes, room)?;
            section.expect(CheckpointPart::Features, features)?;
            section.expect(CheckpointPart::Exponent, self.exponent as usize)?;
            let random = section.word()?;
            if random == 0 {
                return Err(section.refused());
            }
            if from.takes() {
                self.random = Random(random);
            }
            for w in weights {
                let value = section.bytes(2)?.first_chunk().map_or(0, |bytes| i16::from_le_bytes(*bytes));
                if from.takes() {
                    *w = value;
                }
            }
            for b in bias {
                let value = section.word()?.cast_signed();
                if from.takes() {
                    *b = value.clamp(-LOGIT_MAX, LOGIT_MAX);
                }
            }
            section.end()?;
        } else {
            let mut section = from.expect(tag::HEAD)?;
            section.expect(CheckpointPart::Classes, room)?;
            section.expect(CheckpointPart::Features, features)?;
            for (index, w) in weights.iter_mut().enumerate() {
                let value = section.float(Slice::Parameters, index)?;
                if from.takes() {
                    *w = fixed::weight(value);
                }
            }
            for (class, b) in bias.iter_mut().enumerate() {
                let value = section.float(Slice::Parameters, room * features + class)?;
                if from.takes() {
                    *b = fixed::bias(value);
                }
            }
            section.end()?;
        }
        let classes = read_classes(room, from)?;
        if from.takes() {
            self.classes = room as u32;
            self.truncate(classes as usize)?;
        }
        Ok(())
    }
}

impl<W> Saved for State<W> {
    const SAVED_BYTES: usize = SECTION + WORD;

    fn write(&self, to: &mut Writer<'_>) {
        if to.section(tag::STATE, WORD) {
            to.words(&[self.steps]);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let Some(mut section) = from.find(tag::STATE) else { return Ok(()) };
        section.take(&mut self.steps)?;
        section.end()
    }
}

impl<S: Units, M> Saved for Standardization<S, M> {
    const SAVED_BYTES: usize = if S::FEATURES == 0 { 0 } else { SECTION + (3 + 3 * S::FEATURES) * WORD };

    fn write(&self, to: &mut Writer<'_>) {
        let [mean, variance, scale] = self.storage.numbers();
        if to.section(tag::STANDARDIZER, (3 + 3 * mean.len()) * WORD) {
            to.words(&[mean.len() as u32, self.needed, self.seen]);
            to.floats(Slice::Mean, 0, mean);
            to.floats(Slice::Deviation, 0, variance);
            to.floats(Slice::Deviation, 0, scale);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let Some(mut section) = from.find(tag::STANDARDIZER) else { return Ok(()) };
        let [means, variances, scales] = self.storage.numbers_mut();
        section.expect(CheckpointPart::Features, means.len())?;
        let (needed, seen) = (section.word()?, section.word()?);
        if needed == 0 || seen > needed {
            return Err(section.refused());
        }
        for (index, mean) in means.iter_mut().enumerate() {
            let value = section.float(Slice::Mean, index)?;
            // Rounding may exceed the largest feature, but not by that much.
            if value.abs() > 2.0 * FEATURE_MAX {
                return Err(Error::OutOfRange { number: Number::Feature, value });
            }
            if from.takes() {
                *mean = value;
            }
        }
        for (index, variance) in variances.iter_mut().enumerate() {
            let value = section.float(Slice::Deviation, index)?;
            if !(0.0..=4.0 * FEATURE_MAX * FEATURE_MAX).contains(&value) {
                return Err(Error::OutOfRange { number: Number::Deviation, value });
            }
            if from.takes() {
                *variance = value;
            }
        }
        for (index, scale) in scales.iter_mut().enumerate() {
            let value = section.float(Slice::Deviation, index)?;
            // 1 / standard deviation; before the units are fixed, a rounding error.
            if value.abs() > FEATURE_MAX || (seen == needed && value <= 0.0) {
                return Err(section.refused());
            }
            if from.takes() {
                *scale = value;
            }
        }
        section.end()?;
        if from.takes() {
            (self.needed, self.seen) = (needed, seen);
        }
        Ok(())
    }
}

impl<P: Saved> Saved for Quantizer<P> {
    const SAVED_BYTES: usize = P::SAVED_BYTES;

    fn write(&self, to: &mut Writer<'_>) {
        self.before.write(to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.before.read(from)
    }
}

impl<const BINS: usize, M> Saved for Calibration<BINS, M> {
    const SAVED_BYTES: usize = SECTION + (1 + 4 * BINS + 4) * WORD;

    fn write(&self, to: &mut Writer<'_>) {
        if to.section(tag::CALIBRATION, Self::SAVED_BYTES - SECTION) {
            to.words(&[BINS as u32]);
            for bin in &self.bins {
                to.words(&[bin.count, bin.correct, bin.confidence as u32, (bin.confidence >> 32) as u32]);
            }
            let sums = [self.nll.sum, self.nll.lost, self.brier.sum, self.brier.lost];
            to.floats(Slice::Calibration, 0, &sums);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let Some(mut section) = from.find(tag::CALIBRATION) else {
            if from.takes() {
                *self = Self::new();
            }
            return Ok(());
        };
        let bins = section.word()?;
        if bins as usize != BINS {
            return Err(section.refused());
        }
        let mut total = 0_u32;
        for bin in &mut self.bins {
            let (count, correct) = (section.word()?, section.word()?);
            let confidence = u64::from(section.word()?) | u64::from(section.word()?) << 32;
            // The sum of the confidences is at most 1 for each count.
            let sound = correct <= count && confidence <= u64::from(count) << 31;
            total = match total.checked_add(count) {
                Some(total) if sound => total,
                _ => return Err(section.refused()),
            };
            if from.takes() {
                (bin.count, bin.correct, bin.confidence) = (count, correct, confidence);
            }
        }
        // The most that a prediction can add, with a margin for rounding.
        for (index, (to, most)) in [(&mut self.nll, 87.4), (&mut self.brier, 2.000_01)].into_iter().enumerate() {
            let sum = section.float(Slice::Calibration, 2 * index)?;
            let lost = section.float(Slice::Calibration, 2 * index + 1)?;
            if !(0.0..=most * total as f32).contains(&sum) || lost.abs() > 1e-6 * sum {
                return Err(section.refused());
            }
            if from.takes() {
                *to = Sum { sum, lost };
            }
        }
        section.end()
    }
}

impl<M: Copy> Saved for Readout<M> {
    const SAVED_BYTES: usize = SECTION + 2 * WORD;

    fn write(&self, to: &mut Writer<'_>) {
        if to.section(tag::READOUT, 2 * WORD) {
            to.words(&[self.temperature().to_bits(), self.threshold().to_bits()]);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let Some(mut section) = from.find(tag::READOUT) else { return Ok(()) };
        let (temperature, threshold) = (f32::from_bits(section.word()?), f32::from_bits(section.word()?));
        section.end()?;
        let readout = self.try_with_temperature(temperature)?.try_with_threshold(threshold)?;
        if from.takes() {
            *self = readout;
        }
        Ok(())
    }
}

impl<P: Saved, R: Saved, G: Saved, C: Saved, A: Saved> Saved for Parts<P, R, G, C, A> {
    const SAVED_BYTES: usize = P::SAVED_BYTES + R::SAVED_BYTES + G::SAVED_BYTES + C::SAVED_BYTES + A::SAVED_BYTES;

    fn write(&self, to: &mut Writer<'_>) {
        let Parts { preprocess, memory, guard, calibration, readout } = self;
        preprocess.write(to);
        memory.write(to);
        guard.write(to);
        calibration.write(to);
        readout.write(to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        let Parts { preprocess, memory, guard, calibration, readout } = self;
        preprocess.read(from)?;
        memory.read(from)?;
        guard.read(from)?;
        calibration.read(from)?;
        readout.read(from)
    }
}

impl<H: Learn + Saved, P: Saved> Saved for Learner<H, P> {
    const SAVED_BYTES: usize = H::SAVED_BYTES + State::<H::Room>::SAVED_BYTES + P::SAVED_BYTES;

    fn write(&self, to: &mut Writer<'_>) {
        self.head.write(to);
        self.state.write(to);
        self.parts.write(to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.head.read(from)?;
        self.state.read(from)?;
        self.parts.read(from)
    }
}
