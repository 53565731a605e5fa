//! Learners with a discriminant: alone, and with a trained head, a residual, neighbours, a memory, held out samples and novelty.

use arbitrary::{Arbitrary, Unstructured};
use gradient_decay::learn::{Learn, LearnFrom, ResidualSettings, Unlearn};
use gradient_decay::replay::OwnedSlots;
use gradient_decay::storage::{Empty, Owned};
use gradient_decay::{
    BetaSchedule, Calibration, Classes, DiscriminantHead, FineTuner, Guard, Learner, LinearHead, MixedHead, Neighbours,
    Novelty, Parts, Readout, Replay, Residual, Saved, Sgd, StreamingLda, checkpoint, kernels,
};

use crate::learners::written;
use crate::numbers::{number, numbers};

const CLASSES: usize = 3;
const FEATURES: usize = 9;
const UPPER: usize = kernels::packed(FEATURES);

type Plain = DiscriminantHead<CLASSES, FEATURES, UPPER>;
type Whole = Residual<MixedHead<'static, CLASSES, FEATURES, UPPER, 2>, Owned<CLASSES, FEATURES>>;
type Near = Neighbours<MixedHead<'static, CLASSES, FEATURES, UPPER, 2>, OwnedSlots<CLASSES, 2, [f32; FEATURES]>>;
type Samples = Replay<CLASSES, 2, [f32; FEATURES]>;
type Mine<H> = Learner<H, Parts<(), Samples, Guard<Samples>, Calibration<4>, Novelty<CLASSES, FEATURES>>>;

static TRAINED: LinearHead<2, FEATURES> = LinearHead::new();

/// A head of this kind, its settings, and a further operation.
trait Kind:
    Learn<Features = [f32; FEATURES], Number = f32, Room: Empty + Clone>
    + LearnFrom<usize>
    + Unlearn
    + Classes
    + Saved
    + Clone
{
    const NEW: Self;
    fn settings(lda: StreamingLda) -> Self::Settings;
    /// Rehearses remembered samples, discounts what was learned, or looks at weights.
    fn other(learner: &mut Mine<Self>, settings: &Self::Settings, amount: f32);
}

impl Kind for Plain {
    const NEW: Self = DiscriminantHead::new();

    fn settings(lda: StreamingLda) -> StreamingLda {
        lda
    }

    fn other(learner: &mut Mine<Self>, _: &StreamingLda, amount: f32) {
        let before = written(learner);
        let changed = learner.replace(0, |head| head.discount(amount, 3));
        assert!(changed.is_ok() || written(learner) == before);
    }
}

impl Kind for Whole {
    const NEW: Self = Residual::new(MixedHead::new(DiscriminantHead::new(), &TRAINED), LinearHead::new());

    fn settings(base: StreamingLda) -> ResidualSettings<StreamingLda> {
        ResidualSettings { base, tuner: FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 10), Sgd::new(0.5)) }
    }

    fn other(learner: &mut Mine<Self>, settings: &ResidualSettings<StreamingLda>, _: f32) {
        learner.rehearse(settings, 2);
    }
}

impl Kind for Near {
    const NEW: Self = Neighbours::new(MixedHead::new(DiscriminantHead::new(), &TRAINED), Replay::new(3));

    fn settings(lda: StreamingLda) -> StreamingLda {
        lda
    }

    fn other(learner: &mut Mine<Self>, _: &StreamingLda, _: f32) {
        let [of_base, of_kept] = learner.head().weights();
        assert!((1.0 / 16.0..=16.0).contains(&of_base) && (0.0..=16.0).contains(&of_kept));
    }
}

fn new<H: Kind>() -> Mine<H> {
    Learner::new(
        H::NEW,
        Parts {
            preprocess: (),
            memory: Replay::new(1),
            guard: Guard::new(Replay::new(2), 0.5, 4),
            calibration: Calibration::new(),
            readout: Novelty::new(Readout::new()),
        },
    )
}

/// Features of the usual size, sometimes of any size.
fn features(u: &mut Unstructured<'_>) -> arbitrary::Result<[f32; FEATURES]> {
    let wild = u8::arbitrary(u)?;
    let mut x = [0.0; FEATURES];
    for x in &mut x {
        *x = match wild {
            0..=15 => number(u)?,
            16..=63 => f32::from(i16::arbitrary(u)?) * 30.0,
            _ => f32::from(i8::arbitrary(u)?) / 32.0,
        };
    }
    Ok(x)
}

fn lesson<H: Kind>(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let lda = StreamingLda::new().with_most(u.int_in_range(1..=20)?);
    let lda = lda.try_with_prior(number(u)?, number(u)?).unwrap_or(lda);
    let settings = H::settings(lda.try_with_ridge(number(u)?).unwrap_or(lda));
    let mut learner = new::<H>();
    while !u.is_empty() {
        let before = written(&learner);
        let class = usize::from(u8::arbitrary(u)? % 4);
        let refused = match u8::arbitrary(u)? % 16 {
            0 => learner.add_class().is_err(),
            1 => learner.remove_class(class).is_err(),
            2..=4 => learner.unlearn(&settings, &features(u)?, class).is_err(),
            5 => {
                H::other(&mut learner, &settings, number(u)?);
                false
            }
            6 => {
                learner.judge();
                false
            }
            7 => patch(&mut learner, u)?,
            8 | 9 => {
                let x = features(u)?;
                let mut p = [0.0; CLASSES];
                if learner.probabilities(&x, &mut p).is_ok() {
                    assert!(p.iter().all(|p| (0.0..=1.0).contains(p)), "{p:?}");
                    assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{p:?}");
                }
                learner.answer(&x).is_err()
            }
            _ => match learner.learn(&settings, &features(u)?, class) {
                Ok(step) => {
                    assert!(step.loss() >= 0.0 && step.probabilities().all(|p| (0.0..=1.0).contains(&p)));
                    false
                }
                Err(_) => true,
            },
        };
        let bytes = written(&learner);
        assert!(!refused || bytes == before, "what is refused changes nothing");
        let mut again = new::<H>();
        checkpoint::read(&bytes, &mut again).expect("it was just written");
        assert_eq!(written(&again), bytes);
    }
    Ok(())
}

/// Replaces some numbers, as in a damaged checkpoint with a valid CRC; returns whether they were refused.
fn patch<H: Kind>(learner: &mut Mine<H>, u: &mut Unstructured<'_>) -> arbitrary::Result<bool> {
    let mut bytes = written(learner);
    let end = bytes.len() - 4;
    for value in numbers(u, 3)? {
        let place = 20 + u.int_in_range(0..=(end - 24) / 4)? * 4;
        if place + 4 <= end {
            bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
    let sum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes[..end]);
    bytes[end..].copy_from_slice(&sum.to_le_bytes());
    Ok(checkpoint::read(&bytes, learner).is_err())
}

/// Whatever is learned, taken back, added, removed and restored: nothing becomes NaN, and a refused call changes nothing.
pub fn discriminants(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let _: arbitrary::Result<()> = match u8::arbitrary(&mut u) {
        Ok(kind) => match kind % 3 {
            0 => lesson::<Plain>(&mut u),
            1 => lesson::<Whole>(&mut u),
            _ => lesson::<Near>(&mut u),
        },
        Err(error) => Err(error),
    };
}

#[cfg(test)]
mod tests {
    /// Random bytes from a seed, instead of a search.
    #[test]
    fn random_lessons_hold() {
        let mut seed = 1_u64;
        for _ in 0..300 {
            let bytes: Vec<u8> = (0..600)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (seed >> 56) as u8
                })
                .collect();
            super::discriminants(&bytes);
        }
    }
}
