//! Heads on the host's processor, one sample at a time as on a device: the core compared with burn and, with the feature of
//! its name, candle.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use burn::nn::LinearConfig;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Sgd, State};

/// Nanoseconds of an inference with softmax and of a training step with cross-entropy and plain SGD.
#[derive(Clone, Copy)]
struct Times {
    inference: f64,
    step: f64,
}

const RATE: f64 = 0.01;

/// Times of the core and the others, in turn and over several rounds, and the ratios; the best round of each counts.
///
/// # Errors
/// If a framework reports one.
pub fn benchmark(rounds: usize) -> Result<()> {
    shape::<10, 64>(rounds)?;
    shape::<10, 784>(rounds)?;
    shape::<100, 128>(rounds)
}

fn shape<const CLASSES: usize, const FEATURES: usize>(rounds: usize) -> Result<()> {
    // Features like those after a ReLU: half of them 0.
    let features: [f32; FEATURES] = std::array::from_fn(|i| if i % 2 == 0 { 0.0 } else { (i % 7) as f32 / 4.0 });
    let mut best: Vec<(String, Times)> = Vec::new();
    for _ in 0..rounds {
        let mut times = vec![
            ("gradient-decay".to_owned(), core::<CLASSES, FEATURES>(&features)?),
            (format!("burn {}", env!("DEMO_HOST_BURN")), by_burn(CLASSES, &features)),
        ];
        #[cfg(feature = "candle")]
        times.push(("candle 0.11".to_owned(), by_candle(CLASSES, &features)?));
        if best.is_empty() {
            best = times;
            continue;
        }
        for ((_, best), (_, new)) in best.iter_mut().zip(&mut times) {
            *best = Times { inference: best.inference.min(new.inference), step: best.step.min(new.step) };
        }
    }
    let ours = best[0].1;
    println!("A head {FEATURES} -> {CLASSES}, one sample at a time, on the processor:");
    for (framework, Times { inference, step }) in best {
        println!(
            "  {framework:<16} inference {inference:>9.0} ns {:>7.1}   step {step:>9.0} ns {:>7.1}",
            inference / ours.inference,
            step / ours.step
        );
    }
    Ok(())
}

/// Nanoseconds of a call, after some that warm up.
fn nanoseconds(calls: u32, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..calls / 10 {
        call()?;
    }
    let start = Instant::now();
    for _ in 0..calls {
        call()?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e9 / f64::from(calls))
}

fn core<const CLASSES: usize, const FEATURES: usize>(features: &[f32; FEATURES]) -> Result<Times> {
    const CALLS: u32 = 20_000;
    let tuner = black_box(FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(RATE as f32)));
    let mut head = Box::new(LinearHead::<CLASSES, FEATURES>::new());
    let mut state = State::new();
    let step = nanoseconds(CALLS, || {
        let target = state.steps() as usize % CLASSES;
        tuner.step(&mut *head, &mut state, black_box(features), target).map(|step| _ = black_box(step))?;
        Ok(())
    })?;
    let inference = nanoseconds(CALLS, || {
        head.predict(black_box(features)).map(|prediction| _ = black_box(prediction))?;
        Ok(())
    })?;
    Ok(Times { inference, step })
}

fn by_burn(classes: usize, features: &[f32]) -> Times {
    const CALLS: u32 = 500;
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let on = |device: &Device| Tensor::<2>::from_data(TensorData::new(features.to_vec(), [1, features.len()]), device);
    let mut layer = LinearConfig::new(features.len(), classes).init(&device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut optimizer = SgdConfig::new().init();
    let (inputs, target) = (on(&device), Tensor::<1, Int>::from_data([1], &device));
    let mut step = || {
        let value = loss.forward(layer.forward(inputs.clone()), target.clone());
        let gradients = GradientsParams::from_grads(value.backward(), &layer);
        layer = optimizer.step(RATE, layer.clone(), gradients);
        black_box(value.into_scalar::<f32>());
        Ok(())
    };
    let step = nanoseconds(CALLS, &mut step).unwrap_or(f64::NAN);
    // Without the data that autodiff keeps for gradients.
    let layer = LinearConfig::new(features.len(), classes).init(&plain);
    let inputs = on(&plain);
    let inference = nanoseconds(CALLS, || {
        black_box(softmax(layer.forward(inputs.clone()), 1).into_data());
        Ok(())
    });
    Times { inference: inference.unwrap_or(f64::NAN), step }
}

#[cfg(feature = "candle")]
fn by_candle(classes: usize, features: &[f32]) -> Result<Times> {
    use candle_core::{DType, Device, Tensor};
    use candle_nn::{Module, Optimizer, SGD, VarBuilder, VarMap, linear, loss::cross_entropy, ops::softmax};

    const CALLS: u32 = 500;
    let device = Device::Cpu;
    let parameters = VarMap::new();
    let layer = linear(features.len(), classes, VarBuilder::from_varmap(&parameters, DType::F32, &device))?;
    let mut optimizer = SGD::new(parameters.all_vars(), RATE)?;
    let inputs = Tensor::from_slice(features, (1, features.len()), &device)?;
    let target = Tensor::new(&[1_u32], &device)?;
    let step = nanoseconds(CALLS, || {
        let value = cross_entropy(&layer.forward(&inputs)?, &target)?;
        optimizer.backward_step(&value)?;
        black_box(value.to_scalar::<f32>()?);
        Ok(())
    })?;
    let inference = nanoseconds(CALLS, || {
        black_box(softmax(&layer.forward(&inputs)?.detach(), 1)?.to_vec2::<f32>()?);
        Ok(())
    })?;
    Ok(Times { inference, step })
}
