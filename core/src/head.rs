//! The linear head: logits and prediction.

use core::marker::PhantomData;

use crate::error::{Error, Slice, check_finite, check_length};
use crate::kernels;
use crate::math::{Libm, Math};

/// What a head says of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Prediction {
    /// The class with the largest logit; the first of equal ones.
    pub class: usize,
    /// Its softmax probability, in [0, 1].
    pub probability: f32,
}

/// A dense layer from `FEATURES` features to `CLASSES` logits, `z = W x + b`, all in f32. `M` is the math backend.
///
/// It can live in a static: the constructors are const. Both sizes must be at least 1, or it does not compile:
///
/// ```compile_fail
/// let head: gradient_decay::LinearHead<0, 4> = gradient_decay::LinearHead::new();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LinearHead<const CLASSES: usize, const FEATURES: usize, M = Libm> {
    pub(crate) weights: [[f32; FEATURES]; CLASSES],
    pub(crate) bias: [f32; CLASSES],
    math: PhantomData<M>,
}

impl<const CLASSES: usize, const FEATURES: usize, M> LinearHead<CLASSES, FEATURES, M> {
    /// The number of parameters: `CLASSES * (FEATURES + 1)`.
    pub const PARAMETERS: usize = CLASSES * (FEATURES + 1);

    /// The bytes of a head in memory: four a parameter.
    pub const BYTES: usize = size_of::<Self>();

    /// A head of zeros: every class is equally probable.
    ///
    /// ```
    /// use gradient_decay::LinearHead;
    ///
    /// static HEAD: LinearHead<10, 64> = LinearHead::new();
    /// assert_eq!(HEAD.predict(&[0.5; 64])?.probability, 0.1);
    /// assert_eq!(LinearHead::<10, 64>::BYTES, 2600);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub const fn new() -> Self {
        const { assert!(CLASSES > 0 && FEATURES > 0, "a head needs at least one class and one feature") };
        LinearHead { weights: [[0.0; FEATURES]; CLASSES], bias: [0.0; CLASSES], math: PhantomData }
    }

    /// A head from its parameters as little-endian f32, in the order of [`export`](Self::export); const, so that a file
    /// made by the host becomes a static in flash.
    ///
    /// # Errors
    /// [`Error::Length`] if `bytes` is not four times [`PARAMETERS`](Self::PARAMETERS) long, [`Error::NotFinite`] if a
    /// parameter is NaN or infinite.
    ///
    /// ```
    /// use gradient_decay::LinearHead;
    ///
    /// static HEAD: LinearHead<2, 1> = match LinearHead::from_le_bytes(
    ///     b"\x00\x00\x80\x3f\x00\x00\x80\xbf\x00\x00\x00\x00\x00\x00\x00\x40", // 1, -1; 0, 2
    /// ) {
    ///     Ok(head) => head,
    ///     Err(_) => panic!("the file does not hold a 1 -> 2 head"),
    /// };
    /// let mut logits = [0.0; 2];
    /// HEAD.logits(&[0.5], &mut logits)?;
    /// assert_eq!(logits, [0.5, 1.5]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub const fn from_le_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut head = Self::new();
        let (parameters, rest) = bytes.as_chunks::<4>();
        if parameters.len() != Self::PARAMETERS || !rest.is_empty() {
            return Err(Error::Length { slice: Slice::Bytes, expected: 4 * Self::PARAMETERS, actual: bytes.len() });
        }
        let mut index = 0;
        while index < Self::PARAMETERS {
            let value = f32::from_le_bytes(parameters[index]);
            if !value.is_finite() {
                return Err(Error::NotFinite { slice: Slice::Parameters, index });
            }
            if index < CLASSES * FEATURES {
                head.weights[index / FEATURES][index % FEATURES] = value;
            } else {
                head.bias[index - CLASSES * FEATURES] = value;
            }
            index += 1;
        }
        Ok(head)
    }

    /// Takes over all parameters: the weights row by row (a row is a class), then the biases.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not [`PARAMETERS`](Self::PARAMETERS), [`Error::NotFinite`] if one is NaN or
    /// infinite; the head is then unchanged.
    pub fn import(&mut self, parameters: &[f32]) -> Result<(), Error> {
        import(Slice::Parameters, &mut self.weights, &mut self.bias, parameters)
    }

    /// Copies all parameters out, in the order of [`import`](Self::import).
    ///
    /// # Errors
    /// [`Error::Length`] if `parameters` does not have the length [`PARAMETERS`](Self::PARAMETERS); it is then
    /// unchanged.
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
        export(Slice::Parameters, &self.weights, &self.bias, parameters)
    }

    /// The logits `W x + b` of a sample.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the feature that is NaN or infinite, or the logit that leaves the range of f32;
    /// `logits` is then unchanged.
    pub fn logits(&self, features: &[f32; FEATURES], logits: &mut [f32; CLASSES]) -> Result<(), Error> {
        let mut result = self.bias;
        add_products(&self.weights, features, &mut result)?;
        *logits = result;
        Ok(())
    }
}

/// Adds the products of as many rows of weights with the features to `logits`, which so far are the biases. After an error they
/// may be anything.
#[inline]
pub(crate) fn add_products<const FEATURES: usize>(
    weights: &[[f32; FEATURES]],
    features: &[f32; FEATURES],
    logits: &mut [f32],
) -> Result<(), Error> {
    kernels::add_dot_rows(weights, features, logits);
    check_logits(features, logits)
}

/// Whether features and logits are finite.
#[inline]
pub(crate) fn check_logits(features: &[f32], logits: &[f32]) -> Result<(), Error> {
    // Every logit that a NaN or infinite feature enters is itself NaN or infinite, so a look at the few logits stands for
    // the many features. And their sum is finite only if they all are, so a look at the sum stands for them.
    if logits.iter().sum::<f32>().is_finite() {
        return Ok(());
    }
    match not_finite(features, logits) {
        Some((slice, index)) => Err(Error::NotFinite { slice, index }),
        None => Ok(()),
    }
}

/// The most probable class and its softmax probability, of logits that are then spent.
#[inline]
pub(crate) fn predict<M: Math>(logits: &mut [f32]) -> Prediction {
    let (class, top) = kernels::largest(logits).unwrap_or_default();
    let sum = kernels::exp_and_sum::<M>(logits, top, 0.0);
    Prediction { class, probability: 1.0 / sum }
}

impl<const CLASSES: usize, const FEATURES: usize, M: Math> LinearHead<CLASSES, FEATURES, M> {
    /// The most probable class of a sample and its softmax probability.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn predict(&self, features: &[f32; FEATURES]) -> Result<Prediction, Error> {
        let mut logits = self.bias;
        add_products(&self.weights, features, &mut logits)?;
        Ok(predict::<M>(&mut logits))
    }
}

impl<const CLASSES: usize, const FEATURES: usize, M> Default for LinearHead<CLASSES, FEATURES, M> {
    fn default() -> Self {
        Self::new()
    }
}

/// What is not finite: the first such feature, or if there is none, the first such logit.
#[cold]
#[inline(never)]
fn not_finite(features: &[f32], logits: &[f32]) -> Option<(Slice, usize)> {
    let first = |values: &[f32]| values.iter().position(|value| !value.is_finite());
    let feature = first(features).map(|index| (Slice::Features, index));
    feature.or_else(|| first(logits).map(|index| (Slice::Logits, index)))
}

/// Checks `from` whole, then copies it: the matrix row by row, then the column.
pub(crate) fn import<const ROWS: usize, const COLUMNS: usize>(
    slice: Slice,
    matrix: &mut [[f32; COLUMNS]; ROWS],
    column: &mut [f32; ROWS],
    from: &[f32],
) -> Result<(), Error> {
    check_length(slice, ROWS * (COLUMNS + 1), from.len())?;
    check_finite(slice, from)?;
    let to = matrix.as_flattened_mut().iter_mut().chain(column);
    to.zip(from).for_each(|(to, from)| *to = *from);
    Ok(())
}

/// The reverse of [`import`].
pub(crate) fn export<const ROWS: usize, const COLUMNS: usize>(
    slice: Slice,
    matrix: &[[f32; COLUMNS]; ROWS],
    column: &[f32; ROWS],
    to: &mut [f32],
) -> Result<(), Error> {
    check_length(slice, ROWS * (COLUMNS + 1), to.len())?;
    let from = matrix.as_flattened().iter().chain(column);
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
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
        let head: LinearHead<3, 4> = LinearHead::new();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let expected = Err(Error::NotFinite { slice: Slice::Features, index: 2 });
            assert_eq!(head.predict(&[0.0, 1.0, bad, 0.0]), expected);
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
}
