//! The settings of a learner.

use core::slice::from_raw_parts;

use gradient_decay::{FineTuner, Readout};

use super::gd_learner;
use super::heads::set_lda;
use crate::discriminant::lda;
use crate::pointer::span;
use crate::status::*;
use crate::trainer::{schedule, sgd};

/// Sets how a discriminant learns, alone, with a trained head or with neighbours: see gd_discriminant_set, whose defaults these are: 16, 0.5, 0.001
/// and UINT32_MAX.
///
/// # Errors
/// GD_ERROR_RANGE if one is out of its range; GD_ERROR_PART if the head is linear.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_set_lda(
    learner: *mut gd_learner,
    prior_samples: f32,
    prior_variance: f32,
    ridge: f32,
    most: u32,
) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[])? };
        set_lda(whole, lda(prior_samples, prior_variance, ridge, most)?)
    };
    to_status(set())
}

/// Sets the optimizer of a linear head: see gd_set_optimizer. The defaults are 0.05, 0 and 0.
///
/// # Errors
/// GD_ERROR_RANGE if one is out of its range; GD_ERROR_PART if the head is not linear.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_set_optimizer(
    learner: *mut gd_learner,
    learning_rate: f32,
    weight_decay: f32,
    clip_norm: f32,
) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[])? };
        let teaching = whole.linear().ok_or(GD_ERROR_PART)?;
        teaching.settings = FineTuner::new(*teaching.settings.schedule(), sgd(learning_rate, weight_decay, clip_norm)?);
        Ok(())
    };
    to_status(set())
}

/// Sets beta of a linear head: see gd_set_beta. The default is 1.
///
/// # Errors
/// As gd_set_beta; GD_ERROR_PART if the head is not linear.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_set_beta(
    learner: *mut gd_learner,
    start: f32,
    end: f32,
    steps: u32,
    geometric: bool,
) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[])? };
        let teaching = whole.linear().ok_or(GD_ERROR_PART)?;
        teaching.settings = FineTuner::new(schedule(start, end, steps, geometric)?, *teaching.settings.optimizer());
        Ok(())
    };
    to_status(set())
}

/// Sets the number of steps taken: 0 begins the warm-up of beta again.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_set_steps(learner: *mut gd_learner, steps: u32) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { super::learner(learner, &[]) }.map(|(whole, ..)| whole.set_steps(steps)))
}

/// Sets how logits become an answer: they are divided by a temperature in [0.01, 100], above 1 for a head that is too sure; a probability
/// below a threshold in [0, 1] is "unknown".
///
/// # Errors
/// GD_ERROR_RANGE if one is out of its range.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_set_readout(
    learner: *mut gd_learner,
    temperature: f32,
    threshold: f32,
) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[])? };
        let readout = Readout::new().try_with_temperature(temperature).map_err(status)?;
        whole.parts_mut().readout.set(readout.try_with_threshold(threshold).map_err(status)?);
        Ok(())
    };
    to_status(set())
}

/// Sets beyond how many deviations of the known samples' scores a sample is far, in [-3, 30]: fewer refuse more. The default is 0.5; it is not part
/// of a checkpoint.
///
/// # Errors
/// GD_ERROR_RANGE if it is out of its range; GD_ERROR_PART if the learner has no gd_part_novelty.
///
/// # Safety
/// As gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_set_novelty(learner: *mut gd_learner, deviations: f32) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &[])? };
        let novelty = whole.parts_mut().readout.novelty.as_mut().ok_or(GD_ERROR_PART)?;
        novelty.set_deviations(deviations).map_err(status)
    };
    to_status(set())
}

/// Sets the units of the standardizer to those of the features that the host has seen: the mean of each, in [-1e18, 1e18], and its deviation, in
/// [0, 1e18]; both have `feature_count` numbers. They are fixed then.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` is not that of the configuration; GD_ERROR_RANGE if a number is out of its range; GD_ERROR_PART if the
/// learner has no gd_part_standardizer.
///
/// # Safety
/// As gd_learner_init; `mean` and `deviation` point to as many floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_set_units(
    learner: *mut gd_learner,
    mean: *const f32,
    deviation: *const f32,
    feature_count: usize,
) -> gd_status {
    let set = || {
        let buffers = [span(mean, feature_count)?, span(deviation, feature_count)?];
        // SAFETY: the caller's.
        let (whole, ..) = unsafe { super::learner(learner, &buffers)? };
        let units = whole.parts_mut().preprocess.0.as_mut().ok_or(GD_ERROR_PART)?;
        // SAFETY: the caller's.
        let (mean, deviation) =
            unsafe { (from_raw_parts(mean, feature_count), from_raw_parts(deviation, feature_count)) };
        units.set(mean, deviation).map_err(status)
    };
    to_status(set())
}
