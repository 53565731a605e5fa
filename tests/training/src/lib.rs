//! Training runs that must have the same bits on every machine: 20 seeds of 10,000 steps each, over all schedules, with and without
//! momentum. `firmware/bench` compiles them for each core in QEMU, `tests/programs` for the host, and `cargo xtask same-bits` compares.
#![no_std]

use gradient_decay::storage::Empty;
use gradient_decay::{BetaSchedule, Error, FineTuner, LinearHead, MomentumHead, Sgd, State, Train};

/// The runs.
pub const SEEDS: u32 = 20;
/// The steps of each.
pub const STEPS: u32 = 10_000;

/// Five classes of eleven features: whole blocks of the kernels and broken ones.
const CLASSES: usize = 5;
const FEATURES: usize = 11;

/// The settings of a run: the schedules in turn, every other run with momentum, and the combinations of Nesterov, weight decay
/// and clipping that fit into twenty runs.
fn tuner(seed: u32) -> Result<FineTuner, Error> {
    let schedule = match seed % 3 {
        0 => BetaSchedule::try_constant(0.3)?,
        1 => BetaSchedule::try_linear(0.02, 3.0, STEPS / 2)?,
        _ => BetaSchedule::try_geometric(0.01, 1.0, STEPS / 2)?,
    };
    let mut sgd = Sgd::try_new(0.05)?;
    if seed % 2 == 1 {
        sgd = sgd.try_with_momentum(0.9)?;
        if seed % 4 == 3 {
            sgd = sgd.with_nesterov();
        }
    }
    if seed % 5 == 2 {
        sgd = sgd.try_with_weight_decay(0.001)?;
    }
    if seed % 7 == 3 {
        sgd = sgd.try_with_clip_norm(0.5)?;
    }
    Ok(FineTuner::new(schedule, sgd))
}

/// One run. `observe` is called with each step's fingerprint: FNV-1a over the bits of loss, probability and class, of the head's logits for
/// the next sample, and of all earlier fingerprints.
///
/// # Errors
/// None with these settings.
pub fn train(seed: u32, observe: impl FnMut(u32)) -> Result<(), Error> {
    if seed % 2 == 1 {
        train_head(seed, &mut MomentumHead::<CLASSES, FEATURES>::new(), observe)
    } else {
        train_head(seed, &mut LinearHead::<CLASSES, FEATURES>::new(), observe)
    }
}

fn train_head<H>(seed: u32, head: &mut H, mut observe: impl FnMut(u32)) -> Result<(), Error>
where
    H: Train<Features = [f32; FEATURES], Number = f32, Optimizer = Sgd, Work: Empty>,
{
    let tuner = tuner(seed)?;
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9) | 1);
    let mut state = State::new();
    let (mut features, mut fingerprint) = ([0.0; FEATURES], 0x811c_9dc5);
    for _ in 0..STEPS {
        let class = (random.bits() % CLASSES as u32) as usize;
        for (i, x) in features.iter_mut().enumerate() {
            let noise = (random.bits() >> 8) as f32 / 8_388_608.0 - 1.0;
            *x = if i % CLASSES == class { noise + 1.0 } else { noise };
        }
        let step = tuner.step(head, &mut state, &features, class)?;
        let seen = [step.loss().to_bits(), step.prediction().probability.to_bits(), step.class() as u32];
        let mut logits = [0.0; CLASSES];
        head.logits(&features, &mut logits)?;
        for word in seen.into_iter().chain(logits.map(f32::to_bits)) {
            for byte in word.to_le_bytes() {
                fingerprint = (fingerprint ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            }
        }
        observe(fingerprint);
    }
    Ok(())
}

/// A generator of random numbers (xorshift32).
struct Random(u32);

impl Random {
    fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}
