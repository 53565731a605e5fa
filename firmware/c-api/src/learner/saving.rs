//! A learner as a checkpoint.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::checkpoint::{self, Reader, Writer};
use gradient_decay::{Contents, Error, Saved};

use super::gd_learner;
use super::heads::Whole;
use crate::pointer::span;
use crate::status::*;

/// The sections that are saved of those that a learner has: GD_SAVE_ALL, less what is left out.
pub type gd_contents = u32;

/// All of them.
pub const GD_SAVE_ALL: gd_contents = 0;
/// Without remembered samples and those held out, which are a person's data and most of the bytes.
pub const GD_SAVE_NO_SAMPLES: gd_contents = 1;
/// Without the calibration.
pub const GD_SAVE_NO_CALIBRATION: gd_contents = 2;

/// The sections of a flag.
pub(crate) fn contents(flags: gd_contents) -> Result<Contents, gd_status> {
    if flags > GD_SAVE_NO_SAMPLES | GD_SAVE_NO_CALIBRATION {
        return Err(GD_ERROR_RANGE);
    }
    let mut contents = Contents::ALL;
    if flags & GD_SAVE_NO_SAMPLES != 0 {
        contents = contents.without_samples();
    }
    if flags & GD_SAVE_NO_CALIBRATION != 0 {
        contents = contents.without_calibration();
    }
    Ok(contents)
}

/// A learner as the core saves it.
pub(crate) struct Kept<'a>(pub(crate) &'a mut dyn Whole);

impl Saved for Kept<'_> {
    const SAVED_BYTES: usize = 0;

    fn write(&self, to: &mut Writer<'_>) {
        self.0.write(to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.0.read(from)
    }
}

/// The bytes that a checkpoint of the learner takes: `bytes` gets them.
///
/// # Errors
/// GD_ERROR_RANGE if `flags` are none of GD_SAVE_... .
///
/// # Safety
/// As gd_learner_init; `bytes` points to a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_saved_bytes(
    learner: *mut gd_learner,
    flags: gd_contents,
    bytes: *mut usize,
) -> gd_status {
    let size = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[span(bytes, 1)?])? };
        let size = checkpoint::size(&Kept(whole), contents(flags)?);
        // SAFETY: the caller's.
        unsafe { bytes.write(size) };
        Ok(())
    };
    to_status(size())
}

/// Writes a checkpoint, versioned bytes with a CRC, gd_learner_saved_bytes of them; `size` may be more. The Rust library reads it as well. The
/// settings, but for temperature and threshold, are not among them.
///
/// # Errors
/// GD_ERROR_SHORT if `size` is less; GD_ERROR_NOT_FINITE if a number is NaN or infinite; GD_ERROR_RANGE if `flags` are none of GD_SAVE_... . The
/// bytes are then unchanged.
///
/// # Safety
/// As gd_learner_init; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_save(
    learner: *mut gd_learner,
    flags: gd_contents,
    bytes: *mut u8,
    size: usize,
) -> gd_status {
    let save = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[span(bytes, size)?])? };
        let contents = contents(flags)?;
        // SAFETY: the caller's.
        let bytes = unsafe { from_raw_parts_mut(bytes, size) };
        checkpoint::write(&Kept(whole), contents, bytes).map(drop).map_err(write_status)
    };
    to_status(save())
}

/// Reads a checkpoint of a learner with the same head and shape, from C or Rust, of this version of the library or an earlier one; `size` may be
/// more. A part that is not in it is as new; what else it holds is skipped. One of a head with a trained head mixed in names this by a CRC. Such a head
/// also reads the statistics of a training set, as `demo-host export` writes them: a discriminant alone that has counted no label.
///
/// # Errors
/// GD_ERROR_CHECKPOINT if it is damaged, cut short, or another learner's; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if it holds a number that is NaN,
/// infinite or out of its range. Nothing is then changed.
///
/// # Safety
/// As gd_learner_save.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_load(learner: *mut gd_learner, bytes: *const u8, size: usize) -> gd_status {
    let load = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[span(bytes, size)?])? };
        // SAFETY: the caller's.
        checkpoint::read(unsafe { from_raw_parts(bytes, size) }, &mut Kept(whole)).map_err(status)
    };
    to_status(load())
}
