//! The lessons of `examples/bare/learner.c` and `integers.c` in Rust, by types of known shape: what the C program printed on emulated cores has these bits.

use std::fmt::Write as _;

use gradient_decay::guard::{Judge as _, Verdict};
use gradient_decay::learn::{LearnFrom, Unlearn};
use gradient_decay::readout::Reason;
use gradient_decay::storage::Empty;
use gradient_decay::{
    Answer, BetaSchedule, Calibration, Classes, Contents, DiscriminantHead, Error, FineTuner, FixedHead, FixedSettings,
    Guard, Learner, LinearHead, Neighbours, Novelty, Parts, Quantized, Readout, Replay, Saved, Sgd, Standardizer,
    State, StreamingLda, checkpoint, kernels,
};

const CLASSES: usize = 10;
const FEATURES: usize = 64;

type HeldOut = Replay<CLASSES, 2, [f32; FEATURES]>;
type All = Parts<
    Standardizer<FEATURES>,
    Replay<CLASSES, 3, [f32; FEATURES], Quantized<FEATURES>>,
    Guard<HeldOut>,
    Calibration<10>,
    Novelty<CLASSES, FEATURES>,
>;

/// Its output.
struct Printed(String);

impl Printed {
    fn hex(&mut self, name: &str, number: u32) {
        writeln!(self.0, "{name} {number:08x}").unwrap();
    }

    fn bits(&mut self, name: &str, number: f32) {
        self.hex(name, number.to_bits());
    }

    /// All that a learner knows, by the CRC of its checkpoint.
    fn learner<T: Saved>(&mut self, name: &str, learner: &T) {
        let bytes = saved(learner, Contents::ALL);
        self.hex(name, u32::from_le_bytes(*bytes.last_chunk().unwrap()));
    }
}

fn saved<T: Saved>(saved: &T, contents: Contents) -> Vec<u8> {
    let mut bytes = vec![0; checkpoint::size(saved, contents)];
    checkpoint::write(saved, contents, &mut bytes).unwrap();
    bytes
}

fn sample(n: u32) -> ([f32; FEATURES], usize) {
    let (mut state, class) = (n.wrapping_mul(2_654_435_769) | 1, (n * 7) as usize % CLASSES);
    let x = core::array::from_fn(|i| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let noise = (state.wrapping_mul(2_654_435_761) >> 16) as f32 / 65_536.0;
        noise + if i % CLASSES == class { 20.5 } else { 20.0 }
    });
    (x, class)
}

fn parts() -> All {
    let readout = Readout::new().with_temperature(1.25).with_threshold(0.5);
    Parts {
        preprocess: Standardizer::new(40),
        memory: Replay::new(5),
        guard: Guard::new(HeldOut::new(6), 0.1, 7),
        calibration: Calibration::new(),
        readout: Novelty::new(readout).with_deviations(0.25),
    }
}

fn answers<H>(to: &mut Printed, learner: &mut Learner<H, All>)
where
    H: LearnFrom<usize, Features = [f32; FEATURES], Number = f32>,
{
    let (mut right, mut between, mut far, mut p) = (0, 0, 0, [0.0; CLASSES]);
    let mut last = 0.0;
    for n in 1001..=1060 {
        let (x, class) = sample(n);
        let answer = learner.probabilities(&x, &mut p).unwrap();
        right += u32::from(answer.prediction().class == class);
        between += u32::from(matches!(answer, Answer::Unknown(_, Reason::Between)));
        far += u32::from(matches!(answer, Answer::Unknown(_, Reason::Far)));
        last = answer.prediction().probability;
    }
    to.hex("right", right);
    to.hex("between", between);
    to.hex("far", far);
    to.bits("probability", last);
    to.bits("of the first class", p[0]);
}

fn teach<H>(
    to: &mut Printed,
    make: fn() -> H,
    settings: &H::Settings,
    after: impl Fn(&mut Learner<H, All>, &[f32; FEATURES], usize, u32),
    last: impl FnOnce(&mut Learner<H, All>),
) where
    H: LearnFrom<usize, Features = [f32; FEATURES], Number = f32, Room: Empty> + Classes + Saved,
{
    let mut learner = Learner::new(make(), parts());
    let (x, class) = sample(1);
    assert!(matches!(learner.learn(settings, &x, class), Err(Error::NotStandardized { .. })));
    (1..=40).for_each(|n| learner.observe(&sample(n).0).unwrap());
    to.hex("classes", learner.add_class().unwrap() as u32 + 1);
    let mut loss = 0.0;
    for n in 1..=200 {
        let (x, class) = sample(n);
        loss = learner.learn(settings, &x, class).unwrap().loss();
        after(&mut learner, &x, class, n);
        if n.is_multiple_of(50) {
            let (verdict, nats) = match learner.judge() {
                Verdict::Unknown => (0, 0.0),
                Verdict::Best(nats) => (1, nats),
                Verdict::Good(nats) => (2, nats),
                Verdict::Worse(nats) => (3, nats),
            };
            to.hex("verdict", verdict);
            to.bits("loss", nats);
        }
    }
    to.bits("step", loss);
    to.learner("taught", &learner);
    answers(to, &mut learner);
    let summary = learner.parts().calibration.summary().unwrap();
    to.bits("nll", summary.nll);
    to.bits("ece", summary.ece);
    learner.parts_mut().calibration = Calibration::new();
    let readout = *learner.parts().readout.readout();
    let fitted = readout.fitted(learner.head(), learner.parts().guard.held_out(), 12, &mut [0.0; CLASSES]).unwrap();
    learner.set_readout(fitted);
    to.bits("temperature", fitted.temperature());
    to.hex("steps", learner.steps());

    to.learner("saved", &learner);
    let all = saved(&learner, Contents::ALL);
    learner.remove_class(2).unwrap();
    to.learner("without a class", &learner);
    let kept = saved(&learner, Contents::ALL.without_samples());
    checkpoint::read(&all, &mut learner).unwrap();
    learner.forget();
    to.learner("forgotten", &learner);
    learner = Learner::new(make(), parts());
    checkpoint::read(&kept, &mut learner).unwrap();
    to.learner("loaded", &learner);
    last(&mut learner);
    let mut units = Standardizer::from_statistics(&[20.5; FEATURES], &[0.25; FEATURES]);
    // As many samples as fixed them before: the numbers are the host's.
    core::mem::swap(&mut learner.parts_mut().preprocess, &mut units);
    answers(to, &mut learner);
}

/// With all classes but one in use.
fn discriminant() -> Discriminant {
    let mut head = Discriminant::new();
    head.truncate(CLASSES - 1).unwrap();
    head
}

/// A slip of the finger at every ninth sample, taken back whether it was learned or held out.
fn slip<H>(learner: &mut Learner<H, All>, lda: &StreamingLda, x: &[f32; FEATURES], class: usize, n: u32)
where
    H: LearnFrom<usize, Features = [f32; FEATURES], Number = f32, Settings = StreamingLda> + Unlearn,
{
    let wrong = (class + 1) % CLASSES;
    if n.is_multiple_of(9) {
        learner.learn(lda, x, wrong).unwrap();
        learner.unlearn(lda, x, wrong).unwrap();
    }
}

type Discriminant = DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>;
type Integers = FixedHead<CLASSES, FEATURES>;

/// Sample number `n` of the head in integers, and its class.
fn bytes(head: &Integers, n: u32) -> ([i8; FEATURES], usize) {
    let (mut random, class) = (n, (n * 7) as usize % CLASSES);
    let x = core::array::from_fn(|i| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (random >> 16) as f32 / 65_536.0;
        if i % CLASSES == class { noise + 0.5 } else { noise }
    });
    (head.quantize(&x), class)
}

/// As it is saved with these steps.
fn with_steps(head: &Integers, steps: u32) -> Learner<Integers, Parts> {
    let mut learner = Learner::new(head.clone(), Parts::NONE);
    learner.set_steps(steps);
    learner
}

fn answers_in_integers(to: &mut Printed, head: &Integers) {
    let (mut right, mut known, mut p, mut logits) = (0, 0, [0; CLASSES], [0; CLASSES]);
    let mut last = 0;
    for n in 1001..=1060 {
        let (x, class) = bytes(head, n);
        let found = head.probabilities(&x, &mut p).unwrap();
        right += u32::from(found == class);
        known += u32::from(p[found] >= 1 << 14);
        last = p[found] as u32;
        logits = head.logits(&x);
    }
    to.hex("right", right);
    to.hex("known", known);
    to.hex("probability", last);
    to.hex("of the first class", p[0] as u32);
    to.hex("logit", logits[CLASSES - 1] as u32);
}

fn in_integers(to: &mut Printed) {
    const SETTINGS: FixedSettings = FixedSettings::new(1638).with_ln_beta(-150_902, 0, 50);
    to.0 += "in integers\n";
    let (mut head, mut state) = (Integers::new(5, 7), State::new());
    for n in 1..=200_u32 {
        let (x, class) = bytes(&head, n);
        let step = head.learn(&SETTINGS, &mut state, &x, class).unwrap();
        if n.is_multiple_of(50) {
            to.hex("loss", step.loss as u32);
            to.hex("class", step.class as u32);
        }
    }
    to.learner("taught", &with_steps(&head, state.steps()));
    answers_in_integers(to, &head);
    let mut parameters = [0.0; CLASSES * (FEATURES + 1)];
    head.export(&mut parameters).unwrap();
    head.remove_class(2).unwrap();
    to.learner("without a class", &with_steps(&head, 0));
    answers_in_integers(to, &head);
    head.add_class().unwrap();
    head.import(&parameters).unwrap();
    let imported = with_steps(&head, 200);
    to.learner("imported", &imported);

    let mut linear = LinearHead::<CLASSES, FEATURES>::new();
    linear.import(&parameters).unwrap();
    let mut loaded = Learner::new(Integers::new(5, 8), Parts::NONE);
    checkpoint::read(&saved(&linear, Contents::ALL), &mut loaded).unwrap();
    answers_in_integers(to, loaded.head());
    checkpoint::read(&saved(&imported, Contents::ALL), &mut loaded).unwrap();
    to.hex("steps", loaded.steps());
    let (mut head, mut state) = (loaded.head().clone(), State::new());
    let (x, class) = bytes(&head, 5);
    head.learn(&FixedSettings::new(655), &mut state, &x, class).unwrap();
    to.learner("loaded", &with_steps(&head, loaded.steps() + 1));
}

#[test]
fn the_lessons_in_c_have_the_bits_of_rust() {
    let mut to = Printed(String::from("linear\n"));
    let tuner =
        FineTuner::new(BetaSchedule::linear(0.1, 1.0, 50), Sgd::new(0.1).with_weight_decay(0.001).with_clip_norm(2.0));
    let linear = || {
        let mut head = LinearHead::<CLASSES, FEATURES>::new();
        head.truncate(CLASSES - 1).unwrap();
        head
    };
    teach(
        &mut to,
        linear,
        &tuner,
        |learner, _, _, _| assert_eq!(learner.rehearse(&tuner, 2), 2),
        |learner| {
            learner.set_steps(7);
        },
    );
    to.0 += "discriminant\n";
    let lda = StreamingLda::new().with_prior(20.0, 0.75).with_ridge(0.002).with_most(40);
    teach(
        &mut to,
        discriminant,
        &lda,
        |learner, x, class, n| slip(learner, &lda, x, class, n),
        |learner| {
            let steps = learner.steps();
            learner.replace(steps, |head| head.discount(32.0, 3)).unwrap();
        },
    );
    to.0 += "neighbours\n";
    let neighbours =
        || Neighbours::new(discriminant(), Replay::<CLASSES, 4, [f32; FEATURES], Quantized<FEATURES>>::new(5));
    teach(
        &mut to,
        neighbours,
        &lda,
        |learner, x, class, n| slip(learner, &lda, x, class, n),
        |learner| {
            let steps = learner.steps();
            learner
                .replace(steps, |head: &mut Neighbours<_, _>| {
                    head.replace_base(|base: &mut Discriminant| base.discount(32.0, 3))
                })
                .unwrap();
        },
    );
    in_integers(&mut to);
    let expected = include_str!("../examples/bare/expected.log");
    assert!(expected.ends_with(&to.0), "{}", to.0);
}
