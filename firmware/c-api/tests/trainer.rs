//! The C functions, called as C calls them.

use std::ffi::CStr;
use std::ptr;

use gradient_decay::{
    Answer, BetaSchedule, Calibration, Classes, Contents, DiscriminantHead, FineTuner, Learner, LinearHead, Parts,
    Readout, Sgd, State, StreamingLda, checkpoint, kernels,
};
use gradient_decay_c::*;

const CLASSES: usize = 10;
const FEATURES: usize = 64;
const PARAMETERS: usize = CLASSES * (FEATURES + 1);

/// What the bare example prints in QEMU.
const EXPECTED: &str = include_str!("../examples/bare/expected.log");

/// A trainer's counterpart in Rust.
type Mine<const CLASSES: usize, const FEATURES: usize> =
    Learner<LinearHead<CLASSES, FEATURES>, Parts<(), (), (), Calibration<10>, Readout>>;

fn mine<const CLASSES: usize, const FEATURES: usize>(readout: Readout) -> Mine<CLASSES, FEATURES> {
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: Calibration::new(), readout };
    Learner::new(LinearHead::new(), parts)
}

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
    let mut learner: Mine<CLASSES, FEATURES> = mine(Readout::new().with_temperature(1.0).with_threshold(0.5));
    let mut lines = Vec::new();
    let mut line = |name: &str, bits: u32| lines.push(format!("{name} {bits:08x}"));
    for n in 1..=300 {
        let (features, class) = sample(n);
        let step = learner.learn(&TUNER, &features, class).unwrap();
        if n % 100 == 0 {
            line("loss", step.loss().to_bits());
            line("beta", step.beta().to_bits());
        }
    }
    let summary = learner.parts().calibration.summary().unwrap();
    line("accuracy", summary.accuracy.to_bits());
    line("ece", summary.ece.to_bits());
    let mut unseen = Calibration::<10>::new();
    for n in 301..=400 {
        let (features, class) = sample(n);
        let mut probabilities = [0.0; CLASSES];
        learner.head().logits(&features, &mut probabilities).unwrap();
        learner.parts().readout.answer_logits(&mut probabilities).unwrap();
        unseen.record(&probabilities, class).unwrap();
    }
    let summary = unseen.summary().unwrap();
    line("unseen accuracy", summary.accuracy.to_bits());
    line("unseen ece", summary.ece.to_bits());
    let contents = Contents::ALL.without_calibration();
    let mut bytes = vec![0; checkpoint::size(&learner, contents)];
    checkpoint::write(&learner, contents, &mut bytes).unwrap();
    bytes[bytes.len() - 4..].iter().for_each(|byte| line("checkpoint crc byte", u32::from(*byte)));
    let (Answer::Class(prediction) | Answer::Unknown(prediction, _)) = learner.answer(&sample(1).0).unwrap();
    line("probability", prediction.probability.to_bits());

    const LDA: StreamingLda = StreamingLda::new().with_prior(16.0, 0.5).with_ridge(0.001).with_most(50);
    let mut head: DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }> = DiscriminantHead::new();
    for n in 1..=60 {
        let (features, class) = sample(n);
        head.learn(&LDA, &features, class).unwrap();
        if n % 10 == 0 {
            let other = (class + 1) % CLASSES;
            head.learn(&LDA, &features, other).unwrap();
            head.unlearn(&LDA, &features, other).unwrap();
        }
    }
    head.discount(32.0, 4).unwrap();
    head.remove_class(CLASSES - 1).unwrap();
    head.add_class().unwrap();
    let mut bytes = vec![0; checkpoint::size(&head, Contents::ALL)];
    checkpoint::write(&head, Contents::ALL, &mut bytes).unwrap();
    bytes[bytes.len() - 4..].iter().for_each(|byte| line("discriminant crc byte", u32::from(*byte)));
    let right = (301..=400).map(sample).filter(|(x, class)| head.predict(x).unwrap().class == *class).count();
    line("discriminant right of 100", right as u32);
    line("discriminant probability", head.predict(&sample(400).0).unwrap().probability.to_bits());
    // Behind them come the learners', which twin.rs has.
    assert_eq!(lines, EXPECTED.lines().take_while(|line| *line != "linear").collect::<Vec<_>>());
}

#[test]
fn every_error_has_a_code_and_changes_nothing() {
    let (mut trainer, mut parameters) = (memory(), [0.25_f32; PARAMETERS]);
    let (mut scratch, mut step, mut prediction) =
        ([0.0_f32; 2 * CLASSES], gd_step::default(), gd_prediction::default());
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
        for rate in [0.0, 1e7, f32::NAN] {
            assert_eq!(gd_set_rate(t, rate), GD_ERROR_RANGE);
        }
        assert_eq!((gd_set_readout(t, 0.0, 0.5), gd_set_readout(t, 1.0, 1.5)), (GD_ERROR_RANGE, GD_ERROR_RANGE));

        let mut learn = |features: &[f32], class, scratch_length| {
            let (pointer, length) = (features.as_ptr(), features.len());
            let plain = gd_learn(t, pointer, length, class, scratch.as_mut_ptr(), scratch_length);
            let out = scratch.as_mut_ptr();
            assert_eq!(gd_learn_reported(t, pointer, length, class, out, scratch_length, &mut step), plain);
            plain
        };
        assert_eq!(learn(&features[1..], 0, 2 * CLASSES), GD_ERROR_LENGTH);
        for length in [0, CLASSES, 2 * CLASSES - 1] {
            assert_eq!(learn(&features, 0, length), GD_ERROR_LENGTH, "scratch");
        }
        assert_eq!(learn(&features, 10, 2 * CLASSES), GD_ERROR_CLASS);
        assert_eq!(learn(&features, u32::MAX, 2 * CLASSES), GD_ERROR_CLASS);
        assert_eq!(learn(&[f32::NAN; FEATURES], 0, 2 * CLASSES), GD_ERROR_NOT_FINITE);
        assert_eq!(learn(&[1e35; FEATURES], 0, 2 * CLASSES), GD_ERROR_TOO_LARGE);
        let (x, out) = (features.as_ptr(), scratch.as_mut_ptr());
        assert_eq!(gd_learn_reported(t, x, FEATURES, 0, out, 2 * CLASSES, ptr::null_mut()), GD_ERROR_POINTER);
        assert_eq!(gd_learn_reported(t, x, FEATURES, 0, out, 2 * CLASSES, out.cast()), GD_ERROR_POINTER);
        assert_eq!(step, gd_step::default());
        assert_eq!(gd_predict(t, ptr::null(), FEATURES, out, CLASSES, &mut prediction), GD_ERROR_POINTER);
        assert_eq!(gd_predict(t, features.as_ptr(), FEATURES, out, CLASSES, ptr::null_mut()), GD_ERROR_POINTER);
        assert_eq!(gd_predict(t, features.as_ptr(), FEATURES, out, CLASSES + 1, &mut prediction), GD_ERROR_LENGTH);
        let crooked = features.as_ptr().cast::<u8>().add(1).cast();
        assert_eq!(gd_predict(t, crooked, FEATURES, out, CLASSES, &mut prediction), GD_ERROR_POINTER);
        assert_eq!(gd_get_calibration(t, &mut gd_calibration::default()), GD_ERROR_EMPTY, "before gd_calibrate");
        assert_eq!(gd_record(t, [0.1; CLASSES].as_ptr(), CLASSES, 0), GD_ERROR_PART);
        assert_eq!(gd_calibrate(t), GD_OK);
        assert_eq!(gd_record(t, out, CLASSES - 1, 0), GD_ERROR_LENGTH);
        assert_eq!(gd_record(t, [0.1; CLASSES].as_ptr(), CLASSES, 10), GD_ERROR_CLASS);
        assert_eq!(gd_record(t, [1.1; CLASSES].as_ptr(), CLASSES, 0), GD_ERROR_RANGE);
        let mut bytes = [0; 100];
        assert_eq!(gd_checkpoint_write(t, bytes.as_mut_ptr(), bytes.len()), GD_ERROR_SHORT);
        assert_eq!(gd_checkpoint_read(t, bytes.as_ptr(), bytes.len()), GD_ERROR_CHECKPOINT);

        let mut steps = 0;
        assert_eq!((gd_get_steps(t, &mut steps), steps), (GD_OK, 7));
        assert_eq!(gd_get_calibration(t, &mut gd_calibration::default()), GD_ERROR_EMPTY, "nothing was counted");
        assert_eq!(gd_learn(t, x, FEATURES, 0, out, 2 * CLASSES), GD_OK);
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

/// An answer before a step counts, once, at the temperature; recorded ones count with it.
#[test]
fn what_is_learned_counts_for_the_calibration() {
    for temperature in [1.0, 2.5] {
        let (mut trainer, mut parameters) = (memory(), [0.0_f32; PARAMETERS]);
        let (mut scratch, mut probabilities) = ([0.0_f32; 2 * CLASSES], [0.0_f32; CLASSES]);
        let (mut said, mut prediction, mut found) =
            (Calibration::<10>::new(), gd_prediction::default(), gd_calibration::default());
        // SAFETY: all pointers are to what the functions ask for.
        unsafe {
            let t = &raw mut trainer;
            assert_eq!(gd_init(t, parameters.as_mut_ptr(), PARAMETERS, 10, 64), GD_OK);
            assert_eq!((gd_set_readout(t, temperature, 0.0), gd_calibrate(t)), (GD_OK, GD_OK));
            for n in 1..=100 {
                let ((features, class), p) = (sample(n), probabilities.as_mut_ptr());
                assert_eq!(gd_predict(t, features.as_ptr(), FEATURES, p, CLASSES, &mut prediction), GD_OK);
                said.record(&probabilities, class).unwrap();
                let (x, mut step) = (features.as_ptr(), gd_step::default());
                let (class, out) = (class as u32, scratch.as_mut_ptr());
                if n % 2 == 0 {
                    assert_eq!(gd_learn(t, x, FEATURES, class, out, 2 * CLASSES), GD_OK);
                    continue;
                }
                assert_eq!(gd_learn_reported(t, x, FEATURES, class, out, 2 * CLASSES, &mut step), GD_OK);
                assert_eq!(step.class_index, prediction.class_index);
                assert!(temperature != 1.0 || (step.probability - prediction.probability).abs() < 1e-6);
            }
            assert_eq!(gd_get_calibration(t, &mut found), GD_OK);
            let expected = said.summary().unwrap();
            assert_eq!((found.count, found.accuracy), (100, expected.accuracy));
            let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
            assert!(near(found.confidence, expected.confidence) && near(found.nll, expected.nll), "{found:?}");
            assert!(near(found.brier, expected.brier) && near(found.ece, expected.ece), "{found:?}");

            assert_eq!(gd_record(t, probabilities.as_ptr(), CLASSES, 0), GD_OK);
            assert_eq!((gd_get_calibration(t, &mut found), found.count), (GD_OK, 101));
            assert_eq!(gd_calibrate(t), GD_OK);
            assert_eq!(gd_get_calibration(t, &mut found), GD_ERROR_EMPTY);
            assert_eq!(gd_record(t, probabilities.as_ptr(), CLASSES, 0), GD_OK);
            assert_eq!((gd_get_calibration(t, &mut found), found.count), (GD_OK, 1));
        }
    }
}

/// The steps are those of gd_learn, and nothing counts.
#[test]
fn what_is_rehearsed_is_learned_but_does_not_count() {
    const TUNER: FineTuner =
        FineTuner::new(BetaSchedule::linear(0.1, 1.0, 20), Sgd::new(0.1).with_weight_decay(0.01).with_clip_norm(0.5));
    let (mut trainer, mut parameters, mut scratch) = (memory(), [0.0_f32; PARAMETERS], [0.0_f32; 2 * CLASSES]);
    let (mut head, mut state) = (LinearHead::<CLASSES, FEATURES>::new(), State::new());
    let (mut steps, mut expected) = (0, [0.0; PARAMETERS]);
    // SAFETY: all pointers are to what the functions ask for.
    unsafe {
        let (t, work) = (&raw mut trainer, scratch.as_mut_ptr());
        assert_eq!(gd_init(t, parameters.as_mut_ptr(), PARAMETERS, 10, 64), GD_OK);
        assert_eq!((gd_set_optimizer(t, 0.1, 0.01, 0.5), gd_set_beta(t, 0.1, 1.0, 20, false)), (GD_OK, GD_OK));
        assert_eq!(gd_calibrate(t), GD_OK);
        let rehearse =
            |features: &[f32], class, room| gd_rehearse(t, features.as_ptr(), features.len(), class, work, room);
        for n in 1..=30 {
            let (features, class) = sample(n);
            TUNER.step(&mut head, &mut state, &features, class).unwrap();
            assert_eq!(rehearse(&features, class as u32, 2 * CLASSES), GD_OK);
        }
        let (features, _) = sample(1);
        assert_eq!(rehearse(&features[1..], 0, 2 * CLASSES), GD_ERROR_LENGTH);
        assert_eq!(rehearse(&features, 0, CLASSES), GD_ERROR_LENGTH, "scratch");
        assert_eq!(rehearse(&features, 10, 2 * CLASSES), GD_ERROR_CLASS);
        assert_eq!(rehearse(&[f32::NAN; FEATURES], 0, 2 * CLASSES), GD_ERROR_NOT_FINITE);
        assert_eq!(rehearse(&[1e35; FEATURES], 0, 2 * CLASSES), GD_ERROR_TOO_LARGE);
        assert_eq!(gd_rehearse(t, ptr::null(), FEATURES, 0, work, 2 * CLASSES), GD_ERROR_POINTER);
        assert_eq!((gd_get_steps(t, &mut steps), steps), (GD_OK, 30));
        assert_eq!(gd_get_calibration(t, &mut gd_calibration::default()), GD_ERROR_EMPTY);
    }
    head.export(&mut expected).unwrap();
    assert_eq!(parameters, expected);
}

#[test]
fn every_status_has_a_message() {
    let mut messages: Vec<&str> = (GD_ERROR_WORN..=0)
        // SAFETY: a message is a text that is there for ever.
        .map(|status| unsafe { CStr::from_ptr(gd_message(status)) }.to_str().unwrap())
        .collect();
    messages.sort_unstable();
    messages.dedup();
    assert_eq!(messages.len(), 21);
    // SAFETY: as above.
    for none in [5, GD_ERROR_WORN - 1] {
        let unknown = unsafe { CStr::from_ptr(gd_message(none)) }.to_str().unwrap();
        assert!(!messages.contains(&unknown));
    }
}
