//! The flash, erased as fast as the chip can.

use embassy_stm32::flash::{Blocking, Error, Flash};
use embassy_stm32::pac::{self, flash::vals::Psize};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// A sector of 128 kB is erased in 2 s at most where 32 bits at a time are set, and in 4 s at 8 (STM32F411 data sheet, flash memory
/// programming), to which the HAL goes back after each write. Both sectors would then take as long as the watchdog waits; its own
/// oscillator may be half as fast again as it should.
pub struct Words<'d>(pub Flash<'d, Blocking>);

impl ErrorType for Words<'_> {
    type Error = Error;
}

impl<'d> ReadNorFlash for Words<'d> {
    const READ_SIZE: usize = <Flash<'d, Blocking> as ReadNorFlash>::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        ReadNorFlash::read(&mut self.0, offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<'d> NorFlash for Words<'d> {
    const WRITE_SIZE: usize = <Flash<'d, Blocking> as NorFlash>::WRITE_SIZE;
    const ERASE_SIZE: usize = <Flash<'d, Blocking> as NorFlash>::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        if pac::FLASH.cr().read().lock() {
            // The keys of RM0383, 3.6.1, without which the controller ignores what follows.
            pac::FLASH.keyr().write_value(0x4567_0123);
            pac::FLASH.keyr().write_value(0xcdef_89ab);
        }
        pac::FLASH.cr().modify(|control| control.set_psize(Psize::PSIZE32));
        // It locks the controller again.
        NorFlash::erase(&mut self.0, from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        NorFlash::write(&mut self.0, offset, bytes)
    }
}
