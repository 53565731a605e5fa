//! The linear head: a dense layer from features to logits.

use core::marker::PhantomData;

use crate::error::{Error, Slice, check_classes, check_finite, check_length, check_target};
use crate::heads::head::{Classes, Head, remove_row};
use crate::heads::number::Number;
use crate::heads::prediction::Prediction;
use crate::heads::storage::{AnyVelocity, Layer, Owned, ReadStorage, Storage, StoredVelocity, Velocity, VelocityView};
use crate::numeric::math::{Libm, Math};

/// A dense layer, `z = W x + b` in f32. The rows in use come first; the others are zero. `S` is the storage of its numbers, `M` the math
/// backend.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Linear<S, M = Libm> {
    pub(crate) storage: S,
    /// The number of rows, the last ones, that are not in use. Counting these makes a new head all zeros, so a static of it costs no flash;
    /// in 32 bits, so that a head takes the same number of bytes on every target.
    pub(crate) unused: u32,
    pub(crate) math: PhantomData<M>,
}

/// A linear head with room for `CLASSES` classes of `FEATURES` features: `4 CLASSES (FEATURES + 1) + 4` bytes.
///
/// It can be a static: the constructors are const. Both sizes must be at least 1; a size of 0 does not compile:
///
/// ```compile_fail
/// let head: gradient_decay::LinearHead<0, 4> = gradient_decay::LinearHead::new();
/// ```
///
/// Classes can be added and removed at run time:
///
/// ```
/// use gradient_decay::{BetaSchedule, Classes, Error, FineTuner, Head, LinearHead, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.5));
/// let (mut head, mut state) = (LinearHead::<3, 2>::empty(), State::new());
/// assert_eq!(head.predict(&[1.0, 0.0]), Err(Error::NoClasses));
/// head.add_class()?;
/// head.add_class()?;
/// for _ in 0..20 {
///     TUNER.step(&mut head, &mut state, &[1.0, 0.0], 0)?;
///     TUNER.step(&mut head, &mut state, &[0.0, 1.0], 1)?;
/// }
/// assert_eq!((head.classes(), head.predict(&[0.0, 0.9])?.class), (2, 1));
/// head.remove_class(0)?; // those above it move down
/// assert_eq!(head.predict(&[0.0, 0.9])?.class, 0);
/// # Ok::<(), Error>(())
/// ```
pub type LinearHead<const CLASSES: usize, const FEATURES: usize, M = Libm, V = ()> =
    Linear<Owned<CLASSES, FEATURES, V>, M>;

/// A linear head that stores a velocity, for an optimizer with momentum: twice the bytes of a [`LinearHead`].
pub type MomentumHead<const CLASSES: usize, const FEATURES: usize, M = Libm> =
    LinearHead<CLASSES, FEATURES, M, Velocity<CLASSES, FEATURES>>;

impl<const CLASSES: usize, const FEATURES: usize, M, V: StoredVelocity> LinearHead<CLASSES, FEATURES, M, V> {
    /// The number of parameters: `CLASSES * (FEATURES + 1)`.
    pub const PARAMETERS: usize = CLASSES * (FEATURES + 1);

    /// The size of a head in RAM, in bytes.
    pub const BYTES: usize = size_of::<Self>();

    /// A head of zeros with all classes in use: every class is equally probable.
    ///
    /// ```
    /// use gradient_decay::LinearHead;
    ///
    /// static HEAD: LinearHead<10, 64> = LinearHead::new();
    /// assert_eq!(HEAD.predict(&[0.5; 64])?.probability, 0.1);
    /// assert_eq!(LinearHead::<10, 64>::BYTES, 2604);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub const fn new() -> Self {
        Linear { storage: Owned::new(), unused: 0, math: PhantomData }
    }

    /// A head with no class in use: [`add_class`](Classes::add_class) adds them. A static of it has an initial image in flash as large as
    /// itself, whereas one of [`new`](Self::new) is all zeros and has none: where flash is short, start with `new` and
    /// [`truncate`](Self::truncate) it to 0.
    pub const fn empty() -> Self {
        Linear { storage: Owned::new(), unused: CLASSES as u32, math: PhantomData }
    }

    /// The logits `W x + b` of a sample; minus infinity for each row that is not in use.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the feature that is NaN or infinite, or the logit that leaves the range of f32;
    /// `logits` is then unchanged.
    pub fn logits(&self, features: &[f32; FEATURES], logits: &mut [f32; CLASSES]) -> Result<(), Error> {
        let mut result = self.storage.bias;
        self.add_products(features, &mut result)?;
        *logits = result;
        Ok(())
    }
}

impl<const CLASSES: usize, const FEATURES: usize, M: Math, V: StoredVelocity> LinearHead<CLASSES, FEATURES, M, V> {
    /// The most probable class of a sample and its softmax probability.
    ///
    /// # Errors
    /// As [`logits`](Self::logits); [`Error::NoClasses`] if no class is in use.
    pub fn predict(&self, features: &[f32; FEATURES]) -> Result<Prediction, Error> {
        let mut logits = self.storage.bias;
        self.predict_from_biases(features, &mut logits)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, M> LinearHead<CLASSES, FEATURES, M, Velocity<CLASSES, FEATURES>> {
    /// Replaces all velocities, in the order of [`import`](Self::import).
    ///
    /// # Errors
    /// [`Error::Length`] if there are not [`PARAMETERS`](Self::PARAMETERS) velocities, [`Error::NotFinite`] if one is NaN or infinite;
    /// nothing is then changed.
    ///
    /// ```
    /// use gradient_decay::MomentumHead;
    ///
    /// let mut head: MomentumHead<1, 2> = MomentumHead::new();
    /// head.import_velocity(&[1.0, 2.0, 3.0])?;
    /// let mut copy = [0.0; 3];
    /// head.export_velocity(&mut copy)?;
    /// assert_eq!(copy, [1.0, 2.0, 3.0]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn import_velocity(&mut self, velocity: &[f32]) -> Result<(), Error> {
        let used = self.used();
        let Velocity { weights, bias, .. } = &mut self.storage.velocity;
        import(Slice::Velocity, weights.as_flattened_mut(), bias, velocity)?;
        weights.iter_mut().skip(used).for_each(|row| *row = [0.0; FEATURES]);
        bias.iter_mut().skip(used).for_each(|bias| *bias = 0.0);
        if let Some(view) = self.storage.velocity.view() {
            *view.bound = view.largest();
        }
        Ok(())
    }

    /// Copies all velocities out, in the order of [`import`](Self::import).
    ///
    /// # Errors
    /// [`Error::Length`] if `velocity` does not have the length [`PARAMETERS`](Self::PARAMETERS); it is then unchanged.
    pub fn export_velocity(&self, velocity: &mut [f32]) -> Result<(), Error> {
        let Velocity { weights, bias, .. } = &self.storage.velocity;
        export(Slice::Velocity, weights.as_flattened(), bias, velocity)
    }
}

impl<S: ReadStorage, M> Linear<S, M> {
    /// Checks that all parameters are finite.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the first that is NaN or infinite.
    pub fn check(&self) -> Result<(), Error> {
        check_finite(Slice::Parameters, self.storage.weights())?;
        match self.storage.bias().iter().position(|bias| !bias.is_finite()) {
            None => Ok(()),
            Some(row) => Err(Error::NotFinite { slice: Slice::Parameters, index: self.storage.weights().len() + row }),
        }
    }

    /// Copies all parameters out, in the order of [`import`](Self::import); zeros for rows that are not in use.
    ///
    /// # Errors
    /// [`Error::Length`] if `parameters` does not have one number for each parameter of the head; it is then unchanged.
    ///
    /// ```
    /// use gradient_decay::LinearHead;
    ///
    /// let mut head: LinearHead<2, 1> = LinearHead::new();
    /// head.import(&[0.5, -0.5, 0.0, 2.0])?;
    /// let mut copy = [0.0; LinearHead::<2, 1>::PARAMETERS];
    /// head.export(&mut copy)?;
    /// assert_eq!(copy, [0.5, -0.5, 0.0, 2.0]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn export(&self, parameters: &mut [f32]) -> Result<(), Error> {
        export(Slice::Parameters, self.storage.weights(), self.storage.bias(), parameters)
    }

    /// The number of rows in use.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.storage.bias().len().saturating_sub(self.unused as usize)
    }

    /// Adds the products of the rows to `logits`, which hold the biases. After an error they may hold anything.
    #[inline]
    pub(crate) fn add_products(&self, features: &S::Features, logits: &mut [f32]) -> Result<(), Error> {
        self.storage.add_products(features, logits);
        check_logits(features.as_ref(), logits)?;
        if self.unused > 0 {
            mask(logits, self.used());
        }
        Ok(())
    }
}

impl<S: Storage, M> Linear<S, M> {
    /// Replaces all parameters: the weights row by row (one row for each class), then the biases. All classes are in use then; a
    /// velocity stays as it is.
    ///
    /// # Errors
    /// [`Error::Length`] if `parameters` does not have one number for each parameter of the head, [`Error::NotFinite`] if one is NaN or
    /// infinite; the head is then unchanged.
    pub fn import(&mut self, parameters: &[f32]) -> Result<(), Error> {
        let Layer { weights, bias, .. } = self.storage.layer();
        import(Slice::Parameters, weights, bias, parameters)?;
        self.unused = 0;
        Ok(())
    }

    /// Keeps the first `classes` of the classes in use. The rows behind them and their velocity become zero.
    ///
    /// # Errors
    /// [`Error::TooManyClasses`] if fewer are in use; nothing is then changed.
    pub fn truncate(&mut self, classes: usize) -> Result<(), Error> {
        check_classes(self.used(), classes)?;
        let Layer { weights, bias, velocity } = self.storage.layer();
        let features = weights.len().checked_div(bias.len()).unwrap_or_default();
        clear(weights, bias, classes, features);
        if let Some(VelocityView { weights, bias, .. }) = velocity {
            clear(weights, bias, classes, features);
        }
        self.unused = self.storage.bias().len().saturating_sub(classes) as u32;
        Ok(())
    }

    /// Removes the row of a class: the rows behind it move up, and a row of zeros comes last.
    pub(crate) fn take_row_out(&mut self, class: usize) {
        let Layer { weights, bias, velocity } = self.storage.layer();
        let features = weights.len().checked_div(bias.len()).unwrap_or_default();
        remove_row(weights, class, features);
        remove_row(bias, class, 1);
        if let Some(VelocityView { weights, bias, .. }) = velocity {
            remove_row(weights, class, features);
            remove_row(bias, class, 1);
        }
    }
}

impl<S: ReadStorage, M: Math> Linear<S, M> {
    #[inline]
    pub(crate) fn predict_from_biases(&self, features: &S::Features, logits: &mut [f32]) -> Result<Prediction, Error> {
        if self.used() == 0 {
            return Err(Error::NoClasses);
        }
        self.add_products(features, logits)?;
        Ok(f32::predict::<M>(logits, 1.0))
    }
}

impl<S: ReadStorage, M: Math> Head for Linear<S, M> {
    type Features = S::Features;
    type Number = f32;
    type Math = M;

    #[inline]
    fn room(&self) -> usize {
        self.storage.bias().len()
    }

    #[inline]
    fn classes(&self) -> usize {
        self.used()
    }

    #[inline]
    fn logits(&self, features: &S::Features, logits: &mut [f32]) -> Result<(), Error> {
        self.storage.check(features)?;
        check_length(Slice::Logits, self.room(), logits.len())?;
        self.storage.copy_bias(logits);
        self.add_products(features, logits)
    }
}

impl<S: Storage, M: Math> Classes for Linear<S, M> {
    fn add_class(&mut self) -> Result<usize, Error> {
        let (class, room) = (self.classes(), self.room());
        if class >= room {
            return Err(Error::NoRoom { classes: room });
        }
        self.unused -= 1;
        Ok(class)
    }

    fn remove_class(&mut self, class: usize) -> Result<(), Error> {
        check_target(self.classes(), class)?;
        self.take_row_out(class);
        self.unused += 1;
        Ok(())
    }
}

impl<const CLASSES: usize, const FEATURES: usize, M, V: StoredVelocity> Default
    for LinearHead<CLASSES, FEATURES, M, V>
{
    fn default() -> Self {
        Self::new()
    }
}

/// Checks that features and logits are finite.
#[inline]
pub(crate) fn check_logits(features: &[f32], logits: &[f32]) -> Result<(), Error> {
    // A NaN or infinite feature makes every logit NaN or infinite, so it is enough to check the few logits. Their sum is finite
    // only if they all are, so it is enough to check the sum.
    if logits.iter().sum::<f32>().is_finite() {
        return Ok(());
    }
    match not_finite(features, logits) {
        Some((slice, index)) => Err(Error::NotFinite { slice, index }),
        None => Ok(()),
    }
}

/// The first feature that is not finite; if all are, the first logit that is not.
#[cold]
#[inline(never)]
fn not_finite(features: &[f32], logits: &[f32]) -> Option<(Slice, usize)> {
    let first = |values: &[f32]| values.iter().position(|value| !value.is_finite());
    let feature = first(features).map(|index| (Slice::Features, index));
    feature.or_else(|| first(logits).map(|index| (Slice::Logits, index)))
}

/// Sets the logits of rows that are not in use to [`Number::NONE`].
#[cold]
#[inline(never)]
pub(crate) fn mask<N: Number>(logits: &mut [N], classes: usize) {
    logits.iter_mut().skip(classes).for_each(|logit| *logit = N::NONE);
}

/// Sets the rows from `rows` on to zero.
fn clear(weights: &mut [f32], bias: &mut [f32], rows: usize, features: usize) {
    weights.iter_mut().skip(rows * features).for_each(|w| *w = 0.0);
    bias.iter_mut().skip(rows).for_each(|b| *b = 0.0);
}

/// Checks all of `from`, then copies it: the matrix row by row, then the column.
fn import(slice: Slice, matrix: &mut [f32], column: &mut [f32], from: &[f32]) -> Result<(), Error> {
    check_length(slice, matrix.len() + column.len(), from.len())?;
    check_finite(slice, from)?;
    matrix.iter_mut().chain(column).zip(from).for_each(|(to, from)| *to = *from);
    Ok(())
}

/// The reverse of [`import`].
fn export(slice: Slice, matrix: &[f32], column: &[f32], to: &mut [f32]) -> Result<(), Error> {
    check_length(slice, matrix.len() + column.len(), to.len())?;
    to.iter_mut().zip(matrix.iter().chain(column)).for_each(|(to, from)| *to = *from);
    Ok(())
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;

    #[test]
    fn a_refused_import_changes_nothing() {
        let mut head: LinearHead<2, 2> = LinearHead::new();
        head.import(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let before = head.clone();
        assert!(head.import(&[0.0; 5]).is_err());
        let nan = [0.0, 0.0, 0.0, 0.0, 0.0, f32::NAN];
        assert_eq!(head.import(&nan), Err(Error::NotFinite { slice: Slice::Parameters, index: 5 }));
        assert_eq!(head, before);
    }

    #[test]
    fn a_bad_feature_is_named_even_under_zero_weights() {
        for head in [LinearHead::<3, 4>::new(), LinearHead::empty()] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let expected = Err(Error::NotFinite { slice: Slice::Features, index: 2 });
                assert_eq!(head.logits(&[0.0, 1.0, bad, 0.0], &mut [0.0; 3]), expected);
            }
        }
    }

    #[test]
    fn a_logit_out_of_range_is_refused() {
        let mut head: LinearHead<2, 1> = LinearHead::new();
        head.import(&[0.0, 1e30, 0.0, 0.0]).unwrap();
        assert_eq!(head.predict(&[1e30]), Err(Error::NotFinite { slice: Slice::Logits, index: 1 }));
        assert!(head.predict(&[1e7]).is_ok());
    }

    #[test]
    fn logits_whose_sum_leaves_the_range_are_taken() {
        let mut head: LinearHead<2, 1> = LinearHead::new();
        head.import(&[0.0, 0.0, 3e38, 3e38]).unwrap();
        assert_eq!(head.predict(&[1.0]), Ok(Prediction { class: 0, probability: 0.5 }));
    }

    #[test]
    fn bytes_of_a_wrong_length_are_refused() {
        for actual in [0, 15, 17, 20] {
            let expected = Err(Error::Length { slice: Slice::Bytes, expected: 16, actual });
            assert_eq!(LinearHead::<2, 1>::from_le_bytes(&[0; 20][..actual]), expected);
        }
        assert!(LinearHead::<2, 1>::from_le_bytes(&[0xff; 16]).is_err());
        assert_eq!(LinearHead::<2, 1>::from_le_bytes(&[0; 16]), Ok(LinearHead::new()));
    }

    #[test]
    fn rows_not_in_use_are_zero_with_their_velocity() {
        let numbers: [f32; 9] = core::array::from_fn(|i| i as f32 + 1.0);
        let mut head: MomentumHead<3, 2> = MomentumHead::new();
        head.import(&numbers).unwrap();
        head.import_velocity(&numbers).unwrap();
        head.truncate(1).unwrap();
        let (mut parameters, mut velocity) = ([9.0; 9], [9.0; 9]);
        head.export(&mut parameters).unwrap();
        head.export_velocity(&mut velocity).unwrap();
        let kept = [1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 7.0, 0.0, 0.0];
        assert_eq!((parameters, velocity, head.classes()), (kept, kept, 1));
        assert_eq!(head.truncate(2), Err(Error::TooManyClasses { classes: 2, most: 1 }));
        let mut logits = [0.0; 3];
        head.logits(&[1.0, 1.0], &mut logits).unwrap();
        assert_eq!(logits, [10.0, f32::NEG_INFINITY, f32::NEG_INFINITY]);
        // An imported velocity is cleared for rows that are not in use.
        head.import_velocity(&numbers).unwrap();
        head.export_velocity(&mut velocity).unwrap();
        assert_eq!(velocity, kept);
    }

    #[test]
    fn a_removed_class_takes_its_row_and_velocity_along() {
        let numbers: [f32; 12] = core::array::from_fn(|i| i as f32 + 1.0);
        let mut head: MomentumHead<4, 2> = MomentumHead::new();
        head.import(&numbers).unwrap();
        head.import_velocity(&numbers).unwrap();
        head.remove_class(1).unwrap();
        let (mut parameters, mut velocity) = ([9.0; 12], [9.0; 12]);
        head.export(&mut parameters).unwrap();
        head.export_velocity(&mut velocity).unwrap();
        let moved = [1.0, 2.0, 5.0, 6.0, 7.0, 8.0, 0.0, 0.0, 9.0, 11.0, 12.0, 0.0];
        assert_eq!((parameters, velocity, head.classes()), (moved, moved, 3));
        let before = head.clone();
        assert_eq!(head.remove_class(3), Err(Error::Target { target: 3, classes: 3 }));
        assert_eq!(head, before);
        assert_eq!((head.add_class(), head.add_class()), (Ok(3), Err(Error::NoRoom { classes: 4 })));
    }
}
