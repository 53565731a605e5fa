//! A guard against fine-tuning that makes the head worse, for example through wrong labels or a loose sensor.
//!
//! Some labelled samples are held out: they go into a separate memory, which is never rehearsed. From time to time the
//! guard measures the head on them. Keep a copy of a head that is the best so far; replace one that is worse than the best by more
//! than a margin by the copy kept last. A [temperature](crate::Readout::fitted) can be fitted to the held-out samples as well.
//!
//! The caller chooses where to keep the good head: as a copy in RAM, or in flash by a `Store`, which needs no second copy in RAM and
//! is safe against power cuts.

use crate::error::{Error, Number, expect_in_range};
use crate::heads::head::Head;
use crate::heads::number::Number as _;
use crate::learning::replay::Memory;

/// The verdict on a head that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verdict {
    /// The best so far, with its loss in nats: keep a copy of the head.
    Best(f32),
    /// Not the best, but within the margin, with its loss in nats: continue.
    Good(f32),
    /// Worse than the best by more than the margin, with its loss in nats: go back to the copy kept last.
    Worse(f32),
    /// Nothing is held out yet.
    Unknown,
}

/// A part that holds samples out and judges heads on them; `()` holds nothing out.
pub trait Judge<X: ?Sized> {
    /// The samples held out.
    type Memory: Memory<X>;

    /// The samples held out.
    fn held_out(&self) -> &Self::Memory;

    /// The samples held out, mutably.
    fn held_out_mut(&mut self) -> &mut Self::Memory;

    /// Whether the next sample is to be held out. The call changes nothing: see [`count`](Self::count).
    fn is_due(&self) -> bool;

    /// Counts a sample that was learned or held out.
    fn count(&mut self);

    /// Measures a head on the samples held out; `logits` is work space with one number for each class that the head has room for.
    fn judge<H: Head<Features = X>>(&mut self, head: &H, logits: &mut [H::Number]) -> Verdict;

    /// Forgets the best loss, so that the next head counts as the best. Call it when the samples held out have changed.
    fn reset(&mut self);
}

impl<X: ?Sized> Judge<X> for () {
    type Memory = ();

    fn held_out(&self) -> &() {
        &()
    }

    fn held_out_mut(&mut self) -> &mut () {
        self
    }

    fn is_due(&self) -> bool {
        false
    }

    fn count(&mut self) {}

    fn judge<H: Head<Features = X>>(&mut self, _: &H, _: &mut [H::Number]) -> Verdict {
        Verdict::Unknown
    }

    fn reset(&mut self) {}
}

/// Holds out every n-th labelled sample in the memory `R`, and judges heads by their mean negative log-likelihood on these samples, in
/// nats. It takes 16 bytes more than the memory.
///
/// ```
/// use gradient_decay::guard::{Guard, Judge, Verdict};
/// use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Memory, Replay, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.5));
/// let (mut head, mut state) = (LinearHead::<2, 1>::new(), State::new());
/// let mut guard = Guard::new(Replay::<2, 4, [f32; 1]>::new(1), 0.1, 10); // a Learner would hold out every tenth
/// guard.held_out_mut().insert(&[1.0], 0)?;
/// guard.held_out_mut().insert(&[-1.0], 1)?;
/// let mut kept = head.clone();
/// for (features, label) in [(1.0, 0), (-1.0, 1), (2.0, 0), (1.0, 1), (1.5, 1), (1.2, 1)] {
///     TUNER.step(&mut head, &mut state, &[features], label)?; // the last three labels are wrong
///     match guard.judge(&head, &mut [0.0; 2]) {
///         Verdict::Best(_) => kept.clone_from(&head),
///         Verdict::Worse(_) => head.clone_from(&kept),
///         _ => {}
///     }
/// }
/// assert_eq!(head.predict(&[1.0])?.class, 0);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Guard<R> {
    pub(crate) memory: R,
    margin: f32,
    every: u32,
    /// The smallest loss so far; infinite before the first.
    pub(crate) best: f32,
    /// The number of samples since the last one that was held out.
    pub(crate) since: u32,
}

impl<R> Guard<R> {
    /// A guard with a margin in nats, in [0, 100], that holds out every `every`-th sample; 0 counts as 1. Choose a number such as 7: if
    /// `every` and the number of classes have a common divisor, a stream that cycles through the classes never holds some of them out.
    ///
    /// # Panics
    /// If the margin is out of range; in a const, when it is compiled.
    pub const fn new(memory: R, margin: f32, every: u32) -> Self {
        expect_in_range(check_margin(margin));
        Guard { memory, margin, every: if every == 0 { 1 } else { every }, best: f32::INFINITY, since: 0 }
    }

    /// [`new`](Self::new), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the margin is not in [0, 100].
    pub fn try_new(memory: R, margin: f32, every: u32) -> Result<Self, Error> {
        check_margin(margin).map(|()| Self::new(memory, margin, every))
    }
}

const fn check_margin(margin: f32) -> Result<(), Error> {
    if margin >= 0.0 && margin <= 100.0 {
        Ok(())
    } else {
        Err(Error::OutOfRange { number: Number::Margin, value: margin })
    }
}

impl<X: ?Sized, R: Memory<X>> Judge<X> for Guard<R> {
    type Memory = R;

    fn held_out(&self) -> &R {
        &self.memory
    }

    fn held_out_mut(&mut self) -> &mut R {
        &mut self.memory
    }

    fn is_due(&self) -> bool {
        self.since.saturating_add(1) >= self.every
    }

    fn count(&mut self) {
        self.since = if Judge::<X>::is_due(self) { 0 } else { self.since + 1 };
    }

    /// A sample whose logits are not finite counts as the largest loss; one of a class that is not in use does not count.
    fn judge<H: Head<Features = X>>(&mut self, head: &H, logits: &mut [H::Number]) -> Verdict {
        let (mut mean, mut count) = (0.0, 0.0_f32);
        self.memory.for_each(|features, target| {
            if head.knows(target) {
                let loss = match head.logits(features, logits) {
                    Ok(()) => H::Number::cross_entropy::<H::Math>(logits, target),
                    Err(_) => f32::MAX,
                };
                // A running mean, which cannot overflow.
                count += 1.0;
                mean += (loss - mean) / count;
            }
        });
        if count == 0.0 {
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

    fn reset(&mut self) {
        self.best = f32::INFINITY;
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::{LinearHead, Replay};

    type Mine = Guard<Replay<2, 2, [f32; 1]>>;

    #[test]
    fn verdicts_follow_the_loss() {
        let mut guard = Mine::new(Replay::new(0), 0.5, 3);
        let mut head: LinearHead<2, 1> = LinearHead::new();
        let judge = |guard: &mut Mine, head: &LinearHead<2, 1>| guard.judge(head, &mut [0.0; 2]);
        assert_eq!(judge(&mut guard, &head), Verdict::Unknown);
        guard.memory.insert(&[1.0], 0).unwrap();
        assert_eq!(judge(&mut guard, &head), Verdict::Best(core::f32::consts::LN_2));
        // ln(1 + e) is 1.31, ln 2 and half a nat 1.19.
        head.import(&[0.0, 0.0, 0.0, 0.2]).unwrap();
        assert!(matches!(judge(&mut guard, &head), Verdict::Good(_)));
        head.import(&[0.0, 0.0, 0.0, 1.0]).unwrap();
        assert!(matches!(judge(&mut guard, &head), Verdict::Worse(loss) if (loss - 1.3133).abs() < 1e-3));
        Judge::<[f32; 1]>::reset(&mut guard);
        assert!(matches!(judge(&mut guard, &head), Verdict::Best(_)));
        // A head whose logits leave the range of f32.
        guard.memory.insert(&[3e38], 1).unwrap();
        head.import(&[0.0, 1e30, 0.0, 0.0]).unwrap();
        assert!(matches!(judge(&mut guard, &head), Verdict::Worse(loss) if loss.is_finite()));
    }

    /// Rows that are not in use take no part, and a sample of such a class does not count.
    #[test]
    fn a_head_with_two_of_ten_classes_is_judged_as_one_with_two() {
        let (mut small, mut large) = (LinearHead::<2, 1>::new(), LinearHead::<10, 1>::new());
        small.import(&[1.0, -1.0, 0.5, 0.0]).unwrap();
        let mut parameters = [0.0; 20];
        (parameters[0], parameters[1], parameters[10]) = (1.0, -1.0, 0.5);
        large.import(&parameters).unwrap();
        large.truncate(2).unwrap();
        let mut guard = Guard::new(Replay::<10, 4, [f32; 1]>::new(0), 0.5, 3);
        for (x, class) in [(1.0, 0), (0.3, 0), (-1.0, 1), (0.1, 1)] {
            guard.memory.insert(&[x], class).unwrap();
        }
        let mut its = guard.clone();
        let verdict = guard.judge(&small, &mut [0.0; 2]);
        assert_eq!(its.judge(&large, &mut [0.0; 10]), verdict);
        assert!(matches!(verdict, Verdict::Best(loss) if loss < core::f32::consts::LN_2));
        its.memory.insert(&[5.0], 7).unwrap();
        assert_eq!(
            its.judge(&large, &mut [0.0; 10]),
            match verdict {
                Verdict::Best(loss) => Verdict::Good(loss),
                other => other,
            }
        );
    }

    #[test]
    fn every_so_many_samples_one_is_due() {
        let mut guard = Mine::new(Replay::new(0), 0.5, 3);
        let due: std::vec::Vec<bool> = (0..7)
            .map(|_| {
                let due = Judge::<[f32; 1]>::is_due(&guard);
                Judge::<[f32; 1]>::count(&mut guard);
                due
            })
            .collect();
        assert_eq!(due, [false, false, true, false, false, true, false]);
    }

    #[test]
    fn margins_out_of_range_are_refused() {
        for bad in [-0.1, 101.0, f32::NAN, f32::INFINITY] {
            assert!(Guard::try_new((), bad, 1).is_err());
        }
        assert!(Guard::try_new((), 0.0, 1).is_ok());
    }
}
