//! The digits demonstration on QEMU's `mps2-an386` (Cortex-M4F): infers, fine-tunes on shifted digits, infers again,
//! and counts the instructions of an inference and of a step.
#![no_std]
#![no_main]

mod board;
mod digits;

use cortex_m_rt::entry;
use defmt::{error, info, unwrap};
use gradient_decay::{LinearHead, State};
use gradient_decay_app::{Device, HIDDEN, Head, Sample, TUNER, extract, run, trained_head};
use static_cell::ConstStaticCell;

static HEAD: ConstStaticCell<Head> = ConstStaticCell::new(trained_head());

#[entry]
fn main() -> ! {
    let mut counter = unwrap!(board::InstructionCounter::new());
    count_instructions(&mut counter);

    let lamp = board::Lamp;
    let mut device = Device::new(&HIDDEN, HEAD.take(), TUNER, lamp);
    let report = run(&mut device, &digits::STREAM, &digits::TEST, |count, step| {
        if count % 50 == 0 {
            info!("{} learned, beta {}, loss {}, {}", count, step.beta, step.loss, step.prediction);
        }
    });
    match report {
        Ok(report) => {
            info!("right before: {}/{}", report.right_before, report.tested);
            info!("right after: {}/{}", report.right_after, report.tested);
            info!("head crc: {:08x}", report.head_crc);
            if report.right_after > report.right_before && board::lamp_is_lit() == device.does_well() {
                board::exit_success()
            }
            error!("the device did not learn, or its lamp is wrong");
        }
        Err(problem) => error!("{}", problem),
    }
    board::exit_failure()
}

/// Counts the instructions of one inference and of one step of the 64 -> 10 head, on the first digit of the stream.
fn count_instructions(counter: &mut board::InstructionCounter) {
    let Sample { pixels, label } = &digits::STREAM[0];
    let target = usize::from(*label);
    let mut features = [0.0; 64];
    unwrap!(extract(&HIDDEN, pixels, &mut features));
    static SCRATCH: ConstStaticCell<Head> = ConstStaticCell::new(trained_head());
    let head: &mut LinearHead<10, 64> = SCRATCH.take();

    let (prediction, count) = counter.count(|| head.predict(&features));
    info!("instructions of an inference with softmax: {}", count);
    unwrap!(prediction);

    let mut state = State::new();
    state.set_steps(1);
    let (step, count) = counter.count(|| TUNER.step(head, &mut state, &features, target));
    info!("instructions of a step in the warm-up: {}", count);
    unwrap!(step);
    state.set_steps(u32::MAX);
    let (step, count) = counter.count(|| TUNER.step(head, &mut state, &features, target));
    info!("instructions of a step after it: {}", count);
    unwrap!(step);
}
