//! The trait that every head implements.

use core::cell::Cell;

use crate::error::{Error, Slice};
use crate::heads::number::Number;
use crate::numeric::math::Math;

/// A classifier head: it maps features to logits. It has room for a fixed number of classes, of which the first are in use.
///
/// Rows that are not in use take no part in anything: their logits are [`Number::NONE`], whose softmax probability is 0.
pub trait Head {
    /// The features of a sample: `[f32; FEATURES]`, `[i8; FEATURES]`, or a slice where the shape is known only at run time.
    type Features: ?Sized;
    /// The type of a logit.
    type Number: Number;
    /// The math backend for the softmax of the logits.
    type Math: Math;

    /// The number of classes that there is room for, which is also the number of logits.
    fn room(&self) -> usize;

    /// The number of classes in use: `0..classes()`.
    fn classes(&self) -> usize;

    /// Whether a class has a logit: it is in use, and a [`Discriminant`](crate::discriminant::Discriminant) also needs a sample of it.
    fn knows(&self, class: usize) -> bool {
        class < self.classes()
    }

    /// The logits of a sample; [`Number::NONE`] for each class that the head does not [know](Self::knows).
    ///
    /// # Errors
    /// [`Error::Length`] if there are not [`room`](Self::room) logits, or not as many features as the head has; [`Error::NotFinite`]
    /// naming the feature that is NaN or infinite, or the logit that leaves the range of its type. After an error `logits` may hold anything.
    fn logits(&self, features: &Self::Features, logits: &mut [Self::Number]) -> Result<(), Error>;
}

/// A head whose classes can be added and removed at run time.
pub trait Classes: Head {
    /// Takes one more class into use and returns its index, which is the number of classes before. Nothing is learned of it yet: its row is
    /// zero.
    ///
    /// # Errors
    /// [`Error::NoRoom`] if all classes are in use.
    fn add_class(&mut self) -> Result<usize, Error>;

    /// Removes a class; those above it move down by one, with everything that the head keeps for them.
    ///
    /// # Errors
    /// [`Error::Target`] if the class is not in use; nothing is then changed.
    fn remove_class(&mut self, class: usize) -> Result<(), Error>;
}

/// An error that names the first logit that is not finite of a class that the head knows.
pub(crate) fn check_known<H: Head>(head: &H, logits: &[f32]) -> Result<(), Error> {
    let lost = |(class, z): (usize, &f32)| !z.is_finite() && head.knows(class);
    match logits.iter().enumerate().position(lost) {
        None => Ok(()),
        Some(index) => Err(Error::NotFinite { slice: Slice::Logits, index }),
    }
}

/// Removes the row with index `row`, of `n` values; those behind it move up, and default values fill the last row.
pub(crate) fn remove_row<T: Copy + Default>(values: &mut [T], row: usize, n: usize) {
    let Some(behind) = values.get_mut(row.saturating_mul(n)..) else { return };
    let kept = behind.len().saturating_sub(n);
    // Cells, since `copy_within` keeps its panic path where it is not inlined.
    let cells = Cell::from_mut(&mut *behind).as_slice_of_cells();
    cells.iter().zip(cells.iter().skip(n)).for_each(|(to, from)| to.set(from.get()));
    behind.iter_mut().skip(kept).for_each(|value| *value = T::default());
}
