//! The storage of the numbers of a head in integers: owned arrays, or the caller's slices. The code that uses them is the same for both.

use crate::error::{Error, Slice, check_length};
use crate::heads::storage::{Pair, PairView, Work};
use crate::numeric::kernels;

/// The most features of a head in integers: the sum of more products could overflow an i32.
pub(crate) const FEATURES_MAX: usize = 512;

/// The storage of a head in integers: [`OwnedFixed`], or [`FixedSlices`].
///
/// The storage calls the kernels, since it knows whether the length of a row is known at compile time.
pub trait FixedStorage {
    /// The features of a sample.
    type Features: ?Sized + AsRef<[i8]>;
    /// Work space for the logits of a sample and their gradient.
    type Work: Work<Number = i32>;
    /// The bytes of weights and biases; 0 where they are known only at run time.
    const BYTES: usize;

    /// `Ok` if there are as many features as a row has.
    ///
    /// # Errors
    /// [`Error::Length`] if not.
    fn check(&self, features: &Self::Features) -> Result<(), Error>;
    /// The weights row by row.
    fn weights(&self) -> &[i16];
    /// The biases, one a row.
    fn bias(&self) -> &[i32];
    /// Weights and biases, mutably.
    fn numbers(&mut self) -> (&mut [i16], &mut [i32]);
    /// Copies the biases to `to`, which has one number for each row.
    fn copy_bias(&self, to: &mut [i32]);
    /// Replaces the biases in `logits` by `add` of the bias and the dot product of each row.
    fn add_products(&self, features: &Self::Features, logits: &mut [i32], add: impl Fn(i32, i32) -> i32);
    /// Updates the rows: see [`update_rows_i16`](crate::kernels::update_rows_i16).
    fn update(&mut self, rates: &[i32], features: &Self::Features, shift: u32, random: u32) -> u32;
}

/// The arrays of a head in integers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct OwnedFixed<const ROWS: usize, const FEATURES: usize> {
    pub(crate) weights: [[i16; FEATURES]; ROWS],
    pub(crate) bias: [i32; ROWS],
}

impl<const ROWS: usize, const FEATURES: usize> OwnedFixed<ROWS, FEATURES> {
    pub(crate) const fn new() -> Self {
        const {
            assert!(ROWS > 0 && FEATURES > 0 && FEATURES <= FEATURES_MAX, "a head needs 1 to 512 features and a class");
        };
        OwnedFixed { weights: [[0; FEATURES]; ROWS], bias: [0; ROWS] }
    }
}

impl<const ROWS: usize, const FEATURES: usize> FixedStorage for OwnedFixed<ROWS, FEATURES> {
    type Features = [i8; FEATURES];
    type Work = Pair<i32, ROWS>;
    const BYTES: usize = ROWS * (2 * FEATURES + 4);

    #[inline]
    fn check(&self, _: &[i8; FEATURES]) -> Result<(), Error> {
        Ok(())
    }

    #[inline]
    fn weights(&self) -> &[i16] {
        self.weights.as_flattened()
    }

    #[inline]
    fn bias(&self) -> &[i32] {
        &self.bias
    }

    #[inline]
    fn numbers(&mut self) -> (&mut [i16], &mut [i32]) {
        (self.weights.as_flattened_mut(), &mut self.bias)
    }

    #[inline]
    fn copy_bias(&self, to: &mut [i32]) {
        if let Some(to) = to.first_chunk_mut::<ROWS>() {
            *to = self.bias;
        }
    }

    #[inline]
    fn add_products(&self, features: &[i8; FEATURES], logits: &mut [i32], add: impl Fn(i32, i32) -> i32) {
        if let Some(logits) = logits.first_chunk_mut::<ROWS>() {
            kernels::add_dot_rows_i16(&self.weights, features, logits, add);
        }
    }

    #[inline]
    fn update(&mut self, rates: &[i32], features: &[i8; FEATURES], shift: u32, random: u32) -> u32 {
        kernels::update_rows_i16(&mut self.weights, rates, features, shift, random)
    }
}

/// The caller's arrays, whose shape is known only at run time.
#[derive(Debug)]
pub struct FixedSlices<'a> {
    pub(crate) weights: &'a mut [i16],
    pub(crate) bias: &'a mut [i32],
    pub(crate) features: usize,
}

impl<'a> FixedSlices<'a> {
    /// Over a row of `features` weights for each bias.
    pub(crate) fn new(weights: &'a mut [i16], bias: &'a mut [i32], features: usize) -> Result<Self, Error> {
        let sound = !bias.is_empty() && (1..=FEATURES_MAX).contains(&features);
        let expected = if sound { bias.len().saturating_mul(features) } else { usize::MAX };
        check_length(Slice::Parameters, expected, weights.len())?;
        Ok(FixedSlices { weights, bias, features })
    }
}

impl<'a> FixedStorage for FixedSlices<'a> {
    type Features = [i8];
    type Work = PairView<'a, i32>;
    const BYTES: usize = 0;

    #[inline]
    fn check(&self, features: &[i8]) -> Result<(), Error> {
        check_length(Slice::Features, self.features, features.len())
    }

    #[inline]
    fn weights(&self) -> &[i16] {
        self.weights
    }

    #[inline]
    fn bias(&self) -> &[i32] {
        self.bias
    }

    #[inline]
    fn numbers(&mut self) -> (&mut [i16], &mut [i32]) {
        (self.weights, self.bias)
    }

    #[inline]
    fn copy_bias(&self, to: &mut [i32]) {
        to.iter_mut().zip(&*self.bias).for_each(|(to, bias)| *to = *bias);
    }

    #[inline]
    fn add_products(&self, features: &[i8], logits: &mut [i32], add: impl Fn(i32, i32) -> i32) {
        // The dot products are summed without the biases, modulo 2^32.
        logits.fill(0);
        kernels::add_dot_matrix_i16(self.weights, features, logits);
        logits.iter_mut().zip(&*self.bias).for_each(|(logit, bias)| *logit = add(*bias, *logit));
    }

    #[inline]
    fn update(&mut self, rates: &[i32], features: &[i8], shift: u32, random: u32) -> u32 {
        kernels::update_matrix_i16(self.weights, rates, features, shift, random)
    }
}
