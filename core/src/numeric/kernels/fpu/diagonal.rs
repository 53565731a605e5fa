//! The loops over a diagonal, eight numbers at a time. Portable code does the remaining ones.

use core::arch::asm;

use super::STRIDE;
use crate::numeric::kernels::portable::{Progress, add_gain, add_subtract};

/// An operation on several registers, one behind the other.
macro_rules! each {
    ($operation:literal: $($to:literal $a:literal $b:literal),*) => {
        concat!($($operation, " ", $to, ", ", $a, ", ", $b, "\n",)*)
    };
}

/// See [`kernels::subtract`](crate::kernels::subtract).
#[inline(never)]
pub(in crate::numeric::kernels) fn subtract(a: &[f32], b: &[f32], to: &mut [f32]) -> f32 {
    let n = a.len().min(b.len()).min(to.len());
    let whole = n - n % STRIDE;
    let mut sum = 0_u32;
    if whole > 0 {
        // SAFETY: each slice has at least `whole` numbers.
        unsafe {
            asm!(
                "vmov s24, {sum}",
                "2:",
                "vldmia {a}!, {{s0-s7}}",
                "vldmia {b}!, {{s8-s15}}",
                each!("vsub.f32":
                    "s8" "s0" "s8", "s9" "s1" "s9", "s10" "s2" "s10", "s11" "s3" "s11",
                    "s12" "s4" "s12", "s13" "s5" "s13", "s14" "s6" "s14", "s15" "s7" "s15"),
                "vstmia {to}!, {{s8-s15}}",
                "vabs.f32 s0, s0",
                "vabs.f32 s1, s1",
                "vabs.f32 s2, s2",
                "vabs.f32 s3, s3",
                "vabs.f32 s4, s4",
                "vabs.f32 s5, s5",
                "vabs.f32 s6, s6",
                "vabs.f32 s7, s7",
                each!("vadd.f32":
                    "s24" "s24" "s0", "s24" "s24" "s1", "s24" "s24" "s2", "s24" "s24" "s3",
                    "s24" "s24" "s4", "s24" "s24" "s5", "s24" "s24" "s6", "s24" "s24" "s7"),
                "subs {blocks}, {blocks}, #1",
                "bne 2b",
                "vmov {sum}, s24",
                a = inout(reg) a.as_ptr() => _,
                b = inout(reg) b.as_ptr() => _,
                to = inout(reg) to.as_mut_ptr() => _,
                blocks = inout(reg) whole / STRIDE => _,
                sum = inout(reg) sum,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d12") _,
                options(nostack),
            );
        }
    }
    let rest = (a.get(whole..n), b.get(whole..n), to.get_mut(whole..n));
    let sum = f32::from_bits(sum);
    add_subtract(rest.0.unwrap_or_default(), rest.1.unwrap_or_default(), rest.2.unwrap_or_default(), sum)
}

/// See [`kernels::gain`](crate::kernels::gain).
#[inline(never)]
pub(in crate::numeric::kernels) fn gain(diagonal: &[f32], f: &[f32], gain: &mut [f32]) -> f32 {
    let n = diagonal.len().min(f.len()).min(gain.len());
    let whole = n - n % STRIDE;
    let mut sum = 0_u32;
    if whole > 0 {
        // SAFETY: each slice has at least `whole` numbers.
        unsafe {
            asm!(
                "vmov s16, {sum}",
                "2:",
                "vldmia {f}!, {{s0-s7}}",
                "vldmia {diagonal}!, {{s8-s15}}",
                each!("vmul.f32":
                    "s8" "s8" "s0", "s9" "s9" "s1", "s10" "s10" "s2", "s11" "s11" "s3",
                    "s12" "s12" "s4", "s13" "s13" "s5", "s14" "s14" "s6", "s15" "s15" "s7",
                    "s0" "s0" "s8", "s1" "s1" "s9", "s2" "s2" "s10", "s3" "s3" "s11",
                    "s4" "s4" "s12", "s5" "s5" "s13", "s6" "s6" "s14", "s7" "s7" "s15"),
                each!("vadd.f32":
                    "s16" "s16" "s0", "s16" "s16" "s1", "s16" "s16" "s2", "s16" "s16" "s3",
                    "s16" "s16" "s4", "s16" "s16" "s5", "s16" "s16" "s6", "s16" "s16" "s7"),
                "subs {blocks}, {blocks}, #1",
                "vstmia {gain}!, {{s8-s15}}",
                "bne 2b",
                "vmov {sum}, s16",
                f = inout(reg) f.as_ptr() => _,
                diagonal = inout(reg) diagonal.as_ptr() => _,
                gain = inout(reg) gain.as_mut_ptr() => _,
                blocks = inout(reg) whole / STRIDE => _,
                sum = inout(reg) sum,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _,
                options(nostack),
            );
        }
    }
    let rest = (diagonal.get(whole..n), f.get(whole..n), gain.get_mut(whole..n));
    let sum = f32::from_bits(sum);
    add_gain(rest.0.unwrap_or_default(), rest.1.unwrap_or_default(), rest.2.unwrap_or_default(), sum)
}

/// The update of one number of the diagonal: `sum` in s24, `1 / alpha` in s26, `start` in s28, 1 in s29. What was `next` becomes
/// `alpha`, so these two take turns.
macro_rules! update_one {
    ($f:literal $gain:literal $d:literal: $alpha:literal $next:literal) => {
        concat!(
            "vmul.f32 ",
            $gain,
            ", ",
            $f,
            ", ",
            $gain,
            "\n",
            "vnmul.f32 ",
            $f,
            ", ",
            $f,
            ", s26\n",
            "vadd.f32 s24, s24, ",
            $gain,
            "\n",
            "vadd.f32 ",
            $next,
            ", s28, s24\n",
            "vdiv.f32 s26, s29, ",
            $next,
            "\n",
            "vmul.f32 ",
            $alpha,
            ", ",
            $alpha,
            ", s26\n",
            "vmul.f32 ",
            $d,
            ", ",
            $d,
            ", ",
            $alpha,
            "\n",
        )
    };
}

/// See [`kernels::update_diagonal`](crate::kernels::update_diagonal).
#[inline(never)]
pub(in crate::numeric::kernels) fn update_diagonal(
    diagonal: &mut [f32],
    f: &mut [f32],
    gain: &[f32],
    start: f32,
) -> f32 {
    let n = diagonal.len().min(f.len()).min(gain.len());
    let whole = n - n % STRIDE;
    let mut progress = Progress::new(start);
    if whole > 0 {
        // SAFETY: each slice has at least `whole` numbers, and `Progress` is five numbers in that order.
        unsafe {
            asm!(
                "vldm {progress}, {{s24-s28}}",
                "vmov.f32 s29, #1.0",
                "2:",
                "vldm {f}, {{s0-s7}}",
                "vldmia {gain}!, {{s8-s15}}",
                "vldm {diagonal}, {{s16-s23}}",
                update_one!("s0" "s8" "s16": "s25" "s27"),
                update_one!("s1" "s9" "s17": "s27" "s25"),
                update_one!("s2" "s10" "s18": "s25" "s27"),
                update_one!("s3" "s11" "s19": "s27" "s25"),
                update_one!("s4" "s12" "s20": "s25" "s27"),
                update_one!("s5" "s13" "s21": "s27" "s25"),
                update_one!("s6" "s14" "s22": "s25" "s27"),
                update_one!("s7" "s15" "s23": "s27" "s25"),
                "subs {blocks}, {blocks}, #1",
                "vstmia {f}!, {{s0-s7}}",
                "vstmia {diagonal}!, {{s16-s23}}",
                "bne 2b",
                "vstm {progress}, {{s24-s26}}",
                progress = in(reg) &raw mut progress,
                f = inout(reg) f.as_mut_ptr() => _,
                gain = inout(reg) gain.as_ptr() => _,
                diagonal = inout(reg) diagonal.as_mut_ptr() => _,
                blocks = inout(reg) whole / STRIDE => _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                out("d12") _, out("d13") _, out("d14") _,
                options(nostack),
            );
        }
    }
    let rest = (diagonal.get_mut(whole..n), f.get_mut(whole..n), gain.get(whole..n));
    progress.update(rest.0.unwrap_or_default(), rest.1.unwrap_or_default(), rest.2.unwrap_or_default()).inverse
}
