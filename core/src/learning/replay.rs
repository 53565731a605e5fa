//! A memory of labelled samples against forgetting, of fixed size and balanced over the classes: a head that learns from a
//! stream forgets classes that the stream no longer shows.
//!
//! Each class has its own slots. Once they are full, a new sample replaces a random one with the probability that makes every
//! sample of the class seen so far equally likely to be stored (reservoir sampling: Vitter, 1985). Drawing is balanced:
//! first a class is drawn, then one of its samples. All choices follow from the seed.
//!
//! Remembered samples are personal data. A sample that is forgotten is overwritten at once.

use crate::error::{Error, check_target};
use crate::heads::head::remove_row;
pub use crate::learning::slots::{QuantizedSlotsView, SlotsView};
use crate::learning::stored::{FeatureArray, Stored};
pub use crate::numeric::random::Random;

/// A memory of labelled samples with features `X`; `()` remembers nothing.
pub trait Memory<X: ?Sized> {
    /// The number of classes that there is room for.
    fn room(&self) -> usize;

    /// Whether the next sample of this class will be stored.
    fn will_remember(&self, class: usize) -> bool;

    /// Stores a sample with a certain probability. Its features must be finite; a sample of a class that there is no room for is not
    /// stored.
    fn remember(&mut self, features: &X, class: usize);

    /// Forgets a sample that is stored with this class, for example because its label was wrong; returns whether it was stored.
    fn forget_sample(&mut self, features: &X, class: usize) -> bool;

    /// Draws `count` samples and calls `learn` with each, which returns whether it took the step. Returns the number of steps
    /// taken; 0 if the memory is empty.
    fn rehearse(&mut self, count: u32, learn: impl FnMut(&X, usize) -> bool) -> u32;

    /// Shows every stored sample with its class, in order.
    fn for_each(&self, show: impl FnMut(&X, usize));

    /// Forgets a class; those above it move down by one.
    fn remove_class(&mut self, class: usize);

    /// Forgets everything; the memory is then like a new one.
    fn clear(&mut self);
}

impl<X: ?Sized> Memory<X> for () {
    fn room(&self) -> usize {
        usize::MAX
    }

    fn will_remember(&self, _: usize) -> bool {
        false
    }

    fn remember(&mut self, _: &X, _: usize) {}

    fn forget_sample(&mut self, _: &X, _: usize) -> bool {
        false
    }

    fn rehearse(&mut self, _: u32, _: impl FnMut(&X, usize) -> bool) -> u32 {
        0
    }

    fn for_each(&self, _: impl FnMut(&X, usize)) {}

    fn remove_class(&mut self, _: usize) {}

    fn clear(&mut self) {}
}

/// The storage of a memory's samples: [`OwnedSlots`], or the caller's slices, [`SlotsView`].
pub trait Slots {
    /// The features of a sample.
    type Features: ?Sized;
    /// The number of slots of each class.
    fn slots(&self) -> usize;
    /// The number of samples seen of each class.
    fn seen(&self) -> &[u32];
    /// The number of samples seen of each class, mutably.
    fn seen_mut(&mut self) -> &mut [u32];
    /// Checks that features can be stored.
    ///
    /// # Errors
    /// [`Error::Length`] or [`Error::NotFinite`] if not.
    fn check(&self, features: &Self::Features) -> Result<(), Error>;
    /// Stores features.
    fn put(&mut self, class: usize, slot: usize, features: &Self::Features);
    /// Calls `see` with the features in a slot; `None` if there is no such slot.
    fn show<T>(&self, class: usize, slot: usize, see: impl FnOnce(&Self::Features) -> T) -> Option<T>;
    /// Shows `see` the classes of which samples are stored, in order, each with the squared Euclidean distance of its nearest from `features`,
    /// which must be finite. With [`Quantized`](crate::Quantized) samples they are quantized as well: see [`Query`](crate::stored::Query).
    fn nearest(&self, features: &Self::Features, see: impl FnMut(usize, f32));
    /// The loop of [`nearest`](Self::nearest), by the distance of the sample in a slot of a class.
    fn nearest_by(&self, distance: impl Fn(usize, usize) -> Option<f32>, mut see: impl FnMut(usize, f32)) {
        for (class, seen) in self.seen().iter().enumerate() {
            let filled = (*seen as usize).min(self.slots());
            let nearest = (0..filled).filter_map(|slot| distance(class, slot)).reduce(|a, b| if b < a { b } else { a });
            nearest.into_iter().for_each(|nearest| see(class, nearest));
        }
    }
    /// Whether the slot holds these features.
    fn holds(&self, class: usize, slot: usize, features: &Self::Features) -> bool;
    /// Overwrites a slot by the contents of the last filled slot, and the latter by zeros.
    fn vacate(&mut self, class: usize, slot: usize, last: usize);
    /// Overwrites the slots of a class; if `move_down`, the slots of the classes above it move down.
    fn remove(&mut self, class: usize, move_down: bool);
}

/// `SLOTS` samples of each of `CLASSES` classes with features `X`, each stored as `S`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct OwnedSlots<const CLASSES: usize, const SLOTS: usize, X, S = X> {
    pub(crate) slots: [[S; SLOTS]; CLASSES],
    pub(crate) seen: [u32; CLASSES],
    features: core::marker::PhantomData<X>,
}

impl<const CLASSES: usize, const SLOTS: usize, X: FeatureArray, S: Stored<X>> Slots
    for OwnedSlots<CLASSES, SLOTS, X, S>
{
    type Features = X;

    fn slots(&self) -> usize {
        SLOTS
    }

    fn seen(&self) -> &[u32] {
        &self.seen
    }

    fn seen_mut(&mut self) -> &mut [u32] {
        &mut self.seen
    }

    fn check(&self, features: &X) -> Result<(), Error> {
        features.check()
    }

    fn put(&mut self, class: usize, slot: usize, features: &X) {
        if let Some(slot) = self.slots.get_mut(class).and_then(|slots| slots.get_mut(slot)) {
            *slot = S::store(features);
        }
    }

    fn show<T>(&self, class: usize, slot: usize, see: impl FnOnce(&X) -> T) -> Option<T> {
        let mut features = X::ZERO;
        self.slots.get(class)?.get(slot)?.restore(&mut features);
        Some(see(&features))
    }

    fn nearest(&self, features: &X, see: impl FnMut(usize, f32)) {
        let query = S::store(features);
        let distance = query.distance_from();
        self.nearest_by(|class, slot| self.slots.get(class)?.get(slot).map(&distance), see);
    }

    fn holds(&self, class: usize, slot: usize, features: &X) -> bool {
        let held = self.slots.get(class).and_then(|slots| slots.get(slot));
        held.is_some_and(|held| held.bytes().eq(S::store(features).bytes()))
    }

    fn vacate(&mut self, class: usize, slot: usize, last: usize) {
        let Some(slots) = self.slots.get_mut(class) else { return };
        let Some(moved) = slots.get_mut(last).map(|slot| core::mem::replace(slot, S::EMPTY)) else { return };
        if let Some(slot) = slots.get_mut(slot).filter(|_| slot < last) {
            *slot = moved;
        }
    }

    fn remove(&mut self, class: usize, move_down: bool) {
        let Some(behind) = self.slots.get_mut(class..) else { return };
        if let Some(slots) = behind.first_mut() {
            slots.iter_mut().for_each(|slot| *slot = S::EMPTY);
        }
        if move_down && !behind.is_empty() {
            behind.rotate_left(1);
        }
    }
}

/// A memory over any storage of its samples: [`Replay`], or [`ReplayView`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Reservoir<S> {
    pub(crate) storage: S,
    /// The initial seed of `random`, with which `clear` restarts.
    seed: u32,
    pub(crate) random: Random,
}

/// A memory of up to `SLOTS` samples of each of `CLASSES` classes with features `X`, each stored as `S`: as it is, or as
/// [`Quantized`](crate::Quantized) bytes.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Memory, Quantized, Replay, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.5));
/// type Mine = Replay<2, 8, [f32; 1], Quantized<1>>;
/// let (mut head, mut state, mut memory) = (LinearHead::<2, 1>::new(), State::new(), Mine::new(1));
/// // Then the stream no longer shows class 0, but the memory does.
/// for (x, class) in [([1.0], 0); 50].into_iter().chain([([-1.0], 1); 50]) {
///     TUNER.step(&mut head, &mut state, &x, class)?;
///     memory.rehearse(2, |x, class| TUNER.step(&mut head, &mut state, x, class).is_ok());
///     memory.insert(&x, class)?;
/// }
/// assert_eq!((head.predict(&[1.0])?.class, head.predict(&[-1.0])?.class), (0, 1));
/// assert_eq!((memory.len(0), memory.seen(0)), (8, 50));
/// assert_eq!(Mine::BYTES, 2 * 8 * 8 + 2 * 4 + 8); // slots of 8 bytes, a counter a class, the generator and its seed
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type Replay<const CLASSES: usize, const SLOTS: usize, X, S = X> = Reservoir<OwnedSlots<CLASSES, SLOTS, X, S>>;

/// A memory over the caller's slices.
///
/// ```
/// use gradient_decay::{Memory, ReplayView, replay::SlotsView};
///
/// let (mut samples, mut seen) = ([0.0; 2 * 4 * 3], [0; 2]); // 2 classes, 4 slots, 3 features
/// let mut memory = ReplayView::over(SlotsView::new(&mut samples, &mut seen, 4, 3)?, 1);
/// memory.insert(&[1.0, 2.0, 3.0], 1)?;
/// assert_eq!(memory.rehearse(1, |x, class| x == [1.0, 2.0, 3.0] && class == 1), 1);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type ReplayView<'a, T> = Reservoir<SlotsView<'a, T>>;

/// A memory of [`Quantized`](crate::Quantized) samples in the caller's slices.
///
/// ```
/// use gradient_decay::{Memory, QuantizedReplayView, replay::QuantizedSlotsView};
///
/// let (mut values, mut scales, mut seen) = ([0; 2 * 4 * 3], [0.0; 2 * 4], [0; 2]); // 2 classes, 4 slots, 3 features
/// let (mut room, mut query) = ([0.0; 3], [0; 3]); // for a restored sample, and for one that is compared
/// let slots = QuantizedSlotsView::new(&mut values, &mut scales, &mut seen, &mut room, &mut query, 4)?;
/// let mut memory = QuantizedReplayView::over(slots, 1);
/// memory.insert(&[1.27, -0.5, 0.0], 1)?;
/// assert_eq!(memory.rehearse(1, |x, class| (x[0] - 1.27).abs() < 0.005 && class == 1), 1);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type QuantizedReplayView<'a> = Reservoir<QuantizedSlotsView<'a>>;

impl<const CLASSES: usize, const SLOTS: usize, X: FeatureArray, S: Stored<X>> Replay<CLASSES, SLOTS, X, S> {
    /// The size in RAM, in bytes: that of the slots, 4 for each class, and 8.
    pub const BYTES: usize = size_of::<Self>();

    /// An empty memory, whose choices follow from `seed`.
    pub const fn new(seed: u32) -> Self {
        const { assert!(CLASSES > 0 && SLOTS > 0, "a memory needs at least one class and one slot") };
        let (slots, seen) = ([[S::EMPTY; SLOTS]; CLASSES], [0; CLASSES]);
        let storage = OwnedSlots { slots, seen, features: core::marker::PhantomData };
        Reservoir { storage, seed, random: Random::new(seed) }
    }
}

impl<S: Slots> Reservoir<S> {
    /// A memory over these slots, with what lies in them, whose choices follow from `seed`.
    pub const fn over(slots: S, seed: u32) -> Self {
        Reservoir { storage: slots, seed, random: Random::new(seed) }
    }

    /// The same with the generator of an earlier one: for a memory over slices, which exists for one call only.
    ///
    /// ```
    /// use gradient_decay::{ReplayView, replay::SlotsView};
    ///
    /// let (mut samples, mut seen) = ([0.0; 2], [0]);
    /// let (mut in_calls, mut seen_in_calls) = ([0.0; 2], [0]);
    /// let mut memory = ReplayView::over(SlotsView::new(&mut samples, &mut seen, 2, 1)?, 7);
    /// let mut random = ReplayView::over(SlotsView::new(&mut in_calls, &mut seen_in_calls, 2, 1)?, 7).random();
    /// for i in 0..50 {
    ///     memory.insert(&[i as f32], 0)?;
    ///     let mut call = ReplayView::over(SlotsView::new(&mut in_calls, &mut seen_in_calls, 2, 1)?, 7).with_random(random);
    ///     call.insert(&[i as f32], 0)?;
    ///     random = call.random();
    /// }
    /// assert_eq!(samples, in_calls);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn with_random(self, random: Random) -> Self {
        Reservoir { random, ..self }
    }

    /// The generator behind the next choice.
    pub const fn random(&self) -> Random {
        self.random
    }

    /// The number of samples stored of a class; 0 if there is no such class.
    pub fn len(&self, class: usize) -> usize {
        (self.seen(class) as usize).min(self.storage.slots())
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.storage.seen().iter().all(|seen| *seen == 0)
    }

    /// The number of samples of a class that have been offered; it saturates at [`u32::MAX`]. 0 if there is no such class.
    pub fn seen(&self, class: usize) -> u32 {
        self.storage.seen().get(class).copied().unwrap_or_default()
    }

    /// Forgets all samples of a class; the class itself stays.
    ///
    /// # Errors
    /// [`Error::Target`] if there is no such class.
    pub fn forget(&mut self, class: usize) -> Result<(), Error> {
        let classes = self.storage.seen().len();
        let seen = self.storage.seen_mut().get_mut(class).ok_or(Error::Target { target: class, classes })?;
        *seen = 0;
        self.storage.remove(class, false);
        Ok(())
    }

    /// The slot for the next sample of a class, which is not stored if there is no such slot, and the generator after this choice.
    fn next(&self, class: usize) -> (usize, Random) {
        let (seen, mut random) = (self.seen(class), self.random);
        let is_full = seen as usize >= self.storage.slots();
        let slot = if is_full { random.below(seen.saturating_add(1)) } else { seen };
        (slot as usize, random)
    }

    /// Offers a sample of the class `target`; it is stored with the probability slots / samples seen.
    ///
    /// # Errors
    /// [`Error::Target`] if there is no such class, [`Error::Length`] or [`Error::NotFinite`] if features cannot be stored; nothing
    /// is then changed.
    pub fn insert(&mut self, features: &S::Features, target: usize) -> Result<(), Error> {
        check_target(self.storage.seen().len(), target)?;
        self.storage.check(features)?;
        self.remember(features, target);
        Ok(())
    }
}

impl<S: Slots> Memory<S::Features> for Reservoir<S> {
    fn room(&self) -> usize {
        self.storage.seen().len()
    }

    fn will_remember(&self, class: usize) -> bool {
        class < self.room() && self.next(class).0 < self.storage.slots()
    }

    fn remember(&mut self, features: &S::Features, class: usize) {
        let (slot, random) = self.next(class);
        let Some(seen) = self.storage.seen_mut().get_mut(class) else { return };
        *seen = seen.saturating_add(1);
        self.random = random;
        if slot < self.storage.slots() {
            self.storage.put(class, slot, features);
        }
    }

    /// The number seen becomes the number stored, so the next sample of the class is certainly stored.
    fn forget_sample(&mut self, features: &S::Features, class: usize) -> bool {
        let filled = self.len(class);
        let Some(slot) = (0..filled).find(|slot| self.storage.holds(class, *slot, features)) else { return false };
        let left = filled.saturating_sub(1);
        self.storage.vacate(class, slot, left);
        if let Some(seen) = self.storage.seen_mut().get_mut(class) {
            *seen = left as u32;
        }
        true
    }

    fn rehearse(&mut self, count: u32, mut learn: impl FnMut(&S::Features, usize) -> bool) -> u32 {
        let mut taken = 0;
        for _ in 0..count {
            let filled = self.storage.seen().iter().filter(|seen| **seen > 0).count();
            if filled == 0 {
                break;
            }
            let pick = self.random.below(filled as u32) as usize;
            let mut classes = self.storage.seen().iter().enumerate().filter(|(_, seen)| **seen > 0);
            let Some((class, _)) = classes.nth(pick) else { break };
            let slot = self.random.below(self.len(class) as u32) as usize;
            taken += u32::from(self.storage.show(class, slot, |x| learn(x, class)).unwrap_or_default());
        }
        taken
    }

    fn for_each(&self, mut show: impl FnMut(&S::Features, usize)) {
        for class in 0..self.room() {
            for slot in 0..self.len(class) {
                self.storage.show(class, slot, |x| show(x, class));
            }
        }
    }

    fn remove_class(&mut self, class: usize) {
        if class < self.room() {
            self.storage.remove(class, true);
            remove_row(self.storage.seen_mut(), class, 1);
        }
    }

    fn clear(&mut self) {
        for class in 0..self.room() {
            self.storage.remove(class, false);
        }
        self.storage.seen_mut().fill(0);
        self.random = Random::new(self.seed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "a mean over thousands of runs, minutes when interpreted")]
    fn every_sample_is_equally_likely_to_be_stored() {
        // 100 samples into 10 slots, by 2000 seeds: each is stored in about a tenth of the memories.
        let mut stored = [0_u32; 100];
        for seed in 0..2000 {
            let mut memory: Replay<1, 10, [f32; 1]> = Replay::new(seed);
            (0..100_u8).for_each(|i| memory.insert(&[f32::from(i)], 0).unwrap());
            memory.for_each(|features, _| stored[features[0] as usize] += 1);
        }
        assert_eq!(stored.iter().sum::<u32>(), 20_000);
        // Five standard deviations of a binomial are 67.
        assert!(stored.iter().all(|count| count.abs_diff(200) < 67), "{stored:?}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "a mean over thousands of runs, minutes when interpreted")]
    fn draws_are_balanced_over_the_classes() {
        let mut memory: Replay<3, 4, [f32; 1]> = Replay::new(7);
        (0..100).for_each(|_| memory.insert(&[0.5], 0).unwrap());
        memory.insert(&[2.5], 2).unwrap();
        let mut drawn = [0_u32; 3];
        let taken = memory.rehearse(10_000, |features, class| {
            assert_eq!(features[0], class as f32 + 0.5);
            drawn[class] += 1;
            class == 0
        });
        // Five standard deviations are 250.
        assert!(drawn[1] == 0 && drawn[0].abs_diff(5000) < 250, "{drawn:?}");
        assert_eq!(taken, drawn[0]);
        memory.forget(0).unwrap();
        assert_eq!((memory.rehearse(3, |_, class| class == 2), memory.len(0)), (3, 0));
        memory.forget(2).unwrap();
        assert!(memory.is_empty() && memory.rehearse(1, |_, _| true) == 0);
        assert_eq!(memory.forget(3), Err(Error::Target { target: 3, classes: 3 }));
    }

    #[test]
    fn a_removed_class_is_overwritten_and_those_above_it_move_down() {
        let mut memory: Replay<3, 2, [f32; 1]> = Replay::new(7);
        let (mut samples, mut seen) = ([0.0; 6], [0; 3]);
        let mut view = ReplayView::over(SlotsView::new(&mut samples, &mut seen, 2, 1).unwrap(), 7);
        for (x, class) in [(1.0, 0), (1.5, 0), (2.0, 1), (3.0, 2), (3.5, 2), (3.7, 2)] {
            memory.insert(&[x], class).unwrap();
            view.insert(&[x], class).unwrap();
        }
        let kept = memory.storage.slots[2];
        memory.remove_class(1);
        view.remove_class(1);
        assert_eq!(memory.storage.slots, [[[1.0], [1.5]], kept, [[0.0]; 2]]);
        assert_eq!(memory.storage.seen, [2, 3, 0]);
        // One body for owned and borrowed samples.
        let mut shown = std::vec::Vec::new();
        view.for_each(|x, class| shown.push((x[0], class)));
        memory.for_each(|x, class| assert_eq!(shown.remove(0), (x[0], class)));
        memory.forget(0).unwrap();
        assert_eq!(memory.storage.slots[0], [[0.0]; 2]);
        memory.clear();
        view.clear();
        assert_eq!((memory.storage.slots, memory.is_empty()), ([[[0.0]; 2]; 3], true));
        assert_eq!((samples, seen), ([0.0; 6], [0; 3]));
    }

    #[test]
    fn a_refused_sample_changes_nothing() {
        let mut memory: Replay<2, 2, [f32; 1]> = Replay::new(3);
        memory.insert(&[1.0], 0).unwrap();
        let before = memory.clone();
        for (features, target) in [([f32::NAN], 0), ([1.0], 2), ([f32::INFINITY], 1)] {
            assert!(memory.insert(&features, target).is_err());
        }
        assert_eq!(memory, before);
        assert!(SlotsView::<f32>::new(&mut [0.0; 5], &mut [0; 2], 3, 1).is_err());
        let (mut samples, mut seen) = ([0.0; 4], [0; 2]);
        let mut view = ReplayView::over(SlotsView::new(&mut samples, &mut seen, 1, 2).unwrap(), 7);
        assert!(view.insert(&[1.0], 0).is_err() && view.insert(&[1.0, f32::NAN], 0).is_err());
        assert!(view.is_empty());
    }
}
