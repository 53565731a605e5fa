//! The same training in integers, for cores without an FPU: `cargo run -p gradient-decay --example integers`.
//!
//! Features are given as f32. The quantizer turns them into bytes; weights have 16 bits, loss and gradient are in fixed point.

use gradient_decay::{
    Answer, BetaSchedule, Error, FineTuner, FixedHead, FixedRate, Learner, LinearHead, Parts, Quantizer, Replay, Sgd,
};

/// The number of words that the microphone can hear.
const CLASSES: usize = 6;
/// The number of features that a frozen network computes from a second of sound, roughly standardised.
const FEATURES: usize = 32;
/// The remembered samples of each class.
const SLOTS: usize = 16;
/// The fractional bits of a feature: features from -4 to 4 in steps of 1/32.
const EXPONENT: u32 = 5;

/// The schedule of beta for both; learning rates in integers are multiples of 2^-15.
const SCHEDULE: BetaSchedule = BetaSchedule::geometric(0.1, 1.0, 60);
const IN_FLOAT: FineTuner = FineTuner::new(SCHEDULE, Sgd::new(0.0625));
const IN_INTEGERS: FineTuner<FixedRate> = FineTuner::new(SCHEDULE, FixedRate::new(0.0625));

type Float = Learner<LinearHead<CLASSES, FEATURES>, Parts<(), Replay<CLASSES, SLOTS, [f32; FEATURES]>>>;
type Fixed = Learner<FixedHead<CLASSES, FEATURES>, Parts<Quantizer, Replay<CLASSES, SLOTS, [i8; FEATURES]>>>;

const NEW_FLOAT: Float = Float::new(
    LinearHead::new(),
    Parts { preprocess: (), memory: Replay::new(1), guard: (), calibration: (), readout: () },
);
/// Stochastic rounding, from the seed 1, so that small updates are not lost.
/// For raw features put a `Standardizer` in place of the `()` in the quantizer.
const NEW_FIXED: Fixed = Fixed::new(
    FixedHead::new(EXPONENT, 1),
    Parts { preprocess: Quantizer::new(EXPONENT, ()), memory: Replay::new(1), guard: (), calibration: (), readout: () },
);

fn main() -> Result<(), Error> {
    let (mut float, mut fixed) = (NEW_FLOAT, NEW_FIXED);
    let before = accuracy(|features| fixed.answer(features))?;
    let mut words = Words(1);
    for i in 0..120 {
        let features = words.hear(i % CLASSES);
        float.learn(&IN_FLOAT, &features, i % CLASSES)?;
        float.rehearse(&IN_FLOAT, 2);
        fixed.learn(&IN_INTEGERS, &features, i % CLASSES)?;
        fixed.rehearse(&IN_INTEGERS, 2);
    }
    let in_float = accuracy(|features| float.answer(features))?;
    let in_integers = accuracy(|features| fixed.answer(features))?;
    println!("right before: {before:.1} %; after: {in_float:.1} % in float, {in_integers:.1} % in integers");
    assert!(before < 20.0 && in_float > 90.0 && (in_float - in_integers).abs() < 2.0);

    println!("head: {} bytes in float, {} in integers", size_of_val(float.head()), size_of_val(fixed.head()));
    let memories = (size_of_val(&float.parts().memory), size_of_val(&fixed.parts().memory));
    println!("memory: {} bytes and {}", memories.0, memories.1);
    println!("all: {} bytes and {}", Float::BYTES, Fixed::BYTES);
    // A weight takes half of the bytes, a remembered feature a quarter.
    const { assert!(10 * Fixed::BYTES < 3 * Float::BYTES) };
    Ok(())
}

/// The share of 1200 other words that are answered correctly, in %.
fn accuracy(mut answer: impl FnMut(&[f32; FEATURES]) -> Result<Answer, Error>) -> Result<f32, Error> {
    let mut words = Words(2);
    let mut right = 0.0;
    for i in 0..1200 {
        let word = i % CLASSES;
        if matches!(answer(&words.hear(word))?, Answer::Class(prediction) if prediction.class == word) {
            right += 1.0;
        }
    }
    Ok(right / 12.0)
}

/// The simulated network, with the seed of its noise.
struct Words(u32);

impl Words {
    /// Features around the word's centre, which is drawn from a seed of its own.
    fn hear(&mut self, word: usize) -> [f32; FEATURES] {
        let mut centre = Words(1000 + word as u32);
        std::array::from_fn(|_| 0.5 * centre.noise() + 0.8 * self.noise())
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
