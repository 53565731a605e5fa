//! A memory of samples as bytes whose shape is known only at run time: the slots of a core's `Replay` of `Quantized`, in vectors.

use gradient_decay::Error;
use gradient_decay::replay::Slots;
use gradient_decay::stored::{FeatureSlice as _, Query, quantize, restore};

/// Remembered samples as bytes, each with its scale.
pub struct Bytes {
    values: Vec<i8>,
    scales: Vec<f32>,
    seen: Vec<u32>,
    slots: usize,
    features: usize,
}

impl Bytes {
    /// None yet, with room for `slots` of each class.
    pub fn new(classes: usize, slots: usize, features: usize) -> Self {
        let samples = classes * slots;
        Bytes {
            values: vec![0; samples * features],
            scales: vec![0.0; samples],
            seen: vec![0; classes],
            slots,
            features,
        }
    }

    fn place(&self, class: usize, slot: usize) -> usize {
        class * self.slots + slot
    }

    fn values(&self, place: usize) -> std::ops::Range<usize> {
        place * self.features..(place + 1) * self.features
    }
}

impl Slots for Bytes {
    type Features = [f32];

    fn slots(&self) -> usize {
        self.slots
    }

    fn seen(&self) -> &[u32] {
        &self.seen
    }

    fn seen_mut(&mut self) -> &mut [u32] {
        &mut self.seen
    }

    fn check(&self, features: &[f32]) -> Result<(), Error> {
        features.check()
    }

    fn put(&mut self, class: usize, slot: usize, features: &[f32]) {
        let place = self.place(class, slot);
        let range = self.values(place);
        self.scales[place] = quantize(features, &mut self.values[range]);
    }

    fn show<T>(&self, class: usize, slot: usize, see: impl FnOnce(&[f32]) -> T) -> Option<T> {
        let place = self.place(class, slot);
        let mut features = vec![0.0; self.features];
        restore(*self.scales.get(place)?, &self.values[self.values(place)], &mut features);
        Some(see(&features))
    }

    fn nearest(&self, features: &[f32], see: impl FnMut(usize, f32)) {
        let mut room = vec![0; self.features];
        let query = Query::new(features, &mut room);
        let distance = |class, slot| {
            let place = self.place(class, slot);
            Some(query.squared_distance(self.scales[place], &self.values[self.values(place)]))
        };
        self.nearest_by(distance, see);
    }

    fn holds(&self, class: usize, slot: usize, features: &[f32]) -> bool {
        let mut values = vec![0; self.features];
        let (scale, place) = (quantize(features, &mut values), self.place(class, slot));
        self.scales[place] == scale && self.values[self.values(place)] == values
    }

    fn vacate(&mut self, class: usize, slot: usize, last: usize) {
        let (to, from) = (self.place(class, slot), self.place(class, last));
        let range = self.values(from);
        self.values.copy_within(range.clone(), to * self.features);
        self.values[range].fill(0);
        self.scales[to] = std::mem::take(&mut self.scales[from]);
    }

    fn remove(&mut self, class: usize, move_down: bool) {
        let (n, width) = (self.slots, self.slots * self.features);
        self.values[class * width..][..width].fill(0);
        self.scales[class * n..][..n].fill(0.0);
        if move_down {
            self.values[class * width..].rotate_left(width);
            self.scales[class * n..].rotate_left(n);
        }
    }
}
