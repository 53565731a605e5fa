//! Heads and learners in NOR flash, safe against power cuts. Feature `storage`.
//!
//! A [`Store`] keeps the newest [`checkpoint`](crate::checkpoint) in a range of pages of a flash that implements `embedded-storage`'s `NorFlash`. The
//! pages are a ring: each save goes behind the one before it, so that all pages are erased equally often. **The newest checkpoint is never erased before
//! a newer one was written and read back**: whenever the power is cut, and however often, what is loaded afterwards is the one saved before or the new
//! one, whole. For that the range holds two checkpoints at least, each in as many pages as it needs. Room for three is better: a page that wears
//! out is then left out.
//!
//! # Layout, version 1
//! All numbers are little-endian.
//!
//! ```text
//! offset  size
//!      0     4  magic, "GDs1"
//!      4     4  number of the record: the newest has the highest, give or take 2^32
//!      8     4  n, the bytes of the checkpoint
//!     12     4  CRC-32C of the checkpoint
//!     16     4  CRC-32 (that of Ethernet, zip and PNG) of the 16 bytes before it
//!     20     n  the checkpoint
//! ```
//!
//! A record begins at a multiple of 32 bytes, or of the flash's word if that is larger. One that reaches the end of the range goes on at its
//! beginning. The first save after a start goes to pages that it erases; later ones go behind it as long as they fit into its last page.
//!
//! An erasure that is cut leaves bits anywhere between 0 and 1, and a page or a word may look erased whose cells are weak. So nothing is written
//! but what this `Store` itself has erased whole since it was made, and not touched since; and whether a record is whole, its CRC tells, never the
//! state of a page. `sequential-storage`, which was used before, repairs a page that was cut by erasing the only good copy: one cut in twenty
//! lost the head. Its format is not read: it is [`StoreError::Foreign`].
//!
//! # What is kept
//! All sections that [`Contents`] names: weights, and unless they are left out remembered samples and samples held out. Those, a discriminant's means and
//! scatter, and the distances of a `Novelty` are statistics or copies of what a person did: **personal data**. They lie in flash as they are,
//! unencrypted, and older ones behind the newest until their pages are used again. [`Store::forget`] erases all of them,
//! [`Store::overwrite`] all but the newest. The library sends nothing anywhere.

use core::fmt;
use core::ops::Range;

use embedded_storage::nor_flash::NorFlash;

use crate::error::{CheckpointPart, Error};
use crate::persistence::checkpoint::{self, Contents, Saved, refused};
use crate::persistence::record::{HEADER, Record, digest, may_be_header};
use crate::persistence::ring::{Ring, UNIT};

/// How often a save is tried until what is read back is what was written, each time elsewhere if there is room.
const ATTEMPTS: u32 = 3;

/// The bytes that the buffer of [`Store::save`] and [`Store::load`] must have for `T` with all its contents.
///
/// ```
/// use gradient_decay::{LinearHead, store};
///
/// assert_eq!(store::buffer_size::<LinearHead<10, 64>>(), 2688);
/// ```
pub const fn buffer_size<T: Saved>() -> usize {
    buffer_for(checkpoint::bytes::<T>())
}

/// The same for a checkpoint of so many bytes: see [`checkpoint::size`].
pub const fn buffer_for(checkpoint: usize) -> usize {
    (HEADER + checkpoint).next_multiple_of(UNIT)
}

/// The error of a save or a load; `E` is the flash's own error.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StoreError<E> {
    /// The flash refused.
    Flash(E),
    /// The range is inverted, does not begin and end with a page, or lies beyond the flash.
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
    /// No record is whole, and the range begins with what cannot be the remains of one; or there is no room beside a record of
    /// something else. It is the caller's to say that this may go, by [`Store::overwrite`] or [`Store::forget`].
    Foreign,
    /// The flash does not keep what is written: it is worn out.
    Worn,
    /// A number that is to be saved is not finite, or what is stored is a checkpoint of something else, such as a head of another shape.
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

/// The place of a head or a learner in flash.
///
/// The flash must write words of a power of two of bytes, at most 256, and read at most 32 at once; anything else does not compile.
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
/// let mut store = Store::new(flash, 0..2048, BYTES).unwrap(); // the flash's driver, and the bytes that are the store's
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
    /// The records, while nothing has failed since they were looked for.
    known: Option<Known>,
}

/// The records of the range.
#[derive(Clone, Copy)]
struct Known {
    /// The newest whole one.
    newest: Option<Record>,
    /// The highest number of any, whole or not.
    sequence: u32,
    /// Whether the newest's last page is erased behind it.
    erased: bool,
}

impl<F: NorFlash> Store<F> {
    /// A store in the bytes `range` of the flash, which are its own: whole pages, with room for two checkpoints of `checkpoint` bytes
    /// ([`checkpoint::bytes`], [`checkpoint::size`]), each in pages of its own. Nothing is read or written yet.
    ///
    /// # Errors
    /// [`StoreError::Range`] if the range is inverted, misaligned or lies beyond the flash; [`StoreError::TooSmall`], with the size that would do, if
    /// it does not hold two.
    pub fn new(flash: F, range: Range<u32>, checkpoint: usize) -> Result<Self, StoreError<F::Error>> {
        let ring = Ring::new(flash, range).ok_or(StoreError::Range)?;
        let store = Store { ring, known: None };
        store.check_size(HEADER.saturating_add(checkpoint))?;
        Ok(store)
    }

    /// Saves a head or a learner, in place of what was saved before.
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

    /// Saves a head or a learner in place of whatever the range holds, and erases all else: older checkpoints, and what is not of this store. A whole
    /// checkpoint goes after the new one was read back, unless there is no room for both.
    ///
    /// # Errors
    /// See [`StoreError`]. Some of what the range held may then be erased, but never a checkpoint that is whole and leaves room.
    pub fn overwrite<T: Saved>(
        &mut self,
        saved: &T,
        contents: Contents,
        buffer: &mut [u8],
    ) -> Result<(), StoreError<F::Error>> {
        let length = serialize(saved, contents, buffer)?;
        self.keep(buffer, length, true)
    }

    /// Loads what was saved last; `false`, and nothing is changed, if nothing was.
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

    /// Erases the whole range: all that was saved, the newest last, and whatever else it holds.
    ///
    /// # Errors
    /// [`StoreError::Flash`] if the flash refused; some of it may then be left.
    pub fn forget(&mut self) -> Result<(), StoreError<F::Error>> {
        let newest = self.known().ok().and_then(|known| known.newest);
        let first = newest.map_or(0, |newest| self.ring.wrap(Self::pages_of(&newest).end * Ring::<F>::PAGE));
        self.known = None;
        self.ring.erase(first, self.ring.pages()).map_err(StoreError::Flash)
    }

    /// Gives the flash back.
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
        // The pages that may be erased are all but the newest's: `free` of them, from `first` on, round.
        let newest = known.newest.map_or(0..0, |newest| Self::pages_of(&newest));
        let (mut first, mut free) = (newest.end, all.saturating_sub(newest.end - newest.start));
        let foreign = if known.newest.is_some() { free < pages } else { self.is_foreign()? };
        if foreign && !all_else_goes {
            return Err(StoreError::Foreign);
        }
        if free < pages {
            (first, free) = (0, all);
        }
        // A failure may leave another record than that.
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

    /// Erases so many pages and writes a record there; whether what is read back is what was written.
    fn attempt(&mut self, new: &Record, pages: u32, record: &mut [u8]) -> Result<bool, F::Error> {
        record.iter_mut().zip(new.header()).for_each(|(to, byte)| *to = byte);
        self.ring.erase(new.at, pages)?;
        self.ring.write(new.at, record)?;
        self.ring.read_pieces(new.at, record.len(), |start, piece| {
            record.get(start..).is_some_and(|written| written.starts_with(piece))
        })
    }

    /// Where a record of so many bytes fits behind the newest, in erased bytes of its last page.
    fn room(&self, known: &Known, bytes: usize) -> Option<u32> {
        let newest = known.newest.filter(|_| known.erased)?;
        let end = (newest.at as usize + newest.bytes()).next_multiple_of(Ring::<F>::STRIDE) as u32;
        let room = Self::pages_of(&newest).end * Ring::<F>::PAGE - end;
        (bytes.next_multiple_of(Ring::<F>::STRIDE) <= room as usize).then_some(self.ring.wrap(end))
    }

    /// The records of the range, looked for if they are not known.
    fn known(&mut self) -> Result<Known, StoreError<F::Error>> {
        let known = match self.known {
            Some(known) => known,
            None => self.look().map_err(StoreError::Flash)?,
        };
        self.known = Some(known);
        Ok(known)
    }

    /// Looks for the records.
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

    /// Whether the range, in which no record is whole, begins with something else than a record that was being written or erased.
    fn is_foreign(&mut self) -> Result<bool, StoreError<F::Error>> {
        let mut header = [0; UNIT];
        self.ring.read(0, &mut header).map_err(StoreError::Flash)?;
        Ok(!may_be_header(&header))
    }

    /// The pages that a record takes of so many bytes.
    fn pages(bytes: usize) -> u32 {
        bytes.div_ceil(F::ERASE_SIZE) as u32
    }

    /// The pages that a record lies in; those behind the last are the first ones.
    fn pages_of(record: &Record) -> Range<u32> {
        record.at / Ring::<F>::PAGE..Self::pages(record.at as usize + record.bytes())
    }

    /// An error if the range does not hold two records of so many bytes.
    fn check_size(&self, bytes: usize) -> Result<(), StoreError<F::Error>> {
        let needed = bytes.div_ceil(F::ERASE_SIZE).saturating_mul(2 * F::ERASE_SIZE);
        if needed <= self.ring.bytes as usize { Ok(()) } else { Err(StoreError::TooSmall { needed }) }
    }
}

/// Writes a checkpoint behind the place of its header; its bytes.
fn serialize<T: Saved, E>(saved: &T, contents: Contents, buffer: &mut [u8]) -> Result<usize, StoreError<E>> {
    let needed = buffer_for(checkpoint::size(saved, contents));
    match buffer.get_mut(HEADER..) {
        Some(bytes) if HEADER + bytes.len() >= needed => {
            checkpoint::write(saved, contents, bytes).map_err(StoreError::Checkpoint)
        }
        _ => Err(StoreError::Buffer { needed }),
    }
}
