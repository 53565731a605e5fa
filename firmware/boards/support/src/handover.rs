use core::cell::Cell;

use critical_section::{Mutex, with};

/// A place where the main program leaves a value for an interrupt, which takes it and then owns it. So no lock is held while the
/// interrupt works: interrupts are off only for the few instructions of the handover.
pub struct Handover<T>(Mutex<Cell<Option<T>>>);

impl<T: Send> Handover<T> {
    /// An empty place.
    pub const fn new() -> Self {
        Handover(Mutex::new(Cell::new(None)))
    }

    /// Leaves a value; an earlier one that was not taken is dropped.
    pub fn leave(&self, value: T) {
        with(|token| self.0.borrow(token).set(Some(value)));
    }

    /// Takes the value, if there is one.
    pub fn take(&self) -> Option<T> {
        with(|token| self.0.borrow(token).take())
    }
}

impl<T: Send> Default for Handover<T> {
    fn default() -> Self {
        Self::new()
    }
}
