//! Inference, training, and how good the answers were.

use core::ops::Range;
use core::ptr;
use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::calibration::Summary;
use gradient_decay::storage::Work;
use gradient_decay::{Head, Label, PairView, Prediction, Step};

use crate::pointer::span;
use crate::status::*;
use crate::trainer::{Counting, Trainer, gd_trainer, trainer};

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

/// How far probabilities can be trusted: means over the samples that were learned since gd_calibrate, by what the trainer would have answered
/// before, and over what gd_record was given.
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
        let trainer =
            unsafe { forward(trainer, features, feature_count, probabilities, class_count, 1, span(prediction, 1)?)? };
        // SAFETY: the caller's.
        let probabilities = unsafe { from_raw_parts_mut(probabilities, class_count) };
        // The logits are finite, so nothing else can be wrong.
        let answer = trainer.readout.answer_logits(probabilities).map_err(|_| GD_ERROR_NO_CLASSES)?;
        let (Prediction { class, probability }, known) = (answer.prediction(), answer.class().is_some());
        // SAFETY: the caller's.
        unsafe { prediction.write(gd_prediction { class_index: class as u32, probability, known }) };
        Ok(())
    };
    to_status(predict())
}

/// Checks the arguments of a call with a sample: `each` numbers a class, and `to`, the place that its result goes to. Writes the sample's logits
/// to the first of the numbers. One function for all calls, for the flash that it takes.
///
/// # Safety
/// As gd_predict.
#[inline(never)]
unsafe fn forward<'a>(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    numbers: *mut f32,
    number_count: usize,
    each: usize,
    to: Range<usize>,
) -> Result<&'a mut Trainer, gd_status> {
    // SAFETY: the caller's.
    let trainer = unsafe { self::trainer(trainer)? };
    let room = usize::from(trainer.room);
    if feature_count != usize::from(trainer.features) || number_count != each * room {
        return Err(GD_ERROR_LENGTH);
    }
    trainer.apart(&[span(features, feature_count)?, span(numbers, number_count)?, to])?;
    // SAFETY: the caller's; none of them overlaps another.
    let (features, logits, head) =
        unsafe { (from_raw_parts(features, feature_count), from_raw_parts_mut(numbers, room), trainer.head()) };
    // The lengths are right, so nothing else can be wrong.
    head.logits(features, logits).map_err(|_| GD_ERROR_NOT_FINITE)?;
    Ok(trainer)
}

/// The rest of a step after [`forward`]: loss, gradient and update. The answer before it is counted if `counts`. With `REPORT` it is written to
/// `step`; without, the logarithm of the loss is not linked.
///
/// # Safety
/// As gd_learn_reported.
unsafe fn update<const REPORT: bool>(
    trainer: &mut Trainer,
    features: *const f32,
    class: usize,
    scratch: *mut f32,
    counts: bool,
    step: *mut gd_step,
) -> Result<(), gd_status> {
    let (room, classes) = (usize::from(trainer.room), trainer.classes as usize);
    if class >= classes {
        return Err(GD_ERROR_CLASS);
    }
    // SAFETY: the caller's; the counts were checked.
    let (features, scratch, mut head) = unsafe {
        let features = from_raw_parts(features, usize::from(trainer.features));
        (features, from_raw_parts_mut(scratch, 2 * room), trainer.head())
    };
    let mut work = PairView::new(scratch, room).map_err(status)?;
    let counting = trainer.counting.as_ref().filter(|_| counts);
    let temperature = trainer.readout.temperature();
    let score = counting.and_then(|counting| (counting.score)(&counting.calibration, work.seen(), temperature, class));
    let loss = trainer.loss();
    let (seen, gradient) = work.pair();
    let sample = class.sample(&loss, classes, seen, gradient);
    let sample = if REPORT { sample } else { sample.without_loss() };
    // A class has no other error than this.
    trainer.apply(&mut head, features, &mut work).map_err(|_| GD_ERROR_TOO_LARGE)?;
    trainer.steps = trainer.steps.saturating_add(1);
    let taken = Step::new(sample, loss.beta(), true, work.seen());
    if let Some(counting) = trainer.counting.as_mut().filter(|_| counts) {
        (counting.record)(&mut counting.calibration, &taken, score, class);
    }
    if REPORT {
        // SAFETY: the caller's.
        unsafe { step.write(gd_step::from(&taken)) };
    }
    Ok(())
}

/// A step without a report.
///
/// # Safety
/// As gd_learn.
#[inline(never)]
unsafe fn learn(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
    scratch: *mut f32,
    scratch_count: usize,
    counts: bool,
) -> gd_status {
    // SAFETY: the caller's.
    let learn = || unsafe {
        let trainer = forward(trainer, features, feature_count, scratch, scratch_count, 2, 0..0)?;
        update::<false>(trainer, features, class_index as usize, scratch, counts, ptr::null_mut())
    };
    to_status(learn())
}

/// Learns a labelled sample: forward pass, loss, gradient and update. After gd_calibrate the answer before that, under the temperature, counts for
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
/// As gd_init; `features` and `scratch` point to as many floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learn(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
    scratch: *mut f32,
    scratch_count: usize,
) -> gd_status {
    // SAFETY: the caller's.
    unsafe { learn(trainer, features, feature_count, class_index, scratch, scratch_count, true) }
}

/// Learns a labelled sample as gd_learn does, and reports the step: loss, beta, and the answer before it. It links more, the loss's logarithm
/// above all. The other arguments and their errors are those of gd_learn.
///
/// # Safety
/// As gd_learn; `step` points to a gd_step.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learn_reported(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
    scratch: *mut f32,
    scratch_count: usize,
    step: *mut gd_step,
) -> gd_status {
    // SAFETY: the caller's.
    let learn = || unsafe {
        let trainer = forward(trainer, features, feature_count, scratch, scratch_count, 2, span(step, 1)?)?;
        update::<true>(trainer, features, class_index as usize, scratch, true, step)
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
    // SAFETY: the caller's.
    unsafe { learn(trainer, features, feature_count, class_index, scratch, scratch_count, false) }
}

/// Counts the answer of gd_predict for a sample whose class is known and that is not learned, for gd_get_calibration: a test. A sample
/// that is learned is counted by gd_learn.
///
/// # Errors
/// GD_ERROR_PART before gd_calibrate; GD_ERROR_LENGTH if `class_count` is not that of gd_init; GD_ERROR_CLASS if `class_index` is not below
/// it; GD_ERROR_RANGE if a probability is not in [0, 1].
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
        if class_count != usize::from(trainer.room) {
            return Err(GD_ERROR_LENGTH);
        }
        trainer.apart(&[span(probabilities, class_count)?])?;
        // SAFETY: the caller's.
        let probabilities = unsafe { from_raw_parts(probabilities, class_count) };
        let counting = trainer.counting.as_mut().ok_or(GD_ERROR_PART)?;
        counting.calibration.record(probabilities, class_index as usize).map_err(status)
    };
    to_status(record())
}

/// The calibration over all that was counted since gd_calibrate, by gd_learn, gd_learn_reported and gd_record.
///
/// # Errors
/// GD_ERROR_EMPTY if nothing was, or gd_calibrate was not called.
///
/// # Safety
/// As gd_init; `calibration` points to a gd_calibration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_get_calibration(trainer: *mut gd_trainer, calibration: *mut gd_calibration) -> gd_status {
    let get = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.apart(&[span(calibration, 1)?])?;
        let summary =
            trainer.counting.as_ref().and_then(|counting| counting.calibration.summary()).ok_or(GD_ERROR_EMPTY)?;
        // SAFETY: the caller's.
        unsafe { calibration.write(gd_calibration::from(summary)) };
        Ok(())
    };
    to_status(get())
}

/// Counts from here on how good the answers are, for gd_get_calibration: those that the trainer would have given for the samples that gd_learn
/// learns, before it learns them, and those that gd_record is given. It begins anew with every call: after gd_init, before samples for a test,
/// after a time in which the head was still learning. Without it nothing is counted, nor is what counts linked.
///
/// # Safety
/// As gd_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_calibrate(trainer: *mut gd_trainer) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { self::trainer(trainer) }.map(|trainer| trainer.counting = Some(Counting::new())))
}
