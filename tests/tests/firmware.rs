//! The firmware's program on the host: the same core, the same samples, and so the same bits as in QEMU, whose log
//! `cargo xtask qemu` compares with the same file.

use std::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};
use gradient_decay_app::digits::{
    Device, HIDDEN, Practice, Sample, TUNER, extract, run, trained_head, trained_learner,
};

/// The log of the firmware in QEMU.
const EXPECTED: &str = include_str!("../../firmware/boards/qemu-mps2-an386/digits.log");

struct NoLamp;

impl ErrorType for NoLamp {
    type Error = Infallible;
}

impl OutputPin for NoLamp {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn samples(digits: Vec<digits::Digit>) -> Vec<Sample> {
    digits.into_iter().map(|digits::Digit { pixels, label }| Sample { pixels, label }).collect()
}

fn expected(name: &str) -> &'static str {
    let line = EXPECTED.lines().find_map(|line| line.split_once(name));
    line.unwrap_or_else(|| panic!("the log has a line with {name}")).1.trim()
}

#[test]
fn the_host_gives_the_bits_of_the_firmware() {
    let mut learner = trained_learner();
    let mut device = Device::new(&HIDDEN, &mut learner, TUNER, NoLamp);
    let (stream, test) = (samples(digits::device_stream()), samples(digits::device_test()));
    let mut logged = 0;
    let report = run(&mut device, &stream, &test, |count, step| {
        if count % 50 == 0 {
            let (beta, loss, prediction) = (step.beta(), step.loss(), step.prediction());
            let line = format!("{count} learned, beta {beta:?}, loss {loss:?}, {prediction:?}");
            assert!(EXPECTED.contains(&line), "the firmware did not log {line}");
            logged += 1;
        }
    })
    .unwrap();
    assert_eq!(logged, 6);
    assert_eq!(format!("{:08x}", report.head_crc), expected("head crc:"));
    assert_eq!(format!("{}/{}", report.right_before, report.tested), expected("right before:"));
    assert_eq!(format!("{}/{}", report.right_after, report.tested), expected("right after:"));
    assert!(report.right_after > report.right_before);
}

#[test]
fn practice_has_the_same_bits_too() {
    let (stream, test) = (samples(digits::device_stream()), samples(digits::device_test()));
    let report = Practice::new().run(&HIDDEN, &stream, &test).unwrap();
    println!("{report:?}, in {} bytes", size_of::<Practice>());
    assert_eq!(format!("{report:?}"), expected("a new digit, a memory, an answer:"));
    // The answered samples are right more often than all samples, and integers cost at most a percentage point.
    assert!(report.right * report.tested > report.right_in_float * report.answered);
    assert!(report.right_in_integers + report.tested / 100 >= report.right_in_float);
}

#[test]
fn the_exported_network_reads_unshifted_digits() {
    let right = digits::test().into_iter().filter(|digit| {
        let mut features = [0.0; 64];
        extract(&HIDDEN, &digit.pixels, &mut features).unwrap();
        trained_head().predict(&features).unwrap().class == usize::from(digit.label)
    });
    assert!(right.count() >= 540, "nine of ten of the 600 test images");
}
