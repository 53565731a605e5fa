//! The trait of heads that learn by a gradient.

use crate::error::Error;
use crate::heads::head::Head;
use crate::heads::storage::Work;
use crate::training::label::ClassLoss;

/// A head that learns by the gradient of its logits.
///
/// State that belongs to a class and lasts between steps, such as a velocity, is in the head, so that it follows when classes are renumbered.
pub trait Train: Head<Number: ClassLoss> {
    /// The settings of an update: [`Sgd`](crate::Sgd), or [`FixedRate`](crate::FixedRate).
    type Optimizer;
    /// Work space; nothing in it is kept between steps.
    type Work: Work<Number = Self::Number>;

    /// Writes the logits of a sample to the first slice of [`Work::pair`], and to `work` whatever else of the forward pass [`apply`](Self::apply)
    /// needs.
    ///
    /// # Errors
    /// As [`logits`](Head::logits).
    #[inline]
    fn forward(&self, features: &Self::Features, work: &mut Self::Work) -> Result<(), Error> {
        self.logits(features, work.pair().0)
    }

    /// Updates the head by the gradient of the logits, which is the second slice of [`Work::pair`]. No element of it exceeds `largest` in
    /// magnitude, and those of rows that are not in use are 0. [`forward`](Self::forward) has been called with these features.
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
