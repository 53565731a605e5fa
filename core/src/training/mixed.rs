//! How a label changes a discriminant with a trained head mixed in: the discriminant, and with it the weight of the other.

use crate::error::Error;
use crate::heads::mixed::MixedHead;
use crate::heads::storage::{Pair, Work as _};
use crate::numeric::math::Math;
use crate::training::learn::{Learn, LearnClass, LearnFrom, Unlearn, learn_class_from, report_of};
use crate::training::state::State;
use crate::training::step::Step;
use crate::training::streaming::StreamingLda;

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M>
    MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    /// Learns a sample of a class in use: see [`Discriminant::learn`](crate::discriminant::Discriminant::learn).
    ///
    /// # Errors
    /// As there; nothing is then changed.
    pub fn learn(&mut self, lda: &StreamingLda, features: &[f32; FEATURES], class: usize) -> Result<(), Error> {
        self.head.learn(lda, features, class)
    }

    /// Takes a sample back: see [`Discriminant::unlearn`](crate::discriminant::Discriminant::unlearn).
    ///
    /// # Errors
    /// As there; nothing is then changed.
    pub fn unlearn(&mut self, lda: &StreamingLda, features: &[f32; FEATURES], class: usize) -> Result<(), Error> {
        self.head.unlearn(lda, features, class)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math> Learn
    for MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    type Settings = StreamingLda;
    type Room = Pair<f32, CLASSES>;

    fn look(&self, features: &[f32; FEATURES], room: &mut Pair<f32, CLASSES>) -> Result<(), Error> {
        self.mixed_logits(features, room.pair().0)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math> Unlearn
    for MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    fn unlearn(&mut self, settings: &StreamingLda, features: &[f32; FEATURES], class: usize) -> Result<(), Error> {
        self.head.unlearn(settings, features, class)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math> LearnClass
    for MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    fn learn_class(&mut self, settings: &StreamingLda, features: &[f32; FEATURES], class: usize) -> Result<(), Error> {
        self.head.learn(settings, features, class)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math> LearnFrom<usize>
    for MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    fn learn_from<'a>(
        &mut self,
        settings: &StreamingLda,
        state: &'a mut State<Pair<f32, CLASSES>>,
        features: &[f32; FEATURES],
        class: usize,
    ) -> Result<Step<'a, f32>, Error> {
        learn_class_from(self, settings, state, features, class)
    }

    fn report<'a>(&self, _: &StreamingLda, state: &'a mut State<Pair<f32, CLASSES>>, class: usize) -> Step<'a, f32> {
        report_of(self, state, class)
    }
}
