//! What the programs `trainer_..` consist of but for the library: what they have in flash and RAM beyond this is the library's.
#![no_std]
#![no_main]

use core::hint::black_box;

use bench::{InstructionCounter, Random, exit_success, stack_of};
use semihosting::println;
use static_cell::ConstStaticCell;

// As aligned as that of the trainers, so that the cell around it is as large.
static DEVICE: ConstStaticCell<[u64; 0]> = ConstStaticCell::new([]);

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut counter = InstructionCounter::new().expect("nobody else has it");
    let device = DEVICE.take();
    let mut random = Random(2024);
    device.fill_with(|| u64::from(random.bits()) + random.symmetric() as u64);
    println!("stack step {}", stack_of(|| black_box(&device)).1);
    println!("count step {}", counter.count(|| black_box(&device)).1);
    exit_success()
}
