//! A device learns the states of a room from four sensors: `cargo run -p gradient-decay --example quick_start`.
//!
//! It also shows why raw features are standardised first, and what happens if they are not.

use gradient_decay::{Answer, BetaSchedule, Error, FineTuner, Learner, LinearHead, Parts, Sgd, Standardizer};

/// The number of states: the room is empty, somebody works in it, or several people meet.
const CLASSES: usize = 3;
/// The number of features: temperature in degrees Celsius, humidity in %, CO2 in ppm, noise in dB.
const FEATURES: usize = 4;

/// The settings are a constant, checked at compile time: beta rises from 0.1 (a large margin) to 1 (no margin) over 30 steps.
const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 30), Sgd::new(0.2));

/// A head of 3 classes behind a standardizer. The other parts are `()`: absent, at no cost.
type Device = Learner<LinearHead<CLASSES, FEATURES>, Parts<Standardizer<FEATURES>>>;

/// A new device. It is a constant too, and in firmware the initial value of a static.
const NEW: Device = Device::new(
    LinearHead::new(),
    Parts { preprocess: Standardizer::new(50), memory: (), guard: (), calibration: (), readout: () },
);

fn main() -> Result<(), Error> {
    let mut device = NEW;
    let mut room = Room(1);

    // The first readings fix the units of the features: mean 0, standard deviation 1. They need no labels. Nothing is learned before that.
    let early = device.learn(&TUNER, &room.read(0), 0);
    println!("too early: {}", early.expect_err("the units are not fixed yet"));
    for i in 0..50 {
        device.observe(&room.read(i % CLASSES))?;
    }

    let before = accuracy(|features| device.answer(features))?;
    for i in 0..90 {
        let state = i % CLASSES; // the label that a person gives
        device.learn(&TUNER, &room.read(state), state)?;
    }
    let after = accuracy(|features| device.answer(features))?;
    println!("right before: {before} %, after 90 labelled readings: {after} %");
    assert!(before < 40 && after > 95);

    // A sample that cannot be learned is refused with the reason, and nothing changes.
    let head = device.head().clone();
    let refused = device.learn(&TUNER, &[21.0, f32::NAN, 500.0, 40.0], 1);
    println!("refused: {}", refused.expect_err("a feature is not a number"));
    assert_eq!(device.head(), &head);

    // The same without a standardizer. A step mostly responds to the offset, which all readings have in common: the class that was
    // learned last is then the answer to everything, and the head is confident.
    let mut raw = Learner::new(LinearHead::<CLASSES, FEATURES>::new(), Parts::NONE);
    for i in 0..90 {
        raw.learn(&TUNER, &room.read(i % CLASSES), i % CLASSES)?;
    }
    let right = accuracy(|features| raw.answer(features))?;
    let probability = raw.head().predict(&room.read(0))?.probability;
    println!("the same with raw features: {right} %, with a probability of {probability:.2}");
    assert!(right < 40 && probability > 0.99);
    Ok(())
}

/// The share of 300 other readings that are answered correctly, in %.
fn accuracy(mut answer: impl FnMut(&[f32; FEATURES]) -> Result<Answer, Error>) -> Result<u32, Error> {
    let mut room = Room(2);
    let mut right = 0;
    for i in 0..300 {
        let state = i % CLASSES;
        if matches!(answer(&room.read(state))?, Answer::Class(prediction) if prediction.class == state) {
            right += 1;
        }
    }
    Ok(right / 3)
}

/// The simulated room, with the seed of its noise.
struct Room(u32);

impl Room {
    /// The sensors' reading in a state.
    fn read(&mut self, state: usize) -> [f32; FEATURES] {
        const MEANS: [[f32; FEATURES]; CLASSES] =
            [[20.2, 41.0, 450.0, 32.0], [20.9, 43.0, 700.0, 41.0], [22.1, 47.0, 1100.0, 54.0]];
        const DEVIATIONS: [f32; FEATURES] = [0.5, 2.0, 90.0, 4.0];
        std::array::from_fn(|i| MEANS[state][i] + DEVIATIONS[i] * self.noise())
    }

    /// About normal: the sum of twelve uniform numbers has the variance 1.
    fn noise(&mut self) -> f32 {
        let uniform = |_| {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) as f32 / 16_777_216.0 - 0.5
        };
        (0..12).map(uniform).sum()
    }
}
