//! A learner in flash, by three functions of the caller's.

use core::ffi::c_void;
use core::mem::{MaybeUninit, align_of, size_of};
use core::ptr;
use core::slice::from_raw_parts_mut;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use gradient_decay::store::{self, StoreError};
use gradient_decay::{Contents, Store, checkpoint};

use super::gd_learner;
use super::saving::{Kept, contents, gd_contents};
use crate::pointer::span;
use crate::status::*;

/// The words of a store.
pub const GD_STORE_WORDS: usize = 16;

/// A range of flash and the functions that reach it. Each returns 0, or anything else if the flash refused; offsets count from the beginning of
/// the range, which is the store's own. Before a function returns the flash has done what it was told.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gd_flash {
    /// The first argument of the functions; may be null.
    pub context: *mut c_void,
    /// Reads `count` bytes at `offset`; both are multiples of 4.
    pub read: Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *mut u8, count: usize) -> i32>,
    /// Writes `count` bytes at `offset`, where all is erased; both are multiples of the largest word of the pages, 32 or 256 bytes.
    pub write: Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *const u8, count: usize) -> i32>,
    /// Erases `count` bytes from `offset` on to 0xff; both are multiples of a page.
    pub erase: Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, count: u32) -> i32>,
    /// The bytes of the range, whole pages: room for two checkpoints, each in pages of its own; room for three is better, since a page that wears
    /// out is then left out.
    pub bytes: u32,
}

/// A place for learners in flash, whose contents are the library's own. gd_store_init fills it in. The newest checkpoint is never erased before
/// a newer one was written and read back: whenever the power is cut, what is loaded afterwards is the one saved before or the new one, whole.
/// All pages wear alike.
#[repr(C)]
pub struct gd_store {
    words: [u64; GD_STORE_WORDS],
}

/// The functions as a flash with pages of `PAGE` bytes, written by `WORD`.
#[derive(Clone, Copy)]
struct Callbacks<const PAGE: usize, const WORD: usize>(gd_flash);

/// The flash refused.
#[derive(Debug)]
struct Refused;

impl NorFlashError for Refused {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

fn done(result: Option<i32>) -> Result<(), Refused> {
    if result == Some(0) { Ok(()) } else { Err(Refused) }
}

impl<const PAGE: usize, const WORD: usize> ErrorType for Callbacks<PAGE, WORD> {
    type Error = Refused;
}

impl<const PAGE: usize, const WORD: usize> ReadNorFlash for Callbacks<PAGE, WORD> {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refused> {
        // SAFETY: the caller's function, by gd_store_init.
        done(self.0.read.map(|read| unsafe { read(self.0.context, offset, bytes.as_mut_ptr(), bytes.len()) }))
    }

    fn capacity(&self) -> usize {
        self.0.bytes as usize
    }
}

impl<const PAGE: usize, const WORD: usize> NorFlash for Callbacks<PAGE, WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        // SAFETY: the caller's function, by gd_store_init.
        done(self.0.erase.map(|erase| unsafe { erase(self.0.context, from, to.saturating_sub(from)) }))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refused> {
        // SAFETY: the caller's function, by gd_store_init.
        done(self.0.write.map(|write| unsafe { write(self.0.context, offset, bytes.as_ptr(), bytes.len()) }))
    }
}

/// A store, whatever the pages of its flash.
trait Keeping {
    fn save(&mut self, kept: &Kept<'_>, contents: Contents, buffer: &mut [u8], all_else: bool)
    -> Result<(), gd_status>;
    fn load(&mut self, kept: &mut Kept<'_>, buffer: &mut [u8]) -> Result<(), gd_status>;
    fn forget(&mut self) -> Result<(), gd_status>;
}

fn refused(error: StoreError<Refused>) -> gd_status {
    match error {
        StoreError::Flash(Refused) => GD_ERROR_FLASH,
        StoreError::Range | StoreError::TooSmall { .. } => GD_ERROR_FLASH_RANGE,
        StoreError::Buffer { .. } => GD_ERROR_SHORT,
        StoreError::Foreign => GD_ERROR_FOREIGN,
        StoreError::Worn => GD_ERROR_WORN,
        StoreError::Checkpoint(error) => status(error),
        _ => GD_ERROR_OTHER,
    }
}

impl<F: NorFlash<Error = Refused>> Keeping for Store<F> {
    fn save(
        &mut self,
        kept: &Kept<'_>,
        contents: Contents,
        buffer: &mut [u8],
        all_else: bool,
    ) -> Result<(), gd_status> {
        let saved =
            if all_else { self.overwrite(kept, contents, buffer) } else { Store::save(self, kept, contents, buffer) };
        saved.map_err(refused)
    }

    fn load(&mut self, kept: &mut Kept<'_>, buffer: &mut [u8]) -> Result<(), gd_status> {
        if Store::load(self, kept, buffer).map_err(refused)? { Ok(()) } else { Err(GD_ERROR_EMPTY) }
    }

    fn forget(&mut self) -> Result<(), gd_status> {
        Store::forget(self).map_err(refused)
    }
}

/// The pages of a flash, and the largest word that it is written by: one of the gd_pages_... below.
pub struct gd_pages {
    /// Makes a store at this place.
    make: unsafe fn(*mut c_void, gd_flash, usize) -> Result<(), gd_status>,
    /// The store that was made there.
    open: unsafe fn(*mut c_void) -> *mut dyn Keeping,
}

/// The contents of a store's memory.
#[repr(C)]
struct Handle {
    mark: u32,
    pages: &'static gd_pages,
    /// A [`Store`], by `pages`.
    store: [MaybeUninit<u64>; GD_STORE_WORDS - 2],
}

const MARK: u32 = u32::from_le_bytes(*b"GDst");

const _: () = assert!(size_of::<Handle>() <= size_of::<gd_store>() && align_of::<Handle>() <= align_of::<gd_store>());

impl gd_pages {
    const fn new<const PAGE: usize, const WORD: usize>() -> Self {
        const {
            assert!(size_of::<Store<Callbacks<PAGE, WORD>>>() <= 8 * (GD_STORE_WORDS - 2));
            assert!(align_of::<Store<Callbacks<PAGE, WORD>>>() <= align_of::<u64>());
        }
        gd_pages {
            make: |place, flash, checkpoint| {
                let store = Store::new(Callbacks::<PAGE, WORD>(flash), 0..flash.bytes, checkpoint).map_err(refused)?;
                // SAFETY: the place is large enough and aligned.
                unsafe { place.cast::<Store<Callbacks<PAGE, WORD>>>().write(store) };
                Ok(())
            },
            open: |place| place.cast::<Store<Callbacks<PAGE, WORD>>>(),
        }
    }
}

/// Pages of 256 bytes, words of 1 to 32.
#[unsafe(no_mangle)]
pub static gd_pages_256: gd_pages = gd_pages::new::<256, 32>();
/// Pages of 512 bytes, words of 1 to 32.
#[unsafe(no_mangle)]
pub static gd_pages_512: gd_pages = gd_pages::new::<512, 32>();
/// Pages of 1 KiB, words of 1 to 32 bytes.
#[unsafe(no_mangle)]
pub static gd_pages_1k: gd_pages = gd_pages::new::<1024, 32>();
/// Pages of 2 KiB, words of 1 to 32 bytes.
#[unsafe(no_mangle)]
pub static gd_pages_2k: gd_pages = gd_pages::new::<2048, 32>();
/// Pages of 4 KiB, words of 1 to 32 bytes.
#[unsafe(no_mangle)]
pub static gd_pages_4k: gd_pages = gd_pages::new::<4096, 32>();
/// Pages of 4 KiB, words of 64 to 256 bytes: serial flash that is programmed by whole lines, as by the Raspberry Pi Pico's library.
#[unsafe(no_mangle)]
pub static gd_pages_4k_lines: gd_pages = gd_pages::new::<4096, 256>();
/// Pages of 8 KiB, words of 1 to 32 bytes.
#[unsafe(no_mangle)]
pub static gd_pages_8k: gd_pages = gd_pages::new::<8192, 32>();
/// Pages of 16 KiB, words of 1 to 32 bytes.
#[unsafe(no_mangle)]
pub static gd_pages_16k: gd_pages = gd_pages::new::<16_384, 32>();
/// Pages of 64 KiB, words of 1 to 32 bytes.
#[unsafe(no_mangle)]
pub static gd_pages_64k: gd_pages = gd_pages::new::<65_536, 32>();
/// Pages of 128 KiB, words of 1 to 32 bytes.
#[unsafe(no_mangle)]
pub static gd_pages_128k: gd_pages = gd_pages::new::<131_072, 32>();

/// The bytes of the buffer for a checkpoint of so many, for gd_store_save and gd_store_load.
#[unsafe(no_mangle)]
pub extern "C" fn gd_store_buffer_bytes(checkpoint_bytes: usize) -> usize {
    if checkpoint_bytes > usize::MAX / 2 { usize::MAX } else { store::buffer_for(checkpoint_bytes) }
}

/// Makes a store in a flash, of pages as `pages` says (&gd_pages_4k), for the checkpoints of `learner` with all its contents. Nothing is read or
/// written yet. The flash's functions must be there as long as the store is used; `flash` itself is not needed any more.
///
/// # Errors
/// GD_ERROR_POINTER if a function is null as well; GD_ERROR_TRAINER if the learner was not initialised; GD_ERROR_FLASH_RANGE if the range is not
/// whole pages or does not hold two checkpoints. Nothing is then changed.
///
/// # Safety
/// `store` points to a gd_store, `flash` to a gd_flash whose functions do what it says and call nothing of this library, `pages` to one of the
/// library's; `learner` is as for gd_learner_learn.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_store_init(
    store: *mut gd_store,
    flash: *const gd_flash,
    pages: *const gd_pages,
    learner: *mut gd_learner,
) -> gd_status {
    let init = || {
        let buffers = [span(store, 1)?, span(flash, 1)?];
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &buffers)? };
        // SAFETY: the caller's.
        let (flash, pages) = unsafe { (flash.read(), pages.as_ref::<'static>().ok_or(GD_ERROR_POINTER)?) };
        if flash.read.is_none() || flash.write.is_none() || flash.erase.is_none() {
            return Err(GD_ERROR_POINTER);
        }
        let mut made = [const { MaybeUninit::zeroed() }; GD_STORE_WORDS - 2];
        // SAFETY: it is large enough and aligned.
        unsafe {
            (pages.make)(made.as_mut_ptr().cast(), flash, checkpoint::size(&Kept(whole), Contents::ALL))?;
            store.cast::<Handle>().write(Handle { mark: MARK, pages, store: made });
        }
        Ok(())
    };
    to_status(init())
}

/// A store that was initialised.
///
/// # Safety
/// `pointer` is null or points to a gd_store that nothing else refers to.
unsafe fn keeping<'a>(pointer: *mut gd_store) -> Result<&'a mut dyn Keeping, gd_status> {
    span(pointer, 1)?;
    let pointer = pointer.cast::<Handle>();
    // SAFETY: the memory is large enough and aligned; the mark is a number whatever lies there. It says that gd_store_init filled it in.
    unsafe {
        if ptr::addr_of!((*pointer).mark).read() != MARK {
            return Err(GD_ERROR_TRAINER);
        }
        Ok(&mut *((*pointer).pages.open)(ptr::addr_of_mut!((*pointer).store).cast()))
    }
}

/// Saves the learner in place of what was saved before, or, if `all_else_goes`, of whatever the range holds, of which nothing is left then but
/// this. `buffer` is room to work in, gd_store_buffer_bytes(gd_learner_saved_bytes) bytes or more, and may be anything before and after.
///
/// # Errors
/// GD_ERROR_SHORT if `buffer` is too small; GD_ERROR_FLASH if the flash refused, GD_ERROR_WORN if it does not keep what is written, GD_ERROR_FOREIGN
/// if it holds something else; GD_ERROR_FLASH_RANGE, GD_ERROR_NOT_FINITE, GD_ERROR_RANGE as gd_store_init and gd_learner_save. What was saved
/// before is then still there.
///
/// # Safety
/// As gd_store_init; `buffer` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_store_save(
    store: *mut gd_store,
    learner: *mut gd_learner,
    flags: gd_contents,
    all_else_goes: bool,
    buffer: *mut u8,
    size: usize,
) -> gd_status {
    let save = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[span(store, 1)?, span(buffer, size)?])? };
        // SAFETY: the caller's; the buffer overlaps nothing.
        let (store, buffer) = unsafe { (keeping(store)?, from_raw_parts_mut(buffer, size)) };
        store.save(&Kept(whole), contents(flags)?, buffer, all_else_goes)
    };
    to_status(save())
}

/// Loads what was saved last. `buffer` is room to work in, as for gd_store_save.
///
/// # Errors
/// GD_ERROR_EMPTY if nothing was saved; GD_ERROR_SHORT if `buffer` is too small; GD_ERROR_FLASH if the flash refused, GD_ERROR_FOREIGN if it holds
/// something else; those of gd_learner_load. The learner is then unchanged.
///
/// # Safety
/// As gd_store_save.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_store_load(
    store: *mut gd_store,
    learner: *mut gd_learner,
    buffer: *mut u8,
    size: usize,
) -> gd_status {
    let load = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[span(store, 1)?, span(buffer, size)?])? };
        // SAFETY: the caller's; the buffer overlaps nothing.
        let (store, buffer) = unsafe { (keeping(store)?, from_raw_parts_mut(buffer, size)) };
        store.load(&mut Kept(whole), buffer)
    };
    to_status(load())
}

/// Erases the whole range: all that was saved, the newest last. Checkpoints are a person's data, and older ones lie behind the newest until their
/// pages are used again.
///
/// # Errors
/// GD_ERROR_FLASH if the flash refused; some of it may then be left.
///
/// # Safety
/// As gd_store_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_store_forget(store: *mut gd_store) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { keeping(store) }.and_then(|store| store.forget()))
}
