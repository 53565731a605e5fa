//! The instructions of a step with momentum, of a head 64 -> 10.
#![no_std]
#![no_main]

use core::hint::black_box;

use bench::case::Case;
use bench::{InstructionCounter, exit_success};
use cortex_m_rt::entry;
use gradient_decay::{BetaSchedule, FineTuner, MomentumHead, Sgd, State};
use semihosting::println;
use static_cell::ConstStaticCell;

static HEAD: ConstStaticCell<MomentumHead<10, 64>> = ConstStaticCell::new(MomentumHead::new());
static CASE: ConstStaticCell<Case<10, 64, 650>> = ConstStaticCell::new(Case::new());

#[entry]
fn main() -> ! {
    let mut counter = InstructionCounter::new().expect("nobody else has it");
    let (head, mut state, case) = (HEAD.take(), State::new(), CASE.take());
    case.fill();
    head.import(&case.parameters).expect("the parameters are of this shape");
    let tuner = black_box(FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.01).with_momentum(0.9)));
    let count = case.largest(|features, target| {
        counter
            .count(|| assert!(black_box(&bench::reported(&tuner.step(head, &mut state, features, target))).is_ok()))
            .1
    });
    println!("count step-momentum {count}");
    exit_success()
}
