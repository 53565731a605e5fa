//! The meaning of the buttons: a small state machine, apart from all hardware.
//!
//! ```text
//!               the window is full            tap: freeze the window
//!   +---------+ -----------------> +----------+ ------------------> +----------+ --+ tap: one more
//!   | Filling |                    | Watching |                     | Counting |   |
//!   +---------+ <----------------- +----------+ <------------------ +----------+ <-+
//!      ^        samples are missing             0.7 s without a tap: learn
//!      |                                        a fifth tap, or save: forget the taps
//!      |                                        |
//!      +----------------------------------------+ the same, where samples have been missing meanwhile
//! ```
//!
//! A short press of save saves, in `Filling` and `Watching`; one of two seconds and more also erases first whatever the flash
//! holds. A tap in `Filling` is refused: there is no window to label.

use super::GESTURES;
use super::sampling::RATE;

/// Without a tap for so many readings, the taps are complete: 0.7 s.
pub const QUIET: u8 = (RATE * 7 / 10) as u8;

/// Where the machine is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The window is not full: there is nothing to infer from or to label.
    #[default]
    Filling,
    /// It infers.
    Watching,
    /// It infers, and counts the taps that say which gesture the frozen window is.
    Counting {
        /// So far, 1 to [`GESTURES`].
        taps: u8,
        /// Readings since the last one.
        quiet: u8,
    },
}

/// An input of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The window became full.
    WindowFull,
    /// Samples are missing, the window is empty.
    WindowBroken,
    /// The label button was pressed.
    Tap,
    /// The label button is of no use: its taps cannot be trusted.
    LabelStuck,
    /// The save button was pressed and let go.
    Save,
    /// The same after a hold.
    SaveAfterHold,
    /// A reading has passed.
    Tick,
}

/// An action that it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Keep the features of the window: they are to be labelled.
    Freeze,
    /// Learn the frozen features as this gesture, 1 to [`GESTURES`].
    Learn(u8),
    /// Say that the taps count for nothing.
    Forget,
    /// Say that there is nothing to label.
    Refuse,
    /// Save all that was learned.
    Save,
    /// Erase the store, then save.
    EraseAndSave,
}

impl Mode {
    /// The next state, and what is to be done. `full` tells whether the window is full.
    pub fn next(self, input: Input, full: bool) -> (Mode, Option<Action>) {
        let rest = if full { Mode::Watching } else { Mode::Filling };
        match (self, input) {
            (Mode::Counting { taps, .. }, Input::Tap) if usize::from(taps) < GESTURES => {
                (Mode::Counting { taps: taps + 1, quiet: 0 }, None)
            }
            (Mode::Counting { .. }, Input::Tap | Input::Save | Input::SaveAfterHold | Input::LabelStuck) => {
                (rest, Some(Action::Forget))
            }
            (Mode::Counting { taps, quiet }, Input::Tick) if quiet + 1 < QUIET => {
                (Mode::Counting { taps, quiet: quiet + 1 }, None)
            }
            (Mode::Counting { taps, .. }, Input::Tick) => (rest, Some(Action::Learn(taps))),
            // The frozen window stays good.
            (Mode::Counting { .. }, Input::WindowFull | Input::WindowBroken) => (self, None),
            (Mode::Watching, Input::Tap) => (Mode::Counting { taps: 1, quiet: 0 }, Some(Action::Freeze)),
            (Mode::Filling, Input::Tap) => (Mode::Filling, Some(Action::Refuse)),
            (_, Input::Save) => (self, Some(Action::Save)),
            (_, Input::SaveAfterHold) => (self, Some(Action::EraseAndSave)),
            (_, Input::WindowFull | Input::WindowBroken) => (rest, None),
            (_, Input::LabelStuck | Input::Tick) => (self, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes through inputs with a full window; the actions that come of it.
    fn actions(from: Mode, inputs: &[Input]) -> (Mode, std::vec::Vec<Action>) {
        inputs.iter().fold((from, std::vec::Vec::new()), |(mode, mut actions), input| {
            let (next, action) = mode.next(*input, true);
            actions.extend(action);
            (next, actions)
        })
    }

    #[test]
    fn taps_are_counted_until_a_pause() {
        for taps in 1..=GESTURES {
            let mut inputs = std::vec::Vec::new();
            for _ in 0..taps {
                inputs.push(Input::Tap);
                inputs.extend([Input::Tick; 20]);
            }
            let (mode, found) = actions(Mode::Watching, &inputs);
            assert_eq!((mode, &found[..]), (Mode::Counting { taps: taps as u8, quiet: 20 }, &[Action::Freeze][..]));
            let (mode, found) = actions(mode, &[Input::Tick; QUIET as usize - 20]);
            assert_eq!((mode, &found[..]), (Mode::Watching, &[Action::Learn(taps as u8)][..]));
        }
    }

    #[test]
    fn a_tap_too_many_and_save_forget_the_taps() {
        let (mode, found) = actions(Mode::Watching, &[Input::Tap; GESTURES + 1]);
        assert_eq!((mode, &found[..]), (Mode::Watching, &[Action::Freeze, Action::Forget][..]));
        for input in [Input::Save, Input::SaveAfterHold, Input::LabelStuck] {
            let (mode, found) = actions(Mode::Watching, &[Input::Tap, input]);
            assert_eq!((mode, &found[..]), (Mode::Watching, &[Action::Freeze, Action::Forget][..]));
        }
    }

    #[test]
    fn a_gap_does_not_spoil_a_frozen_window_but_is_noticed_after_it() {
        let counting = Mode::Counting { taps: 2, quiet: QUIET - 1 };
        assert_eq!(counting.next(Input::WindowBroken, false), (counting, None));
        assert_eq!(counting.next(Input::Tick, false), (Mode::Filling, Some(Action::Learn(2))));
        assert_eq!(counting.next(Input::Tick, true), (Mode::Watching, Some(Action::Learn(2))));
        assert_eq!(Mode::Watching.next(Input::WindowBroken, false), (Mode::Filling, None));
        assert_eq!(Mode::Filling.next(Input::WindowFull, true), (Mode::Watching, None));
    }

    #[test]
    fn nothing_is_labelled_before_the_window_is_full_but_saving_works() {
        assert_eq!(Mode::Filling.next(Input::Tap, false), (Mode::Filling, Some(Action::Refuse)));
        for mode in [Mode::Filling, Mode::Watching] {
            assert_eq!(mode.next(Input::Save, true), (mode, Some(Action::Save)));
            assert_eq!(mode.next(Input::SaveAfterHold, true), (mode, Some(Action::EraseAndSave)));
            assert_eq!(mode.next(Input::Tick, true), (mode, None));
            assert_eq!(mode.next(Input::LabelStuck, true), (mode, None));
        }
    }
}
