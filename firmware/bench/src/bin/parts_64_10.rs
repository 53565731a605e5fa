//! The instructions of the parts of a step of a head 64 -> 10, each called by itself.
#![no_std]
#![no_main]

use core::hint::black_box;

use bench::case::Case;
use bench::{InstructionCounter, exit_success};
use cortex_m_rt::entry;
use gradient_decay::{GradientDecay, Libm, Math, Preprocess, Standardizer, kernels};
use semihosting::println;
use static_cell::ConstStaticCell;

const LOSS: GradientDecay = GradientDecay::new(1.0);

static ROWS: ConstStaticCell<[[f32; 64]; 10]> = ConstStaticCell::new([[0.5; 64]; 10]);
static CASE: ConstStaticCell<Case<10, 64, 650>> = ConstStaticCell::new(Case::new());

#[entry]
fn main() -> ! {
    let mut counter = InstructionCounter::new().expect("nobody else has it");
    let (rows, case) = (ROWS.take(), CASE.take());
    case.fill();
    let [x, ..] = &case.features;
    let (mut sums, rates) = (black_box([0.1; 10]), black_box([0.01; 10]));
    let ((), count) = counter.count(|| kernels::add_dot_rows(rows, x, &mut sums));
    println!("count part-forward {count}");
    let (sum, count) = counter.count(|| kernels::sum_of_magnitudes(x));
    println!("count part-magnitudes {count}");
    let ((), count) = counter.count(|| kernels::update_rows(rows, black_box(1.0), &rates, x));
    println!("count part-update {count}");
    let mut logits = black_box([-0.5; 10]);
    let (total, count) = counter.count(|| kernels::exp_and_sum::<Libm>(&mut logits, black_box(0.0), black_box(0.0)));
    println!("count part-exponentials {count}");
    let (ln, count) = counter.count(|| Libm::ln(black_box(3.0)));
    println!("count part-ln {count}");
    let mut gradient = [0.0; 10];
    let (loss, count) = counter.count(|| LOSS.loss_and_gradient(&sums, 3, &mut gradient));
    println!("count part-loss-and-gradient {count}");
    let standardizer = black_box(Standardizer::from_statistics(&[0.5; 64], &[2.0; 64]));
    let (standardized, count) = counter.count(|| standardizer.apply(x, |x| _ = black_box(x)));
    println!("count part-standardize {count}");
    black_box((standardized.is_ok(), sum, total, ln, loss.is_ok(), gradient));
    exit_success()
}
