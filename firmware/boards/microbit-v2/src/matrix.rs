//! The 25 LEDs: gesture k is k dots in the upper two rows, and as long a row below as it is probable; unknown is a question mark, taps are
//! dots in the middle, a fault is a cross.

use core::convert::Infallible;
use core::sync::atomic::{AtomicU32, Ordering};

use embassy_nrf::gpio::Output;
use gradient_decay::Answer;
use gradient_decay_app::gestures::display::{Display, Shown};

/// The LEDs that are lit: bit 5 * row + column.
static IMAGE: AtomicU32 = AtomicU32::new(0);

const UNKNOWN: u32 = image(["01100", "00010", "00100", "00000", "00100"]);
const CROSS: u32 = image(["10001", "01010", "00100", "01010", "10001"]);

const fn image(rows: [&str; 5]) -> u32 {
    let (mut image, mut led) = (0, 0);
    while led < 25 {
        image |= ((rows[led / 5].as_bytes()[led % 5] == b'1') as u32) << led;
        led += 1;
    }
    image
}

/// The pins of the LEDs, which are lit row by row.
pub struct Leds {
    rows: [Output<'static>; 5],
    columns: [Output<'static>; 5],
    row: usize,
}

impl Leds {
    pub const fn new(rows: [Output<'static>; 5], columns: [Output<'static>; 5]) -> Self {
        Leds { rows, columns, row: 0 }
    }

    /// Lights the next row. To be called by an interrupt, some 500 times a second.
    pub fn step(&mut self) {
        self.rows[self.row].set_low();
        self.row = (self.row + 1) % 5;
        let lit = IMAGE.load(Ordering::Relaxed) >> (5 * self.row);
        for (column, pin) in self.columns.iter_mut().enumerate() {
            // A column is lit by what it draws.
            pin.set_level((lit >> column & 1 == 0).into());
        }
        self.rows[self.row].set_high();
    }
}

/// The display, which leaves an image to the interrupt.
pub struct Matrix;

impl Display for Matrix {
    type Error = Infallible;

    fn show(&mut self, shown: Shown) -> Result<(), Infallible> {
        let where_lit = |lit: &dyn Fn(usize, usize) -> bool| {
            (0..25).fold(0, |image, led| image | u32::from(lit(led / 5, led % 5)) << led)
        };
        let image = match shown {
            Shown::Nothing => 0,
            Shown::Fault => CROSS,
            Shown::Answer(Answer::Unknown(..)) => UNKNOWN,
            Shown::Answer(Answer::Class(prediction)) => where_lit(&|row, column| match row {
                0..2 => 5 * row + column <= prediction.class,
                4 => (column + 1) as f32 <= 0.5 + 5.0 * prediction.probability,
                _ => false,
            }),
            Shown::Taps(taps) => where_lit(&|row, column| row >= 2 && 5 * (row - 2) + column < usize::from(taps)),
        };
        IMAGE.store(image, Ordering::Relaxed);
        Ok(())
    }
}
