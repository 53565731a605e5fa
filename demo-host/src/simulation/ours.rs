//! The core's learners: its own code, with settings that are the same for every task.
//!
//! | name | head | starts from the host's knowledge with |
//! |---|---|---|
//! | `discriminant` | [`DiscriminantHead`]; with a base [`MixedHead`] | the training set learned and discounted, and the trained head |
//! | `discriminant+residual` | the same, a [`Residual`] on top, which rehearses | the same |
//! | `sgd` | [`LinearHead`], a step a label | the trained head |
//! | `sgd-replay` | the same, and four steps on remembered samples | the trained head |
//! | `warm-up` | as `sgd`, beta rising from 0.01 to 1 over 150 labels | the trained head |

use anyhow::{Context, Result};
use gradient_decay::learn::{LearnFrom, ResidualSettings};
use gradient_decay::{
    Answer, BetaSchedule, Classes, DiscriminantHead, Error, FineTuner, Learner as CoreLearner, LinearHead, Memory,
    MixedHead, Novelty, Parts, Quantized, Readout, Replay, Residual, Sgd, StreamingLda,
};

use super::learner::{Contender, Learner, Settings};
use super::samples::{Samples, Start};
use super::unknown::{Judge, Score, Verdict};

/// The learning rate of steps on a linear head, and on a residual.
const RATE: f64 = 0.05;
const RESIDUAL_RATE: f64 = 0.03;

/// Samples of each class in the memory, and steps on them with each label.
const SLOTS: usize = 10;
const REHEARSALS: u32 = 4;

/// The warm-up: beta at its start and at its end, and its steps.
const WARM_UP: (f64, f64, u32) = (0.01, 1.0, 150);

/// The weight that what the training set said has on a device, in samples, and that each class has at most.
const HOST_SAMPLES: f32 = 64.0;
const HOST_MOST: u32 = 3;

/// A memory on a device: a byte a feature.
type Remembered<const CLASSES: usize, const FEATURES: usize> =
    Replay<CLASSES, SLOTS, [f32; FEATURES], Quantized<FEATURES>>;

/// The steps that follow a label.
type Rehearse<H, R> = fn(&mut CoreLearner<H, Parts<(), R>>, &<H as gradient_decay::Learn>::Settings);

/// What is done to a head when another user takes over.
type Change<H> = fn(&mut H) -> Result<(), Error>;

/// A learner of the core with the parts that a device would have.
struct OnDevice<H: LearnFrom<usize>, R, const FEATURES: usize> {
    learner: Box<CoreLearner<H, Parts<(), R>>>,
    settings: H::Settings,
    rehearse: Rehearse<H, R>,
    /// Called when another user takes over.
    change: Option<Change<H>>,
    multiply_adds: usize,
}

/// Our learners for a shape. `UPPER` is `FEATURES (FEATURES - 1) / 2`.
pub fn ours<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>() -> Vec<Contender> {
    let (low, high, steps) = WARM_UP;
    let rate = ("rate", RATE);
    let memory = [("slots", SLOTS as f64), ("rehearsals", f64::from(REHEARSALS))];
    let with_memory = |rate: f64| [&[("rate", rate), ("beta", 1.0)], &memory[..]].concat();
    vec![
        discriminant::<CLASSES, FEATURES, UPPER>("discriminant", StreamingLda::new(), false),
        with_residual::<CLASSES, FEATURES, UPPER>(
            "discriminant+residual",
            with_memory(RESIDUAL_RATE),
            RESIDUAL_RATE,
            BetaSchedule::constant(1.0),
        ),
        own("sgd", vec![rate, ("beta", 1.0)], |start| {
            linear::<_, CLASSES, FEATURES>(start, (), BetaSchedule::constant(1.0), |_, _| (), 0)
        }),
        own("sgd-replay", with_memory(RATE), |start| {
            let memory = Remembered::<CLASSES, FEATURES>::new(start.seed as u32);
            let rehearse = |learner: &mut CoreLearner<_, _>, tuner: &FineTuner| {
                learner.rehearse(tuner, REHEARSALS);
            };
            linear::<_, CLASSES, FEATURES>(start, memory, BetaSchedule::constant(1.0), rehearse, REHEARSALS as usize)
        }),
        own("warm-up", vec![rate, ("first_beta", low), ("beta", high), ("steps", f64::from(steps))], move |start| {
            linear::<_, CLASSES, FEATURES>(
                start,
                (),
                BetaSchedule::linear(low as f32, high as f32, steps),
                |_, _| (),
                0,
            )
        }),
    ]
}

/// What follows a user who changes: counts of a class that are bounded, and a head that is told and
/// [discounts](gradient_decay::discriminant::Discriminant::discount) what it knows.
pub fn followers<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>() -> Vec<Contender> {
    const LDA: StreamingLda = StreamingLda::new();
    let bounded = |name, most| discriminant::<CLASSES, FEATURES, UPPER>(name, LDA.with_most(most), false);
    vec![
        bounded("discriminant", u32::MAX),
        bounded("most 5", 5),
        bounded("most 10", 10),
        bounded("most 20", 20),
        bounded("most 50", 50),
        discriminant::<CLASSES, FEATURES, UPPER>("told", LDA, true),
    ]
}

/// The residual with other settings: rates, betas and a warm-up.
pub fn residuals<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>() -> Vec<Contender> {
    let rate = 0.003;
    let of = |name, beta: f32, rate: f64| {
        let settings = vec![("rate", rate), ("beta", f64::from(beta))];
        with_residual::<CLASSES, FEATURES, UPPER>(name, settings, rate, BetaSchedule::constant(beta))
    };
    let (low, high, steps) = WARM_UP;
    let warm_up = vec![("rate", rate), ("first_beta", low), ("beta", high), ("steps", f64::from(steps))];
    let schedule = BetaSchedule::linear(low as f32, high as f32, steps);
    vec![
        discriminant::<CLASSES, FEATURES, UPPER>("discriminant", StreamingLda::new(), false),
        of("rate 0.001", 1.0, 0.001),
        of("rate 0.003", 1.0, rate),
        of("rate 0.01", 1.0, 0.01),
        of("rate 0.03", 1.0, 0.03),
        of("beta 0.01", 0.01, rate),
        of("beta 0.1", 0.1, rate),
        of("beta 5", 5.0, rate),
        with_residual::<CLASSES, FEATURES, UPPER>("warm-up", warm_up, rate, schedule),
    ]
}

/// A discriminant; with a base, mixed with the trained head. `told`: of another user, for whom it discounts what it knows.
fn discriminant<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>(
    name: &'static str,
    settings: StreamingLda,
    told: bool,
) -> Contender {
    let most = f64::from(settings.most());
    let listed = if settings.most() == u32::MAX { Vec::new() } else { vec![("most", most)] };
    own(name, listed, move |start| match trained(start)? {
        None => {
            let head = DiscriminantHead::<CLASSES, FEATURES, UPPER>::empty();
            let discount: Change<DiscriminantHead<CLASSES, FEATURES, UPPER>> =
                |head| head.discount(HOST_SAMPLES, HOST_MOST);
            Ok(lda::<DiscriminantHead<CLASSES, FEATURES, UPPER>, CLASSES, FEATURES, UPPER>(
                head,
                settings,
                told.then_some(discount),
            ))
        }
        Some(trained) => {
            let head = mixed::<CLASSES, FEATURES, UPPER>(start, trained)?;
            let discount: Change<MixedHead<'_, CLASSES, FEATURES, UPPER, CLASSES>> =
                |head| head.discount(HOST_SAMPLES, HOST_MOST);
            Ok(lda::<MixedHead<'_, CLASSES, FEATURES, UPPER, CLASSES>, CLASSES, FEATURES, UPPER>(
                head,
                settings,
                told.then_some(discount),
            ))
        }
    })
}

/// The same with a residual on top, which rehearses.
fn with_residual<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>(
    name: &'static str,
    listed: Vec<(&'static str, f64)>,
    rate: f64,
    schedule: BetaSchedule,
) -> Contender {
    own(name, listed, move |start| {
        let tuner = FineTuner::new(schedule, Sgd::try_new(rate as f32)?);
        match trained(start)? {
            None => {
                let head = DiscriminantHead::<CLASSES, FEATURES, UPPER>::empty();
                Ok(residual::<_, CLASSES, FEATURES, UPPER>(start, head, tuner))
            }
            Some(trained) => {
                let head = mixed::<CLASSES, FEATURES, UPPER>(start, trained)?;
                Ok(residual::<_, CLASSES, FEATURES, UPPER>(start, head, tuner))
            }
        }
    })
}

fn own(
    name: &'static str,
    settings: Vec<(&'static str, f64)>,
    new: impl Fn(&Start) -> Result<Box<dyn Learner>> + Send + Sync + 'static,
) -> Contender {
    Contender { name, ours: true, grid: vec![Settings(settings)], new: Box::new(move |start, _| new(start)) }
}

/// The host's head, with the classes that it knows in use; `None` from nothing.
fn trained<const CLASSES: usize, const FEATURES: usize>(
    start: &Start,
) -> Result<Option<LinearHead<CLASSES, FEATURES>>> {
    let Some(base) = &start.base else { return Ok(None) };
    let mut parameters = vec![0.0; CLASSES * (FEATURES + 1)];
    let (weights, biases) = base.head.split_at(start.classes * FEATURES);
    parameters[..weights.len()].copy_from_slice(weights);
    parameters[CLASSES * FEATURES..][..biases.len()].copy_from_slice(biases);
    let mut head = LinearHead::new();
    head.import(&parameters)?;
    head.truncate(start.classes)?;
    Ok(Some(head))
}

/// The training set learned and discounted, the trained head mixed in.
fn mixed<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>(
    start: &Start,
    trained: LinearHead<CLASSES, FEATURES>,
) -> Result<MixedHead<'static, CLASSES, FEATURES, UPPER, CLASSES>> {
    let mut head = DiscriminantHead::new();
    let base = start.base.as_ref().context("there is no training set")?;
    for (row, class) in base.samples.rows() {
        head.learn(&StreamingLda::new(), array(row)?, class)?;
    }
    head.discount(HOST_SAMPLES, HOST_MOST)?;
    // A device has it in flash for ever; here some kilobytes stay until the program ends.
    let mut mixed = MixedHead::new(head, Box::leak(Box::new(trained)));
    mixed.truncate(start.classes)?;
    Ok(mixed)
}

/// The multiply-adds of a label of the discriminant: logits, factors, every row, and one row refreshed.
const fn lda_multiply_adds(classes: usize, features: usize, upper: usize) -> usize {
    3 * classes * features + 5 * upper
}

fn lda<H, const CLASSES: usize, const FEATURES: usize, const UPPER: usize>(
    head: H,
    settings: StreamingLda,
    change: Option<Change<H>>,
) -> Box<dyn Learner>
where
    H: LearnFrom<usize, Settings = StreamingLda, Features = [f32; FEATURES], Number = f32> + Classes + Send + 'static,
    H::Room: gradient_decay::storage::Empty + Send,
{
    Box::new(OnDevice {
        learner: Box::new(CoreLearner::new(head, Parts::NONE)),
        settings,
        rehearse: |_, _| (),
        change,
        multiply_adds: lda_multiply_adds(CLASSES, FEATURES, UPPER),
    })
}

fn residual<H, const CLASSES: usize, const FEATURES: usize, const UPPER: usize>(
    start: &Start,
    base: H,
    tuner: FineTuner,
) -> Box<dyn Learner>
where
    H: gradient_decay::learn::LearnClass<
            Settings = StreamingLda,
            Features = [f32; FEATURES],
            Number = f32,
            Room = gradient_decay::storage::Pair<f32, CLASSES>,
        > + gradient_decay::residual::Tempered
        + Classes
        + Send
        + 'static,
{
    let memory = Remembered::<CLASSES, FEATURES>::new(start.seed as u32);
    let parts = Parts { preprocess: (), memory, guard: (), calibration: (), readout: () };
    let head = Residual::new(base, LinearHead::<CLASSES, FEATURES>::new());
    Box::new(OnDevice {
        learner: Box::new(CoreLearner::new(head, parts)),
        settings: ResidualSettings { base: StreamingLda::new(), tuner },
        rehearse: |learner, settings| {
            learner.rehearse(settings, REHEARSALS);
        },
        change: None,
        multiply_adds: lda_multiply_adds(CLASSES, FEATURES, UPPER)
            + (2 + 3 * REHEARSALS as usize) * CLASSES * (FEATURES + 1),
    })
}

fn linear<R, const CLASSES: usize, const FEATURES: usize>(
    start: &Start,
    memory: R,
    schedule: BetaSchedule,
    rehearse: fn(&mut CoreLearner<LinearHead<CLASSES, FEATURES>, Parts<(), R>>, &FineTuner),
    rehearsals: usize,
) -> Result<Box<dyn Learner>>
where
    R: Memory<[f32; FEATURES]> + Send + 'static,
{
    let parts = Parts { preprocess: (), memory, guard: (), calibration: (), readout: () };
    Ok(Box::new(OnDevice {
        learner: Box::new(CoreLearner::new(trained(start)?.unwrap_or(LinearHead::empty()), parts)),
        settings: FineTuner::new(schedule, Sgd::try_new(RATE as f32)?),
        rehearse,
        change: None,
        multiply_adds: 2 * CLASSES * (FEATURES + 1) * (1 + rehearsals),
    }))
}

fn array<const FEATURES: usize>(features: &[f32]) -> Result<&[f32; FEATURES]> {
    features.try_into().ok().with_context(|| format!("{} features for a learner of {FEATURES}", features.len()))
}

impl<H, R, const FEATURES: usize> Learner for OnDevice<H, R, FEATURES>
where
    H: LearnFrom<usize, Features = [f32; FEATURES]> + Classes + Send,
    usize: gradient_decay::Label<H::Number>,
    H::Settings: Send,
    H::Room: Send,
    R: Memory<[f32; FEATURES]> + Send,
{
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        if class == self.learner.classes() {
            self.learner.add_class()?;
        }
        self.learner.learn(&self.settings, array(features)?, class)?;
        (self.rehearse)(&mut self.learner, &self.settings);
        Ok(())
    }

    fn another_user(&mut self) -> Result<()> {
        let steps = self.learner.steps();
        match self.change {
            Some(change) => Ok(self.learner.replace(steps, change)?),
            None => Ok(()),
        }
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        let mut narrow = vec![0.0; probabilities.len()];
        self.learner.probabilities(array(features)?, &mut narrow)?;
        probabilities.iter_mut().zip(&narrow).for_each(|(p, narrow)| *p = f64::from(*narrow));
        Ok(())
    }

    fn ram_bytes(&self) -> usize {
        size_of_val(&*self.learner)
    }

    fn multiply_adds(&self) -> u64 {
        self.multiply_adds as u64
    }
}

/// The score of the core's [`Novelty`] behind a discriminant, by distance and probability; it passes what that answers.
pub fn novelty<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>() -> Score {
    type Mine<const CLASSES: usize, const FEATURES: usize, const UPPER: usize> =
        CoreLearner<DiscriminantHead<CLASSES, FEATURES, UPPER>, Parts<(), (), (), (), Novelty<CLASSES, FEATURES>>>;
    let new = |_: &Start, samples: &Samples| {
        let readout = Novelty::new(Readout::new());
        let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout };
        let mut learner: Box<Mine<CLASSES, FEATURES, UPPER>> =
            Box::new(CoreLearner::new(DiscriminantHead::empty(), parts));
        for (row, class) in samples.rows() {
            if class == learner.classes() {
                learner.add_class()?;
            }
            learner.learn(&StreamingLda::new(), array(row)?, class)?;
        }
        let judge: Judge = Box::new(move |features| {
            let features = array(features)?;
            let answer = learner.answer(features)?;
            let score = learner.parts().readout.score(features, answer.prediction().probability);
            let score = -f64::from(score.context("nothing was learned")?);
            Ok(Verdict { score, passes: Some(matches!(answer, Answer::Class(_))) })
        });
        Ok(judge)
    };
    Score { name: "novelty".to_owned(), new: Box::new(new) }
}
