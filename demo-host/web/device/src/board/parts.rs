//! Buttons that are pressed by calls, LEDs that are looked at, a flash that outlives the power. Each is a handle: the app has one, the
//! board the other.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;

use embedded_hal::digital::{ErrorType, InputPin};
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::{self, NorFlash, ReadNorFlash};
use gradient_decay_app::gestures::control::QUIET;
use gradient_decay_app::gestures::display::{Display, Shown, image};
use gradient_decay_app::simulation::{BoardFlash, FlashError};

/// Readings for which a tap is down, and those until the next: what a button takes to be sure, and one more.
const DOWN: usize = 3;
const UP: usize = 3;

/// A button's pin, high when it is pressed. It is looked at once a reading.
#[derive(Clone, Default)]
pub struct Presses(Rc<RefCell<Levels>>);

#[derive(Default)]
struct Levels {
    held: bool,
    was_high: bool,
    planned: VecDeque<bool>,
}

impl Presses {
    /// A finger goes down, or up.
    pub fn hold(&self, down: bool) {
        self.0.borrow_mut().held = down;
    }

    /// Plans taps, and the pause that ends them.
    pub fn taps(&self, count: usize) {
        self.taps_and_hold(count, 0);
    }

    /// Plans taps, a tap held for more than so many readings, unless that is 0, and the pause that ends them.
    pub fn taps_and_hold(&self, count: usize, readings: usize) {
        let mut levels = self.0.borrow_mut();
        let mut plan = |level, readings| levels.planned.extend(std::iter::repeat_n(level, readings));
        for _ in 0..count {
            plan(true, DOWN);
            plan(false, UP);
        }
        if readings > 0 {
            plan(true, readings + DOWN);
        }
        plan(false, usize::from(QUIET) + UP);
    }

    /// Whether it was pressed when it was looked at last.
    pub fn down(&self) -> bool {
        self.0.borrow().was_high
    }

    /// Whether what was planned is not over.
    pub fn busy(&self) -> bool {
        !self.0.borrow().planned.is_empty()
    }
}

impl ErrorType for Presses {
    type Error = Infallible;
}

impl InputPin for Presses {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        let mut levels = self.0.borrow_mut();
        let planned = levels.planned.pop_front().unwrap_or_default();
        levels.was_high = planned || levels.held;
        Ok(levels.was_high)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

/// Those of a micro:bit.
#[derive(Clone, Default)]
pub struct Leds(Rc<Cell<u32>>);

impl Leds {
    /// Those that are lit: bit 5 * row + column.
    pub fn lit(&self) -> u32 {
        self.0.get()
    }
}

impl Display for Leds {
    type Error = Infallible;

    fn show(&mut self, shown: Shown) -> Result<(), Infallible> {
        self.0.set(image(shown));
        Ok(())
    }
}

/// A flash like that of the boards.
#[derive(Clone)]
pub struct Memory(Rc<RefCell<Pages>>);

struct Pages {
    flash: BoardFlash,
    changes: u32,
}

impl Memory {
    /// One that holds these bytes, or is erased if there are none.
    pub fn holding(bytes: &[u8]) -> Result<Self, String> {
        let mut flash = BoardFlash::new();
        if !bytes.is_empty() {
            if bytes.len() != BoardFlash::BYTES {
                return Err(format!("a flash has {} bytes, not {}", BoardFlash::BYTES, bytes.len()));
            }
            flash.bytes_mut().copy_from_slice(bytes);
        }
        Ok(Memory(Rc::new(RefCell::new(Pages { flash, changes: 0 }))))
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.borrow_mut().flash.bytes_mut().to_vec()
    }

    /// How often it was written or erased.
    pub fn changes(&self) -> u32 {
        self.0.borrow().changes
    }

    fn change(&self, change: impl FnOnce(&mut BoardFlash) -> Result<(), FlashError>) -> Result<(), FlashError> {
        let pages = &mut *self.0.borrow_mut();
        pages.changes = pages.changes.wrapping_add(1);
        change(&mut pages.flash)
    }
}

impl nor_flash::ErrorType for Memory {
    type Error = FlashError;
}

impl ReadNorFlash for Memory {
    const READ_SIZE: usize = BoardFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.0.borrow_mut().flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        BoardFlash::BYTES
    }
}

impl NorFlash for Memory {
    const WRITE_SIZE: usize = BoardFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = BoardFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.change(|flash| flash.erase(from, to))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.change(|flash| flash.write(offset, bytes))
    }
}

/// A serial port that has received some bytes.
pub struct Wire {
    received: VecDeque<u8>,
    /// The bytes that were sent.
    pub sent: Vec<u8>,
}

impl Wire {
    /// With these bytes received.
    pub fn carrying(bytes: &[u8]) -> Self {
        Wire { received: bytes.iter().copied().collect(), sent: Vec::new() }
    }

    /// Whether there are some left.
    pub fn carries(&self) -> bool {
        !self.received.is_empty()
    }
}

impl embedded_io::ErrorType for Wire {
    type Error = Infallible;
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let count = bytes.len().min(self.received.len());
        bytes.iter_mut().zip(self.received.drain(..count)).for_each(|(place, byte)| *place = byte);
        Ok(count)
    }
}

impl ReadReady for Wire {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.carries())
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.sent.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
