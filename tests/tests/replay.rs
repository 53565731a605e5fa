//! The memory: chi-square tests of the samples that it keeps and draws; and forgetting on the digits, where a head that has learned 0 to 4 then
//! sees only 5 to 9.

use gradient_decay::{BetaSchedule, FineTuner, Learner, LinearHead, Memory, Parts, Quantized, Replay, Sgd, Stored};
use gradient_decay_app::digits::{HIDDEN, extract};
use oracle::chi_square;

const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.02));

/// The number of remembered samples of each class, and the number of rehearsals with a new sample.
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

/// The runs of a chi-square test.
const RUNS: u32 = 100_000;

/// 40 samples into 6 slots: each sample is kept equally often, and each slot holds its first sample or a later one with the right probability.
#[test]
fn every_sample_is_kept_and_every_slot_filled_as_often_as_it_should() {
    const SAMPLES: usize = 40;
    const SLOTS: usize = 6;
    let mut kept = [0_u32; SAMPLES];
    let mut held = [[0_u32; SAMPLES]; SLOTS];
    for seed in 0..RUNS {
        let mut memory: Replay<1, SLOTS, [f32; 1]> = Replay::new(seed);
        (0..SAMPLES).for_each(|i| memory.insert(&[i as f32], 0).unwrap());
        let mut slots = held.iter_mut();
        memory.for_each(|x, _| {
            kept[x[0] as usize] += 1;
            slots.next().unwrap()[x[0] as usize] += 1;
        });
        assert!(slots.next().is_none());
    }
    // Each run keeps exactly six, so the counts are dependent, and the sum of their squares is smaller than for independent draws.
    let p = SLOTS as f64 / SAMPLES as f64;
    let expected = f64::from(RUNS) * p;
    let squares: f64 = kept.iter().map(|count| (f64::from(*count) - expected).powi(2)).sum();
    let n = SAMPLES as f64;
    chi_square::check_sum("samples kept", squares / (expected * (1.0 - p)) * (n - 1.0) / n, SAMPLES - 1);
    // Each of the first samples has a slot of its own, until a later sample, each with the same probability, replaces it.
    for (slot, held) in held.iter().enumerate() {
        let counts: Vec<u32> = (0..SAMPLES).filter(|i| *i == slot || *i >= SLOTS).map(|i| held[i]).collect();
        let share = |i: usize| if i == 0 { p } else { 1.0 / n };
        let expected: Vec<f64> = (0..counts.len()).map(|i| f64::from(RUNS) * share(i)).collect();
        assert_eq!(counts.iter().sum::<u32>(), RUNS, "another first sample is in slot {slot}");
        chi_square::check(&format!("slot {slot}"), &counts, &expected);
    }
}

/// Draws are uniform over the classes that have samples, and over the samples of each, including the last: for one memory that continues, and
/// for the first draws of many memories.
#[test]
fn every_class_and_every_sample_is_drawn_as_often_as_any_other() {
    const FILLED: [usize; 4] = [5, 0, 2, 7];
    let memory = |seed| {
        let mut memory: Replay<4, 7, [f32; 1]> = Replay::new(seed);
        for (class, filled) in FILLED.into_iter().enumerate() {
            (0..filled).for_each(|i| memory.insert(&[i as f32], class).unwrap());
        }
        memory
    };
    for (what, memories, draws) in [("one memory", 1, 3 * RUNS), ("many memories", RUNS, 3)] {
        let mut drawn = FILLED.map(|filled| vec![0_u32; filled]);
        for seed in 0..memories {
            let taken = memory(seed).rehearse(draws, |x, class| {
                drawn[class][x[0] as usize] += 1;
                true
            });
            assert_eq!(taken, draws);
        }
        let classes: Vec<u32> =
            drawn.iter().filter(|slots| !slots.is_empty()).map(|slots| slots.iter().sum()).collect();
        chi_square::check(&format!("{what}, classes"), &classes, &[f64::from(RUNS); 3]);
        for (class, slots) in drawn.iter().enumerate().filter(|(_, slots)| !slots.is_empty()) {
            let each = f64::from(slots.iter().sum::<u32>()) / slots.len() as f64;
            chi_square::check(&format!("{what}, class {class}"), slots, &vec![each; slots.len()]);
        }
    }
}
