//! Whole learners, one for each kind of head.

use gradient_decay::guard::{Judge, Verdict};
use gradient_decay::storage::{Empty, StoredVelocity};
use gradient_decay::{
    BetaSchedule, Calibration, Classes, FineTuner, FixedHead, FixedRate, Guard, Head, Learner, Libm, LinearHead,
    Memory, MomentumHead, MomentumMlpHead, Parts, Preprocess, Quantized, Quantizer, Readout, Replay, Saved, Sgd,
    Standardizer, Train, checkpoint,
};

use crate::sections::{HELD_OUT, MEMORY, Sections};
use crate::{Subject, written};

/// Room for five classes, of two features. The head has a velocity.
pub type Whole = Mine<MomentumHead<5, 2>>;
/// In integers: features are remembered as the head gets them.
pub type Small = Mine<FixedHead<5, 2>>;
/// With a hidden layer.
pub type Deep = Mine<MomentumMlpHead<5, 3, 2>>;

pub type Mine<H> =
    Learner<H, Parts<<H as Kind>::Before, <H as Kind>::Samples, Guard<<H as Kind>::Samples>, Calibration<4>, Readout>>;

const SCHEDULE: BetaSchedule = BetaSchedule::geometric(0.01, 1.0, 20);
pub const TUNER: FineTuner = FineTuner::new(SCHEDULE, Sgd::new(0.25).with_momentum(0.5));
const FIXED_TUNER: FineTuner<FixedRate> = FineTuner::new(SCHEDULE, FixedRate::new(0.125));

/// Numbers of a layer: weights row by row, then biases.
pub struct Table {
    rows: usize,
    /// The rows in use.
    used: usize,
    numbers: Vec<f32>,
}

/// A head with the parts that fit it.
pub trait Kind: Train<Work: Empty + Clone> + Classes + Saved + Clone {
    type Before: Preprocess<Self::Features, Input = [f32; 2]> + Saved + Clone + PartialEq;
    type Samples: Memory<Self::Features> + Saved + Clone + PartialEq;
    const TUNER: FineTuner<Self::Optimizer>;
    /// A head without classes. Another seed gives another head and another training.
    fn new(seed: u32) -> Self;
    /// A preprocess part whose units six samples fix.
    fn before() -> Self::Before;
    fn samples(seed: u32) -> Self::Samples;
    fn tables(&self) -> Vec<Table>;
}

impl Kind for MomentumHead<5, 2> {
    type Before = Standardizer<2>;
    type Samples = Replay<5, 2, [f32; 2], Quantized<2>>;
    const TUNER: FineTuner = TUNER;

    fn new(_: u32) -> Self {
        MomentumHead::empty()
    }

    fn before() -> Standardizer<2> {
        Standardizer::new(6)
    }

    fn samples(seed: u32) -> Self::Samples {
        Replay::new(seed)
    }

    fn tables(&self) -> Vec<Table> {
        let mut velocity = vec![0.0; Self::PARAMETERS];
        self.export_velocity(&mut velocity).unwrap();
        vec![parameters(self), Table { numbers: velocity, ..parameters(self) }]
    }
}

impl Kind for MomentumMlpHead<5, 3, 2> {
    type Before = Standardizer<2>;
    type Samples = Replay<5, 2, [f32; 2]>;
    const TUNER: FineTuner = TUNER;

    fn new(seed: u32) -> Self {
        let mut head = Self::default();
        head.truncate(0).unwrap();
        head.initialise(seed);
        head
    }

    fn before() -> Standardizer<2> {
        Standardizer::new(6)
    }

    fn samples(seed: u32) -> Self::Samples {
        Replay::new(seed)
    }

    fn tables(&self) -> Vec<Table> {
        let (mut hidden, mut output) = ([0.0; 3 * (2 + 1)], [0.0; 5 * (3 + 1)]);
        self.hidden().export_velocity(&mut hidden).unwrap();
        self.output().export_velocity(&mut output).unwrap();
        let velocities = [
            Table { numbers: hidden.to_vec(), ..parameters(self.hidden()) },
            Table { numbers: output.to_vec(), ..parameters(self.output()) },
        ];
        [parameters(self.hidden()), parameters(self.output())].into_iter().chain(velocities).collect()
    }
}

impl Kind for FixedHead<5, 2> {
    type Before = Quantizer<Standardizer<2>>;
    type Samples = Replay<5, 2, [i8; 2]>;
    const TUNER: FineTuner<FixedRate> = FIXED_TUNER;

    fn new(seed: u32) -> Self {
        FixedHead::empty(5, seed)
    }

    fn before() -> Quantizer<Standardizer<2>> {
        Quantizer::new(5, Standardizer::new(6))
    }

    fn samples(seed: u32) -> Self::Samples {
        Replay::new(seed)
    }

    fn tables(&self) -> Vec<Table> {
        vec![parameters(&self.to_head())]
    }
}

fn parameters<const ROWS: usize, const FEATURES: usize, V: StoredVelocity>(
    head: &LinearHead<ROWS, FEATURES, Libm, V>,
) -> Table {
    let mut numbers = vec![0.0; ROWS * (FEATURES + 1)];
    head.export(&mut numbers).unwrap();
    Table { rows: ROWS, used: head.classes(), numbers }
}

/// A learner of three classes, taught with samples from the number `from` on; four classes were added, and one of them removed.
fn taught<H: Kind>(from: u32, steps: u32, threshold: f32) -> Mine<H>
where
    Guard<H::Samples>: Saved,
{
    let mut learner = Mine::<H>::fresh();
    let replaced: Result<(), ()> = learner.replace(0, |head| {
        *head = H::new(from);
        Ok(())
    });
    replaced.unwrap();
    (from..from + 6).for_each(|i| learner.observe(&sample(i)).unwrap());
    (0..4).for_each(|class| assert_eq!(learner.add_class(), Ok(class)));
    for i in from..from + steps {
        learner.learn(&H::TUNER, &sample(i), [0, 2, 3][i as usize % 3]).unwrap();
        assert_eq!(learner.rehearse(&H::TUNER, 1), 1);
    }
    learner.remove_class(1).unwrap();
    assert!(matches!(learner.judge(), Verdict::Best(_)));
    for i in from..from + 7 {
        learner.learn(&H::TUNER, &sample(i), i as usize % 3).unwrap();
    }
    learner.set_readout(Readout::new().with_threshold(threshold));
    learner.fit_temperature(12).unwrap();
    assert!(!matches!(learner.judge(), Verdict::Unknown));
    learner
}

/// A sample as sensors give them, far from 0.
pub fn sample(i: u32) -> [f32; 2] {
    let class = (i % 3) as f32;
    [20.0 + 3.0 * class + (i * 7 % 5) as f32 * 0.3, 1000.0 - 40.0 * class * class + (i * 11 % 7) as f32]
}

impl<H: Kind> Subject for Mine<H>
where
    Guard<H::Samples>: Saved,
{
    fn fresh() -> Self {
        Learner::new(
            H::new(1),
            Parts {
                preprocess: H::before(),
                memory: H::samples(1),
                guard: Guard::new(H::samples(2), 0.5, 4),
                calibration: Calibration::new(),
                readout: Readout::new(),
            },
        )
    }

    fn trained() -> Self {
        taught(0, 31, 0.625)
    }

    fn other() -> Self {
        taught(100, 40, 0.125)
    }

    fn is_same(&self, other: &Self) -> bool {
        let numbers = |head: &H| head.tables().into_iter().flat_map(|table| table.numbers).collect::<Vec<_>>();
        self.classes() == other.classes()
            && numbers(self.head()) == numbers(other.head())
            && self.steps() == other.steps()
            && self.parts() == other.parts()
    }

    fn check(&self) {
        for Table { rows, used, numbers } in self.head().tables() {
            let features = numbers.len() / rows - 1;
            let (weights, bias) = numbers.split_at(rows * features);
            assert!(numbers.iter().all(|number| number.is_finite()), "{numbers:?}");
            let behind = weights.iter().skip(used * features).chain(bias.iter().skip(used));
            assert!(behind.copied().all(|number| number == 0.0), "{used} in use of {numbers:?}");
        }
        let Parts { preprocess, memory, guard, calibration, readout } = self.parts();
        for memory in [memory, Judge::<H::Features>::held_out(guard)] {
            memory.for_each(|_, class| assert!(class < self.classes(), "{class} of {} is remembered", self.classes()));
        }
        let mut sections = Sections::of(&written(self));
        for tag in [MEMORY, HELD_OUT] {
            // The samples follow the shape, the generator and the counters; those of classes that are not in use must be zeros.
            let samples = &sections.of_tag(tag)[16 + 4 * 5..];
            let unused = &samples[samples.len() / 5 * self.classes()..];
            assert!(unused.iter().all(|byte| *byte == 0), "{} in use of {samples:?}", self.classes());
        }
        if let Some(summary) = calibration.summary() {
            let shares = [summary.accuracy, summary.confidence, summary.ece, summary.mce];
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{summary:?}");
            assert!((0.0..=2.0).contains(&summary.brier) && (0.0..=87.4).contains(&summary.nll), "{summary:?}");
        }
        assert!((0.01..=100.0).contains(&readout.temperature()) && (0.0..=1.0).contains(&readout.threshold()));
        // The preprocess part only passes on features that the head can take.
        let mut logits = [H::Number::default(); 5];
        if let Ok(result) = preprocess.apply(&sample(0), |x| H::new(1).logits(x, &mut logits)) {
            result.unwrap();
        }
        let mut again = Self::fresh();
        checkpoint::read(&written(self), &mut again).unwrap();
        assert!(again.is_same(self));
    }

    fn use_up(&mut self) {
        self.check();
        // Errors are as acceptable as results.
        for i in 0..24 {
            let _ = self.observe(&sample(i));
            let _ = self.answer(&sample(i + 1));
            let classes = self.classes().max(1);
            let _ = self.learn(&H::TUNER, &sample(i), i as usize % classes);
            self.rehearse(&H::TUNER, 1);
            if i % 10 == 3 {
                let _ = self.add_class();
                self.judge();
                let _ = self.fit_temperature(4);
                self.check();
            }
            if i == 16 {
                let _ = self.remove_class(0);
                self.check();
            }
        }
        self.check();
    }
}
