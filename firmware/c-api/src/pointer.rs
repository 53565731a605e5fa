//! The caller's pointers.

use core::mem::size_of;
use core::ops::Range;

use crate::status::{GD_ERROR_LENGTH, GD_ERROR_POINTER, gd_status};

/// The addresses of so many elements, which must be aligned, not null, and no more than memory can hold: a slice can be made of them.
pub(crate) fn span<T>(pointer: *const T, count: usize) -> Result<Range<usize>, gd_status> {
    if count > const { isize::MAX as usize / size_of::<T>() } {
        return Err(GD_ERROR_LENGTH);
    }
    bounds(pointer.addr(), align_of::<T>(), count * size_of::<T>())
}

/// One function for all types.
#[inline(never)]
fn bounds(start: usize, align: usize, bytes: usize) -> Result<Range<usize>, gd_status> {
    if start == 0 || start & (align - 1) != 0 {
        return Err(GD_ERROR_POINTER);
    }
    Ok(start..start.checked_add(bytes).ok_or(GD_ERROR_POINTER)?)
}

/// Whether none of these overlaps another.
#[inline(never)]
pub(crate) fn apart(arrays: &[Range<usize>], buffers: &[Range<usize>]) -> Result<(), gd_status> {
    let mut all = arrays.iter().chain(buffers);
    while let Some(a) = all.next() {
        if all.clone().any(|b| a.start < b.end && b.start < a.end) {
            return Err(GD_ERROR_POINTER);
        }
    }
    Ok(())
}
