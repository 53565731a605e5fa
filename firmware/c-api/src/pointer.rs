//! The caller's pointers.

use core::mem::size_of;
use core::ops::Range;
use core::slice;

use crate::status::{GD_ERROR_LENGTH, GD_ERROR_POINTER, gd_status};

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

/// The addresses of so many elements, which must be no more than memory can hold.
pub(crate) fn span<T>(pointer: *const T, count: usize) -> Result<Range<usize>, gd_status> {
    check(pointer)?;
    let bytes = count.checked_mul(size_of::<T>()).filter(|bytes| *bytes <= isize::MAX as usize);
    let start = pointer.addr();
    Ok(start..start.checked_add(bytes.ok_or(GD_ERROR_LENGTH)?).ok_or(GD_ERROR_POINTER)?)
}

/// Whether none of these overlaps another.
pub(crate) fn apart(arrays: &[Range<usize>], buffers: &[Range<usize>]) -> Result<(), gd_status> {
    let mut all = arrays.iter().chain(buffers);
    while let Some(a) = all.next() {
        if all.clone().any(|b| a.start < b.end && b.start < a.end) {
            return Err(GD_ERROR_POINTER);
        }
    }
    Ok(())
}
