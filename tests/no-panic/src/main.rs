//! Links only if no public function of the core can reach a panic: the panic handler calls a function that exists
//! nowhere, and the linker only fails to find it if something needs the handler.
//!
//! The constructors that are made to panic on a bad setting (`new`, `with_..`) are called in consts, where they panic
//! when they are compiled; what takes a setting at run time is their `try_` form.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use gradient_decay::fixed::{FixedHead, FixedState, FixedTuner};
use gradient_decay::guard::Guard;
use gradient_decay::quantized::{Quantization, QuantizedHead, requantize};
use gradient_decay::replay::Stored;
use gradient_decay::{
    BetaSchedule, Calibration, Error, FineTuner, GradientDecay, GrowingHead, Libm, LinearHead, Math, Micromath,
    MlpHead, Quantized, Readout, Replay, Sgd, SliceHead, Standardizer, State, Target, TargetOptions, Velocity,
    checkpoint, kernels, math,
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
        let _ = black_box(slices(black_box(&[0.0]), black_box(&mut [0.0])));
    }
}

/// All that depends on the math backend.
fn backend<M: Math>() -> Result<f32, Error> {
    let loss = losses::<M>(black_box(&[0.0]), black_box(&[0]), black_box(0.5), black_box(&mut [0.0]))?;
    let calibration = calibration::<M>(black_box(&[0.0]), black_box(0))?;
    // Whole and broken blocks of classes and of features, and the smallest there is.
    let wide = head::<10, 64, M>(black_box(&[0.0; 64]), black_box(1), black_box(&mut [0.0]), black_box(&[0]))?;
    let odd = head::<7, 13, M>(black_box(&[0.0; 13]), black_box(1), black_box(&mut [0.0]), black_box(&[0]))?;
    let least = head::<1, 1, M>(black_box(&[0.0; 1]), black_box(1), black_box(&mut [0.0]), black_box(&[0]))?;
    let small = head::<3, 2, M>(black_box(&[0.0; 2]), black_box(1), black_box(&mut [0.0]), black_box(&[0]))?;
    let broken = head::<12, 65, M>(black_box(&[0.0; 65]), black_box(1), black_box(&mut [0.0]), black_box(&[0]))?;
    Ok(loss + calibration + wide + odd + least + small + broken)
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
    Ok(tuner)
}

fn head<const CLASSES: usize, const FEATURES: usize, M: Math>(
    features: &[f32; FEATURES],
    target: usize,
    parameters: &mut [f32],
    bytes: &[u8],
) -> Result<f32, Error> {
    let tuner = settings(black_box(0.1), black_box(3))?;
    let mut head: LinearHead<CLASSES, FEATURES, M> = LinearHead::from_le_bytes(bytes)?;
    head.import(parameters)?;
    let mut logits = [0.0; CLASSES];
    head.logits(features, &mut logits)?;
    black_box(tuner.schedule().at::<M>(black_box(5)));
    let mut light_state = State::new();
    light_state.set_steps(black_box(5));
    let light = tuner.step(&mut head, &mut light_state, features, target)?;
    black_box(light_state.steps());
    let mut state: State<Velocity<CLASSES, FEATURES>> = State::with_velocity();
    state.velocity.import(parameters)?;
    let heavy = tuner.step(&mut head, &mut state, features, target)?;
    let options = options(black_box(0.1), parameters)?;
    for label in [Target::Class(target), Target::Distribution(black_box(&logits))] {
        black_box(tuner.step_with(&mut head, &mut light_state, features, &label, &options)?);
    }
    state.velocity.export(parameters)?;
    let mut readout = Readout::with_math();
    let mut copy = [0; 64];
    black_box(checkpoint::size(CLASSES, black_box(FEATURES), true));
    checkpoint::write(&head, &state, &readout, black_box(&mut copy))?;
    checkpoint::read(bytes, &mut head, &mut state, &mut readout)?;
    checkpoint::write(&head, &light_state, &readout, black_box(&mut copy))?;
    checkpoint::read(bytes, &mut head, &mut light_state, &mut readout)?;
    memory::<CLASSES, FEATURES, M, [f32; FEATURES]>(&mut head, &tuner, features, target)?;
    memory::<CLASSES, FEATURES, M, Quantized<FEATURES>>(&mut head, &tuner, features, target)?;
    standardizer::<FEATURES, M>(features)?;
    let mut mlp: MlpHead<CLASSES, 7, FEATURES, M> = MlpHead::new();
    mlp.initialise(black_box(4));
    mlp.logits(features, black_box(&mut logits))?;
    black_box(mlp.predict(features)?);
    black_box(tuner.step_mlp(&mut mlp, &mut State::new(), features, target)?);
    black_box(tuner.step_mlp(&mut mlp, &mut State::with_mlp_velocity(), features, target)?);
    let scale = Quantization::try_new(black_box(0.1), black_box(3))?;
    let small = QuantizedHead::new(&head, scale, scale)?;
    let bytes = features.map(|x| small.input().quantize(x));
    black_box((small.logits(&bytes), small.predict(&bytes), small.output().dequantize(black_box(5))));
    black_box(requantize(black_box(5), black_box(6), black_box(-7)));
    let mut fixed = FixedHead::from_head(&head, black_box(5));
    black_box(fixed.to_head());
    let bytes = fixed.quantize(features);
    let mut fixed_state = FixedState::new(black_box(1));
    fixed_state.set_steps(black_box(2));
    let fixed_tuner = FixedTuner::try_new(*tuner.schedule(), black_box(0.1))?;
    let fixed_step = fixed_tuner.step::<CLASSES, FEATURES, M>(&mut fixed, &mut fixed_state, &bytes, target)?;
    black_box((fixed.logits(&bytes), fixed.predict(&bytes), fixed_step.loss(), fixed_state.steps()));
    let mut growing = GrowingHead::from_head(head.clone(), black_box(1))?;
    growing.logits(features, black_box(&mut logits))?;
    black_box((growing.add_class(&[*features])?, growing.active(), growing.predict(features)?));
    black_box(tuner.step_growing(&mut growing, &mut light_state, features, target)?);
    black_box(tuner.step_growing(&mut growing, &mut state, features, target)?);
    growing.remove_class(target, &mut state)?;
    growing.remove_class(target, &mut light_state)?;
    black_box(growing.head());
    head.export(parameters)?;
    Ok(head.predict(features)?.probability + light.loss + heavy.loss + logits.iter().sum::<f32>())
}

fn memory<const CLASSES: usize, const FEATURES: usize, M: Math, S: Stored<FEATURES>>(
    head: &mut LinearHead<CLASSES, FEATURES, M>,
    tuner: &FineTuner,
    features: &[f32; FEATURES],
    target: usize,
) -> Result<(), Error> {
    let mut memory: Replay<CLASSES, 3, FEATURES, S> = Replay::new(black_box(1));
    black_box(tuner.step_with_replay(head, &mut State::new(), features, target, &mut memory, black_box(2))?);
    memory.insert(features, target)?;
    black_box(memory.rehearse(black_box(2), |features, class| black_box((features, class)).1 > 0));
    memory.for_each(|features, class| _ = black_box((features, class)));
    black_box((memory.is_empty(), memory.len(target), memory.seen(target), memory.draw(&mut [0.0; FEATURES])));
    let mut guard = Guard::try_new(black_box(0.1))?;
    black_box(guard.judge(head, &memory));
    guard.reset();
    let readout = Readout::<M>::with_math().try_with_temperature(black_box(2.0))?.try_with_threshold(black_box(0.5))?;
    let readout = readout.fitted(head, &memory, black_box(5))?;
    black_box((readout.answer(head, features)?, readout.temperature(), readout.threshold()));
    black_box(readout.answer_logits(black_box(&mut [0.5, 0.25, 0.0])))?;
    memory.forget(target)
}

fn standardizer<const FEATURES: usize, M: Math>(features: &[f32; FEATURES]) -> Result<(), Error> {
    let mut standardizer: Standardizer<FEATURES, M> = Standardizer::with_window(black_box(9));
    standardizer.record(features)?;
    let mut features = *features;
    standardizer.apply(&mut features)?;
    black_box((features, standardizer.count(), standardizer.mean(), standardizer.variance()));
    Ok(())
}

fn slice_head<M: Math>(parameters: &mut [f32], features: &[f32], scratch: &mut [f32]) -> Result<(), Error> {
    let mut head: SliceHead<'_, M> = SliceHead::with_math(parameters, black_box(2), black_box(3))?;
    let (mut state, mut readout) = (State::new(), Readout::with_math());
    head.check()?;
    head.logits(features, scratch)?;
    black_box((head.predict(features, scratch)?, head.classes(), head.features()));
    let tuner = settings(black_box(0.1), black_box(3))?;
    black_box(tuner.step_slices(&mut head, &mut state, features, black_box(1), scratch)?);
    let mut bytes = [0; 64];
    checkpoint::write_slices(&head, &state, &readout, black_box(&mut bytes))?;
    checkpoint::read_slices(black_box(&bytes), &mut head, &mut state, &mut readout)
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
    black_box(slice_head::<Libm>(b, a, &mut sums).is_ok());
    black_box(slice_head::<Micromath>(b, a, &mut sums).is_ok());
    let rows = sums.iter().sum::<f32>();
    let exponentials = kernels::exp_and_sum::<Libm>(b, black_box(0.5), black_box(0.0)) + math::exp(black_box(-0.5));
    let magnitudes = kernels::sum_of_magnitudes(a) + kernels::portable::sum_of_magnitudes(a);
    kernels::dot(a, b) + magnitudes + largest + rows + exponentials
}
