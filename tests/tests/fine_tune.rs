//! Training against SGD in f64, written from its definition.

use gradient_decay::storage::StoredVelocity;
use gradient_decay::{
    BetaSchedule, FineTuner, GradientDecay, Libm, LinearHead, LinearView, MomentumHead, PairView, Sgd, State, Train,
    Velocity,
};
use oracle::tolerances;

const CLASSES: usize = 4;
const FEATURES: usize = 7;
const STEPS: usize = 300;
type Head<V = ()> = LinearHead<CLASSES, FEATURES, Libm, V>;

/// A deterministic stream of samples; the class is the index of the largest of the first features.
fn sample(step: usize) -> ([f32; FEATURES], usize) {
    let features = std::array::from_fn(|i| ((step * 31 + i * 17 + step * i * 7) % 41) as f32 / 20.0 - 1.0);
    let class = (0..CLASSES).max_by(|i, j| features[*i].total_cmp(&features[*j])).unwrap_or(0);
    (features, class)
}

/// Trains a head by the core and its parameters by the definition; returns the largest difference.
fn difference<V: StoredVelocity>(tuner: &FineTuner) -> f64 {
    let sgd = tuner.optimizer();
    let (rate, momentum, decay) = (sgd.learning_rate(), sgd.momentum(), sgd.weight_decay());
    let (rate, momentum, decay) = (f64::from(rate), f64::from(momentum), f64::from(decay));
    let (mut head, mut state) = (Head::<V>::new(), State::new());
    let mut w = vec![0.0_f64; Head::<V>::PARAMETERS];
    let mut v = vec![0.0_f64; Head::<V>::PARAMETERS];
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
        assert!((f64::from(reported.loss()) - oracle::loss(&z, target, beta)).abs() < 1e-4, "loss of step {step}");
        assert_eq!(f64::from(reported.beta()), beta);
        let p = oracle::softmax(&z);
        assert!((f64::from(reported.prediction().probability) - p.iter().fold(0.0, |m, p| p.max(m))).abs() < 1e-5);
        for (p, reported) in p.iter().zip(reported.probabilities()) {
            assert!((f64::from(reported) - p).abs() < 1e-5, "{reported} for {p}");
        }

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
    let mut parameters = vec![0.0; Head::<V>::PARAMETERS];
    head.export(&mut parameters).unwrap();
    parameters.iter().zip(&w).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}

/// Every schedule with every optimizer, with momentum and without.
fn tuners() -> Vec<FineTuner> {
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
    let with = |sgd: Sgd| [sgd, sgd.with_momentum(0.8), sgd.with_momentum(0.8).with_nesterov()];
    let optimizers = plains.map(with).concat();
    schedules.iter().flat_map(|schedule| optimizers.iter().map(|sgd| FineTuner::new(*schedule, *sgd))).collect()
}

#[test]
fn every_optimizer_and_schedule() {
    for tuner in tuners() {
        let found = if tuner.optimizer().momentum() == 0.0 {
            difference::<()>(&tuner)
        } else {
            difference::<Velocity<CLASSES, FEATURES>>(&tuner)
        };
        assert!(found <= tolerances::PARAMETERS_AFTER_300_STEPS, "{found:e} by {tuner:?}");
    }
}

/// Rows that are not in use take no part: neither in the loss nor in the norm that is clipped.
#[test]
fn a_head_with_room_to_spare_trains_as_one_without() {
    for tuner in tuners() {
        let (mut head, mut state) = (MomentumHead::<CLASSES, FEATURES>::new(), State::new());
        let (mut roomy, mut its_state) = (MomentumHead::<{ CLASSES + 3 }, FEATURES>::new(), State::new());
        roomy.truncate(CLASSES).unwrap();
        for step in 0..STEPS {
            let (features, target) = sample(step);
            let reported = tuner.step(&mut head, &mut state, &features, target).unwrap();
            let its = tuner.step(&mut roomy, &mut its_state, &features, target).unwrap();
            assert_eq!((reported.loss(), reported.prediction()), (its.loss(), its.prediction()), "{step} of {tuner:?}");
        }
        let (mut parameters, mut its) =
            (vec![0.0; CLASSES * (FEATURES + 1)], vec![0.0; (CLASSES + 3) * (FEATURES + 1)]);
        head.export(&mut parameters).unwrap();
        roomy.export(&mut its).unwrap();
        let (weights, bias) = its.split_at((CLASSES + 3) * FEATURES);
        let used = [&weights[..CLASSES * FEATURES], &bias[..CLASSES]].concat();
        assert_eq!(used, parameters, "{tuner:?}");
        assert!(weights[CLASSES * FEATURES..].iter().chain(&bias[CLASSES..]).all(|w| *w == 0.0));
    }
}

#[test]
fn a_shape_known_at_run_time_has_the_same_bits() {
    for tuner in tuners() {
        let (mut head, mut state) = (MomentumHead::<CLASSES, FEATURES>::new(), State::new());
        let (mut parameters, mut velocity, mut bound) =
            ([0.0; Head::<()>::PARAMETERS], [0.0; Head::<()>::PARAMETERS], 0.0);
        let mut scratch = [0.0; 2 * CLASSES];
        let view = LinearView::new(&mut parameters, CLASSES, FEATURES).unwrap();
        let mut view = view.with_velocity(&mut velocity, &mut bound).unwrap();
        let mut its_state = State::with_work(PairView::new(&mut scratch, CLASSES).unwrap());
        for step in 0..STEPS {
            let (features, target) = sample(step);
            let reported = tuner.step(&mut head, &mut state, &features, target).unwrap();
            assert_eq!(tuner.step(&mut view, &mut its_state, &features, target), Ok(reported));
        }
        let mut expected = ([0.0; Head::<()>::PARAMETERS], [0.0; Head::<()>::PARAMETERS]);
        head.export(&mut expected.0).unwrap();
        head.export_velocity(&mut expected.1).unwrap();
        assert_eq!((parameters, velocity), expected, "{tuner:?}");
    }
}

#[test]
fn with_momentum_zero_no_velocity_is_stored() {
    // The parameters, and a word that counts the classes in use.
    assert_eq!(Head::<()>::BYTES, 4 * Head::<()>::PARAMETERS + 4);
    // As many velocities, and their bound.
    assert_eq!(MomentumHead::<CLASSES, FEATURES>::BYTES, 2 * Head::<()>::BYTES);
    // The steps, and two numbers a class to work with.
    assert_eq!(size_of::<State<<Head as Train>::Work>>(), 4 + 2 * 4 * CLASSES);
}
