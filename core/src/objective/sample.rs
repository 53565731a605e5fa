//! The results of one pass over a sample.

/// The results of one pass over a sample's logits, which have the type `N`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<N> {
    pub(crate) loss: N,
    /// The class with the largest logit, the first of equal ones.
    pub(crate) class: usize,
    /// The class whose exponential is in `own` and not among the others; out of range if every class has its exponential.
    pub(crate) target: usize,
    /// The sum of the exponentials of all classes but the target.
    pub(crate) rest: N,
    /// The exponential of the target, times beta.
    pub(crate) own: N,
}

impl Sample<f32> {
    /// Without its loss, whose logarithm is then not computed: for a caller that does not look at it.
    #[doc(hidden)]
    #[inline]
    pub fn without_loss(self) -> Self {
        Sample { loss: 0.0, ..self }
    }
}
