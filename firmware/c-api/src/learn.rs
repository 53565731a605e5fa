//! Inference, training, and how good the answers were.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::calibration::Summary;
use gradient_decay::step::Step;
use gradient_decay::{Calibration, Head, Learner, Parts, Prediction};

use crate::pointer::span;
use crate::status::*;
use crate::trainer::{gd_trainer, trainer};

/// The answer of a head for a sample.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct gd_prediction {
    /// The most probable class, from 0; the first of equal ones.
    pub class_index: u32,
    /// Its probability, in [0, 1].
    pub probability: f32,
    /// Whether that reaches the threshold: if not, the answer is "unknown".
    pub known: bool,
}

/// The report of a training step.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct gd_step {
    /// The loss of the sample before the step, in nats, >= 0.
    pub loss: f32,
    /// The beta of the step, in (0, 1e6].
    pub beta: f32,
    /// The most probable class before the step, from 0; the first of equal ones.
    pub class_index: u32,
    /// Its softmax probability before the step, in [0, 1]: without a temperature.
    pub probability: f32,
    /// Whether the sample was learned: not one that a learner holds out.
    pub learned: bool,
}

/// How far probabilities can be trusted: means over the samples that gd_learn learned, by what the trainer would have answered before,
/// and over what gd_record was given.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct gd_calibration {
    /// Samples, at least 1; after 2^32 - 1 no more are counted.
    pub count: u32,
    /// The share that was right, in [0, 1].
    pub accuracy: f32,
    /// The mean probability of the most probable class, in [0, 1]. Above the accuracy: too sure.
    pub confidence: f32,
    /// Negative log-likelihood, in nats, in [0, 87.4].
    pub nll: f32,
    /// Brier score, in [0, 2].
    pub brier: f32,
    /// Expected calibration error, over 10 bins, in [0, 1].
    pub ece: f32,
    /// Maximum calibration error of a bin, in [0, 1].
    pub mce: f32,
}

/// The most probable class of a sample, or "unknown". `features` are as many as `feature_count` says, which must be those of the head;
/// `probabilities` has one place a class, `class_count` in all, and gets the probability of each under the temperature, 0 for a class
/// that is not in use. After an error `probabilities` may hold anything.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of gd_init; GD_ERROR_NOT_FINITE if a feature is NaN or infinite, or a
/// logit leaves the range of a float; GD_ERROR_NO_CLASSES if no class is in use.
///
/// # Safety
/// As gd_init; `features` and `probabilities` point to as many floats, `prediction` to a gd_prediction.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_predict(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    probabilities: *mut f32,
    class_count: usize,
    prediction: *mut gd_prediction,
) -> gd_status {
    let predict = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        let (x, to) = (trainer.sample(features, feature_count)?, trainer.per_class(probabilities, class_count, 1)?);
        trainer.apart(&[x, to, span(prediction, 1)?])?;
        // SAFETY: the caller's; none of them overlaps another.
        let (features, probabilities) =
            unsafe { (from_raw_parts(features, feature_count), from_raw_parts_mut(probabilities, class_count)) };
        // SAFETY: as above.
        let head = unsafe { trainer.head()? };
        head.logits(features, probabilities).map_err(status)?;
        let answer = trainer.readout.answer_logits(probabilities).map_err(status)?;
        let (Prediction { class, probability }, known) = (answer.prediction(), answer.class().is_some());
        // SAFETY: the caller's.
        unsafe { prediction.write(gd_prediction { class_index: class as u32, probability, known }) };
        Ok(())
    };
    to_status(predict())
}

/// Learns a labelled sample: forward pass, loss, gradient and update. The answer before that, under the temperature, counts for
/// gd_get_calibration, without a second forward pass: gd_predict is not needed before it, and gd_record would count the sample twice.
///
/// `scratch` is room to work in, two floats a class: `scratch_count` must be twice the classes of gd_init. It may hold anything before
/// and after.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` is not that of gd_init, or `scratch_count` not twice its classes; GD_ERROR_CLASS if `class_index`
/// is not a class in use; GD_ERROR_NOT_FINITE if a feature is NaN or infinite, or a logit leaves the range of a float;
/// GD_ERROR_TOO_LARGE if the update could: the features times the learning rate are from 1e30 on. Nothing is then learned or counted.
///
/// # Safety
/// As gd_init; `features` and `scratch` point to as many floats, `step` to a gd_step, or it is null if the report is of no interest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learn(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
    scratch: *mut f32,
    scratch_count: usize,
    step: *mut gd_step,
) -> gd_status {
    let learn = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        let (x, work) = (trainer.sample(features, feature_count)?, trainer.per_class(scratch, scratch_count, 2)?);
        trainer.apart(&[x, work, if step.is_null() { 0..0 } else { span(step, 1)? }])?;
        // SAFETY: the caller's; none of them overlaps another.
        let (features, scratch) =
            unsafe { (from_raw_parts(features, feature_count), from_raw_parts_mut(scratch, scratch_count)) };
        // SAFETY: as above.
        let (head, state) = unsafe { (trainer.head()?, trainer.state(scratch, trainer.room)?) };
        let tuner = trainer.tuner();
        let (calibration, readout) = (&mut trainer.calibration, &trainer.readout);
        let parts = Parts { preprocess: (), memory: (), guard: (), calibration, readout };
        let mut learner = Learner::with_state(head, state, parts);
        let report = gd_step::from(&learner.learn(&tuner, features, class_index as usize).map_err(status)?);
        trainer.steps = learner.steps();
        if !step.is_null() {
            // SAFETY: the caller's.
            unsafe { step.write(report) };
        }
        Ok(())
    };
    to_status(learn())
}

impl From<Summary> for gd_calibration {
    fn from(summary: Summary) -> Self {
        let Summary { count, accuracy, confidence, nll, brier, ece, mce } = summary;
        gd_calibration { count, accuracy, confidence, nll, brier, ece, mce }
    }
}

impl From<&Step<'_>> for gd_step {
    fn from(step: &Step<'_>) -> Self {
        let Prediction { class, probability } = step.prediction();
        let learned = step.learned();
        gd_step { loss: step.loss(), beta: step.beta(), class_index: class as u32, probability, learned }
    }
}

/// Learns a labelled sample once more, as in a quiet moment one that was kept: as gd_learn, but what the trainer would have answered does not
/// count, since it has seen the sample before. The arguments and their errors are those of gd_learn.
///
/// # Safety
/// As gd_learn.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_rehearse(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
    scratch: *mut f32,
    scratch_count: usize,
) -> gd_status {
    let rehearse = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.apart(&[trainer.sample(features, feature_count)?, trainer.per_class(scratch, scratch_count, 2)?])?;
        // SAFETY: the caller's; none of them overlaps another.
        let (features, scratch) =
            unsafe { (from_raw_parts(features, feature_count), from_raw_parts_mut(scratch, scratch_count)) };
        // SAFETY: as above.
        let (mut head, mut state) = unsafe { (trainer.head()?, trainer.state(scratch, trainer.room)?) };
        trainer.tuner().step(&mut head, &mut state, features, class_index as usize).map_err(status)?;
        trainer.steps = state.steps();
        Ok(())
    };
    to_status(rehearse())
}

/// Counts the answer of gd_predict for a sample whose class is known and that is not learned, for gd_get_calibration: a test. A sample
/// that is learned is counted by gd_learn.
///
/// # Errors
/// GD_ERROR_LENGTH if `class_count` is not that of gd_init; GD_ERROR_CLASS if `class_index` is not below it; GD_ERROR_RANGE if a
/// probability is not in [0, 1].
///
/// # Safety
/// As gd_init; `probabilities` points to `class_count` floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_record(
    trainer: *mut gd_trainer,
    probabilities: *const f32,
    class_count: usize,
    class_index: u32,
) -> gd_status {
    let record = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.apart(&[trainer.per_class(probabilities, class_count, 1)?])?;
        // SAFETY: the caller's.
        let probabilities = unsafe { from_raw_parts(probabilities, class_count) };
        trainer.calibration.record(probabilities, class_index as usize).map_err(status)
    };
    to_status(record())
}

/// The calibration over all that was counted since gd_init or gd_reset_calibration, by gd_learn and gd_record.
///
/// # Errors
/// GD_ERROR_EMPTY if nothing was.
///
/// # Safety
/// As gd_init; `calibration` points to a gd_calibration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_get_calibration(trainer: *mut gd_trainer, calibration: *mut gd_calibration) -> gd_status {
    let get = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.apart(&[span(calibration, 1)?])?;
        let summary = trainer.calibration.summary().ok_or(GD_ERROR_EMPTY)?;
        // SAFETY: the caller's.
        unsafe { calibration.write(gd_calibration::from(summary)) };
        Ok(())
    };
    to_status(get())
}

/// Begins the calibration anew: before samples for a test, or after a time in which the head was still learning.
///
/// # Safety
/// As gd_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_reset_calibration(trainer: *mut gd_trainer) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { self::trainer(trainer) }.map(|trainer| trainer.calibration = Calibration::new()))
}
