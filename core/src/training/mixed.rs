//! How a label changes a discriminant with a trained head mixed in: it changes the discriminant, and thereby the weight of the trained head.

use crate::error::Error;
use crate::heads::mixed::Mixed;
use crate::heads::statistics::Statistics;
use crate::heads::storage::{ReadStorage, Work as _};
use crate::numeric::math::Math;
use crate::training::learn::{Learn, LearnClass, LearnFrom, Unlearn, learn_class_from, report_of};
use crate::training::state::State;
use crate::training::step::Step;
use crate::training::streaming::StreamingLda;

impl<S: Statistics, T, K, M> Mixed<'_, S, T, K, M> {
    /// Learns a sample of a class in use: see [`Discriminant::learn`](crate::discriminant::Discriminant::learn).
    ///
    /// # Errors
    /// As there; nothing is then changed.
    pub fn learn(&mut self, lda: &StreamingLda, features: &S::Features, class: usize) -> Result<(), Error> {
        self.head.learn(lda, features, class)
    }

    /// Takes back a sample: see [`Discriminant::unlearn`](crate::discriminant::Discriminant::unlearn).
    ///
    /// # Errors
    /// As there; nothing is then changed.
    pub fn unlearn(&mut self, lda: &StreamingLda, features: &S::Features, class: usize) -> Result<(), Error> {
        self.head.unlearn(lda, features, class)
    }
}

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M: Math> Learn
    for Mixed<'_, S, T, K, M>
{
    type Settings = StreamingLda;
    type Room = S::Work;

    fn look(&self, features: &S::Features, room: &mut S::Work) -> Result<(), Error> {
        self.mixed_logits(features, room.pair().0)
    }
}

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M: Math> Unlearn
    for Mixed<'_, S, T, K, M>
{
    fn unlearn(&mut self, settings: &StreamingLda, features: &S::Features, class: usize) -> Result<(), Error> {
        self.head.unlearn(settings, features, class)
    }
}

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M: Math> LearnClass
    for Mixed<'_, S, T, K, M>
{
    fn learn_class(&mut self, settings: &StreamingLda, features: &S::Features, class: usize) -> Result<(), Error> {
        self.head.learn(settings, features, class)
    }
}

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M: Math> LearnFrom<usize>
    for Mixed<'_, S, T, K, M>
{
    fn learn_from<'a>(
        &mut self,
        settings: &StreamingLda,
        state: &'a mut State<S::Work>,
        features: &S::Features,
        class: usize,
    ) -> Result<Step<'a, f32>, Error> {
        learn_class_from(self, settings, state, features, class)
    }

    fn report<'a>(&self, _: &StreamingLda, state: &'a mut State<S::Work>, class: usize) -> Step<'a, f32> {
        report_of(self, state, class)
    }
}
