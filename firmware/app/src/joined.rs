//! A flash whose pages are too small for what is saved.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// The flash `F` with `N` of its pages as one: they are erased together. A range of it begins and ends with such a page.
pub struct Joined<F, const N: usize>(pub F);

impl<F: ErrorType, const N: usize> ErrorType for Joined<F, N> {
    type Error = F::Error;
}

impl<F: ReadNorFlash, const N: usize> ReadNorFlash for Joined<F, N> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: NorFlash, const N: usize> NorFlash for Joined<F, N> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = N * F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        self.0.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        self.0.write(offset, bytes)
    }
}
