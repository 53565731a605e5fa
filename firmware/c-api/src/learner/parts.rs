//! The parts of a learner, each behind a pointer: one that the configuration does not name is not linked.

use gradient_decay::calibration::{Record, Score, Scores};
use gradient_decay::checkpoint::{Reader, SavedMemory, SavedSlots, Writer};
use gradient_decay::guard::{Judge, Verdict};
use gradient_decay::number::Number;
use gradient_decay::readout::{Read, confidence, distances};
use gradient_decay::replay::Reservoir;
use gradient_decay::step::Step;
use gradient_decay::{
    Answer, Calibration, Error, Guard, Head, Libm, Memory, NoveltyView, Parts, Prediction, Preprocess, Readout, Saved,
    StandardizerView,
};

/// All parts of a learner in C.
pub(crate) type AllParts = Parts<Units, Samples, Holding, Counting, Reading>;

/// A standardizer.
pub(crate) trait UnitsPart {
    fn standardize(&self, features: &[f32], then: &mut dyn FnMut(&[f32])) -> Result<(), Error>;
    fn observe(&mut self, features: &[f32]) -> Result<(), Error>;
    fn set(&mut self, mean: &[f32], deviation: &[f32]) -> Result<(), Error>;
    fn observed(&self) -> (u32, u32);
    fn write(&self, to: &mut Writer<'_>);
    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error>;
}

impl UnitsPart for StandardizerView<'_> {
    fn standardize(&self, features: &[f32], then: &mut dyn FnMut(&[f32])) -> Result<(), Error> {
        self.apply(features, then)
    }

    fn observe(&mut self, features: &[f32]) -> Result<(), Error> {
        Preprocess::observe(self, features)
    }

    fn set(&mut self, mean: &[f32], deviation: &[f32]) -> Result<(), Error> {
        self.set_statistics(mean, deviation)
    }

    fn observed(&self) -> (u32, u32) {
        StandardizerView::observed(self)
    }

    fn write(&self, to: &mut Writer<'_>) {
        Saved::write(self, to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        Saved::read(self, from)
    }
}

/// A standardizer, or none.
pub(crate) struct Units(pub(crate) Option<&'static mut dyn UnitsPart>);

impl Preprocess<[f32]> for Units {
    type Input = [f32];

    fn apply<T>(&self, features: &[f32], then: impl FnOnce(&[f32]) -> T) -> Result<T, Error> {
        let (mut then, mut result) = (Some(then), None);
        // By one pointer, so that what follows is not compiled twice.
        let call: &mut dyn FnMut(&[f32]) = &mut |x| result = then.take().map(|then| then(x));
        match &self.0 {
            Some(units) => units.standardize(features, call)?,
            None => call(features),
        }
        // It was called.
        result.ok_or(Error::NoClasses)
    }

    fn observe(&mut self, features: &[f32]) -> Result<(), Error> {
        self.0.as_mut().map_or(Ok(()), |units| units.observe(features))
    }
}

impl Saved for Units {
    const SAVED_BYTES: usize = 0;

    fn write(&self, to: &mut Writer<'_>) {
        if let Some(units) = &self.0 {
            units.write(to);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.0.as_mut().map_or(Ok(()), |units| units.read(from))
    }
}

/// A memory of samples.
pub(crate) trait MemoryPart {
    fn will_remember(&self, class: usize) -> bool;
    fn remember(&mut self, features: &[f32], class: usize);
    fn forget_sample(&mut self, features: &[f32], class: usize) -> bool;
    fn rehearse(&mut self, count: u32, learn: &mut dyn FnMut(&[f32], usize) -> bool) -> u32;
    fn for_each(&self, show: &mut dyn FnMut(&[f32], usize));
    fn remove_class(&mut self, class: usize);
    fn clear(&mut self);
    fn write(&self, to: &mut Writer<'_>);
    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error>;
    fn write_samples(&self, to: &mut Writer<'_>, tag: u16);
    fn read_samples(&mut self, from: &Reader<'_>, tag: u16) -> Result<(), Error>;
}

impl<S: SavedSlots<Features = [f32]>> MemoryPart for Reservoir<S> {
    fn will_remember(&self, class: usize) -> bool {
        Memory::will_remember(self, class)
    }

    fn remember(&mut self, features: &[f32], class: usize) {
        Memory::remember(self, features, class);
    }

    fn forget_sample(&mut self, features: &[f32], class: usize) -> bool {
        Memory::forget_sample(self, features, class)
    }

    fn rehearse(&mut self, count: u32, learn: &mut dyn FnMut(&[f32], usize) -> bool) -> u32 {
        Memory::rehearse(self, count, learn)
    }

    fn for_each(&self, show: &mut dyn FnMut(&[f32], usize)) {
        Memory::for_each(self, show);
    }

    fn remove_class(&mut self, class: usize) {
        Memory::remove_class(self, class);
    }

    fn clear(&mut self) {
        Memory::clear(self);
    }

    fn write(&self, to: &mut Writer<'_>) {
        Saved::write(self, to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        Saved::read(self, from)
    }

    fn write_samples(&self, to: &mut Writer<'_>, tag: u16) {
        SavedMemory::write_samples(self, to, tag);
    }

    fn read_samples(&mut self, from: &Reader<'_>, tag: u16) -> Result<(), Error> {
        SavedMemory::read_samples(self, from, tag)
    }
}

/// A memory, or none. It has room for as many classes as the head.
pub(crate) struct Samples(pub(crate) Option<&'static mut dyn MemoryPart>);

impl Memory<[f32]> for Samples {
    fn room(&self) -> usize {
        usize::MAX
    }

    fn will_remember(&self, class: usize) -> bool {
        self.0.as_ref().is_some_and(|memory| memory.will_remember(class))
    }

    fn remember(&mut self, features: &[f32], class: usize) {
        if let Some(memory) = &mut self.0 {
            memory.remember(features, class);
        }
    }

    fn forget_sample(&mut self, features: &[f32], class: usize) -> bool {
        self.0.as_mut().is_some_and(|memory| memory.forget_sample(features, class))
    }

    fn rehearse(&mut self, count: u32, mut learn: impl FnMut(&[f32], usize) -> bool) -> u32 {
        self.0.as_mut().map_or(0, |memory| memory.rehearse(count, &mut learn))
    }

    fn for_each(&self, mut show: impl FnMut(&[f32], usize)) {
        if let Some(memory) = &self.0 {
            memory.for_each(&mut show);
        }
    }

    fn remove_class(&mut self, class: usize) {
        if let Some(memory) = &mut self.0 {
            memory.remove_class(class);
        }
    }

    fn clear(&mut self) {
        if let Some(memory) = &mut self.0 {
            memory.clear();
        }
    }
}

impl Saved for Samples {
    const SAVED_BYTES: usize = 0;

    fn write(&self, to: &mut Writer<'_>) {
        if let Some(memory) = &self.0 {
            memory.write(to);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.0.as_mut().map_or(Ok(()), |memory| memory.read(from))
    }
}

impl SavedMemory for Samples {
    const SECTION_BYTES: usize = 0;

    fn write_samples(&self, to: &mut Writer<'_>, tag: u16) {
        if let Some(memory) = &self.0 {
            memory.write_samples(to, tag);
        }
    }

    fn read_samples(&mut self, from: &Reader<'_>, tag: u16) -> Result<(), Error> {
        self.0.as_mut().map_or(Ok(()), |memory| memory.read_samples(from, tag))
    }
}

/// A guard, which holds nothing out if it has no memory.
pub(crate) struct Holding {
    pub(crate) guard: Guard<Samples>,
    /// Room for the logits of what is judged.
    pub(crate) logits: &'static mut [f32],
}

impl Holding {
    pub(crate) fn is_there(&self) -> bool {
        Judge::<[f32]>::held_out(&self.guard).0.is_some()
    }
}

impl Judge<[f32]> for Holding {
    type Memory = Samples;

    fn held_out(&self) -> &Samples {
        self.guard.held_out()
    }

    fn held_out_mut(&mut self) -> &mut Samples {
        self.guard.held_out_mut()
    }

    fn is_due(&self) -> bool {
        self.is_there() && self.guard.is_due()
    }

    fn count(&mut self) {
        self.guard.count();
    }

    fn judge<H: Head<Features = [f32]>>(&mut self, head: &H, logits: &mut [H::Number]) -> Verdict {
        self.guard.judge(head, logits)
    }

    fn reset(&mut self) {
        self.guard.reset();
    }
}

impl Saved for Holding {
    const SAVED_BYTES: usize = 0;

    fn write(&self, to: &mut Writer<'_>) {
        if self.is_there() {
            self.guard.write(to);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        if self.is_there() { self.guard.read(from) } else { Ok(()) }
    }
}

/// A calibration.
pub(crate) trait CalibrationPart: Scores {
    fn write(&self, to: &mut Writer<'_>);
    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error>;
}

impl<const BINS: usize> CalibrationPart for Calibration<BINS> {
    fn write(&self, to: &mut Writer<'_>) {
        Saved::write(self, to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        Saved::read(self, from)
    }
}

/// A calibration, or none.
pub(crate) struct Counting(pub(crate) Option<&'static mut dyn CalibrationPart>);

impl Record for Counting {
    fn score<N: Number>(&self, logits: &[N], temperature: f32, target: usize) -> Option<Score> {
        self.0.score(logits, temperature, target)
    }

    fn record<N: Number>(&mut self, step: &Step<'_, N>, score: Option<Score>, target: usize) {
        self.0.record(step, score, target);
    }

    fn reset(&mut self) {
        Record::reset(&mut self.0);
    }
}

impl Saved for Counting {
    const SAVED_BYTES: usize = 0;

    fn write(&self, to: &mut Writer<'_>) {
        if let Some(calibration) = &self.0 {
            calibration.write(to);
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.0.as_mut().map_or(Ok(()), |calibration| calibration.read(from))
    }
}

/// A read-out by distances.
pub(crate) trait NoveltyPart {
    fn readout(&self) -> &Readout;
    fn readout_mut(&mut self) -> &mut Readout;
    fn set_deviations(&mut self, deviations: f32) -> Result<(), Error>;
    fn read(&self, features: &[f32], prediction: Prediction) -> Answer;
    fn said(&self, distances: &mut dyn Iterator<Item = f32>) -> f32;
    fn observe(&mut self, features: &[f32], class: usize, said: f32);
    fn take_back(&mut self, features: &[f32], class: usize, said: f32);
    fn remove_class(&mut self, class: usize);
    fn clear(&mut self);
    fn write(&self, to: &mut Writer<'_>);
    fn load(&mut self, from: &Reader<'_>) -> Result<(), Error>;
}

impl NoveltyPart for NoveltyView<'_> {
    fn readout(&self) -> &Readout {
        NoveltyView::readout(self)
    }

    fn readout_mut(&mut self) -> &mut Readout {
        NoveltyView::readout_mut(self)
    }

    fn set_deviations(&mut self, deviations: f32) -> Result<(), Error> {
        NoveltyView::set_deviations(self, deviations)
    }

    fn read(&self, features: &[f32], prediction: Prediction) -> Answer {
        Read::read(self, features, prediction)
    }

    fn said(&self, distances: &mut dyn Iterator<Item = f32>) -> f32 {
        confidence::<Libm>(distances, NoveltyView::readout(self).temperature())
    }

    fn observe(&mut self, features: &[f32], class: usize, said: f32) {
        Read::observe(self, features, class, said);
    }

    fn take_back(&mut self, features: &[f32], class: usize, said: f32) {
        Read::take_back(self, features, class, said);
    }

    fn remove_class(&mut self, class: usize) {
        Read::remove_class(self, class);
    }

    fn clear(&mut self) {
        Read::clear(self);
    }

    fn write(&self, to: &mut Writer<'_>) {
        Saved::write(self, to);
    }

    fn load(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        Saved::read(self, from)
    }
}

/// A read-out, by distances as well if there is such a part: that has a read-out of its own, which then is the one in use.
pub(crate) struct Reading {
    pub(crate) plain: Readout,
    pub(crate) novelty: Option<&'static mut dyn NoveltyPart>,
}

impl Reading {
    pub(crate) fn readout(&self) -> &Readout {
        self.novelty.as_ref().map_or(&self.plain, |novelty| novelty.readout())
    }

    pub(crate) fn set(&mut self, readout: Readout) {
        match &mut self.novelty {
            Some(novelty) => *novelty.readout_mut() = readout,
            None => self.plain = readout,
        }
    }
}

impl Read<[f32]> for Reading {
    fn temperature(&self) -> f32 {
        self.readout().temperature()
    }

    fn read(&self, features: &[f32], prediction: Prediction) -> Answer {
        match &self.novelty {
            Some(novelty) => novelty.read(features, prediction),
            None => Read::read(&self.plain, features, prediction),
        }
    }

    fn said<N: Number>(&self, logits: &[N]) -> f32 {
        self.novelty.as_ref().map_or(1.0, |novelty| novelty.said(&mut distances(logits)))
    }

    fn observe(&mut self, features: &[f32], class: usize, said: f32) {
        if let Some(novelty) = &mut self.novelty {
            novelty.observe(features, class, said);
        }
    }

    fn take_back(&mut self, features: &[f32], class: usize, said: f32) {
        if let Some(novelty) = &mut self.novelty {
            novelty.take_back(features, class, said);
        }
    }

    fn remove_class(&mut self, class: usize) {
        if let Some(novelty) = &mut self.novelty {
            novelty.remove_class(class);
        }
    }

    fn clear(&mut self) {
        if let Some(novelty) = &mut self.novelty {
            novelty.clear();
        }
    }
}

impl Saved for Reading {
    const SAVED_BYTES: usize = 0;

    fn write(&self, to: &mut Writer<'_>) {
        match &self.novelty {
            Some(novelty) => novelty.write(to),
            None => self.plain.write(to),
        }
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        match &mut self.novelty {
            Some(novelty) => novelty.load(from),
            None => Saved::read(&mut self.plain, from),
        }
    }
}
