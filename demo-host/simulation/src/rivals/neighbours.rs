//! The nearest neighbours among remembered samples.

use anyhow::Result;

use super::{BUDGET, Memory};
use crate::learner::Learner;
use crate::samples::Start;

/// A memory, searched through for every answer.
pub struct NearestNeighbours {
    memory: Memory,
    neighbours: usize,
    classes: usize,
    width: usize,
}

/// The votes of each class in addition to those of its neighbours, so that no class is impossible.
const SHARE: f64 = 0.3;

impl NearestNeighbours {
    /// With votes of so many neighbours, from a memory of the [`BUDGET`] that is empty or has samples of the `host`.
    pub fn new(start: &Start, neighbours: usize, host: bool) -> Self {
        let memory = Memory::new(start, BUDGET, host);
        NearestNeighbours { memory, neighbours, classes: start.classes, width: start.width }
    }
}

impl Learner for NearestNeighbours {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        self.classes = self.classes.max(class + 1);
        self.memory.insert(features, class);
        Ok(())
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        let distance = |row: &[f32]| -> f64 {
            row.iter().zip(features).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let mut found: Vec<(f64, usize)> = self.memory.all().map(|(row, class)| (distance(row), class)).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(self.neighbours);
        probabilities.fill(0.0);
        probabilities[..self.classes].fill(SHARE);
        // Among as many votes the nearer one wins.
        for (rank, (_, class)) in found.iter().enumerate() {
            probabilities[*class] += 1.0 - 1e-3 * rank as f64;
        }
        let sum: f64 = probabilities.iter().sum();
        probabilities.iter_mut().for_each(|p| *p /= f64::max(sum, f64::MIN_POSITIVE));
        Ok(())
    }

    fn ram_bytes(&self) -> usize {
        self.memory.ram_bytes()
    }

    /// A label costs only a copy; this is the cost of an answer, which searches.
    fn multiply_adds(&self) -> u64 {
        (self.memory.room() * self.width) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_votes_count() {
        let start = Start { width: 1, room: 3, classes: 0, base: None, seed: 1 };
        let mut learner = NearestNeighbours::new(&start, 3, true);
        for (x, class) in [(0.0, 0), (1.0, 1), (1.2, 1), (9.0, 0)] {
            learner.learn(&[x], class).unwrap();
        }
        let mut p = [0.0; 3];
        learner.probabilities(&[0.1], &mut p).unwrap();
        assert!(p[1] > p[0] && p[2] == 0.0 && (p[0] - 1.3 / 3.6).abs() < 1e-3, "{p:?}");
    }
}
