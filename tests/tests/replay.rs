//! Forgetting on the digits: a head that has learned the digits 0 to 4 meets only 5 to 9.

use gradient_decay::{BetaSchedule, FineTuner, Learner, LinearHead, Parts, Quantized, Replay, Sgd, Stored};
use gradient_decay_app::digits::{HIDDEN, extract};

const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.02));

/// Samples of each class that are remembered, and how many of them are repeated with a new one.
const SLOTS: usize = 10;
const REHEARSALS: u32 = 3;

type Samples = Vec<([f32; 64], usize)>;

/// The features of the digits to train on and to test on.
fn features() -> (Samples, Samples) {
    let of = |digits: Vec<digits::Digit>| {
        let one = |digit: digits::Digit| {
            let mut features = [0.0; 64];
            extract(&HIDDEN, &digit.pixels, &mut features).unwrap();
            (features, usize::from(digit.label))
        };
        digits.into_iter().map(one).collect()
    };
    (of(digits::training()), of(digits::test()))
}

/// The share of the digits 0 to 4, and of 5 to 9, that a head reads right.
fn accuracies(head: &LinearHead<10, 64>, samples: &Samples) -> [f64; 2] {
    [true, false].map(|old| {
        let of_these: Vec<_> = samples.iter().filter(|(_, label)| (*label < 5) == old).collect();
        let right = of_these.iter().filter(|(features, label)| head.predict(features).unwrap().class == *label);
        right.count() as f64 / of_these.len() as f64
    })
}

/// Accuracies on old and new digits after each of the two phases.
fn learn<S: Stored<[f32; 64]>>(train: &Samples, test: &Samples, rehearsals: u32) -> [[f64; 2]; 2] {
    let memory: Replay<10, SLOTS, [f32; 64], S> = Replay::new(1);
    let parts = Parts { preprocess: (), memory, guard: (), calibration: (), readout: () };
    let mut learner = Box::new(Learner::new(LinearHead::new(), parts));
    [true, false].map(|old| {
        for (features, label) in train.iter().filter(|(_, label)| (*label < 5) == old) {
            learner.learn(&TUNER, features, *label).unwrap();
            assert_eq!(learner.rehearse(&TUNER, rehearsals), rehearsals);
        }
        accuracies(learner.head(), test)
    })
}

#[test]
fn a_memory_keeps_what_the_stream_no_longer_shows() {
    let (train, test) = features();
    let [[old_before, _], [old_forgotten, _]] = learn::<[f32; 64]>(&train, &test, 0);
    let [_, [old_kept, new]] = learn::<[f32; 64]>(&train, &test, REHEARSALS);
    let [_, [old_kept_i8, new_i8]] = learn::<Quantized<64>>(&train, &test, REHEARSALS);
    println!("digits 0 to 4: {old_before:.3} before, {old_forgotten:.3} after 5 to 9 without a memory");
    println!("with {SLOTS} samples a class: {old_kept:.3}, as i8 {old_kept_i8:.3}; 5 to 9: {new:.3} and {new_i8:.3}");
    let bytes = [Replay::<10, SLOTS, [f32; 64]>::BYTES, Replay::<10, SLOTS, [f32; 64], Quantized<64>>::BYTES];
    println!("bytes: {} and {}", bytes[0], bytes[1]);
    assert!(old_before > 0.9);
    assert!(old_forgotten < old_before - 0.2, "nothing was forgotten");
    for (old, new) in [(old_kept, new), (old_kept_i8, new_i8)] {
        assert!(old > old_before - 0.1 && new > 0.75, "{old} {new}");
    }
}
