//! Training in integers costs at most a percentage point of accuracy on the digits, compared with float. Answers in integers match the oracle.

use digits::Digit;
use gradient_decay::{BetaSchedule, FineTuner, FixedHead, FixedRate, GradientDecay, LinearHead, Readout, Sgd, State};
use gradient_decay_app::digits::{FEATURES, HIDDEN, extract, trained_head};
use oracle::lengths;

type Samples = Vec<([f32; FEATURES], usize)>;

fn samples(digits: Vec<Digit>) -> Samples {
    let one = |digit: Digit| {
        let mut features = [0.0; FEATURES];
        extract(&HIDDEN, &digit.pixels, &mut features).unwrap();
        (features, usize::from(digit.label))
    };
    digits.into_iter().map(one).collect()
}

/// The share of test samples predicted right after learning, in float and in integers, as means over seeds of the rounding.
fn compare(
    start: &LinearHead<10, FEATURES>,
    schedule: BetaSchedule,
    rate: f32,
    train: &Samples,
    test: &Samples,
) -> [f64; 2] {
    let (mut head, mut state) = (start.clone(), State::new());
    let tuner = FineTuner::new(schedule, Sgd::new(rate));
    for (features, label) in train {
        tuner.step(&mut head, &mut state, features, *label).unwrap();
    }
    let in_float = test.iter().filter(|(x, label)| head.predict(x).unwrap().class == *label).count();

    // The finest resolution that the largest feature allows.
    let largest = train.iter().flat_map(|(features, _)| features).fold(0.0_f32, |most, x| most.max(x.abs()));
    let exponent = (127.0 / largest).log2().floor().max(0.0) as u32;
    const SEEDS: u32 = 20;
    let tuner = FineTuner::new(schedule, FixedRate::try_new(rate).unwrap());
    let right = |seed| {
        let (mut head, mut state): (FixedHead<10, FEATURES>, _) =
            (FixedHead::from_head(start, exponent, seed), State::new());
        for (features, label) in train {
            let features = head.quantize(features);
            tuner.step(&mut head, &mut state, &features, *label).unwrap();
        }
        test.iter().filter(|(x, label)| head.predict(&head.quantize(x)).unwrap() == *label).count()
    };
    let total: usize = (0..SEEDS).map(right).sum();
    let share = |right: f64| right / test.len() as f64;
    [share(in_float as f64), share(total as f64 / f64::from(SEEDS))]
}

#[test]
fn integers_cost_at_most_a_point() {
    let warm_up = BetaSchedule::geometric(0.01, 1.0, 150);
    let (stream, shifted) = (samples(digits::device_stream()), samples(digits::device_test()));
    // Each sample three times, so that the fresh head learns enough.
    let train = samples(digits::training()).repeat(3);
    let test = samples(digits::test());
    let fresh = LinearHead::new();
    for (what, start, rate, train, test) in [
        ("fine-tuned on shifted digits", &trained_head(), 0.05, &stream, &shifted),
        ("learned from nothing", &fresh, 0.02, &train, &test),
        ("the same with small steps", &fresh, 0.002, &train, &test),
    ] {
        for (beta, schedule) in [("1", BetaSchedule::constant(1.0)), ("0.01 -> 1", warm_up)] {
            let [float, integers] = compare(start, schedule, rate, train, test);
            println!(
                "{what}, rate {rate}, beta {beta}: {:.1} % in float, {:.1} % in integers",
                100.0 * float,
                100.0 * integers
            );
            assert!(integers >= float - 0.01, "{what}, rate {rate}, beta {beta}: {integers} for {float}");
        }
    }
}

/// The sum of all changes by steps, beside the sum of `rate g x` in float, whose g is that of the logits before each step: an update is
/// exact on the average, at the smallest rate as well, where most rows' rates are below one unit.
#[test]
fn updates_have_no_bias() {
    const CLASSES: usize = 5;
    const FEATURES: usize = 3;
    let steps = lengths::steps(1_000_000, 10_000_000) / 2;
    for rate in [1.0 / 32_768.0, 0.001] {
        let rate = FixedRate::new(rate);
        let tuner = FineTuner::new(BetaSchedule::constant(0.3), rate);
        let loss = GradientDecay::new(0.3);
        let (mut head, mut state) = (FixedHead::<CLASSES, FEATURES>::new(5, 1), State::new());
        let parameters = |head: &FixedHead<CLASSES, FEATURES>| {
            let mut parameters = [0.0; CLASSES * (FEATURES + 1)];
            head.to_head().export(&mut parameters).unwrap();
            parameters.map(f64::from)
        };
        let start = parameters(&head);
        let mut expected = start;
        let mut gradient = [0.0; CLASSES];
        let mut random = 1_u32;
        for _ in 0..steps {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let features = [(random >> 24) as i8, (random >> 16) as i8 / 4, 32];
            // Wrong labels among them, so that there is always something to learn.
            let target = (random >> 9) as usize % if random & 0x8000 == 0 { 2 } else { CLASSES };
            let logits = head.logits(&features).map(|z| z as f32 / 65_536.0);
            loss.loss_and_gradient(&logits, target, &mut gradient).unwrap();
            for (class, g) in gradient.iter().enumerate() {
                let change = f64::from(rate.learning_rate()) * f64::from(*g);
                for (feature, x) in features.iter().enumerate() {
                    expected[class * FEATURES + feature] -= change * f64::from(*x) / 32.0;
                }
                expected[CLASSES * FEATURES + class] -= change;
            }
            tuner.step(&mut head, &mut state, &features, target).unwrap();
        }
        let (found, mut worst) = (parameters(&head), 0.0_f64);
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            // A weight of 2^-12 and a rate of 2^-16, by a feature of at most 4, are rounded; the gradient is within 1e-4.
            let unit = if index < CLASSES * FEATURES { 1.0 / 4096.0 } else { 1.0 / 65_536.0 };
            let deviation = (0.26 * f64::from(steps)).sqrt() * unit;
            let of_gradient = f64::from(steps) * 4.0 * f64::from(rate.learning_rate()) * 1e-4;
            let error = (found - expected).abs();
            worst = worst.max(error / deviation);
            assert!(found.abs() < 7.9, "at the end of its range the mean is another");
            assert!(error < 5.0 * deviation + of_gradient, "parameter {index}: {found} for {expected}");
        }
        println!("{steps} steps of rate {}: at most {worst:.1} deviations from the exact sum", rate.learning_rate());
    }
}

/// At every temperature and with the largest logits: the class is that of the largest, and its probability the oracle's.
#[test]
fn answers_in_integers_are_those_of_the_oracle() {
    let mut head = LinearHead::<4, 1>::new();
    for temperature in [0.01, 0.1, 0.9, 1.0, 1.1, 10.0, 100.0] {
        let readout = Readout::new().with_temperature(temperature);
        for offset in [0.0, -3.0, 150.0, -150.0, 1700.0, 15_990.0, -15_990.0] {
            for step in [1e-4, 0.002, 0.03, 0.5, 7.0] {
                for case in 0..4 {
                    let bias: [f32; 4] = std::array::from_fn(|i| offset + step * ((i * 3 + case) % 4) as f32);
                    head.import(&[&[0.0; 4], &bias[..]].concat()).unwrap();
                    let fixed: FixedHead<4, 1> = FixedHead::from_head(&head, 5, 1);
                    let logits = fixed.logits(&[0]);
                    let largest = (0..4).rev().max_by_key(|i| logits[*i]).unwrap();
                    let scaled = logits.map(|z| f64::from(z) / 65_536.0 / f64::from(temperature));
                    let exact = oracle::softmax(&scaled)[largest];
                    let found = readout.answer(&fixed, &[0], &mut [0; 4]).unwrap().prediction();
                    assert_eq!(found.class, largest, "{logits:?} at {temperature}");
                    let error = (f64::from(found.probability) - exact).abs();
                    assert!(error < 5e-4, "{found:?} for {exact}: {logits:?} at {temperature}");
                }
            }
        }
    }
}
