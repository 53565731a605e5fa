//! The updates of rows.
//!
//! # Safety
//! As for the dot products; weights are read and written two by two, from any address, and none behind a row.

use core::arch::asm;

/// The last features of an update as i16, times `2^scale`, which is 2^8 at most. Returns where they end.
///
/// # Safety
/// `wide` has room for them.
pub(super) unsafe fn widen_scaled(x: &[i8], wide: *mut i16, scale: u32) -> *const i16 {
    let mut end = wide;
    for x in x {
        // SAFETY: the caller's.
        unsafe {
            end.write(i16::from(*x) << scale);
            end = end.add(1);
        }
    }
    end
}

/// The next random number.
macro_rules! draw {
    () => {
        "eor {s}, {s}, {s}, lsl #13\neor {s}, {s}, {s}, lsr #17\neor {s}, {s}, {s}, lsl #5\n"
    };
}

/// Updates two weights by the features in a register.
macro_rules! update_halfwords {
    ($x:literal) => {
        concat!(
            draw!(),
            "ldr {w}, [{p}]\n",
            "uxth {t}, {s}\n",
            "lsr {u}, {s}, #16\n",
            "smlabb {t}, {rate}, {",
            $x,
            "}, {t}\n",
            "smlabt {u}, {rate}, {",
            $x,
            "}, {u}\n",
            "pkhtb {t}, {u}, {t}, asr #16\n",
            "qsub16 {w}, {w}, {t}\n",
            "str {w}, [{p}], #4\n",
        )
    };
}

/// The features behind the blocks, two by two, and the last of an odd number alone. Without a tail there are none.
macro_rules! behind_blocks {
    () => {
        ""
    };
    (tail) => {
        concat!(
            "sub {x1}, {rest_end}, #2\n",
            "b 4f\n",
            "3:\n",
            "ldr {x0}, [{x}], #4\n",
            update_halfwords!("x0"),
            "4:\n",
            "cmp {x}, {x1}\n",
            "blo 3b\n",
            "bne 5f\n",
            draw!(),
            "ldrsh {x0}, [{x}]\n",
            "ldrh {w}, [{p}]\n",
            "uxth {t}, {s}\n",
            "smlabb {t}, {rate}, {x0}, {t}\n",
            "asr {t}, {t}, #16\n",
            "qsub16 {w}, {w}, {t}\n",
            "strh {w}, [{p}]\n",
            "5:",
        )
    };
}

/// A function that updates a row; `rate` fits 16 bits. It returns the generator's state.
macro_rules! update_row {
    ($name:ident $(, $tail:tt $end:ident)?) => {
        /// # Safety
        /// The features from `x` to `x_end` begin at a multiple of 4, there are some, by multiples of 8; the rest are behind them; there are as
        /// many weights.
        #[inline]
        pub(super) unsafe fn $name(
            row: *mut i16,
            x: *const i16,
            x_end: *const i16,
            $($end: *const i16,)?
            rate: i32,
            random: u32,
        ) -> u32 {
            let mut state = random;
            // SAFETY: the caller's.
            unsafe {
                asm!(
                    "2:",
                    "ldrd {x0}, {x1}, [{x}], #8",
                    update_halfwords!("x0"),
                    update_halfwords!("x1"),
                    "ldrd {x0}, {x1}, [{x}], #8",
                    update_halfwords!("x0"),
                    update_halfwords!("x1"),
                    "cmp {x}, {x_end}",
                    "bne 2b",
                    behind_blocks!($($tail)?),
                    p = inout(reg) row => _,
                    x = inout(reg) x => _,
                    x_end = in(reg) x_end,
                    $($end = in(reg) $end,)?
                    s = inout(reg) state,
                    rate = in(reg) rate,
                    x0 = out(reg) _,
                    x1 = out(reg) _,
                    w = out(reg) _,
                    t = out(reg) _,
                    u = out(reg) _,
                    options(nostack),
                );
            }
            state
        }
    };
}

update_row!(blocks_i16);
update_row!(all_i16, tail rest_end);
