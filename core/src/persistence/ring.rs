//! A range of a flash used as a ring: data that reaches its end continues at its beginning.

use core::ops::Range;

use embedded_storage::nor_flash::NorFlash;

/// The smallest distance of two records, and the number of bytes that are read at once in the search for one.
pub(super) const UNIT: usize = 32;

/// The largest number of bytes that are read at once, and the size of the largest word.
const BLOCK: usize = 256;

/// A range of a flash. Positions are in bytes from its beginning.
pub(super) struct Ring<F> {
    pub flash: F,
    start: u32,
    /// The size of the range in bytes.
    pub bytes: u32,
}

impl<F: NorFlash> Ring<F> {
    pub(super) const PAGE: u32 = F::ERASE_SIZE as u32;
    /// Records begin at multiples of this number of bytes, and are written in such multiples.
    pub(super) const STRIDE: usize = if F::WRITE_SIZE > UNIT { F::WRITE_SIZE } else { UNIT };

    /// `None` if the range is inverted, misaligned or ends beyond the flash.
    pub(super) fn new(flash: F, range: Range<u32>) -> Option<Self> {
        const {
            assert!(F::WRITE_SIZE.is_power_of_two() && F::WRITE_SIZE <= BLOCK, "words of a power of two, at most 256");
            assert!(F::READ_SIZE.is_power_of_two() && F::READ_SIZE <= UNIT, "reads of a power of two, at most 32");
            assert!(F::ERASE_SIZE > 0 && F::ERASE_SIZE.is_multiple_of(Self::STRIDE), "pages of whole words");
        }
        let Range { start, end } = range;
        let aligned = start.is_multiple_of(Self::PAGE) && end.is_multiple_of(Self::PAGE);
        let within = start <= end && end as usize <= flash.capacity();
        (aligned && within).then(|| Ring { flash, start, bytes: end - start })
    }

    /// Calls `show` with `length` bytes from `at` on in pieces, each with its position, until it returns `false`; returns whether it never did.
    pub(super) fn read_pieces(
        &mut self,
        at: u32,
        length: usize,
        mut show: impl FnMut(usize, &[u8]) -> bool,
    ) -> Result<bool, F::Error> {
        let mut start = 0;
        while start < length {
            let mut block = [0; BLOCK];
            let left = length - start;
            let piece = left.next_multiple_of(UNIT).min(BLOCK);
            self.read(self.wrap(at + start as u32), block.get_mut(..piece).unwrap_or_default())?;
            if !show(start, block.get(..left.min(piece)).unwrap_or_default()) {
                return Ok(false);
            }
            start += piece;
        }
        Ok(true)
    }

    /// Reads whole units from `at` on, around the end of the range.
    pub(super) fn read(&mut self, at: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        let before = bytes.len().min((self.bytes - at) as usize);
        let (before, behind) = bytes.split_at_mut_checked(before).unwrap_or_default();
        self.flash.read(self.start + at, before)?;
        if behind.is_empty() { Ok(()) } else { self.flash.read(self.start, behind) }
    }

    /// Writes from `at` on, around the end of the range; the last word is padded.
    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), F::Error> {
        let whole = bytes.len() - bytes.len() % Self::STRIDE;
        let (bytes, rest) = bytes.split_at_checked(whole).unwrap_or_default();
        let before = bytes.len().min((self.bytes - at) as usize);
        let (before, behind) = bytes.split_at_checked(before).unwrap_or_default();
        self.flash.write(self.start + at, before)?;
        if !behind.is_empty() {
            self.flash.write(self.start, behind)?;
        }
        if rest.is_empty() {
            return Ok(());
        }
        let mut last = [0xff; BLOCK];
        last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
        let at = self.start + self.wrap(at + whole as u32);
        self.flash.write(at, last.get(..Self::STRIDE).unwrap_or_default())
    }

    /// Erases `pages` pages from `at` on, around the end of the range.
    pub(super) fn erase(&mut self, at: u32, pages: u32) -> Result<(), F::Error> {
        let bytes = pages * Self::PAGE;
        let before = bytes.min(self.bytes - at);
        for (from, bytes) in [(self.start + at, before), (self.start, bytes - before)] {
            if bytes > 0 {
                self.flash.erase(from, from + bytes)?;
            }
        }
        Ok(())
    }

    /// Wraps a position that is less than twice the range around its end.
    pub(super) fn wrap(&self, at: u32) -> u32 {
        if at < self.bytes { at } else { at - self.bytes }
    }

    /// The number of its pages.
    pub(super) fn pages(&self) -> u32 {
        self.bytes / Self::PAGE
    }
}
