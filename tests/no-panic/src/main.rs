//! Links only if no public function of the core can reach a panic: the panic handler calls a function that exists
//! nowhere, and the linker only fails to find it if something needs the handler.
//!
//! The constructors that are made to panic on a bad setting (`new`, `with_..`) are called in consts, where they panic
//! when they are compiled; what takes a setting at run time is their `try_` form.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use gradient_decay::{
    BetaSchedule, Calibration, Error, FineTuner, GradientDecay, Libm, LinearHead, Sgd, State, Velocity, kernels,
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
        let _ = black_box(losses(black_box(&[0.0]), black_box(&[0]), black_box(0.5), black_box(&mut [0.0])));
        let _ = black_box(calibration(black_box(&[0.0]), black_box(0)));
        let _ = black_box(settings(black_box(0.5), black_box(7)));
        // Whole and broken blocks of classes and of features, and the smallest there is.
        let _ = black_box(head::<10, 64>(black_box(&[0.0; 64]), black_box(1), black_box(&mut [0.0])));
        let _ = black_box(head::<7, 13>(black_box(&[0.0; 13]), black_box(1), black_box(&mut [0.0])));
        let _ = black_box(head::<1, 1>(black_box(&[0.0; 1]), black_box(1), black_box(&mut [0.0])));
        let _ = black_box(head::<3, 2>(black_box(&[0.0; 2]), black_box(1), black_box(&mut [0.0])));
        let _ = black_box(head::<12, 65>(black_box(&[0.0; 65]), black_box(1), black_box(&mut [0.0])));
        let _ = black_box(slices(black_box(&[0.0]), black_box(&mut [0.0])));
    }
}

fn losses(logits: &[f32], targets: &[usize], beta: f32, out: &mut [f32]) -> Result<f32, Error> {
    let loss = GradientDecay::try_new(beta)?;
    loss.probabilities(logits, out)?;
    loss.consistent_probabilities(logits, out)?;
    let target = targets.first().copied().unwrap_or_default();
    let one = loss.loss(logits, target)? + loss.loss_and_gradient(logits, target, out)?;
    let batch = loss.batch_loss(logits, targets)? + loss.batch_loss_and_gradient(logits, targets, out)?;
    Ok(one + batch + loss.mean_gradient() + loss.gradient_magnitude(beta)? + loss.beta() + loss.ln_beta())
}

fn calibration(probabilities: &[f32], target: usize) -> Result<f32, Error> {
    let mut calibration: Calibration<15> = Calibration::new();
    calibration.record(probabilities, target)?;
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
    let loss: GradientDecay<Libm> = schedule.at(step);
    black_box(loss);
    Ok(FineTuner::new(schedule, sgd.with_nesterov()))
}

fn head<const CLASSES: usize, const FEATURES: usize>(
    features: &[f32; FEATURES],
    target: usize,
    parameters: &mut [f32],
) -> Result<f32, Error> {
    let tuner = settings(black_box(0.1), black_box(3))?;
    let mut head: LinearHead<CLASSES, FEATURES> = LinearHead::new();
    head.import(parameters)?;
    let mut logits = [0.0; CLASSES];
    head.logits(features, &mut logits)?;
    let light = tuner.step(&mut head, &mut State::new(), features, target)?;
    let mut state: State<Velocity<CLASSES, FEATURES>> = State::with_velocity();
    state.velocity.import(parameters)?;
    let heavy = tuner.step(&mut head, &mut state, features, target)?;
    state.velocity.export(parameters)?;
    head.export(parameters)?;
    Ok(head.predict(features)?.probability + light.loss + heavy.loss + logits.iter().sum::<f32>())
}

fn slices(a: &[f32], b: &mut [f32]) -> f32 {
    kernels::update(b, black_box(0.5), black_box(0.1), a);
    let largest = kernels::largest(a).map_or(0.0, |(_, value)| value);
    kernels::dot(a, b) + kernels::sum_of_magnitudes(a) + largest
}
