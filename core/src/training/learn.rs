//! The traits of heads that learn from labelled samples, by a gradient or without one.

pub use crate::training::residual::ResidualSettings;

use crate::error::Error;
use crate::heads::head::Head;
use crate::heads::number::Number;
use crate::heads::storage::Work;
use crate::numeric::kernels;
use crate::objective::Beta;
use crate::objective::loss::GradientDecay;
use crate::objective::sample::Sample;
use crate::training::label::Label;
use crate::training::state::State;
use crate::training::step::{FineTuner, Step};
use crate::training::train::Train;

/// A head that learns: every [`Train`], and the [`Discriminant`](crate::discriminant::Discriminant).
pub trait Learn: Head {
    /// The settings of learning: a [`FineTuner`], or [`StreamingLda`](crate::StreamingLda).
    type Settings;
    /// Work space; nothing in it is kept between labels.
    type Room: Work<Number = Self::Number>;

    /// Writes the logits of a sample, before it is learned, to the first slice of [`Work::pair`](crate::storage::Work::pair); minus infinity for
    /// classes that the head does not [know](Head::knows), even if it knows none.
    ///
    /// # Errors
    /// As [`logits`](Head::logits), but for [`Error::NoClasses`].
    #[doc(hidden)]
    fn look(&self, features: &Self::Features, room: &mut Self::Room) -> Result<(), Error>;
}

/// A head that learns from labels of this type: those with a gradient from every [`Label`], a discriminant from a class.
pub trait LearnFrom<L>: Learn {
    /// Learns a sample. `look` has been called with its features, and the label was checked.
    ///
    /// # Errors
    /// As [`FineTuner::step`]; the head is then as it was.
    #[doc(hidden)]
    fn learn_from<'a>(
        &mut self,
        settings: &Self::Settings,
        state: &'a mut State<Self::Room>,
        features: &Self::Features,
        label: L,
    ) -> Result<Step<'a, Self::Number>, Error>;

    /// The step's report for a sample that is not learned.
    #[doc(hidden)]
    fn report<'a>(
        &self,
        settings: &Self::Settings,
        state: &'a mut State<Self::Room>,
        label: L,
    ) -> Step<'a, Self::Number>;
}

/// A head that improves by rehearsal of remembered samples. A discriminant does not, since it forgets no sample.
pub trait Rehearse: Learn {
    /// Takes a step on a remembered sample; returns whether it was taken.
    #[doc(hidden)]
    fn rehearse(
        &mut self,
        settings: &Self::Settings,
        state: &mut State<Self::Room>,
        features: &Self::Features,
        class: usize,
    ) -> bool;
}

/// A head from which a labelled sample can be taken back.
pub trait Unlearn: Learn {
    /// Takes back a sample that was learned with this label: see
    /// [`Discriminant::unlearn`](crate::discriminant::Discriminant::unlearn).
    ///
    /// # Errors
    /// As there; nothing is then changed.
    fn unlearn(&mut self, settings: &Self::Settings, features: &Self::Features, class: usize) -> Result<(), Error>;
}

/// A head that learns a sample of a class without a gradient: a discriminant, with or without a trained head mixed in.
pub trait LearnClass: Unlearn {
    /// Learns a sample of a class in use.
    ///
    /// # Errors
    /// Those of [`Discriminant::learn`](crate::discriminant::Discriminant::learn); nothing is then changed.
    fn learn_class(&mut self, settings: &Self::Settings, features: &Self::Features, class: usize) -> Result<(), Error>;
}

/// The plain cross-entropy of the logits before a sample is learned, and replaces them by exponentials; 0 for the first sample of a class,
/// which had no logit.
pub(crate) fn sample_of<H: Head<Number = f32>>(
    head: &H,
    loss: &GradientDecay<H::Math>,
    room: &mut impl Work<Number = f32>,
    class: usize,
) -> Sample<f32> {
    let (seen, gradient) = room.pair();
    if head.knows(class) {
        return loss.sample(seen, gradient, class);
    }
    gradient.fill(0.0);
    match kernels::largest(seen) {
        Some((top, largest)) if largest > f32::NONE => {
            let rest = kernels::exp_and_sum::<H::Math>(seen, largest, 0.0);
            Sample { loss: 0.0, class: top, target: usize::MAX, rest, own: 0.0 }
        }
        _ => {
            seen.fill(0.0);
            Sample { loss: 0.0, class: 0, target: usize::MAX, rest: 1.0, own: 0.0 }
        }
    }
}

/// Learns a sample without a gradient; `look` has been called.
pub(crate) fn learn_class_from<'a, H: LearnClass<Number = f32>>(
    head: &mut H,
    settings: &H::Settings,
    state: &'a mut State<H::Room>,
    features: &H::Features,
    class: usize,
) -> Result<Step<'a, f32>, Error> {
    let sample = sample_of(head, &GradientDecay::from_beta(Beta::ONE), &mut state.work, class);
    head.learn_class(settings, features, class)?;
    state.steps = state.steps.saturating_add(1);
    Ok(Step::new(sample, 1.0, true, state.work.seen()))
}

/// The step's report for a sample that is not learned, by plain cross-entropy.
pub(crate) fn report_of<'a, H: Learn<Number = f32>>(
    head: &H,
    state: &'a mut State<H::Room>,
    class: usize,
) -> Step<'a, f32> {
    let sample = sample_of(head, &GradientDecay::from_beta(Beta::ONE), &mut state.work, class);
    Step::new(sample, 1.0, false, state.work.seen())
}

impl<H: Train> Learn for H {
    type Settings = FineTuner<H::Optimizer>;
    type Room = H::Work;

    #[inline]
    fn look(&self, features: &H::Features, room: &mut H::Work) -> Result<(), Error> {
        self.forward(features, room)
    }
}

impl<H: Train, L: Label<H::Number>> LearnFrom<L> for H {
    #[inline]
    fn learn_from<'a>(
        &mut self,
        settings: &Self::Settings,
        state: &'a mut State<H::Work>,
        features: &H::Features,
        label: L,
    ) -> Result<Step<'a, H::Number>, Error> {
        settings.learn(self, state, features, label)
    }

    #[inline]
    fn report<'a>(&self, settings: &Self::Settings, state: &'a mut State<H::Work>, label: L) -> Step<'a, H::Number> {
        settings.look(self, state, label)
    }
}

impl<H: Train> Rehearse for H {
    #[inline]
    fn rehearse(
        &mut self,
        settings: &Self::Settings,
        state: &mut State<H::Work>,
        features: &H::Features,
        class: usize,
    ) -> bool {
        settings.step(self, state, features, class).is_ok()
    }
}
