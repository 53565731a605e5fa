//! A button that bounces, and may be stuck.

use debouncr::{DebouncerStateful, Edge, Repeat2, debounce_stateful_2};
use embedded_hal::digital::InputPin;

use super::sampling::RATE;

/// The number of readings from which on a pressed button counts as held: 2 s.
pub const HELD: u16 = 2 * RATE as u16;
/// The number of readings from which on a pressed button counts as stuck: 10 s.
pub const STUCK: u16 = 10 * RATE as u16;

/// Which button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Which {
    /// The one that labels.
    Label,
    /// The one that saves.
    Save,
}

/// A change of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonEvent {
    /// It was pressed down.
    Pressed,
    /// It was let go after less than [`HELD`] readings.
    Released,
    /// It was let go after [`HELD`] readings or more, but fewer than [`STUCK`].
    ReleasedAfterHold,
    /// It has been down for [`STUCK`] readings. Its release then causes no event.
    Stuck,
    /// Its pin could not be read; reported once for failures in a row.
    Unreadable,
}

/// A button that pulls its pin to `pressed_is_low`'s level. Two equal readings, 40 ms, count as its level.
pub struct Button<P> {
    pin: P,
    pressed_is_low: bool,
    debouncer: DebouncerStateful<u8, Repeat2>,
    down: u16,
    unreadable: bool,
}

impl<P: InputPin> Button<P> {
    /// A button that connects its pin to ground, as nearly all do.
    pub fn active_low(pin: P) -> Self {
        Button { pin, pressed_is_low: true, debouncer: debounce_stateful_2(false), down: 0, unreadable: false }
    }

    /// A button that connects its pin to the supply.
    pub fn active_high(pin: P) -> Self {
        Button { pressed_is_low: false, ..Self::active_low(pin) }
    }

    /// Whether it has been down for less than a second, so that another button pressed now counts as pressed together with it.
    pub fn is_just_pressed(&self) -> bool {
        (1..RATE as u16).contains(&self.down)
    }

    /// Reads the pin; to be called once a reading of the sensor, every 20 ms.
    pub fn poll(&mut self) -> Option<ButtonEvent> {
        let level = if self.pressed_is_low { self.pin.is_low() } else { self.pin.is_high() };
        let Ok(pressed) = level else {
            let first = !self.unreadable;
            self.unreadable = true;
            return first.then_some(ButtonEvent::Unreadable);
        };
        self.unreadable = false;
        match self.debouncer.update(pressed) {
            Some(Edge::Rising) => {
                self.down = 1;
                Some(ButtonEvent::Pressed)
            }
            Some(Edge::Falling) => match core::mem::take(&mut self.down) {
                STUCK.. => None,
                HELD.. => Some(ButtonEvent::ReleasedAfterHold),
                _ => Some(ButtonEvent::Released),
            },
            None if (1..STUCK).contains(&self.down) => {
                self.down += 1;
                (self.down == STUCK).then_some(ButtonEvent::Stuck)
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::MockError;
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};
    use std::vec::Vec;

    /// The events of a button whose pin has these levels, each for so many readings.
    fn events(levels: &[(State, usize)], new: fn(Mock) -> Button<Mock>) -> Vec<ButtonEvent> {
        let levels: Vec<_> =
            levels.iter().flat_map(|(level, count)| (0..*count).map(|_| Transaction::get(*level))).collect();
        let mut pin = Mock::new(&levels);
        let mut button = new(pin.clone());
        let events = levels.iter().filter_map(|_| button.poll()).collect();
        pin.done();
        events
    }

    #[test]
    fn a_press_is_two_readings_and_bouncing_is_none() {
        use State::{High, Low};
        let bouncing = [(High, 3), (Low, 1), (High, 1), (Low, 1), (High, 1)];
        assert_eq!(events(&bouncing, Button::active_low), []);
        let press = [(High, 2), (Low, 1), (High, 1), (Low, 5), (High, 1), (Low, 1), (High, 4)];
        assert_eq!(events(&press, Button::active_low), [ButtonEvent::Pressed, ButtonEvent::Released]);
        let press = [(Low, 2), (High, 5), (Low, 4)];
        assert_eq!(events(&press, Button::active_high), [ButtonEvent::Pressed, ButtonEvent::Released]);
    }

    #[test]
    fn holding_differs_from_pressing_and_from_being_stuck() {
        use ButtonEvent::{Pressed, Released, ReleasedAfterHold, Stuck};
        use State::{High, Low};
        for (readings, expected) in [
            (usize::from(HELD) - 1, &[Pressed, Released][..]),
            (usize::from(HELD), &[Pressed, ReleasedAfterHold]),
            (usize::from(STUCK) - 2, &[Pressed, ReleasedAfterHold]),
            (usize::from(STUCK) + 500, &[Pressed, Stuck]),
        ] {
            // The first of these readings is only a hint, and so is the first of the others: it is down as long as this.
            let levels = [(High, 2), (Low, readings), (High, 3), (Low, 3), (High, 3)];
            let found = events(&levels, Button::active_low);
            assert_eq!(found, [expected, &[Pressed, Released]].concat(), "{readings} readings");
        }
    }

    #[test]
    fn a_pin_that_cannot_be_read_is_told_once_in_a_row() {
        let broken = || Transaction::get(State::High).with_error(MockError::Io(std::io::ErrorKind::NotConnected));
        let good = || Transaction::get(State::High);
        let mut pin = Mock::new(&[good(), broken(), broken(), good(), broken(), good()]);
        let mut button = Button::active_low(pin.clone());
        let told: Vec<_> = (0..6).map(|_| button.poll()).collect();
        let unreadable = Some(ButtonEvent::Unreadable);
        assert_eq!(told, [None, unreadable, None, None, unreadable, None]);
        pin.done();
    }
}
