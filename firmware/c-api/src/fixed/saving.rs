//! A head in integers to and from the outside: features and parameters in floats, classes, checkpoints.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::checkpoint::{self, Reader, Writer};
use gradient_decay::{Classes, Contents, Error, FixedView, Saved, State};

use super::{Lent, gd_fixed, with};
use crate::pointer::span;
use crate::status::*;

/// The saved state of a head.
struct Kept<'a, 'b> {
    head: &'a mut FixedView<'b>,
    state: State<()>,
}

impl<'a, 'b> Kept<'a, 'b> {
    fn new(head: &'a mut FixedView<'b>, it: &gd_fixed) -> Self {
        let mut state = State::with_work(());
        state.set_steps(it.steps);
        Kept { head, state }
    }
}

impl Saved for Kept<'_, '_> {
    const SAVED_BYTES: usize = 0;

    fn write(&self, to: &mut Writer<'_>) {
        self.head.write(to);
        self.state.write(to);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        self.head.read(from)?;
        self.state.read(from)
    }
}

/// Rounds `feature_count` features to the nearest numbers in the head's format, into as many places at `to`; those beyond its range go to its ends,
/// -127 and 127. It takes floating point, which a program that has its features as integers does without.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` is not that of gd_fixed_init; GD_ERROR_NOT_FINITE if a feature is NaN or infinite.
///
/// # Safety
/// As gd_fixed_init; `features` and `to` point to as many numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_quantize(
    fixed: *mut gd_fixed,
    features: *const f32,
    feature_count: usize,
    to: *mut i8,
) -> gd_status {
    let quantize = || {
        let buffers = [span(features, feature_count)?, span(to, feature_count)?];
        // SAFETY: the caller's; none of them overlaps another.
        unsafe {
            with(fixed, &buffers, |lent| {
                let (features, to) = (from_raw_parts(features, feature_count), from_raw_parts_mut(to, feature_count));
                lent.head.quantize(features, to).map_err(status)
            })
        }
    };
    to_status(quantize())
}

/// Takes over the parameters of a trained head, each rounded to the nearest: the weights row by row (a row is a class), then the biases, `count` in
/// all, `room * (features + 1)`, the order of a gd_trainer. Weights beyond [-8, 8) and biases beyond +-16000 go to the ends. All classes are in
/// use then; the steps stay. It takes floating point.
///
/// # Errors
/// GD_ERROR_LENGTH if `count` is another; GD_ERROR_NOT_FINITE if a parameter is NaN or infinite.
///
/// # Safety
/// As gd_fixed_init; `parameters` points to as many floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_import(fixed: *mut gd_fixed, parameters: *const f32, count: usize) -> gd_status {
    let import = || {
        let buffers = [span(parameters, count)?];
        // SAFETY: the caller's; they overlap nothing.
        unsafe { with(fixed, &buffers, |lent| lent.head.import(from_raw_parts(parameters, count)).map_err(status)) }
    };
    to_status(import())
}

/// Copies the parameters out as floats, in the order of gd_fixed_import; zeros of classes that are not in use. Exact but for biases beyond +-256, of
/// which a float keeps 24 bits. It takes floating point.
///
/// # Errors
/// GD_ERROR_LENGTH if `count` is not `room * (features + 1)`.
///
/// # Safety
/// As gd_fixed_init; `parameters` points to as many floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_export(fixed: *mut gd_fixed, parameters: *mut f32, count: usize) -> gd_status {
    let export = || {
        let buffers = [span(parameters, count)?];
        // SAFETY: the caller's; they overlap nothing.
        unsafe { with(fixed, &buffers, |lent| lent.head.export(from_raw_parts_mut(parameters, count)).map_err(status)) }
    };
    to_status(export())
}

/// Takes one more class into use, whose number is the count of classes before; it knows nothing. A head that begins without classes is one whose
/// classes gd_fixed_remove_class removed.
///
/// # Errors
/// GD_ERROR_NO_ROOM if all are in use.
///
/// # Safety
/// As gd_fixed_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_add_class(fixed: *mut gd_fixed) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { with(fixed, &[], |lent| lent.head.add_class().map(drop).map_err(status)) })
}

/// Removes a class; those above it move down by one.
///
/// # Errors
/// GD_ERROR_CLASS if the class is not in use.
///
/// # Safety
/// As gd_fixed_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_remove_class(fixed: *mut gd_fixed, class_index: u32) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { with(fixed, &[], |lent| lent.head.remove_class(class_index as usize).map_err(status)) })
}

/// Writes a checkpoint, versioned bytes with a CRC: GD_FIXED_CHECKPOINT_BYTES(classes, features) of them; `size` may be more. The Rust library reads
/// them as well. Rate and beta are not among them.
///
/// # Errors
/// GD_ERROR_SHORT if `size` is less. The bytes are then unchanged.
///
/// # Safety
/// As gd_fixed_init; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_save(fixed: *mut gd_fixed, bytes: *mut u8, size: usize) -> gd_status {
    let save = || {
        let buffers = [span(bytes, size)?];
        // SAFETY: the caller's; they overlap nothing.
        unsafe {
            with(fixed, &buffers, |Lent { head, it, .. }| {
                let (kept, bytes) = (Kept::new(head, it), from_raw_parts_mut(bytes, size));
                checkpoint::write(&kept, Contents::ALL, bytes).map(drop).map_err(write_status)
            })
        }
    };
    to_status(save())
}

/// Reads a checkpoint with a head of the same shape and exponent, from C or Rust, of this version of the library or an earlier one; `size` may be
/// more. A linear head in floats is taken as well, and rounded as gd_fixed_import does: of a gd_trainer, or of a host; that is the floating point
/// that this function takes. What else it holds is skipped. Rate and beta stay as they are.
///
/// # Errors
/// GD_ERROR_CHECKPOINT if it is damaged, cut short, or another head's; GD_ERROR_NOT_FINITE if it holds a float that is NaN or infinite. Nothing is
/// then changed.
///
/// # Safety
/// As gd_fixed_save.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_load(fixed: *mut gd_fixed, bytes: *const u8, size: usize) -> gd_status {
    let load = || {
        let buffers = [span(bytes, size)?];
        // SAFETY: the caller's; they overlap nothing.
        unsafe {
            with(fixed, &buffers, |Lent { head, it, .. }| {
                let mut kept = Kept::new(head, it);
                checkpoint::read(from_raw_parts(bytes, size), &mut kept).map_err(status)?;
                it.steps = kept.state.steps();
                Ok(())
            })
        }
    };
    to_status(load())
}
