//! The calls of a learner that take samples.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::guard::{Judge, Verdict};
use gradient_decay::{Answer, Guard, Prediction, readout::Reason};

use super::heads::{Measured, Whole, add_class, discount, remove_class, unlearn};
use super::parts::Samples;
use super::{gd_learner, learner, sample};
use crate::learn::{gd_calibration, gd_step};
use crate::pointer::span;
use crate::status::*;

/// Why an answer is unknown, or that it is not.
pub type gd_reason = u32;

/// The class is the answer.
pub const GD_KNOWN: gd_reason = 0;
/// Unknown: the sample is between classes, its probability below the threshold.
pub const GD_BETWEEN: gd_reason = 1;
/// Unknown: the sample is far from everything that was taught; by gd_part_novelty alone.
pub const GD_FAR: gd_reason = 2;

/// The answer of a learner for a sample.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct gd_answer {
    /// The most probable class, from 0, whether or not it is the answer; the first of equal ones.
    pub class_index: u32,
    /// Its probability under the temperature, in [0, 1].
    pub probability: f32,
    /// GD_KNOWN, or why the answer is "unknown": GD_BETWEEN or GD_FAR.
    pub reason: gd_reason,
}

/// The state of a learner.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct gd_learner_state {
    /// Classes in use.
    pub classes: u32,
    /// Steps taken, rehearsals included, the place in the warm-up of beta; it stays at 2^32 - 1.
    pub steps: u32,
    /// Samples that the standardizer has observed, and those that fix its units; both 0 without one.
    pub observed: u32,
    /// See `observed`: features are refused until that has reached this.
    pub needed: u32,
    /// The temperature of the read-out, in [0.01, 100].
    pub temperature: f32,
    /// The threshold of the read-out, in [0, 1].
    pub threshold: f32,
}

/// The verdict on a head: see gd_learner_judge.
pub type gd_verdict = u32;

/// Nothing is held out yet.
pub const GD_VERDICT_UNKNOWN: gd_verdict = 0;
/// The best so far: save it.
pub const GD_VERDICT_BEST: gd_verdict = 1;
/// Not the best, but within the margin: go on.
pub const GD_VERDICT_GOOD: gd_verdict = 2;
/// Worse by more than the margin: go back to the one that was saved last.
pub const GD_VERDICT_WORSE: gd_verdict = 3;

/// A sample as the core takes it, after its pointer and count were checked.
///
/// # Safety
/// As gd_learner_init; `features` points to as many floats if the count is right.
unsafe fn with_sample<'a>(
    pointer: *mut gd_learner,
    features: *const f32,
    count: usize,
    others: &[core::ops::Range<usize>; 2],
) -> Result<(&'a mut dyn Whole, &'a [f32], usize), gd_status> {
    let [first, second] = others.clone();
    // SAFETY: the caller's.
    let (whole, expected, room) = unsafe { learner(pointer, &[span(features, count)?, first, second])? };
    sample(features, count, expected)?;
    // SAFETY: the caller's; checked above.
    Ok((whole, unsafe { from_raw_parts(features, count) }, room))
}

/// Nowhere, which overlaps nothing.
const NONE: core::ops::Range<usize> = 0..0;

/// The addresses of something that may be null.
fn optional<T>(pointer: *const T, count: usize) -> Result<core::ops::Range<usize>, gd_status> {
    if pointer.is_null() { Ok(NONE) } else { span(pointer, count) }
}

/// Counts features, with a label or without, of which the units of the standardizer follow. After the first samples it does nothing, nor
/// without a standardizer.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` is not that of the configuration; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if a feature is NaN, infinite or
/// not in [-1e18, 1e18].
///
/// # Safety
/// As gd_learner_init; `features` points to as many floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_observe(
    learner: *mut gd_learner,
    features: *const f32,
    feature_count: usize,
) -> gd_status {
    let observe = || {
        // SAFETY: the caller's.
        let (whole, features, _) = unsafe { with_sample(learner, features, feature_count, &[NONE, NONE])? };
        whole.observe(features).map_err(status)
    };
    to_status(observe())
}

/// Learns a labelled sample of a class in use, or holds it out if that is due, and remembers it, if the learner has the parts. `step`, which
/// may be null, gets a report of what the learner would have answered before: of a discriminant beta is 1, and the loss of the first sample of
/// a class is 0.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` is not that of the configuration; GD_ERROR_CLASS if the class is not in use; GD_ERROR_UNITS before the
/// units are fixed; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if a feature is NaN, infinite, or, of a discriminant, not in [-1e6, 1e6];
/// GD_ERROR_TOO_LARGE if the update could leave the range of a float.
///
/// # Safety
/// As gd_learner_init; `features` points to as many floats, `step` to a gd_step or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_learn(
    learner: *mut gd_learner,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
    step: *mut gd_step,
) -> gd_status {
    let learn = || {
        // SAFETY: the caller's.
        let (whole, features, _) =
            unsafe { with_sample(learner, features, feature_count, &[optional(step, 1)?, NONE])? };
        let report = whole.learn(features, class_index as usize).map_err(status)?;
        if !step.is_null() {
            // SAFETY: the caller's.
            unsafe { step.write(report) };
        }
        Ok(())
    };
    to_status(learn())
}

/// Takes a sample back that was learned with this label, a slip of the finger: the discriminant is as if it had not been, but for rounding and, of
/// every sixteenth label, a small ridge; the memory and the neighbours forget it. If it was held out, it is no longer, and the discriminant, which
/// has not learned it, stays as it is. What the calibration counted stays, and the weight of neighbours. The settings must be those that it was
/// learned with.
///
/// # Errors
/// As gd_learner_learn; GD_ERROR_NOT_LEARNED if the class has no sample, or cannot have learned this one; GD_ERROR_PART if the head is linear: a
/// step cannot be undone.
///
/// # Safety
/// As gd_learner_observe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_unlearn(
    learner: *mut gd_learner,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
) -> gd_status {
    let take_back = || {
        // SAFETY: the caller's.
        let (whole, features, _) = unsafe { with_sample(learner, features, feature_count, &[NONE, NONE])? };
        unlearn(whole, features, class_index as usize)
    };
    to_status(take_back())
}

/// The most probable class of a sample, or "unknown" and why. `probabilities`, which may be null, has one place for each class that there is
/// room for, `class_count` in all, and gets the probability of each under the temperature, 0 for one that is not in use, or has no sample of a
/// discriminant and is unknown to a trained head. After an error `probabilities` may hold anything.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of the configuration; GD_ERROR_UNITS before the units are fixed;
/// GD_ERROR_NO_CLASSES if no class is in use, or none of a discriminant has a sample, nor does a trained head know one; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if a feature is
/// NaN, infinite or out of the standardizer's range, or a logit leaves the range of a float.
///
/// # Safety
/// As gd_learner_init; `features` and `probabilities`, which may be null, point to as many floats, `answer` to a gd_answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_predict(
    learner: *mut gd_learner,
    features: *const f32,
    feature_count: usize,
    probabilities: *mut f32,
    class_count: usize,
    answer: *mut gd_answer,
) -> gd_status {
    let predict = || {
        let others = [optional(probabilities, class_count)?, span(answer, 1)?];
        // SAFETY: the caller's.
        let (whole, features, room) = unsafe { with_sample(learner, features, feature_count, &others)? };
        let probabilities = if probabilities.is_null() {
            None
        } else if class_count == room {
            // SAFETY: the caller's; none of them overlaps another.
            Some(unsafe { from_raw_parts_mut(probabilities, class_count) })
        } else {
            return Err(GD_ERROR_LENGTH);
        };
        let said = whole.answer(features, probabilities).map_err(status)?;
        let Prediction { class, probability } = said.prediction();
        let reason = match said {
            Answer::Class(_) => GD_KNOWN,
            Answer::Unknown(_, Reason::Between) => GD_BETWEEN,
            Answer::Unknown(_, Reason::Far) => GD_FAR,
        };
        // SAFETY: the caller's.
        unsafe { answer.write(gd_answer { class_index: class as u32, probability, reason }) };
        Ok(())
    };
    to_status(predict())
}

/// `count` steps on samples of the memory; `taken`, which may be null, gets how many were taken: fewer if training has diverged, none if the
/// memory is empty. It can wait for an idle moment.
///
/// # Errors
/// GD_ERROR_PART if the head is not linear, since a discriminant has forgotten nothing, or there is no memory.
///
/// # Safety
/// As gd_learner_init; `taken` points to a number or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_rehearse(learner: *mut gd_learner, count: u32, taken: *mut u32) -> gd_status {
    let rehearse = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[optional(taken, 1)?])? };
        if whole.parts().memory.0.is_none() {
            return Err(GD_ERROR_PART);
        }
        let steps = whole.rehearse(count)?;
        if !taken.is_null() {
            // SAFETY: the caller's.
            unsafe { taken.write(steps) };
        }
        Ok(())
    };
    to_status(rehearse())
}

/// Takes one more class into use; `class_index`, which may be null, gets its number, the count of classes before. It is one that a trained head
/// does not have.
///
/// # Errors
/// GD_ERROR_NO_ROOM if all are in use.
///
/// # Safety
/// As gd_learner_init; `class_index` points to a number or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_add_class(learner: *mut gd_learner, class_index: *mut u32) -> gd_status {
    let add = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[optional(class_index, 1)?])? };
        let class = add_class(whole)?;
        if !class_index.is_null() {
            // SAFETY: the caller's.
            unsafe { class_index.write(class as u32) };
        }
        Ok(())
    };
    to_status(add())
}

/// Removes a class; those above it move down by one, in every part. What was remembered of it or kept is overwritten; what its samples said of the
/// scatter of a discriminant, or did to the rows of other classes, stays.
///
/// # Errors
/// GD_ERROR_CLASS if the class is not in use.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_remove_class(learner: *mut gd_learner, class_index: u32) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { super::learner(learner, &[]) }.and_then(|(whole, ..)| remove_class(whole, class_index as usize)))
}

/// Keeps what a discriminant has learned with the weight of `samples` samples, in [1e-3, 1e6], each class with the weight of `most` at most: for
/// another user, 64 and 3. What belonged to the user before is forgotten: see gd_learner_forget. So are neighbours, whose samples are overwritten; a
/// trained head has its first weight again.
///
/// # Errors
/// GD_ERROR_RANGE if `samples` is out of its range; GD_ERROR_NO_CLASSES if no class has a sample; GD_ERROR_PART if the head is linear.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_discount(learner: *mut gd_learner, samples: f32, most: u32) -> gd_status {
    let keep = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[])? };
        discount(whole, samples, most)
    };
    to_status(keep())
}

/// Forgets what the learner knows of its samples: the memory, those held out, the calibration, the distances. The head and the units stay, the
/// samples of its neighbours among them, which gd_learner_discount overwrites.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_forget(learner: *mut gd_learner) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { super::learner(learner, &[]) }.map(|(whole, ..)| whole.forget()))
}

/// The state of the learner.
///
/// # Safety
/// As gd_learner_init; `state` points to a gd_learner_state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_get_state(learner: *mut gd_learner, state: *mut gd_learner_state) -> gd_status {
    let get = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[span(state, 1)?])? };
        let parts = whole.parts();
        let (observed, needed) = parts.preprocess.0.as_ref().map_or((0, 0), |units| units.observed());
        let readout = parts.readout.readout();
        let (temperature, threshold) = (readout.temperature(), readout.threshold());
        let (classes, steps) = (whole.classes() as u32, whole.steps());
        // SAFETY: the caller's.
        unsafe { state.write(gd_learner_state { classes, steps, observed, needed, temperature, threshold }) };
        Ok(())
    };
    to_status(get())
}

/// How far probabilities can be trusted, by what the learner would have answered for each sample before it learned it.
///
/// # Errors
/// GD_ERROR_EMPTY if nothing was counted; GD_ERROR_PART if the learner has no gd_part_calibration.
///
/// # Safety
/// As gd_learner_init; `calibration` points to a gd_calibration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_get_calibration(
    learner: *mut gd_learner,
    calibration: *mut gd_calibration,
) -> gd_status {
    let get = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[span(calibration, 1)?])? };
        let part = whole.parts().calibration.0.as_ref().ok_or(GD_ERROR_PART)?;
        let report = gd_calibration::from(part.summary().ok_or(GD_ERROR_EMPTY)?);
        // SAFETY: the caller's.
        unsafe { calibration.write(report) };
        Ok(())
    };
    to_status(get())
}

/// Begins the calibration anew.
///
/// # Errors
/// GD_ERROR_PART if the learner has no gd_part_calibration.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_reset_calibration(learner: *mut gd_learner) -> gd_status {
    let reset = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[])? };
        whole.parts_mut().calibration.0.as_mut().ok_or(GD_ERROR_PART)?.reset();
        Ok(())
    };
    to_status(reset())
}

/// Takes the guard out of a learner, which it measures, and puts it back.
fn with_guard<T>(
    whole: &mut dyn Whole,
    measure: impl FnOnce(&mut Guard<Samples>, &mut [f32], &dyn Whole) -> Result<T, gd_status>,
) -> Result<T, gd_status> {
    let holding = &mut whole.parts_mut().guard;
    if !holding.is_there() {
        return Err(GD_ERROR_PART);
    }
    let mut guard = core::mem::replace(&mut holding.guard, const { Guard::new(Samples(None), 0.0, 1) });
    let logits = core::mem::take(&mut holding.logits);
    let result = measure(&mut guard, logits, whole);
    let holding = &mut whole.parts_mut().guard;
    (holding.guard, holding.logits) = (guard, logits);
    result
}

/// Measures the head on the samples held out: `verdict` gets one of GD_VERDICT_..., and `loss`, which may be null, its negative log-likelihood
/// in nats, 0 if nothing is held out.
///
/// # Errors
/// GD_ERROR_PART if the learner holds nothing out.
///
/// # Safety
/// As gd_learner_init; `verdict` points to a number, `loss` to a float or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_judge(
    learner: *mut gd_learner,
    verdict: *mut gd_verdict,
    loss: *mut f32,
) -> gd_status {
    let judge = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[span(verdict, 1)?, optional(loss, 1)?])? };
        let found = with_guard(whole, |guard, logits, whole| Ok(guard.judge(&Measured(whole), logits)))?;
        let (found, nats) = match found {
            Verdict::Unknown => (GD_VERDICT_UNKNOWN, 0.0),
            Verdict::Best(nats) => (GD_VERDICT_BEST, nats),
            Verdict::Good(nats) => (GD_VERDICT_GOOD, nats),
            Verdict::Worse(nats) => (GD_VERDICT_WORSE, nats),
        };
        // SAFETY: the caller's.
        unsafe {
            verdict.write(found);
            if !loss.is_null() {
                loss.write(nats);
            }
        }
        Ok(())
    };
    to_status(judge())
}

/// Fits the temperature to the samples held out by `steps` halvings of its range: 16 fix it to 1.5 parts in ten thousand. It stays as it is if
/// nothing is held out.
///
/// # Errors
/// GD_ERROR_PART if the learner holds nothing out; GD_ERROR_NOT_FINITE if a logit leaves the range of a float.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_fit_temperature(learner: *mut gd_learner, steps: u32) -> gd_status {
    let fit = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[])? };
        let fitted = with_guard(whole, |guard, logits, whole| {
            let held_out: &Samples = Judge::<[f32]>::held_out(guard);
            whole.parts().readout.readout().fitted(&Measured(whole), held_out, steps, logits).map_err(status)
        })?;
        whole.parts_mut().readout.set(fitted);
        Ok(())
    };
    to_status(fit())
}
