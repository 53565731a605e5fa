//! A memory of labelled samples, of fixed size and balanced over the classes, against forgetting: a head that learns from a
//! stream forgets what the stream no longer shows.
//!
//! Each class has its own slots. Once they are full, a new sample takes a random one with the probability that makes every
//! sample of the class seen so far equally likely to be stored (reservoir sampling: Vitter, 1985). What is drawn is balanced:
//! first a class, then one of its samples. All is deterministic from the seed.

use crate::error::{Error, Slice, check_finite};
use crate::fine_tune::{FineTuner, State, Step};
use crate::head::LinearHead;
use crate::loss::check_target;
use crate::math::Math;
use crate::optimizer::VelocityStore;
use crate::random::Random;

/// How the features of a sample are stored: as they are, `[f32; FEATURES]`, or in a quarter of the room, [`Quantized`].
pub trait Stored<const FEATURES: usize>: Copy {
    /// What an empty slot holds.
    const EMPTY: Self;
    /// Stores finite features.
    fn store(features: &[f32; FEATURES]) -> Self;
    /// Restores them, finite.
    fn restore(&self, features: &mut [f32; FEATURES]);
}

impl<const FEATURES: usize> Stored<FEATURES> for [f32; FEATURES] {
    const EMPTY: Self = [0.0; FEATURES];

    fn store(features: &[f32; FEATURES]) -> Self {
        *features
    }

    fn restore(&self, features: &mut [f32; FEATURES]) {
        *features = *self;
    }
}

/// Features as i8 with one scale a sample: `FEATURES + 4` bytes, rounded up to whole words. A feature comes back within half a
/// scale, the largest magnitude of the sample over 254.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quantized<const FEATURES: usize> {
    scale: f32,
    values: [i8; FEATURES],
}

impl<const FEATURES: usize> Stored<FEATURES> for Quantized<FEATURES> {
    const EMPTY: Self = Quantized { scale: 0.0, values: [0; FEATURES] };

    fn store(features: &[f32; FEATURES]) -> Self {
        let largest = features.iter().fold(0.0, |most, x| if x.abs() > most { x.abs() } else { most });
        let scale = largest / 127.0;
        let mut values = [0; FEATURES];
        if scale > 0.0 {
            for (value, x) in values.iter_mut().zip(features) {
                let quotient = x / scale;
                // Rounded half away from 0; the conversion cuts off and saturates.
                *value = (quotient + if quotient < 0.0 { -0.5 } else { 0.5 }) as i8;
            }
        }
        Quantized { scale, values }
    }

    fn restore(&self, features: &mut [f32; FEATURES]) {
        for (x, value) in features.iter_mut().zip(&self.values) {
            *x = f32::from(*value) * self.scale;
        }
    }
}

/// A memory of up to `SLOTS` samples of each of `CLASSES` classes, of `FEATURES` features each, stored as `S`.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Quantized, Replay, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.5));
/// type Memory = Replay<2, 8, 1, Quantized<1>>;
/// let (mut head, mut state) = (LinearHead::<2, 1>::new(), State::new());
/// let mut memory = Memory::new(1);
/// for _ in 0..50 {
///     TUNER.step_with_replay(&mut head, &mut state, &[1.0], 0, &mut memory, 2)?;
/// }
/// // From now on nobody shows class 0, but it is remembered.
/// for _ in 0..50 {
///     TUNER.step_with_replay(&mut head, &mut state, &[-1.0], 1, &mut memory, 2)?;
/// }
/// assert_eq!((head.predict(&[1.0])?.class, head.predict(&[-1.0])?.class), (0, 1));
/// assert_eq!((memory.len(0), memory.seen(0)), (8, 50));
/// assert_eq!(Memory::BYTES, 2 * 8 * 8 + 2 * 4 + 4); // slots of 8 bytes, a counter a class, the generator
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Replay<const CLASSES: usize, const SLOTS: usize, const FEATURES: usize, S = [f32; FEATURES]> {
    slots: [[S; SLOTS]; CLASSES],
    seen: [u32; CLASSES],
    random: Random,
}

impl<const CLASSES: usize, const SLOTS: usize, const FEATURES: usize, S: Stored<FEATURES>>
    Replay<CLASSES, SLOTS, FEATURES, S>
{
    /// The bytes in memory: those of the slots, 4 a class, and 4.
    pub const BYTES: usize = size_of::<Self>();

    /// An empty memory, whose choices follow from `seed`.
    pub const fn new(seed: u32) -> Self {
        const { assert!(CLASSES > 0 && SLOTS > 0, "a memory needs at least one class and one slot") };
        Replay { slots: [[S::EMPTY; SLOTS]; CLASSES], seen: [0; CLASSES], random: Random::new(seed) }
    }

    /// The number of samples stored of a class; 0 if there is no such class.
    pub fn len(&self, class: usize) -> usize {
        (self.seen(class) as usize).min(SLOTS)
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.seen.iter().all(|seen| *seen == 0)
    }

    /// The number of samples of a class that were ever inserted, as far as [`u32::MAX`]; 0 if there is no such class.
    pub fn seen(&self, class: usize) -> u32 {
        self.seen.get(class).copied().unwrap_or_default()
    }

    /// Forgets all samples of a class.
    ///
    /// # Errors
    /// [`Error::Target`] if there is no such class.
    pub fn forget(&mut self, class: usize) -> Result<(), Error> {
        let seen = self.seen.get_mut(class).ok_or(Error::Target { target: class, classes: CLASSES })?;
        *seen = 0;
        Ok(())
    }

    /// Offers a sample of the class `target`, which is stored with the probability `SLOTS / seen`.
    ///
    /// # Errors
    /// [`Error::Target`] if the target is not below `CLASSES`, [`Error::NotFinite`] if a feature is NaN or infinite; nothing is
    /// then changed.
    pub fn insert(&mut self, features: &[f32; FEATURES], target: usize) -> Result<(), Error> {
        check_target(CLASSES, target)?;
        check_finite(Slice::Features, features)?;
        let (Some(slots), Some(seen)) = (self.slots.get_mut(target), self.seen.get_mut(target)) else { return Ok(()) };
        let before = *seen;
        *seen = seen.saturating_add(1);
        let index = if (before as usize) < SLOTS { before } else { self.random.below(*seen) };
        if let Some(slot) = slots.get_mut(index as usize) {
            *slot = S::store(features);
        }
        Ok(())
    }

    /// Draws a stored sample into `features`: each class that has any is equally likely, and each of its samples. Returns its
    /// class; `None` if the memory is empty.
    pub fn draw(&mut self, features: &mut [f32; FEATURES]) -> Option<usize> {
        let classes = self.seen.iter().filter(|seen| **seen > 0).count();
        if classes == 0 {
            return None;
        }
        let pick = self.random.below(classes as u32) as usize;
        let (class, _) = self.seen.iter().enumerate().filter(|(_, seen)| **seen > 0).nth(pick)?;
        let slot = self.random.below(self.len(class) as u32) as usize;
        self.slots.get(class)?.get(slot)?.restore(features);
        Some(class)
    }

    /// Draws `count` samples and shows each to `learn`, which says whether it took it. Returns how many it took; none if the
    /// memory is empty.
    pub fn rehearse(&mut self, count: u32, mut learn: impl FnMut(&[f32; FEATURES], usize) -> bool) -> u32 {
        let mut features = [0.0; FEATURES];
        let mut taken = 0;
        for _ in 0..count {
            let Some(class) = self.draw(&mut features) else { break };
            taken += u32::from(learn(&features, class));
        }
        taken
    }

    /// Shows every stored sample with its class, in order.
    pub fn for_each(&self, mut show: impl FnMut(&[f32; FEATURES], usize)) {
        let mut features = [0.0; FEATURES];
        for (class, slots) in self.slots.iter().enumerate() {
            for stored in slots.iter().take(self.len(class)) {
                stored.restore(&mut features);
                show(&features, class);
            }
        }
    }
}

/// What a step with a memory did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ReplayStep {
    /// The step on the new sample.
    pub step: Step,
    /// The steps on remembered samples.
    pub rehearsed: u32,
}

impl FineTuner {
    /// A step on a new sample, then `rehearsals` steps on samples drawn from `memory`, which then is offered the new one. Each
    /// counts as a step of the schedule.
    ///
    /// # Errors
    /// Those of [`step`](Self::step) for the new sample; nothing is then changed. A remembered sample whose step is refused,
    /// since training has diverged, is left out.
    pub fn step_with_replay<
        const CLASSES: usize,
        const SLOTS: usize,
        const FEATURES: usize,
        M: Math,
        V: VelocityStore<CLASSES, FEATURES>,
        S: Stored<FEATURES>,
    >(
        &self,
        head: &mut LinearHead<CLASSES, FEATURES, M>,
        state: &mut State<V>,
        features: &[f32; FEATURES],
        target: usize,
        memory: &mut Replay<CLASSES, SLOTS, FEATURES, S>,
        rehearsals: u32,
    ) -> Result<ReplayStep, Error> {
        let step = self.step(head, state, features, target)?;
        let rehearsed = memory.rehearse(rehearsals, |features, class| self.step(head, state, features, class).is_ok());
        memory.insert(features, target)?;
        Ok(ReplayStep { step, rehearsed })
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::{BetaSchedule, Sgd};

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn every_sample_is_equally_likely_to_be_stored() {
        // 100 samples into 10 slots, by 2000 seeds: each is stored in about a tenth of the memories.
        let mut stored = [0_u32; 100];
        for seed in 0..2000 {
            let mut memory: Replay<1, 10, 1> = Replay::new(seed);
            (0..100_u8).for_each(|i| memory.insert(&[f32::from(i)], 0).unwrap());
            memory.for_each(|features, _| stored[features[0] as usize] += 1);
        }
        assert_eq!(stored.iter().sum::<u32>(), 20_000);
        // Five standard deviations of a binomial are 67.
        assert!(stored.iter().all(|count| count.abs_diff(200) < 67), "{stored:?}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn draws_are_balanced_over_the_classes() {
        let mut memory: Replay<3, 4, 1> = Replay::new(7);
        (0..100).for_each(|_| memory.insert(&[0.5], 0).unwrap());
        memory.insert(&[2.5], 2).unwrap();
        let mut drawn = [0_u32; 3];
        let mut features = [0.0];
        for _ in 0..10_000 {
            let class = memory.draw(&mut features).unwrap();
            assert_eq!(features[0], class as f32 + 0.5);
            drawn[class] += 1;
        }
        // Five standard deviations are 250.
        assert!(drawn[1] == 0 && drawn[0].abs_diff(5000) < 250, "{drawn:?}");
        memory.forget(0).unwrap();
        assert_eq!((memory.draw(&mut features), memory.len(0)), (Some(2), 0));
        memory.forget(2).unwrap();
        assert!(memory.is_empty() && memory.draw(&mut features).is_none());
        assert_eq!(memory.forget(3), Err(Error::Target { target: 3, classes: 3 }));
    }

    #[test]
    fn quantised_features_come_back_within_half_a_scale() {
        for scale in [1e-30_f32, 1.0, 3e38] {
            let features: [f32; 9] = core::array::from_fn(|i| scale * (i as f32 / 4.0 - 1.0));
            let mut restored = [0.0; 9];
            Quantized::store(&features).restore(&mut restored);
            for (x, y) in features.iter().zip(restored) {
                assert!((x / scale - y / scale).abs() <= 1.000_001 / 254.0, "{y} for {x}");
            }
        }
        let mut restored = [1.0; 2];
        Quantized::store(&[0.0, -0.0]).restore(&mut restored);
        assert_eq!(restored, [0.0; 2]);
    }

    #[test]
    fn a_refused_sample_changes_nothing() {
        const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
        let (mut head, mut state) = (LinearHead::<2, 1>::new(), State::new());
        let mut memory: Replay<2, 2, 1> = Replay::new(3);
        TUNER.step_with_replay(&mut head, &mut state, &[1.0], 0, &mut memory, 1).unwrap();
        let before = (head.clone(), state.clone(), memory.clone());
        for (features, target) in [([f32::NAN], 0), ([1.0], 2), ([f32::INFINITY], 1)] {
            assert!(TUNER.step_with_replay(&mut head, &mut state, &features, target, &mut memory, 3).is_err());
            assert!(memory.insert(&features, target).is_err());
        }
        assert_eq!((head, state, memory), before);
    }
}
