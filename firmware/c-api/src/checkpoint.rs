//! Checkpoints: a trainer as bytes.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::{
    Calibration, Contents, Learner, LinearHead, LinearView, PairView, Parts, Readout, State, checkpoint,
};

use crate::pointer::span;
use crate::status::*;
use crate::trainer::{Trainer, gd_trainer, trainer};

/// The bytes of a checkpoint beside the parameters, which take 4 each: for a buffer whose size is known when it is compiled.
pub const GD_CHECKPOINT_EXTRA_BYTES: usize = 72;

/// The saved parts of a trainer whose head is `H`.
type Kept<H> = Learner<H, Parts<(), (), (), (), Readout>>;

/// The smallest head, which is saved as any other is.
type Smallest = LinearHead<1, 1>;

const _: () = assert!(GD_CHECKPOINT_EXTRA_BYTES == checkpoint::bytes::<Kept<Smallest>>() - 4 * Smallest::PARAMETERS);

/// The saved parts of a trainer. It has no room to work in.
///
/// # Safety
/// As for [`head`](Trainer::head).
unsafe fn kept<'a>(trainer: &Trainer) -> Result<Kept<LinearView<'a>>, gd_status> {
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: trainer.readout };
    let work = PairView::new(&mut [], 0).map_err(status)?;
    // SAFETY: the caller's.
    let mut learner = Learner::with_state(unsafe { trainer.head() }, State::with_work(work), parts);
    learner.set_steps(trainer.steps);
    Ok(learner)
}

/// The bytes of a checkpoint of a head of this shape: GD_CHECKPOINT_EXTRA_BYTES and 4 for each of the `classes * (features + 1)`
/// parameters. The largest size_t if it does not hold so many.
#[unsafe(no_mangle)]
pub extern "C" fn gd_checkpoint_size(classes: u16, features: u16) -> usize {
    let parameters = usize::from(classes).saturating_mul(usize::from(features) + 1);
    parameters.saturating_mul(4).saturating_add(GD_CHECKPOINT_EXTRA_BYTES)
}

/// Writes head, steps and read-out as versioned bytes with a CRC, gd_checkpoint_size of them; `size` may be more. The Rust library
/// reads them as well. Optimizer, beta and calibration are not among them.
///
/// # Errors
/// GD_ERROR_SHORT if `size` is less; GD_ERROR_NOT_FINITE if a parameter is NaN or infinite, which gd_checkpoint_read would refuse. The
/// bytes are then unchanged.
///
/// # Safety
/// As gd_init; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_checkpoint_write(trainer: *mut gd_trainer, bytes: *mut u8, size: usize) -> gd_status {
    let write = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.apart(&[span(bytes, size)?])?;
        // SAFETY: the caller's; the bytes overlap nothing.
        let (kept, bytes) = unsafe { (kept(trainer)?, from_raw_parts_mut(bytes, size)) };
        checkpoint::write(&kept, Contents::ALL, bytes).map(drop).map_err(write_status)
    };
    to_status(write())
}

/// Reads a checkpoint of a head of the same shape, from C or Rust, of this version of the library or an earlier one; `size` may be more.
/// Calibration begins anew: it was of the head before.
///
/// Only the classes that were in use are so then: the others, whose rows are zero, have the probability 0 and cannot be learned, until
/// gd_init takes all into use.
///
/// # Errors
/// GD_ERROR_CHECKPOINT if it is damaged, cut short, or another head's; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if it holds a number that is
/// NaN or infinite, or out of its range. Nothing is then changed.
///
/// # Safety
/// As gd_checkpoint_write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_checkpoint_read(trainer: *mut gd_trainer, bytes: *const u8, size: usize) -> gd_status {
    let read = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.apart(&[span(bytes, size)?])?;
        // SAFETY: the caller's; the bytes overlap nothing.
        let (mut kept, bytes) = unsafe { (kept(trainer)?, from_raw_parts(bytes, size)) };
        checkpoint::read(bytes, &mut kept).map_err(status)?;
        (trainer.classes, trainer.steps, trainer.readout) = (kept.classes() as u32, kept.steps(), kept.parts().readout);
        // That of the head before.
        if let Some(counting) = &mut trainer.counting {
            counting.calibration = Calibration::new();
        }
        Ok(())
    };
    to_status(read())
}
