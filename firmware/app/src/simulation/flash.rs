//! A NOR flash in RAM that obeys the rules of one, and whose power can be cut at any word.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// The bytes of a page, unless it is said how many.
pub const PAGE: usize = 512;
/// The bytes of a word, the least that is written at a time.
pub const WORD: usize = 4;

/// The flash that the micro:bit v2 and the Pico keep free: three pages, each two of 4 kB [joined](crate::joined::Joined).
pub type BoardFlash = Flash<3, 8192>;

/// The flash.
#[derive(Clone)]
pub struct Flash<const PAGES: usize, const PAGE_BYTES: usize = PAGE> {
    pages: [[u8; PAGE_BYTES]; PAGES],
    /// Writes of a word and erasures of a page that are left until the power is cut; `None` for ever.
    pub operations_left: Option<u32>,
    /// The content of a page or a word whose operation was cut.
    pub torn: Torn,
}

/// The remains of the operation that was under way when the power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    /// It was not begun.
    Before,
    /// Half of it was done: the first half of the page is erased, half of the bytes of the word are written.
    Half,
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashError {
    /// The power is off.
    Power,
    /// Bounds or alignment were not kept.
    Misuse(NorFlashErrorKind),
    /// A bit was to be set that only erasing sets.
    NotErased,
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            FlashError::Misuse(kind) => *kind,
            _ => NorFlashErrorKind::Other,
        }
    }
}

impl<const PAGES: usize, const PAGE_BYTES: usize> Flash<PAGES, PAGE_BYTES> {
    /// Its bytes.
    pub const BYTES: usize = PAGES * PAGE_BYTES;

    /// An erased flash.
    pub const fn new() -> Self {
        Flash { pages: [[0xff; PAGE_BYTES]; PAGES], operations_left: None, torn: Torn::Before }
    }

    /// Its bytes, to damage them.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.pages.as_flattened_mut()
    }

    /// Counts an operation: whether it is carried out whole, or else an error after what the cut leaves of it.
    fn operate(&mut self, whole: impl FnOnce(&mut [u8]), half: impl FnOnce(&mut [u8])) -> Result<(), FlashError> {
        match &mut self.operations_left {
            Some(0) => return Err(FlashError::Power),
            Some(left) => {
                *left -= 1;
                if *left == 0 {
                    if self.torn == Torn::Half {
                        half(self.pages.as_flattened_mut());
                    }
                    return Err(FlashError::Power);
                }
            }
            None => {}
        }
        whole(self.pages.as_flattened_mut());
        Ok(())
    }
}

impl<const PAGES: usize, const PAGE_BYTES: usize> Default for Flash<PAGES, PAGE_BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const PAGES: usize, const PAGE_BYTES: usize> ErrorType for Flash<PAGES, PAGE_BYTES> {
    type Error = FlashError;
}

impl<const PAGES: usize, const PAGE_BYTES: usize> ReadNorFlash for Flash<PAGES, PAGE_BYTES> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        check_read(self, offset, bytes.len()).map_err(FlashError::Misuse)?;
        bytes.copy_from_slice(&self.pages.as_flattened()[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        Self::BYTES
    }
}

impl<const PAGES: usize, const PAGE_BYTES: usize> NorFlash for Flash<PAGES, PAGE_BYTES> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        check_erase(self, from, to).map_err(FlashError::Misuse)?;
        for page in (from as usize..to as usize).step_by(PAGE_BYTES) {
            self.operate(
                |bytes| bytes[page..page + PAGE_BYTES].fill(0xff),
                |bytes| bytes[page..page + PAGE_BYTES / 2].fill(0xff),
            )?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        check_write(self, offset, bytes.len()).map_err(FlashError::Misuse)?;
        for (word, new) in bytes.chunks_exact(WORD).enumerate() {
            let at = offset as usize + word * WORD;
            // A whole word is written once; over one that was cut off, what it holds and what is written are both cleared.
            let clear = |bytes: &mut [u8], new: &[u8]| bytes.iter_mut().zip(new).for_each(|(byte, new)| *byte &= new);
            if self.pages.as_flattened()[at..at + WORD].iter().all(|byte| *byte != 0xff)
                && self.pages.as_flattened()[at..at + WORD] != *new
            {
                return Err(FlashError::NotErased);
            }
            self.operate(
                |bytes| clear(&mut bytes[at..at + WORD], new),
                |bytes| clear(&mut bytes[at..at + WORD / 2], &new[..WORD / 2]),
            )?;
        }
        Ok(())
    }
}
