//! Novelty: which samples it refuses, and that it follows when a learner takes back, removes and restores.
#![cfg(all(feature = "checkpoint", feature = "libm"))]

use gradient_decay::readout::Reason;
use gradient_decay::{
    Answer, BetaSchedule, Contents, DiscriminantHead, FineTuner, FixedHead, FixedRate, Learner, LinearHead, Novelty,
    Parts, Quantizer, Readout, Saved, Sgd, StreamingLda, checkpoint, kernels,
};

const ROOM: usize = 4;
const FEATURES: usize = 8;
const LDA: StreamingLda = StreamingLda::new();

type Device = Learner<
    DiscriminantHead<ROOM, FEATURES, { kernels::packed(FEATURES) }>,
    Parts<(), (), (), (), Novelty<ROOM, FEATURES>>,
>;

/// A sample of a kind of movement, of which only the first are taught.
fn sample(i: usize, kind: usize) -> [f32; FEATURES] {
    core::array::from_fn(|j| {
        let mixed = (i as u32 * 64 + j as u32 + 1000 * kind as u32).wrapping_mul(2_654_435_761);
        let noise = ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 23) as f32 - 1.0;
        0.8 * noise + if j % 5 == kind { 3.0 } else { 0.0 }
    })
}

fn device() -> Device {
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: Novelty::new(Readout::new()) };
    Learner::new(DiscriminantHead::new(), parts)
}

fn taught(shots: usize) -> Device {
    taught_from(0, shots)
}

fn taught_from(first: usize, shots: usize) -> Device {
    let mut device = device();
    for i in first..first + 3 * shots {
        device.learn(&LDA, &sample(i, i % 3), i % 3).unwrap();
    }
    device
}

/// The number of samples, of 100 of a kind, that are far.
fn far(device: &mut Device, kind: usize) -> usize {
    let is_far = |i: &usize| matches!(device.answer(&sample(5000 + i, kind)), Ok(Answer::Unknown(_, Reason::Far)));
    (0..100).filter(is_far).count()
}

/// The number of samples, of 100 of a kind, that are unknown for any reason.
fn refused(device: &mut Device, kind: usize) -> usize {
    (0..100).filter(|i| matches!(device.answer(&sample(5000 + i, kind)), Ok(Answer::Unknown(..)))).count()
}

/// Over 20 people, some of whose samples are unusually similar.
#[test]
fn a_few_shots_tell_the_taught_from_the_never_taught() {
    // From three samples of a class its variance is hardly known.
    for (shots, most) in [(3, 40.0), (5, 25.0), (20, 20.0)] {
        let (mut known, mut never) = (0, 0);
        for person in 0..20 {
            let mut device = taught_from(300 * person, shots);
            known += (0..3).map(|kind| far(&mut device, kind)).sum::<usize>();
            never += far(&mut device, 3);
        }
        let (known, never) = (known as f64 / 60.0, never as f64 / 20.0);
        assert!(
            known < most && never > 85.0,
            "{shots} shots: {known} % of the taught refused, {never} % of the others"
        );
    }
}

#[test]
fn a_class_that_came_with_the_head_is_not_far_from_those_that_were_learned_here() {
    let mut head = LinearHead::<3, FEATURES>::new();
    let mut parameters = [0.0; 3 * (FEATURES + 1)];
    (0..3).for_each(|kind| parameters[kind * FEATURES + kind] = 2.0);
    head.import(&parameters).unwrap();
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: Novelty::new(Readout::new()) };
    let mut device: Learner<_, Parts<(), (), (), (), Novelty<3, FEATURES>>> = Learner::new(head, parts);
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.01));
    for i in 0..10 {
        device.learn(&tuner, &sample(i, 0), 0).unwrap();
    }
    let mut far = |kind: usize, scale: f32| {
        let is_far = |i: &usize| {
            let answer = device.answer(&sample(5000 + i, kind).map(|x| scale * x)).unwrap();
            matches!(answer, Answer::Unknown(_, Reason::Far))
        };
        (0..100).filter(is_far).count()
    };
    assert!(far(0, 1.0) < 30 && far(0, 5.0) == 100);
    assert_eq!((far(1, 1.0), far(2, 1.0)), (0, 0));
}

#[test]
fn without_samples_nothing_is_far_and_with_one_of_each_class_the_prior_speaks() {
    let novelty: Novelty<2, 3> = Novelty::new(Readout::new());
    assert_eq!((novelty.nearest(&[1.0; 3]), novelty.distance(&[1.0; 3], 7)), (None, None));
    let mut device = taught(1);
    let (known, never) = (refused(&mut device, 0), refused(&mut device, 3));
    assert!(known <= 30 && never >= 50, "{known} {never}");
}

fn close(a: &Device, b: &Device) {
    for i in 0..50 {
        let x = sample(7000 + i, i % 5);
        for class in 0..ROOM {
            let (a, b) = (a.parts().readout.distance(&x, class), b.parts().readout.distance(&x, class));
            assert!(a.is_some() == b.is_some() && a.zip(b).is_none_or(|(a, b)| (a - b).abs() < 1e-3), "{a:?} {b:?}");
        }
    }
    assert!((a.parts().readout.limit() - b.parts().readout.limit()).abs() < 1e-3);
}

#[test]
fn the_last_sample_is_taken_back() {
    for shots in [1, 2, 6] {
        let before = taught(shots);
        let mut device = before.clone();
        for (x, class) in [(sample(900, 3), 1), (sample(901, 4), 3)] {
            device.learn(&LDA, &x, class).unwrap();
            device.unlearn(&LDA, &x, class).unwrap();
            close(&before, &device);
        }
    }
}

#[test]
fn a_class_goes_and_everything_comes_back_after_a_reset() {
    let mut device = taught(10);
    device.remove_class(1).unwrap();
    assert_eq!((device.parts().readout.samples(1), device.parts().readout.samples(2)), (10, 0));
    assert!(far(&mut device, 1) >= 80 && far(&mut device, 2) <= 25);
    let mut bytes = vec![0; checkpoint::bytes::<Device>()];
    checkpoint::write(&device, Contents::ALL, &mut bytes).unwrap();
    let mut restored = self::device();
    checkpoint::read(&bytes, &mut restored).unwrap();
    assert_eq!(restored, device);
    device.forget();
    assert_eq!(far(&mut device, 3), 0);
    assert!(checkpoint::bytes::<Novelty<2, 3>>() < Novelty::<2, 3>::BYTES + 60);
    assert_eq!(Novelty::<4, 24>::SAVED_BYTES, 16 + 8 + 4 * (2 + 4 * (1 + 48) + 24 + 3));
}

/// With a head that learns by a gradient, and with one in integers.
#[test]
fn it_goes_with_any_head() {
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
    let parts = Parts {
        preprocess: (),
        memory: (),
        guard: (),
        calibration: (),
        readout: Novelty::<3, FEATURES>::new(Readout::new()),
    };
    let mut linear = Learner::new(LinearHead::<3, FEATURES>::new(), parts);
    let fixed = FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(0.1));
    let head = FixedHead::<3, FEATURES>::new(4, 1);
    let parts = Parts {
        preprocess: Quantizer::of(&head, ()),
        memory: (),
        guard: (),
        calibration: (),
        readout: Novelty::<3, FEATURES, i8>::new(Readout::new()),
    };
    let mut integers = Learner::new(head, parts);
    for i in 0..60 {
        linear.learn(&tuner, &sample(i, i % 3), i % 3).unwrap();
        integers.learn(&fixed, &sample(i, i % 3), i % 3).unwrap();
    }
    let (mut known, mut never) = ([0, 0], [0, 0]);
    for i in 0..90 {
        for (kind, refused) in [(i % 3, &mut known), (3, &mut never)] {
            let x = sample(5000 + i, kind);
            refused[0] += usize::from(matches!(linear.answer(&x), Ok(Answer::Unknown(..))));
            refused[1] += usize::from(matches!(integers.answer(&x), Ok(Answer::Unknown(..))));
        }
    }
    assert!(
        known.iter().all(|refused| *refused < 20) && never.iter().all(|refused| *refused > 70),
        "{known:?} {never:?}"
    );
}

#[test]
fn the_largest_features_leave_finite_sums() {
    let mut novelty: Novelty<2, 2> = Novelty::new(Readout::new());
    let observe =
        |novelty: &mut Novelty<2, 2>, x: [f32; 2]| gradient_decay::readout::Read::observe(novelty, &x, 0, 0.5);
    for x in [[3e38, -3e38], [-3e38, 0.0], [1e-40, 1e20], [0.0, 0.0]] {
        observe(&mut novelty, x);
        assert!(novelty.distance(&x, 0).unwrap().is_finite() && novelty.limit().is_finite());
    }
    let mut bytes = vec![0; checkpoint::bytes::<Novelty<2, 2>>()];
    checkpoint::write(&novelty, Contents::ALL, &mut bytes).unwrap();
    checkpoint::read(&bytes, &mut novelty).unwrap();
}

#[test]
fn limit_and_threshold_are_set_after_loading() {
    let saved = taught(10);
    let mut bytes = vec![0; checkpoint::bytes::<Device>()];
    checkpoint::write(&saved, Contents::ALL, &mut bytes).unwrap();
    let mut device = device();
    checkpoint::read(&bytes, &mut device).unwrap();
    assert!(refused(&mut device, 3) > 80);
    device.set_deviations(30.0).unwrap();
    assert_eq!((device.parts().readout.deviations(), refused(&mut device, 3)), (30.0, 0));
    for bad in [30.1, -3.1, f32::NAN] {
        assert!(device.set_deviations(bad).is_err());
    }
    assert_eq!(device.parts().readout.deviations(), 30.0);
    device.set_readout(Readout::new().with_threshold(0.75));
    assert_eq!(device.parts().readout.readout().threshold(), 0.75);
    device.set_deviations(-3.0).unwrap();
    assert_eq!(refused(&mut device, 0), 100);
}

/// The score is the distance minus the logarithm of the probability; both determine the reason.
#[test]
fn what_is_not_probable_is_refused_nearer() {
    let mut device = taught(10);
    let novelty = device.parts().readout.clone();
    let x = sample(5000, 0);
    let distance = novelty.nearest(&x).unwrap();
    assert_eq!(novelty.score(&x, 1.0), Some(distance));
    assert!((novelty.score(&x, 0.5).unwrap() - distance - core::f32::consts::LN_2).abs() < 1e-6);
    let limit = novelty.limit();
    assert!(distance < limit, "{distance} {limit}");
    let answer = |probability| {
        let prediction = gradient_decay::Prediction { class: 0, probability };
        gradient_decay::readout::Read::read(&novelty, &x, prediction)
    };
    assert!(matches!(answer(1.0), Answer::Class(_)));
    assert!(matches!(answer(1e-3), Answer::Unknown(_, Reason::Between)));
    let far = |i: usize| (i, sample(5000 + i, 3));
    let (_, far) = (0..100).map(far).find(|(_, x)| novelty.nearest(x).unwrap() > limit).unwrap();
    assert!(matches!(device.answer(&far).unwrap(), Answer::Unknown(_, Reason::Far)));
}

/// The statistics of the module's documentation from lists of samples, in f64.
#[derive(Clone, Default)]
struct Reference {
    samples: [Vec<[f64; FEATURES]>; ROOM],
    /// The scores before their samples were learned, with their weights.
    scores: Vec<(f64, f64)>,
}

impl Reference {
    fn mean_and_squares(&self, class: usize, feature: usize) -> (f64, f64) {
        let values = || self.samples[class].iter().map(|x| x[feature]);
        let mean = values().sum::<f64>() / values().len().max(1) as f64;
        (mean, values().map(|x| (x - mean) * (x - mean)).sum())
    }

    /// The samples behind the variance within all classes.
    fn behind(&self) -> f64 {
        self.samples.iter().map(|samples| samples.len().saturating_sub(1)).sum::<usize>() as f64
    }

    /// `ln D`.
    fn distance(&self, x: &[f32; FEATURES], class: usize) -> Option<f64> {
        let n = self.samples[class].len() as f64;
        let terms = (0..FEATURES).map(|feature| {
            let (mean, squares) = self.mean_and_squares(class, feature);
            let of_all: f64 = (0..ROOM).map(|class| self.mean_and_squares(class, feature).1).sum();
            // A prior of two samples of the variance 0.5; the variance within all classes is one more sample of the class.
            let shared = (of_all + 2.0 * 0.5) / (self.behind() + 2.0);
            (f64::from(x[feature]) - mean).powi(2) / ((squares + shared) / n)
        });
        (n > 0.0).then(|| (n / (n + 1.0) * terms.sum::<f64>() / FEATURES as f64).ln())
    }

    fn observe(&mut self, x: &[f32; FEATURES], class: usize, said: f32) {
        let distance = self.distance(x, class);
        self.scores.extend(distance.map(|d| (d - f64::from(said).ln(), self.behind() / (self.behind() + 4.0))));
        self.samples[class].push(x.map(f64::from));
    }

    fn limit(&self, deviations: f64) -> f64 {
        let sum = |of: fn(f64) -> f64| self.scores.iter().map(|(score, weight)| weight * of(*score)).sum::<f64>();
        let n = sum(|_| 1.0) + 8.0;
        let mean = (sum(|x| x) + 8.0 * 1.0) / n;
        let squares = (sum(|x| x * x) + 8.0 * (0.8 * 0.8 + 1.0)) / n;
        mean + deviations * (squares - mean * mean).sqrt()
    }
}

#[test]
fn distances_and_limit_are_those_of_the_documentation() {
    use gradient_decay::readout::Read;
    let mut novelty: Novelty<ROOM, FEATURES> = Novelty::new(Readout::new()).with_deviations(1.5);
    let mut reference = Reference::default();
    let close = |novelty: &Novelty<ROOM, FEATURES>, reference: &Reference, i: usize| {
        let near = |found: f32, expected: f64| {
            assert!((f64::from(found) - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{i}: {found} {expected}");
        };
        let x = sample(900 + i, i % 5);
        let distances = [0, 1, 2, 3].map(|class| reference.distance(&x, class));
        for (class, expected) in distances.into_iter().enumerate() {
            assert_eq!(novelty.distance(&x, class).is_some(), expected.is_some(), "{i}");
            novelty.distance(&x, class).zip(expected).into_iter().for_each(|(found, expected)| near(found, expected));
        }
        let nearest = distances.into_iter().flatten().fold(f64::INFINITY, f64::min);
        near(novelty.nearest(&x).unwrap(), nearest);
        near(novelty.score(&x, 0.3).unwrap(), nearest - 0.3_f64.ln());
        near(novelty.limit(), reference.limit(1.5));
    };
    let said = |i: usize| 0.2 + 0.1 * (i % 8) as f32;
    for i in 0..40 {
        let (x, class) = (sample(i, i % 3), if i < 4 { 0 } else { i % 3 });
        let before = reference.clone();
        reference.observe(&x, class, said(i));
        novelty.observe(&x, class, said(i));
        close(&novelty, &reference, i);
        if i > 0 {
            // Taken back, and learned again.
            novelty.take_back(&x, class, said(i));
            assert_eq!(novelty.samples(class) as usize, before.samples[class].len());
            close(&novelty, &before, i);
            novelty.observe(&x, class, said(i));
            close(&novelty, &reference, i);
        }
    }
    // A class without a sample has nothing to take back; a removed one takes its share of the common variance along.
    let unchanged = novelty.clone();
    novelty.take_back(&sample(0, 0), 3, 0.5);
    assert_eq!(novelty, unchanged);
    novelty.remove_class(0);
    reference.samples.rotate_left(1);
    reference.samples[ROOM - 1].clear();
    close(&novelty, &reference, 99);
    assert_eq!(
        [0, 1, 2, 3].map(|class| novelty.samples(class) as usize),
        [0, 1, 2, 3].map(|class| reference.samples[class].len())
    );
    novelty.clear();
    assert_eq!(novelty, Novelty::new(Readout::new()).with_deviations(1.5));
}

/// A checkpoint of a learner that keeps no statistics leaves none, and the deviations as they were set.
#[test]
fn what_a_checkpoint_does_not_hold_is_as_new() {
    let plain: Learner<LinearHead<ROOM, FEATURES>> = Learner::new(LinearHead::new(), Parts::NONE);
    let mut bytes = vec![0; checkpoint::size(&plain, Contents::ALL)];
    checkpoint::write(&plain, Contents::ALL, &mut bytes).unwrap();
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
    let readout: Novelty<ROOM, FEATURES> = Novelty::new(Readout::new()).with_deviations(2.0);
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout };
    let mut learner = Learner::new(LinearHead::<ROOM, FEATURES>::new(), parts);
    let fresh = learner.parts().readout.clone();
    (0..9).for_each(|i| assert!(learner.learn(&tuner, &sample(i, i % 3), i % 3).is_ok()));
    checkpoint::read(&bytes, &mut learner).unwrap();
    assert_eq!((&learner.parts().readout, learner.head()), (&fresh, plain.head()));
}

/// A distance counts as at least 1e-6, so that a sample on the mean of its class has a logarithm.
#[test]
fn a_sample_on_the_mean_has_the_least_distance() {
    use gradient_decay::readout::Read;
    let mut novelty: Novelty<1, 1> = Novelty::new(Readout::new());
    for i in 0..30 {
        novelty.observe(&[if i % 2 == 0 { 0.5 } else { -0.5 }], 0, 0.9);
    }
    // 30 squares of 0.25, with the variance within all classes as one sample more.
    let variance = (7.5 + (7.5 + 2.0 * 0.5) / (29.0 + 2.0)) / 30.0_f64;
    let expected = |x: f64| (30.0 / 31.0 * x * x / variance).max(1e-6).ln();
    for x in [0.0, 1e-5, 1e-3, 2e-3, 0.1, -0.5] {
        let found = novelty.distance(&[x], 0).unwrap();
        assert!((f64::from(found) - expected(f64::from(x))).abs() < 1e-2, "{x}: {found} {}", expected(f64::from(x)));
    }
}

/// The reason is the distance, or the probability where the distance alone is below the limit; at the limit itself a sample is known.
#[test]
fn distance_and_probability_decide_and_give_the_reason() {
    use gradient_decay::{Prediction, readout::Read};
    let device = taught(10);
    let novelty = &device.parts().readout;
    let limit = novelty.limit();
    let read = |x: &[f32; FEATURES], probability| novelty.read(x, Prediction { class: 0, probability });
    let near = sample(5000, 0);
    let distance = novelty.nearest(&near).unwrap();
    assert!(distance < limit);
    let far = (0..100).map(|i| sample(5000 + i, 3)).find(|x| novelty.nearest(x).unwrap() > limit).unwrap();
    for probability in [1.0, 0.5, 0.49, 0.01] {
        assert!(matches!(read(&far, probability), Answer::Unknown(_, Reason::Far)), "{probability}");
    }
    // The probability at which its score is the limit.
    let edge = (distance - limit).exp();
    assert!(edge < 0.5, "{edge}");
    assert!(matches!(read(&near, 0.9 * edge), Answer::Unknown(_, Reason::Between)));
    assert!(matches!(read(&near, 1.1 * edge), Answer::Class(_)));
    let at_the_limit = |x: &[f32; FEATURES]| {
        let bits = (novelty.nearest(x).unwrap() - limit).exp().to_bits();
        (bits - 50..bits + 50).map(f32::from_bits).find(|p| *p <= 1.0 && novelty.score(x, *p) == Some(limit))
    };
    let found = (0..100).find_map(|i| at_the_limit(&sample(5000 + i, 0)).map(|p| (sample(5000 + i, 0), p)));
    let (x, probability) = found.expect("a score that is the limit");
    assert!(matches!(read(&x, probability), Answer::Class(_)));
    // A sample whose distance is just below the limit, with a probability of at least a half, is far all the same.
    let mut step = far;
    while novelty.nearest(&step).unwrap() > limit {
        step.iter_mut().zip(near).for_each(|(x, near)| *x += 0.02 * (near - *x));
    }
    assert!(novelty.score(&step, 0.6).unwrap() > limit, "{} {limit}", novelty.nearest(&step).unwrap());
    assert!(matches!(read(&step, 0.6), Answer::Unknown(_, Reason::Far)));
    assert!(matches!(read(&step, 0.4), Answer::Unknown(_, Reason::Between)));
}

/// The temperature of its read-out counts in the answer, and in what it remembers of the probability before a label.
#[test]
fn the_temperature_is_that_of_the_readout() {
    use gradient_decay::readout::Read;
    let novelty: Novelty<2, 1> = Novelty::new(Readout::new().with_temperature(4.0));
    assert_eq!(Read::<[f32; 1]>::temperature(&novelty), 4.0);
    let expected = 1.0 / (1.0 + (-2.0_f32 / 4.0).exp());
    let said = Read::<[f32; 1]>::said(&novelty, &[3.0_f32, 1.0]);
    assert!((said - expected).abs() < 1e-6, "{said} {expected}");
}
