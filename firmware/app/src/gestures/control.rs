//! The meaning of the buttons: a small state machine, apart from all hardware.
//!
//! ```text
//!               the window is full            tap: freeze the window
//!   +---------+ -----------------> +----------+ ------------------> +----------+ --+ tap: one more
//!   | Filling |                    | Watching |                     | Counting |   |
//!   +---------+ <----------------- +----------+ <------------------ +----------+ <-+
//!      ^        samples are missing             0.7 s after the last tap: learn
//!      |                                        the last tap was held for 2 s: remove that gesture
//!      |                                        a tap beyond the next new gesture, or save: forget the taps
//!      |                                        |
//!      +----------------------------------------+ the same, where samples have been missing meanwhile
//!
//!   +---------------------+        save         +--------+
//!   | Filling or Watching | ------------------> | Saving |
//!   +---------------------+ <------------------ +--------+
//!                             0.7 s later, or a tap: save
//!                             save again: take the last label back
//!
//!   +------------+   one button is pressed within 1 s of the other   +------+
//!   | all others | ------------------------------------------------> | Both |
//!   +------------+ <------------------------------------------------ +------+
//!                     save is let go                                     after 2 s: consent to what a host wants to replace or erase
//! ```
//!
//! One tap more than there are gestures makes a new one. The learner is new when the last gesture is removed. Save that is held for two seconds saves at once, in place of whatever the flash holds. A tap in
//! `Filling` is refused: there is no window to label.

use super::GESTURES;
use super::button::HELD;
use super::sampling::RATE;

/// The number of readings without a button after which the presses are complete: 0.7 s.
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
        /// Whether the button is still down.
        down: bool,
        /// Readings since it was let go.
        quiet: u8,
    },
    /// Save was pressed once.
    Saving {
        /// Readings since it was let go.
        quiet: u8,
    },
    /// Both buttons are down, or were: save still is.
    Both {
        /// The number of readings so far; [`HELD`] once consent was given, or the label button was let go.
        held: u16,
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
    /// It was let go.
    Release,
    /// It was let go after a hold.
    ReleaseAfterHold,
    /// The label button is of no use: its taps cannot be trusted.
    LabelStuck,
    /// The save button was pressed and let go.
    Save,
    /// The same after a hold.
    SaveAfterHold,
    /// The save button is of no use.
    SaveStuck,
    /// One button was pressed together with the other, which is down.
    Both,
    /// A reading has passed.
    Tick,
}

/// An action that it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Keep the features of the window: they are to be labelled.
    Freeze,
    /// Learn the frozen features as this gesture, 1 to one more than there are.
    Learn(u8),
    /// Remove this gesture; those above it move down by one.
    Remove(u8),
    /// Take back what was learned last.
    TakeBack,
    /// Say that the taps count for nothing.
    Forget,
    /// Say that there is nothing to label.
    Refuse,
    /// Save all that was learned.
    Save,
    /// Save, in place of whatever the store holds.
    Overwrite,
    /// Allow a host to replace and to erase what the device knows.
    Consent,
}

impl Mode {
    /// The next state, and what is to be done. `full` tells whether the window is full, `known` how many gestures there are.
    pub fn next(self, input: Input, full: bool, known: usize) -> (Mode, Option<Action>) {
        let rest = if full { Mode::Watching } else { Mode::Filling };
        match (self, input) {
            // The press that may be waiting for a second one is a save.
            (Mode::Saving { .. }, Input::Both) => (Mode::Both { held: 0 }, Some(Action::Save)),
            (_, Input::Both) => (Mode::Both { held: 0 }, None),
            (Mode::Both { held }, Input::Tick) if held < HELD => {
                (Mode::Both { held: held + 1 }, (held + 1 == HELD).then_some(Action::Consent))
            }
            (Mode::Both { .. }, Input::Release | Input::ReleaseAfterHold | Input::LabelStuck) => {
                (Mode::Both { held: HELD }, None)
            }
            (Mode::Both { .. }, Input::Save | Input::SaveAfterHold | Input::SaveStuck) => (rest, None),
            (Mode::Both { .. }, _) => (self, None),
            (Mode::Counting { taps, .. }, Input::Tap) if usize::from(taps) < GESTURES.min(known + 1) => {
                (Mode::Counting { taps: taps + 1, down: true, quiet: 0 }, None)
            }
            (Mode::Counting { taps, .. }, Input::Release) => (Mode::Counting { taps, down: false, quiet: 0 }, None),
            (Mode::Counting { taps, .. }, Input::ReleaseAfterHold) if usize::from(taps) <= known => {
                (rest, Some(Action::Remove(taps)))
            }
            (Mode::Counting { down: true, .. }, Input::Tick) => (self, None),
            (Mode::Counting { taps, quiet, .. }, Input::Tick) if quiet + 1 < QUIET => {
                (Mode::Counting { taps, down: false, quiet: quiet + 1 }, None)
            }
            (Mode::Counting { taps, .. }, Input::Tick) => (rest, Some(Action::Learn(taps))),
            // The frozen window stays good.
            (Mode::Counting { .. }, Input::WindowFull | Input::WindowBroken) => (self, None),
            (
                Mode::Counting { .. },
                Input::Tap | Input::ReleaseAfterHold | Input::Save | Input::SaveAfterHold | Input::LabelStuck,
            ) => (rest, Some(Action::Forget)),
            (Mode::Saving { .. }, Input::Save) => (rest, Some(Action::TakeBack)),
            (Mode::Saving { quiet }, Input::Tick) if quiet + 1 < QUIET => (Mode::Saving { quiet: quiet + 1 }, None),
            // A save begins a new window, so that a tap before it would have nothing to label.
            (Mode::Saving { .. }, Input::Tick | Input::Tap) => (rest, Some(Action::Save)),
            (Mode::Saving { .. }, Input::SaveAfterHold) => (rest, Some(Action::Overwrite)),
            (Mode::Watching, Input::Tap) => (Mode::Counting { taps: 1, down: true, quiet: 0 }, Some(Action::Freeze)),
            (Mode::Filling, Input::Tap) => (Mode::Filling, Some(Action::Refuse)),
            (_, Input::Save) => (Mode::Saving { quiet: 0 }, None),
            (_, Input::SaveAfterHold) => (self, Some(Action::Overwrite)),
            (Mode::Filling | Mode::Watching, Input::WindowFull | Input::WindowBroken) => (rest, None),
            (_, _) => (self, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Runs inputs with a full window and `known` gestures; returns the resulting actions.
    fn actions(from: Mode, known: usize, inputs: &[Input]) -> (Mode, Vec<Action>) {
        inputs.iter().fold((from, Vec::new()), |(mode, mut actions), input| {
            let (next, action) = mode.next(*input, true, known);
            actions.extend(action);
            (next, actions)
        })
    }

    /// So many taps, each let go.
    fn taps(count: usize) -> Vec<Input> {
        let tap = [&[Input::Tap][..], &[Input::Tick; 5], &[Input::Release], &[Input::Tick; 20]].concat();
        tap.repeat(count)
    }

    #[test]
    fn taps_are_counted_until_a_pause() {
        // Each gesture that there is, and one more.
        for (known, count) in (0..GESTURES).flat_map(|known| (1..=known + 1).map(move |count| (known, count))) {
            let (mode, found) = actions(Mode::Watching, known, &taps(count));
            let counting = Mode::Counting { taps: count as u8, down: false, quiet: 20 };
            assert_eq!((mode, &found[..]), (counting, &[Action::Freeze][..]));
            let (mode, found) = actions(mode, known, &[Input::Tick; QUIET as usize - 20]);
            assert_eq!((mode, &found[..]), (Mode::Watching, &[Action::Learn(count as u8)][..]));
        }
    }

    #[test]
    fn a_tap_too_many_and_save_forget_the_taps() {
        for (known, count) in [(0, 2), (3, 5), (GESTURES, GESTURES + 1)] {
            let (mode, found) = actions(Mode::Watching, known, &taps(count));
            assert_eq!((mode, &found[..]), (Mode::Watching, &[Action::Freeze, Action::Forget][..]));
        }
        for input in [Input::Save, Input::SaveAfterHold, Input::LabelStuck] {
            let (mode, found) = actions(Mode::Watching, 3, &[Input::Tap, input]);
            assert_eq!((mode, &found[..]), (Mode::Watching, &[Action::Freeze, Action::Forget][..]));
        }
    }

    #[test]
    fn a_held_tap_removes_the_gesture_and_learns_nothing() {
        let hold = [&[Input::Tap][..], &[Input::Tick; 120], &[Input::ReleaseAfterHold], &[Input::Tick; 120]].concat();
        for (before, known, expected) in
            [(0, 3, Action::Remove(1)), (2, 3, Action::Remove(3)), (3, 3, Action::Forget), (0, 0, Action::Forget)]
        {
            let (mode, found) = actions(Mode::Watching, known, &[taps(before), hold.clone()].concat());
            assert_eq!((mode, &found[..]), (Mode::Watching, &[Action::Freeze, expected][..]), "{before} taps");
        }
        assert_eq!(actions(Mode::Filling, 3, &hold), (Mode::Filling, std::vec![Action::Refuse]));
    }

    #[test]
    fn save_once_saves_and_twice_takes_the_last_label_back() {
        for mode in [Mode::Filling, Mode::Watching] {
            let quiet = [Input::Tick; QUIET as usize];
            let (_, found) = actions(mode, 3, &[&[Input::Save][..], &quiet].concat());
            assert_eq!(found, [Action::Save]);
            let (_, found) = actions(mode, 3, &[&[Input::Save, Input::Tick, Input::Save][..], &quiet].concat());
            assert_eq!(found, [Action::TakeBack]);
            assert_eq!(mode.next(Input::SaveAfterHold, true, 3), (mode, Some(Action::Overwrite)));
        }
        let saving = Mode::Saving { quiet: 3 };
        assert_eq!(saving.next(Input::Tap, true, 3), (Mode::Watching, Some(Action::Save)));
        assert_eq!(saving.next(Input::SaveAfterHold, false, 3), (Mode::Filling, Some(Action::Overwrite)));
        for input in [Input::WindowBroken, Input::WindowFull, Input::Release, Input::LabelStuck] {
            assert_eq!(saving.next(input, true, 3), (saving, None));
        }
    }

    #[test]
    fn both_buttons_held_consent_and_do_nothing_else() {
        let held = [Input::Tick; HELD as usize + 30];
        for last in [[Input::ReleaseAfterHold, Input::SaveAfterHold], [Input::SaveAfterHold, Input::ReleaseAfterHold]] {
            // By the label button first, by save first, and while taps are counted.
            for (mode, first) in [
                (Mode::Watching, &[Input::Tap, Input::Tick, Input::Both][..]),
                (Mode::Watching, &[Input::Both]),
                (Mode::Filling, &[Input::Both]),
                (Mode::Counting { taps: 2, down: false, quiet: 3 }, &[Input::Both]),
            ] {
                let (mode, mut found) = actions(mode, 3, &[first, &held, &last, &[Input::Tick; 99]].concat());
                found.retain(|action| *action != Action::Freeze);
                assert_eq!((mode, &found[..]), (Mode::Watching, &[Action::Consent][..]), "{first:?} {last:?}");
            }
        }
    }

    #[test]
    fn both_buttons_let_go_too_early_do_nothing() {
        let ticks = [Input::Tick; HELD as usize - 1];
        for last in [
            [Input::ReleaseAfterHold, Input::SaveAfterHold],
            [Input::Save, Input::Release],
            [Input::LabelStuck, Input::SaveStuck],
            [Input::SaveStuck, Input::LabelStuck],
        ] {
            let inputs = [&[Input::Both][..], &ticks, &last[..1], &[Input::Tick; 200], &last[1..]].concat();
            assert_eq!(actions(Mode::Watching, 3, &inputs), (Mode::Watching, Vec::new()), "{last:?}");
        }
        // A save that was about to be made is made.
        let saving = Mode::Saving { quiet: 3 };
        assert_eq!(saving.next(Input::Both, true, 3), (Mode::Both { held: 0 }, Some(Action::Save)));
    }

    #[test]
    fn a_gap_does_not_spoil_a_frozen_window_but_is_noticed_after_it() {
        let counting = Mode::Counting { taps: 2, down: false, quiet: QUIET - 1 };
        assert_eq!(counting.next(Input::WindowBroken, false, 2), (counting, None));
        assert_eq!(counting.next(Input::Tick, false, 2), (Mode::Filling, Some(Action::Learn(2))));
        assert_eq!(counting.next(Input::Tick, true, 2), (Mode::Watching, Some(Action::Learn(2))));
        assert_eq!(Mode::Watching.next(Input::WindowBroken, false, 2), (Mode::Filling, None));
        assert_eq!(Mode::Filling.next(Input::WindowFull, true, 2), (Mode::Watching, None));
    }

    #[test]
    fn nothing_is_labelled_before_the_window_is_full() {
        assert_eq!(Mode::Filling.next(Input::Tap, false, 3), (Mode::Filling, Some(Action::Refuse)));
        for mode in [Mode::Filling, Mode::Watching] {
            for input in [Input::Tick, Input::LabelStuck, Input::Release, Input::ReleaseAfterHold] {
                assert_eq!(mode.next(input, true, 3), (mode, None));
            }
        }
    }
}
