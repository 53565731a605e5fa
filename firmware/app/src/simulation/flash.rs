//! A NOR flash in RAM that obeys the rules of one, whose power can be cut at any word and in the middle of any erasure, and whose
//! cells wear out.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// The bytes of a page, unless it is said how many.
pub const PAGE: usize = 512;
/// The bytes of a word, the least that is written at a time, unless it is said how many.
pub const WORD: usize = 4;

/// The flash that the micro:bit v2 and the Pico keep free: six pages of 4 kB.
pub type BoardFlash = Flash<6, 4096>;

/// The flash.
#[derive(Clone)]
pub struct Flash<const PAGES: usize, const PAGE_BYTES: usize = PAGE, const WORD_BYTES: usize = WORD> {
    pages: [[u8; PAGE_BYTES]; PAGES],
    /// The pages of which an operation was cut: until one is erased, its cells may hold less than they show.
    unsound: [bool; PAGES],
    /// Writes of a word and erasures of a page that are left until the power is cut; `None` for ever.
    pub operations_left: Option<u32>,
    /// The content of a page or a word whose operation was cut.
    pub torn: Torn,
    /// The byte whose lowest bit stays set, whatever is written there: worn out, and no error tells.
    pub worn: Option<usize>,
}

/// The remains of the operation that was under way when the power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    /// It was not begun.
    Before,
    /// Half of it was done: the first half of the page is erased, half of the bytes of the word are written.
    Half,
    /// The upper four bits of the first bytes were done: of 16 bytes of a page, of half of a word.
    Leading,
    /// Each bit that was to change did so with a probability.
    Random {
        /// Which bits.
        seed: u32,
        /// The probability in units of 1/256.
        progress: u8,
    },
    /// All bits read as they were meant to, but the cells may be weak.
    Weak,
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashError {
    /// The power is off.
    Power,
    /// Bounds or alignment were not kept.
    Misuse(NorFlashErrorKind),
    /// A word was to be written that has been written since the last erasure, or in a page of which an operation was cut since then.
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

impl Torn {
    /// The bits that a cut leaves of `bytes` on their way to `target`, which differs by bits set, or by bits cleared. `leading` bytes come first.
    fn leave(self, bytes: &mut [u8], target: impl Fn(usize) -> u8, leading: usize) {
        let half = bytes.len() / 2;
        let mut random = if let Torn::Random { seed, .. } = self { Random(seed | 1) } else { Random(1) };
        for (index, byte) in bytes.iter_mut().enumerate() {
            let done = match self {
                Torn::Before => 0,
                Torn::Half if index < half => 0xff,
                Torn::Leading if index < leading => 0xf0,
                Torn::Half | Torn::Leading => 0,
                Torn::Random { progress, .. } => random.bits(progress),
                Torn::Weak => 0xff,
            };
            *byte ^= (*byte ^ target(index)) & done;
        }
    }
}

/// A generator of random bits: xorshift.
struct Random(u32);

impl Random {
    /// Eight bits, each set with a probability of `progress / 256`.
    fn bits(&mut self, progress: u8) -> u8 {
        (0..8).fold(0, |bits, bit| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            bits | u8::from((self.0 >> 24) as u8 <= progress) << bit
        })
    }
}

impl<const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize> Flash<PAGES, PAGE_BYTES, WORD_BYTES> {
    /// Its bytes.
    pub const BYTES: usize = PAGES * PAGE_BYTES;

    /// An erased flash.
    pub const fn new() -> Self {
        let pages = [[0xff; PAGE_BYTES]; PAGES];
        Flash { pages, unsound: [false; PAGES], operations_left: None, torn: Torn::Before, worn: None }
    }

    /// Its bytes, to damage them.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.pages.as_flattened_mut()
    }

    /// Changes the bytes from `at` on to `target` in one operation; if the power is cut, an error, and the bytes are partly changed.
    fn operate(
        &mut self,
        at: usize,
        count: usize,
        leading: usize,
        target: impl Fn(usize) -> u8,
    ) -> Result<(), FlashError> {
        let bytes = &mut self.pages.as_flattened_mut()[at..at + count];
        match &mut self.operations_left {
            Some(0) => return Err(FlashError::Power),
            Some(left) => {
                *left -= 1;
                if *left == 0 {
                    self.torn.leave(bytes, target, leading);
                    self.unsound[at / PAGE_BYTES] |= self.torn != Torn::Before;
                    return Err(FlashError::Power);
                }
            }
            None => {}
        }
        bytes.iter_mut().enumerate().for_each(|(index, byte)| *byte = target(index));
        if let Some(worn) = self.worn.and_then(|worn| self.pages.as_flattened_mut().get_mut(worn)) {
            *worn |= 1;
        }
        Ok(())
    }
}

impl<const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize> Default
    for Flash<PAGES, PAGE_BYTES, WORD_BYTES>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize> ErrorType
    for Flash<PAGES, PAGE_BYTES, WORD_BYTES>
{
    type Error = FlashError;
}

impl<const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize> ReadNorFlash
    for Flash<PAGES, PAGE_BYTES, WORD_BYTES>
{
    const READ_SIZE: usize = if WORD_BYTES < 4 { WORD_BYTES } else { 4 };

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        check_read(self, offset, bytes.len()).map_err(FlashError::Misuse)?;
        bytes.copy_from_slice(&self.pages.as_flattened()[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        Self::BYTES
    }
}

impl<const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize> NorFlash
    for Flash<PAGES, PAGE_BYTES, WORD_BYTES>
{
    const WRITE_SIZE: usize = WORD_BYTES;
    const ERASE_SIZE: usize = PAGE_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        check_erase(self, from, to).map_err(FlashError::Misuse)?;
        for page in from as usize / PAGE_BYTES..to as usize / PAGE_BYTES {
            self.operate(page * PAGE_BYTES, PAGE_BYTES, 16, |_| 0xff)?;
            self.unsound[page] = false;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        check_write(self, offset, bytes.len()).map_err(FlashError::Misuse)?;
        for (word, new) in bytes.chunks_exact(WORD_BYTES).enumerate() {
            let at = offset as usize + word * WORD_BYTES;
            let erased = self.pages.as_flattened()[at..at + WORD_BYTES].iter().all(|byte| *byte == 0xff);
            if !erased || self.unsound[at / PAGE_BYTES] {
                return Err(FlashError::NotErased);
            }
            self.operate(at, WORD_BYTES, WORD_BYTES.div_ceil(2), |index| new[index])?;
        }
        Ok(())
    }
}
