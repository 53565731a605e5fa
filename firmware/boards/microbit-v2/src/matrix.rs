//! The 25 LEDs.

use core::convert::Infallible;
use core::sync::atomic::{AtomicU32, Ordering};

use embassy_nrf::gpio::Output;
use gradient_decay_app::gestures::display::{Display, Shown, image};

/// The LEDs that are lit: bit 5 * row + column.
static IMAGE: AtomicU32 = AtomicU32::new(0);

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
            // An LED is lit if its column's pin is low.
            pin.set_level((lit >> column & 1 == 0).into());
        }
        self.rows[self.row].set_high();
    }
}

/// The display, which passes an image to the interrupt.
pub struct Matrix;

impl Display for Matrix {
    type Error = Infallible;

    fn show(&mut self, shown: Shown) -> Result<(), Infallible> {
        IMAGE.store(image(shown), Ordering::Relaxed);
        Ok(())
    }
}
