//! The trait of heads that learn by a gradient.

use crate::error::Error;
use crate::heads::head::Head;
use crate::heads::storage::Work;
use crate::training::label::ClassLoss;

/// A head that learns by the gradient of its logits.
///
/// State that belongs to a class and lasts between steps, such as a velocity, is the head's own, so that whatever renumbers classes finds it.
pub trait Train: Head<Number: ClassLoss> {
    /// The settings of an update: [`Sgd`](crate::Sgd), or [`FixedRate`](crate::FixedRate).
    type Optimizer;
    /// Room to work in; nothing in it lasts between steps.
    type Work: Work<Number = Self::Number>;

    /// The logits of a sample into the first of the work's pair, with whatever else [`apply`](Self::apply) needs of the way there.
    ///
    /// # Errors
    /// As [`logits`](Head::logits).
    #[inline]
    fn forward(&self, features: &Self::Features, work: &mut Self::Work) -> Result<(), Error> {
        self.logits(features, work.pair().0)
    }

    /// Updates the head by the gradient of the logits, the second of the work's pair, of which no element exceeds `largest` and those
    /// of rows not in use are 0. [`forward`](Self::forward) has been called with these features.
    ///
    /// # Errors
    /// [`Error::UpdateTooLarge`] or [`Error::NoVelocity`]; the head is then as it was.
    fn apply(
        &mut self,
        optimizer: &Self::Optimizer,
        features: &Self::Features,
        work: &mut Self::Work,
        largest: f32,
    ) -> Result<(), Error>;
}
