//! gradient-decay for C: a static library, whose header `include/gradient_decay.h` is made of these files by cbindgen.
//!
//! A [`gd_trainer`] is a handle in the caller's memory, over the caller's parameters; nothing is allocated. Every function returns a
//! status, [`GD_OK`] or an error, after which nothing is changed. No panic can cross the border, since the core has none.
//! A [`gd_discriminant`] is the head that learns without a gradient, whose members the caller can read, and a
//! [`gd_fixed`] one in integers. A [`gd_learner`] is either with the parts
//! that a device wants beside it.
//!
//! The shape is known at run time, so that one library serves all heads. The bits are those of the Rust library, whose
//! [`Learner`](gradient_decay::Learner) does what the functions ask for.
#![cfg_attr(target_os = "none", no_std)]
// The names are C's.
#![allow(non_camel_case_types)]

// Apart, as the header has them in this order.
mod status;
mod trainer;

mod learn;

mod checkpoint;

mod discriminant;

mod fixed;

mod learner;

mod pointer;

pub use checkpoint::*;
pub use discriminant::*;
pub use fixed::*;
pub use learn::*;
pub use learner::*;
pub use status::*;
pub use trainer::*;

/// The linker finds this only if something panics, which `cargo xtask test` shows that nothing does.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
