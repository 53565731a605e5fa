//! The errors of the library.

use core::fmt;

/// Why a call was refused. Nothing was changed by it.
///
/// The [`Display`](fmt::Display) form is one sentence that names what was wrong and what would be right:
///
/// ```
/// use gradient_decay::GradientDecay;
///
/// let error = GradientDecay::try_new(-1.0).unwrap_err();
/// assert_eq!(error.to_string(), "beta is -1, but must be in (0, 1e6]");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
// With a tag of a whole word an error is copied by words, where bytes would take a call of memcpy.
#[repr(u32)]
pub enum Error {
    /// A number is outside its range, which [`Number`] states.
    OutOfRange {
        /// Which number.
        number: Number,
        /// The value that was given.
        value: f32,
    },
    /// A slice has the wrong length.
    Length {
        /// Which slice.
        slice: Slice,
        /// The length it must have, in elements.
        expected: usize,
        /// The length it has, in elements.
        actual: usize,
    },
    /// The target is not one of the classes `0..classes`.
    Target {
        /// The target that was given.
        target: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A value is NaN or infinite.
    NotFinite {
        /// The slice that holds it.
        slice: Slice,
        /// Its index in that slice; a matrix is counted row by row.
        index: usize,
    },
    /// The step could carry a parameter or the velocity out of the range of f32: the features are too large for the
    /// learning rate, or training has diverged.
    UpdateTooLarge,
    /// The optimizer has a momentum above 0, but the head stores no velocity.
    NoVelocity,
    /// No class is in use, or none has a sample.
    NoClasses,
    /// `unlearn` was asked to take back a sample that the class cannot have learned.
    NotLearned {
        /// The class.
        class: usize,
    },
    /// More classes were asked for than there is room for, or than are in use.
    TooManyClasses {
        /// The number that was asked for.
        classes: usize,
        /// The largest number that is allowed.
        most: usize,
    },
    /// The standardizer has not yet seen enough samples to fix its units.
    NotStandardized {
        /// The number of samples seen so far.
        seen: u32,
        /// The number of samples that fixes the units.
        needed: u32,
    },
    /// The head is full: all classes that it has room for are in use.
    NoRoom {
        /// The number of classes that the head has room for.
        classes: usize,
    },
    /// The bytes are not a checkpoint, are damaged, or belong to another kind or shape of head.
    Checkpoint {
        /// The part that is invalid.
        part: CheckpointPart,
        /// The value that would be right.
        expected: u32,
        /// The value that was found.
        found: u32,
    },
}

/// A part of a checkpoint, in [`Error::Checkpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CheckpointPart {
    /// The first four bytes are wrong: this is not a checkpoint.
    Magic,
    /// The version is one that this release does not know.
    Version,
    /// The length in bytes is wrong: the bytes were cut off, or a section does not end where it should.
    Length,
    /// The CRC-32 does not match: the bytes were damaged.
    Crc,
    /// The number of classes.
    Classes,
    /// The number of features.
    Features,
    /// The exponent of fixed-point features.
    Exponent,
    /// The CRC-32 of the trained head in a [`MixedHead`](crate::MixedHead): the checkpoint was written with another trained head.
    Trained,
    /// The version of the features: the checkpoint is of a program that computes them in another way; 0 if it has no version.
    FeatureVersion,
    /// The section with the tag `expected` is absent, has a wrong length (`found`, in bytes), or holds an impossible value.
    Section,
    /// This release does not know the section with the tag `expected`, and must not skip it.
    Required,
    /// The section with the tag `expected` occurs twice.
    Repeated,
}

/// A number that has a range; the `number` of [`Error::OutOfRange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Number {
    /// The gradient decay coefficient, in (0, 1e6].
    Beta,
    /// The larger beta of a geometric schedule divided by the smaller one, in [1, 1e37].
    BetaRatio,
    /// A probability, in [0, 1].
    Probability,
    /// The learning rate, in (0, 1e6].
    LearningRate,
    /// The momentum, in [0, 1).
    Momentum,
    /// The weight decay, in [0, 1 / learning rate].
    WeightDecay,
    /// The Euclidean norm that a gradient is clipped to, in [1e-6, 1e6].
    ClipNorm,
    /// The share of label smoothing, in [0, 1].
    LabelSmoothing,
    /// The weight of a class, in [0, 1e6].
    ClassWeight,
    /// The sum of a target distribution, in [0.999, 1.001].
    TargetSum,
    /// The learning rate in fixed point, in [2^-15, 1].
    FixedRate,
    /// The logarithm of beta in fixed point, in [-104, 14].
    LnBeta,
    /// The scale of a quantization, in [1e-30, 1e30].
    Scale,
    /// The margin of a guard in nats, in [0, 100].
    Margin,
    /// The temperature of a read-out, in [0.01, 100].
    Temperature,
    /// A feature to standardise, or its mean, in [-1e18, 1e18].
    Feature,
    /// The standard deviation of a feature, in [0, 1e18].
    Deviation,
    /// The number of standard deviations above the mean score beyond which a sample is far from every class, in [-3, 30].
    NoveltyDeviations,
    /// A feature of a discriminant, in [-1e6, 1e6].
    DiscriminantFeature,
    /// The number of samples that a discriminant's prior counts as, in [1e-3, 1e6].
    PriorSamples,
    /// The part of a discriminant's prior that comes from earlier samples, kept by `discount`, in [0, prior].
    BaseSamples,
    /// The variance of a discriminant's prior, in [1e-6, 1e6].
    PriorVariance,
    /// The ridge of a discriminant: the variance that a label adds to every feature, in [0, 1].
    Ridge,
}

/// A slice; the `slice` of [`Error::Length`] and [`Error::NotFinite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Slice {
    /// Logits, one for each class.
    Logits,
    /// Probabilities, one for each class.
    Probabilities,
    /// The gradient with respect to the logits.
    Gradient,
    /// Targets, one for each row of the batch; or a target distribution, one probability for each class.
    Targets,
    /// The weights of the classes.
    ClassWeights,
    /// The features of a sample.
    Features,
    /// Parameters: the weights row by row, then the biases.
    Parameters,
    /// Velocities, in the order of the parameters.
    Velocity,
    /// The bytes of a file.
    Bytes,
    /// Work space.
    Scratch,
    /// Remembered samples.
    Samples,
    /// The mean of each feature.
    Mean,
    /// The standard deviation or the variance of each feature.
    Deviation,
    /// The sums that a calibration keeps.
    Calibration,
    /// The means and sums that a [`Novelty`](crate::Novelty) keeps.
    Novelty,
}

impl Number {
    const fn name_and_range(self) -> (&'static str, &'static str) {
        match self {
            Number::Beta => ("beta", "(0, 1e6]"),
            Number::BetaRatio => ("the ratio of the schedule's betas", "[1, 1e37]"),
            Number::Probability => ("a probability", "[0, 1]"),
            Number::LearningRate => ("the learning rate", "(0, 1e6]"),
            Number::Momentum => ("the momentum", "[0, 1)"),
            Number::WeightDecay => ("the weight decay", "[0, 1 / learning rate]"),
            Number::ClipNorm => ("the clip norm", "[1e-6, 1e6]"),
            Number::LabelSmoothing => ("label smoothing", "[0, 1]"),
            Number::ClassWeight => ("the weight of a class", "[0, 1e6]"),
            Number::FixedRate => ("the learning rate", "[2^-15, 1]"),
            Number::LnBeta => ("the logarithm of beta", "[-104, 14]"),
            Number::Scale => ("the scale", "[1e-30, 1e30]"),
            Number::Margin => ("the margin", "[0, 100]"),
            Number::Temperature => ("the temperature", "[0.01, 100]"),
            Number::Feature => ("a feature or its mean", "[-1e18, 1e18]"),
            Number::Deviation => ("the deviation of a feature", "[0, 1e18]"),
            Number::NoveltyDeviations => ("the number of deviations", "[-3, 30]"),
            Number::DiscriminantFeature => ("a feature of a discriminant", "[-1e6, 1e6]"),
            Number::PriorSamples => ("the samples of the prior", "[1e-3, 1e6]"),
            Number::BaseSamples => ("the samples of the base", "[0, those of the prior]"),
            Number::PriorVariance => ("the variance of the prior", "[1e-6, 1e6]"),
            Number::Ridge => ("the ridge", "[0, 1]"),
            Number::TargetSum => ("the sum of the target distribution", "[0.999, 1.001]"),
        }
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Slice::Logits => "logits",
            Slice::Probabilities => "probabilities",
            Slice::Gradient => "gradient",
            Slice::Targets => "targets",
            Slice::ClassWeights => "class weights",
            Slice::Features => "features",
            Slice::Parameters => "parameters",
            Slice::Velocity => "velocity",
            Slice::Bytes => "bytes",
            Slice::Scratch => "scratch",
            Slice::Samples => "samples",
            Slice::Mean => "mean",
            Slice::Deviation => "deviation",
            Slice::Calibration => "calibration",
            Slice::Novelty => "novelty",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::OutOfRange { number, value } => {
                let (name, range) = number.name_and_range();
                write!(f, "{name} is {value}, but must be in {range}")
            }
            Error::Length { slice, expected, actual } => {
                write!(f, "{slice} has length {actual}, but must have length {expected}")
            }
            Error::Target { target, classes: 0 } => {
                write!(f, "the target is {target}, but no class is in use: add one first")
            }
            Error::Target { target, classes } => {
                write!(f, "the target is {target}, but must be below the number of classes, {classes}")
            }
            Error::NotFinite { slice, index } => {
                write!(f, "element {index} of {slice} is NaN or infinite, but must be finite")
            }
            Error::UpdateTooLarge => {
                f.write_str("the step could leave the range of f32: scale the features down or lower the learning rate")
            }
            Error::NoRoom { classes } => {
                write!(f, "all {classes} classes that there is room for are in use: remove one, or make more room")
            }
            Error::Checkpoint { part, expected, found } => match part {
                CheckpointPart::Magic => {
                    write!(f, "the bytes start with {found:#010x}, but a checkpoint starts with {expected:#010x}")
                }
                CheckpointPart::Crc => {
                    write!(f, "the CRC of the checkpoint is {found:#010x}, but must be {expected:#010x}")
                }
                CheckpointPart::Version => {
                    write!(f, "the version of the checkpoint is {found}, but this release knows those up to {expected}")
                }
                CheckpointPart::Length => {
                    write!(f, "the checkpoint or a section of it has {found} bytes, but must have {expected}")
                }
                CheckpointPart::Classes => {
                    write!(f, "the checkpoint is of a head with {found} classes, but must be of one with {expected}")
                }
                CheckpointPart::Features => {
                    write!(f, "the checkpoint is of a head with {found} features, but must be of one with {expected}")
                }
                CheckpointPart::Exponent => {
                    write!(
                        f,
                        "the checkpoint is of features with the exponent {found}, but must be of ones with {expected}"
                    )
                }
                CheckpointPart::Trained => write!(
                    f,
                    "the checkpoint is of a head mixed with a trained one of the CRC {found:#010x}, but must be of one with {expected:#010x}"
                ),
                CheckpointPart::FeatureVersion => write!(
                    f,
                    "the checkpoint is of features of the version {found}, but must be of those of version {expected}"
                ),
                CheckpointPart::Section => {
                    write!(f, "the checkpoint's section {expected} is absent or of another shape: it has {found} bytes")
                }
                CheckpointPart::Required => {
                    write!(
                        f,
                        "the checkpoint's section {expected} is needed to read it, and this release does not know it"
                    )
                }
                CheckpointPart::Repeated => {
                    write!(f, "the checkpoint's section {expected} is there twice, but must be there once")
                }
            },
            Error::NoVelocity => {
                f.write_str("the optimizer has momentum, but the head stores no velocity: use a MomentumHead")
            }
            Error::NoClasses => f.write_str("no class is in use: add one first"),
            Error::NotLearned { class } => {
                write!(
                    f,
                    "this sample cannot have been learned as class {class}: take back one that was, with its label"
                )
            }
            Error::TooManyClasses { classes, most } => {
                write!(f, "{classes} classes were asked for, but there can be at most {most}")
            }
            Error::NotStandardized { seen, needed } => write!(
                f,
                "the standardizer has seen {seen} of the {needed} samples that fix its units: let it observe more, or set them"
            ),
        }
    }
}

impl core::error::Error for Error {}

/// `Ok` if `slice` has the expected length.
pub(crate) fn check_length(slice: Slice, expected: usize, actual: usize) -> Result<(), Error> {
    if actual == expected { Ok(()) } else { Err(Error::Length { slice, expected, actual }) }
}

/// `Ok` if every element of `values` is finite.
pub(crate) fn check_finite(slice: Slice, values: &[f32]) -> Result<(), Error> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::NotFinite { slice, index }),
    }
}

/// `Ok` if `classes` is at most `most`.
pub(crate) fn check_classes(most: usize, classes: usize) -> Result<(), Error> {
    if classes <= most { Ok(()) } else { Err(Error::TooManyClasses { classes, most }) }
}

/// `Ok` if there is at least one logit and all are finite.
pub(crate) fn check_logits(logits: &[f32]) -> Result<(), Error> {
    check_length(Slice::Logits, logits.len().max(1), logits.len())?;
    check_finite(Slice::Logits, logits)
}

/// `Ok` if the target is in `0..classes`.
pub(crate) fn check_target(classes: usize, target: usize) -> Result<(), Error> {
    if target < classes { Ok(()) } else { Err(Error::Target { target, classes }) }
}

/// Unwraps the result of a `try_` constructor, in a const or at run time.
///
/// # Panics
/// If the result is an error; the message names the number and its range.
pub(crate) const fn expect_in_range<T: Copy>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(Error::OutOfRange { number: Number::Beta, .. }) => panic!("beta must be in (0, 1e6]"),
        Err(Error::OutOfRange { number: Number::BetaRatio, .. }) => panic!("the ratio of betas must be at most 1e37"),
        Err(Error::OutOfRange { number: Number::LearningRate, .. }) => panic!("the learning rate must be in (0, 1e6]"),
        Err(Error::OutOfRange { number: Number::Momentum, .. }) => panic!("the momentum must be in [0, 1)"),
        Err(Error::OutOfRange { number: Number::WeightDecay, .. }) => {
            panic!("the weight decay must be in [0, 1 / learning rate]")
        }
        Err(Error::OutOfRange { number: Number::ClipNorm, .. }) => panic!("the clip norm must be in [1e-6, 1e6]"),
        Err(Error::OutOfRange { number: Number::LabelSmoothing, .. }) => panic!("label smoothing must be in [0, 1]"),
        Err(Error::OutOfRange { number: Number::ClassWeight, .. }) => panic!("class weights must be in [0, 1e6]"),
        Err(Error::OutOfRange { number: Number::FixedRate, .. }) => panic!("the learning rate must be in [2^-15, 1]"),
        Err(Error::OutOfRange { number: Number::LnBeta, .. }) => panic!("the logarithm of beta must be in [-104, 14]"),
        Err(Error::OutOfRange { number: Number::Scale, .. }) => panic!("the scale must be in [1e-30, 1e30]"),
        Err(Error::OutOfRange { number: Number::Margin, .. }) => panic!("the margin must be in [0, 100]"),
        Err(Error::OutOfRange { number: Number::Temperature, .. }) => panic!("the temperature must be in [0.01, 100]"),
        Err(Error::OutOfRange { number: Number::Probability, .. }) => panic!("the threshold must be in [0, 1]"),
        Err(Error::OutOfRange { number: Number::PriorSamples, .. }) => {
            panic!("the samples of the prior must be in [1e-3, 1e6]")
        }
        Err(Error::OutOfRange { number: Number::PriorVariance, .. }) => {
            panic!("the variance of the prior must be in [1e-6, 1e6]")
        }
        Err(Error::OutOfRange { number: Number::Ridge, .. }) => panic!("the ridge must be in [0, 1]"),
        Err(Error::OutOfRange { number: Number::NoveltyDeviations, .. }) => {
            panic!("the deviations must be in [-3, 30]")
        }
        Err(_) => panic!("a setting is out of range"),
    }
}
