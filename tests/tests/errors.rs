//! The text of every error says what was wrong, and what would be right.

use gradient_decay::error::{CheckpointPart, Number, Slice};
use gradient_decay::quantized::Quantization;
use gradient_decay::{
    BetaSchedule, DiscriminantHead, Error, FineTuner, FixedHead, FixedRate, FixedSettings, GradientDecay, Guard,
    Learner, LinearHead, MlpHead, Novelty, Parts, Readout, Sgd, Standardizer, State, StreamingLda, Target,
    TargetOptions,
};

/// Tests each function whose documentation promises it.
#[test]
fn output_buffers_that_are_to_be_unchanged_are() {
    let (loss, bad): (GradientDecay, _) = (GradientDecay::new(0.5), [0.5, f32::NAN, 0.0]);
    let mut out = [7.0; 3];
    assert!(loss.probabilities(&bad, &mut out).is_err() && loss.probabilities(&[1.0; 2], &mut out).is_err());
    assert!(loss.consistent_probabilities(&bad, &mut out).is_err());
    assert!(loss.consistent_probabilities(&[1.0; 2], &mut out).is_err());
    for (logits, target) in [(&bad[..], 0), (&[1.0; 2], 0), (&[1.0; 3], 3)] {
        assert!(loss.loss_and_gradient(logits, target, &mut out).is_err());
        assert!(loss.batch_loss_and_gradient(logits, &[target], &mut out).is_err());
        let (target, options) = (Target::Class(target), TargetOptions::new());
        assert!(loss.loss_and_gradient_with(logits, &target, &options, &mut out).is_err());
    }
    for distribution in [&[0.5, 0.5, 0.5][..], &[0.5, 0.5], &[f32::NAN, 0.5, 0.5]] {
        let (target, options) = (Target::Distribution(distribution), TargetOptions::new());
        assert!(loss.loss_and_gradient_with(&[1.0; 3], &target, &options, &mut out).is_err());
    }
    let mut head: LinearHead<3, 1> = LinearHead::new();
    assert!(head.logits(&[f32::NAN], &mut out).is_err() && head.export(&mut out).is_err());
    // The last logit overflows, after the others have been computed.
    head.import(&[1.0, 1.0, f32::MAX, 0.0, 0.0, 0.0]).unwrap();
    assert!(head.logits(&[2.0], &mut out).is_err());
    let mut learner = Learner::new(head, Parts::NONE);
    assert!(learner.probabilities(&[2.0], &mut out).is_err() && learner.probabilities(&[f32::NAN], &mut out).is_err());
    assert!(learner.probabilities(&[0.5], &mut out[..2]).is_err());
    let mut mlp: MlpHead<3, 2, 1> = MlpHead::new();
    mlp.initialise(1);
    assert!(mlp.logits(&[f32::INFINITY], &mut out).is_err() && mlp.logits(&[f32::NAN], &mut out).is_err());
    assert_eq!(out, [7.0; 3]);
    for logits in [[0.5, f32::NAN], [f32::INFINITY, 0.5], [f32::NEG_INFINITY; 2]] {
        let mut after = logits;
        assert!(<Readout>::new().answer_logits(&mut after).is_err());
        assert_eq!(after.map(f32::to_bits), logits.map(f32::to_bits));
    }
}

#[test]
fn messages_are_whole_sentences() {
    let length = |slice| Error::Length { slice, expected: 3, actual: 2 };
    let checkpoint = |part| Error::Checkpoint { part, expected: 1, found: 7 };
    let texts = [
        (length(Slice::Logits), "logits has length 2, but must have length 3"),
        (length(Slice::Probabilities), "probabilities has length 2, but must have length 3"),
        (length(Slice::Gradient), "gradient has length 2, but must have length 3"),
        (length(Slice::Targets), "targets has length 2, but must have length 3"),
        (length(Slice::ClassWeights), "class weights has length 2, but must have length 3"),
        (length(Slice::Features), "features has length 2, but must have length 3"),
        (length(Slice::Parameters), "parameters has length 2, but must have length 3"),
        (length(Slice::Velocity), "velocity has length 2, but must have length 3"),
        (length(Slice::Bytes), "bytes has length 2, but must have length 3"),
        (length(Slice::Scratch), "scratch has length 2, but must have length 3"),
        (length(Slice::Samples), "samples has length 2, but must have length 3"),
        (length(Slice::Mean), "mean has length 2, but must have length 3"),
        (length(Slice::Deviation), "deviation has length 2, but must have length 3"),
        (length(Slice::Calibration), "calibration has length 2, but must have length 3"),
        (length(Slice::Novelty), "novelty has length 2, but must have length 3"),
        (
            Error::NotFinite { slice: Slice::Features, index: 5 },
            "element 5 of features is NaN or infinite, but must be finite",
        ),
        (Error::Target { target: 10, classes: 10 }, "the target is 10, but must be below the number of classes, 10"),
        (Error::Target { target: 0, classes: 0 }, "the target is 0, but no class is in use: add one first"),
        (Error::NoClasses, "no class is in use: add one first"),
        (Error::TooManyClasses { classes: 5, most: 4 }, "5 classes were asked for, but there can be at most 4"),
        (
            Error::NotStandardized { seen: 3, needed: 50 },
            "the standardizer has seen 3 of the 50 samples that fix its units: let it observe more, or set them",
        ),
        (
            Error::UpdateTooLarge,
            "the step could leave the range of f32: scale the features down or lower the learning rate",
        ),
        (
            Error::NotLearned { class: 2 },
            "this sample cannot have been learned as class 2: take back one that was, with its label",
        ),
        (Error::NoVelocity, "the optimizer has momentum, but the head stores no velocity: use a MomentumHead"),
        (
            Error::NoRoom { classes: 4 },
            "all 4 classes that there is room for are in use: remove one, or make more room",
        ),
        (checkpoint(CheckpointPart::Magic), "the bytes start with 0x00000007, but a checkpoint starts with 0x00000001"),
        (checkpoint(CheckpointPart::Crc), "the CRC of the checkpoint is 0x00000007, but must be 0x00000001"),
        (
            checkpoint(CheckpointPart::Version),
            "the version of the checkpoint is 7, but this release knows those up to 1",
        ),
        (checkpoint(CheckpointPart::Length), "the checkpoint or a section of it has 7 bytes, but must have 1"),
        (checkpoint(CheckpointPart::Classes), "the checkpoint is of a head with 7 classes, but must be of one with 1"),
        (
            checkpoint(CheckpointPart::Features),
            "the checkpoint is of a head with 7 features, but must be of one with 1",
        ),
        (
            checkpoint(CheckpointPart::Exponent),
            "the checkpoint is of features with the exponent 7, but must be of ones with 1",
        ),
        (
            checkpoint(CheckpointPart::FeatureVersion),
            "the checkpoint is of features of the version 7, but must be of those of version 1",
        ),
        (
            checkpoint(CheckpointPart::Trained),
            "the checkpoint is of a head mixed with a trained one of the CRC 0x00000007, but must be of one with 0x00000001",
        ),
        (
            checkpoint(CheckpointPart::Section),
            "the checkpoint's section 1 is absent or of another shape: it has 7 bytes",
        ),
        (
            checkpoint(CheckpointPart::Required),
            "the checkpoint's section 1 is needed to read it, and this release does not know it",
        ),
        (checkpoint(CheckpointPart::Repeated), "the checkpoint's section 1 is there twice, but must be there once"),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
    }
}

/// Every call on a new device says that no class is in use, and what to do.
#[test]
fn an_empty_head_asks_for_a_class() {
    fn says<T>(result: Result<T, Error>, text: &str) {
        assert_eq!(result.err().map(|error| error.to_string()).as_deref(), Some(text));
    }
    let (nothing, no_target) =
        ("no class is in use: add one first", "the target is 1, but no class is in use: add one first");
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
    let mut linear: LinearHead<3, 2> = LinearHead::empty();
    says(linear.predict(&[1.0, 2.0]), nothing);
    says(Readout::new().answer(&linear, &[1.0, 2.0], &mut [0.0; 3]), nothing);
    says(tuner.step(&mut linear, &mut State::new(), &[1.0, 2.0], 1), no_target);
    let mut mlp: MlpHead<3, 4, 2> = MlpHead::new();
    mlp.truncate(0).unwrap();
    says(mlp.predict(&[1.0, 2.0]), nothing);
    says(tuner.step(&mut mlp, &mut State::new(), &[1.0, 2.0], 1), no_target);
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(0.1));
    let mut fixed: FixedHead<3, 2> = FixedHead::empty(5, 1);
    says(fixed.predict(&[1, 2]), nothing);
    says(tuner.step(&mut fixed, &mut State::new(), &[1, 2], 1), no_target);
    let mut learner = Learner::new(LinearHead::<3, 2>::empty(), Parts::NONE);
    says(learner.answer(&[1.0, 2.0]), nothing);
    says(learner.remove_class(1), no_target);
}

/// A setting that is out of range: by `try_` an error that states the range, else a panic that does.
#[test]
fn settings_out_of_range_state_their_range() {
    let refused = |error: Error, text: &str| assert_eq!(error.to_string(), text);
    refused(GradientDecay::try_new(-1.0).unwrap_err(), "beta is -1, but must be in (0, 1e6]");
    refused(Sgd::try_new(0.0).unwrap_err(), "the learning rate is 0, but must be in (0, 1e6]");
    let sgd = Sgd::new(0.5);
    refused(sgd.try_with_momentum(1.0).unwrap_err(), "the momentum is 1, but must be in [0, 1)");
    refused(
        sgd.try_with_weight_decay(-2.0).unwrap_err(),
        "the weight decay is -2, but must be in [0, 1 / learning rate]",
    );
    refused(sgd.try_with_clip_norm(0.0).unwrap_err(), "the clip norm is 0, but must be in [1e-6, 1e6]");
    let options = TargetOptions::new();
    refused(options.try_with_label_smoothing(1.5).unwrap_err(), "label smoothing is 1.5, but must be in [0, 1]");
    refused(
        options.try_with_class_weights(&[-1.0]).unwrap_err(),
        "the weight of a class is -1, but must be in [0, 1e6]",
    );
    refused(FixedRate::try_new(2.0).unwrap_err(), "the learning rate is 2, but must be in [2^-15, 1]");
    refused(Quantization::try_new(0.0, 0).unwrap_err(), "the scale is 0, but must be in [1e-30, 1e30]");
    refused(Guard::try_new((), 101.0, 1).unwrap_err(), "the margin is 101, but must be in [0, 100]");
    refused(
        Standardizer::<1>::try_from_statistics(&[2e18], &[1.0]).unwrap_err(),
        "a feature or its mean is 2000000000000000000, but must be in [-1e18, 1e18]",
    );
    refused(
        Standardizer::<1>::try_from_statistics(&[0.0], &[-1.0]).unwrap_err(),
        "the deviation of a feature is -1, but must be in [0, 1e18]",
    );
    let readout: Readout = Readout::new();
    refused(readout.try_with_temperature(0.0).unwrap_err(), "the temperature is 0, but must be in [0.01, 100]");
    refused(readout.try_with_threshold(2.0).unwrap_err(), "a probability is 2, but must be in [0, 1]");
    let integers = FixedSettings::new(100);
    refused(
        integers.try_with_ln_beta(0, 15 << 16, 1).unwrap_err(),
        "the logarithm of beta is 15, but must be in [-104, 14]",
    );
    let lda = StreamingLda::new();
    refused(lda.try_with_prior(0.0, 1.0).unwrap_err(), "the samples of the prior is 0, but must be in [1e-3, 1e6]");
    refused(lda.try_with_prior(1.0, 0.0).unwrap_err(), "the variance of the prior is 0, but must be in [1e-6, 1e6]");
    refused(lda.try_with_ridge(2.0).unwrap_err(), "the ridge is 2, but must be in [0, 1]");
    let mut head = DiscriminantHead::<2, 1, 0>::new();
    refused(
        head.learn(&lda, &[2e6], 0).unwrap_err(),
        "a feature of a discriminant is 2000000, but must be in [-1e6, 1e6]",
    );
    refused(
        Error::OutOfRange { number: Number::BaseSamples, value: 5.0 },
        "the samples of the base is 5, but must be in [0, those of the prior]",
    );
    let mut novelty: Novelty<2, 1> = Novelty::new(readout);
    refused(novelty.set_deviations(31.0).unwrap_err(), "the number of deviations is 31, but must be in [-3, 30]");

    let ratio = BetaSchedule::try_geometric(1e-37, 1e6, 3).unwrap_err().to_string();
    assert!(
        ratio.starts_with("the ratio of the schedule's betas is ") && ratio.ends_with(", but must be in [1, 1e37]")
    );
    refused(
        Error::OutOfRange { number: Number::TargetSum, value: 5.0 },
        "the sum of the target distribution is 5, but must be in [0.999, 1.001]",
    );

    panics(|| GradientDecay::new(0.0), "beta must be in (0, 1e6]");
    panics(|| BetaSchedule::geometric(1e-37, 1e6, 3), "the ratio of betas must be at most 1e37");
    panics(|| Sgd::new(0.0), "the learning rate must be in (0, 1e6]");
    panics(|| sgd.with_momentum(1.0), "the momentum must be in [0, 1)");
    panics(|| sgd.with_weight_decay(-2.0), "the weight decay must be in [0, 1 / learning rate]");
    panics(|| sgd.with_clip_norm(0.0), "the clip norm must be in [1e-6, 1e6]");
    panics(|| options.with_label_smoothing(1.5), "label smoothing must be in [0, 1]");
    panics(|| options.with_class_weights(&[-1.0]), "class weights must be in [0, 1e6]");
    panics(|| FixedRate::new(2.0), "the learning rate must be in [2^-15, 1]");
    panics(|| Quantization::new(0.0, 0), "the scale must be in [1e-30, 1e30]");
    panics(|| Guard::new((), 101.0, 1), "the margin must be in [0, 100]");
    panics(|| readout.with_temperature(0.0), "the temperature must be in [0.01, 100]");
    panics(|| readout.with_threshold(2.0), "the threshold must be in [0, 1]");
    panics(|| integers.with_ln_beta(0, 15 << 16, 1), "the logarithm of beta must be in [-104, 14]");
    panics(|| lda.with_prior(0.0, 1.0), "the samples of the prior must be in [1e-3, 1e6]");
    panics(|| lda.with_prior(1.0, 0.0), "the variance of the prior must be in [1e-6, 1e6]");
    panics(|| lda.with_ridge(2.0), "the ridge must be in [0, 1]");
    panics(|| Novelty::<2, 1>::new(readout).with_deviations(31.0), "the deviations must be in [-3, 30]");
    panics(
        || Standardizer::<1>::from_statistics(&[2e18], &[1.0]),
        "means must be in [-1e18, 1e18], deviations in [0, 1e18]",
    );
}

fn panics<T>(make: impl FnOnce() -> T + std::panic::UnwindSafe, message: &str) {
    let Err(panic) = std::panic::catch_unwind(make) else { panic!("nothing was refused, but should be: {message}") };
    assert_eq!(panic.downcast_ref::<&str>(), Some(&message));
}
