//! The traits of heads that learn from labelled samples, by a gradient or without one.

use crate::error::Error;
use crate::heads::head::Head;
use crate::heads::storage::Work;
use crate::training::label::Label;
use crate::training::state::State;
use crate::training::step::{FineTuner, Step};
use crate::training::train::Train;

/// A head that learns: every [`Train`], and the [`Discriminant`](crate::discriminant::Discriminant).
pub trait Learn: Head {
    /// The settings of learning: a [`FineTuner`], or [`StreamingLda`](crate::StreamingLda).
    type Settings;
    /// Room to work in; nothing in it lasts between labels.
    type Room: Work<Number = Self::Number>;

    /// The logits of a sample before it is learned, into the first of the work's pair; minus infinity of classes that the head does not
    /// [know](Head::knows), even if it knows none.
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

    /// The report of a sample that is not learned.
    #[doc(hidden)]
    fn report<'a>(
        &self,
        settings: &Self::Settings,
        state: &'a mut State<Self::Room>,
        label: L,
    ) -> Step<'a, Self::Number>;
}

/// A head that gains by going over remembered samples again. A discriminant does not: it has forgotten none.
pub trait Rehearse: Learn {
    /// A step on a remembered sample; whether it was taken.
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
    /// Takes a sample back that was learned with this label: see
    /// [`Discriminant::unlearn`](crate::discriminant::Discriminant::unlearn).
    ///
    /// # Errors
    /// As there; nothing is then changed.
    fn unlearn(&mut self, settings: &Self::Settings, features: &Self::Features, class: usize) -> Result<(), Error>;
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
