//! The square root of Arm's FPU, one instruction.
#![allow(unsafe_code)]

use core::arch::asm;

/// The square root, which the FPU rounds correctly.
pub(crate) fn sqrt(x: f32) -> f32 {
    let root: u32;
    // SAFETY: no memory is touched.
    unsafe {
        asm!(
            "vmov s0, {x}",
            "vsqrt.f32 s0, s0",
            "vmov {root}, s0",
            x = in(reg) x.to_bits(),
            root = out(reg) root,
            out("d0") _,
            options(pure, nomem, nostack),
        );
    }
    f32::from_bits(root)
}
