//! How a label changes a head with a residual: the base learns as without it, the residual by the gradient of their sum.

use crate::error::Error;
use crate::heads::residual::{Residual, Tempered};
use crate::heads::storage::{Storage, Work};
use crate::numeric::math::Math;
use crate::training::learn::{Learn, LearnClass, LearnFrom, Rehearse, Unlearn, sample_of};
use crate::training::sgd::Sgd;
use crate::training::state::State;
use crate::training::step::{FineTuner, Step};
use crate::training::train::Train as _;

/// The settings of a [`Residual`]: those of its base, and of the gradient steps on top.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ResidualSettings<B> {
    /// The settings of the base.
    pub base: B,
    /// Loss, schedule and optimizer of the residual.
    pub tuner: FineTuner,
}

impl<B, S, M> Learn for Residual<B, S, M>
where
    B: Learn<Number = f32> + Tempered,
    S: Storage<Features = B::Features, Work = B::Room>,
    M: Math,
{
    type Settings = ResidualSettings<B::Settings>;
    type Room = B::Room;

    fn look(&self, features: &B::Features, room: &mut B::Room) -> Result<(), Error> {
        self.residual.storage.check(features)?;
        self.base.look(features, room)?;
        self.add_residual(features, room.pair().0)
    }
}

impl<B, S, M> LearnFrom<usize> for Residual<B, S, M>
where
    B: LearnClass<Number = f32> + Tempered,
    S: Storage<Features = B::Features, Work = B::Room>,
    M: Math,
{
    fn learn_from<'a>(
        &mut self,
        settings: &Self::Settings,
        state: &'a mut State<B::Room>,
        features: &B::Features,
        class: usize,
    ) -> Result<Step<'a, f32>, Error> {
        let loss = settings.tuner.schedule().at::<B::Math>(state.steps);
        let sample = sample_of(self, &loss, &mut state.work, class);
        let (known, share) = (self.base.knows(class), self.soften(&mut state.work));
        // The base learns first: if it returns an error, nothing has changed; whether the residual would refuse has been checked before.
        let sgd = settings.tuner.optimizer();
        self.residual.check_update(sgd, features)?;
        self.base.learn_class(&settings.base, features, class)?;
        if known {
            self.residual.apply(sgd, features, &mut state.work, share)?;
        }
        state.steps = state.steps.saturating_add(1);
        Ok(Step::new(sample, loss.beta(), true, state.work.seen()))
    }

    fn report<'a>(&self, settings: &Self::Settings, state: &'a mut State<B::Room>, class: usize) -> Step<'a, f32> {
        let loss = settings.tuner.schedule().at::<B::Math>(state.steps);
        let sample = sample_of(self, &loss, &mut state.work, class);
        Step::new(sample, loss.beta(), false, state.work.seen())
    }
}

impl<B, S, M> Rehearse for Residual<B, S, M>
where
    B: LearnClass<Number = f32> + Tempered,
    S: Storage<Features = B::Features, Work = B::Room>,
    M: Math,
{
    fn rehearse(
        &mut self,
        settings: &Self::Settings,
        state: &mut State<B::Room>,
        features: &B::Features,
        class: usize,
    ) -> bool {
        if !self.base.knows(class) || self.look(features, &mut state.work).is_err() {
            return false;
        }
        let loss = settings.tuner.schedule().at::<B::Math>(state.steps);
        sample_of(self, &loss, &mut state.work, class);
        let share = self.soften(&mut state.work);
        self.residual.apply(settings.tuner.optimizer(), features, &mut state.work, share).is_ok()
    }
}

impl<B, S, M> Unlearn for Residual<B, S, M>
where
    B: Unlearn<Number = f32> + Tempered,
    S: Storage<Features = B::Features, Work = B::Room>,
    M: Math,
{
    /// Takes the sample back from the base; the residual's step stays.
    fn unlearn(&mut self, settings: &Self::Settings, features: &B::Features, class: usize) -> Result<(), Error> {
        self.base.unlearn(&settings.base, features, class)
    }
}

impl<B: Tempered<Number = f32>, S: Storage, M> Residual<B, S, M> {
    /// Converts the gradient of the logits into that of the residual's logits, which are divided by the base's temperature; returns an upper bound
    /// of its magnitudes.
    fn soften(&self, room: &mut impl Work<Number = f32>) -> f32 {
        let share = 1.0 / self.base.temperature();
        room.pair().1.iter_mut().for_each(|g| *g *= share);
        share
    }
}

impl<S: Storage, M: Math> crate::heads::linear::Linear<S, M> {
    /// Checks that [`apply`](crate::Train::apply) would take an update with these features and a gradient whose elements are at most 1.
    fn check_update(&mut self, sgd: &Sgd, features: &S::Features) -> Result<(), Error> {
        let magnitude = crate::numeric::kernels::sum_of_magnitudes(features.as_ref()) + 1.0;
        crate::training::linear::check(sgd, &mut self.storage, magnitude).map(drop)
    }
}
