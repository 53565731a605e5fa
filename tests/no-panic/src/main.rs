//! Links only if no public function of the core can reach a panic: the panic handler calls a function that exists
//! nowhere, and the linker only fails to find it if something needs the handler.
//!
//! The constructors that panic on a bad setting (`new`, `with_..`) are called in consts, where they panic
//! at compile time; their `try_` forms take settings at run time.
#![no_std]
#![no_main]

mod discriminants;
mod heads;
mod learners;
mod storage;

use core::hint::black_box;
use core::panic::PanicInfo;

use gradient_decay::{
    BetaSchedule, Calibration, Error, FineTuner, FixedRate, GradientDecay, Libm, Math, Micromath, Sgd, Target,
    TargetOptions, kernels, math,
};

unsafe extern "C" {
    /// Defined nowhere: if the linker misses it, the core can panic.
    fn the_core_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: never called; a program that could call it does not link.
    unsafe { the_core_can_panic() }
}

/// The entry point, never run: calls everything with values that the compiler cannot know.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    loop {
        let _ = black_box(backend::<Libm>());
        let _ = black_box(backend::<Micromath>());
        let _ = black_box(settings(black_box(0.5), black_box(7)));
        let _ = black_box(storage::all());
        let _ = black_box(slices(black_box(&[0.0]), black_box([0.0].as_mut_slice())));
    }
}

/// All that depends on the math backend.
fn backend<M: Math>() -> Result<f32, Error> {
    let loss = losses::<M>(black_box(&[0.0]), black_box(&[0]), black_box(0.5), black_box([0.0].as_mut_slice()))?;
    let calibration = calibration::<M>(black_box(&[0.0]), black_box(0))?;
    heads::all::<M>()?;
    learners::all::<M>()?;
    discriminants::all::<M>()?;
    Ok(loss + calibration)
}

fn losses<M: Math>(logits: &[f32], targets: &[usize], beta: f32, out: &mut [f32]) -> Result<f32, Error> {
    let loss = GradientDecay::<M>::try_with_math(beta)?;
    loss.probabilities(logits, out)?;
    loss.consistent_probabilities(logits, out)?;
    let target = targets.first().copied().unwrap_or_default();
    let one = loss.loss(logits, target)? + loss.loss_and_gradient(logits, target, out)?;
    let options = options(beta, logits)?;
    black_box(loss.loss_and_gradient_with(logits, &Target::Class(target), &options, out)?);
    let batch = loss.batch_loss(logits, targets)? + loss.batch_loss_and_gradient(logits, targets, out)?;
    Ok(one + batch + loss.mean_gradient() + loss.gradient_magnitude(beta)? + loss.beta() + loss.ln_beta())
}

fn options(value: f32, weights: &[f32]) -> Result<TargetOptions<'_>, Error> {
    let options = TargetOptions::new().try_with_label_smoothing(value)?.try_with_class_weights(weights)?;
    Ok(options.with_ignore_index(black_box(255)))
}

fn calibration<M: Math>(probabilities: &[f32], target: usize) -> Result<f32, Error> {
    let mut calibration: Calibration<15, M> = Calibration::new();
    calibration.record(probabilities, target)?;
    black_box(calibration.coverage().map(|point| point.threshold + point.coverage + point.accuracy).sum::<f32>());
    let bars = calibration.bins().flatten().map(|bin| bin.accuracy).sum::<f32>();
    Ok(bars + calibration.summary().map_or(0.0, |summary| summary.ece))
}

fn settings(value: f32, step: u32) -> Result<FineTuner, Error> {
    let sgd = Sgd::try_new(value)?.try_with_momentum(value)?.try_with_weight_decay(value)?.try_with_clip_norm(value)?;
    let schedule = match step % 3 {
        0 => BetaSchedule::try_constant(value)?,
        1 => BetaSchedule::try_linear(value, 1.0, step)?,
        _ => BetaSchedule::try_geometric(value, 1.0, step)?,
    };
    black_box((GradientDecay::try_new(value)?, schedule.steps()));
    let tuner = FineTuner::new(schedule, sgd.with_nesterov());
    let sgd = tuner.optimizer();
    black_box((sgd.learning_rate(), sgd.momentum(), sgd.nesterov(), sgd.weight_decay(), sgd.clip_norm()));
    black_box(tuner.schedule().at::<Libm>(black_box(5)));
    Ok(tuner)
}

fn fixed_settings(value: f32) -> Result<FineTuner<FixedRate>, Error> {
    let rate = FixedRate::try_new(value)?;
    black_box(rate.learning_rate());
    Ok(FineTuner::new(*settings(value, black_box(3))?.schedule(), rate))
}

fn slices(a: &[f32], b: &mut [f32]) -> f32 {
    let factors =
        black_box(kernels::MomentumFactors { learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.01 });
    let (mut rows, x) = (black_box([[0.5; 7]; 3]), black_box([0.25; 7]));
    kernels::update_rows(&mut rows, black_box(0.5), &black_box([0.1; 3]), &x);
    kernels::portable::update_rows(&mut rows, black_box(1.0), &black_box([0.1; 3]), &x);
    kernels::update_with_momentum(&mut rows[0], b, &factors, black_box(0.5), a);
    kernels::update(b, black_box(0.5), black_box(0.1), a);
    let largest = kernels::largest(a).map_or(0.0, |(_, value)| value);
    let mut sums = [0.0; 3];
    kernels::add_dot_rows(&rows, &x, &mut sums);
    kernels::portable::add_dot_rows(&rows, &x, &mut sums);
    kernels::add_dot_matrix(a, &x, &mut sums);
    kernels::update_matrix(b, black_box(0.9), &sums, a);
    kernels::update_matrix_with_momentum(b, &mut sums, &factors, &x, a);
    kernels::portable::update_matrix_with_momentum(b, &mut sums, &factors, &x, a);
    let rows = sums.iter().sum::<f32>() + factors_of(a, b) + integers() as f32;
    kernels::standardize(a, &x, &sums, b);
    kernels::portable::standardize(a, &x, &sums, b);
    black_box(kernels::all_within(a, 1e18) || kernels::portable::all_within(a, 1e18));
    let exponentials = kernels::exp_and_sum::<Libm>(b, black_box(0.5), black_box(0.0)) + math::exp(black_box(-0.5));
    let magnitudes = kernels::sum_of_magnitudes(a) + kernels::portable::sum_of_magnitudes(a);
    kernels::dot(a, b) + magnitudes + largest + rows + exponentials
}

/// The loops over integers.
fn integers() -> i32 {
    let (bytes, mut halfwords, x) = (black_box([[3; 13]; 4]), black_box([[300; 13]; 4]), black_box([5; 13]));
    let mut sums = black_box([7; 4]);
    kernels::add_dot_rows_i8(&bytes, &x, &mut sums);
    kernels::portable::add_dot_rows_i8(&bytes, &x, &mut sums);
    let (row, its_x) = (black_box(bytes.as_flattened()), black_box(x.as_slice()));
    let [dot, square] = kernels::dot_and_square_i8(row, its_x);
    let [dot_again, square_again] = kernels::portable::dot_and_square_i8(row, its_x);
    black_box([dot, square, dot_again, square_again]);
    kernels::add_dot_rows_i16(&halfwords, &x, &mut sums, i32::wrapping_add);
    kernels::portable::add_dot_rows_i16(&halfwords, &x, &mut sums, i32::wrapping_add);
    kernels::add_dot_matrix_i16(halfwords.as_flattened(), black_box(x.as_slice()), &mut sums);
    kernels::portable::add_dot_matrix_i16(halfwords.as_flattened(), black_box(x.as_slice()), &mut sums);
    let matrix = black_box(halfwords.as_flattened_mut());
    let random = kernels::update_matrix_i16(matrix, &sums, black_box(x.as_slice()), black_box(9), black_box(1));
    let random = kernels::portable::update_matrix_i16(matrix, &sums, black_box(x.as_slice()), black_box(9), random);
    let random = kernels::update_rows_i16(&mut halfwords, &sums, &x, black_box(9), random);
    let random = kernels::portable::update_rows_i16(&mut halfwords, &sums, &x, black_box(9), random);
    sums.iter().fold(random as i32 ^ i32::from(black_box(halfwords)[0][0]), |sum, x| sum ^ x)
}

/// The loops over the factors of a scatter.
fn factors_of(a: &[f32], b: &mut [f32]) -> f32 {
    let (mut upper, mut x) = (black_box([0.5; 40]), black_box([0.25; 9]));
    let upper = black_box(upper.as_mut_slice());
    kernels::transposed_product(upper, a, b);
    kernels::portable::transposed_product(upper, a, b);
    kernels::product(a, b);
    kernels::portable::product(a, b);
    kernels::update_product(upper, a, b);
    kernels::portable::update_product(upper, a, b);
    let sums = kernels::subtract(a, upper, b) + kernels::gain(a, upper, b);
    let portable = kernels::portable::subtract(a, upper, b) + kernels::portable::gain(a, upper, b);
    let last = kernels::update_diagonal(upper, b, a, black_box(2.0));
    sums + portable + last + kernels::portable::update_diagonal(&mut x, upper, a, black_box(2.0))
}
