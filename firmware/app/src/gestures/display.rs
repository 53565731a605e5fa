//! The display: one LED that blinks, or anything else that implements [`Display`].

use embedded_hal::digital::{OutputPin, PinState};
use gradient_decay::Answer;

/// A content of the display.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shown {
    /// The window is not full yet.
    Nothing,
    /// The last answer.
    Answer(Answer),
    /// So many taps were counted.
    Taps(u8),
    /// Something is wrong: the log says what.
    Fault,
}

/// Something to show it with: an LED, or a matrix of them.
pub trait Display {
    /// Why it failed.
    type Error;

    /// Shows it; called with every reading, every 20 ms, so that it can blink.
    ///
    /// # Errors
    /// If the hardware fails; the device then logs it once, and continues.
    fn show(&mut self, shown: Shown) -> Result<(), Self::Error>;
}

/// From here on an answer is shown as a sure one.
pub const SURE: f32 = 0.9;

/// The picture of a matrix of 5 by 5 LEDs, such as a micro:bit's: bit 5 * row + column is lit.
///
/// Gesture k is k dots in the upper two rows, and as long a row below as it is probable; unknown is a question mark, taps are dots in the
/// middle, a fault is a cross.
pub fn image(shown: Shown) -> u32 {
    const UNKNOWN: u32 = drawn(["01100", "00010", "00100", "00000", "00100"]);
    const CROSS: u32 = drawn(["10001", "01010", "00100", "01010", "10001"]);
    let where_lit = |lit: &dyn Fn(usize, usize) -> bool| {
        (0..25).fold(0, |image, led| image | u32::from(lit(led / 5, led % 5)) << led)
    };
    match shown {
        Shown::Nothing => 0,
        Shown::Fault => CROSS,
        Shown::Answer(Answer::Unknown(..)) => UNKNOWN,
        Shown::Answer(Answer::Class(prediction)) => where_lit(&|row, column| match row {
            0..2 => 5 * row + column <= prediction.class,
            4 => (column + 1) as f32 <= 0.5 + 5.0 * prediction.probability,
            _ => false,
        }),
        Shown::Taps(taps) => where_lit(&|row, column| row >= 2 && 5 * (row - 2) + column < usize::from(taps)),
    }
}

const fn drawn(rows: [&str; 5]) -> u32 {
    let (mut image, mut led) = (0, 0);
    while led < 25 {
        image |= ((rows[led / 5].as_bytes()[led % 5] == b'1') as u32) << led;
        led += 1;
    }
    image
}

/// One LED.
///
/// Gesture k is k flashes and a pause: long flashes if its probability is at least [`SURE`], short ones otherwise. Unknown is a
/// glimmer once a second, taps are a steady light, and a fault flickers.
pub struct Blink<P> {
    pin: P,
    phase: u8,
}

/// Readings that a flash takes with the dark behind it, those that a long and a short one is lit, those of a glimmer, and those of
/// the pause behind the flashes.
const FLASH: u8 = 14;
const LONG: u8 = 9;
const SHORT: u8 = 3;
const GLIMMER: u8 = 2;
const PAUSE: u8 = 36;

impl<P: OutputPin> Blink<P> {
    /// An LED that is lit when its pin is high.
    pub fn new(pin: P) -> Self {
        Blink { pin, phase: 0 }
    }
}

impl<P: OutputPin> Display for Blink<P> {
    type Error = P::Error;

    fn show(&mut self, shown: Shown) -> Result<(), P::Error> {
        let (period, lit) = match shown {
            Shown::Nothing => (1, false),
            Shown::Taps(_) => (1, true),
            Shown::Fault => (6, self.phase < 3),
            Shown::Answer(Answer::Unknown(..)) => (FLASH + PAUSE, self.phase < GLIMMER),
            Shown::Answer(Answer::Class(prediction)) => {
                let flashes = FLASH * (prediction.class as u8 + 1);
                let lit = if prediction.probability >= SURE { LONG } else { SHORT };
                (flashes + PAUSE, self.phase < flashes && self.phase % FLASH < lit)
            }
        };
        self.phase = if self.phase + 1 < period { self.phase + 1 } else { 0 };
        self.pin.set_state(PinState::from(lit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};
    use gradient_decay::Prediction;
    use gradient_decay::readout::Reason;
    use std::vec::Vec;

    /// Whether the LED is lit, in so many readings.
    fn lit(shown: Shown, readings: usize) -> Vec<bool> {
        // The mock needs the expected levels beforehand: take them from a pin that records.
        struct Recorder(Vec<bool>);
        impl embedded_hal::digital::ErrorType for Recorder {
            type Error = core::convert::Infallible;
        }
        impl OutputPin for Recorder {
            fn set_low(&mut self) -> Result<(), Self::Error> {
                self.0.push(false);
                Ok(())
            }
            fn set_high(&mut self) -> Result<(), Self::Error> {
                self.0.push(true);
                Ok(())
            }
        }
        let mut led = Blink::new(Recorder(Vec::new()));
        (0..readings).for_each(|_| led.show(shown).unwrap());
        led.pin.0
    }

    fn flashes(lit: &[bool]) -> usize {
        lit.windows(2).filter(|pair| !pair[0] && pair[1]).count() + usize::from(lit[0])
    }

    #[test]
    fn gesture_k_is_k_flashes_and_sure_ones_are_long() {
        for class in 0..crate::gestures::GESTURES {
            let period = usize::from(FLASH) * (class + 1) + usize::from(PAUSE);
            let known = |probability| Shown::Answer(Answer::Class(Prediction { class, probability }));
            let (sure, unsure) = (lit(known(0.95), period), lit(known(0.7), period));
            assert_eq!((flashes(&sure), flashes(&unsure)), (class + 1, class + 1));
            let count = |lit: &[bool]| lit.iter().filter(|lit| **lit).count();
            assert_eq!((count(&sure), count(&unsure)), (9 * (class + 1), 3 * (class + 1)));
            assert_eq!(lit(known(0.95), 2 * period)[period..], sure, "it repeats");
        }
    }

    #[test]
    fn unknown_glimmers_and_what_else_there_is_differs() {
        let unknown =
            lit(Shown::Answer(Answer::Unknown(Prediction { class: 1, probability: 0.4 }, Reason::Between)), 50);
        assert_eq!((flashes(&unknown), unknown.iter().filter(|lit| **lit).count()), (1, 2));
        assert_eq!(lit(Shown::Nothing, 5), [false; 5]);
        assert_eq!(lit(Shown::Taps(2), 5), [true; 5]);
        assert_eq!(flashes(&lit(Shown::Fault, 30)), 5);
    }

    #[test]
    fn a_matrix_shows_the_number_and_the_probability() {
        let rows = |shown| std::array::from_fn::<_, 5, _>(|row| image(shown) >> (5 * row) & 31);
        let known = |class, probability| Shown::Answer(Answer::Class(Prediction { class, probability }));
        assert_eq!(rows(known(0, 1.0)), [1, 0, 0, 0, 31]);
        assert_eq!(rows(known(6, 0.5)), [31, 3, 0, 0, 7]);
        assert_eq!(rows(Shown::Taps(6)), [0, 0, 31, 1, 0]);
        assert_eq!((image(Shown::Nothing), rows(Shown::Fault)), (0, [17, 10, 4, 10, 17]));
    }

    #[test]
    fn a_broken_led_is_an_error() {
        use embedded_hal_mock::eh1::MockError;
        let broken = Transaction::set(State::High).with_error(MockError::Io(std::io::ErrorKind::NotConnected));
        let mut pin = Mock::new(&[broken]);
        assert!(Blink::new(pin.clone()).show(Shown::Taps(1)).is_err());
        pin.done();
    }
}
