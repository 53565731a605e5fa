//! The state of training that is not part of the head.

use crate::heads::storage::Empty;

/// The number of steps taken, which is the position in the beta schedule, and work space: for a linear head two numbers for each class.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::linear(0.1, 1.0, 50), Sgd::new(0.1));
/// let (mut head, mut state) = (LinearHead::<2, 1>::new(), State::new()); // the head's type determines the work space
/// TUNER.step(&mut head, &mut state, &[1.0], 0)?;
/// assert_eq!(state.steps(), 1);
/// state.set_steps(0); // the warm-up starts again
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct State<W> {
    pub(crate) steps: u32,
    pub(crate) work: W,
}

impl<W: Empty> State<W> {
    /// A state before the first step.
    pub const fn new() -> Self {
        Self::with_work(W::EMPTY)
    }
}

impl<W> State<W> {
    /// A state before the first step, with the caller's work space: a [`PairView`](crate::PairView).
    pub const fn with_work(work: W) -> Self {
        State { steps: 0, work }
    }

    /// The number of steps taken; it saturates at [`u32::MAX`].
    pub const fn steps(&self) -> u32 {
        self.steps
    }

    /// Sets the number of steps taken: to continue where an earlier training stopped, or with 0 to restart the warm-up.
    pub const fn set_steps(&mut self, steps: u32) {
        self.steps = steps;
    }
}

impl<W: Empty> Default for State<W> {
    fn default() -> Self {
        Self::new()
    }
}

/// Compares the steps only, not the work space.
impl<W> PartialEq for State<W> {
    fn eq(&self, other: &Self) -> bool {
        self.steps == other.steps
    }
}
