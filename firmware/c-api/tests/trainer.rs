//! The C functions, called as C calls them.

use std::ffi::CStr;
use std::ptr;

use gradient_decay::{BetaSchedule, Calibration, FineTuner, LinearHead, Readout, Sgd, State, checkpoint};
use gradient_decay_c::*;

const CLASSES: usize = 10;
const FEATURES: usize = 64;
const PARAMETERS: usize = CLASSES * (FEATURES + 1);

/// What the bare example prints in QEMU.
const EXPECTED: &str = include_str!("../examples/bare/expected.log");

/// The memory of a trainer, as C has it.
fn memory() -> gd_trainer {
    // SAFETY: a trainer is an array of numbers.
    unsafe { std::mem::zeroed() }
}

/// The example's sample number `n`.
fn sample(n: u32) -> ([f32; FEATURES], usize) {
    let mut random = n;
    let class = (n as usize * 7) % CLASSES;
    let features = std::array::from_fn(|i| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (random >> 16) as f32 / 65_536.0;
        if i % CLASSES == class { noise + 0.5 } else { noise }
    });
    (features, class)
}

/// The example in Rust, by the head whose shape is known when it is compiled.
#[test]
fn c_on_a_cortex_m4_has_the_bits_of_rust() {
    const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 150), Sgd::new(0.05));
    let (mut head, mut state, mut calibration) =
        (LinearHead::<CLASSES, FEATURES>::new(), State::new(), Calibration::<10>::new());
    let readout = Readout::new().with_temperature(1.0).with_threshold(0.5);
    let mut lines = Vec::new();
    let mut line = |name: &str, bits: u32| lines.push(format!("{name} {bits:08x}"));
    for n in 1..=300 {
        let (features, class) = sample(n);
        let mut probabilities = [0.0; CLASSES];
        head.logits(&features, &mut probabilities).unwrap();
        readout.answer_logits(&mut probabilities).unwrap();
        calibration.record(&probabilities, class).unwrap();
        let step = TUNER.step(&mut head, &mut state, &features, class).unwrap();
        if n % 100 == 0 {
            line("loss", step.loss.to_bits());
            line("beta", step.beta.to_bits());
        }
    }
    let summary = calibration.summary().unwrap();
    line("accuracy", summary.accuracy.to_bits());
    line("ece", summary.ece.to_bits());
    let mut bytes = [0; checkpoint::size(CLASSES, FEATURES, false)];
    checkpoint::write(&head, &state, &readout, &mut bytes).unwrap();
    bytes[bytes.len() - 4..].iter().for_each(|byte| line("checkpoint crc byte", u32::from(*byte)));
    let mut logits = [0.0; CLASSES];
    head.logits(&sample(1).0, &mut logits).unwrap();
    let (gradient_decay::Answer::Class(prediction) | gradient_decay::Answer::Unknown(prediction)) =
        readout.answer_logits(&mut logits).unwrap();
    line("probability", prediction.probability.to_bits());
    assert_eq!(lines, EXPECTED.lines().collect::<Vec<_>>());
}

#[test]
fn every_error_has_a_code_and_changes_nothing() {
    let (mut trainer, mut parameters) = (memory(), [0.25_f32; PARAMETERS]);
    let (mut scratch, mut step, mut prediction) = ([0.0_f32; CLASSES], gd_step::default(), gd_prediction::default());
    let (features, _) = sample(1);
    // SAFETY: all pointers are null, or to what the functions ask for.
    unsafe {
        let t = &raw mut trainer;
        assert_eq!(gd_set_steps(t, 1), GD_ERROR_TRAINER, "before gd_init");
        assert_eq!(gd_init(ptr::null_mut(), parameters.as_mut_ptr(), PARAMETERS, 10, 64), GD_ERROR_POINTER);
        assert_eq!(gd_init(t, ptr::null_mut(), PARAMETERS, 10, 64), GD_ERROR_POINTER);
        for (count, classes, features) in [(PARAMETERS - 1, 10, 64), (PARAMETERS, 64, 10), (0, 0, 64), (10, 10, 0)] {
            assert_eq!(gd_init(t, parameters.as_mut_ptr(), count, classes, features), GD_ERROR_LENGTH);
        }
        parameters[7] = f32::NAN;
        assert_eq!(gd_init(t, parameters.as_mut_ptr(), PARAMETERS, 10, 64), GD_ERROR_NOT_FINITE);
        parameters[7] = 0.25;
        assert_eq!(gd_init(t, parameters.as_mut_ptr(), PARAMETERS, 10, 64), GD_OK);
        assert_eq!(gd_set_steps(t, 7), GD_OK);

        for (rate, decay, clip) in
            [(0.0, 0.0, 0.0), (1e7, 0.0, 0.0), (f32::NAN, 0.0, 0.0), (0.1, -1.0, 0.0), (0.1, 0.0, -1.0)]
        {
            assert_eq!(gd_set_optimizer(t, rate, decay, clip), GD_ERROR_RANGE);
        }
        for (start, end, steps) in [(0.0, 1.0, 5), (1.0, f32::INFINITY, 5), (1.0, 2e6, 0)] {
            assert_eq!(gd_set_beta(t, start, end, steps, true), GD_ERROR_RANGE);
        }
        assert_eq!((gd_set_readout(t, 0.0, 0.5), gd_set_readout(t, 1.0, 1.5)), (GD_ERROR_RANGE, GD_ERROR_RANGE));

        let mut learn = |features: &[f32], class, scratch_length| {
            let (pointer, length) = (features.as_ptr(), features.len());
            gd_learn(t, pointer, length, class, scratch.as_mut_ptr(), scratch_length, &mut step)
        };
        assert_eq!(learn(&features[1..], 0, CLASSES), GD_ERROR_LENGTH);
        assert_eq!(learn(&features, 0, CLASSES - 1), GD_ERROR_LENGTH);
        assert_eq!(learn(&features, 10, CLASSES), GD_ERROR_CLASS);
        assert_eq!(learn(&[f32::NAN; FEATURES], 0, CLASSES), GD_ERROR_NOT_FINITE);
        assert_eq!(learn(&[1e35; FEATURES], 0, CLASSES), GD_ERROR_TOO_LARGE);
        let out = scratch.as_mut_ptr();
        assert_eq!(gd_predict(t, ptr::null(), FEATURES, out, CLASSES, &mut prediction), GD_ERROR_POINTER);
        assert_eq!(gd_predict(t, features.as_ptr(), FEATURES, out, CLASSES, ptr::null_mut()), GD_ERROR_POINTER);
        let crooked = features.as_ptr().cast::<u8>().add(1).cast();
        assert_eq!(gd_predict(t, crooked, FEATURES, out, CLASSES, &mut prediction), GD_ERROR_POINTER);
        assert_eq!(gd_get_calibration(t, &mut gd_calibration::default()), GD_ERROR_EMPTY);
        assert_eq!(gd_record(t, out, CLASSES - 1, 0), GD_ERROR_LENGTH);
        let mut bytes = [0; 100];
        assert_eq!(gd_checkpoint_write(t, bytes.as_mut_ptr(), bytes.len()), GD_ERROR_LENGTH);
        assert_eq!(gd_checkpoint_read(t, bytes.as_ptr(), bytes.len()), GD_ERROR_CHECKPOINT);

        let mut steps = 0;
        assert_eq!((gd_get_steps(t, &mut steps), steps), (GD_OK, 7));
        assert_eq!(
            gd_learn(t, features.as_ptr(), FEATURES, 0, out, CLASSES, ptr::null_mut()),
            GD_OK,
            "no report asked for"
        );
    }
    // The settings were as before: one step at the default rate.
    const DEFAULT: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.05));
    let mut head = LinearHead::<CLASSES, FEATURES>::new();
    head.import(&[0.25; PARAMETERS]).unwrap();
    DEFAULT.step(&mut head, &mut State::new(), &features, 0).unwrap();
    let mut expected = [0.0; PARAMETERS];
    head.export(&mut expected).unwrap();
    assert_eq!(parameters, expected);
}

#[test]
fn a_checkpoint_goes_to_rust_and_back() {
    let (mut trainer, mut parameters) = (memory(), [0.5_f32; 6]);
    let mut bytes = vec![0; gd_checkpoint_size(2, 2)];
    // SAFETY: all pointers are to what the functions ask for.
    unsafe {
        assert_eq!(gd_init(&mut trainer, parameters.as_mut_ptr(), 6, 2, 2), GD_OK);
        assert_eq!((gd_set_steps(&mut trainer, 9), gd_set_readout(&mut trainer, 2.0, 0.25)), (GD_OK, GD_OK));
        assert_eq!(gd_checkpoint_write(&mut trainer, bytes.as_mut_ptr(), bytes.len()), GD_OK);
    }
    let (mut head, mut state, mut readout) = (LinearHead::<2, 2>::new(), State::new(), Readout::new());
    checkpoint::read(&bytes, &mut head, &mut state, &mut readout).unwrap();
    assert_eq!((state.steps(), readout.temperature(), readout.threshold()), (9, 2.0, 0.25));
    head.import(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    checkpoint::write(&head, &state, &readout, &mut bytes).unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { gd_checkpoint_read(&mut trainer, bytes.as_ptr(), bytes.len()) }, GD_OK);
    assert_eq!(parameters, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn every_status_has_a_message() {
    let mut messages: Vec<&str> = (-9..=0)
        // SAFETY: a message is a text that is there for ever.
        .map(|status| unsafe { CStr::from_ptr(gd_message(status)) }.to_str().unwrap())
        .collect();
    messages.dedup();
    assert_eq!(messages.len(), 10);
    // SAFETY: as above.
    let unknown = unsafe { CStr::from_ptr(gd_message(5)) }.to_str().unwrap();
    assert!(!messages.contains(&unknown));
}
