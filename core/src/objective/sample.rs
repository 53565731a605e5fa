//! The findings of one pass over a sample.

/// The findings of one pass over a sample's logits, `N` being what they are counted in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<N> {
    pub(crate) loss: N,
    /// The class with the largest logit, the first of equal ones.
    pub(crate) class: usize,
    /// The class that has no exponential among the others', but `own`; none of them if each has.
    pub(crate) target: usize,
    /// The sum of the exponentials of all classes but the target.
    pub(crate) rest: N,
    /// The exponential of the target, times beta.
    pub(crate) own: N,
}
