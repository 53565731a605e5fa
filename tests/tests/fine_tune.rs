//! Training against SGD in f64, written from its definition.

use gradient_decay::optimizer::VelocityStore;
use gradient_decay::{BetaSchedule, FineTuner, GradientDecay, LinearHead, Sgd, State};
use system_tests::{oracle, tolerances};

const CLASSES: usize = 4;
const FEATURES: usize = 7;
const STEPS: usize = 300;
type Head = LinearHead<CLASSES, FEATURES>;

/// A deterministic stream of samples, of which the class is the largest of the first features.
fn sample(step: usize) -> ([f32; FEATURES], usize) {
    let features = std::array::from_fn(|i| ((step * 31 + i * 17 + step * i * 7) % 41) as f32 / 20.0 - 1.0);
    let class = (0..CLASSES).max_by(|i, j| features[*i].total_cmp(&features[*j])).unwrap_or(0);
    (features, class)
}

/// Trains a head by the core and its parameters by the definition; the largest difference.
fn difference<V: VelocityStore<CLASSES, FEATURES>>(tuner: &FineTuner, mut state: State<V>) -> f64 {
    let sgd = tuner.optimizer();
    let (rate, momentum, decay) = (sgd.learning_rate(), sgd.momentum(), sgd.weight_decay());
    let (rate, momentum, decay) = (f64::from(rate), f64::from(momentum), f64::from(decay));
    let mut head = Head::new();
    let mut w = vec![0.0_f64; Head::PARAMETERS];
    let mut v = vec![0.0_f64; Head::PARAMETERS];
    for step in 0..STEPS {
        let (features, target) = sample(step);
        let reported = tuner.step(&mut head, &mut state, &features, target).unwrap();

        let x: Vec<f64> = features.iter().map(|x| f64::from(*x)).collect();
        let logit = |c: usize| {
            let row = &w[c * FEATURES..][..FEATURES];
            row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + w[CLASSES * FEATURES + c]
        };
        let z: Vec<f64> = (0..CLASSES).map(logit).collect();
        let loss: GradientDecay = tuner.schedule().at(step as u32);
        let beta = f64::from(loss.beta());
        assert!((f64::from(reported.loss) - oracle::loss(&z, target, beta)).abs() < 1e-4, "loss of step {step}");
        assert_eq!(f64::from(reported.beta), beta);
        let p = oracle::softmax(&z);
        assert!((f64::from(reported.prediction.probability) - p.iter().fold(0.0, |m, p| p.max(m))).abs() < 1e-5);

        let g = oracle::gradient(&z, target, beta);
        let slopes = (0..CLASSES * FEATURES).map(|i| g[i / FEATURES] * x[i % FEATURES]).chain(g.iter().copied());
        let mut slopes: Vec<f64> = slopes.collect();
        if let Some(clip) = sgd.clip_norm() {
            let norm = slopes.iter().map(|s| s * s).sum::<f64>().sqrt();
            let scale = (f64::from(clip) / norm).min(1.0);
            slopes.iter_mut().for_each(|s| *s *= scale);
        }
        for ((w, v), slope) in w.iter_mut().zip(&mut v).zip(slopes) {
            let slope = slope + decay * *w;
            *v = momentum * *v + slope;
            *w -= rate * if sgd.nesterov() { slope + momentum * *v } else { *v };
        }
    }
    assert_eq!(state.steps() as usize, STEPS);
    let mut parameters = vec![0.0; Head::PARAMETERS];
    head.export(&mut parameters).unwrap();
    parameters.iter().zip(&w).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

#[test]
fn every_optimizer_and_schedule() {
    let schedules = [
        BetaSchedule::constant(1.0),
        BetaSchedule::constant(0.05),
        BetaSchedule::linear(0.01, 3.0, 200),
        BetaSchedule::geometric(0.01, 1.0, 200),
    ];
    let plain = Sgd::new(0.1);
    let plains = [
        plain,
        plain.with_weight_decay(0.01),
        plain.with_clip_norm(0.3),
        plain.with_weight_decay(0.01).with_clip_norm(0.3),
    ];
    for schedule in schedules {
        for sgd in plains {
            let tuner = FineTuner::new(schedule, sgd);
            let found = difference(&tuner, State::new());
            assert!(found <= tolerances::PARAMETERS_AFTER_300_STEPS, "{found:e} by {tuner:?}");
            let heavy = FineTuner::new(schedule, sgd.with_momentum(0.8));
            let nesterov = FineTuner::new(schedule, sgd.with_momentum(0.8).with_nesterov());
            for tuner in [heavy, nesterov] {
                let found = difference(&tuner, State::with_velocity());
                assert!(found <= tolerances::PARAMETERS_AFTER_300_STEPS, "{found:e} by {tuner:?}");
            }
        }
    }
}

#[test]
fn with_momentum_zero_no_velocity_is_stored() {
    assert_eq!(size_of::<State>(), 4);
    assert_eq!(Head::BYTES, 4 * Head::PARAMETERS);
}
