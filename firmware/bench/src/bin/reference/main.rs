//! What the core's counts are compared with, on the same numbers: naive loops, and with the feature `peers` other libraries;
//! and the exponentials of each math backend. Each line is `count`, a name, a shape and the largest count over the samples.
#![no_std]
#![no_main]

mod exponential;
mod naive;
#[cfg(feature = "peers")]
mod peers;

use bench::case::Case;
use bench::{InstructionCounter, exit_success};
use cortex_m_rt::entry;
use semihosting::println;
use static_cell::ConstStaticCell;

#[entry]
fn main() -> ! {
    let mut counter = InstructionCounter::new().expect("nobody else has it");
    macro_rules! shape {
        ($classes:literal, $features:literal) => {{
            static CASE: ConstStaticCell<Case<$classes, $features, { $classes * ($features + 1) }>> =
                ConstStaticCell::new(Case::new());
            let case = CASE.take();
            case.fill();
            naive::count(&mut counter, case);
            #[cfg(feature = "peers")]
            peers::count(&mut counter, case);
        }};
    }
    shape!(10, 64);
    shape!(10, 784);
    shape!(100, 128);
    exponential::count(&mut counter);
    exit_success()
}

/// Prints a count; `shape` is `FEATURES->CLASSES`.
fn report(name: &str, classes: usize, features: usize, count: u32) {
    println!("count {name} {features}->{classes} {count}");
}
