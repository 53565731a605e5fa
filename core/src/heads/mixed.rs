//! A discriminant with the trained head mixed in, whose weight fades with the labels.
//!
//! A device that starts from a training set has two heads that know something of its user: the trained one, which is better at first, and
//! the discriminant, which learns. Their logits are added, `z = (z_d + 4 g z_t) / (T + 4 g)` with `z_d` the discriminant's before its
//! temperature `T`, and `g = 10 / (10 + n)` after `n` labels. The trained head is read-only, and may lie in flash.

use crate::error::{Error, Slice, check_length};
use crate::heads::discriminant::{DiscriminantHead, NEVER};
use crate::heads::head::{Classes, Head, remove_row};
use crate::heads::linear::LinearHead;
use crate::heads::number::Number;
use crate::heads::prediction::{Prediction, check_temperature};
use crate::heads::residual::Tempered;
use crate::heads::statistics::{Numbers, Statistics as _};
use crate::numeric::kernels;
use crate::numeric::math::{Libm, Math};

/// The labels after which the trained head has half of its weight.
const HALF: f32 = 10.0;
/// A logit of the discriminant counts a quarter of the trained head's, at first.
const SHARE: f32 = 4.0;
/// In the map: a class that the trained head does not know.
pub(crate) const NEW: u8 = u8::MAX;

/// A [`DiscriminantHead`] and a trained [`LinearHead`] of `TRAINED` classes, at most 255, on the same features; `CLASSES + 8` bytes more than
/// the first, or a few more for their alignment.
///
/// Class `k` is the trained head's `k` at first; where classes come and go, a map follows. To one that it never knew, the trained head gives
/// the largest of the logits that it has for others, so that it speaks neither for nor against it. One that the discriminant has no sample
/// of is known by the trained head alone, with a mean at the origin.
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
/// head.truncate(2)?; // those that were trained
/// assert_eq!(head.predict(&[1.0, 0.0])?.class, 0); // before the first label
/// let new = head.add_class()?;
/// head.learn(&LDA, &[0.0, 2.0], new)?;
/// head.learn(&LDA, &[1.0, 0.0], 0)?;
/// assert_eq!((head.predict(&[0.2, 1.8])?.class, head.predict(&[0.9, 0.1])?.class), (new, 0));
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MixedHead<
    't,
    const CLASSES: usize,
    const FEATURES: usize,
    const UPPER: usize,
    const TRAINED: usize,
    M = Libm,
> {
    pub(crate) head: DiscriminantHead<CLASSES, FEATURES, UPPER, M>,
    pub(crate) trained: &'t LinearHead<TRAINED, FEATURES, M>,
    /// Which class of the trained head each of ours is, or [`NEW`].
    pub(crate) map: [u8; CLASSES],
}

impl<'t, const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M>
    MixedHead<'t, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    /// A discriminant, new or with the statistics of a training set, whose classes are those of the trained head.
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

    /// The discriminant.
    pub const fn head(&self) -> &DiscriminantHead<CLASSES, FEATURES, UPPER, M> {
        &self.head
    }

    /// Keeps what was learned with the weight of so many samples: see [`discount`](crate::discriminant::Discriminant::discount). The labels
    /// count from 0, so that the trained head has its first weight again: for another user.
    ///
    /// # Errors
    /// As there.
    pub fn discount(&mut self, samples: f32, most: u32) -> Result<(), Error> {
        self.head.discount(samples, most)
    }

    /// The weight of the trained head's logits beside those of the discriminant before its temperature, and what their sum is divided by.
    fn weights(&self) -> (f32, f32) {
        let g = SHARE * HALF / (HALF + self.head.labels as f32);
        (g, self.head.temperature() + g)
    }

    /// The class of the trained head that a class is, if it knows it.
    fn trained_class(&self, class: usize) -> Option<usize> {
        let of = *self.map.get(class)?;
        (class < self.head.used() && usize::from(of) < self.trained.used()).then_some(usize::from(of))
    }

    pub(crate) fn mixed_logits(&self, features: &[f32; FEATURES], logits: &mut [f32]) -> Result<(), Error> {
        check_length(Slice::Logits, CLASSES, logits.len())?;
        let mut trained = [0.0; TRAINED];
        self.trained.logits(features, &mut trained)?;
        let top = kernels::largest(&trained).map_or(0.0, |(_, top)| top);
        self.head.raw_logits(features, logits)?;
        let (weight, sum) = self.weights();
        for (class, z) in logits.iter_mut().enumerate() {
            let of_trained = self.trained_class(class).and_then(|of| trained.get(of));
            *z = match (self.head.samples(class) > 0, of_trained) {
                (true, Some(its)) => (*z + weight * its) / sum,
                (true, None) => (*z + weight * top) / sum,
                (false, Some(its)) => weight * its / sum,
                (false, None) => f32::NONE,
            };
        }
        Ok(())
    }

    /// The linear head with these logits divided by a temperature in [0.01, 100]: see
    /// [`DiscriminantHead::to_linear`](crate::discriminant::Discriminant::to_linear). For a class that the trained head does not know, the
    /// mean of its rows stands for the largest.
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
        let storage = &mut linear.storage;
        for (class, ((to, of_bias), count)) in storage.weights.iter_mut().zip(&mut storage.bias).zip(counts).enumerate()
        {
            let trained = &self.trained.storage;
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

    /// Keeps the first `classes` of the classes in use.
    ///
    /// # Errors
    /// [`Error::TooManyClasses`] if fewer are in use; nothing is then changed.
    pub fn truncate(&mut self, classes: usize) -> Result<(), Error> {
        self.head.truncate(classes)?;
        self.map.iter_mut().skip(classes).for_each(|of| *of = NEW);
        Ok(())
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math>
    MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    /// The most probable class of a sample, among those that either head knows, and its softmax probability.
    ///
    /// # Errors
    /// As [`logits`](Head::logits).
    pub fn predict(&self, features: &[f32; FEATURES]) -> Result<Prediction, Error> {
        let mut logits = [0.0; CLASSES];
        self.logits(features, &mut logits)?;
        Ok(f32::predict::<M>(&mut logits, 1.0))
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math> Head
    for MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    type Features = [f32; FEATURES];
    type Number = f32;
    type Math = M;

    fn room(&self) -> usize {
        CLASSES
    }

    fn classes(&self) -> usize {
        self.head.used()
    }

    fn knows(&self, class: usize) -> bool {
        self.head.samples(class) > 0 || self.trained_class(class).is_some()
    }

    /// [`Error::NoClasses`] if neither head knows a class.
    fn logits(&self, features: &[f32; FEATURES], logits: &mut [f32]) -> Result<(), Error> {
        if !(0..CLASSES).any(|class| self.knows(class)) {
            return Err(Error::NoClasses);
        }
        self.mixed_logits(features, logits)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math> Tempered
    for MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    /// With the weight of the trained head.
    fn temperature(&self) -> f32 {
        self.weights().1
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, const TRAINED: usize, M: Math> Classes
    for MixedHead<'_, CLASSES, FEATURES, UPPER, TRAINED, M>
{
    /// One that the trained head does not know.
    fn add_class(&mut self) -> Result<usize, Error> {
        let class = self.head.add_class()?;
        if let Some(of) = self.map.get_mut(class) {
            *of = NEW;
        }
        Ok(class)
    }

    fn remove_class(&mut self, class: usize) -> Result<(), Error> {
        self.head.remove_class(class)?;
        remove_row(&mut self.map, class, 1);
        if let Some(last) = self.map.last_mut() {
            *last = NEW;
        }
        Ok(())
    }
}
