//! The table of all tolerances. Each entry says what is compared, and the reason for its size.
//!
//! f32 has a relative spacing of 1.2e-7 (`EPS`); rounding an operation loses at most half of it.

/// The spacing of f32 at 1.
pub const EPS: f64 = f32::EPSILON as f64;

/// `exp` of the default math backend against f64, in ulps of the result: 0.5 for rounding the sum `1 + r + ...`, the rest
/// for the roundings of r and of the terms, of which the largest is a quarter of the sum. Seen over all numbers: 0.989.
pub const EXPONENTIAL_ULPS: f64 = 1.0;

/// `ln` of the default math backend, which is libm's, against f64, in ulps of the result. Seen over all positive numbers: 0.9955.
pub const LOGARITHM_ULPS: f64 = 1.0;
/// The relative error of f64's own logarithm, with which a beta's is compared: two ulps. Seen to decide between two f32 for two betas of all.
pub const LN_IN_F64: f64 = 4.5e-16;

/// `exp` on [-20, 0], relative, and `ln` on (0, 1), absolute, of the `Micromath` backend against f64.
pub const MICROMATH_EXP: f64 = 2.5e-3;
/// See [`MICROMATH_EXP`].
pub const MICROMATH_LN: f64 = 0.12;

/// A probability or a component of the gradient of the logits against the oracle, absolute, for K classes: an
/// exponential is off by an ulp and by the rounding of its argument, which the sum of K terms adds `K / 2` roundings to
/// in the worst case. Arguments reach -104 before the exponential vanishes, where the argument's own rounding costs 104
/// `EPS / 2` of a result below 1e-45; the product is largest near -1.
pub fn probability(classes: usize) -> f64 {
    (4.0 + 0.5 * classes as f64) * EPS
}

/// A loss, a probability or a component of the gradient of the logits against the oracle, relative to itself: a small one is an exponential
/// whose argument, its logarithm, is rounded as well. Below the smallest normal number f32 has not the digits.
pub fn relative(classes: usize, exact: f64) -> f64 {
    let argument = -exact.abs().max(f64::from(f32::MIN_POSITIVE)).ln();
    (4.0 + 0.5 * classes as f64 + argument.max(0.0)) * EPS * exact.abs() + f64::from(f32::MIN_POSITIVE)
}

/// The gradients of a sample sum to zero within this: each is rounded to `EPS / 2` of itself, and their magnitudes sum
/// to at most 2; the sum itself, over K terms, is taken in f64.
pub fn gradient_sum(classes: usize) -> f64 {
    (4.0 + 0.5 * classes as f64) * EPS
}

/// Central differences of the oracle in f64 against its own gradient, relative to the largest component: the truncation
/// error of a step of 1e-4 is below 1e-8, the cancellation below 1e-11 of the loss.
pub const CENTRAL_DIFFERENCE: f64 = 1e-6;

/// The core's f32 gradient against central differences of the oracle's loss, relative to the largest component, for up
/// to 100 classes and logits within +-20: this is what the project promises.
pub const GRADIENT: f64 = 1e-5;

/// The closed form of the consistent probabilities, in f64, against the minimiser of the expected loss found by
/// Newton's method.
pub const CONSISTENT: f64 = 1e-9;

/// Probabilities, losses and logit gradients of the core against burn, absolute for probabilities and gradients,
/// relative (above 1) for losses: both are f32, and burn adds the dot products of the head in another order. Logits of
/// a trained head reach some tens.
pub const AGAINST_BURN: f64 = 1e-5;

/// A sum of `terms` products in f32 against f64, absolute, from the sum of the magnitudes of its terms: each term takes part in at most
/// that many roundings, whatever the order, and in one more for its product.
pub fn dot_product(terms: usize, magnitudes: f64) -> f64 {
    0.5 * (terms as f64 + 1.0) * EPS * magnitudes
}

/// The largest difference of a parameter between core and burn, or core and oracle, during 1,000 single-sample SGD steps from the same
/// parameters, at a rate at which training is stable: each step rounds logits of some tens to 1e-6 and parameters of order 1 to
/// 1e-7, and the differences add up like a random walk.
pub const PARAMETERS_AFTER_1000_STEPS: f64 = 1e-5;

/// The relative error of `mean_gradient` against quadrature.
pub const MEAN_GRADIENT: f64 = 1e-6;

/// Probabilities by the `Micromath` backend against the oracle, absolute: its `exp` is off by up to 2.5e-3 relative.
pub const MICROMATH_PROBABILITY: f64 = 2.5e-3;

/// Parameters after 300 steps of the core against SGD in f64, absolute, on features and parameters of order 1: rounding
/// of 1e-7 a step, which training at this rate amplifies little.
pub const PARAMETERS_AFTER_300_STEPS: f64 = 1e-5;

/// Calibration figures against their definitions in f64, absolute below 1 and relative above: sums of up to 300 f32
/// figures, compensated, and a division.
pub const CALIBRATION: f64 = 1e-6;

/// A logit of the discriminant against the batch in f64, in units of the logits' spread, after up to 10^6 labels: what the roundings of
/// the factors and the means add up to. Features far from the origin are worst, since a mean of 100 is known to 1e-5 only.
pub const DISCRIMINANT: f64 = 0.05;
