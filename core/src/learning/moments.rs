//! The storage of a novelty's statistics: owned arrays, or the caller's slices.

use core::marker::PhantomData;

use crate::error::{Error, Slice, check_length};

/// A feature that can be converted to f32.
pub trait Feature: Copy {
    /// Its value; an i8 counts in units of 1.
    fn to_f32(self) -> f32;
}

impl Feature for f32 {
    #[inline]
    fn to_f32(self) -> f32 {
        self
    }
}

impl Feature for i8 {
    #[inline]
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
}

/// The storage of the statistics of the classes: [`OwnedMoments`], or the caller's slices, [`MomentsView`].
pub trait Moments {
    /// A feature.
    type Feature: Feature;
    /// The features of a sample.
    type Features: ?Sized + AsRef<[Self::Feature]>;
    /// The count of numbers in a section of a checkpoint; 0 where it is known only at run time.
    const NUMBERS: usize;

    /// All statistics.
    fn all(&self) -> AllMoments<&[f32], &[u32]>;
    /// All statistics, mutably.
    fn all_mut(&mut self) -> AllMoments<&mut [f32], &mut [u32]>;
}

/// The statistics of the classes as slices.
#[derive(Clone, Copy, Debug)]
pub struct AllMoments<F, C> {
    /// The mean of each class: `classes x features`, one row for each class.
    pub means: F,
    /// The sums of squared deviations from the mean of each class, in the same shape.
    pub squares: F,
    /// The sums of squared deviations from the own mean over all classes, for each feature.
    pub shared: F,
    /// The number of samples of each class.
    pub counts: C,
}

impl AllMoments<&mut [f32], &mut [u32]> {
    pub(super) fn reset(&mut self) {
        let AllMoments { means, squares, shared, counts } = self;
        [means, squares, shared].into_iter().for_each(|numbers| numbers.fill(0.0));
        counts.fill(0);
    }
}

/// The arrays of `CLASSES` classes of `FEATURES` features of type `T`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct OwnedMoments<const CLASSES: usize, const FEATURES: usize, T = f32> {
    means: [[f32; FEATURES]; CLASSES],
    squares: [[f32; FEATURES]; CLASSES],
    shared: [f32; FEATURES],
    counts: [u32; CLASSES],
    features: PhantomData<T>,
}

impl<const CLASSES: usize, const FEATURES: usize, T> OwnedMoments<CLASSES, FEATURES, T> {
    pub(super) const fn new() -> Self {
        let rows = [[0.0; FEATURES]; CLASSES];
        let (shared, counts) = ([0.0; FEATURES], [0; CLASSES]);
        OwnedMoments { means: rows, squares: rows, shared, counts, features: PhantomData }
    }
}

impl<const CLASSES: usize, const FEATURES: usize, T: Feature> Moments for OwnedMoments<CLASSES, FEATURES, T> {
    type Feature = T;
    type Features = [T; FEATURES];
    const NUMBERS: usize = CLASSES * (1 + 2 * FEATURES) + FEATURES;

    #[inline]
    fn all(&self) -> AllMoments<&[f32], &[u32]> {
        let OwnedMoments { means, squares, shared, counts, .. } = self;
        AllMoments { means: means.as_flattened(), squares: squares.as_flattened(), shared, counts }
    }

    #[inline]
    fn all_mut(&mut self) -> AllMoments<&mut [f32], &mut [u32]> {
        let OwnedMoments { means, squares, shared, counts, .. } = self;
        AllMoments { means: means.as_flattened_mut(), squares: squares.as_flattened_mut(), shared, counts }
    }
}

/// Statistics in the caller's slices, whose shape is known only at run time.
#[derive(Debug)]
pub struct MomentsView<'a, T = f32> {
    pub(super) all: AllMoments<&'a mut [f32], &'a mut [u32]>,
    features: PhantomData<T>,
}

impl<'a, T> MomentsView<'a, T> {
    /// The length of the slice of numbers for so many classes and features.
    pub const fn numbers_of(classes: usize, features: usize) -> usize {
        classes.saturating_mul(2).saturating_add(1).saturating_mul(features)
    }

    pub(super) fn new(numbers: &'a mut [f32], counts: &'a mut [u32], features: usize) -> Result<Self, Error> {
        let classes = counts.len();
        check_length(Slice::Novelty, Self::numbers_of(classes, features), numbers.len())?;
        let (means, rest) = numbers.split_at_mut_checked(classes * features).unwrap_or_default();
        let (squares, shared) = rest.split_at_mut_checked(classes * features).unwrap_or_default();
        Ok(MomentsView { all: AllMoments { means, squares, shared, counts }, features: PhantomData })
    }
}

impl<T: Feature> Moments for MomentsView<'_, T> {
    type Feature = T;
    type Features = [T];
    const NUMBERS: usize = 0;

    fn all(&self) -> AllMoments<&[f32], &[u32]> {
        let AllMoments { means, squares, shared, counts } = &self.all;
        AllMoments { means, squares, shared, counts }
    }

    fn all_mut(&mut self) -> AllMoments<&mut [f32], &mut [u32]> {
        let AllMoments { means, squares, shared, counts } = &mut self.all;
        AllMoments { means, squares, shared, counts }
    }
}
