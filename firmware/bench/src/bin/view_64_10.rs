//! The instructions of a head 64 -> 10 whose shape is known only at run time.
#![no_std]
#![no_main]

use core::hint::black_box;

use bench::case::Case;
use bench::{InstructionCounter, exit_success, reported};
use cortex_m_rt::entry;
use gradient_decay::{BetaSchedule, FineTuner, LinearView, PairView, Sgd, State};
use semihosting::println;
use static_cell::ConstStaticCell;

static CASE: ConstStaticCell<Case<10, 64, 650>> = ConstStaticCell::new(Case::new());

#[entry]
fn main() -> ! {
    let mut counter = InstructionCounter::new().expect("nobody else has it");
    let case = CASE.take();
    case.fill();
    let (classes, features) = black_box((10, 64));
    let tuner = black_box(FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.01)));
    let mut parameters = case.parameters;
    let (mut logits, mut scratch) = ([0.0; 10], [0.0; 20]);
    let mut head = LinearView::new(&mut parameters, classes, features).expect("the parameters are of this shape");
    let mut state = State::with_work(PairView::new(&mut scratch, classes).expect("two numbers a class"));
    let inference = case.largest(|x, _| counter.count(|| assert!(black_box(&head.predict(x, &mut logits)).is_ok())).1);
    println!("count view-inference {inference}");
    let step = case.largest(|x, target| {
        head.import(&case.parameters).expect("the parameters are of this shape");
        counter.count(|| assert!(black_box(&reported(&tuner.step(&mut head, &mut state, x, target))).is_ok())).1
    });
    println!("count view-step {step}");
    exit_success()
}
