//! One answer for several windows of a signal, by majority vote.

use crate::heads::prediction::Prediction;
use crate::learning::readout::{Answer, Reason};

/// A majority vote over the last `WINDOWS` answers, for windows that overlap or follow each other: `16 WINDOWS + 16` bytes on a 32-bit target.
///
/// A movement that was never taught is rarely mistaken for the same class many times in a row, and a single wrong window does not change the
/// answer. The price is a delay of half of the windows.
///
/// ```
/// use gradient_decay::{Answer, Prediction, Vote, readout::Reason};
///
/// let mut vote: Vote<3> = Vote::new();
/// let says = |class| Answer::Class(Prediction { class, probability: 0.9 });
/// assert_eq!(vote.push(says(2)).class(), Some(2)); // the only window so far
/// assert_eq!(vote.push(says(1)).class(), None); // one against one
/// assert_eq!(vote.push(says(2)).class(), Some(2));
/// assert_eq!(vote.push(Answer::Unknown(Prediction { class: 1, probability: 0.4 }, Reason::Far)).class(), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Vote<const WINDOWS: usize> {
    answers: [Option<Answer>; WINDOWS],
    next: usize,
}

impl<const WINDOWS: usize> Vote<WINDOWS> {
    /// A vote before the first answer. `WINDOWS` must be at least 1; 0 does not compile.
    pub const fn new() -> Self {
        const { assert!(WINDOWS > 0, "a vote needs at least one window") };
        Vote { answers: [None; WINDOWS], next: 0 }
    }

    /// Forgets all answers, for example after the signal was interrupted.
    pub const fn clear(&mut self) {
        *self = Self::new();
    }

    /// Takes the answer for the next window and returns the vote: the class of more than half of the windows so far, with the mean of
    /// its probabilities; otherwise unknown, with the newest prediction, and the newest answer's reason if it has one.
    pub fn push(&mut self, answer: Answer) -> Answer {
        if let Some(slot) = self.answers.get_mut(self.next) {
            *slot = Some(answer);
        }
        self.next = if self.next + 1 < WINDOWS { self.next + 1 } else { 0 };
        let all = || self.answers.iter().flatten();
        for candidate in all().filter_map(|answer| answer.class()) {
            let (mut votes, mut sum) = (0_usize, 0.0);
            for prediction in all().filter(|answer| answer.class() == Some(candidate)).map(|answer| answer.prediction())
            {
                votes += 1;
                sum += prediction.probability;
            }
            if 2 * votes > all().count() {
                return Answer::Class(Prediction { class: candidate, probability: sum / votes as f32 });
            }
        }
        match answer {
            Answer::Class(prediction) => Answer::Unknown(prediction, Reason::Between),
            unknown => unknown,
        }
    }
}

impl<const WINDOWS: usize> Default for Vote<WINDOWS> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(class: usize, probability: f32) -> Answer {
        Answer::Class(Prediction { class, probability })
    }

    #[test]
    fn one_window_is_its_own_answer() {
        let mut vote: Vote<1> = Vote::new();
        for answer in
            [says(1, 0.7), Answer::Unknown(Prediction { class: 0, probability: 0.5 }, Reason::Far), says(0, 0.9)]
        {
            assert_eq!(vote.push(answer), answer);
        }
    }

    #[test]
    fn more_than_half_decide_and_old_answers_go() {
        let mut vote: Vote<4> = Vote::new();
        let answers: std::vec::Vec<Option<usize>> =
            [0, 0, 1, 1, 1, 0, 0, 0].map(|class| vote.push(says(class, 0.5)).class()).into();
        // 0; 00; 001; 0011: none; 0111; 1110; 1100: none; 1000.
        assert_eq!(answers, [Some(0), Some(0), Some(0), None, Some(1), Some(1), None, Some(0)]);
        vote.clear();
        assert_eq!(vote.push(says(3, 0.5)).class(), Some(3));
    }

    #[test]
    fn the_probability_is_the_mean_of_the_votes_and_a_reason_is_kept() {
        let mut vote: Vote<3> = Vote::new();
        vote.push(says(0, 0.5));
        vote.push(says(1, 0.9));
        assert_eq!(vote.push(says(0, 1.0)), says(0, 0.75));
        let far = Answer::Unknown(Prediction { class: 2, probability: 0.3 }, Reason::Far);
        assert_eq!(vote.push(far), far);
        assert!(matches!(vote.push(says(1, 0.9)), Answer::Unknown(Prediction { class: 1, .. }, Reason::Between)));
    }
}
