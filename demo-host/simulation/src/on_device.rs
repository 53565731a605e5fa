//! A learner of the core as a device has it, of any shape: its numbers lie in buffers, and the core's views over them are made for each call. The bits
//! are those of the types whose shape is known when they are compiled.

mod cost;

use anyhow::{Context, Result};
use gradient_decay::discriminant::Progress;
use gradient_decay::learn::{LearnFrom, Rehearse, ResidualSettings};
use gradient_decay::neighbours::NeighboursState;
use gradient_decay::replay::Reservoir;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    BetaSchedule, Classes, DiscriminantView, FineTuner, Learn, Learner as CoreLearner, LinearView, Memory, MixedView,
    Neighbours, PairView, Parts, Residual, Sgd, State, StreamingLda,
};

use super::learner::Learner;
use super::remembered::Bytes;
use super::samples::Start;
pub use cost::cost;
use cost::with_slots;

/// The weight that what the training set said has on a device, in samples, and that each class has at most.
const HOST_SAMPLES: f32 = 64.0;
const HOST_MOST: u32 = 3;

/// A class that the trained head does not know, in the map of a mixed head.
const NEW: u8 = u8::MAX;

/// The head of a learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadKind {
    /// A discriminant; from a base with its trained head mixed in.
    Discriminant,
    /// The same, with a residual on top.
    Residual,
    /// The same, with nearest neighbours on top, which are the remembered samples.
    Neighbours,
    /// A linear head.
    Linear,
}

/// The settings of a learner.
#[derive(Clone, Copy, Debug)]
pub struct DeviceSettings {
    /// The head.
    pub head: HeadKind,
    /// The settings of a discriminant.
    pub lda: StreamingLda,
    /// Whether it is told of another user, for whom a discriminant discounts what it knows.
    pub told: bool,
    /// The learning rate of gradient steps.
    pub rate: f32,
    /// Beta by the step.
    pub schedule: BetaSchedule,
    /// The samples that are remembered of each class, as bytes; 0: there is no memory, and for neighbours as many as fit in the RAM that
    /// rivals have, from 4 to 80.
    pub slots: usize,
    /// The steps on remembered samples with each label.
    pub rehearsals: u32,
}

/// The statistics of a discriminant.
struct Statistics {
    numbers: Vec<f32>,
    counts: Vec<u32>,
    scratch: Vec<f32>,
    progress: Progress,
}

impl Statistics {
    /// Nothing learned, no class in use; or the base's samples learned and discounted, its classes in use.
    fn new(start: &Start) -> Result<Self> {
        let Start { room, width, classes, .. } = *start;
        let mut new = Statistics {
            numbers: vec![0.0; StatisticsView::numbers_of(room, width)],
            counts: vec![0; room],
            scratch: vec![0.0; StatisticsView::scratch_of(room, width)],
            progress: Progress { prior: 0.0, base: 0.0, labels: 0, classes: 0 },
        };
        if let Some(base) = &start.base {
            let Statistics { numbers, counts, scratch, .. } = &mut new;
            let mut head = DiscriminantView::new(numbers, counts, scratch, width)?;
            for (row, class) in base.samples.rows() {
                head.learn(&StreamingLda::new(), row, class)?;
            }
            head.discount(HOST_SAMPLES, HOST_MOST)?;
            head.truncate(classes)?;
            new.progress = head.progress();
        }
        Ok(new)
    }

    fn view(&mut self, features: usize) -> Result<DiscriminantView<'_>> {
        let head = DiscriminantView::new(&mut self.numbers, &mut self.counts, &mut self.scratch, features)?;
        Ok(head.with_progress(self.progress)?)
    }
}

/// The host's head, and which of its classes each class is.
struct Trained {
    parameters: Vec<f32>,
    classes: usize,
    map: Vec<u8>,
}

/// A learner of the core with the parts that a device would have.
pub struct OnDevice {
    settings: DeviceSettings,
    tuner: FineTuner,
    room: usize,
    width: usize,
    /// The classes in use of a linear head.
    classes: usize,
    steps: u32,
    /// The parameters of a linear head, or of a residual.
    linear: Vec<f32>,
    statistics: Option<Statistics>,
    trained: Option<Trained>,
    memory: Option<Reservoir<Bytes>>,
    neighbours: NeighboursState,
    work: Vec<f32>,
    cost: (usize, u64),
}

/// A call of a learner.
enum Call<'a> {
    Learn(&'a [f32], usize),
    Ask(&'a [f32], &'a mut [f32]),
}

impl OnDevice {
    /// From what the host knows, or from nothing.
    ///
    /// # Errors
    /// If the rate is out of range, or the host's head or samples do not fit.
    pub fn new(start: &Start, settings: DeviceSettings) -> Result<Self> {
        let Start { room, width, classes, .. } = *start;
        let settings = with_slots(&settings, room, width);
        let based = start.base.is_some();
        let mut linear = vec![0.0; room * (width + 1)];
        let trained = start.base.as_ref().map(|base| {
            let mut parameters = vec![0.0; room * (width + 1)];
            let (weights, biases) = base.head.split_at(classes * width);
            parameters[..weights.len()].copy_from_slice(weights);
            parameters[room * width..][..biases.len()].copy_from_slice(biases);
            let map =
                (0..room).map(|class| if class < classes.min(usize::from(NEW)) { class as u8 } else { NEW }).collect();
            Trained { parameters, classes, map }
        });
        let is_linear = settings.head == HeadKind::Linear;
        if let Some(trained) = trained.as_ref().filter(|_| is_linear) {
            linear.copy_from_slice(&trained.parameters);
            LinearView::new(&mut linear, room, width)?.check()?;
        }
        Ok(OnDevice {
            tuner: FineTuner::new(settings.schedule, Sgd::try_new(settings.rate)?),
            room,
            width,
            classes,
            steps: 0,
            linear,
            statistics: if is_linear { None } else { Some(Statistics::new(start)?) },
            trained: trained.filter(|_| !is_linear),
            memory: Some(Reservoir::over(Bytes::new(room, settings.slots, width), start.seed as u32)),
            neighbours: NeighboursState::NEW,
            work: vec![0.0; 2 * room],
            cost: cost(&settings, room, width, based),
            settings,
        })
    }

    fn call(&mut self, call: Call<'_>) -> Result<()> {
        let OnDevice { settings, tuner, room, width, steps, memory, neighbours, work, .. } = self;
        let (room, width) = (*room, *width);
        let rehearsals = if settings.slots > 0 { settings.rehearsals } else { 0 };
        let mut state = State::with_work(PairView::new(work, room)?);
        state.set_steps(*steps);
        let kept = memory.take().context("a learner was left in the middle of a call")?;
        let Some(statistics) = &mut self.statistics else {
            let head = LinearView::new(&mut self.linear, room, width)?.with_classes(self.classes)?;
            let mut learner = CoreLearner::with_state(head, state, parts_with(kept));
            let result = run(&mut learner, tuner, call, rehearsing(rehearsals));
            self.classes = learner.classes();
            let (_, state, parts) = learner.into_parts();
            (*steps, *memory) = (state.steps(), Some(parts.memory));
            return result;
        };
        let lda = settings.lda;
        let both = ResidualSettings { base: lda, tuner: *tuner };
        let head = statistics.view(width)?;
        // Each arm has a head of another type, and gives back the same four things.
        macro_rules! finish {
            ($head:expr, $memory:expr, $settings:expr, $rehearse:expr, $rest:expr) => {{
                let mut learner = CoreLearner::with_state($head, state, parts_with($memory));
                let result = run(&mut learner, $settings, call, $rehearse);
                let (head, state, parts) = learner.into_parts();
                let (progress, kept) = $rest(head, parts.memory);
                (result, progress, state.steps(), kept)
            }};
        }
        let (result, progress, taken, kept) = match (&mut self.trained, settings.head) {
            (None, HeadKind::Residual) => {
                let head = Residual::new(head, LinearView::new(&mut self.linear, room, width)?);
                finish!(head, kept, &both, rehearsing(rehearsals), |head: Residual<_, _>, kept| {
                    (DiscriminantView::progress(head.base()), kept)
                })
            }
            (None, HeadKind::Neighbours) => {
                let head = Neighbours::new(head, kept).with_state(*neighbours);
                finish!(head, (), &lda, |_, _| (), |head: Neighbours<_, _>, ()| {
                    *neighbours = head.state();
                    let (base, kept) = head.into_parts();
                    (DiscriminantView::progress(&base), kept)
                })
            }
            (None, _) => {
                finish!(head, kept, &lda, |_, _| (), |head: DiscriminantView<'_>, kept| (head.progress(), kept))
            }
            (Some(Trained { parameters, classes, map }), kind) => {
                let trained = LinearView::new(parameters, room, width)?.with_classes(*classes)?;
                let mixed = MixedView::new(head, &trained, map)?;
                match kind {
                    HeadKind::Residual => {
                        let head = Residual::new(mixed, LinearView::new(&mut self.linear, room, width)?);
                        finish!(head, kept, &both, rehearsing(rehearsals), |head: Residual<_, _>, kept| {
                            (MixedView::head(head.base()).progress(), kept)
                        })
                    }
                    HeadKind::Neighbours => {
                        let head = Neighbours::new(mixed, kept).with_state(*neighbours);
                        finish!(head, (), &lda, |_, _| (), |head: Neighbours<_, _>, ()| {
                            *neighbours = head.state();
                            let (base, kept) = head.into_parts();
                            (MixedView::head(&base).progress(), kept)
                        })
                    }
                    _ => {
                        finish!(mixed, kept, &lda, |_, _| (), |head: MixedView<'_, '_>, kept| (
                            head.head().progress(),
                            kept
                        ))
                    }
                }
            }
        };
        statistics.progress = progress;
        (*steps, *memory) = (taken, Some(kept));
        result
    }
}

type Mine<H, R = Reservoir<Bytes>> = CoreLearner<H, Parts<(), R>>;

/// Only a memory.
fn parts_with<R>(memory: R) -> Parts<(), R> {
    Parts { preprocess: (), memory, guard: (), calibration: (), readout: () }
}

/// One call; `rehearse` follows what is learned.
fn run<H, R: Memory<[f32]>>(
    learner: &mut Mine<H, R>,
    settings: &H::Settings,
    call: Call<'_>,
    rehearse: impl FnOnce(&mut Mine<H, R>, &H::Settings),
) -> Result<()>
where
    H: LearnFrom<usize, Features = [f32], Number = f32> + Classes,
{
    match call {
        Call::Learn(features, class) => {
            if class == learner.classes() {
                learner.add_class()?;
            }
            learner.learn(settings, features, class)?;
            rehearse(learner, settings);
        }
        Call::Ask(features, probabilities) => {
            learner.probabilities(features, probabilities)?;
        }
    }
    Ok(())
}

/// So many steps on remembered samples.
fn rehearsing<H>(count: u32) -> impl FnOnce(&mut Mine<H>, &H::Settings)
where
    H: Learn<Features = [f32]> + Rehearse + Classes,
{
    move |learner, settings| {
        learner.rehearse(settings, count);
    }
}

impl Learner for OnDevice {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        self.call(Call::Learn(features, class))
    }

    fn another_user(&mut self) -> Result<()> {
        let Some(statistics) = self.statistics.as_mut().filter(|_| self.settings.told) else { return Ok(()) };
        let mut head = statistics.view(self.width)?;
        head.discount(HOST_SAMPLES, HOST_MOST)?;
        statistics.progress = head.progress();
        // As `Neighbours::replace_base` does: kept samples are of the user before.
        if self.settings.head == HeadKind::Neighbours {
            self.memory.iter_mut().for_each(Memory::<[f32]>::clear);
            self.neighbours = NeighboursState::NEW;
        }
        Ok(())
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        let mut narrow = vec![0.0; probabilities.len()];
        self.call(Call::Ask(features, &mut narrow))?;
        probabilities.iter_mut().zip(&narrow).for_each(|(p, narrow)| *p = f64::from(*narrow));
        Ok(())
    }

    fn ram_bytes(&self) -> usize {
        self.cost.0
    }

    fn multiply_adds(&self) -> u64 {
        self.cost.1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gradient_decay::{DiscriminantHead, LinearHead, Memory, MixedHead, Quantized, Replay, kernels};

    use super::*;
    use crate::samples::{Base, Samples};
    use crate::{NAMES, defaults, device_settings};

    const ROOM: usize = 14;
    const WIDTH: usize = 11;
    type Plain = DiscriminantHead<ROOM, WIDTH, { kernels::packed(WIDTH) }>;
    type Trained = LinearHead<ROOM, WIDTH>;
    type Owned<'t> = MixedHead<'t, ROOM, WIDTH, { kernels::packed(WIDTH) }, ROOM>;
    type Remembered = Replay<ROOM, 10, [f32; WIDTH], Quantized<WIDTH>>;

    fn samples(count: usize, classes: usize, seed: u32) -> Samples {
        let mut samples = Samples::new(WIDTH);
        for i in 0..count {
            let noise = |j: usize| {
                let mixed = (seed + i as u32 * 64 + j as u32).wrapping_mul(2_654_435_761);
                ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            let row: Vec<f32> = (0..WIDTH).map(|j| noise(j) + if j == i % classes { 1.5 } else { 0.0 }).collect();
            samples.push(&row, i % classes);
        }
        samples
    }

    /// The answers of an owned learner after each label, bit by bit, and its bytes.
    fn answers<H, R>(
        head: H,
        memory: R,
        settings: &H::Settings,
        stream: &Samples,
        rehearse: impl Fn(&mut CoreLearner<H, Parts<(), R>>),
    ) -> (Vec<u32>, usize)
    where
        H: LearnFrom<usize, Features = [f32; WIDTH], Number = f32> + Classes,
        H::Room: gradient_decay::storage::Empty,
        R: Memory<[f32; WIDTH]>,
    {
        let parts = Parts { preprocess: (), memory, guard: (), calibration: (), readout: () };
        let mut learner = CoreLearner::new(head, parts);
        let mut bits = Vec::new();
        for (row, class) in stream.rows() {
            let row: &[f32; WIDTH] = row.try_into().unwrap();
            if class == learner.classes() {
                learner.add_class().unwrap();
            }
            learner.learn(settings, row, class).unwrap();
            rehearse(&mut learner);
            let mut p = [0.0; ROOM];
            learner.probabilities(row, &mut p).unwrap();
            bits.extend(p.map(f32::to_bits));
        }
        (bits, size_of_val(&learner))
    }

    /// The shape is one that is in no block whole, and there is a new class on top of those of the base.
    #[test]
    fn the_bits_are_those_of_heads_whose_shape_is_known_when_compiled() {
        let known = 12;
        let base = Arc::new(Base {
            samples: samples(120, known, 7),
            head: (0..known * (WIDTH + 1)).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect(),
        });
        let stream = samples(150, 13, 100_000);
        for based in [false, true] {
            let mut trained = Trained::empty();
            let mut statistics = Plain::empty();
            if based {
                let mut parameters = vec![0.0; ROOM * (WIDTH + 1)];
                parameters[..known * WIDTH].copy_from_slice(&base.head[..known * WIDTH]);
                parameters[ROOM * WIDTH..][..known].copy_from_slice(&base.head[known * WIDTH..]);
                trained.import(&parameters).unwrap();
                trained.truncate(known).unwrap();
                statistics = Plain::new();
                for (row, class) in base.samples.rows() {
                    statistics.learn(&StreamingLda::new(), row.try_into().unwrap(), class).unwrap();
                }
                statistics.discount(HOST_SAMPLES, HOST_MOST).unwrap();
            }
            for name in NAMES {
                let settings = device_settings(name, &defaults(name)).unwrap();
                let classes = if based { known } else { 0 };
                let start = Start { width: WIDTH, room: ROOM, classes, base: based.then(|| base.clone()), seed: 5 };
                let mut learner = OnDevice::new(&start, settings).unwrap();
                let mut bits = Vec::new();
                for (row, class) in stream.rows() {
                    learner.learn(row, class).unwrap();
                    let mut p = [0.0; ROOM];
                    learner.probabilities(row, &mut p).unwrap();
                    bits.extend(p.map(|p| (p as f32).to_bits()));
                }
                let (lda, tuner) = (StreamingLda::new(), FineTuner::new(settings.schedule, Sgd::new(settings.rate)));
                let both = ResidualSettings { base: lda, tuner };
                let memory = || Remembered::new(5);
                let mixed = || {
                    let mut mixed = Owned::new(statistics.clone(), &trained);
                    mixed.truncate(known).unwrap();
                    mixed
                };
                let (owned, bytes) = match (name, based) {
                    ("discriminant", false) => answers(statistics.clone(), (), &lda, &stream, |_| ()),
                    ("discriminant", true) => answers(mixed(), (), &lda, &stream, |_| ()),
                    ("discriminant+residual", false) => {
                        let head = Residual::new(statistics.clone(), Trained::new());
                        answers(head, memory(), &both, &stream, |learner| {
                            learner.rehearse(&both, 4);
                        })
                    }
                    ("discriminant+residual", true) => {
                        let head = Residual::new(mixed(), Trained::new());
                        answers(head, memory(), &both, &stream, |learner| {
                            learner.rehearse(&both, 4);
                        })
                    }
                    ("discriminant+neighbours", false) => {
                        answers(Neighbours::new(statistics.clone(), memory()), (), &lda, &stream, |_| ())
                    }
                    ("discriminant+neighbours", true) => {
                        answers(Neighbours::new(mixed(), memory()), (), &lda, &stream, |_| ())
                    }
                    ("sgd-replay", _) => answers(trained.clone(), memory(), &tuner, &stream, |learner| {
                        learner.rehearse(&tuner, 4);
                    }),
                    _ => answers(trained.clone(), (), &tuner, &stream, |_| ()),
                };
                assert_eq!(bits, owned, "{name}, {based}");
                // A pointer to the trained head takes 8 bytes here, and aligns the rest.
                let longer = bytes - learner.ram_bytes();
                assert!(if based && name.starts_with('d') { longer <= 12 } else { longer == 0 }, "{name}: {longer}");
            }
        }
    }
}
