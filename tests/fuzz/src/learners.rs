//! Whole learners, one for each kind of head, and the invariants that hold whatever was done.

use arbitrary::{Arbitrary, Unstructured};
use gradient_decay::guard::Judge;
use gradient_decay::storage::{Empty, StoredVelocity};
use gradient_decay::{
    BetaSchedule, Calibration, Classes, Contents, Error, FineTuner, FixedHead, FixedRate, Guard, Head as _, Learner,
    Libm, LinearHead, Memory, MomentumHead, MomentumMlpHead, Parts, Preprocess, Quantized, Quantizer, Readout, Replay,
    Saved, Sgd, Standardizer, Target, TargetOptions, Train, checkpoint,
};

use crate::numbers::{number, numbers, sgd};

/// The classes that there is room for, the slots of each, and the features of a sample.
pub const CLASSES: usize = 3;
pub const SLOTS: usize = 2;
pub const FEATURES: usize = 5;
/// The units of the hidden layer.
const HIDDEN: usize = 4;

pub type Float = MomentumHead<CLASSES, FEATURES>;
pub type Fixed = FixedHead<CLASSES, FEATURES>;
pub type Deep = MomentumMlpHead<CLASSES, HIDDEN, FEATURES>;

pub type Mine<H> =
    Learner<H, Parts<<H as Kind>::Before, <H as Kind>::Samples, Guard<<H as Kind>::Samples>, Calibration<4>, Readout>>;

/// Numbers of a layer, weights row by row, then biases; with its rows, and those in use.
type Table = (Vec<f32>, usize, usize);

/// A head with the parts that fit it.
pub trait Kind: Train<Work: Empty + Clone> + Classes + Saved + Clone {
    type Before: Preprocess<Self::Features, Input = [f32; FEATURES]> + Saved + Clone;
    type Samples: Memory<Self::Features> + Saved + Clone;
    /// The bytes of a sample.
    const SAMPLE: usize;
    /// The default optimizer.
    const OPTIMIZER: Self::Optimizer;
    fn new() -> Self;
    fn before() -> Self::Before;
    fn samples(seed: u32) -> Self::Samples;
    fn seen(samples: &Self::Samples, class: usize) -> u32;
    fn tables(&self) -> Vec<Table>;
    fn optimizer(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Self::Optimizer>>;
    /// Takes other parameters, or fewer classes.
    fn change(&mut self, u: &mut Unstructured<'_>) -> arbitrary::Result<Result<(), Error>>;
    /// Learns a target that is more than a class, if the head can; returns whether it was learned.
    fn learn_target(
        learner: &mut Mine<Self>,
        tuner: &FineTuner<Self::Optimizer>,
        x: &[f32; FEATURES],
        u: &mut Unstructured<'_>,
    ) -> arbitrary::Result<Result<bool, Error>>;
}

/// The layer of a head as a table.
fn table<const ROWS: usize, const N: usize, V: StoredVelocity>(head: &LinearHead<ROWS, N, Libm, V>) -> Table {
    let mut numbers = vec![0.0; ROWS * (N + 1)];
    head.export(&mut numbers).expect("it has this length");
    (numbers, ROWS, head.classes())
}

/// A target of any kind.
fn with_target<T>(
    u: &mut Unstructured<'_>,
    then: impl FnOnce(gradient_decay::Labelled<'_>) -> Result<T, Error>,
) -> arbitrary::Result<Result<T, Error>> {
    // The bytes choose the length, which may differ from the number of classes.
    let length = u.int_in_range(0..=CLASSES)?;
    let shares: Vec<f32> = (0..length).map(|_| u8::arbitrary(u).map(f32::from)).collect::<arbitrary::Result<_>>()?;
    let sum = shares.iter().sum::<f32>();
    let distribution: Vec<f32> = shares.iter().map(|share| share / sum).collect();
    let weights = numbers(u, length)?;
    let mut options = TargetOptions::new();
    let smoothing = f32::from(u8::arbitrary(u)?) / 255.0;
    options = options.try_with_label_smoothing(smoothing).expect("it is in range");
    if bool::arbitrary(u)? {
        options = options.try_with_class_weights(&weights).unwrap_or(options);
    }
    if bool::arbitrary(u)? {
        options = options.with_ignore_index(usize::from(u8::arbitrary(u)?) % CLASSES);
    }
    let target = if bool::arbitrary(u)? {
        Target::Class(usize::from(u8::arbitrary(u)?) % CLASSES)
    } else {
        Target::Distribution(&distribution)
    };
    Ok(then(target.with(&options)))
}

impl Kind for Float {
    type Before = Standardizer<FEATURES>;
    type Samples = Replay<CLASSES, SLOTS, [f32; FEATURES], Quantized<FEATURES>>;
    const SAMPLE: usize = 4 + FEATURES;
    const OPTIMIZER: Sgd = Sgd::new(0.1).with_momentum(0.5);

    fn new() -> Self {
        MomentumHead::empty()
    }

    fn before() -> Self::Before {
        Standardizer::new(2)
    }

    fn samples(seed: u32) -> Self::Samples {
        Replay::new(seed)
    }

    fn seen(samples: &Self::Samples, class: usize) -> u32 {
        samples.seen(class)
    }

    fn tables(&self) -> Vec<Table> {
        let mut velocity = vec![0.0; Self::PARAMETERS];
        self.export_velocity(&mut velocity).expect("it has this length");
        vec![table(self), (velocity, CLASSES, self.classes())]
    }

    fn optimizer(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Sgd>> {
        sgd(u)
    }

    fn change(&mut self, u: &mut Unstructured<'_>) -> arbitrary::Result<Result<(), Error>> {
        Ok(match u8::arbitrary(u)? % 3 {
            0 => self.import(&numbers(u, Self::PARAMETERS)?),
            1 => self.import_velocity(&numbers(u, Self::PARAMETERS)?),
            _ => self.truncate(u.int_in_range(0..=CLASSES)?),
        })
    }

    fn learn_target(
        learner: &mut Mine<Self>,
        tuner: &FineTuner,
        x: &[f32; FEATURES],
        u: &mut Unstructured<'_>,
    ) -> arbitrary::Result<Result<bool, Error>> {
        with_target(u, |target| learner.learn(tuner, x, target).map(|step| step.learned()))
    }
}

impl Kind for Deep {
    type Before = ();
    type Samples = Replay<CLASSES, SLOTS, [f32; FEATURES]>;
    const SAMPLE: usize = 4 * FEATURES;
    const OPTIMIZER: Sgd = Sgd::new(0.1).with_momentum(0.5);

    fn new() -> Self {
        let mut head = Self::default();
        head.truncate(0).expect("all are in use");
        head.initialise(1);
        head
    }

    fn before() {}

    fn samples(seed: u32) -> Self::Samples {
        Replay::new(seed)
    }

    fn seen(samples: &Self::Samples, class: usize) -> u32 {
        samples.seen(class)
    }

    fn tables(&self) -> Vec<Table> {
        let (hidden, output) = (table(self.hidden()), table(self.output()));
        let (mut hidden_velocity, mut output_velocity) = (hidden.clone(), output.clone());
        self.hidden().export_velocity(&mut hidden_velocity.0).expect("it has this length");
        self.output().export_velocity(&mut output_velocity.0).expect("it has this length");
        vec![hidden, output, hidden_velocity, output_velocity]
    }

    fn optimizer(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Sgd>> {
        sgd(u)
    }

    fn change(&mut self, u: &mut Unstructured<'_>) -> arbitrary::Result<Result<(), Error>> {
        Ok(match u8::arbitrary(u)? % 4 {
            0 => self.import_hidden(&numbers(u, HIDDEN * (FEATURES + 1))?),
            1 => self.import_output(&numbers(u, CLASSES * (HIDDEN + 1))?),
            2 => {
                self.initialise(u32::arbitrary(u)?);
                Ok(())
            }
            _ => self.truncate(u.int_in_range(0..=CLASSES)?),
        })
    }

    fn learn_target(
        learner: &mut Mine<Self>,
        tuner: &FineTuner,
        x: &[f32; FEATURES],
        u: &mut Unstructured<'_>,
    ) -> arbitrary::Result<Result<bool, Error>> {
        with_target(u, |target| learner.learn(tuner, x, target).map(|step| step.learned()))
    }
}

impl Kind for Fixed {
    type Before = Quantizer<Standardizer<FEATURES>>;
    type Samples = Replay<CLASSES, SLOTS, [i8; FEATURES]>;
    const SAMPLE: usize = FEATURES;
    const OPTIMIZER: FixedRate = FixedRate::new(0.125);

    fn new() -> Self {
        FixedHead::empty(5, 1)
    }

    fn before() -> Self::Before {
        Quantizer::new(5, Standardizer::new(2))
    }

    fn samples(seed: u32) -> Self::Samples {
        Replay::new(seed)
    }

    fn seen(samples: &Self::Samples, class: usize) -> u32 {
        samples.seen(class)
    }

    fn tables(&self) -> Vec<Table> {
        vec![table(&self.to_head())]
    }

    fn optimizer(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<FixedRate>> {
        Ok(FixedRate::try_new(number(u)?).ok())
    }

    fn change(&mut self, u: &mut Unstructured<'_>) -> arbitrary::Result<Result<(), Error>> {
        if bool::arbitrary(u)? {
            return Ok(self.truncate(u.int_in_range(0..=CLASSES)?));
        }
        let mut head = LinearHead::<CLASSES, FEATURES>::new();
        let (parameters, seed) = (numbers(u, CLASSES * (FEATURES + 1))?, u32::arbitrary(u)?);
        Ok(head.import(&parameters).map(|()| *self = FixedHead::from_head(&head, 5, seed)))
    }

    /// A head in integers only takes a class.
    fn learn_target(
        learner: &mut Mine<Self>,
        tuner: &FineTuner<FixedRate>,
        x: &[f32; FEATURES],
        u: &mut Unstructured<'_>,
    ) -> arbitrary::Result<Result<bool, Error>> {
        let class = usize::from(u8::arbitrary(u)?);
        Ok(learner.learn(tuner, x, class).map(|step| step.learned()))
    }
}

/// A new learner.
pub fn fresh<H: Kind>() -> Mine<H>
where
    Guard<H::Samples>: Saved,
{
    Learner::new(
        H::new(),
        Parts {
            preprocess: H::before(),
            memory: H::samples(1),
            guard: Guard::new(H::samples(2), 0.5, 4),
            calibration: Calibration::new(),
            readout: Readout::new(),
        },
    )
}

/// The default settings.
pub fn tuner<H: Kind<Optimizer: Copy>>() -> FineTuner<H::Optimizer> {
    FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 10), H::OPTIMIZER)
}

/// Its checkpoint. Every learner must be savable.
pub fn written<T: Saved>(saved: &T) -> Vec<u8> {
    let mut bytes = vec![0; checkpoint::bytes::<T>()];
    let length = checkpoint::write(saved, Contents::ALL, &mut bytes).expect("whatever was done, it can be saved");
    assert_eq!(length, bytes.len());
    bytes
}

/// Checks the invariants; returns the learner's checkpoint.
pub fn check<H: Kind>(learner: &Mine<H>) -> Vec<u8>
where
    Guard<H::Samples>: Saved,
{
    let classes = learner.classes();
    assert!(classes <= CLASSES);
    for (numbers, rows, used) in learner.head().tables() {
        let n = numbers.len() / rows - 1;
        let (weights, bias) = numbers.split_at(rows * n);
        assert!(numbers.iter().all(|number| number.is_finite()), "{numbers:?}");
        let behind = weights.iter().skip(used * n).chain(bias.iter().skip(used));
        assert!(behind.copied().all(|number| number == 0.0), "{used} rows in use of {numbers:?}");
    }
    let Parts { memory, guard, calibration, readout, .. } = learner.parts();
    for memory in [memory, Judge::<H::Features>::held_out(guard)] {
        memory.for_each(|_, class| assert!(class < classes, "a sample of class {class} of {classes}"));
    }
    if let Some(summary) = calibration.summary() {
        let shares = [summary.accuracy, summary.confidence, summary.ece, summary.mce];
        assert!(shares.iter().all(|share| (0.0..=1.000_001).contains(share)), "{summary:?}");
        assert!((0.0..=87.4).contains(&summary.nll) && (0.0..=2.000_02).contains(&summary.brier), "{summary:?}");
    }
    assert!((0.01..=100.0).contains(&readout.temperature()) && (0.0..=1.0).contains(&readout.threshold()));

    let bytes = written(learner);
    for tag in [7, 8] {
        // The samples follow the shape, the generator and the counters; those of classes that are not in use must be zeros.
        let samples = &section(&bytes, tag)[16 + 4 * CLASSES..];
        assert_eq!(samples.len(), CLASSES * SLOTS * H::SAMPLE);
        assert!(samples[classes * SLOTS * H::SAMPLE..].iter().all(|byte| *byte == 0), "{classes}: {samples:?}");
    }
    let mut again = fresh::<H>();
    checkpoint::read(&bytes, &mut again).expect("it was just written");
    assert_eq!(written(&again), bytes);
    bytes
}

/// The contents of a section of a sound checkpoint.
fn section(bytes: &[u8], tag: u32) -> &[u8] {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a word has 4 bytes"));
    let mut at = 12;
    while word(at) != tag {
        at += 8 + word(at + 4) as usize;
    }
    &bytes[at + 8..][..word(at + 4) as usize]
}
