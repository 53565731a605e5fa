//! The label of a sample.

use crate::error::{Error, check_target};
use crate::heads::number::Number;
use crate::numeric::math::Math;
use crate::objective::fixed_point;
use crate::objective::loss::GradientDecay;
use crate::objective::sample::Sample;
use crate::objective::target::Labelled;

/// The label of a sample for a head with logits of type `N`: a class, or for heads in float a [`Labelled`] target.
pub trait Label<N: Number>: Copy {
    /// The class of the sample, if the label is a single class.
    fn class(self) -> Option<usize>;

    /// Whether nothing is to be learned from the sample.
    fn is_ignored(self) -> bool;

    /// Checks that it can be a label for a head with `classes` classes in use.
    ///
    /// # Errors
    /// See [`FineTuner::step`](crate::FineTuner::step).
    fn check(self, classes: usize) -> Result<(), Error>;

    /// An upper bound of the magnitudes in the gradient of the logits.
    #[doc(hidden)]
    fn largest(self, classes: usize) -> f32;

    /// The loss of logits, which become exponentials, and their gradient. The label was checked.
    #[doc(hidden)]
    fn sample<M: Math>(
        self,
        loss: &GradientDecay<M>,
        classes: usize,
        logits: &mut [N],
        gradient: &mut [N],
    ) -> Sample<N>;
}

impl<N: ClassLoss> Label<N> for usize {
    #[inline]
    fn class(self) -> Option<usize> {
        Some(self)
    }

    #[inline]
    fn is_ignored(self) -> bool {
        false
    }

    #[inline]
    fn check(self, classes: usize) -> Result<(), Error> {
        check_target(classes, self)
    }

    #[inline]
    fn largest(self, _: usize) -> f32 {
        1.0
    }

    #[inline(always)]
    fn sample<M: Math>(self, loss: &GradientDecay<M>, _: usize, logits: &mut [N], gradient: &mut [N]) -> Sample<N> {
        N::sample(loss, logits, gradient, self)
    }
}

/// A type of logits that have a loss whose target is a class: f32, or i32 in fixed point.
pub trait ClassLoss: Number {
    /// The loss of logits, which become exponentials, and their gradient. The target is in use.
    #[doc(hidden)]
    fn sample<M: Math>(
        loss: &GradientDecay<M>,
        logits: &mut [Self],
        gradient: &mut [Self],
        target: usize,
    ) -> Sample<Self>;
}

impl ClassLoss for f32 {
    #[inline(always)]
    fn sample<M: Math>(
        loss: &GradientDecay<M>,
        logits: &mut [f32],
        gradient: &mut [f32],
        target: usize,
    ) -> Sample<f32> {
        loss.sample(logits, gradient, target)
    }
}

impl ClassLoss for i32 {
    #[inline]
    fn sample<M: Math>(
        loss: &GradientDecay<M>,
        logits: &mut [i32],
        gradient: &mut [i32],
        target: usize,
    ) -> Sample<i32> {
        fixed_point::sample(logits, gradient, target, fixed_point::from_f32(loss.ln_beta()))
    }
}

impl Label<f32> for Labelled<'_> {
    fn class(self) -> Option<usize> {
        Labelled::class(&self)
    }

    fn is_ignored(self) -> bool {
        Labelled::is_ignored(&self)
    }

    fn check(self, classes: usize) -> Result<(), Error> {
        self.coefficients(classes).map(drop)
    }

    fn largest(self, classes: usize) -> f32 {
        self.coefficients(classes).ok().flatten().map_or(0.0, |coefficients| coefficients.sum())
    }

    fn sample<M: Math>(
        self,
        loss: &GradientDecay<M>,
        classes: usize,
        logits: &mut [f32],
        gradient: &mut [f32],
    ) -> Sample<f32> {
        let (used, unused) = gradient.split_at_mut_checked(classes).unwrap_or_default();
        unused.fill(0.0);
        let (logits, absent) = logits.split_at_mut_checked(classes).unwrap_or_default();
        absent.fill(0.0);
        match self.coefficients(classes) {
            Ok(Some(coefficients)) => loss.sample_with(logits, &coefficients, used),
            // Ignored: the step reports the probabilities, and a loss of 0.
            _ => loss.probabilities_in_place(logits, used),
        }
    }
}
