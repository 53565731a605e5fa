//! What one usually writes first: loops over rows, softmax with libm's `expf`, an update in place without a gradient buffer;
//! no check of anything.

use core::hint::black_box;

use bench::InstructionCounter;
use bench::case::Case;

use crate::report;

/// Inference and step; the parameters are as before, afterwards.
pub fn count<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize>(
    counter: &mut InstructionCounter,
    case: &mut Case<CLASSES, FEATURES, PARAMETERS>,
) {
    let (mut inference, mut training) = (0, 0);
    for (sample, features) in case.features.iter().enumerate() {
        let target = Case::<CLASSES, FEATURES, PARAMETERS>::target(sample);
        let parameters = &mut case.parameters;
        let mut p = [0.0; CLASSES];
        let ((), count) = counter.count(|| infer(parameters, features, &mut p));
        black_box(p);
        inference = inference.max(count);
        let (loss, count) = counter.count(|| step::<CLASSES, FEATURES>(parameters, features, target, 0.01));
        black_box(loss);
        training = training.max(count);
    }
    report("naive-inference", CLASSES, FEATURES, inference);
    report("naive-step", CLASSES, FEATURES, training);
    case.fill();
}

#[inline(never)]
fn infer<const CLASSES: usize, const FEATURES: usize>(
    parameters: &[f32],
    features: &[f32; FEATURES],
    p: &mut [f32; CLASSES],
) {
    let (weights, bias) = parameters.split_at(CLASSES * FEATURES);
    for ((z, row), bias) in p.iter_mut().zip(weights.chunks_exact(FEATURES)).zip(bias) {
        *z = row.iter().zip(features).fold(*bias, |sum, (w, x)| sum + w * x);
    }
    let top = p.iter().fold(f32::NEG_INFINITY, |top, z| if *z > top { *z } else { top });
    let mut sum = 0.0;
    for z in p.iter_mut() {
        *z = libm::expf(*z - top);
        sum += *z;
    }
    p.iter_mut().for_each(|z| *z /= sum);
}

#[inline(never)]
fn step<const CLASSES: usize, const FEATURES: usize>(
    parameters: &mut [f32],
    features: &[f32; FEATURES],
    target: usize,
    rate: f32,
) -> f32 {
    let mut p = [0.0; CLASSES];
    infer(parameters, features, &mut p);
    let loss = -libm::logf(p[target]);
    p[target] -= 1.0;
    let (weights, bias) = parameters.split_at_mut(CLASSES * FEATURES);
    for ((g, row), bias) in p.iter().zip(weights.chunks_exact_mut(FEATURES)).zip(bias) {
        let rate = rate * g;
        row.iter_mut().zip(features).for_each(|(w, x)| *w -= rate * x);
        *bias -= rate;
    }
    loss
}
