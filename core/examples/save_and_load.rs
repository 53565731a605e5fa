//! A device keeps everything that it learned over a reset: `cargo run -p gradient-decay --features checkpoint --example save_and_load`.
//!
//! A checkpoint is bytes with a version and a CRC. The application decides where to keep them; with the feature `storage` a `Store` keeps
//! them in NOR flash, wear-levelled and safe against power cuts.

use gradient_decay::{
    Answer, BetaSchedule, Contents, Error, FineTuner, Learner, LinearHead, Parts, Readout, Replay, Sgd, Standardizer,
    checkpoint,
};

/// The number of classes: clean air, coffee, smoke.
const CLASSES: usize = 3;
/// The number of features: the resistance of four gas sensors in kiloohms.
const FEATURES: usize = 4;

const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 100), Sgd::new(0.1));

type Memory = Replay<CLASSES, 8, [f32; FEATURES]>;
type Device = Learner<LinearHead<CLASSES, FEATURES>, Parts<Standardizer<FEATURES>, Memory, (), (), Readout>>;

/// A device after a reset, before it has read the checkpoint.
const NEW: Device = Device::new(
    LinearHead::new(),
    Parts {
        preprocess: Standardizer::new(30),
        memory: Memory::new(1),
        guard: (),
        calibration: (),
        readout: Readout::new().with_threshold(0.6),
    },
);

/// The size of a checkpoint is a constant, so that the buffer can be a static.
const BYTES: usize = checkpoint::bytes::<Device>();

fn main() -> Result<(), Error> {
    let mut device = NEW;
    let mut air = Air(1);
    for i in 0..30 {
        device.observe(&air.read(i % CLASSES))?;
    }
    for i in 0..60 {
        device.learn(&TUNER, &air.read(i % CLASSES), i % CLASSES)?;
        device.rehearse(&TUNER, 1);
    }

    let mut saved = [0; BYTES];
    let length = checkpoint::write(&device, Contents::ALL, &mut saved)?;
    println!("saved {length} bytes after {} steps: {}", device.steps(), right(&mut device)?);

    // A reset: the device is new, and reads the checkpoint. Before that it has no units for its features, so it cannot answer.
    let mut restored = NEW;
    println!("new: {}", restored.answer(&air.read(0)).expect_err("nothing was read yet"));
    checkpoint::read(&saved, &mut restored)?;
    println!("restored, at step {}: {}", restored.steps(), right(&mut restored)?);

    // It gives the same answers, with the same bits in their probabilities, and learns on in the same way.
    for i in 0..300 {
        let features = air.read(i % CLASSES);
        assert_eq!(restored.answer(&features)?, device.answer(&features)?);
    }
    for i in 0..30 {
        let features = air.read(i % CLASSES);
        let loss = device.learn(&TUNER, &features, i % CLASSES)?.loss();
        assert_eq!(restored.learn(&TUNER, &features, i % CLASSES)?.loss(), loss);
        assert_eq!((restored.rehearse(&TUNER, 1), device.rehearse(&TUNER, 1)), (1, 1));
    }
    assert_eq!((restored.head(), restored.parts(), restored.steps()), (device.head(), device.parts(), device.steps()));

    // A checkpoint that is damaged, cut off or of another kind of device is refused, and nothing changes.
    let mut damaged = saved;
    damaged[100] ^= 1;
    println!("damaged: {}", checkpoint::read(&damaged, &mut restored).expect_err("a bit was flipped"));
    println!("cut off: {}", checkpoint::read(&saved[..200], &mut restored).expect_err("half of it is missing"));
    println!("erased flash: {}", checkpoint::read(&[0xff; BYTES], &mut restored).expect_err("nothing was saved"));
    let mut larger = Learner::new(LinearHead::<5, FEATURES>::new(), Parts::NONE);
    println!("another head: {}", checkpoint::read(&saved, &mut larger).expect_err("it has five classes"));
    assert_eq!((restored.head(), restored.parts(), restored.steps()), (device.head(), device.parts(), device.steps()));

    // Remembered samples are personal data and most of the bytes: they can be left out.
    let length = checkpoint::write(&device, Contents::ALL.without_samples(), &mut saved)?;
    println!("without remembered samples: {length} bytes");
    assert!(length < BYTES / 2);
    Ok(())
}

/// The number of correct answers to 300 other readings, as text.
fn right(device: &mut Device) -> Result<String, Error> {
    let mut air = Air(2);
    let mut right = 0;
    for i in 0..300 {
        let class = i % CLASSES;
        let answer = device.answer(&air.read(class))?;
        right += usize::from(matches!(answer, Answer::Class(prediction) if prediction.class == class));
    }
    Ok(format!("{right} of 300 right"))
}

/// The simulated sensors, with the seed of their noise.
struct Air(u32);

impl Air {
    fn read(&mut self, class: usize) -> [f32; FEATURES] {
        const MEANS: [[f32; FEATURES]; CLASSES] =
            [[21.0, 20.5, 24.0, 22.0], [17.5, 19.5, 18.0, 21.5], [14.0, 20.0, 20.0, 12.0]];
        MEANS[class].map(|mean| mean + 1.2 * self.noise())
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
