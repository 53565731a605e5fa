//! A discriminant with the trained head mixed in, whose weight fades with the labels.
//!
//! A device has two heads: the trained one, which is better at first, and the discriminant, which learns its user. Their logits `z_t` and `z_d` are
//! added, `z = (z_d + w z_t) / (T + w)`, with `z_d` taken before the discriminant's [temperature](Discriminant::temperature) `T`, and
//!
//! `w = max(40 / (10 + n), T ((30 + K) / m)^3)`
//!
//! after `n` labels, where `K` is the number of trained classes and `m = n + n_0 + n n_0 / (n + n_0)` the samples that `T` rests on. The first term counts
//! where the discriminant starts from a training set's statistics. The second counts where it starts from nothing: the trained head's share of the sum,
//! `w / (T + w)`, is at least `1 / (1 + (m / (30 + K))^3)`, nearly all until the discriminant knows more than a few samples of each class.
//!
//! A trained class without a sample has the logit `s z_t + s max(0, (1 - s) z_t + max z - max z_t)`, with the share `s = w / (T + w)` and the largest logits
//! over the trained classes that have a sample. The first term is that of a mean at the origin. The second raises it above the classes with samples as far as the
//! trained head says, and fades: in the end a class that no label names loses to those that labels name. So a user who only labels wrong answers is followed,
//! though the class that was answered in place of the right one never gets a label.
//!
//! So from nothing the first labels leave the accuracy that the trained head has. Where the user is like those whom it was trained on, the discriminant is the
//! worse head for 100 labels and more, which no count of labels tells: then give it the training set's statistics, or no labels.
//!
//! The trained head is read-only and can be in flash.

use crate::error::{Error, Slice, check_length, check_target};
use crate::heads::discriminant::{Discriminant, DiscriminantHead, DiscriminantView, NEVER};
use crate::heads::head::{Classes, Head, remove_row};
use crate::heads::linear::{Linear, LinearHead, check_logits};
use crate::heads::number::Number;
use crate::heads::prediction::{Prediction, check_temperature};
use crate::heads::residual::Tempered;
use crate::heads::statistics::{Numbers, OwnedStatistics, Statistics, StatisticsView};
use crate::heads::storage::{Owned, ReadStorage, View};
use crate::numeric::kernels;
use crate::numeric::math::{Libm, Math};

/// The number of labels after which the trained head has half of its weight.
const HALF: f32 = 10.0;
/// The initial weight of the trained head's logits, relative to the discriminant's.
const SHARE: f32 = 4.0;
/// The number of labels after which the trained head has half of the sum if the discriminant started from nothing, without one for each of its classes.
const ALONE: f32 = 30.0;
/// The entry in the map of a class that the trained head does not have.
pub(crate) const NEW: u8 = u8::MAX;
/// The number of rows whose logits are on the stack at once: a multiple of three, since three rows share each load of a feature.
const BLOCK: usize = 12;

/// A discriminant over the statistics `S`, and a trained head over the storage `T`; `K` holds one byte for each class. See [`MixedHead`] and
/// [`MixedView`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Mixed<'t, S, T, K, M = Libm> {
    pub(crate) head: Discriminant<S, M>,
    pub(crate) trained: &'t Linear<T, M>,
    /// For each class, its index in the trained head, or [`NEW`].
    pub(crate) map: K,
}

/// A [`DiscriminantHead`] and a trained [`LinearHead`] of `TRAINED` classes, at most 254, on the same features. It takes `CLASSES + 8` bytes more
/// than the discriminant, plus a few for alignment.
///
/// Class `k` is class `k` of the trained head at first; a map keeps track when classes are added and removed. For a class that it was not
/// trained on, the trained head contributes the largest of its other logits, which neither favours nor rules it out. A trained class that the
/// discriminant has no sample of is judged by the trained head at first, then with a mean at the origin. The discriminant may start from nothing or from the
/// training set's statistics, with which it is better for the first labels: see the [module](crate::mixed).
///
/// Its checkpoint names the trained head by a CRC. It also reads that of a discriminant alone that has counted no label, as `demo-host export` writes
/// of a training set; the map stays.
///
/// ```
/// use gradient_decay::{Classes, DiscriminantHead, Head, LinearHead, MixedHead, StreamingLda};
///
/// const LDA: StreamingLda = StreamingLda::new();
/// static TRAINED: LinearHead<2, 2> = match LinearHead::from_le_bytes(
///     b"\0\0\x80\x3f\0\0\0\0\0\0\x80\xbf\0\0\0\0\0\0\0\0\0\0\0\0", // rows 1 0 and -1 0, no biases
/// ) {
///     Ok(head) => head,
///     Err(_) => panic!("not a 2 -> 2 head"),
/// };
/// let mut head: MixedHead<'_, 3, 2, 1, 2> = MixedHead::new(DiscriminantHead::new(), &TRAINED);
/// head.truncate(2)?; // keep only the trained classes
/// assert_eq!(head.predict(&[1.0, 0.0])?.class, 0); // before the first label
/// let new = head.add_class()?;
/// head.learn(&LDA, &[0.0, 2.0], new)?;
/// head.learn(&LDA, &[1.0, 0.0], 0)?;
/// assert_eq!((head.predict(&[0.2, 1.8])?.class, head.predict(&[0.9, 0.1])?.class), (new, 0));
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type MixedHead<
    't,
    const CLASSES: usize,
    const FEATURES: usize,
    const UPPER: usize,
    const TRAINED: usize,
    M = Libm,
> = Mixed<'t, OwnedStatistics<CLASSES, FEATURES, UPPER>, Owned<TRAINED, FEATURES>, [u8; CLASSES], M>;

/// The same over the caller's slices, whose shape is known only at run time; with the storage [`ReadView`](crate::storage::ReadView) the trained
/// head is a [`FrozenView`](crate::FrozenView). The bits are those of a [`MixedHead`].
pub type MixedView<'t, 'a, M = Libm, T = View<'a>> = Mixed<'t, StatisticsView<'a>, T, &'a mut [u8], M>;

impl<'t, const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M>
    MixedHead<'t, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    /// Combines a trained head with a discriminant, new or with a training set's statistics, that numbers its classes in the same way.
    pub const fn new(
        head: DiscriminantHead<CLASSES, FEATURES, UPPER, M>,
        trained: &'t LinearHead<TRAINED, FEATURES, M>,
    ) -> Self {
        const { assert!(TRAINED < NEW as usize, "a trained head that is mixed in has at most 254 classes") };
        let mut map = [NEW; CLASSES];
        let mut class = 0;
        while class < CLASSES && class < TRAINED {
            map[class] = class as u8;
            class += 1;
        }
        MixedHead { head, trained, map }
    }

    /// The linear head with these logits divided by a temperature in [0.01, 100]: see
    /// [`DiscriminantHead::to_linear`](crate::discriminant::Discriminant::to_linear). For a class that the trained head does not have, the mean
    /// of its rows replaces the largest logit. A trained class without a sample has the logit of a mean at the origin, `s z_t`.
    ///
    /// # Errors
    /// As there.
    pub fn to_linear(&self, temperature: f32) -> Result<LinearHead<CLASSES, FEATURES, M>, Error> {
        check_temperature(temperature)?;
        let mut linear = LinearHead::new();
        let (weight, sum) = self.weights();
        let (raw, weight) = (self.head.total() / (sum * temperature), weight / (sum * temperature));
        let Numbers { rows, bias, counts, .. } = self.head.storage.numbers();
        let known = self.trained.used().max(1) as f32;
        let (trained, storage) = (&self.trained.storage, &mut linear.storage);
        for (class, ((to, of_bias), count)) in storage.weights.iter_mut().zip(&mut storage.bias).zip(counts).enumerate()
        {
            match self.trained_class(class) {
                Some(of) => {
                    let row = trained.weights.get(of).unwrap_or(&[0.0; FEATURES]);
                    to.iter_mut().zip(row).for_each(|(to, w)| *to = weight * w);
                    *of_bias = weight * trained.bias.get(of).copied().unwrap_or_default();
                }
                None if *count > 0 => {
                    for row in trained.weights.iter().take(self.trained.used()) {
                        to.iter_mut().zip(row).for_each(|(to, w)| *to += weight * w / known);
                    }
                    *of_bias = weight * trained.bias.iter().take(self.trained.used()).sum::<f32>() / known;
                }
                None => *of_bias = NEVER,
            }
            if *count > 0 {
                let row = rows.get(class * FEATURES..).unwrap_or_default();
                to.iter_mut().zip(row).for_each(|(to, v)| *to += raw * v);
                *of_bias += raw * bias.get(class).copied().unwrap_or_default();
            }
        }
        linear.check()?;
        linear.truncate(self.head.used())?;
        Ok(linear)
    }
}

impl<'t, 'a, M, T: ReadStorage<Features = [f32]>> MixedView<'t, 'a, M, T> {
    /// A discriminant and a trained head on the same features. `map` has one byte for each class: its index in the trained head, or 255 if the
    /// trained head does not have it. At first that is `0, 1, ..` followed by 255; later calls pass the map as this head left it.
    ///
    /// # Errors
    /// [`Error::Length`] if the map does not have one byte for each class that the discriminant has room for, or the heads differ in their number
    /// of features; [`Error::Target`] if the map names a class that the trained head has no room for.
    ///
    /// ```
    /// use gradient_decay::statistics::StatisticsView;
    /// use gradient_decay::{DiscriminantView, FrozenView, Head, MixedView, StreamingLda};
    ///
    /// let (mut numbers, mut counts) = ([0.0; StatisticsView::numbers_of(3, 2)], [0; 3]);
    /// let mut scratch = [0.0; StatisticsView::scratch_of(3, 2)];
    /// let head = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, 2)?;
    /// let parameters = [1.0, 0.0, -1.0, 0.0, 0.0, 0.0]; // rows 1 0 and -1 0, no biases
    /// let trained = FrozenView::new(&parameters, 2, 2)?;
    /// let mut map = [0, 1, 255];
    /// let mut head = MixedView::new(head, &trained, &mut map)?;
    /// head.learn(&StreamingLda::new(), &[0.0, 2.0], 2)?;
    /// let mut z = [0.0; 3];
    /// head.logits(&[0.1, 1.8], &mut z)?;
    /// assert!(z[2] > z[0] && z[0] > z[1]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn new(head: DiscriminantView<'a, M>, trained: &'t Linear<T, M>, map: &'a mut [u8]) -> Result<Self, Error> {
        let Numbers { diagonal, counts, .. } = head.storage.numbers();
        check_length(Slice::Scratch, counts.len(), map.len())?;
        let (weights, room) = (trained.storage.weights().len(), trained.storage.bias().len());
        check_length(Slice::Features, diagonal.len(), weights.checked_div(room).unwrap_or_default())?;
        for of in map.iter().filter(|of| **of != NEW) {
            check_target(room, usize::from(*of))?;
        }
        Ok(Mixed { head, trained, map })
    }
}

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M> Mixed<'_, S, T, K, M> {
    /// The discriminant.
    pub const fn head(&self) -> &Discriminant<S, M> {
        &self.head
    }

    /// The weight of the trained head's logits, and the number that the weighted sum is divided by.
    fn weights(&self) -> (f32, f32) {
        let (temperature, labels) = (self.head.temperature(), self.head.labels as f32);
        let ratio = (ALONE + self.trained.used() as f32) / self.head.evidence();
        let (faded, alone) = (SHARE * HALF / (HALF + labels), temperature * ratio * ratio * ratio);
        let weight = if alone > faded { alone } else { faded };
        (weight, temperature + weight)
    }

    /// The index of a class in the trained head, if that has it.
    fn trained_class(&self, class: usize) -> Option<usize> {
        let of = *self.map.as_ref().get(class)?;
        (class < self.head.used() && usize::from(of) < self.trained.used()).then_some(usize::from(of))
    }

    pub(crate) fn mixed_logits(&self, features: &S::Features, logits: &mut [f32]) -> Result<(), Error> {
        let Numbers { rows, bias, counts, .. } = self.head.storage.numbers();
        check_length(Slice::Logits, bias.len(), logits.len())?;
        self.head.storage.check(features)?;
        let (x, trained) = (features.as_ref(), &self.trained.storage);
        let mut top = f32::NONE;
        each_block(trained.weights(), trained.bias(), x, 1.0, |first, block| {
            let in_use = block.iter().take(self.trained.used().saturating_sub(first));
            top = in_use.fold(top, |top, z| if *z > top { *z } else { top });
            for (class, z) in logits.iter_mut().enumerate() {
                let its = self.trained_class(class).and_then(|of| block.get(of.checked_sub(first)?));
                *z = its.copied().unwrap_or(*z);
            }
        })?;
        // A trained head without a class adds nothing.
        let top = if top > f32::NONE { top } else { 0.0 };
        let (weight, sum) = self.weights();
        // The largest logit of the trained classes with a sample: of the trained head, and of the sum.
        let mut largest = [f32::NONE; 2];
        each_block(rows, bias, x, self.head.total(), |first, block| {
            let known = counts.iter().skip(first).map(|count| *count > 0);
            let ours = logits.iter_mut().skip(first).zip(known).zip(block).enumerate();
            for (place, ((z, known), raw)) in ours {
                match (known, self.trained_class(first + place)) {
                    (true, Some(_)) => {
                        let both = (raw + weight * *z) / sum;
                        for (largest, z) in largest.iter_mut().zip([*z, both]) {
                            *largest = if z > *largest { z } else { *largest };
                        }
                        *z = both;
                    }
                    (true, None) => *z = (raw + weight * top) / sum,
                    (false, Some(_)) => (),
                    (false, None) => *z = f32::NONE,
                }
            }
        })?;
        let ([of_trained, of_sum], share) = (largest, weight / sum);
        for (class, (z, count)) in logits.iter_mut().zip(counts).enumerate() {
            if *count == 0 && self.trained_class(class).is_some() {
                let raised = if of_trained > f32::NONE { (1.0 - share) * *z + (of_sum - of_trained) } else { 0.0 };
                *z = share * (*z + if raised > 0.0 { raised } else { 0.0 });
            }
        }
        Ok(())
    }

    /// Keeps what was learned, but with the weight of only `samples` samples: see [`discount`](Discriminant::discount). Labels are counted from 0
    /// again, so the trained head regains its initial weight: for another user.
    ///
    /// # Errors
    /// As there.
    pub fn discount(&mut self, samples: f32, most: u32) -> Result<(), Error> {
        self.head.discount(samples, most)
    }

    /// Keeps the first `classes` of the classes in use.
    ///
    /// # Errors
    /// [`Error::TooManyClasses`] if fewer are in use; nothing is then changed.
    pub fn truncate(&mut self, classes: usize) -> Result<(), Error> {
        self.head.truncate(classes)?;
        self.map.as_mut().iter_mut().skip(classes).for_each(|of| *of = NEW);
        Ok(())
    }
}

/// Calls back with the trained head's logits times a scale, a block of rows at a time, and the index of the block's first row.
fn each_block(
    rows: &[f32],
    bias: &[f32],
    x: &[f32],
    scale: f32,
    mut see: impl FnMut(usize, &[f32]),
) -> Result<(), Error> {
    let mut block = [0.0; BLOCK];
    let blocks = rows.chunks(x.len().saturating_mul(BLOCK).max(1)).zip(bias.chunks(BLOCK));
    for (index, (rows, bias)) in blocks.enumerate() {
        let first = index.saturating_mul(BLOCK);
        let z = block.get_mut(..bias.len()).unwrap_or_default();
        z.iter_mut().zip(bias).for_each(|(z, bias)| *z = *bias);
        kernels::add_dot_matrix(rows, x, z);
        z.iter_mut().for_each(|z| *z *= scale);
        check_logits(x, z).map_err(|error| match error {
            Error::NotFinite { slice: Slice::Logits, index } => {
                Error::NotFinite { slice: Slice::Logits, index: first.saturating_add(index) }
            }
            other => other,
        })?;
        see(first, z);
    }
    Ok(())
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math>
    MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    /// The most probable class of a sample, among those that either head [knows](Head::knows), and its softmax probability.
    ///
    /// # Errors
    /// As [`logits`](Head::logits).
    pub fn predict(&self, features: &[f32; FEATURES]) -> Result<Prediction, Error> {
        let mut logits = [0.0; CLASSES];
        self.logits(features, &mut logits)?;
        Ok(f32::predict::<M>(&mut logits, 1.0))
    }
}

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M: Math> Head
    for Mixed<'_, S, T, K, M>
{
    type Features = S::Features;
    type Number = f32;
    type Math = M;

    fn room(&self) -> usize {
        self.head.room()
    }

    fn classes(&self) -> usize {
        self.head.used()
    }

    fn knows(&self, class: usize) -> bool {
        self.head.samples(class) > 0 || self.trained_class(class).is_some()
    }

    /// [`Error::NoClasses`] if neither head knows a class.
    fn logits(&self, features: &S::Features, logits: &mut [f32]) -> Result<(), Error> {
        if !(0..self.room()).any(|class| self.knows(class)) {
            return Err(Error::NoClasses);
        }
        self.mixed_logits(features, logits)
    }
}

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M: Math> Tempered
    for Mixed<'_, S, T, K, M>
{
    /// The discriminant's temperature plus the weight of the trained head.
    fn temperature(&self) -> f32 {
        self.weights().1
    }
}

impl<S: Statistics, T: ReadStorage<Features = S::Features>, K: AsRef<[u8]> + AsMut<[u8]>, M: Math> Classes
    for Mixed<'_, S, T, K, M>
{
    /// The new class is one that the trained head does not have.
    fn add_class(&mut self) -> Result<usize, Error> {
        let class = self.head.add_class()?;
        if let Some(of) = self.map.as_mut().get_mut(class) {
            *of = NEW;
        }
        Ok(class)
    }

    fn remove_class(&mut self, class: usize) -> Result<(), Error> {
        self.head.remove_class(class)?;
        remove_row(self.map.as_mut(), class, 1);
        if let Some(last) = self.map.as_mut().last_mut() {
            *last = NEW;
        }
        Ok(())
    }
}
