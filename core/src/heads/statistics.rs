//! The storage of a discriminant's numbers: its own arrays, or the caller's slices.

use crate::error::{Error, Slice, check_length};
use crate::heads::storage::{Pair, PairView, Work};
use crate::numeric::kernels::packed;

/// The storage of a discriminant's numbers: [`OwnedStatistics`] or [`StatisticsView`].
pub trait Statistics {
    /// The features of a sample.
    type Features: ?Sized + AsRef<[f32]>;
    /// Work space between forward pass and update.
    type Work: Work<Number = f32>;
    /// The number of numbers, including the counts; 0 if the shape is known only at run time.
    const NUMBERS: usize;

    /// Checks that a sample has as many features as the head.
    ///
    /// # Errors
    /// [`Error::Length`] otherwise.
    fn check(&self, features: &Self::Features) -> Result<(), Error>;

    /// The numbers.
    fn numbers(&self) -> Numbers<&[f32], &[u32]>;

    /// The numbers, mutably.
    #[doc(hidden)]
    fn numbers_mut(&mut self) -> Numbers<&mut [f32], &mut [u32]>;

    /// Calls `change` with the numbers, mutably, and with work space that is all zeros.
    #[doc(hidden)]
    fn with<T>(&mut self, change: impl FnOnce(Numbers<&mut [f32], &mut [u32]>, Scratch<'_>) -> T) -> T;
}

/// The statistics of a discriminant; `F` is a slice of f32, `U` one of u32.
#[derive(Debug)]
pub struct Numbers<F, U> {
    /// `U` of `P = U D U^T`, [`packed`](crate::kernels::packed): the inverse of the scatter within classes.
    pub upper: F,
    /// `D`, one number for each feature.
    pub diagonal: F,
    /// The means, one row for each class.
    pub means: F,
    /// `V_c = P mu_c`, one row for each class.
    pub rows: F,
    /// `-mu_c V_c / 2`, one number for each class.
    pub bias: F,
    /// The number of samples of each class.
    pub counts: U,
}

/// Work space: three rows of features, and one number for each class.
#[doc(hidden)]
pub struct Scratch<'a> {
    pub(crate) difference: &'a mut [f32],
    pub(crate) rates: &'a mut [f32],
    pub(crate) gain: &'a mut [f32],
    pub(crate) classes: &'a mut [f32],
}

/// The arrays of a discriminant with room for `CLASSES` classes; `UPPER` is `FEATURES (FEATURES - 1) / 2`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct OwnedStatistics<const CLASSES: usize, const FEATURES: usize, const UPPER: usize> {
    upper: [f32; UPPER],
    diagonal: [f32; FEATURES],
    means: [[f32; FEATURES]; CLASSES],
    rows: [[f32; FEATURES]; CLASSES],
    bias: [f32; CLASSES],
    counts: [u32; CLASSES],
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize> OwnedStatistics<CLASSES, FEATURES, UPPER> {
    pub(crate) const fn new() -> Self {
        const {
            assert!(CLASSES > 0 && FEATURES > 0, "a discriminant needs at least one class and one feature");
            assert!(UPPER == packed(FEATURES), "UPPER must be FEATURES * (FEATURES - 1) / 2: see kernels::packed");
        }
        OwnedStatistics {
            upper: [0.0; UPPER],
            diagonal: [0.0; FEATURES],
            means: [[0.0; FEATURES]; CLASSES],
            rows: [[0.0; FEATURES]; CLASSES],
            bias: [0.0; CLASSES],
            counts: [0; CLASSES],
        }
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize> Statistics
    for OwnedStatistics<CLASSES, FEATURES, UPPER>
{
    type Features = [f32; FEATURES];
    type Work = Pair<f32, CLASSES>;
    const NUMBERS: usize = UPPER + FEATURES + CLASSES * (2 * FEATURES + 2);

    #[inline]
    fn check(&self, _: &[f32; FEATURES]) -> Result<(), Error> {
        Ok(())
    }

    #[inline]
    fn numbers(&self) -> Numbers<&[f32], &[u32]> {
        Numbers {
            upper: &self.upper,
            diagonal: &self.diagonal,
            means: self.means.as_flattened(),
            rows: self.rows.as_flattened(),
            bias: &self.bias,
            counts: &self.counts,
        }
    }

    #[inline]
    fn numbers_mut(&mut self) -> Numbers<&mut [f32], &mut [u32]> {
        Numbers {
            upper: &mut self.upper,
            diagonal: &mut self.diagonal,
            means: self.means.as_flattened_mut(),
            rows: self.rows.as_flattened_mut(),
            bias: &mut self.bias,
            counts: &mut self.counts,
        }
    }

    #[inline]
    fn with<T>(&mut self, change: impl FnOnce(Numbers<&mut [f32], &mut [u32]>, Scratch<'_>) -> T) -> T {
        // One array, which one call fills.
        let mut rows = [[0.0; FEATURES]; 3];
        let [difference, rates, gain] = &mut rows;
        change(self.numbers_mut(), Scratch { difference, rates, gain, classes: &mut [0.0; CLASSES] })
    }
}

/// The numbers of a discriminant in the caller's slices, whose shape is known only at run time.
#[derive(Debug)]
pub struct StatisticsView<'a> {
    numbers: Numbers<&'a mut [f32], &'a mut [u32]>,
    scratch: &'a mut [f32],
}

impl<'a> StatisticsView<'a> {
    /// The number of f32 that a discriminant of this shape needs, zeros at first; [`usize::MAX`] if that overflows.
    pub const fn numbers_of(classes: usize, features: usize) -> usize {
        let square = features.saturating_mul(features.saturating_sub(1)) / 2;
        square
            .saturating_add(features)
            .saturating_add(features.saturating_mul(2).saturating_add(1).saturating_mul(classes))
    }

    /// The number of f32 of work space, which may hold anything before and after a call.
    pub const fn scratch_of(classes: usize, features: usize) -> usize {
        features.saturating_mul(3).saturating_add(classes)
    }

    /// Over [`numbers_of`](Self::numbers_of) numbers, one count for each class and [`scratch_of`](Self::scratch_of) numbers of work space.
    ///
    /// # Errors
    /// [`Error::Length`] if a slice does not have that length, or the shape has no class or no feature.
    pub(crate) fn new(
        numbers: &'a mut [f32],
        counts: &'a mut [u32],
        scratch: &'a mut [f32],
        features: usize,
    ) -> Result<Self, Error> {
        let classes = counts.len();
        let shape = if classes > 0 && features > 0 { Self::numbers_of(classes, features) } else { usize::MAX };
        check_length(Slice::Parameters, shape, numbers.len())?;
        check_length(Slice::Scratch, Self::scratch_of(classes, features), scratch.len())?;
        let (upper, rest) = numbers.split_at_mut_checked(packed(features)).unwrap_or_default();
        let (diagonal, rest) = rest.split_at_mut_checked(features).unwrap_or_default();
        let (means, rest) = rest.split_at_mut_checked(classes * features).unwrap_or_default();
        let (rows, bias) = rest.split_at_mut_checked(classes * features).unwrap_or_default();
        Ok(StatisticsView { numbers: Numbers { upper, diagonal, means, rows, bias, counts }, scratch })
    }
}

impl<'a> Statistics for StatisticsView<'a> {
    type Features = [f32];
    type Work = PairView<'a, f32>;
    const NUMBERS: usize = 0;

    #[inline]
    fn check(&self, features: &[f32]) -> Result<(), Error> {
        check_length(Slice::Features, self.numbers.diagonal.len(), features.len())
    }

    #[inline]
    fn numbers(&self) -> Numbers<&[f32], &[u32]> {
        let Numbers { upper, diagonal, means, rows, bias, counts } = &self.numbers;
        Numbers { upper, diagonal, means, rows, bias, counts }
    }

    #[inline]
    fn numbers_mut(&mut self) -> Numbers<&mut [f32], &mut [u32]> {
        let Numbers { upper, diagonal, means, rows, bias, counts } = &mut self.numbers;
        Numbers { upper, diagonal, means, rows, bias, counts }
    }

    #[inline]
    fn with<T>(&mut self, change: impl FnOnce(Numbers<&mut [f32], &mut [u32]>, Scratch<'_>) -> T) -> T {
        let Numbers { upper, diagonal, means, rows, bias, counts } = &mut self.numbers;
        let features = diagonal.len();
        self.scratch.fill(0.0);
        let (difference, rest) = self.scratch.split_at_mut_checked(features).unwrap_or_default();
        let (rates, rest) = rest.split_at_mut_checked(features).unwrap_or_default();
        let (gain, classes) = rest.split_at_mut_checked(features).unwrap_or_default();
        change(Numbers { upper, diagonal, means, rows, bias, counts }, Scratch { difference, rates, gain, classes })
    }
}
