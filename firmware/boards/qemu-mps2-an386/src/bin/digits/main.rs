//! The digits demonstration on QEMU's `mps2-an386` (Cortex-M4F): infers, fine-tunes on shifted digits, infers again.
#![no_std]
#![no_main]

mod data;

use board_support::qemu::{exit_failure, exit_success, mps2};
use cortex_m_rt::entry;
use defmt::{error, info};
use gradient_decay_app::digits::{Device, HIDDEN, Head, Practice, TUNER, run, trained_head};
use static_cell::ConstStaticCell;

static HEAD: ConstStaticCell<Head> = ConstStaticCell::new(trained_head());

#[entry]
fn main() -> ! {
    let lamp = mps2::Lamp;
    let mut device = Device::new(&HIDDEN, HEAD.take(), TUNER, lamp);
    let report = run(&mut device, &data::STREAM, &data::TEST, |count, step| {
        if count % 50 == 0 {
            info!("{} learned, beta {}, loss {}, {}", count, step.beta, step.loss, step.prediction);
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

/// What learning needs in practice, on a head of its own. Whether it went well.
fn practice() -> bool {
    let report =
        Practice::new(trained_head()).and_then(|mut practice| practice.run(&HIDDEN, &data::STREAM, &data::TEST));
    match report {
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
