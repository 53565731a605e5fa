//! The caller's pointers.

use core::slice;

use crate::status::{GD_ERROR_POINTER, gd_status};

/// Whether a pointer can be one to `T`.
pub(crate) fn check<T>(pointer: *const T) -> Result<(), gd_status> {
    if pointer.is_null() || !pointer.is_aligned() { Err(GD_ERROR_POINTER) } else { Ok(()) }
}

/// Numbers of the caller.
///
/// # Safety
/// `pointer` is null or points to so many elements that nobody changes meanwhile.
pub(crate) unsafe fn input<'a, T>(pointer: *const T, count: usize) -> Result<&'a [T], gd_status> {
    check(pointer)?;
    // SAFETY: the caller's.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// A place for numbers of the caller.
///
/// # Safety
/// `pointer` is null or points to so many elements that nothing else refers to.
pub(crate) unsafe fn output<'a, T>(pointer: *mut T, count: usize) -> Result<&'a mut [T], gd_status> {
    check(pointer)?;
    // SAFETY: the caller's.
    Ok(unsafe { slice::from_raw_parts_mut(pointer, count) })
}
