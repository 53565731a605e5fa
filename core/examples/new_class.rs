//! A class is added to a device in use, and another is removed: `cargo run -p gradient-decay --example new_class`.
//!
//! The device hears from the vibration of a bearing whether a machine stands, idles or works. Later it is taught a fourth state, a worn
//! bearing, and a memory of samples of the others keeps it from forgetting them.

use gradient_decay::{
    Answer, BetaSchedule, Error, FineTuner, Learner, LinearHead, Parts, Quantized, Replay, Sgd, Standardizer,
};

/// The number of classes that there is room for. A class that is not in use takes memory, and is never answered.
const ROOM: usize = 5;
/// The number of features: the level of vibration in six frequency bands, in dB.
const FEATURES: usize = 6;

const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 30), Sgd::new(0.1));

/// Ten samples of each class are remembered, as bytes with one scale each.
type Memory = Replay<ROOM, 10, [f32; FEATURES], Quantized<FEATURES>>;
type Device = Learner<LinearHead<ROOM, FEATURES>, Parts<Standardizer<FEATURES>, Memory>>;

const NEW: Device = Device::new(
    LinearHead::empty(),
    Parts { preprocess: Standardizer::new(30), memory: Memory::new(1), guard: (), calibration: (), readout: () },
);

fn main() -> Result<(), Error> {
    let mut device = NEW;
    let mut machine = Machine(1);
    for i in 0..30 {
        device.observe(&machine.read(["stands", "idles", "works"][i % 3]))?;
    }

    // Classes are numbered in the order in which they are added. The application keeps their names.
    let mut names = Vec::new();
    for name in ["stands", "idles", "works"] {
        let class = device.add_class()?;
        names.push(name);
        println!("class {class} is \"{name}\"");
    }
    for i in 0..90 {
        let class = i % 3;
        device.learn(&TUNER, &machine.read(names[class]), class)?;
    }
    let known = accuracy(&mut device, &names, &names)?;
    let worn = accuracy(&mut device, &names, &["worn"])?;
    println!("three classes: {known} % of them right, {worn} % of the worn bearing");
    assert!(known > 90 && worn == 0);

    // A class that was never added is not a valid label.
    let refused = device.learn(&TUNER, &machine.read("worn"), 3);
    println!("refused: {}", refused.expect_err("there are three classes"));

    // The new class, of which there are only twelve samples. A copy of the device learns only these; the device itself also rehearses
    // four remembered samples with each of them.
    let class = device.add_class()?;
    names.push("worn");
    let mut copy = device.clone();
    for _ in 0..12 {
        let features = machine.read("worn");
        copy.learn(&TUNER, &features, class)?;
        device.learn(&TUNER, &features, class)?;
        device.rehearse(&TUNER, 4);
    }
    let known = [accuracy(&mut copy, &names, &names[..3])?, accuracy(&mut device, &names, &names[..3])?];
    let worn = [accuracy(&mut copy, &names, &["worn"])?, accuracy(&mut device, &names, &["worn"])?];
    println!("four classes: {} % of the old ones right, {} % of the worn bearing", known[1], worn[1]);
    println!("learned without repeating: {} % of the old ones, {} % of the worn bearing", known[0], worn[0]);
    assert!(known[1] > 90 && worn[1] > 90);
    assert!(known[0] < known[1]);

    // The class is removed everywhere: its row of the head and its samples. Classes above it move down by one, so the names must too.
    device.remove_class(0)?;
    names.remove(0);
    let kept = accuracy(&mut device, &names, &names)?;
    let removed = accuracy(&mut device, &names, &["stands"])?;
    println!("without \"stands\": {kept} % of the others right, {removed} % of it; classes: {names:?}");
    assert!(kept > 90 && removed == 0 && device.classes() == 3);
    assert_eq!(device.parts().memory.seen(2), 12); // the worn bearing, now class 2
    Ok(())
}

/// The share of 100 readings in each of these states that are answered by their name, in %.
fn accuracy(device: &mut Device, names: &[&str], states: &[&str]) -> Result<usize, Error> {
    let mut machine = Machine(2);
    let mut right = 0;
    for state in states {
        for _ in 0..100 {
            let answer = device.answer(&machine.read(state))?;
            right += usize::from(matches!(answer, Answer::Class(prediction) if names[prediction.class] == *state));
        }
    }
    Ok(right / states.len())
}

/// The simulated machine, with the seed of its noise.
struct Machine(u32);

impl Machine {
    /// The levels in a state, 2 dB around their mean.
    fn read(&mut self, state: &str) -> [f32; FEATURES] {
        let mean = match state {
            "stands" => [21.0, 20.0, 19.0, 18.0, 18.0, 17.0],
            "idles" => [33.0, 31.0, 25.0, 21.0, 19.0, 18.0],
            "works" => [38.0, 41.0, 39.0, 30.0, 24.0, 20.0],
            _ => [38.0, 41.0, 40.0, 36.0, 35.0, 31.0],
        };
        mean.map(|level| level + 2.0 * self.noise())
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
