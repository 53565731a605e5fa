//! The status that functions return.

use core::ffi::{CStr, c_char};

use gradient_decay::Error;

/// The result of a function: GD_OK, or why it did nothing.
pub type gd_status = i32;

/// It was done.
pub const GD_OK: gd_status = 0;
/// A pointer is null, or not aligned as its type has to be; or two buffers overlap, by the counts that are given with them.
pub const GD_ERROR_POINTER: gd_status = -1;
/// The trainer was not initialised by gd_init, or the discriminant, the head in integers, the learner or the store by its own function, or its memory was overwritten.
pub const GD_ERROR_TRAINER: gd_status = -2;
/// A buffer has not as many numbers as it must have, or more than memory can hold.
pub const GD_ERROR_LENGTH: gd_status = -3;
/// The class is none of those in use.
pub const GD_ERROR_CLASS: gd_status = -4;
/// A number is NaN or infinite, or a logit would be.
pub const GD_ERROR_NOT_FINITE: gd_status = -5;
/// A number is out of its range.
pub const GD_ERROR_RANGE: gd_status = -6;
/// The numbers are too large to learn from.
pub const GD_ERROR_TOO_LARGE: gd_status = -7;
/// The checkpoint is damaged, cut short, or that of another head.
pub const GD_ERROR_CHECKPOINT: gd_status = -8;
/// There is nothing to report yet, or nothing was saved.
pub const GD_ERROR_EMPTY: gd_status = -9;
/// No class is in use, as in the checkpoint that was read, or none of a discriminant has a sample.
pub const GD_ERROR_NO_CLASSES: gd_status = -10;
/// The library refused for a reason that no function here should meet.
pub const GD_ERROR_OTHER: gd_status = -11;
/// The class has no sample, or cannot have learned the one that is to be taken back.
pub const GD_ERROR_NOT_LEARNED: gd_status = -12;
/// All classes that there is room for are in use.
pub const GD_ERROR_NO_ROOM: gd_status = -13;
/// There is too little room: for a checkpoint, for a learner, or for a head in integers.
pub const GD_ERROR_SHORT: gd_status = -14;
/// The standardizer has not yet observed the samples that fix its units.
pub const GD_ERROR_UNITS: gd_status = -15;
/// The learner has not the part that this needs, or its head cannot do it; of a trainer gd_calibrate comes first.
pub const GD_ERROR_PART: gd_status = -16;
/// The flash refused.
pub const GD_ERROR_FLASH: gd_status = -17;
/// The range of flash is not whole pages, or does not hold two checkpoints.
pub const GD_ERROR_FLASH_RANGE: gd_status = -18;
/// The flash holds something else.
pub const GD_ERROR_FOREIGN: gd_status = -19;
/// The flash does not keep what is written: it is worn out.
pub const GD_ERROR_WORN: gd_status = -20;

/// The status of a result.
pub(crate) fn to_status(result: Result<(), gd_status>) -> gd_status {
    result.err().unwrap_or(GD_OK)
}

/// The status of one of the core's errors.
pub(crate) fn status(error: Error) -> gd_status {
    match error {
        Error::Length { .. } => GD_ERROR_LENGTH,
        Error::Target { .. } => GD_ERROR_CLASS,
        Error::NotFinite { .. } => GD_ERROR_NOT_FINITE,
        Error::OutOfRange { .. } => GD_ERROR_RANGE,
        Error::UpdateTooLarge => GD_ERROR_TOO_LARGE,
        // Only a checkpoint asks for classes here.
        Error::Checkpoint { .. } | Error::TooManyClasses { .. } => GD_ERROR_CHECKPOINT,
        Error::NoClasses => GD_ERROR_NO_CLASSES,
        Error::NotLearned { .. } => GD_ERROR_NOT_LEARNED,
        Error::NoRoom { .. } => GD_ERROR_NO_ROOM,
        Error::NotStandardized { .. } => GD_ERROR_UNITS,
        _ => GD_ERROR_OTHER,
    }
}

/// The status of an error of writing a checkpoint, of which only the room for it has a length.
pub(crate) fn write_status(error: Error) -> gd_status {
    if let Error::Length { .. } = error { GD_ERROR_SHORT } else { status(error) }
}

/// One sentence about a status, for a log; never null. It need not be freed.
#[unsafe(no_mangle)]
pub extern "C" fn gd_message(status: gd_status) -> *const c_char {
    let message: &CStr = match status {
        GD_OK => c"it was done",
        GD_ERROR_POINTER => c"a pointer is null or not aligned, or two buffers overlap: look at the counts as well",
        GD_ERROR_TRAINER => c"not initialised: call gd_init, of a discriminant gd_discriminant_init, of a head in integers gd_fixed_init, of a learner gd_learner_init, of a store gd_store_init first",
        GD_ERROR_LENGTH => {
            c"a count is wrong: features as gd_init was told, parameters classes * (features + 1), probabilities one a class, scratch two a class; for a discriminant and a head in integers see their macros, for a learner its configuration, whose memories have slots; none more than memory holds"
        }
        GD_ERROR_CLASS => c"the class must be below the number of classes in use",
        GD_ERROR_NOT_FINITE => c"a number is NaN or infinite, or a logit would be",
        GD_ERROR_RANGE => c"a number is out of its range, which the header states",
        GD_ERROR_TOO_LARGE => c"the features are too large for the learning rate, or too far from their class",
        GD_ERROR_CHECKPOINT => c"the checkpoint is damaged, cut short, or that of another head",
        GD_ERROR_EMPTY => c"nothing was counted yet, or nothing saved",
        GD_ERROR_NO_CLASSES => c"no class is in use, as in the checkpoint that was read (gd_init takes all into use), or none has a sample",
        GD_ERROR_OTHER => c"the library refused for a reason that should not occur",
        GD_ERROR_NOT_LEARNED => c"the class has no sample, or cannot have learned this one",
        GD_ERROR_NO_ROOM => c"all classes that there is room for are in use",
        GD_ERROR_SHORT => c"too little room: gd_checkpoint_size says how many bytes a checkpoint takes, GD_DISCRIMINANT_CHECKPOINT_BYTES of a discriminant, GD_FIXED_CHECKPOINT_BYTES of a head in integers, gd_learner_saved_bytes of a learner (gd_store_buffer_bytes with a store), gd_learner_bytes and GD_FIXED_BYTES what a learner and a head in integers take",
        GD_ERROR_UNITS => c"the standardizer has not observed the samples that fix its units: gd_learner_observe more, or gd_learner_set_units",
        GD_ERROR_PART => c"the learner has not the part that this needs (name it in the configuration), or its head cannot do it; of a trainer call gd_calibrate first",
        GD_ERROR_FLASH => c"the flash refused",
        GD_ERROR_FLASH_RANGE => c"the range of flash must be whole pages and hold two checkpoints, each in pages of its own",
        GD_ERROR_FOREIGN => c"the flash holds something else, which only all_else_goes and gd_store_forget erase",
        GD_ERROR_WORN => c"the flash does not keep what is written: it is worn out",
        _ => c"this is no status of gradient-decay",
    };
    message.as_ptr()
}
