//! The flash of the nRF51822, by its non-volatile memory controller (nRF51 reference manual, chapter 6).

use core::convert::Infallible;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

const READY: *const u32 = 0x4001_e400 as *const u32;
const CONFIG: *mut u32 = 0x4001_e504 as *mut u32;
const ERASE_PAGE: *mut u32 = 0x4001_e508 as *mut u32;

/// The features that CONFIG allows.
const READ: u32 = 0;
const WRITE: u32 = 1;
const ERASE: u32 = 2;

/// 256 pages of 1 kB, from address 0 on.
pub struct Nvmc;

impl Nvmc {
    /// Sets the controller's mode, operates, waits until it is done, and sets the mode back.
    fn with(&mut self, mode: u32, mut operate: impl FnMut()) {
        for mode in [mode, READ] {
            // SAFETY: the registers exist on this chip, and only this writes them.
            unsafe { CONFIG.write_volatile(mode) };
            if mode != READ {
                operate();
            }
            // SAFETY: reading it has no effect.
            while unsafe { READY.read_volatile() } & 1 == 0 {}
        }
    }
}

impl ErrorType for Nvmc {
    type Error = Infallible;
}

impl ReadNorFlash for Nvmc {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        for (address, byte) in (offset..).zip(bytes) {
            // SAFETY: the store reads only its own range.
            *byte = unsafe { (address as *const u8).read_volatile() };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        256 * 1024
    }
}

impl NorFlash for Nvmc {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        for page in (from..to).step_by(Self::ERASE_SIZE) {
            // SAFETY: the page is the store's own.
            self.with(ERASE, || unsafe { ERASE_PAGE.write_volatile(page) });
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        let (words, _) = bytes.as_chunks::<4>();
        for (address, word) in (offset..).step_by(4).zip(words) {
            // SAFETY: the store writes whole words of its own range.
            self.with(WRITE, || unsafe { (address as *mut u32).write_volatile(u32::from_le_bytes(*word)) });
        }
        Ok(())
    }
}
