//! Learning from a handful of labels: three states of a machine, ten labelled readings of each, a wrong label, and a state that was
//! never taught.

use gradient_decay::readout::Reason;
use gradient_decay::{
    Answer, BetaSchedule, DiscriminantHead, Error, FineTuner, Head as _, Learner, LinearHead, Novelty, Parts, Readout,
    Sgd, State, StreamingLda, kernels,
};

const FEATURES: usize = 8;
const LDA: StreamingLda = StreamingLda::new();

type Head = DiscriminantHead<3, FEATURES, { kernels::packed(FEATURES) }>;
type Device = Learner<Head, Parts<(), (), (), (), Novelty<3, FEATURES>>>;

/// A reading of a state, in units in which readings have mean 0 and standard deviation 1. Its features are correlated, as those of a real
/// sensor are.
fn reading(i: usize, state: usize) -> [f32; FEATURES] {
    let noise = |j: usize| {
        let mixed = (i as u32 * 64 + j as u32 + 9000 * state as u32).wrapping_mul(2_654_435_761);
        ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let common = 1.5 * noise(100);
    core::array::from_fn(|j| common + 0.6 * noise(j) + if j % 4 == state { 0.8 } else { 0.0 })
}

fn main() -> Result<(), Error> {
    let parts = Parts {
        preprocess: (),
        memory: (),
        guard: (),
        calibration: (),
        readout: Novelty::new(Readout::new().with_threshold(0.4)),
    };
    let mut device = Device::new(Head::new(), parts);
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
    let (mut linear, mut state) = (LinearHead::<3, FEATURES>::new(), State::new());
    for i in 0..30 {
        device.learn(&LDA, &reading(i, i % 3), i % 3)?;
        tuner.step(&mut linear, &mut state, &reading(i, i % 3), i % 3)?;
    }
    let right = |class: &dyn Fn(&[f32; FEATURES]) -> usize| {
        (0..300).filter(|i| class(&reading(1000 + i, i % 3)) == i % 3).count() / 3
    };
    let discriminant = right(&|x| device.head().predict(x).map_or(9, |prediction| prediction.class));
    let gradient = right(&|x| linear.predict(x).map_or(9, |prediction| prediction.class));
    println!("after 30 labels: {discriminant} % right, {gradient} % by a step of SGD a label");
    assert!(discriminant > gradient + 5);

    let before = device.head().samples(2);
    device.learn(&LDA, &reading(50, 0), 2)?; // the wrong button
    device.unlearn(&LDA, &reading(50, 0), 2)?;
    assert_eq!(device.head().samples(2), before);
    println!("a wrong label was taken back: {} samples of state 2", device.head().samples(2));

    let (mut far, mut known) = (0, 0);
    for i in 0..100 {
        far += usize::from(matches!(device.answer(&reading(3000 + i, 3))?, Answer::Unknown(_, Reason::Far)));
        known += usize::from(matches!(device.answer(&reading(3000 + i, i % 3))?, Answer::Class(_)));
    }
    println!(
        "a state that was never taught: {far} of 100 readings are far from all; of those taught {known} are answered"
    );
    assert!(device.head().classes() == 3 && known > 40);
    Ok(())
}
