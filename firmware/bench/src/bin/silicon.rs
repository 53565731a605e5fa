//! The cycles of heads 64 -> 10 on a real board, by the cycle counter of its core (DWT): one line to send in. A debugger that shows semihosting
//! prints it, such as `probe-rs run`; the clock is that after a reset.
//!
//! ```text
//! BENCH_BOARD=stm32f411 cargo build --release --target thumbv7em-none-eabihf --features asm,silicon --bin silicon
//! probe-rs run --chip STM32F411VETx target/thumbv7em-none-eabihf/release/silicon
//! ```
#![no_std]
#![no_main]

use core::hint::black_box;

use bench::case::Case;
use bench::{entry, exit_success};
use cortex_m::Peripherals;
use cortex_m::peripheral::DWT;
use gradient_decay::quantized::{Quantization, QuantizedHead};
use gradient_decay::{BetaSchedule, FineTuner, FixedHead, FixedRate, LinearHead, Sgd, State};
use semihosting::println;
use static_cell::ConstStaticCell;

static HEAD: ConstStaticCell<LinearHead<10, 64>> = ConstStaticCell::new(LinearHead::new());
static CASE: ConstStaticCell<Case<10, 64, 650>> = ConstStaticCell::new(Case::new());

/// The fewest cycles of several calls, since interrupts of a debugger and a cold cache only add.
fn cycles(mut work: impl FnMut()) -> u32 {
    (0..16).fold(u32::MAX, |fewest, _| {
        let start = DWT::cycle_count();
        work();
        fewest.min(DWT::cycle_count().wrapping_sub(start))
    })
}

#[entry]
fn main() -> ! {
    let mut core = Peripherals::take().expect("nobody else has them");
    core.DCB.enable_trace();
    core.DWT.enable_cycle_counter();
    let (head, case) = (HEAD.take(), CASE.take());
    case.fill();
    head.import(&case.parameters).expect("the parameters are of this shape");
    let x = &case.features[0];
    let nothing = cycles(|| ());
    let inference = cycles(|| assert!(black_box(head.predict(x)).is_ok()));
    let (input, output) = black_box((Quantization::new(2.0 / 127.0, -3), Quantization::new(8.0 / 127.0, 4)));
    let quantized = QuantizedHead::new(head, input, output).expect("an i32 holds the biases");
    let mut fixed: FixedHead<10, 64> = FixedHead::from_head(head, 5, 1);
    let bytes = black_box(fixed.quantize(x));
    let logits = cycles(|| _ = black_box(quantized.logits(&bytes)));
    let fixed_inference = cycles(|| assert!(black_box(fixed.predict(&bytes)).is_ok()));
    let schedule = BetaSchedule::constant(1.0);
    // So slow that no step makes the next a cheaper one.
    let (tuner, mut state) = (black_box(FineTuner::new(schedule, Sgd::new(1e-6))), State::new());
    let step = cycles(|| assert!(black_box(&tuner.step(head, &mut state, x, 1)).is_ok()));
    let (tuner, mut state) = (black_box(FineTuner::new(schedule, FixedRate::new(0.01))), State::new());
    let fixed_step = cycles(|| assert!(black_box(&tuner.step(&mut fixed, &mut state, &bytes, 1)).is_ok()));
    println!(
        "{}, core {:08x}: cycles of 64 -> 10, a call of nothing being {nothing}: f32 inference {inference}, step {step}; integers \
         inference {fixed_inference}, step {fixed_step}; i8 logits {logits}",
        env!("BENCH_BOARD"),
        // SAFETY: a register is read.
        unsafe { (*cortex_m::peripheral::CPUID::PTR).base.read() }
    );
    exit_success()
}
