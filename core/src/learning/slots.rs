//! The slots of a memory, in the caller's slices.

use core::cell::Cell;
use core::ops::Range;

use crate::error::{Error, Slice, check_length};
use crate::heads::head::remove_row;
use crate::learning::replay::Slots;
use crate::learning::stored::{FeatureSlice, Query, quantize, quantizes_to, restore};

/// Slots in the caller's slices, whose shape is known only at run time; samples are stored as they are.
#[derive(Debug, PartialEq)]
pub struct SlotsView<'a, T> {
    pub(crate) samples: &'a mut [T],
    seen: &'a mut [u32],
    slots: usize,
    pub(crate) features: usize,
}

impl<'a, T> SlotsView<'a, T> {
    /// `slots` slots of `features` features for each class; `seen` has one counter for each class.
    ///
    /// # Errors
    /// [`Error::Length`] if there is no class, or `samples` does not have `seen.len() * slots * features` numbers.
    pub fn new(samples: &'a mut [T], seen: &'a mut [u32], slots: usize, features: usize) -> Result<Self, Error> {
        let expected = seen.len().saturating_mul(slots).saturating_mul(features);
        check_length(Slice::Samples, expected.max(1), samples.len())?;
        Ok(SlotsView { samples, seen, slots, features })
    }

    fn range(&self, class: usize, slot: usize) -> Range<usize> {
        let start = class.saturating_mul(self.slots).saturating_add(slot).saturating_mul(self.features);
        start..start.saturating_add(self.features)
    }
}

impl<T: Copy + Default + PartialEq> Slots for SlotsView<'_, T>
where
    [T]: FeatureSlice,
{
    type Features = [T];

    fn slots(&self) -> usize {
        self.slots
    }

    fn seen(&self) -> &[u32] {
        self.seen
    }

    fn seen_mut(&mut self) -> &mut [u32] {
        self.seen
    }

    fn check(&self, features: &[T]) -> Result<(), Error> {
        check_length(Slice::Features, self.features, features.len())?;
        features.check()
    }

    fn put(&mut self, class: usize, slot: usize, features: &[T]) {
        let range = self.range(class, slot);
        if let Some(to) = self.samples.get_mut(range) {
            to.iter_mut().zip(features).for_each(|(to, from)| *to = *from);
        }
    }

    fn show<R>(&self, class: usize, slot: usize, see: impl FnOnce(&[T]) -> R) -> Option<R> {
        self.samples.get(self.range(class, slot)).map(see)
    }

    fn nearest(&self, features: &[T], see: impl FnMut(usize, f32)) {
        let distance = |class, slot| Some(self.samples.get(self.range(class, slot))?.squared_distance(features));
        self.nearest_by(distance, see);
    }

    fn holds(&self, class: usize, slot: usize, features: &[T]) -> bool {
        self.samples.get(self.range(class, slot)).is_some_and(|held| held == features)
    }

    fn vacate(&mut self, class: usize, slot: usize, last: usize) {
        let (to, from) = (self.range(class, slot).start, self.range(class, last));
        if slot < last && from.end <= self.samples.len() {
            copy_down(self.samples, from.clone(), to);
        }
        self.samples.get_mut(from).unwrap_or_default().fill(T::default());
    }

    fn remove(&mut self, class: usize, move_down: bool) {
        let n = self.slots * self.features;
        if move_down {
            remove_row(self.samples, class, n);
        } else {
            self.samples.iter_mut().skip(class * n).take(n).for_each(|x| *x = T::default());
        }
    }
}

/// Slots in the caller's slices, whose shape is known only at run time; samples are stored as bytes, each sample with its scale: see
/// [`Quantized`](crate::Quantized).
pub struct QuantizedSlotsView<'a> {
    pub(crate) values: &'a mut [i8],
    pub(crate) scales: &'a mut [f32],
    seen: &'a mut [u32],
    /// Room for a restored sample, lent to one call at a time.
    room: Cell<&'a mut [f32]>,
    /// Room for the features whose distances are asked for, lent likewise.
    query: Cell<&'a mut [i8]>,
    slots: usize,
    pub(crate) features: usize,
}

impl<'a> QuantizedSlotsView<'a> {
    /// `slots` slots of `room.len()` features for each class; `seen` has one counter for each class. `query` is room as well, for as many features.
    ///
    /// # Errors
    /// [`Error::Length`] if there is no class, `scales` does not have `seen.len() * slots` numbers, `values` not `room.len()` for each of these, or `query`
    /// not as many.
    pub fn new(
        values: &'a mut [i8],
        scales: &'a mut [f32],
        seen: &'a mut [u32],
        room: &'a mut [f32],
        query: &'a mut [i8],
        slots: usize,
    ) -> Result<Self, Error> {
        let samples = seen.len().saturating_mul(slots);
        check_length(Slice::Samples, samples.max(1), scales.len())?;
        check_length(Slice::Samples, samples.saturating_mul(room.len()), values.len())?;
        let features = room.len();
        check_length(Slice::Features, features, query.len())?;
        Ok(QuantizedSlotsView { values, scales, seen, room: Cell::new(room), query: Cell::new(query), slots, features })
    }

    fn place(&self, class: usize, slot: usize) -> usize {
        class.saturating_mul(self.slots).saturating_add(slot)
    }

    fn range(&self, place: usize) -> Range<usize> {
        let start = place.saturating_mul(self.features);
        start..start.saturating_add(self.features)
    }
}

impl Slots for QuantizedSlotsView<'_> {
    type Features = [f32];

    fn slots(&self) -> usize {
        self.slots
    }

    fn seen(&self) -> &[u32] {
        self.seen
    }

    fn seen_mut(&mut self) -> &mut [u32] {
        self.seen
    }

    fn check(&self, features: &[f32]) -> Result<(), Error> {
        check_length(Slice::Features, self.features, features.len())?;
        features.check()
    }

    fn put(&mut self, class: usize, slot: usize, features: &[f32]) {
        let place = self.place(class, slot);
        let range = self.range(place);
        if let (Some(scale), Some(values)) = (self.scales.get_mut(place), self.values.get_mut(range)) {
            *scale = quantize(features, values);
        }
    }

    fn show<R>(&self, class: usize, slot: usize, see: impl FnOnce(&[f32]) -> R) -> Option<R> {
        let place = self.place(class, slot);
        let (scale, values) = (*self.scales.get(place)?, self.values.get(self.range(place))?);
        let room = self.room.take();
        restore(scale, values, room);
        let result = see(room);
        self.room.set(room);
        Some(result)
    }

    fn nearest(&self, features: &[f32], see: impl FnMut(usize, f32)) {
        let room = self.query.take();
        let query = Query::new(features, room);
        let distance = |class, slot| {
            let place = self.place(class, slot);
            Some(query.squared_distance(*self.scales.get(place)?, self.values.get(self.range(place))?))
        };
        self.nearest_by(distance, see);
        self.query.set(room);
    }

    fn holds(&self, class: usize, slot: usize, features: &[f32]) -> bool {
        let place = self.place(class, slot);
        let (scale, values) = (self.scales.get(place), self.values.get(self.range(place)));
        scale.zip(values).is_some_and(|(scale, values)| quantizes_to(features, *scale, values))
    }

    fn vacate(&mut self, class: usize, slot: usize, last: usize) {
        let (to, from) = (self.place(class, slot), self.place(class, last));
        let (start, range) = (self.range(to).start, self.range(from));
        if slot < last && range.end <= self.values.len() {
            copy_down(self.values, range.clone(), start);
            let scale = self.scales.get(from).copied().unwrap_or_default();
            self.scales.iter_mut().skip(to).take(1).for_each(|to| *to = scale);
        }
        self.values.get_mut(range).unwrap_or_default().fill(0);
        self.scales.iter_mut().skip(from).take(1).for_each(|scale| *scale = 0.0);
    }

    fn remove(&mut self, class: usize, move_down: bool) {
        let n = self.slots * self.features;
        if move_down {
            remove_row(self.values, class, n);
            remove_row(self.scales, class, self.slots);
        } else {
            self.values.iter_mut().skip(class * n).take(n).for_each(|value| *value = 0);
            self.scales.iter_mut().skip(class * self.slots).take(self.slots).for_each(|scale| *scale = 0.0);
        }
    }
}

/// Copies a range of the numbers down to `to`.
fn copy_down<T: Copy>(numbers: &mut [T], from: Range<usize>, to: usize) {
    // Cells, since `copy_within` keeps its panic path.
    let cells = Cell::from_mut(numbers).as_slice_of_cells();
    let (to, from) = (cells.iter().skip(to), cells.iter().take(from.end).skip(from.start));
    to.zip(from).for_each(|(to, from)| to.set(from.get()));
}
