//! The caller's memory, of which a new learner takes what it needs.

use core::mem::{align_of, size_of};
use core::ptr;
use core::slice::from_raw_parts_mut;

use crate::status::{GD_ERROR_SHORT, gd_status};

/// The alignment of the memory and of whatever lies in it.
pub(crate) const ALIGN: usize = 8;

/// So many bytes as they are taken: whole words of [`ALIGN`]; [`usize::MAX`] if there cannot be so many.
pub(crate) const fn round(bytes: usize) -> usize {
    match bytes.checked_next_multiple_of(ALIGN) {
        Some(bytes) => bytes,
        None => usize::MAX,
    }
}

/// The rounded bytes of so many numbers of `size` bytes.
pub(crate) const fn array(count: usize, size: usize) -> usize {
    round(count.saturating_mul(size))
}

/// A number of which all bits zero are 0.
pub(crate) trait Plain: Copy + Default + 'static {}

impl Plain for f32 {}
impl Plain for u32 {}
impl Plain for i8 {}
impl Plain for u8 {}

/// The rest of the memory.
pub(crate) struct Room {
    at: *mut u8,
    left: usize,
}

impl Room {
    /// So many bytes.
    ///
    /// # Safety
    /// They are aligned to [`ALIGN`], there as long as what is taken of them is used, and used by nobody else.
    pub(crate) unsafe fn new(at: *mut u8, left: usize) -> Self {
        Room { at, left }
    }

    /// The next bytes.
    fn bytes(&mut self, bytes: usize) -> Result<*mut u8, gd_status> {
        let left = self.left.checked_sub(bytes).ok_or(GD_ERROR_SHORT)?;
        let taken = self.at;
        // Not beyond the end of the memory.
        self.at = taken.wrapping_add(bytes);
        self.left = left;
        Ok(taken)
    }

    /// So many zeros.
    pub(crate) fn take<T: Plain>(&mut self, count: usize) -> Result<&'static mut [T], gd_status> {
        const { assert!(align_of::<T>() <= ALIGN) };
        let taken = self.bytes(array(count, size_of::<T>()))?.cast::<T>();
        // SAFETY: taken once, aligned, within the memory; zero bits are numbers.
        unsafe {
            ptr::write_bytes(taken, 0, count);
            Ok(from_raw_parts_mut(taken, count))
        }
    }

    /// A place of `BYTES` for a value, which may be smaller.
    pub(crate) fn place<T: 'static, const BYTES: usize>(&mut self, value: T) -> Result<&'static mut T, gd_status> {
        const { assert!(size_of::<T>() <= BYTES && align_of::<T>() <= ALIGN && BYTES.is_multiple_of(ALIGN)) };
        let taken = self.bytes(BYTES)?.cast::<T>();
        // SAFETY: taken once, aligned, within the memory.
        unsafe {
            taken.write(value);
            Ok(&mut *taken)
        }
    }
}
