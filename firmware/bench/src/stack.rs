//! The stack's high-water mark.

use core::hint::black_box;

#[cfg(target_arch = "arm")]
use crate::arm::stack_pointer;
#[cfg(target_arch = "riscv32")]
use crate::riscv::stack_pointer;

/// Runs `work` and returns the most bytes of stack that it took, below the frame of its caller: the stack is painted before,
/// and what lost its paint was used.
#[inline(never)]
pub fn stack_of<T>(work: impl FnOnce() -> T) -> (T, u32) {
    const PAINT: u32 = 0x5ca1_ab1e;
    // The micro:bit has 16 KiB for everything.
    const BYTES: u32 =
        if env!("BENCH_TARGET").as_bytes().eq_ignore_ascii_case(b"thumbv6m-none-eabi") { 2048 } else { 4096 };
    let top = stack_pointer() & !3;
    for address in (top - BYTES..top).step_by(4) {
        // SAFETY: below the stack pointer there is nothing but free stack, and no interrupt is on.
        unsafe { (address as *mut u32).write_volatile(PAINT) };
    }
    let result = black_box(work());
    let untouched =
        // SAFETY: as above.
        (top - BYTES..top).step_by(4).take_while(|address| unsafe { (*address as *const u32).read_volatile() } == PAINT);
    (result, BYTES - 4 * untouched.count() as u32)
}
