//! The loops over a packed unit upper triangular matrix, a panel of eight rows at a time. Portable code does the remaining rows.
//!
//! Of a panel's eight lanes, lane `i` has three registers: `s(i)`, `s(8 + i)` and `s(16 + i)`. The first eight hold the panel's own
//! numbers of the vector while its columns go by, from the triangle's of one number to the whole ones of eight.

use core::arch::asm;

use crate::numeric::kernels::portable::{transposed_triangle, triangle_product, update_triangle};
use crate::numeric::kernels::triangle::{PANEL, holds, packed};

/// Where the numbers of the last panel begin, that has `n - whole` rows.
const fn last(n: usize, whole: usize) -> usize {
    packed(n) - packed(n - whole)
}

/// Calls a macro with the registers of so many lanes: two lists of all, and three of each lane.
macro_rules! lanes {
    (1 $do:ident $($how:literal)*) => { $do!($($how)*; "s8", "s16"; "s0" "s8" "s16") };
    (2 $do:ident $($how:literal)*) => { $do!($($how)*; "s8-s9", "s16-s17"; "s0" "s8" "s16", "s1" "s9" "s17") };
    (3 $do:ident $($how:literal)*) => {
        $do!($($how)*; "s8-s10", "s16-s18"; "s0" "s8" "s16", "s1" "s9" "s17", "s2" "s10" "s18")
    };
    (4 $do:ident $($how:literal)*) => {
        $do!($($how)*; "s8-s11", "s16-s19"; "s0" "s8" "s16", "s1" "s9" "s17", "s2" "s10" "s18", "s3" "s11" "s19")
    };
    (5 $do:ident $($how:literal)*) => {
        $do!($($how)*; "s8-s12", "s16-s20";
            "s0" "s8" "s16", "s1" "s9" "s17", "s2" "s10" "s18", "s3" "s11" "s19", "s4" "s12" "s20")
    };
    (6 $do:ident $($how:literal)*) => {
        $do!($($how)*; "s8-s13", "s16-s21";
            "s0" "s8" "s16", "s1" "s9" "s17", "s2" "s10" "s18", "s3" "s11" "s19", "s4" "s12" "s20", "s5" "s13" "s21")
    };
    (7 $do:ident $($how:literal)*) => {
        $do!($($how)*; "s8-s14", "s16-s22";
            "s0" "s8" "s16", "s1" "s9" "s17", "s2" "s10" "s18", "s3" "s11" "s19", "s4" "s12" "s20", "s5" "s13" "s21",
            "s6" "s14" "s22")
    };
    (8 $do:ident $($how:literal)*) => {
        $do!($($how)*; "s8-s15", "s16-s23";
            "s0" "s8" "s16", "s1" "s9" "s17", "s2" "s10" "s18", "s3" "s11" "s19", "s4" "s12" "s20", "s5" "s13" "s21",
            "s6" "s14" "s22", "s7" "s15" "s23")
    };
}

/// Adds products to `sum`, one by one.
macro_rules! add_products {
    ($sum:literal: $($u:literal $x:literal),*) => {
        concat!(
            $("vmul.f32 ", $u, ", ", $u, ", ", $x, "\n",)*
            $("vadd.f32 ", $sum, ", ", $sum, ", ", $u, "\n",)*
        )
    };
}

/// Adds products with `x`, each to a sum of its own.
macro_rules! add_to_sums {
    ($x:literal: $($u:literal $sum:literal),*) => {
        concat!(
            $("vmul.f32 ", $u, ", ", $u, ", ", $x, "\n",)*
            $("vadd.f32 ", $sum, ", ", $sum, ", ", $u, "\n",)*
        )
    };
}

/// Calls a macro with each column of a triangle: seven registers for the columns from the second on, and the numbers and rows of each. They are
/// loaded in two parts.
macro_rules! triangle {
    ($do:ident $c1:literal $c2:literal $c3:literal $c4:literal $c5:literal $c6:literal $c7:literal) => {
        concat!(
            "vldmia {u}!, {{s8-s22}}\n",
            $do!($c1: "s8" "s0"),
            $do!($c2: "s9" "s0", "s10" "s1"),
            $do!($c3: "s11" "s0", "s12" "s1", "s13" "s2"),
            $do!($c4: "s14" "s0", "s15" "s1", "s16" "s2", "s17" "s3"),
            $do!($c5: "s18" "s0", "s19" "s1", "s20" "s2", "s21" "s3", "s22" "s4"),
            "vldmia {u}!, {{s8-s20}}\n",
            $do!($c6: "s8" "s0", "s9" "s1", "s10" "s2", "s11" "s3", "s12" "s4", "s13" "s5"),
            $do!($c7: "s14" "s0", "s15" "s1", "s16" "s2", "s17" "s3", "s18" "s4", "s19" "s5", "s20" "s6"),
        )
    };
}

/// The dot product of a whole column with the panel's eight numbers of the vector, in four lanes.
macro_rules! dot_column {
    ($sum:literal; $u:literal, $unused:literal; $($x:literal $own:literal $third:literal),*) => {
        concat!(
            "vldmia {u}!, {{", $u, "}}\n",
            $("vmul.f32 ", $own, ", ", $own, ", ", $x, "\n",)*
            "vadd.f32 s8, s8, s12\n",
            "vadd.f32 s9, s9, s13\n",
            "vadd.f32 s10, s10, s14\n",
            "vadd.f32 s11, s11, s15\n",
            "vadd.f32 s8, s8, s10\n",
            "vadd.f32 s9, s9, s11\n",
            "vadd.f32 ", $sum, ", s8, s9\n",
        )
    };
}

/// Adds a column times `x` to the sums.
macro_rules! add_column {
    ($x:literal; $u:literal, $unused:literal; $($sum:literal $own:literal $third:literal),*) => {
        concat!(
            "vldmia {u}!, {{", $u, "}}\n",
            $("vmul.f32 ", $own, ", ", $own, ", ", $x, "\n",)*
            $("vadd.f32 ", $sum, ", ", $sum, ", ", $own, "\n",)*
        )
    };
}

/// Adds the sums times `rate` to a column, and the column as it was times `x` to the sums.
macro_rules! update_column {
    ($rate:literal $x:literal; $u:literal, $updated:literal; $($sum:literal $own:literal $next:literal),*) => {
        concat!(
            "vldm {u}, {{", $u, "}}\n",
            $("vmul.f32 ", $next, ", ", $sum, ", ", $rate, "\n",)*
            $("vadd.f32 ", $next, ", ", $next, ", ", $own, "\n",)*
            $("vmul.f32 ", $own, ", ", $own, ", ", $x, "\n",)*
            "vstmia {u}!, {{", $updated, "}}\n",
            $("vadd.f32 ", $sum, ", ", $sum, ", ", $own, "\n",)*
        )
    };
}

/// See [`kernels::transposed_product`](crate::kernels::transposed_product).
#[inline(never)]
pub(in crate::numeric::kernels) fn transposed_product(u: &[f32], x: &[f32], to: &mut [f32]) {
    let (n, whole) = (x.len(), x.len() - x.len() % PANEL);
    if !holds(u, n) || to.len() < n {
        return;
    }
    if whole > 0 {
        // SAFETY: `u` holds a matrix of `n` rows; `x` and `to` have `n` numbers.
        unsafe {
            asm!(
                // The copy.
                "mov {x_below}, {x}",
                "mov {to_below}, {to}",
                "mov {count}, {panels}",
                "1:",
                "vldmia {x_below}!, {{s0-s7}}",
                "vstmia {to_below}!, {{s0-s7}}",
                "subs {count}, {count}, #1",
                "bne 1b",
                "ands {count}, {below}, #7",
                "beq 2f",
                "7:",
                "vldmia {x_below}!, {{s0}}",
                "vstmia {to_below}!, {{s0}}",
                "subs {count}, {count}, #1",
                "bne 7b",
                "2:",
                "vldmia {x}!, {{s0-s7}}",
                "vldm {to}, {{s24-s31}}",
                triangle!(add_products "s25" "s26" "s27" "s28" "s29" "s30" "s31"),
                "vstmia {to}!, {{s24-s31}}",
                "mov {to_below}, {to}",
                "lsrs {count}, {below}, #2",
                "beq 4f",
                // Four whole columns at once.
                "3:",
                lanes!(8 dot_column "s24"),
                lanes!(8 dot_column "s25"),
                lanes!(8 dot_column "s26"),
                lanes!(8 dot_column "s27"),
                "vldm {to_below}, {{s16-s19}}",
                "vadd.f32 s16, s16, s24",
                "vadd.f32 s17, s17, s25",
                "vadd.f32 s18, s18, s26",
                "vadd.f32 s19, s19, s27",
                "vstmia {to_below}!, {{s16-s19}}",
                "subs {count}, {count}, #1",
                "bne 3b",
                "4:",
                "ands {count}, {below}, #3",
                "beq 6f",
                "5:",
                lanes!(8 dot_column "s24"),
                "vldr s16, [{to_below}]",
                "vadd.f32 s16, s16, s24",
                "vstmia {to_below}!, {{s16}}",
                "subs {count}, {count}, #1",
                "bne 5b",
                "6:",
                "sub {below}, {below}, #8",
                "subs {panels}, {panels}, #1",
                "bne 2b",
                u = inout(reg) u.as_ptr() => _,
                x = inout(reg) x.as_ptr() => _,
                to = inout(reg) to.as_mut_ptr() => _,
                x_below = out(reg) _,
                to_below = out(reg) _,
                count = out(reg) _,
                below = inout(reg) n - PANEL => _,
                panels = inout(reg) whole / PANEL => _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                out("d12") _, out("d13") _, out("d14") _, out("d15") _,
                options(nostack),
            );
        }
    }
    if whole < n {
        let (u, x) = (u.get(last(n, whole)..).unwrap_or_default(), x.get(whole..).unwrap_or_default());
        let to = to.get_mut(whole..).unwrap_or_default();
        if whole == 0 {
            to.iter_mut().zip(x).for_each(|(to, x)| *to = *x);
        }
        transposed_triangle(u, x, to);
    }
}

/// See [`kernels::product`](crate::kernels::product).
#[inline(never)]
pub(in crate::numeric::kernels) fn product(u: &[f32], x: &mut [f32]) {
    let (n, whole) = (x.len(), x.len() - x.len() % PANEL);
    if !holds(u, n) {
        return;
    }
    if whole > 0 {
        // SAFETY: `u` holds a matrix of `n` rows; `x` has `n` numbers.
        unsafe {
            asm!(
                "2:",
                "vldm {x}, {{s0-s7}}",
                triangle!(add_to_sums "s1" "s2" "s3" "s4" "s5" "s6" "s7"),
                "add {x_below}, {x}, #32",
                "lsrs {count}, {below}, #2",
                "beq 4f",
                // Four whole columns at once.
                "3:",
                "vldmia {x_below}!, {{s24-s27}}",
                lanes!(8 add_column "s24"),
                lanes!(8 add_column "s25"),
                lanes!(8 add_column "s26"),
                lanes!(8 add_column "s27"),
                "subs {count}, {count}, #1",
                "bne 3b",
                "4:",
                "ands {count}, {below}, #3",
                "beq 6f",
                "5:",
                "vldmia {x_below}!, {{s24}}",
                lanes!(8 add_column "s24"),
                "subs {count}, {count}, #1",
                "bne 5b",
                "6:",
                "vstmia {x}!, {{s0-s7}}",
                "sub {below}, {below}, #8",
                "subs {panels}, {panels}, #1",
                "bne 2b",
                u = inout(reg) u.as_ptr() => _,
                x = inout(reg) x.as_mut_ptr() => _,
                x_below = out(reg) _,
                count = out(reg) _,
                below = inout(reg) n - PANEL => _,
                panels = inout(reg) whole / PANEL => _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                out("d12") _, out("d13") _,
                options(nostack),
            );
        }
    }
    if whole < n {
        let rest = (u.get(last(n, whole)..), x.get_mut(whole..));
        triangle_product(rest.0.unwrap_or_default(), rest.1.unwrap_or_default());
    }
}

/// See [`kernels::update_product`](crate::kernels::update_product).
#[inline(never)]
pub(in crate::numeric::kernels) fn update_product(u: &mut [f32], rates: &[f32], x: &mut [f32]) {
    let (n, whole) = (x.len(), x.len() - x.len() % PANEL);
    if !holds(u, n) || rates.len() < n {
        return;
    }
    if whole > 0 {
        // SAFETY: `u` holds a matrix of `n` rows; `rates` and `x` have `n` numbers.
        unsafe {
            asm!(
                "2:",
                "vldm {x}, {{s0-s7}}",
                "vldmia {rates}!, {{s24-s31}}",
                lanes!(1 update_column "s25" "s1"),
                lanes!(2 update_column "s26" "s2"),
                lanes!(3 update_column "s27" "s3"),
                lanes!(4 update_column "s28" "s4"),
                lanes!(5 update_column "s29" "s5"),
                lanes!(6 update_column "s30" "s6"),
                lanes!(7 update_column "s31" "s7"),
                "add {x_below}, {x}, #32",
                "mov {rates_below}, {rates}",
                "lsrs {count}, {below}, #2",
                "beq 4f",
                // Four whole columns at once.
                "3:",
                "vldmia {rates_below}!, {{s24-s27}}",
                "vldmia {x_below}!, {{s28-s31}}",
                lanes!(8 update_column "s24" "s28"),
                lanes!(8 update_column "s25" "s29"),
                lanes!(8 update_column "s26" "s30"),
                lanes!(8 update_column "s27" "s31"),
                "subs {count}, {count}, #1",
                "bne 3b",
                "4:",
                "ands {count}, {below}, #3",
                "beq 6f",
                "5:",
                "vldmia {rates_below}!, {{s24}}",
                "vldmia {x_below}!, {{s28}}",
                lanes!(8 update_column "s24" "s28"),
                "subs {count}, {count}, #1",
                "bne 5b",
                "6:",
                "vstmia {x}!, {{s0-s7}}",
                "sub {below}, {below}, #8",
                "subs {panels}, {panels}, #1",
                "bne 2b",
                u = inout(reg) u.as_mut_ptr() => _,
                rates = inout(reg) rates.as_ptr() => _,
                x = inout(reg) x.as_mut_ptr() => _,
                rates_below = out(reg) _,
                x_below = out(reg) _,
                count = out(reg) _,
                below = inout(reg) n - PANEL => _,
                panels = inout(reg) whole / PANEL => _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                out("d12") _, out("d13") _, out("d14") _, out("d15") _,
                options(nostack),
            );
        }
    }
    if whole < n {
        let rest = (u.get_mut(last(n, whole)..), rates.get(whole..), x.get_mut(whole..));
        update_triangle(rest.0.unwrap_or_default(), rest.1.unwrap_or_default(), rest.2.unwrap_or_default());
    }
}
