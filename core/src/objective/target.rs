//! Labels other than a plain class: a distribution, label smoothing, class weights, an ignored class. Terms
//! and meanings are those of PyTorch's `CrossEntropyLoss`.
//!
//! A target gives each class k a coefficient `a_k >= 0`, and the loss is the weighted sum of the losses with each class as
//! the target:
//!
//! ```text
//! a_k = w_k ((1 - smoothing) t_k + smoothing / K)         t one-hot, or the distribution; w the class weights, or 1
//! L   = sum_k a_k L(z, k; beta)
//! dL/dz_i = p_i sum_{k != i} a_k / D_k - a_i (1 - p_i) / D_i,   D_k = 1 + (beta - 1) p_k,   p = softmax(z)
//! ```
//!
//! With `L(z, k; beta)` the [loss](crate::loss) of the class k; at `beta = 1` this is cross-entropy, `D = 1`. The average of a
//! batch is the caller's: PyTorch divides by the sum of the targets' weights for classes, by the number of samples for
//! distributions.

use crate::error::{Error, Number, Slice, check_length, check_target, expect_in_range};

/// The largest weight of a class.
const WEIGHT_MAX: f32 = 1e6;

/// The label of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Target<'a> {
    /// A class, in 0..K.
    Class(usize),
    /// The probability of each of the K classes: each in [0, 1], and their sum 1 within 1e-3.
    Distribution(&'a [f32]),
}

/// How targets are read: label smoothing, class weights, an ignored class. The default is none of them.
///
/// ```
/// use gradient_decay::{GradientDecay, Target, TargetOptions};
///
/// // Class 2 is rare, class 0 stands for "not labelled".
/// const OPTIONS: TargetOptions =
///     TargetOptions::new().with_label_smoothing(0.1).with_class_weights(&[1.0, 1.0, 3.0]).with_ignore_index(0);
/// let loss = GradientDecay::new(0.5);
/// let mut gradient = [0.0; 3];
/// let logits = [1.0, 0.0, -1.0];
/// let value = loss.loss_and_gradient_with(&logits, &Target::Class(2), &OPTIONS, &mut gradient)?;
/// assert!((value.unwrap() - 8.642_027).abs() < 1e-4);
/// assert!(gradient[2] < 0.0 && gradient.iter().sum::<f32>().abs() < 1e-6);
/// assert_eq!(loss.loss_and_gradient_with(&logits, &Target::Class(0), &OPTIONS, &mut gradient)?, None);
/// assert_eq!(gradient, [0.0; 3]);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TargetOptions<'a> {
    label_smoothing: f32,
    class_weights: Option<&'a [f32]>,
    ignore_index: Option<usize>,
}

impl<'a> Target<'a> {
    /// The target with the options that it is read by, which together are the label of a [step](crate::FineTuner::step).
    pub const fn with(self, options: &'a TargetOptions<'a>) -> Labelled<'a> {
        Labelled { target: self, options }
    }
}

/// A target with the options that it is read by: see [`Target::with`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Labelled<'a> {
    target: Target<'a>,
    options: &'a TargetOptions<'a>,
}

impl Labelled<'_> {
    /// The class, if the target is a single class that is not ignored.
    pub fn class(&self) -> Option<usize> {
        match self.target {
            Target::Class(class) if !self.is_ignored() => Some(class),
            _ => None,
        }
    }

    /// Whether the options ignore the target.
    pub fn is_ignored(&self) -> bool {
        matches!(self.target, Target::Class(class) if self.options.ignore_index == Some(class))
    }

    /// See [`TargetOptions::coefficients`].
    pub(crate) fn coefficients(&self, classes: usize) -> Result<Option<Coefficients<'_>>, Error> {
        self.options.coefficients(&self.target, classes)
    }
}

impl<'a> TargetOptions<'a> {
    /// No smoothing, no weights, nothing ignored.
    pub const fn new() -> Self {
        TargetOptions { label_smoothing: 0.0, class_weights: None, ignore_index: None }
    }

    /// With this share of the target spread evenly over all classes, in [0, 1].
    ///
    /// # Panics
    /// If it is out of range; in a const, when it is compiled.
    pub const fn with_label_smoothing(self, label_smoothing: f32) -> Self {
        expect_in_range(self.try_with_label_smoothing(label_smoothing))
    }

    /// [`with_label_smoothing`](Self::with_label_smoothing), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it is not in [0, 1].
    pub const fn try_with_label_smoothing(self, label_smoothing: f32) -> Result<Self, Error> {
        if label_smoothing >= 0.0 && label_smoothing <= 1.0 {
            Ok(TargetOptions { label_smoothing, ..self })
        } else {
            Err(Error::OutOfRange { number: Number::LabelSmoothing, value: label_smoothing })
        }
    }

    /// With one weight for each class, in [0, 1e6]. Their number is checked when they are used.
    ///
    /// # Panics
    /// If one is out of range; in a const, when it is compiled.
    pub const fn with_class_weights(self, class_weights: &'a [f32]) -> Self {
        expect_in_range(self.try_with_class_weights(class_weights))
    }

    /// [`with_class_weights`](Self::with_class_weights), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if a weight is not in [0, 1e6].
    pub const fn try_with_class_weights(self, class_weights: &'a [f32]) -> Result<Self, Error> {
        let mut rest = class_weights;
        while let Some((weight, others)) = rest.split_first() {
            if !(*weight >= 0.0 && *weight <= WEIGHT_MAX) {
                return Err(Error::OutOfRange { number: Number::ClassWeight, value: *weight });
            }
            rest = others;
        }
        Ok(TargetOptions { class_weights: Some(class_weights), ..self })
    }

    /// Ignores samples whose target is this class: they have no loss and no gradient. It need not be below K.
    pub const fn with_ignore_index(self, ignore_index: usize) -> Self {
        TargetOptions { ignore_index: Some(ignore_index), ..self }
    }

    /// The coefficients of a target over `classes` classes; `None` if it is ignored.
    pub(crate) fn coefficients<'b>(
        &'b self,
        target: &'b Target<'_>,
        classes: usize,
    ) -> Result<Option<Coefficients<'b>>, Error> {
        if let Some(weights) = self.class_weights {
            check_length(Slice::ClassWeights, classes, weights.len())?;
        }
        match *target {
            Target::Class(class) if self.ignore_index == Some(class) => return Ok(None),
            Target::Class(class) => check_target(classes, class)?,
            Target::Distribution(distribution) => {
                check_length(Slice::Targets, classes, distribution.len())?;
                if let Some(&value) = distribution.iter().find(|p| !(0.0..=1.0).contains(*p)) {
                    return Err(Error::OutOfRange { number: Number::Probability, value });
                }
                let sum = distribution.iter().sum::<f32>();
                if !(0.999..=1.001).contains(&sum) {
                    return Err(Error::OutOfRange { number: Number::TargetSum, value: sum });
                }
            }
        }
        Ok(Some(Coefficients { options: self, target, classes }))
    }
}

impl Default for TargetOptions<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// The coefficients of a checked target.
#[derive(Clone, Copy)]
pub(crate) struct Coefficients<'a> {
    options: &'a TargetOptions<'a>,
    target: &'a Target<'a>,
    classes: usize,
}

impl Coefficients<'_> {
    /// The coefficient of a class.
    pub(crate) fn of(&self, class: usize) -> f32 {
        let smoothing = self.options.label_smoothing;
        let plain = match self.target {
            Target::Class(target) => f32::from(u8::from(*target == class)),
            Target::Distribution(distribution) => distribution.get(class).copied().unwrap_or_default(),
        };
        self.weight(class) * ((1.0 - smoothing) * plain + smoothing / self.classes as f32)
    }

    /// The sum of the coefficients, which no element of the gradient exceeds in magnitude.
    pub(crate) fn sum(&self) -> f32 {
        (0..self.classes).fold(0.0, |sum, class| sum + self.of(class))
    }

    /// The only class with a coefficient, and its weight, if the target is a class without smoothing.
    pub(crate) fn one_class(&self) -> Option<(usize, f32)> {
        match *self.target {
            Target::Class(class) if self.options.label_smoothing == 0.0 => Some((class, self.weight(class))),
            _ => None,
        }
    }

    fn weight(&self, class: usize) -> f32 {
        self.options.class_weights.map_or(1.0, |weights| weights.get(class).copied().unwrap_or_default())
    }
}
