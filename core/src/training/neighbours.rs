//! How a label changes a head with neighbours: the weights learn from what both parts said of the sample, then the base learns it, and it is kept.

use crate::error::Error;
use crate::heads::neighbours::Neighbours;
use crate::heads::storage::Work as _;
use crate::learning::replay::{Memory as _, Slots};
use crate::objective::Beta;
use crate::objective::loss::GradientDecay;
use crate::training::learn::{Learn, LearnClass, LearnFrom, Unlearn, report_of, sample_of};
use crate::training::state::State;
use crate::training::step::Step;

impl<B: LearnClass<Number = f32>, S: Slots<Features = B::Features>> Learn for Neighbours<B, S>
where
    B::Features: AsRef<[f32]>,
{
    type Settings = B::Settings;
    type Room = B::Room;

    /// The second slice holds the logits of the kept samples afterwards, which `learn_from` needs.
    fn look(&self, features: &B::Features, room: &mut B::Room) -> Result<(), Error> {
        self.kept.storage.check(features)?;
        self.base.look(features, room)?;
        let (seen, near) = room.pair();
        self.add(features, seen, |class, z| {
            if let Some(to) = near.get_mut(class) {
                *to = z;
            }
        })
    }
}

impl<B: LearnClass<Number = f32>, S: Slots<Features = B::Features>> LearnFrom<usize> for Neighbours<B, S>
where
    B::Features: AsRef<[f32]>,
{
    fn learn_from<'a>(
        &mut self,
        settings: &B::Settings,
        state: &'a mut State<B::Room>,
        features: &B::Features,
        class: usize,
    ) -> Result<Step<'a, f32>, Error> {
        let mut own = self.state;
        if self.base.knows(class) {
            let (seen, near) = state.work.pair();
            if self.is_complete() {
                own.stacking.learn::<B::Math>(seen, near, class);
            }
            if let Some(near) = near.get(class).filter(|_| self.kept.len(class) > 0) {
                own.observe(*near);
            }
        }
        let sample = sample_of(self, &GradientDecay::from_beta(Beta::ONE), &mut state.work, class);
        // The base learns first: if it returns an error, nothing has changed.
        self.base.learn_class(settings, features, class)?;
        self.kept.remember(features, class);
        self.state = own;
        state.steps = state.steps.saturating_add(1);
        Ok(Step::new(sample, 1.0, true, state.work.seen()))
    }

    fn report<'a>(&self, _: &B::Settings, state: &'a mut State<B::Room>, class: usize) -> Step<'a, f32> {
        report_of(self, state, class)
    }
}

impl<B: LearnClass<Number = f32>, S: Slots<Features = B::Features>> Unlearn for Neighbours<B, S>
where
    B::Features: AsRef<[f32]>,
{
    /// Takes the sample back from the base, and overwrites it if it is kept; the weights stay.
    fn unlearn(&mut self, settings: &B::Settings, features: &B::Features, class: usize) -> Result<(), Error> {
        self.base.unlearn(settings, features, class)?;
        self.kept.forget_sample(features, class);
        Ok(())
    }
}
