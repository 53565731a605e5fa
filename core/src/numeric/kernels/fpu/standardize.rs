//! Standardises features, eight at a time. Portable code does the remaining ones.

use core::arch::asm;

use super::STRIDE;
use crate::numeric::kernels::portable;

/// See [`kernels::standardize`](crate::kernels::standardize).
#[inline(never)]
pub(in crate::numeric::kernels) fn standardize(features: &[f32], mean: &[f32], scale: &[f32], to: &mut [f32]) {
    let n = features.len().min(mean.len()).min(scale.len()).min(to.len());
    let whole = n - n % STRIDE;
    if whole > 0 {
        // SAFETY: each slice has at least `whole` numbers.
        unsafe {
            asm!(
                "2:",
                "vldmia {x}!, {{s0-s7}}",
                "vldmia {mean}!, {{s8-s15}}",
                "vsub.f32 s0, s0, s8",
                "vsub.f32 s1, s1, s9",
                "vsub.f32 s2, s2, s10",
                "vsub.f32 s3, s3, s11",
                "vsub.f32 s4, s4, s12",
                "vsub.f32 s5, s5, s13",
                "vsub.f32 s6, s6, s14",
                "vsub.f32 s7, s7, s15",
                "vldmia {scale}!, {{s8-s15}}",
                "vmul.f32 s0, s0, s8",
                "vmul.f32 s1, s1, s9",
                "vmul.f32 s2, s2, s10",
                "vmul.f32 s3, s3, s11",
                "vmul.f32 s4, s4, s12",
                "vmul.f32 s5, s5, s13",
                "vmul.f32 s6, s6, s14",
                "vmul.f32 s7, s7, s15",
                "subs {blocks}, {blocks}, #1",
                "vstmia {to}!, {{s0-s7}}",
                "bne 2b",
                x = inout(reg) features.as_ptr() => _,
                mean = inout(reg) mean.as_ptr() => _,
                scale = inout(reg) scale.as_ptr() => _,
                to = inout(reg) to.as_mut_ptr() => _,
                blocks = inout(reg) whole / STRIDE => _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                options(nostack),
            );
        }
    }
    let rest = (features.get(whole..n), mean.get(whole..n), scale.get(whole..n), to.get_mut(whole..n));
    if let (Some(features), Some(mean), Some(scale), Some(to)) = rest {
        portable::standardize(features, mean, scale, to);
    }
}
