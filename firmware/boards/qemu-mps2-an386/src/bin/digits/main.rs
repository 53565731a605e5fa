//! The digits demonstration on QEMU's `mps2-an386` (Cortex-M4F): infers, fine-tunes on shifted digits, infers again.
#![no_std]
#![no_main]

mod data;

use board_support::qemu::{exit_failure, exit_success, mps2};
use cortex_m_rt::entry;
use defmt::{error, info};
use gradient_decay::Learner;
use gradient_decay_app::digits::{Device, HIDDEN, Head, Practice, TUNER, run, trained_learner};
use static_cell::ConstStaticCell;

static LEARNER: ConstStaticCell<Learner<Head>> = ConstStaticCell::new(trained_learner());
static PRACTICE: ConstStaticCell<Practice> = ConstStaticCell::new(Practice::new());

#[entry]
fn main() -> ! {
    let lamp = mps2::Lamp;
    let mut device = Device::new(&HIDDEN, LEARNER.take(), TUNER, lamp);
    let report = run(&mut device, &data::STREAM, &data::TEST, |count, step| {
        if count % 50 == 0 {
            info!("{} learned, beta {}, loss {}, {}", count, step.beta(), step.loss(), step.prediction());
        }
    });
    match report {
        Ok(report) => {
            info!("right before: {}/{}", report.right_before, report.tested);
            info!("right after: {}/{}", report.right_after, report.tested);
            info!("head crc: {:08x}", report.head_crc);
            if !practice() {
                exit_failure()
            }
            if report.right_after > report.right_before && mps2::lamp_is_lit() == device.does_well() {
                exit_success()
            }
            error!("the device did not learn, or its lamp is wrong");
        }
        Err(problem) => error!("{}", problem),
    }
    exit_failure()
}

/// Runs [`Practice`]; returns whether it went well.
fn practice() -> bool {
    match PRACTICE.take().run(&HIDDEN, &data::STREAM, &data::TEST) {
        Ok(report) => {
            info!("a new digit, a memory, an answer: {}", report);
            true
        }
        Err(problem) => {
            error!("{}", problem);
            false
        }
    }
}
