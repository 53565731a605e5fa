//! The file with which the Python package's tests compare bits, written by the array-based heads that a device uses.

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::Path;

use gradient_decay::learn::{LearnFrom, Unlearn};
use gradient_decay::readout::{Read, Reason};
use gradient_decay::replay::OwnedSlots;
use gradient_decay::storage::{Empty, StoredVelocity};
use gradient_decay::{
    Answer, BetaSchedule, Contents, DiscriminantHead, Error, FineTuner, GradientDecay, Head, Learner, LinearHead,
    MixedHead, Neighbours, Novelty, Parts, Preprocess, Quantized, Readout, Replay, Saved, Sgd, Standardizer,
    StreamingLda, Target, TargetOptions, Train, Velocity, checkpoint, kernels,
};

const CLASSES: usize = 4;
const FEATURES: usize = 6;
const SAMPLES: usize = 200;

/// The classes of the trained head; the last class is a new one.
const TRAINED: usize = CLASSES - 1;

/// A discriminant, one with a trained head, samples kept on top of them as bytes or as they are, and a read-out by distances.
type Discriminant = DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>;
type Mixed<'t> = MixedHead<'t, CLASSES, FEATURES, { kernels::packed(FEATURES) }, TRAINED>;
type AsBytes = Neighbours<Discriminant, Slots<Quantized<FEATURES>>>;
type AsTheyAre = Neighbours<Discriminant, Slots<[f32; FEATURES]>>;
type Slots<S> = OwnedSlots<CLASSES, 5, [f32; FEATURES], S>;
type Distances = Novelty<CLASSES, FEATURES>;

const LDA: StreamingLda = StreamingLda::new().with_prior(8.0, 0.25).with_ridge(0.01).with_most(40);

/// Features that every language computes exactly: multiples of 1/32.
fn features(i: usize) -> [f32; FEATURES] {
    core::array::from_fn(|j| {
        let noise = ((i * 37 + j * 23 + i * j) % 64) as f32 / 32.0 - 1.0;
        noise + if j == class(i) { 1.5 } else { 0.0 }
    })
}

fn class(i: usize) -> usize {
    (i * i + i / 3) % CLASSES
}

/// A trained head, which is not quite right.
fn trained() -> LinearHead<TRAINED, FEATURES> {
    let mut head = LinearHead::new();
    let weight = |i: usize, j: usize| ((i * 5 + j * 3) % 8) as f32 / 16.0 - 0.25 + if i == j { 1.0 } else { 0.0 };
    let weights = (0..TRAINED).flat_map(|i| (0..FEATURES).map(move |j| weight(i, j)));
    let parameters: Vec<f32> = weights.chain((0..TRAINED).map(|i| i as f32 / 4.0 - 0.25)).collect();
    head.import(&parameters).unwrap();
    head
}

/// The units of a trained head that takes no features as they are.
fn units() -> Standardizer<FEATURES> {
    let (mean, deviation) = (core::array::from_fn(|j| j as f32 / 8.0), core::array::from_fn(|j| 0.5 + j as f32 / 8.0));
    Standardizer::from_statistics(&mean, &deviation)
}

/// Lines of JSON, each with the bits of some numbers.
#[derive(Default)]
struct Golden(Vec<String>);

impl Golden {
    fn bits(&mut self, name: &str, values: &[f32]) {
        let hex: String = values.iter().flat_map(|value| value.to_be_bytes()).fold(String::new(), push);
        self.0.push(format!("  {name:?}: {hex:?}"));
    }

    fn bytes(&mut self, name: &str, saved: &impl Saved) {
        let mut bytes = vec![0; checkpoint::size(saved, Contents::ALL)];
        checkpoint::write(saved, Contents::ALL, &mut bytes).unwrap();
        let hex = bytes.into_iter().fold(String::new(), push);
        self.0.push(format!("  {name:?}: {hex:?}"));
    }

    /// Logits and probabilities of some samples.
    fn answers(&mut self, name: &str, head: &impl Head<Features = [f32; FEATURES], Number = f32>) {
        self.answers_to(name, head, |features| features);
    }

    /// The same of samples that a head sees in other units.
    fn answers_to(
        &mut self,
        name: &str,
        head: &impl Head<Features = [f32; FEATURES], Number = f32>,
        see: impl Fn([f32; FEATURES]) -> [f32; FEATURES],
    ) {
        let (mut all, mut probabilities) = (Vec::new(), Vec::new());
        for i in SAMPLES..SAMPLES + 8 {
            let mut logits = [0.0; CLASSES];
            head.logits(&see(features(i)), &mut logits).unwrap();
            all.extend(logits);
            Readout::new().with_temperature(1.5).answer_logits(&mut logits).unwrap();
            probabilities.extend(logits);
        }
        self.bits(&format!("{name} logits"), &all);
        self.bits(&format!("{name} probabilities"), &probabilities);
    }

    fn linear<V: StoredVelocity + Clone>(&mut self, name: &str, tuner: &FineTuner, options: Option<TargetOptions<'_>>)
    where
        LinearHead<CLASSES, FEATURES, gradient_decay::Libm, V>:
            Train<Features = [f32; FEATURES], Number = f32, Optimizer = Sgd, Work: Empty> + Saved,
    {
        let head = LinearHead::<CLASSES, FEATURES, gradient_decay::Libm, V>::new();
        let mut learner = Learner::new(head, Parts::NONE);
        for i in 0..SAMPLES {
            match &options {
                None => learner.learn(tuner, &features(i), class(i)).map(drop),
                Some(options) => learner.learn(tuner, &features(i), Target::Class(class(i)).with(options)).map(drop),
            }
            .unwrap();
        }
        self.answers(name, learner.head());
        self.bytes(&format!("{name} checkpoint"), &learner);
    }

    fn discriminant(&mut self) {
        let head = taught_by_two(Discriminant::new(), |head| head.discount(64.0, 3));
        self.answers("discriminant", &head);
        self.bytes("discriminant checkpoint", &head);
    }

    /// A discriminant that discounted what it learned of one user, and has kept samples of the next.
    fn neighbours(&mut self) {
        let mut base = Discriminant::new();
        (0..20).for_each(|i| base.learn(&LDA, &features(i), class(i)).unwrap());
        base.discount(64.0, 3).unwrap();
        let mut learner = Learner::new(AsBytes::new(base, Replay::new(7)), Parts::NONE);
        teach(&mut learner, 0..SAMPLES);
        let head = learner.head();
        self.answers("neighbours", head);
        self.bits("neighbours weights", &head.weights());
        self.bytes("neighbours checkpoint", head);
    }

    /// Learners with a trained head mixed in: before the first label, for one user and the next, with kept samples on top, and with distances.
    fn mixed(&mut self) {
        let trained = trained();
        let head = Mixed::new(Discriminant::new(), &trained);
        self.answers("untaught", &head);
        let head = taught_by_two(head, |head| head.discount(64.0, 3));
        self.answers("mixed", &head);
        self.bytes("mixed checkpoint", &head);

        let (units, kept) = (units(), Replay::new(7));
        let head: Neighbours<Mixed<'_>, Slots<Quantized<FEATURES>>> =
            Neighbours::new(Mixed::new(Discriminant::new(), &trained), kept);
        let parts_of = Parts { preprocess: units.clone(), memory: (), guard: (), calibration: (), readout: () };
        let mut learner = Learner::new(head, parts_of);
        teach(&mut learner, 0..60);
        let see = |features| units.apply(&features, |x| *x).unwrap();
        self.answers_to("mixed neighbours", learner.head(), see);
        self.bits("mixed neighbours weights", &learner.head().weights());
        self.bytes("mixed neighbours checkpoint", learner.head());

        let head: Neighbours<Mixed<'_>, Slots<[f32; FEATURES]>> =
            Neighbours::new(Mixed::new(Discriminant::new(), &trained), Replay::new(1));
        let mut learner = Learner::new(head, parts());
        teach(&mut learner, 0..60);
        self.unknown("mixed neighbours and novelty", learner);
    }

    /// Learners that refuse what is far, with a discriminant that discounts meanwhile, and with kept samples on top of one.
    fn novelty(&mut self) {
        let mut learner = Learner::new(Discriminant::new(), parts());
        teach(&mut learner, 0..SAMPLES);
        let steps = learner.steps();
        learner.replace(steps, |head| head.discount(64.0, 3)).unwrap();
        teach(&mut learner, 0..60);
        self.unknown("novelty", learner);

        let mut learner = Learner::new(AsTheyAre::new(Discriminant::new(), Replay::new(1)), parts());
        teach(&mut learner, 0..SAMPLES);
        self.unknown("neighbours and novelty", learner);
    }

    /// Answers for samples that are known, between classes, and far; and the learner itself.
    fn unknown<H>(&mut self, name: &str, mut learner: Learner<H, OnlyNovelty>)
    where
        H: LearnFrom<usize, Features = [f32; FEATURES], Number = f32> + Saved,
    {
        learner.set_readout(Readout::new().with_temperature(1.5).with_threshold(0.5));
        learner.set_deviations(1.0).unwrap();
        let (mut probabilities, mut classes) = (Vec::new(), Vec::new());
        for i in SAMPLES..SAMPLES + 16 {
            let (x, next) = (features(i), features(i + 1));
            let x = match i % 4 {
                1 => core::array::from_fn(|j| (x[j] + next[j]) / 2.0),
                3 => x.map(|x| 4.0 * x),
                _ => x,
            };
            let answer = learner.answer(&x).unwrap();
            let reason = match answer {
                Answer::Class(_) => "",
                Answer::Unknown(_, Reason::Between) => " between",
                Answer::Unknown(_, Reason::Far) => " far",
            };
            probabilities.push(answer.prediction().probability);
            classes.push(format!("{}{reason}", answer.prediction().class));
        }
        assert!(
            ["", " between", " far"].iter().all(|reason| classes.iter().any(|class| &class[1..] == *reason)),
            "{classes:?}"
        );
        self.0.push(format!("  \"{name} answers\": {:?}", classes.join(", ")));
        self.bits(&format!("{name} answered"), &probabilities);
        self.answers(name, learner.head());
        self.bytes(&format!("{name} checkpoint"), &learner);
    }

    fn objective(&mut self) {
        let loss = GradientDecay::new(0.25);
        let (mut losses, mut gradients, mut consistent) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..8 {
            let mut buffer = [0.0; FEATURES];
            losses.push(loss.loss_and_gradient(&features(i), class(i), &mut buffer).unwrap());
            gradients.extend(buffer);
            loss.consistent_probabilities(&features(i), &mut buffer).unwrap();
            consistent.extend(buffer);
        }
        self.bits("losses", &losses);
        self.bits("gradients", &gradients);
        self.bits("consistent probabilities", &consistent);
    }
}

type OnlyNovelty = Parts<(), (), (), (), Distances>;

fn parts() -> OnlyNovelty {
    let readout = Distances::new(Readout::new().with_temperature(1.5));
    Parts { preprocess: (), memory: (), guard: (), calibration: (), readout }
}

/// Learns samples, and takes the last ten back.
fn teach<H, U, A>(learner: &mut Learner<H, Parts<U, (), (), (), A>>, samples: Range<usize>)
where
    H: LearnFrom<usize, Settings = StreamingLda, Features = [f32; FEATURES], Number = f32> + Unlearn,
    U: Preprocess<[f32; FEATURES], Input = [f32; FEATURES]>,
    A: Read<[f32; FEATURES]>,
{
    let last = samples.end;
    for i in samples {
        learner.learn(&LDA, &features(i), class(i)).unwrap();
    }
    (last - 10..last).rev().for_each(|i| learner.unlearn(&LDA, &features(i), class(i)).unwrap());
}

/// A head that has learned a user, discounted that, and learned some samples of the next one.
fn taught_by_two<H>(head: H, discount: impl FnOnce(&mut H) -> Result<(), Error>) -> H
where
    H: LearnFrom<usize, Settings = StreamingLda, Features = [f32; FEATURES], Number = f32, Room: Empty> + Unlearn,
{
    let mut learner = Learner::new(head, Parts::NONE);
    teach(&mut learner, 0..SAMPLES);
    learner.replace(0, discount).unwrap();
    (0..20).for_each(|i| learner.learn(&LDA, &features(i), class(i)).map(drop).unwrap());
    learner.into_parts().0
}

fn push(mut hex: String, byte: u8) -> String {
    write!(hex, "{byte:02x}").unwrap();
    hex
}

#[test]
fn the_golden_file_of_the_python_package_is_what_a_device_computes() {
    let mut golden = Golden::default();
    golden.linear::<()>("plain", &FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.05)), None);
    let sgd = Sgd::new(0.1).with_momentum(0.9).with_nesterov().with_weight_decay(0.01);
    let tuner = FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 50), sgd);
    golden.linear::<Velocity<CLASSES, FEATURES>>("momentum", &tuner, None);
    let tuner = FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.25).with_clip_norm(0.75));
    let options = TargetOptions::new().with_label_smoothing(0.1).with_class_weights(&[1.0, 2.0, 0.5, 1.0]);
    golden.linear::<()>("options", &tuner, Some(options));
    golden.discriminant();
    golden.neighbours();
    golden.novelty();
    golden.mixed();
    golden.objective();
    let text = format!("{{\n{}\n}}\n", golden.0.join(",\n"));

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo-host/python/tests/golden.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(committed == text, "{} is not what the heads compute: BLESS=1 writes it anew", path.display());
}
