//! A guard against fine-tuning that does harm: labels pressed by mistake, a sensor that came loose.
//!
//! Some labelled samples are held out: they go into a [`Replay`] memory of their own, from which nothing is ever rehearsed. Now and
//! then the guard measures the head on them. A head that is good is to be kept, one that has become worse than the best so far
//! by more than a margin is to be replaced by the one kept last.
//!
//! Where the good head is kept is the caller's choice: as a copy in RAM, or, without a second copy, in flash by a `Store`, which
//! is safe against power cuts as well.

use crate::error::{Error, Number, expect_in_range};
use crate::head::LinearHead;
use crate::loss::{Beta, GradientDecay};
use crate::math::Math;
use crate::replay::{Replay, Stored};

/// Plain cross-entropy.
const PLAIN: Beta = Beta { value: 1.0, ln: 0.0 };

/// What is to be done with a head that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verdict {
    /// The best so far, by its loss: keep it.
    Best(f32),
    /// Not the best, but within the margin: go on.
    Good(f32),
    /// Worse by more than the margin: go back to the one kept last.
    Worse(f32),
    /// Nothing is held out yet.
    Unknown,
}

/// Judges heads by their mean negative log-likelihood, in nats, on held-out samples. 8 bytes.
///
/// ```
/// use gradient_decay::guard::{Guard, Verdict};
/// use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Replay, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.5));
/// let (mut head, mut state) = (LinearHead::<2, 1>::new(), State::new());
/// let mut held_out: Replay<2, 4, 1> = Replay::new(1);
/// held_out.insert(&[1.0], 0)?;
/// held_out.insert(&[-1.0], 1)?;
/// let mut guard = Guard::new(0.1);
/// let mut kept = head.clone();
/// for (features, label) in [(1.0, 0), (-1.0, 1), (2.0, 0), (1.0, 1), (1.5, 1), (1.2, 1)] {
///     TUNER.step(&mut head, &mut state, &[features], label)?; // the last three labels are wrong
///     match guard.judge(&head, &held_out) {
///         Verdict::Best(_) => kept.clone_from(&head),
///         Verdict::Worse(_) => head.clone_from(&kept),
///         _ => {}
///     }
/// }
/// assert_eq!(head.predict(&[1.0])?.class, 0);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Guard {
    margin: f32,
    /// The smallest loss so far; infinite before the first.
    best: f32,
}

impl Guard {
    /// A guard with a margin in nats, in [0, 100].
    ///
    /// # Panics
    /// If the margin is out of range; in a const, when it is compiled.
    pub const fn new(margin: f32) -> Self {
        expect_in_range(Self::try_new(margin))
    }

    /// [`new`](Self::new), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the margin is not in [0, 100].
    pub const fn try_new(margin: f32) -> Result<Self, Error> {
        if margin >= 0.0 && margin <= 100.0 {
            Ok(Guard { margin, best: f32::INFINITY })
        } else {
            Err(Error::OutOfRange { number: Number::Margin, value: margin })
        }
    }

    /// Measures a head on the held-out samples. A sample that the head has no finite logits for counts as the largest loss.
    pub fn judge<const CLASSES: usize, const SLOTS: usize, const FEATURES: usize, M: Math, S: Stored<FEATURES>>(
        &mut self,
        head: &LinearHead<CLASSES, FEATURES, M>,
        held_out: &Replay<CLASSES, SLOTS, FEATURES, S>,
    ) -> Verdict {
        let loss = GradientDecay::<M>::from_beta(PLAIN);
        let (mut mean, mut count) = (0.0, 0.0);
        let mut logits = [0.0; CLASSES];
        held_out.for_each(|features, target| {
            let loss = head.logits(features, &mut logits).and_then(|()| loss.loss(&logits, target)).unwrap_or(f32::MAX);
            // A running mean, which cannot overflow.
            count += 1.0;
            mean += (loss - mean) / count;
        });
        if held_out.is_empty() {
            return Verdict::Unknown;
        }
        if mean < self.best {
            self.best = mean;
            Verdict::Best(mean)
        } else if mean <= self.best + self.margin {
            Verdict::Good(mean)
        } else {
            Verdict::Worse(mean)
        }
    }

    /// Forgets the best loss, as when the held-out samples have changed: the next head is the best.
    pub const fn reset(&mut self) {
        self.best = f32::INFINITY;
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;

    #[test]
    fn verdicts_follow_the_loss() {
        let mut held_out: Replay<2, 2, 1> = Replay::new(0);
        let mut guard = Guard::new(0.5);
        let mut head: LinearHead<2, 1> = LinearHead::new();
        assert_eq!(guard.judge(&head, &held_out), Verdict::Unknown);
        held_out.insert(&[1.0], 0).unwrap();
        assert_eq!(guard.judge(&head, &held_out), Verdict::Best(core::f32::consts::LN_2));
        // ln(1 + e) is 1.31, ln 2 and half a nat 1.19.
        head.import(&[0.0, 0.0, 0.0, 0.2]).unwrap();
        assert!(matches!(guard.judge(&head, &held_out), Verdict::Good(_)));
        head.import(&[0.0, 0.0, 0.0, 1.0]).unwrap();
        assert!(matches!(guard.judge(&head, &held_out), Verdict::Worse(loss) if (loss - 1.3133).abs() < 1e-3));
        guard.reset();
        assert!(matches!(guard.judge(&head, &held_out), Verdict::Best(_)));
        // A head whose logits leave the range of f32.
        held_out.insert(&[3e38], 1).unwrap();
        head.import(&[0.0, 1e30, 0.0, 0.0]).unwrap();
        assert!(matches!(guard.judge(&head, &held_out), Verdict::Worse(loss) if loss.is_finite()));
    }

    #[test]
    fn margins_out_of_range_are_refused() {
        for bad in [-0.1, 101.0, f32::NAN, f32::INFINITY] {
            assert!(Guard::try_new(bad).is_err());
        }
    }
}
