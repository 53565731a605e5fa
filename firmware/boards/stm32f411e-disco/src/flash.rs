//! The flash, erased as fast as the chip can.

use embassy_stm32::flash::{Blocking, Error, Flash};
use embassy_stm32::pac::{self, flash::vals::Psize};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// A flash that erases 32 bits at a time. A sector of 128 kB then takes at most 2 s, but 4 s at 8 bits at a time (STM32F411 data sheet, flash
/// memory programming), to which the HAL returns after each write. At 8 bits, both sectors would take as long as the watchdog waits, whose
/// oscillator may moreover run up to half as fast again as its nominal rate.
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
            // The keys of RM0383, 3.6.1, without which the controller ignores the next writes.
            pac::FLASH.keyr().write_value(0x4567_0123);
            pac::FLASH.keyr().write_value(0xcdef_89ab);
        }
        pac::FLASH.cr().modify(|control| control.set_psize(Psize::PSIZE32));
        // The HAL locks the controller again.
        NorFlash::erase(&mut self.0, from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        NorFlash::write(&mut self.0, offset, bytes)
    }
}
