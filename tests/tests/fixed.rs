//! Training in integers beside training in float, on the digits: at most a point of accuracy less.

use gradient_decay::fixed::{FixedHead, FixedState, FixedTuner};
use gradient_decay::{BetaSchedule, FineTuner, Libm, LinearHead, Sgd, State};
use gradient_decay_app::digits::{FEATURES, HIDDEN, extract, trained_head};
use system_tests::digits::{self, Digit};

type Samples = Vec<([f32; FEATURES], usize)>;

fn samples(digits: Vec<Digit>) -> Samples {
    let one = |digit: Digit| {
        let mut features = [0.0; FEATURES];
        extract(&HIDDEN, &digit.pixels, &mut features).unwrap();
        (features, usize::from(digit.label))
    };
    digits.into_iter().map(one).collect()
}

/// Test samples read right after learning, in float and in integers, the mean over seeds of the rounding.
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

    // As fine as the largest feature allows.
    let largest = train.iter().flat_map(|(features, _)| features).fold(0.0_f32, |most, x| most.max(x.abs()));
    let exponent = (127.0 / largest).log2().floor().max(0.0) as u32;
    const SEEDS: u32 = 20;
    let tuner = FixedTuner::new(schedule, rate);
    let right = |seed| {
        let (mut head, mut state) = (FixedHead::from_head(start, exponent), FixedState::new(seed));
        for (features, label) in train {
            let features = head.quantize(features);
            tuner.step::<10, FEATURES, Libm>(&mut head, &mut state, &features, *label).unwrap();
        }
        test.iter().filter(|(x, label)| head.predict(&head.quantize(x)) == *label).count()
    };
    let total: usize = (0..SEEDS).map(right).sum();
    let share = |right: f64| right / test.len() as f64;
    [share(in_float as f64), share(total as f64 / f64::from(SEEDS))]
}

#[test]
fn integers_cost_at_most_a_point() {
    let warm_up = BetaSchedule::geometric(0.01, 1.0, 150);
    let (stream, shifted) = (samples(digits::device_stream()), samples(digits::device_test()));
    // Each sample three times, so that the fresh head learns what there is to learn.
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
