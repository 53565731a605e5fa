//! Heads and learners in NOR flash, safe against power cuts. Needs the feature `storage`.
//!
//! A [`Store`] keeps the newest [`checkpoint`](crate::checkpoint) in a range of pages of a flash that implements `embedded-storage`'s `NorFlash`. The
//! pages are a ring: each save goes behind the one before it, so that all pages are erased equally often. **The newest checkpoint is never
//! erased before a newer one has been written and read back**: whenever and however often the power is cut, the next load returns either the
//! previous checkpoint or the new one, complete. This needs a range that holds at least two checkpoints, each in pages of its own. Room for
//! three is better: a worn-out page can then be skipped.
//!
//! # Layout, version 1
//! All numbers are little-endian.
//!
//! ```text
//! offset  size
//!      0     4  magic, "GDs1"
//!      4     4  number of the record, modulo 2^32: the newest has the highest
//!      8     4  n, the length of the checkpoint in bytes
//!     12     4  CRC-32C of the checkpoint
//!     16     4  CRC-32 (that of Ethernet, zip and PNG) of the 16 bytes before it
//!     20     n  the checkpoint
//! ```
//!
//! A record begins at a multiple of 32 bytes, or of the flash's word if that is larger. A record that reaches the end of the range continues at
//! the range's beginning. The first save after a start erases the pages that it uses; later saves follow it as long as they fit into its last page.
//!
//! An interrupted erasure leaves cells between 0 and 1, so a page or a word may look erased although its cells are weak. Therefore this `Store`
//! writes only where it has completed an erasure itself since it was constructed, and has not written since; and a record is complete if its
//! CRC matches, whatever the page looks like. `sequential-storage`, which was used before, repairs an interrupted page by erasing the only good
//! copy: one cut in twenty lost the head. Its format is not read; it is reported as [`StoreError::Foreign`].
//!
//! # Personal data
//! A checkpoint has the sections that [`Contents`] names: the weights and, unless they are left out, the remembered samples and those held
//! out. These samples, a discriminant's means and scatter, and the distances of a `Novelty` are copies or statistics of what a person did:
//! **personal data**. They are stored unencrypted, and older checkpoints stay in flash until their pages are used again. [`Store::forget`]
//! erases all of them, [`Store::overwrite`] all but the newest. The library sends nothing anywhere.

use core::fmt;
use core::ops::Range;

use embedded_storage::nor_flash::NorFlash;

use crate::error::{CheckpointPart, Error};
use crate::persistence::checkpoint::{self, Contents, Saved, refused};
use crate::persistence::record::{HEADER, Record, digest, may_be_header};
use crate::persistence::ring::{Ring, UNIT};

/// The number of attempts at a save until the bytes read back are those written, each at another place if there is room.
const ATTEMPTS: u32 = 3;

/// The size of the buffer that [`Store::save`] and [`Store::load`] need for `T` with all its contents, in bytes.
///
/// ```
/// use gradient_decay::{LinearHead, store};
///
/// assert_eq!(store::buffer_size::<LinearHead<10, 64>>(), 2688);
/// ```
pub const fn buffer_size<T: Saved>() -> usize {
    buffer_for(checkpoint::bytes::<T>())
}

/// The size of the buffer that a checkpoint of `checkpoint` bytes needs, in bytes: see [`checkpoint::size`].
pub const fn buffer_for(checkpoint: usize) -> usize {
    (HEADER + checkpoint).next_multiple_of(UNIT)
}

/// The error of a save or a load; `E` is the flash's own error.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StoreError<E> {
    /// The flash driver returned an error.
    Flash(E),
    /// The range is inverted, does not begin and end at a page boundary, or ends beyond the flash.
    Range,
    /// The range does not hold two checkpoints of this size.
    TooSmall {
        /// The bytes that would do.
        needed: usize,
    },
    /// The buffer is too small: see [`buffer_size`].
    Buffer {
        /// The bytes that would do.
        needed: usize,
    },
    /// The range holds other data: no record is complete and the range does not begin with the remains of one, or there is no room beside a
    /// record of another kind of head or learner. If the data may be erased, call [`Store::overwrite`] or [`Store::forget`].
    Foreign,
    /// The flash does not hold what is written to it: it is worn out.
    Worn,
    /// A number to be saved is not finite, or the stored checkpoint is of something else, such as a head of another shape.
    Checkpoint(Error),
}

impl<E: fmt::Debug> fmt::Display for StoreError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Flash(error) => write!(f, "the flash refused: {error:?}"),
            StoreError::Range => f.write_str("the range must begin and end with a page of the flash"),
            StoreError::TooSmall { needed } => {
                write!(f, "the range does not hold two checkpoints, but must have {needed} bytes")
            }
            StoreError::Buffer { needed } => write!(f, "the buffer is too small, but must have {needed} bytes"),
            StoreError::Foreign => f.write_str("the range holds something else, which only overwrite and forget erase"),
            StoreError::Worn => f.write_str("the flash does not keep what is written"),
            StoreError::Checkpoint(error) => write!(f, "{error}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for StoreError<E> {}

/// The storage of one head or learner in flash.
///
/// The flash's write size must be a power of two of at most 256 bytes, and its read size one of at most 32; other sizes do not compile.
///
/// ```
/// # mod ram {
/// #     // A flash in RAM, for the example.
/// #     use embedded_storage::nor_flash::*;
/// #     pub struct Ram(pub [u8; 2048]);
/// #     impl ErrorType for Ram { type Error = core::convert::Infallible; }
/// #     impl ReadNorFlash for Ram {
/// #         const READ_SIZE: usize = 1;
/// #         fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
/// #             bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
/// #             Ok(())
/// #         }
/// #         fn capacity(&self) -> usize { 2048 }
/// #     }
/// #     impl NorFlash for Ram {
/// #         const WRITE_SIZE: usize = 4;
/// #         const ERASE_SIZE: usize = 512;
/// #         fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
/// #             self.0[from as usize..to as usize].fill(0xff);
/// #             Ok(())
/// #         }
/// #         fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
/// #             self.0[offset as usize..][..bytes.len()].copy_from_slice(bytes);
/// #             Ok(())
/// #         }
/// #     }
/// # }
/// # let flash = ram::Ram([0xff; 2048]);
/// use gradient_decay::{Contents, Learner, LinearHead, Parts, Store, checkpoint, store};
///
/// type Mine = Learner<LinearHead<2, 1>>;
/// const BYTES: usize = checkpoint::bytes::<Mine>();
/// let mut store = Store::new(flash, 0..2048, BYTES).unwrap(); // the flash driver, and the range for the store
/// let mut buffer = [0; store::buffer_for(BYTES)];
/// let mut learner = Mine::new(LinearHead::new(), Parts::NONE);
/// assert!(!store.load(&mut learner, &mut buffer).unwrap()); // nothing saved yet
/// learner.replace(7, |head| head.import(&[0.5, -0.5, 0.0, 2.0])).unwrap();
/// store.save(&learner, Contents::ALL, &mut buffer).unwrap();
///
/// let mut restored = Mine::new(LinearHead::new(), Parts::NONE);
/// assert!(store.load(&mut restored, &mut buffer).unwrap());
/// assert_eq!((restored.head(), restored.steps()), (learner.head(), 7));
/// store.forget().unwrap();
/// assert!(!store.load(&mut restored, &mut buffer).unwrap());
/// ```
pub struct Store<F> {
    ring: Ring<F>,
    /// The records found by the last search, unless an operation has failed since.
    known: Option<Known>,
}

/// The records of the range.
#[derive(Clone, Copy)]
struct Known {
    /// The newest complete record.
    newest: Option<Record>,
    /// The highest number of any record, complete or not.
    sequence: u32,
    /// Whether the newest record's last page is erased behind it.
    erased: bool,
}

impl<F: NorFlash> Store<F> {
    /// A store in the bytes `range` of the flash, which nothing else may use: whole pages, with room for two checkpoints of `checkpoint` bytes
    /// ([`checkpoint::bytes`], [`checkpoint::size`]), each in pages of its own. This call neither reads nor writes the flash.
    ///
    /// # Errors
    /// [`StoreError::Range`] if the range is inverted, misaligned or ends beyond the flash; [`StoreError::TooSmall`], with the size that is needed,
    /// if it does not hold two checkpoints.
    pub fn new(flash: F, range: Range<u32>, checkpoint: usize) -> Result<Self, StoreError<F::Error>> {
        let ring = Ring::new(flash, range).ok_or(StoreError::Range)?;
        let store = Store { ring, known: None };
        store.check_size(HEADER.saturating_add(checkpoint))?;
        Ok(store)
    }

    /// Saves a head or a learner, which replaces the checkpoint saved before.
    ///
    /// # Errors
    /// See [`StoreError`]; what was saved before is then still there.
    pub fn save<T: Saved>(
        &mut self,
        saved: &T,
        contents: Contents,
        buffer: &mut [u8],
    ) -> Result<(), StoreError<F::Error>> {
        let length = serialize(saved, contents, buffer)?;
        self.keep(buffer, length, false)
    }

    /// Saves a head or a learner and erases everything else in the range: older checkpoints and foreign data. A complete checkpoint is erased
    /// only after the new one has been read back, unless there is no room for both.
    ///
    /// # Errors
    /// See [`StoreError`]. Some data in the range may then be erased, but never a complete checkpoint that leaves room for the new one.
    pub fn overwrite<T: Saved>(
        &mut self,
        saved: &T,
        contents: Contents,
        buffer: &mut [u8],
    ) -> Result<(), StoreError<F::Error>> {
        let length = serialize(saved, contents, buffer)?;
        self.keep(buffer, length, true)
    }

    /// Loads the checkpoint saved last; returns `false`, and changes nothing, if there is none.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing is then changed.
    pub fn load<T: Saved>(&mut self, saved: &mut T, buffer: &mut [u8]) -> Result<bool, StoreError<F::Error>> {
        let Some(record) = self.known()?.newest else {
            return if self.is_foreign()? { Err(StoreError::Foreign) } else { Ok(false) };
        };
        let length = record.length as usize;
        let Some(bytes) = buffer.get_mut(..buffer_for(length)) else {
            let needed = checkpoint::size(saved, Contents::ALL);
            return Err(if buffer.len() < buffer_for(needed) {
                StoreError::Buffer { needed: buffer_for(needed) }
            } else {
                StoreError::Checkpoint(refused(CheckpointPart::Length, needed as u32, record.length))
            });
        };
        self.ring.read(record.at, bytes).map_err(StoreError::Flash)?;
        let bytes = bytes.get(HEADER..).unwrap_or_default();
        checkpoint::read(bytes, saved).map_err(StoreError::Checkpoint)?;
        Ok(true)
    }

    /// Erases the whole range: all checkpoints, the newest last, and any other data.
    ///
    /// # Errors
    /// [`StoreError::Flash`] if the flash driver returned an error; some data may then be left.
    pub fn forget(&mut self) -> Result<(), StoreError<F::Error>> {
        let newest = self.known().ok().and_then(|known| known.newest);
        let first = newest.map_or(0, |newest| self.ring.wrap(Self::pages_of(&newest).end * Ring::<F>::PAGE));
        self.known = None;
        self.ring.erase(first, self.ring.pages()).map_err(StoreError::Flash)
    }

    /// Returns the flash driver.
    pub fn into_flash(self) -> F {
        self.ring.flash
    }

    /// Saves the checkpoint that `record` has behind the place of its header.
    fn keep(&mut self, record: &mut [u8], length: usize, all_else_goes: bool) -> Result<(), StoreError<F::Error>> {
        let bytes = HEADER + length;
        self.check_size(bytes)?;
        let record = record.get_mut(..bytes).unwrap_or_default();
        let mut crc = digest();
        crc.update(record.get(HEADER..).unwrap_or_default());
        let mut new = Record { at: 0, sequence: 0, length: length as u32, crc: crc.finalize() };

        let known = self.known()?;
        let (pages, all) = (Self::pages(bytes), self.ring.pages());
        // The pages that may be erased are all but the newest record's: `free` pages from `first` on, around the end of the range.
        let newest = known.newest.map_or(0..0, |newest| Self::pages_of(&newest));
        let (mut first, mut free) = (newest.end, all.saturating_sub(newest.end - newest.start));
        let foreign = if known.newest.is_some() { free < pages } else { self.is_foreign()? };
        if foreign && !all_else_goes {
            return Err(StoreError::Foreign);
        }
        if free < pages {
            (first, free) = (0, all);
        }
        // A failure may leave other records than those known.
        self.known = None;
        let mut result = Err(StoreError::Worn);
        let mut behind = 0;
        for attempt in 1..=ATTEMPTS {
            new.sequence = known.sequence.wrapping_add(attempt);
            let room = if attempt == 1 && !all_else_goes { self.room(&known, bytes) } else { None };
            let erased = if let Some(at) = room {
                new.at = at;
                0
            } else {
                if behind + pages > free {
                    behind = 0;
                }
                new.at = (first + behind).checked_rem(all).unwrap_or_default() * Ring::<F>::PAGE;
                behind += pages;
                pages
            };
            match self.attempt(&new, erased, record) {
                Ok(true) => {
                    self.known = Some(Known { newest: Some(new), sequence: new.sequence, erased: true });
                    if all_else_goes {
                        let behind = self.ring.wrap(new.at + pages * Ring::<F>::PAGE);
                        self.ring.erase(behind, all - pages).map_err(StoreError::Flash)?;
                    }
                    return Ok(());
                }
                Ok(false) => {}
                Err(error) => result = Err(StoreError::Flash(error)),
            }
        }
        result
    }

    /// Erases `pages` pages and writes a record there; returns whether the bytes read back are those written.
    fn attempt(&mut self, new: &Record, pages: u32, record: &mut [u8]) -> Result<bool, F::Error> {
        record.iter_mut().zip(new.header()).for_each(|(to, byte)| *to = byte);
        self.ring.erase(new.at, pages)?;
        self.ring.write(new.at, record)?;
        self.ring.read_pieces(new.at, record.len(), |start, piece| {
            record.get(start..).is_some_and(|written| written.starts_with(piece))
        })
    }

    /// The position where a record of `bytes` bytes fits behind the newest, in erased bytes of its last page.
    fn room(&self, known: &Known, bytes: usize) -> Option<u32> {
        let newest = known.newest.filter(|_| known.erased)?;
        let end = (newest.at as usize + newest.bytes()).next_multiple_of(Ring::<F>::STRIDE) as u32;
        let room = Self::pages_of(&newest).end * Ring::<F>::PAGE - end;
        (bytes.next_multiple_of(Ring::<F>::STRIDE) <= room as usize).then_some(self.ring.wrap(end))
    }

    /// The records of the range; searches for them if they are not known.
    fn known(&mut self) -> Result<Known, StoreError<F::Error>> {
        let known = match self.known {
            Some(known) => known,
            None => self.look().map_err(StoreError::Flash)?,
        };
        self.known = Some(known);
        Ok(known)
    }

    /// Searches the range for records.
    fn look(&mut self) -> Result<Known, F::Error> {
        let mut highest = None;
        let mut below = None;
        loop {
            let mut best: Option<Record> = None;
            let mut at = 0;
            while at < self.ring.bytes {
                let mut header = [0; UNIT];
                self.ring.read(at, &mut header)?;
                if let Some(record) = Record::read(at, &header, self.ring.bytes)
                    && below.is_none_or(|below: Record| below.is_newer_than(record.sequence))
                    && best.is_none_or(|best| record.is_newer_than(best.sequence))
                {
                    best = Some(record);
                }
                at += Ring::<F>::STRIDE as u32;
            }
            let sequence = highest.or(best).map_or(0, |record| record.sequence);
            let Some(record) = best else { return Ok(Known { newest: None, sequence, erased: false }) };
            highest = highest.or(best);
            let mut crc = digest();
            self.ring.read_pieces(record.at, record.bytes(), |start, piece| {
                crc.update(piece.get(HEADER.saturating_sub(start)..).unwrap_or_default());
                true
            })?;
            if crc.finalize() == record.crc {
                return Ok(Known { newest: best, sequence, erased: false });
            }
            below = best;
        }
    }

    /// Whether a range without a complete record begins with something other than a record whose writing or erasure was interrupted.
    fn is_foreign(&mut self) -> Result<bool, StoreError<F::Error>> {
        let mut header = [0; UNIT];
        self.ring.read(0, &mut header).map_err(StoreError::Flash)?;
        Ok(!may_be_header(&header))
    }

    /// The number of pages that a record of `bytes` bytes takes.
    fn pages(bytes: usize) -> u32 {
        bytes.div_ceil(F::ERASE_SIZE) as u32
    }

    /// The pages that a record occupies; page numbers behind the last wrap around.
    fn pages_of(record: &Record) -> Range<u32> {
        record.at / Ring::<F>::PAGE..Self::pages(record.at as usize + record.bytes())
    }

    /// An error if the range does not hold two records of `bytes` bytes.
    fn check_size(&self, bytes: usize) -> Result<(), StoreError<F::Error>> {
        let needed = bytes.div_ceil(F::ERASE_SIZE).saturating_mul(2 * F::ERASE_SIZE);
        if needed <= self.ring.bytes as usize { Ok(()) } else { Err(StoreError::TooSmall { needed }) }
    }
}

/// Writes a checkpoint behind the space for its header; returns its length in bytes.
fn serialize<T: Saved, E>(saved: &T, contents: Contents, buffer: &mut [u8]) -> Result<usize, StoreError<E>> {
    let needed = buffer_for(checkpoint::size(saved, contents));
    match buffer.get_mut(HEADER..) {
        Some(bytes) if HEADER + bytes.len() >= needed => {
            checkpoint::write(saved, contents, bytes).map_err(StoreError::Checkpoint)
        }
        _ => Err(StoreError::Buffer { needed }),
    }
}
