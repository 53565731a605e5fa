//! Heads and learners in NOR flash, wear-levelled and safe against power cuts. Feature `storage`.
//!
//! A [`Store`] keeps the newest [`checkpoint`](crate::checkpoint) in a range of at least two pages of a flash that implements `embedded-storage`'s
//! `NorFlash`, by the crate `sequential-storage`: each save appends to the pages in turn, and a page is erased only when all
//! are full. If power is cut during a save, what is loaded afterwards is the head saved before or the new one, whole. A
//! checkpoint must fit into one page, and if there are just two, two of them must: the old one moves to the page that the new one
//! is written to.
//!
//! The crate `sequential-storage` is not covered by this crate's promise that no function reaches a panic.

use core::ops::Range;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as asynchronous;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage, SerializationError, Value};

use crate::error::Error;
use crate::persistence::checkpoint::{self, Contents, Saved};

/// The key of the one item that is stored.
const HEAD: u8 = 1;

/// How often a save is tried until what is read back is what was written. The second time it goes where the flash is sound.
const ATTEMPTS: u32 = 3;

/// The bytes that the buffer of [`Store::save`] and [`Store::load`] must have for `T` with all its contents.
///
/// ```
/// use gradient_decay::{LinearHead, store};
///
/// assert_eq!(store::buffer_size::<LinearHead<10, 64>>(), 2656);
/// ```
pub const fn buffer_size<T: Saved>() -> usize {
    buffer_for(checkpoint::bytes::<T>())
}

/// The same for a checkpoint of so many bytes: see [`checkpoint::size`].
pub const fn buffer_for(checkpoint: usize) -> usize {
    // The key, and whole words of any flash.
    (1 + checkpoint).next_multiple_of(32)
}

/// The error of a save or a load; `E` is the flash's own error.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StoreError<E> {
    /// The flash refused.
    Flash(E),
    /// The range does not begin and end with a page, has fewer than two, is inverted, or lies beyond the flash.
    Range,
    /// The checkpoint does not fit into a page, or of two pages into half of one.
    TooLarge,
    /// The buffer is too small for what is saved, or for what lies in flash: see [`buffer_size`].
    Buffer,
    /// The range holds something else, or was damaged beyond repair: [`Store::erase`] makes it usable again.
    Corrupted,
    /// A number that is to be saved is not finite, or what is stored is not a checkpoint of this.
    Checkpoint(Error),
}

/// The place of a head or a learner in flash.
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
/// use gradient_decay::{Contents, Learner, LinearHead, Parts, Store, store};
///
/// type Mine = Learner<LinearHead<2, 1>>;
/// let mut store = Store::new(flash, 0..2048).unwrap(); // the flash's driver, and the bytes that are the store's
/// let mut buffer = [0; store::buffer_size::<Mine>()];
/// let mut learner = Mine::new(LinearHead::new(), Parts::NONE);
/// assert!(!store.load(&mut learner, &mut buffer).unwrap()); // nothing saved yet
/// learner.replace(7, |head| head.import(&[0.5, -0.5, 0.0, 2.0])).unwrap();
/// store.save(&learner, Contents::ALL, &mut buffer).unwrap();
///
/// let mut restored = Mine::new(LinearHead::new(), Parts::NONE);
/// assert!(store.load(&mut restored, &mut buffer).unwrap());
/// assert_eq!((restored.head(), restored.steps()), (learner.head(), 7));
/// ```
pub struct Store<F: NorFlash> {
    pages: usize,
    map: MapStorage<u8, Blocking<F>, Cache<Uncached, Uncached, Uncached, u8>>,
}

impl<F: NorFlash> Store<F> {
    /// A store in the bytes `range` of the flash, which are its own: whole pages, two at least. Nothing is read or written yet.
    ///
    /// # Errors
    /// [`StoreError::Range`] if the range is inverted, misaligned, shorter than two pages, or lies beyond the flash.
    pub fn new(flash: F, range: Range<u32>) -> Result<Self, StoreError<F::Error>> {
        if range.start > range.end || range.end as usize > flash.capacity() {
            return Err(StoreError::Range);
        }
        let pages = range.len() / F::ERASE_SIZE;
        let config = MapConfig::try_new(range).map_err(|_| StoreError::Range)?;
        Ok(Store { pages, map: MapStorage::new(Blocking(flash), config, Cache::new_uncached()) })
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
        let size = checkpoint::size(saved, contents);
        if buffer.len() < buffer_for(size) {
            return Err(StoreError::Buffer);
        }
        if !self.fits(size) {
            return Err(StoreError::TooLarge);
        }
        checkpoint::write(saved, contents, buffer).map_err(StoreError::Checkpoint)?;
        let crc = checkpoint::crc(buffer);
        for _ in 0..ATTEMPTS {
            let item = Item { saved, contents };
            now(self.map.store_item_generic(buffer, &HEAD, &item)).map_err(error)?;
            // A word whose writing was cut off by an earlier loss of power looks empty, and spoils what is written over it.
            let stored = now(self.map.fetch_item::<&[u8]>(buffer, &HEAD)).map_err(error)?;
            if crc.is_some() && stored.and_then(checkpoint::crc) == crc {
                return Ok(());
            }
        }
        Err(StoreError::Corrupted)
    }

    /// Loads what was saved last; `false`, and nothing is changed, if nothing was.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing is then changed.
    pub fn load<T: Saved>(&mut self, saved: &mut T, buffer: &mut [u8]) -> Result<bool, StoreError<F::Error>> {
        let Some(bytes) = now(self.map.fetch_item::<&[u8]>(buffer, &HEAD)).map_err(error)? else { return Ok(false) };
        checkpoint::read(bytes, saved).map_err(StoreError::Checkpoint)?;
        Ok(true)
    }

    /// Whether checkpoints of this size can be saved again and again. A first one would fit where a second one does not.
    fn fits(&self, size: usize) -> bool {
        let word = if F::WRITE_SIZE > F::READ_SIZE { F::WRITE_SIZE } else { F::READ_SIZE };
        // sequential-storage marks a page by its first and its last word; an item has a header of 8 bytes, and here a key of 1.
        let item = 8_usize.next_multiple_of(word) + (1 + size).next_multiple_of(word);
        let items = if self.pages == 2 { 2 } else { 1 };
        items * item + 2 * word <= F::ERASE_SIZE
    }

    /// Erases the whole range.
    ///
    /// # Errors
    /// [`StoreError::Flash`] if the flash refused.
    pub fn erase(&mut self) -> Result<(), StoreError<F::Error>> {
        now(self.map.erase_all()).map_err(error)
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.map.destroy().0.0
    }
}

fn error<E>(error: sequential_storage::Error<E>) -> StoreError<E> {
    match error {
        sequential_storage::Error::Storage { value, .. } => StoreError::Flash(value),
        sequential_storage::Error::FullStorage | sequential_storage::Error::ItemTooBig => StoreError::TooLarge,
        sequential_storage::Error::BufferTooBig | sequential_storage::Error::BufferTooSmall(_) => StoreError::Buffer,
        _ => StoreError::Corrupted,
    }
}

/// The item that is stored, written to the flash's buffer without a copy in between.
struct Item<'a, T> {
    saved: &'a T,
    contents: Contents,
}

impl<T: Saved> Value<'_> for Item<'_, T> {
    fn serialize_into(&self, buffer: &mut [u8]) -> Result<usize, SerializationError> {
        checkpoint::write(self.saved, self.contents, buffer).map_err(|_| SerializationError::BufferTooSmall)
    }

    fn deserialize_from(_: &[u8]) -> Result<(Self, usize), SerializationError> {
        // Loading borrows the bytes; there is nothing that this could refer to.
        Err(SerializationError::InvalidFormat)
    }
}

/// A blocking flash as the asynchronous one that `sequential-storage` asks for: every operation is done when it returns.
struct Blocking<F>(F);

impl<F: ErrorType> ErrorType for Blocking<F> {
    type Error = F::Error;
}

impl<F: ReadNorFlash> asynchronous::ReadNorFlash for Blocking<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: NorFlash> asynchronous::NorFlash for Blocking<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.0.erase(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.write(offset, bytes)
    }
}

/// The result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
    }
}
