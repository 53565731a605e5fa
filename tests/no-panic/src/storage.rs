//! The store, over flashes with words of 1, 4 and 256 bytes.

use core::hint::black_box;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use gradient_decay::store::{StoreError, buffer_for};
use gradient_decay::{Contents, LinearHead, Store, checkpoint};

/// A flash of which nothing is known.
struct Flash<const WORD: usize>;

impl<const WORD: usize> ErrorType for Flash<WORD> {
    type Error = NorFlashErrorKind;
}

impl<const WORD: usize> ReadNorFlash for Flash<WORD> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        black_box((offset, bytes));
        black_box(Ok(()))
    }

    fn capacity(&self) -> usize {
        black_box(65_536)
    }
}

impl<const WORD: usize> NorFlash for Flash<WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        black_box((from, to));
        black_box(Ok(()))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        black_box((offset, bytes));
        black_box(Ok(()))
    }
}

pub fn all() -> Result<(), StoreError<NorFlashErrorKind>> {
    store::<1>()?;
    store::<4>()?;
    store::<256>()
}

fn store<const WORD: usize>() -> Result<(), StoreError<NorFlashErrorKind>> {
    let mut head: LinearHead<3, 9> = LinearHead::new();
    let size = checkpoint::size(&head, Contents::ALL);
    let mut store = Store::new(Flash::<WORD>, black_box(0)..black_box(65_536), black_box(size))?;
    let mut bytes = [0; 256];
    let buffer = black_box(bytes.as_mut_slice());
    black_box(store.load(&mut head, buffer)?);
    store.save(&head, Contents::ALL, buffer)?;
    store.overwrite(&head, black_box(Contents::ALL), buffer)?;
    store.forget()?;
    black_box((store.into_flash().capacity(), buffer_for(black_box(7))));
    Ok(())
}
