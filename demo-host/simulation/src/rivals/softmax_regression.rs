//! Softmax regression by gradient steps, with or without rehearsal.

use anyhow::Result;

use super::{BUDGET, Memory};
use crate::learner::{Learner, add_scaled, affine, softmax};
use crate::samples::Start;

/// How far a step goes.
#[derive(Clone, Copy, Debug)]
pub enum Rate {
    /// The same rate for every weight and label.
    Fixed(f64),
    /// AdaGrad: over the root of the sum of the squared gradients of each weight so far.
    Adaptive(f64),
}

/// A linear head, the cross-entropy, and steps.
pub struct SoftmaxRegression {
    /// Weights and bias of each class that there is room for.
    rows: Vec<Vec<f64>>,
    /// The sums of squared gradients, for [`Rate::Adaptive`].
    squares: Vec<Vec<f64>>,
    classes: usize,
    rate: Rate,
    rehearsals: usize,
    memory: Option<Memory>,
}

impl SoftmaxRegression {
    /// From the host's head, or from zeros. Each label is followed by so many steps on samples of a memory, which fills what the head
    /// leaves of the [`BUDGET`], and is empty at first or has samples of the `host`.
    pub fn new(start: &Start, rate: Rate, rehearsals: usize, host: bool) -> Self {
        let mut rows = start.base.as_ref().map_or_else(Vec::new, |base| base.rows(start.classes));
        rows.resize(start.room, vec![0.0; start.width + 1]);
        let head = 4 * start.room * (start.width + 1);
        SoftmaxRegression {
            squares: vec![vec![0.0; start.width + 1]; start.room],
            classes: start.classes,
            memory: (rehearsals > 0).then(|| Memory::new(start, BUDGET.saturating_sub(head), host)),
            rows,
            rate,
            rehearsals,
        }
    }

    fn step(&mut self, features: &[f32], class: usize) {
        let mut gradient = self.logits(features);
        softmax(&mut gradient);
        gradient[class] -= 1.0;
        for ((row, squares), g) in self.rows.iter_mut().zip(&mut self.squares).zip(gradient) {
            match self.rate {
                Rate::Fixed(rate) => add_scaled(row, features, -rate * g),
                Rate::Adaptive(rate) => {
                    let inputs = features.iter().map(|x| f64::from(*x)).chain([1.0]);
                    for ((w, square), x) in row.iter_mut().zip(squares).zip(inputs) {
                        let slope = g * x;
                        *square += slope * slope;
                        *w -= rate * slope / (square.sqrt() + 1e-8);
                    }
                }
            }
        }
    }

    /// Of the classes in use.
    fn logits(&self, features: &[f32]) -> Vec<f64> {
        self.rows[..self.classes].iter().map(|row| affine(row, features)).collect()
    }
}

impl Learner for SoftmaxRegression {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        self.classes = self.classes.max(class + 1);
        self.step(features, class);
        for _ in 0..self.rehearsals {
            if let Some((features, class)) = self.memory.as_mut().and_then(Memory::draw) {
                self.step(&features, class);
            }
        }
        if let Some(memory) = &mut self.memory {
            memory.insert(features, class);
        }
        Ok(())
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        probabilities.fill(f64::NEG_INFINITY);
        probabilities[..self.classes].copy_from_slice(&self.logits(features));
        softmax(probabilities);
        Ok(())
    }

    fn ram_bytes(&self) -> usize {
        let head = 4 * self.rows.iter().map(Vec::len).sum::<usize>();
        let squares = if matches!(self.rate, Rate::Adaptive(_)) { head } else { 0 };
        head + squares + self.memory.as_ref().map_or(0, Memory::ram_bytes)
    }

    fn multiply_adds(&self) -> u64 {
        let weights = self.rows.iter().map(Vec::len).sum::<usize>() as u64;
        let step = if matches!(self.rate, Rate::Adaptive(_)) { 3 * weights } else { 2 * weights };
        step * (1 + self.rehearsals as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start { width: 1, room: 2, classes: 2, base: None, seed: 1 }
    }

    #[test]
    fn a_step_by_hand() {
        // Two classes at 1/2 each: the gradient is -1/2 and 1/2 times the feature, and as much for the bias.
        let mut sgd = SoftmaxRegression::new(&start(), Rate::Fixed(0.1), 0, true);
        sgd.classes = 2;
        sgd.learn(&[2.0], 0).unwrap();
        assert_eq!(sgd.rows, [[0.1, 0.05], [-0.1, -0.05]]);
        // AdaGrad's first step goes the rate, whatever the gradient.
        let mut adagrad = SoftmaxRegression::new(&start(), Rate::Adaptive(0.1), 0, true);
        adagrad.classes = 2;
        adagrad.learn(&[2.0], 0).unwrap();
        assert!(adagrad.rows.iter().flatten().all(|w| (w.abs() - 0.1).abs() < 1e-6), "{:?}", adagrad.rows);
    }

    #[test]
    fn rehearsal_goes_on_with_what_came_before() {
        let mut rehearsing = SoftmaxRegression::new(&start(), Rate::Fixed(0.1), 4, true);
        let mut plain = SoftmaxRegression::new(&start(), Rate::Fixed(0.1), 0, true);
        for learner in [&mut rehearsing, &mut plain] {
            (0..20).for_each(|_| learner.learn(&[1.0], 0).unwrap());
            (0..20).for_each(|_| learner.learn(&[-1.0], 1).unwrap());
        }
        let sure = |learner: &mut SoftmaxRegression| {
            let mut p = [0.0; 2];
            learner.probabilities(&[1.0], &mut p).unwrap();
            p[0]
        };
        assert!(sure(&mut rehearsing) > sure(&mut plain) + 0.02);
        assert_eq!(rehearsing.multiply_adds(), 5 * plain.multiply_adds());
    }
}
