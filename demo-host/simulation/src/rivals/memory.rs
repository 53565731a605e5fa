//! A memory of a bounded number of bytes: the same room for each class, filled by reservoir sampling (Vitter, 1985).

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::samples::Start;

/// Remembered samples.
pub struct Memory {
    /// The samples of each class that there is room for.
    classes: Vec<Vec<Vec<f32>>>,
    /// How many of each class came.
    seen: Vec<usize>,
    slots: usize,
    width: usize,
    random: StdRng,
}

impl Memory {
    /// With as many samples in f32 as `bytes` hold, at least one a class; empty, or with those of the `host`.
    pub fn new(start: &Start, bytes: usize, host: bool) -> Self {
        let slots = (bytes / (4 * start.width * start.room)).max(1);
        let mut memory = Memory {
            classes: vec![Vec::new(); start.room],
            seen: vec![0; start.room],
            slots,
            width: start.width,
            random: StdRng::seed_from_u64(start.seed),
        };
        if let Some(base) = start.base.as_ref().filter(|_| host) {
            base.samples.rows().for_each(|(row, class)| memory.insert(row, class));
            // The device's samples count more than the host's: the memory counts as if the base had just filled it.
            memory.seen.iter_mut().for_each(|seen| *seen = (*seen).min(slots));
        }
        memory
    }

    /// Offers a sample, which is kept with the probability of the slots over the samples of its class that came.
    pub fn insert(&mut self, features: &[f32], class: usize) {
        self.seen[class] += 1;
        let stored = &mut self.classes[class];
        if stored.len() < self.slots {
            stored.push(features.to_vec());
            return;
        }
        let slot = self.random.random_range(0..self.seen[class]);
        if let Some(stored) = stored.get_mut(slot) {
            *stored = features.to_vec();
        }
    }

    /// A sample of a class, both drawn evenly; `None` if it is empty.
    pub fn draw(&mut self) -> Option<(Vec<f32>, usize)> {
        let filled: Vec<usize> = (0..self.classes.len()).filter(|class| !self.classes[*class].is_empty()).collect();
        let class = *filled.get(self.random.random_range(0..filled.len().max(1)))?;
        let slot = self.random.random_range(0..self.classes[class].len());
        Some((self.classes[class][slot].clone(), class))
    }

    /// All samples with their classes.
    pub fn all(&self) -> impl Iterator<Item = (&[f32], usize)> {
        self.classes.iter().enumerate().flat_map(|(class, rows)| rows.iter().map(move |row| (row.as_slice(), class)))
    }

    /// The bytes of the samples that there is room for.
    pub fn ram_bytes(&self) -> usize {
        4 * self.slots * self.width * self.classes.len()
    }

    /// The samples that there is room for.
    pub fn room(&self) -> usize {
        self.slots * self.classes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_the_same_chance_to_stay() {
        let start = |seed| Start { width: 1, room: 2, classes: 0, base: None, seed };
        let mut kept = [0; 20];
        for seed in 0..4000 {
            let mut memory = Memory::new(&start(seed), 4 * 2 * 5, true);
            (0..20).for_each(|i| memory.insert(&[i as f32], 1));
            assert_eq!(memory.all().count(), 5);
            memory.all().for_each(|(row, class)| kept[row[0] as usize] += class);
        }
        // A quarter each, within five deviations of a binomial distribution.
        assert!(kept.iter().all(|count| (860..=1140).contains(count)), "{kept:?}");
    }

    #[test]
    fn an_empty_memory_gives_nothing() {
        let start = Start { width: 3, room: 2, classes: 0, base: None, seed: 1 };
        let mut memory = Memory::new(&start, 240, true);
        assert_eq!(memory.draw(), None);
        memory.insert(&[1.0, 2.0, 3.0], 1);
        assert_eq!(memory.draw(), Some((vec![1.0, 2.0, 3.0], 1)));
        assert_eq!((memory.ram_bytes(), memory.room()), (240, 20));
    }
}
