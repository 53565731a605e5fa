//! A head with one hidden layer: `z = W2 relu(W1 x + b1) + b2`, for classes that are not linearly separable.

use crate::error::{Error, Slice, check_length};
use crate::heads::head::{Classes, Head};
use crate::heads::linear::{LinearHead, check_logits};
use crate::heads::prediction::Prediction;
use crate::heads::storage::{Empty, Owned, Pair, ReadStorage, StoredVelocity, Velocity, Work};
use crate::numeric::math::{Libm, Math};
use crate::numeric::random::Random;

/// A network of `FEATURES` features, `HIDDEN` units with ReLU and room for `CLASSES` logits, all in f32. `M` is the math backend; `V`
/// and `W` are the velocities of its layers, none by default.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, MlpHead, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.2));
/// let (mut head, mut state) = (MlpHead::<2, 8, 2>::new(), State::new());
/// head.initialise(1);
/// let exclusive_or = [([0.0, 0.0], 0), ([1.0, 0.0], 1), ([0.0, 1.0], 1), ([1.0, 1.0], 0)];
/// for (features, target) in exclusive_or.iter().cycle().take(2000) {
///     TUNER.step(&mut head, &mut state, features, *target)?;
/// }
/// for (features, target) in exclusive_or {
///     assert_eq!(head.predict(&features)?.class, target);
/// }
/// assert_eq!(MlpHead::<2, 8, 2>::BYTES, 4 * (8 * 3 + 2 * 9) + 8);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MlpHead<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M = Libm, V = (), W = ()> {
    /// The hidden layer, before ReLU. A linear layer whose rows are all in use.
    pub(crate) hidden: LinearHead<HIDDEN, FEATURES, M, V>,
    /// The output layer, with one row for each class.
    pub(crate) output: LinearHead<CLASSES, HIDDEN, M, W>,
}

/// An [`MlpHead`] that stores velocities, for an optimizer with momentum.
pub type MomentumMlpHead<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M = Libm> =
    MlpHead<CLASSES, HIDDEN, FEATURES, M, Velocity<HIDDEN, FEATURES>, Velocity<CLASSES, HIDDEN>>;

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M, V: StoredVelocity, W: StoredVelocity>
    MlpHead<CLASSES, HIDDEN, FEATURES, M, V, W>
{
    /// The size in RAM, in bytes: four for each parameter, and 8 more.
    pub const BYTES: usize = size_of::<Self>();

    /// A head of zeros. Import trained layers or call [`initialise`](Self::initialise) next: from all zeros the hidden layer never learns.
    pub const fn new() -> Self {
        MlpHead {
            hidden: LinearHead::<HIDDEN, FEATURES, M, V>::new(),
            output: LinearHead::<CLASSES, HIDDEN, M, W>::new(),
        }
    }

    /// The hidden layer, before ReLU.
    pub const fn hidden(&self) -> &LinearHead<HIDDEN, FEATURES, M, V> {
        &self.hidden
    }

    /// The output layer, with one row for each class.
    pub const fn output(&self) -> &LinearHead<CLASSES, HIDDEN, M, W> {
        &self.output
    }

    /// Replaces the parameters of the hidden layer, in the order of [`Linear::import`](crate::Linear::import).
    ///
    /// # Errors
    /// As [`Linear::import`](crate::Linear::import).
    pub fn import_hidden(&mut self, parameters: &[f32]) -> Result<(), Error> {
        self.hidden.import(parameters)
    }

    /// Replaces the parameters of the output layer; all classes are in use then.
    ///
    /// # Errors
    /// As [`Linear::import`](crate::Linear::import).
    pub fn import_output(&mut self, parameters: &[f32]) -> Result<(), Error> {
        self.output.import(parameters)
    }

    /// Keeps the first `classes` of the classes in use: see [`Linear::truncate`](crate::Linear::truncate).
    ///
    /// # Errors
    /// [`Error::TooManyClasses`] if fewer are in use; nothing is then changed.
    pub fn truncate(&mut self, classes: usize) -> Result<(), Error> {
        self.output.truncate(classes)
    }

    /// The logits of a sample; minus infinity for each row that is not in use.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the feature that is NaN or infinite, or the hidden unit or logit that leaves the range of f32
    /// (either is reported as a logit); `logits` is then unchanged.
    pub fn logits(&self, features: &[f32; FEATURES], logits: &mut [f32; CLASSES]) -> Result<(), Error> {
        let mut units = [0.0; HIDDEN];
        self.units(features, &mut units)?;
        self.output.logits(&units, logits)
    }

    /// The hidden units, after ReLU.
    pub(crate) fn units(&self, features: &[f32; FEATURES], units: &mut [f32; HIDDEN]) -> Result<(), Error> {
        let layer: &Owned<HIDDEN, FEATURES, V> = &self.hidden.storage;
        layer.copy_bias(units);
        layer.add_products(features, units);
        check_logits(features, units)?;
        units.iter_mut().for_each(|unit| *unit = if *unit > 0.0 { *unit } else { 0.0 });
        Ok(())
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M: Math, V: StoredVelocity, W: StoredVelocity>
    MlpHead<CLASSES, HIDDEN, FEATURES, M, V, W>
{
    /// Draws the weights of the hidden layer uniformly from `+-sqrt(6 / FEATURES)` (He et al., 2015); its biases and the output layer
    /// become zero, so every class in use is equally probable. The same seed gives the same head.
    pub fn initialise(&mut self, seed: u32) {
        let unused = self.output.unused;
        *self = Self::new();
        self.output.unused = unused;
        let mut random = Random::new(seed);
        let limit = M::sqrt(6.0 / FEATURES as f32);
        for weight in self.hidden.storage.weights.as_flattened_mut() {
            // 24 random bits, as f32 has.
            *weight = limit * (random.below(1 << 24) as f32 / 8_388_608.0 - 1.0);
        }
    }

    /// The most probable class of a sample and its softmax probability.
    ///
    /// # Errors
    /// As [`logits`](Self::logits); [`Error::NoClasses`] if no class is in use.
    pub fn predict(&self, features: &[f32; FEATURES]) -> Result<Prediction, Error> {
        let mut units = [0.0; HIDDEN];
        self.units(features, &mut units)?;
        self.output.predict(&units)
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M: Math, V: StoredVelocity, W: StoredVelocity>
    Head for MlpHead<CLASSES, HIDDEN, FEATURES, M, V, W>
{
    type Features = [f32; FEATURES];
    type Number = f32;
    type Math = M;

    fn room(&self) -> usize {
        CLASSES
    }

    fn classes(&self) -> usize {
        self.output.classes()
    }

    fn logits(&self, features: &[f32; FEATURES], logits: &mut [f32]) -> Result<(), Error> {
        check_length(Slice::Logits, CLASSES, logits.len())?;
        let mut units = [0.0; HIDDEN];
        self.units(features, &mut units)?;
        Head::logits(&self.output, &units, logits)
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M: Math, V: StoredVelocity, W: StoredVelocity>
    Classes for MlpHead<CLASSES, HIDDEN, FEATURES, M, V, W>
{
    fn add_class(&mut self) -> Result<usize, Error> {
        self.output.add_class()
    }

    fn remove_class(&mut self, class: usize) -> Result<(), Error> {
        self.output.remove_class(class)
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M, V: StoredVelocity, W: StoredVelocity> Default
    for MlpHead<CLASSES, HIDDEN, FEATURES, M, V, W>
{
    fn default() -> Self {
        Self::new()
    }
}

/// Work space for the hidden units and their gradient, and for the logits and theirs.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MlpWork<const CLASSES: usize, const HIDDEN: usize> {
    pub(crate) pair: Pair<f32, CLASSES>,
    pub(crate) units: [f32; HIDDEN],
    pub(crate) unit_gradient: [f32; HIDDEN],
}

impl<const CLASSES: usize, const HIDDEN: usize> Empty for MlpWork<CLASSES, HIDDEN> {
    const EMPTY: Self =
        MlpWork { pair: Pair::<f32, CLASSES>::EMPTY, units: [0.0; HIDDEN], unit_gradient: [0.0; HIDDEN] };
}

impl<const CLASSES: usize, const HIDDEN: usize> Work for MlpWork<CLASSES, HIDDEN> {
    type Number = f32;

    #[inline]
    fn pair(&mut self) -> (&mut [f32], &mut [f32]) {
        self.pair.pair()
    }

    #[inline]
    fn seen(&self) -> &[f32] {
        self.pair.seen()
    }
}
