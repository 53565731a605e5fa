//! What the programs `trainer_..` consist of but for the library: their flash and RAM less this one's are the library's.
#![no_std]
#![no_main]

use core::hint::black_box;

use bench::{InstructionCounter, Random, exit_success, stack_of};
use semihosting::println;
use static_cell::ConstStaticCell;

static FEATURES: ConstStaticCell<[f32; 1]> = ConstStaticCell::new([0.0; 1]);

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut counter = InstructionCounter::new().expect("nobody else has it");
    let features = FEATURES.take();
    let mut random = Random(2024);
    features.fill_with(|| random.symmetric());
    let (_, stack) = stack_of(|| black_box(&features));
    println!("stack step {stack}");
    let (_, stack) = stack_of(|| black_box(&features));
    println!("stack inference {stack}");
    let (_, stack) = stack_of(|| black_box(&features));
    println!("stack calibration {stack}");
    let (_, count) = counter.count(|| black_box(&features));
    println!("count step {count}");
    let (_, count) = counter.count(|| black_box(&features));
    println!("count inference {count}");
    let (_, count) = counter.count(|| black_box(&features));
    println!("count calibration {count}");
    exit_success()
}
