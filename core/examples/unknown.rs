//! Samples that are refused as unknown, and some that are not: `cargo run -p gradient-decay --example unknown`.
//!
//! A head's probability tells how far a sample is from the boundary between classes. It does not tell how far the sample is from everything
//! that was taught: that needs a test of its own, which is easy on standardised features.

use gradient_decay::{
    Answer, BetaSchedule, Error, FineTuner, Guard, Learner, LinearHead, Parts, Preprocess, Readout, Replay, Sgd,
    Standardizer,
};

/// The number of states: a pump idles, or pumps.
const CLASSES: usize = 2;
/// The number of features: its current in ampere, its vibration in mm/s, its temperature in degrees Celsius.
const FEATURES: usize = 3;

/// A small beta asks for a large margin and makes a head overconfident, which a temperature corrects.
const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(0.01), Sgd::new(0.2));

/// The labelled samples that are held out: up to 40 of each class.
type HeldOut = Guard<Replay<CLASSES, 40, [f32; FEATURES]>>;
type Device = Learner<LinearHead<CLASSES, FEATURES>, Parts<Standardizer<FEATURES>, (), HeldOut, (), Readout>>;

const NEW: Device = Device::new(
    LinearHead::new(),
    Parts {
        preprocess: Standardizer::new(50),
        memory: (),
        // Holds out every fifth sample; the margin, in nats, is for `judge`.
        guard: Guard::new(Replay::new(1), 0.1, 5),
        calibration: (),
        readout: Readout::new(),
    },
);

fn main() -> Result<(), Error> {
    let mut device = NEW;
    let mut pump = Pump(1);
    for i in 0..50 {
        device.observe(&pump.read(i % CLASSES, 0.0))?;
    }
    for i in 0..250 {
        device.learn(&TUNER, &pump.read(i % CLASSES, 0.0), i % CLASSES)?;
    }
    let all = Counts::of(&mut device, 0.0)?;
    println!("every answer:       {all}");

    // An answer with a probability below 0.9 becomes unknown.
    device.set_readout(Readout::new().with_threshold(0.9));
    let sure = Counts::of(&mut device, 0.0)?;
    println!("above 0.9:          {sure}");
    assert!(all.unknown == 0 && sure.unknown > 0 && sure.wrong < all.wrong);

    // A pump that starts up is half way between the states, and noise puts it on either side. A temperature fitted to the samples held out,
    // from which the head did not learn, corrects the overconfidence.
    let between = Counts::of(&mut device, 0.5)?;
    device.fit_temperature(16)?;
    println!("at temperature {:.1}: {}", device.parts().readout.temperature(), Counts::of(&mut device, 0.0)?);
    let modest = Counts::of(&mut device, 0.5)?;
    println!("half way between the states {} of 1000 are unknown, and {} were before", modest.unknown, between.unknown);
    assert!(device.parts().readout.temperature() > 1.0 && modest.unknown > between.unknown);

    // Far from both: a blocked pump draws five times the current. That is on the side of one class, and the head is confident.
    let blocked = [21.0, 9.0, 60.0];
    let answer = device.answer(&blocked)?;
    println!("blocked: {answer:?}");
    assert!(matches!(answer, Answer::Class(prediction) if prediction.class == 1 && prediction.probability > 0.99));

    // In standardised features it is many standard deviations from the mean, unlike readings of either state.
    let features = &device.parts().preprocess;
    let is_plausible = |reading: &[f32; FEATURES]| features.apply(reading, |x| x.iter().all(|x| x.abs() < 5.0));
    println!("blocked is plausible: {}", is_plausible(&blocked)?);
    assert!(!is_plausible(&blocked)?);
    for i in 0..1000 {
        assert!(is_plausible(&pump.read(i % CLASSES, 0.0))?);
    }
    Ok(())
}

/// The answers to 1000 readings.
struct Counts {
    right: u32,
    wrong: u32,
    unknown: u32,
}

impl Counts {
    /// Counts answers to readings of both states, shifted by `way` towards the other state, from 0 to 1.
    fn of(device: &mut Device, way: f32) -> Result<Self, Error> {
        let mut pump = Pump(2);
        let mut counts = Counts { right: 0, wrong: 0, unknown: 0 };
        for i in 0..1000 {
            let class = i % CLASSES;
            match device.answer(&pump.read(class, way))? {
                Answer::Class(prediction) if prediction.class == class => counts.right += 1,
                Answer::Class(_) => counts.wrong += 1,
                Answer::Unknown(..) => counts.unknown += 1,
            }
        }
        Ok(counts)
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} right, {} wrong, {} unknown", self.right, self.wrong, self.unknown)
    }
}

/// The simulated pump, with the seed of its noise.
struct Pump(u32);

impl Pump {
    /// The sensors' reading in a state, or on the way to the other one, from 0 to 1.
    fn read(&mut self, state: usize, way: f32) -> [f32; FEATURES] {
        const MEANS: [[f32; FEATURES]; CLASSES] = [[2.1, 1.2, 31.0], [4.0, 2.8, 38.0]];
        const DEVIATIONS: [f32; FEATURES] = [0.8, 0.8, 4.0];
        std::array::from_fn(|i| {
            let mean = MEANS[state][i] + way * (MEANS[1 - state][i] - MEANS[state][i]);
            mean + DEVIATIONS[i] * self.noise()
        })
    }

    /// About normal: the sum of twelve uniform numbers has the variance 1.
    fn noise(&mut self) -> f32 {
        (0..12).map(|_| self.chance() - 0.5).sum()
    }

    /// A number in [0, 1).
    fn chance(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 16_777_216.0
    }
}
