//! Nearest neighbours on top of another head: the distances from kept samples, for classes that no plane divides.
//!
//! A discriminant knows a class by its mean and by a scatter that all share. Where a class is several clusters, or lies inside another, samples
//! say more: `z = a z_base + b z_near`, `z_near = -d / (2 s)`, where `d` is the squared Euclidean distance from the nearest kept sample of the class, and
//! `s` the running mean of the distances that labelled samples had from those of their own class. `a` and `b`, at first 1 and 0.5, are learned from what both said of
//! each sample before it was learned: stacking (Wolpert, 1992).
//!
//! As long as there are classes of which no sample is kept, for example those that only a trained head knows, kept samples say nothing of these:
//! the others' logits are moved together so that their probabilities keep their sum, and `a` and `b` stay.

use crate::error::Error;
use crate::heads::head::{Classes, Head, check_known};
use crate::heads::number::Number as _;
use crate::heads::stacking::Stacking;
use crate::learning::replay::{Memory as _, Reservoir, Slots};
use crate::numeric::math::Math as _;

/// The labels over which the mean of distances runs.
const WINDOW: u32 = 100;
/// The mean of the squared distance in a feature before the first label, for features with a deviation of 1.
const FIRST: f32 = 0.5;
/// The smallest mean of distances: where all samples are equal, they are still compared.
const LEAST: f32 = 1e-6;

/// A head `base`, and kept samples over the slots `S` on the same features. Its RAM is that of the base, that of the samples, and 28 bytes.
///
/// An answer takes a multiply-add for each feature of each kept sample more than the base's. Samples are kept as in a [`Replay`](crate::Replay): a
/// uniform random choice of those of each class, as they are or [quantized](crate::Quantized); the features are then quantized as well, and distances taken in
/// integers, which a core without an FPU does in a ninth of the instructions. Kept samples are personal data, in every checkpoint but those
/// [`without_samples`](crate::Contents::without_samples). [`Classes::remove_class`] overwrites the samples of a class, and
/// [`Learner::unlearn`](crate::Learner::unlearn) the sample, if it is kept; `a`, `b` and `s` stay. [`Neighbours::replace_base`] forgets them all, which
/// [`Learner::forget`](crate::Learner::forget) does not: they are part of the head.
///
/// ```
/// use gradient_decay::{DiscriminantHead, Head, Learner, Neighbours, Parts, Quantized, Replay, StreamingLda};
///
/// const LDA: StreamingLda = StreamingLda::new();
/// // Exclusive or: both classes have the same mean.
/// let sample = |i: usize| ([(i % 2) as f32 * 2.0 - 1.0, (i / 2 % 2) as f32 * 2.0 - 1.0], i % 2 ^ i / 2 % 2);
/// let kept = Replay::<2, 8, [f32; 2], Quantized<2>>::new(1);
/// let mut learner = Learner::new(Neighbours::new(DiscriminantHead::<2, 2, 1>::new(), kept), Parts::NONE);
/// for i in 0..40 {
///     let (x, class) = sample(i);
///     learner.learn(&LDA, &x, class)?;
/// }
/// for i in 0..4 {
///     let (x, class) = sample(i);
///     assert_eq!(learner.answer(&x)?.class(), Some(class));
/// }
/// let [of_base, of_kept] = learner.head().weights();
/// assert!(of_kept > of_base);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Neighbours<B, S> {
    pub(crate) base: B,
    pub(crate) kept: Reservoir<S>,
    pub(crate) state: NeighboursState,
}

/// The weights of the two parts of a [`Neighbours`] and the mean of its distances: what a caller must keep beside the numbers of a head over slices.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NeighboursState {
    pub(crate) stacking: Stacking,
    /// The mean of squared distances divided by the number of features.
    pub(crate) mean: f32,
    /// The distances in that mean, at most [`WINDOW`].
    pub(crate) labels: u32,
}

impl NeighboursState {
    /// Before the first label.
    pub const NEW: Self = NeighboursState { stacking: Stacking::NEW, mean: FIRST, labels: 0 };

    /// The weight `a` of the base's logits, in [1/16, 16], and `b` of the kept samples', in [0, 16].
    pub const fn weights(&self) -> [f32; 2] {
        self.stacking.weights
    }

    /// Whether a checkpoint's numbers can be those of a head that learned.
    #[cfg(feature = "checkpoint")]
    pub(crate) fn is_sound(&self) -> bool {
        self.stacking.is_sound() && self.mean >= LEAST && self.mean.is_finite() && self.labels <= WINDOW
    }

    /// The logit of kept samples at a squared distance, divided by the number of features; `s` is the mean times that number.
    fn near(&self, distance: f32) -> f32 {
        -distance / (2.0 * self.mean)
    }

    /// Takes the distance with this logit into the mean.
    pub(crate) fn observe(&mut self, near: f32) {
        let distance = -2.0 * self.mean * near;
        self.labels = (self.labels + 1).min(WINDOW);
        self.mean += (distance - self.mean) / (self.labels + 1) as f32;
        self.mean = self.mean.max(LEAST);
    }
}

impl<B, S> Neighbours<B, S> {
    /// Combines a head and an empty memory of as many classes.
    pub const fn new(base: B, kept: Reservoir<S>) -> Self {
        Neighbours { base, kept, state: NeighboursState::NEW }
    }

    /// The same with the state that an earlier one had: for a head over slices, which exists for one call only.
    pub fn with_state(self, state: NeighboursState) -> Self {
        Neighbours { state, ..self }
    }

    /// Weights and mean distance.
    pub const fn state(&self) -> NeighboursState {
        self.state
    }

    /// The weight `a` of the base's logits, in [1/16, 16], and `b` of the kept samples', in [0, 16].
    pub const fn weights(&self) -> [f32; 2] {
        self.state.weights()
    }

    /// The base head.
    pub const fn base(&self) -> &B {
        &self.base
    }

    /// The kept samples.
    pub const fn kept(&self) -> &Reservoir<S> {
        &self.kept
    }

    /// Base and kept samples, for a head that exists for one call only.
    pub fn into_parts(self) -> (B, Reservoir<S>) {
        (self.base, self.kept)
    }
}

impl<B, S: Slots> Neighbours<B, S> {
    /// Lets `change` replace the base or its parameters, and then overwrites the kept samples and begins the weights anew: for another user,
    /// whose head this is from now on.
    ///
    /// # Errors
    /// Those of `change`, which must then leave the base as it was; everything is then as before.
    ///
    /// ```
    /// use gradient_decay::{DiscriminantHead, Learner, Neighbours, Parts, Replay, StreamingLda};
    ///
    /// let kept = Replay::<2, 8, [f32; 2]>::new(1);
    /// let mut learner = Learner::new(Neighbours::new(DiscriminantHead::<2, 2, 1>::new(), kept), Parts::NONE);
    /// learner.learn(&StreamingLda::new(), &[1.0, 0.0], 0)?;
    /// let steps = learner.steps();
    /// learner.replace(steps, |head| head.replace_base(|base| base.discount(64.0, 3)))?;
    /// assert_eq!((learner.head().base().samples(0), learner.head().kept().len(0)), (1, 0));
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn replace_base<E>(&mut self, change: impl FnOnce(&mut B) -> Result<(), E>) -> Result<(), E> {
        change(&mut self.base)?;
        self.kept.clear();
        self.state = NeighboursState::NEW;
        Ok(())
    }
}

impl<B: Head<Number = f32>, S: Slots<Features = B::Features>> Neighbours<B, S>
where
    B::Features: AsRef<[f32]>,
{
    /// Whether a sample of each class that the base knows is kept.
    pub(crate) fn is_complete(&self) -> bool {
        (0..self.base.classes()).all(|class| self.kept.len(class) > 0 || !self.base.knows(class))
    }

    /// The logarithm of the sum of the exponentials of the logits of all classes of which samples are kept; `None` if there is none.
    fn mass(&self, logits: &[f32]) -> Option<f32> {
        let kept = || logits.iter().enumerate().filter(|(class, z)| **z > f32::NONE && self.kept.len(*class) > 0);
        let largest = kept().fold(f32::NONE, |most, (_, z)| if *z > most { *z } else { most });
        let sum: f32 = kept().map(|(_, z)| B::Math::exp(*z - largest)).sum();
        (largest > f32::NONE).then(|| largest + B::Math::ln(sum))
    }

    /// Replaces the base's logits by `z`, and shows `see` each class and its `z_near`.
    pub(crate) fn add(
        &self,
        features: &B::Features,
        logits: &mut [f32],
        mut see: impl FnMut(usize, f32),
    ) -> Result<(), Error> {
        let [of_base, of_kept] = self.weights();
        logits.iter_mut().for_each(|z| *z *= of_base);
        let is_kept = |class: usize| self.kept.len(class) > 0;
        let before = if self.is_complete() { None } else { self.mass(logits) };
        let number = features.as_ref().len() as f32;
        self.kept.storage.nearest(features, |class, squared| {
            if let Some(z) = logits.get_mut(class).filter(|z| **z > f32::NONE) {
                let near = self.state.near(squared / number);
                see(class, near);
                *z += of_kept * near;
            }
        });
        // Kept samples say nothing of a class that has none: they divide anew what the others had.
        if let Some(before) = before
            && let Some(after) = self.mass(logits)
        {
            logits.iter_mut().enumerate().filter(|(class, _)| is_kept(*class)).for_each(|(_, z)| *z += before - after);
        }
        check_known(&self.base, logits)
    }
}

impl<B: Head<Number = f32>, S: Slots<Features = B::Features>> Head for Neighbours<B, S>
where
    B::Features: AsRef<[f32]>,
{
    type Features = B::Features;
    type Number = f32;
    type Math = B::Math;

    fn room(&self) -> usize {
        self.base.room()
    }

    fn classes(&self) -> usize {
        self.base.classes()
    }

    fn knows(&self, class: usize) -> bool {
        self.base.knows(class)
    }

    /// As the base's errors; also [`Error::NotFinite`] if a sum leaves the range of f32.
    fn logits(&self, features: &B::Features, logits: &mut [f32]) -> Result<(), Error> {
        self.base.logits(features, logits)?;
        self.add(features, logits, |_, _| ())
    }
}

impl<B: Classes<Number = f32>, S: Slots<Features = B::Features>> Classes for Neighbours<B, S>
where
    B::Features: AsRef<[f32]>,
{
    fn add_class(&mut self) -> Result<usize, Error> {
        let room = self.kept.room();
        if self.base.classes() >= room {
            return Err(Error::NoRoom { classes: room });
        }
        self.base.add_class()
    }

    fn remove_class(&mut self, class: usize) -> Result<(), Error> {
        self.base.remove_class(class)?;
        self.kept.remove_class(class);
        Ok(())
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::learning::learner::{Learner, Parts};
    use crate::learning::replay::Replay;
    use crate::training::streaming::StreamingLda;
    use crate::{DiscriminantHead, numeric::kernels::packed};

    #[test]
    fn the_mean_counts_its_prior_as_one_distance_and_follows_the_last_hundred() {
        let mut state = NeighboursState::NEW;
        assert_eq!(state.near(0.75), -0.75); // the mean is 0.5
        let mut sum = 0.5;
        for label in 1..=100 {
            let distance = label as f32 / 64.0;
            sum += distance;
            state.observe(state.near(distance));
            assert!((state.mean - sum / (label + 1) as f32).abs() < 1e-5, "{state:?}");
        }
        assert_eq!(state.labels, WINDOW);
        let before = state.mean;
        state.observe(state.near(0.0));
        assert!((state.mean - before * 100.0 / 101.0).abs() < 1e-6 && state.labels == WINDOW);
        (0..3000).for_each(|_| state.observe(0.0));
        assert_eq!(state.mean, LEAST);
    }

    /// A head that was taught by samples of the second feature, and what its logits must be.
    #[test]
    fn the_logits_are_the_weighted_sums_of_both() {
        type Base = DiscriminantHead<3, 2, { packed(2) }>;
        let mut learner = Learner::new(Neighbours::new(Base::new(), Replay::<3, 4, [f32; 2]>::new(1)), Parts::NONE);
        let samples = [([1.0, 0.0], 0), ([0.0, 1.0], 1), ([1.5, 0.5], 0), ([-0.5, 1.0], 1), ([0.5, 0.25], 0)];
        let (mut sum, mut count) = (0.5, 1.0);
        for (i, (x, class)) in samples.iter().enumerate() {
            let nearest = samples[..i].iter().filter(|(_, own)| own == class).map(|(y, _)| between(x, y));
            if let Some(distance) = nearest.reduce(f32::min) {
                (sum, count) = (sum + distance, count + 1.0);
            }
            learner.learn(&StreamingLda::new(), x, *class).unwrap();
        }
        let (head, x, mean) = (learner.head(), [0.25, 0.5], sum / count);
        assert!((head.state.mean - mean).abs() < 1e-6);
        let [a, b] = head.weights();
        assert!(a != 1.0 && b != 0.5, "nothing was learned of the weights");
        let (mut z, mut base) = ([0.0; 3], [0.0; 3]);
        head.logits(&x, &mut z).unwrap();
        head.base.logits(&x, &mut base).unwrap();
        for class in 0..2 {
            let nearest = samples.iter().filter(|(_, own)| *own == class).map(|(y, _)| between(&x, y));
            let near = -nearest.reduce(f32::min).unwrap() / (2.0 * mean);
            assert!((z[class] - (a * base[class] + b * near)).abs() < 1e-5, "{class}: {z:?}");
        }
        assert_eq!(z[2], f32::NONE);
    }

    /// The squared distance divided by the number of features.
    fn between(x: &[f32; 2], y: &[f32; 2]) -> f32 {
        ((x[0] - y[0]) * (x[0] - y[0]) + (x[1] - y[1]) * (x[1] - y[1])) / 2.0
    }

    #[cfg(feature = "checkpoint")]
    #[test]
    fn only_what_can_have_been_learned_is_sound() {
        let sound = NeighboursState::NEW;
        assert!(sound.is_sound() && NeighboursState { labels: WINDOW, mean: LEAST, ..sound }.is_sound());
        for mean in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(!NeighboursState { mean, ..sound }.is_sound(), "{mean}");
        }
        assert!(!NeighboursState { labels: WINDOW + 1, ..sound }.is_sound());
        for curvature in [[0.0, 0.0, 4.0], [4.0, 0.0, 0.0], [1.0, 1.0, 1.0], [f32::INFINITY, 0.0, 1.0]] {
            let stacking = Stacking { curvature, ..sound.stacking };
            assert!(!NeighboursState { stacking, ..sound }.is_sound(), "{curvature:?}");
        }
        for weights in [[0.05, 0.5], [17.0, 0.5], [1.0, -0.1], [1.0, 17.0], [f32::NAN, 0.5]] {
            let stacking = Stacking { weights, ..sound.stacking };
            assert!(!NeighboursState { stacking, ..sound }.is_sound(), "{weights:?}");
        }
    }
}
