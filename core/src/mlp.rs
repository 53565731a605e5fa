//! A head with one hidden layer: `z = W2 relu(W1 x + b1) + b2`, for classes that a plane does not part.

use crate::error::Error;
use crate::fine_tune::{FineTuner, Layer, State, Step, norm, scale};
use crate::head::{LinearHead, Prediction, add_products, predict};
use crate::kernels;
use crate::loss::check_target;
use crate::math::{Libm, Math};
use crate::optimizer::{NoVelocity, Velocity};
use crate::random::Random;

/// A network of `FEATURES` features, `HIDDEN` units with ReLU and `CLASSES` logits, all in f32. `M` is the math backend.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, MlpHead, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.2));
/// let (mut head, mut state) = (MlpHead::<2, 8, 2>::new(), State::new());
/// head.initialise(1);
/// let exclusive_or = [([0.0, 0.0], 0), ([1.0, 0.0], 1), ([0.0, 1.0], 1), ([1.0, 1.0], 0)];
/// for (features, target) in exclusive_or.iter().cycle().take(2000) {
///     TUNER.step_mlp(&mut head, &mut state, features, *target)?;
/// }
/// for (features, target) in exclusive_or {
///     assert_eq!(head.predict(&features)?.class, target);
/// }
/// assert_eq!(MlpHead::<2, 8, 2>::BYTES, 4 * (8 * 3 + 2 * 9));
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MlpHead<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M = Libm> {
    /// The hidden layer, before ReLU.
    pub hidden: LinearHead<HIDDEN, FEATURES, M>,
    /// The layer behind it.
    pub output: LinearHead<CLASSES, HIDDEN, M>,
}

/// The velocity of both layers, for a momentum above 0.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MlpVelocity<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize> {
    /// That of the hidden layer.
    pub hidden: Velocity<HIDDEN, FEATURES>,
    /// That of the layer behind it.
    pub output: Velocity<CLASSES, HIDDEN>,
}

/// What a training state may store as the velocity of an [`MlpHead`]: an [`MlpVelocity`] of its shape, or [`NoVelocity`].
pub trait MlpVelocityStore<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize> {
    /// The stored velocity, if there is one.
    fn velocity_mut(&mut self) -> Option<&mut MlpVelocity<CLASSES, HIDDEN, FEATURES>>;
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize> MlpVelocityStore<CLASSES, HIDDEN, FEATURES>
    for NoVelocity
{
    fn velocity_mut(&mut self) -> Option<&mut MlpVelocity<CLASSES, HIDDEN, FEATURES>> {
        None
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize> MlpVelocityStore<CLASSES, HIDDEN, FEATURES>
    for MlpVelocity<CLASSES, HIDDEN, FEATURES>
{
    fn velocity_mut(&mut self) -> Option<&mut MlpVelocity<CLASSES, HIDDEN, FEATURES>> {
        Some(self)
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize> State<MlpVelocity<CLASSES, HIDDEN, FEATURES>> {
    /// Before the first step of an [`MlpHead`], with a velocity at rest.
    pub const fn with_mlp_velocity() -> Self {
        State::with(MlpVelocity { hidden: Velocity::new(), output: Velocity::new() })
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M> MlpHead<CLASSES, HIDDEN, FEATURES, M> {
    /// The bytes in memory: four a parameter.
    pub const BYTES: usize = size_of::<Self>();

    /// All zeros: to take over trained layers, or to [`initialise`](Self::initialise), without which nothing is ever learned.
    pub const fn new() -> Self {
        MlpHead { hidden: LinearHead::new(), output: LinearHead::new() }
    }

    /// The logits of a sample.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the feature that is NaN or infinite, or the hidden unit or logit that leaves the range of f32,
    /// both as logits; `logits` is then unchanged.
    pub fn logits(&self, features: &[f32; FEATURES], logits: &mut [f32; CLASSES]) -> Result<(), Error> {
        let units = self.units(features)?;
        let mut result = self.output.bias;
        add_products(&self.output.weights, &units, &mut result)?;
        *logits = result;
        Ok(())
    }

    /// The hidden units, behind ReLU.
    fn units(&self, features: &[f32; FEATURES]) -> Result<[f32; HIDDEN], Error> {
        let mut units = self.hidden.bias;
        add_products(&self.hidden.weights, features, &mut units)?;
        for unit in &mut units {
            *unit = if *unit > 0.0 { *unit } else { 0.0 };
        }
        Ok(units)
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M: Math> MlpHead<CLASSES, HIDDEN, FEATURES, M> {
    /// Random weights of the hidden layer, even in `+-sqrt(6 / FEATURES)` (He et al., 2015), its biases and the layer behind it
    /// zero: every class is equally probable. The same seed gives the same head.
    pub fn initialise(&mut self, seed: u32) {
        *self = Self::new();
        let mut random = Random::new(seed);
        let limit = M::sqrt(6.0 / FEATURES as f32);
        for weight in self.hidden.weights.as_flattened_mut() {
            // 24 random bits, as f32 has.
            *weight = limit * (random.below(1 << 24) as f32 / 8_388_608.0 - 1.0);
        }
    }

    /// The most probable class of a sample and its softmax probability.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn predict(&self, features: &[f32; FEATURES]) -> Result<Prediction, Error> {
        let units = self.units(features)?;
        let mut logits = self.output.bias;
        add_products(&self.output.weights, &units, &mut logits)?;
        Ok(predict::<M>(&mut logits))
    }
}

impl FineTuner {
    /// A step on both layers of an [`MlpHead`]: forward pass, loss, the gradient back through both, update. `target` in
    /// `0..CLASSES`. No gradient of a layer's weights is stored: two arrays of `HIDDEN` numbers and one of `CLASSES` are all.
    ///
    /// # Errors
    /// As [`step`](Self::step); after an error every byte of `head` and `state` is as it was before the call.
    pub fn step_mlp<
        const CLASSES: usize,
        const HIDDEN: usize,
        const FEATURES: usize,
        M: Math,
        V: MlpVelocityStore<CLASSES, HIDDEN, FEATURES>,
    >(
        &self,
        head: &mut MlpHead<CLASSES, HIDDEN, FEATURES, M>,
        state: &mut State<V>,
        features: &[f32; FEATURES],
        target: usize,
    ) -> Result<Step, Error> {
        check_target(CLASSES, target)?;
        let units = head.units(features)?;
        let mut gradient = head.output.bias;
        add_products(&head.output.weights, &units, &mut gradient)?;
        let loss = self.schedule().at::<M>(state.steps());
        let sample = loss.sample(&mut gradient, target);

        // Back through the weights before they change: that of unit j is sum_k g_k w_kj, where the unit is on.
        let mut unit_gradient = [0.0; HIDDEN];
        for (row, g) in head.output.weights.iter().zip(&gradient) {
            kernels::update(&mut unit_gradient, 1.0, -g, row);
        }
        let mut largest = 0.0;
        for (d, unit) in unit_gradient.iter_mut().zip(&units) {
            *d = if *unit > 0.0 { *d } else { 0.0 };
            largest = if d.abs() > largest { d.abs() } else { largest };
        }
        let magnitudes = [kernels::sum_of_magnitudes(features) + 1.0, kernels::sum_of_magnitudes(&units) + 1.0];
        let slopes = [magnitudes[0] * largest, magnitudes[1]];
        // An infinite or NaN gradient of a unit would be compared with no bound.
        if !unit_gradient.iter().sum::<f32>().is_finite() || !slopes[0].is_finite() {
            return Err(Error::UpdateTooLarge);
        }
        if let Some(clip_norm) = self.optimizer().clip_norm() {
            let norms =
                [norm::<M>(&unit_gradient, features, magnitudes[0]), norm::<M>(&gradient, &units, magnitudes[1])];
            // The norm of both without squares that overflow.
            let (more, less) = if norms[0] > norms[1] { (norms[0], norms[1]) } else { (norms[1], norms[0]) };
            let norm = if more > 0.0 { more * M::sqrt(1.0 + (less / more) * (less / more)) } else { 0.0 };
            if norm > clip_norm {
                scale(&mut gradient, clip_norm / norm);
                scale(&mut unit_gradient, clip_norm / norm);
            }
        }
        let (hidden_velocity, output_velocity) =
            state.velocity.velocity_mut().map(|velocity| (&mut velocity.hidden, &mut velocity.output)).unzip();
        let LinearHead { weights, bias, .. } = &mut head.hidden;
        let mut hidden =
            Layer { weights: weights.as_mut_slice(), bias: bias.as_mut_slice(), velocity: hidden_velocity };
        let LinearHead { weights, bias, .. } = &mut head.output;
        let mut output =
            Layer { weights: weights.as_mut_slice(), bias: bias.as_mut_slice(), velocity: output_velocity };
        let bounds = [self.check(&hidden, slopes[0])?, self.check(&output, slopes[1])?];
        self.write(&mut hidden, &mut unit_gradient, features, bounds[0]);
        self.write(&mut output, &mut gradient, &units, bounds[1]);
        state.count();
        Ok(Step::new(&loss, &sample))
    }
}

impl<const CLASSES: usize, const HIDDEN: usize, const FEATURES: usize, M> Default
    for MlpHead<CLASSES, HIDDEN, FEATURES, M>
{
    fn default() -> Self {
        Self::new()
    }
}
