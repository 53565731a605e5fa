//! The discriminant: streaming linear discriminant analysis, which learns what a few labels tell and does not mind their order.
//!
//! Each class has a mean `mu_c`, all share one scatter `S` within classes (Hayes and Kanan, "Lifelong machine learning with deep streaming
//! linear discriminant analysis", 2020). The logits are those of Gaussians with that covariance and equal priors,
//! `z_c = N (V_c x - mu_c V_c / 2)` with `V_c = P mu_c`, `P` the inverse of the scatter and `N` the samples that it stands for: an ordinary
//! linear head. `P` is kept as `U D U^T` (Bierman, "Factorization methods for discrete sequential estimation", 1977), `U` unit upper
//! triangular: a sample updates the factors, and nothing is ever inverted.
//!
//! How a label changes it is in [`streaming`](crate::streaming).

use core::marker::PhantomData;

use crate::error::{Error, Slice, check_length, check_target};
use crate::heads::head::{Classes, Head, remove_row};
use crate::heads::linear::{LinearHead, check_logits, mask};
use crate::heads::number::Number;
use crate::heads::prediction::Prediction;
use crate::heads::statistics::{Numbers, OwnedStatistics, Statistics, StatisticsView};
use crate::numeric::kernels;
use crate::numeric::math::{Libm, Math};

/// The bias of a class without samples in a linear head made of a discriminant: its probability is 0 beside any other.
const NEVER: f32 = -16_384.0;

/// A discriminant over the statistics `S`, with the math backend `M`. The first classes are in use; of these each takes part once it has a
/// sample.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Discriminant<S, M = Libm> {
    pub(crate) storage: S,
    /// The samples that the scatter stands for, those of the prior among them: `N` of the logits. 0 before the first label.
    pub(crate) total: f32,
    /// The labels learned, which say whose turn it is to be refreshed.
    pub(crate) labels: u32,
    /// The last classes, which are not in use. Counted by these, a new head is all zeros.
    pub(crate) unused: u32,
    pub(crate) math: PhantomData<M>,
}

/// A discriminant with room for `CLASSES` classes of `FEATURES` features. `UPPER` must be `FEATURES (FEATURES - 1) / 2`, which
/// [`kernels::packed`] computes; it does not compile otherwise.
///
/// `4 UPPER + 4 FEATURES + CLASSES (8 FEATURES + 8) + 12` bytes, 13,532 at 64 -> 10, all zero when new: a static of it costs no flash.
///
/// ```
/// use gradient_decay::{DiscriminantHead, StreamingLda, kernels};
///
/// const LDA: StreamingLda = StreamingLda::new();
/// let mut head: DiscriminantHead<3, 2, { kernels::packed(2) }> = DiscriminantHead::new();
/// assert!(head.predict(&[0.0, 0.0]).is_err()); // it has no sample yet
/// head.learn(&LDA, &[1.0, 0.2], 0)?;
/// head.learn(&LDA, &[-1.0, 0.1], 2)?;
/// assert_eq!(head.predict(&[0.7, -0.4])?.class, 0); // one sample of a class is enough
/// assert_eq!(head.predict(&[-0.6, 0.3])?.class, 2); // a class without samples takes no part
///
/// head.learn(&LDA, &[0.0, 2.0], 2)?; // a slip of the finger
/// head.unlearn(&LDA, &[0.0, 2.0], 2)?;
/// head.learn(&LDA, &[0.0, 2.0], 1)?;
/// assert_eq!(head.predict(&[0.1, 1.6])?.class, 1);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type DiscriminantHead<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, M = Libm> =
    Discriminant<OwnedStatistics<CLASSES, FEATURES, UPPER>, M>;

/// A discriminant over the caller's slices, whose shape is known only at run time. The bits are those of a [`DiscriminantHead`].
pub type DiscriminantView<'a, M = Libm> = Discriminant<StatisticsView<'a>, M>;

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, M> DiscriminantHead<CLASSES, FEATURES, UPPER, M> {
    /// The bytes in memory.
    pub const BYTES: usize = size_of::<Self>();

    /// All classes in use, none with a sample: each takes part once it is labelled.
    pub const fn new() -> Self {
        Self::with_unused(0)
    }

    /// No class in use: they come by [`add_class`](Classes::add_class).
    pub const fn empty() -> Self {
        Self::with_unused(CLASSES as u32)
    }

    const fn with_unused(unused: u32) -> Self {
        Discriminant { storage: OwnedStatistics::new(), total: 0.0, labels: 0, unused, math: PhantomData }
    }

    /// The linear head with the same logits, for what infers alone: [`QuantizedHead`](crate::QuantizedHead),
    /// [`FixedHead`](crate::FixedHead), a copy in flash. A class in use without samples has the bias -16,384 there.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a weight leaves the range of f32.
    ///
    /// ```
    /// use gradient_decay::{DiscriminantHead, StreamingLda};
    ///
    /// const LDA: StreamingLda = StreamingLda::new();
    /// let mut head: DiscriminantHead<2, 3, 3> = DiscriminantHead::new();
    /// head.learn(&LDA, &[1.0, 0.0, 0.5], 0)?;
    /// head.learn(&LDA, &[0.0, 1.0, 0.5], 1)?;
    /// let (linear, x) = (head.to_linear()?, [0.9, 0.2, 0.4]);
    /// assert_eq!(linear.predict(&x)?.class, 0);
    /// assert!((linear.predict(&x)?.probability - head.predict(&x)?.probability).abs() < 1e-6);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn to_linear(&self) -> Result<LinearHead<CLASSES, FEATURES, M>, Error> {
        let mut linear = LinearHead::new();
        let Numbers { rows, bias, counts, .. } = self.storage.numbers();
        let to = &mut linear.storage;
        to.weights.as_flattened_mut().iter_mut().zip(rows).for_each(|(to, v)| *to = self.total * v);
        for ((to, b), count) in to.bias.iter_mut().zip(bias).zip(counts) {
            *to = if *count == 0 { NEVER } else { self.total * b };
        }
        linear.check()?;
        linear.truncate(self.used())?;
        Ok(linear)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, M> Default
    for DiscriminantHead<CLASSES, FEATURES, UPPER, M>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, M> DiscriminantView<'a, M> {
    /// Over the caller's slices: zeros at first, of [`StatisticsView::numbers_of`] numbers, a count for each class that there is room for,
    /// and [`StatisticsView::scratch_of`] numbers to work in.
    ///
    /// # Errors
    /// [`Error::Length`] if a slice has another length, or the shape has no class or no feature.
    ///
    /// ```
    /// use gradient_decay::{DiscriminantView, Libm, StreamingLda, statistics::StatisticsView};
    ///
    /// let (mut numbers, mut counts) = ([0.0; StatisticsView::numbers_of(2, 3)], [0; 2]);
    /// let mut scratch = [0.0; StatisticsView::scratch_of(2, 3)];
    /// let mut head: DiscriminantView<'_, Libm> = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, 3)?;
    /// head.learn(&StreamingLda::new(), &[1.0, 0.0, 0.5], 0)?;
    /// head.learn(&StreamingLda::new(), &[0.0, 1.0, 0.5], 1)?;
    /// assert_eq!((head.samples(0), head.labels()), (1, 2));
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn new(
        numbers: &'a mut [f32],
        counts: &'a mut [u32],
        scratch: &'a mut [f32],
        features: usize,
    ) -> Result<Self, Error> {
        let storage = StatisticsView::new(numbers, counts, scratch, features)?;
        Ok(Discriminant { storage, total: 0.0, labels: 0, unused: 0, math: PhantomData })
    }
}

impl<S: Statistics, M> Discriminant<S, M> {
    /// The samples learned of a class, those of the host's statistics among them; 0 of one that is not in use.
    pub fn samples(&self, class: usize) -> u32 {
        self.storage.numbers().counts.get(class).copied().unwrap_or_default()
    }

    /// The labels learned since the head was new, less those taken back.
    pub const fn labels(&self) -> u32 {
        self.labels
    }

    /// The classes in use.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.storage.numbers().bias.len().saturating_sub(self.unused as usize)
    }

    /// The logits; those of classes without a sample are minus infinity, all of them if there is none.
    pub(crate) fn add_logits(&self, features: &S::Features, logits: &mut [f32]) -> Result<(), Error> {
        self.storage.check(features)?;
        let Numbers { rows, bias, counts, .. } = self.storage.numbers();
        check_length(Slice::Logits, bias.len(), logits.len())?;
        let features = features.as_ref();
        logits.copy_from_slice(bias);
        kernels::add_dot_matrix(rows, features, logits);
        logits.iter_mut().for_each(|z| *z *= self.total);
        check_logits(features, logits)?;
        for (z, count) in logits.iter_mut().zip(counts) {
            if *count == 0 {
                *z = f32::NONE;
            }
        }
        if self.unused > 0 {
            mask(logits, self.used());
        }
        Ok(())
    }

    /// Whether any class has a sample.
    pub(crate) fn has_samples(&self) -> bool {
        self.storage.numbers().counts.iter().any(|count| *count > 0)
    }
}

impl<S: Statistics, M: Math> Head for Discriminant<S, M> {
    type Features = S::Features;
    type Number = f32;
    type Math = M;

    #[inline]
    fn room(&self) -> usize {
        self.storage.numbers().bias.len()
    }

    #[inline]
    fn classes(&self) -> usize {
        self.used()
    }

    #[inline]
    fn knows(&self, class: usize) -> bool {
        self.samples(class) > 0
    }

    /// [`Error::NoClasses`] if no class has a sample.
    fn logits(&self, features: &S::Features, logits: &mut [f32]) -> Result<(), Error> {
        if !self.has_samples() {
            return Err(Error::NoClasses);
        }
        self.add_logits(features, logits)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize, M: Math>
    DiscriminantHead<CLASSES, FEATURES, UPPER, M>
{
    /// The most probable class of a sample, among those with a sample, and its softmax probability.
    ///
    /// # Errors
    /// As [`logits`](Head::logits).
    pub fn predict(&self, features: &[f32; FEATURES]) -> Result<Prediction, Error> {
        let mut logits = [0.0; CLASSES];
        self.logits(features, &mut logits)?;
        Ok(f32::predict::<M>(&mut logits, 1.0))
    }
}

impl<S: Statistics, M: Math> Classes for Discriminant<S, M> {
    fn add_class(&mut self) -> Result<usize, Error> {
        let (class, room) = (self.classes(), self.room());
        if class >= room {
            return Err(Error::NoRoom { classes: room });
        }
        self.unused -= 1;
        Ok(class)
    }

    /// Its mean and its count are erased; what its samples said of the scatter that all classes share stays.
    fn remove_class(&mut self, class: usize) -> Result<(), Error> {
        check_target(self.classes(), class)?;
        self.storage.with(|numbers, _| {
            let Numbers { diagonal, means, rows, bias, counts, .. } = numbers;
            let features = diagonal.len();
            remove_row(means, class, features);
            remove_row(rows, class, features);
            remove_row(bias, class, 1);
            remove_row(counts, class, 1);
        });
        self.unused += 1;
        Ok(())
    }
}
