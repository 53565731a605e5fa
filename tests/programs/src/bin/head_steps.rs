//! Inferences and steps on the host, to be counted by callgrind: `head_steps SHAPE RUNS`. `cargo xtask footprint` runs it.

use std::env;
use std::hint::black_box;

use anyhow::{Result, bail};
use gradient_decay::{BetaSchedule, Error, FineTuner, LinearHead, Prediction, Sgd, State, Train};

const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.01));

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [shape, runs] = &arguments[..] else { bail!("give a shape and a number of runs") };
    let runs = runs.parse()?;
    match shape.as_str() {
        "64->10" => run::<10, 64>(runs)?,
        "784->10" => run::<10, 784>(runs)?,
        "128->100" => run::<100, 128>(runs)?,
        _ => bail!("no shape {shape}: there are 64->10, 784->10 and 128->100"),
    }
    Ok(())
}

fn run<const CLASSES: usize, const FEATURES: usize>(runs: u32) -> Result<(), Error> {
    let (mut head, mut state) = (LinearHead::<CLASSES, FEATURES>::new(), State::new());
    // Features like those behind a ReLU: half of them 0.
    let features: [f32; FEATURES] = std::array::from_fn(|i| if i % 2 == 0 { 0.0 } else { (i % 7) as f32 / 4.0 });
    for target in (0..CLASSES).cycle().take(runs as usize) {
        black_box(inference(&head, black_box(&features))?);
        black_box(step(&mut head, &mut state, black_box(&features), target)?);
    }
    Ok(())
}

#[inline(never)]
fn inference<const CLASSES: usize, const FEATURES: usize>(
    head: &LinearHead<CLASSES, FEATURES>,
    features: &[f32; FEATURES],
) -> Result<Prediction, Error> {
    head.predict(features)
}

#[inline(never)]
fn step<const CLASSES: usize, const FEATURES: usize>(
    head: &mut LinearHead<CLASSES, FEATURES>,
    state: &mut State<<LinearHead<CLASSES, FEATURES> as Train>::Work>,
    features: &[f32; FEATURES],
    target: usize,
) -> Result<(f32, Prediction), Error> {
    let step = TUNER.step(head, state, features, target)?;
    Ok((step.loss(), step.prediction()))
}
