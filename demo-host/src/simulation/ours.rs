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
    Answer, BetaSchedule, Classes, DiscriminantHead, FineTuner, Learner as CoreLearner, LinearHead, Memory, MixedHead,
    Novelty, Parts, Quantized, Readout, Replay, Residual, Sgd, StreamingLda,
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

/// A learner of the core with the parts that a device would have.
struct OnDevice<H: LearnFrom<usize>, R, const FEATURES: usize> {
    learner: Box<CoreLearner<H, Parts<(), R>>>,
    settings: H::Settings,
    rehearse: Rehearse<H, R>,
    multiply_adds: usize,
}

/// Our learners for a shape. `UPPER` is `FEATURES (FEATURES - 1) / 2`.
pub fn ours<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>() -> Vec<Contender> {
    let (low, high, steps) = WARM_UP;
    let rate = ("rate", RATE);
    let memory = [("slots", SLOTS as f64), ("rehearsals", f64::from(REHEARSALS))];
    let with_memory = |rate: f64| [&[("rate", rate), ("beta", 1.0)], &memory[..]].concat();
    vec![
        own("discriminant", Vec::new(), |start| match trained(start)? {
            None => Ok(lda::<_, CLASSES, FEATURES, UPPER>(DiscriminantHead::<CLASSES, FEATURES, UPPER>::empty())),
            Some(trained) => Ok(lda::<_, CLASSES, FEATURES, UPPER>(mixed::<CLASSES, FEATURES, UPPER>(start, trained)?)),
        }),
        own("discriminant+residual", with_memory(RESIDUAL_RATE), |start| match trained(start)? {
            None => {
                residual::<_, CLASSES, FEATURES, UPPER>(start, DiscriminantHead::<CLASSES, FEATURES, UPPER>::empty())
            }
            Some(trained) => {
                residual::<_, CLASSES, FEATURES, UPPER>(start, mixed::<CLASSES, FEATURES, UPPER>(start, trained)?)
            }
        }),
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

fn lda<H, const CLASSES: usize, const FEATURES: usize, const UPPER: usize>(head: H) -> Box<dyn Learner>
where
    H: LearnFrom<usize, Settings = StreamingLda, Features = [f32; FEATURES], Number = f32> + Classes + Send + 'static,
    H::Room: gradient_decay::storage::Empty + Send,
{
    Box::new(OnDevice {
        learner: Box::new(CoreLearner::new(head, Parts::NONE)),
        settings: StreamingLda::new(),
        rehearse: |_, _| (),
        multiply_adds: lda_multiply_adds(CLASSES, FEATURES, UPPER),
    })
}

fn residual<H, const CLASSES: usize, const FEATURES: usize, const UPPER: usize>(
    start: &Start,
    base: H,
) -> Result<Box<dyn Learner>>
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
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::try_new(RESIDUAL_RATE as f32)?);
    let head = Residual::new(base, LinearHead::<CLASSES, FEATURES>::new());
    Ok(Box::new(OnDevice {
        learner: Box::new(CoreLearner::new(head, parts)),
        settings: ResidualSettings { base: StreamingLda::new(), tuner },
        rehearse: |learner, settings| {
            learner.rehearse(settings, REHEARSALS);
        },
        multiply_adds: lda_multiply_adds(CLASSES, FEATURES, UPPER)
            + (2 + 3 * REHEARSALS as usize) * CLASSES * (FEATURES + 1),
    }))
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

/// The distance from what was taught, as the core's [`Novelty`] has it, behind a discriminant; it passes what that answers.
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
            let nearest = learner.parts().readout.nearest(features).context("nothing was learned")?;
            let passes = matches!(learner.answer(features)?, Answer::Class(_));
            Ok(Verdict { score: -f64::from(nearest), passes: Some(passes) })
        });
        Ok(judge)
    };
    Score { name: "distance".to_owned(), new: Box::new(new) }
}
