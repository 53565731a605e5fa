//! The 25 LEDs: gesture k is a column, the k-th from the left, as high as it is probable; unknown is a question mark, taps are dots, a
//! fault is a cross.

use core::cell::RefCell;
use core::convert::Infallible;

use critical_section::{Mutex, with};
use gradient_decay::Answer;
use gradient_decay_app::gestures::display::{Display, Shown};
use microbit::display::nonblocking::{BitImage, Display as Leds};
use microbit::gpio::DisplayPins;
use microbit::pac::{self, TIMER1, interrupt};

static LEDS: Mutex<RefCell<Option<Leds<TIMER1>>>> = Mutex::new(RefCell::new(None));

const UNKNOWN: [[u8; 5]; 5] = [[0, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]];
const CROSS: [[u8; 5]; 5] = [[1, 0, 0, 0, 1], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 0, 1]];

/// The LEDs, which a timer's interrupt lights row by row.
pub struct Matrix {
    shown: Option<Shown>,
}

impl Matrix {
    pub fn new(timer: TIMER1, pins: DisplayPins) -> Self {
        let leds = Leds::new(timer, pins);
        with(|token| LEDS.borrow(token).replace(Some(leds)));
        // SAFETY: the interrupt takes the LEDs only from where they were just put.
        unsafe { pac::NVIC::unmask(pac::Interrupt::TIMER1) };
        Matrix { shown: None }
    }
}

impl Display for Matrix {
    type Error = Infallible;

    fn show(&mut self, shown: Shown) -> Result<(), Infallible> {
        if self.shown.replace(shown) != Some(shown) {
            let image = BitImage::new(&image(shown));
            with(|token| {
                if let Some(leds) = LEDS.borrow(token).borrow_mut().as_mut() {
                    leds.show(&image);
                }
            });
        }
        Ok(())
    }
}

fn image(shown: Shown) -> [[u8; 5]; 5] {
    let lit = |lit: fn(usize, usize, usize, f32) -> bool, number, height| {
        core::array::from_fn(|row| core::array::from_fn(|column| u8::from(lit(row, column, number, height))))
    };
    match shown {
        Shown::Nothing => [[0; 5]; 5],
        Shown::Fault => CROSS,
        Shown::Answer(Answer::Unknown(..)) => UNKNOWN,
        Shown::Answer(Answer::Class(prediction)) => lit(
            |row, column, class, probability| column == class && (5 - row) as f32 <= 0.5 + 5.0 * probability,
            prediction.class,
            prediction.probability,
        ),
        Shown::Taps(taps) => lit(|row, column, taps, _| row == 2 && column < taps, usize::from(taps), 0.0),
    }
}

#[interrupt]
fn TIMER1() {
    with(|token| {
        if let Some(leds) = LEDS.borrow(token).borrow_mut().as_mut() {
            leds.handle_display_event();
        }
    });
}
