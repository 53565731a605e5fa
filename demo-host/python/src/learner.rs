//! A learner whose head is a discriminant, a trained head mixed in or not, kept samples on top or not, and whose read-out may know distances. Its
//! numbers lie in vectors; the core's views over them exist for one call.

use gradient_decay::discriminant::Progress;
use gradient_decay::learn::{LearnClass, LearnFrom, Unlearn};
use gradient_decay::neighbours::NeighboursState;
use gradient_decay::novelty::{MomentsView, Sums};
use gradient_decay::readout::Read;
use gradient_decay::replay::{QuantizedSlotsView, Random, Reservoir, SlotsView};
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    DiscriminantView, Error, FrozenView, Learner, Libm, MixedView, Neighbours, NoveltyView, PairView, Parts, Readout,
    Saved, State, StreamingLda,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arguments::{readout, refused, zeros};
use crate::export::HeadFile;

/// A head of the learner.
pub trait AnyDiscriminant:
    LearnFrom<usize, Settings = StreamingLda, Features = [f32], Number = f32, Math = Libm> + Unlearn + Saved
{
}
impl<H> AnyDiscriminant for H where
    H: LearnFrom<usize, Settings = StreamingLda, Features = [f32], Number = f32, Math = Libm> + Unlearn + Saved
{
}

/// A read-out of the learner.
pub trait AnyReadout: Read<[f32]> + Saved {}
impl<A: Read<[f32]> + Saved> AnyReadout for A {}

/// A head and a read-out.
pub type Taught<H, A> = Learner<H, Parts<(), (), (), (), A>>;

/// Work on the learner, whatever its types.
pub trait Work {
    type Output;

    fn run<H: AnyDiscriminant, A: AnyReadout>(self, learner: &mut Taught<H, A>) -> Self::Output;
}

/// A head on which kept samples may stand.
trait AnyBase<'a>: AnyDiscriminant<Room = PairView<'a, f32>> + LearnClass {}
impl<'a, B: AnyDiscriminant<Room = PairView<'a, f32>> + LearnClass> AnyBase<'a> for B {}

/// How samples are kept: how many of each class, whether as bytes, and the seed of their choice.
pub type Keeping = (usize, bool, u32);

/// Kept samples.
#[derive(Clone)]
struct Kept {
    keeping: Keeping,
    floats: Vec<f32>,
    bytes: Vec<i8>,
    scales: Vec<f32>,
    seen: Vec<u32>,
    /// `None` before the first call: that of the seed.
    random: Option<Random>,
    state: NeighboursState,
}

impl Kept {
    fn new(classes: usize, features: usize, keeping: Keeping) -> PyResult<Self> {
        let (slots, quantized, _) = keeping;
        let samples = classes.saturating_mul(slots);
        let (floats, bytes) = if quantized { (0, samples) } else { (samples, 0) };
        Ok(Kept {
            keeping,
            floats: zeros(floats.saturating_mul(features))?,
            bytes: zeros(bytes.saturating_mul(features))?,
            scales: zeros(bytes)?,
            seen: vec![0; classes],
            random: None,
            state: NeighboursState::NEW,
        })
    }

    /// As it was before the first sample.
    fn clear(&mut self) {
        self.floats.fill(0.0);
        self.bytes.fill(0);
        self.scales.fill(0.0);
        self.seen.fill(0);
        (self.random, self.state) = (None, NeighboursState::NEW);
    }
}

/// The entry in the map of a class that the trained head does not have.
const NEW: u8 = u8::MAX;

/// A trained head that is mixed in.
#[derive(Clone)]
pub struct Trained {
    pub file: HeadFile,
    /// For each class, its class in the trained head, or [`NEW`].
    pub map: Vec<u8>,
}

impl Trained {
    /// # Errors
    /// If a checkpoint numbers the classes in another way: labels are of a class's number, and would name another class.
    pub fn check_map(&self, read: &Trained) -> PyResult<()> {
        let name = |of: u8| if of == NEW { "a new one".to_owned() } else { format!("class {of} of the trained head") };
        match self.map.iter().zip(&read.map).enumerate().find(|(_, (own, its))| own != its) {
            None => Ok(()),
            Some((class, (own, its))) => Err(PyValueError::new_err(format!(
                "class {class} of the checkpoint is {}, but must be {}, as here",
                name(*its),
                name(*own)
            ))),
        }
    }
}

/// The statistics behind the distances from the classes.
#[derive(Clone)]
struct Distances {
    numbers: Vec<f32>,
    counts: Vec<u32>,
    scores: Sums,
}

impl Distances {
    fn new(classes: usize, features: usize) -> Self {
        let numbers = vec![0.0; MomentsView::<f32>::numbers_of(classes, features)];
        Distances { numbers, counts: vec![0; classes], scores: Sums::ZERO }
    }
}

/// How answers are read: by a temperature and a threshold, and the number of deviations beyond which a sample is far, if it is not the core's own.
#[derive(Clone, Copy)]
pub struct Reading {
    pub readout: Readout,
    deviations: Option<f32>,
}

impl Reading {
    /// # Errors
    /// If temperature or threshold is out of its range.
    pub fn new(temperature: f32, threshold: f32, deviations: Option<f32>) -> PyResult<Self> {
        Ok(Reading { readout: readout(temperature, threshold)?, deviations })
    }
}

/// The learner's numbers. All classes are in use.
#[derive(Clone)]
pub struct Numbers {
    statistics: Vec<f32>,
    pub counts: Vec<u32>,
    pub features: usize,
    pub progress: Progress,
    steps: u32,
    pub trained: Option<Trained>,
    kept: Option<Kept>,
    distances: Option<Distances>,
}

impl Numbers {
    /// Nothing learned.
    pub fn new(
        classes: usize,
        features: usize,
        keeping: Option<Keeping>,
        novelty: bool,
        trained: Option<Trained>,
    ) -> PyResult<Self> {
        let mut new = Numbers {
            statistics: vec![0.0; StatisticsView::numbers_of(classes, features)],
            counts: vec![0; classes],
            features,
            progress: Progress { prior: 0.0, base: 0.0, labels: 0, classes },
            steps: 0,
            trained,
            kept: keeping.map(|keeping| Kept::new(classes, features, keeping)).transpose()?,
            distances: novelty.then(|| Distances::new(classes, features)),
        };
        new.base(|_| Ok(())).map_err(refused)?;
        Ok(new)
    }

    /// How samples are kept, if any are.
    pub fn keeping(&self) -> Option<Keeping> {
        self.kept.as_ref().map(|kept| kept.keeping)
    }

    /// The weights of the discriminant and of kept samples.
    pub fn weights(&self) -> Option<[f32; 2]> {
        self.kept.as_ref().map(|kept| kept.state.weights())
    }

    /// Whether there are distances.
    pub fn has_distances(&self) -> bool {
        self.distances.is_some()
    }

    /// Forgets the samples, as `Learner::forget` and new neighbours on the same discriminant do.
    pub fn forget(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.clear();
        }
        let (classes, features) = (self.counts.len(), self.features);
        self.distances = self.distances.take().map(|_| Distances::new(classes, features));
    }

    /// Lets the discriminant alone do something.
    pub fn base<T>(&mut self, work: impl FnOnce(&mut DiscriminantView<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let mut scratch = vec![0.0; StatisticsView::scratch_of(self.counts.len(), self.features)];
        let view = DiscriminantView::new(&mut self.statistics, &mut self.counts, &mut scratch, self.features)?;
        let mut view = view.with_progress(self.progress)?;
        let output = work(&mut view)?;
        self.progress = view.progress();
        Ok(output)
    }

    /// Lets the whole learner do something.
    pub fn with<W: Work>(&mut self, reading: Reading, work: W) -> Result<W::Output, Error> {
        let Numbers { statistics, counts, features, progress, steps, trained, kept, distances } = self;
        let (classes, features) = (counts.len(), *features);
        let mut scratch = vec![0.0; StatisticsView::scratch_of(classes, features)];
        let mut pair = vec![0.0; 2 * classes];
        let base = DiscriminantView::new(statistics, counts, &mut scratch, features)?.with_progress(*progress)?;
        let mut state = State::with_work(PairView::new(&mut pair, classes)?);
        state.set_steps(*steps);
        let rest = Rest { state, distances, features, reading };
        let output;
        (*progress, *steps, output) = match trained {
            None => {
                let (base, taken, output) = on_top(base, kept, rest, work)?;
                (base.progress(), taken, output)
            }
            Some(Trained { file, map }) => {
                let trained = file.head();
                let trained = FrozenView::new(trained.parameters(), trained.classes(), trained.features())?;
                let (mixed, taken, output) = on_top(MixedView::new(base, &trained, map)?, kept, rest, work)?;
                (mixed.head().progress(), taken, output)
            }
        };
        Ok(output)
    }
}

/// All that a learner has beside its head.
struct Rest<'a, 'd> {
    state: State<PairView<'a, f32>>,
    distances: &'d mut Option<Distances>,
    features: usize,
    reading: Reading,
}

/// Work on a learner with this head, kept samples on top if there are some; returns the head, the steps, and the result.
fn on_top<'a, B: AnyBase<'a>, W: Work>(
    base: B,
    kept: &mut Option<Kept>,
    rest: Rest<'a, '_>,
    work: W,
) -> Result<(B, u32, W::Output), Error> {
    let Some(Kept { keeping: (slots, quantized, seed), floats, bytes, scales, seen, random, state }) = kept else {
        return over(base, rest, work);
    };
    // Each memory has a type of its own, and leaves the same behind.
    macro_rules! over_neighbours {
        ($storage:expr) => {{
            let new = Reservoir::over($storage, *seed);
            let memory = match random {
                Some(random) => new.with_random(*random),
                None => new,
            };
            let (head, taken, output) = over(Neighbours::new(base, memory).with_state(*state), rest, work)?;
            *state = head.state();
            let (base, memory) = head.into_parts();
            *random = Some(memory.random());
            Ok((base, taken, output))
        }};
    }
    let features = rest.features;
    if *quantized {
        let (mut restored, mut query) = (vec![0.0; features], vec![0; features]);
        over_neighbours!(QuantizedSlotsView::new(bytes, scales, seen, &mut restored, &mut query, *slots)?)
    } else {
        over_neighbours!(SlotsView::new(floats, seen, *slots, features)?)
    }
}

/// Work on a learner with this head; returns the head, the steps, and the result.
fn over<'a, H, W>(head: H, rest: Rest<'a, '_>, work: W) -> Result<(H, u32, W::Output), Error>
where
    H: AnyDiscriminant<Room = PairView<'a, f32>>,
    W: Work,
{
    let Rest { state, distances, features, reading: Reading { readout, deviations } } = rest;
    let Some(Distances { numbers, counts, scores }) = distances else {
        let (head, state, _, output) = run(head, state, readout, work);
        return Ok((head, state.steps(), output));
    };
    let mut novelty: NoveltyView<'_> = NoveltyView::resume(numbers, counts, features, readout, *scores)?;
    deviations.map_or(Ok(()), |deviations| novelty.set_deviations(deviations))?;
    let (head, state, novelty, output) = run(head, state, novelty, work);
    *scores = novelty.scores();
    Ok((head, state.steps(), output))
}

fn run<H: AnyDiscriminant, A: AnyReadout, W: Work>(
    head: H,
    state: State<H::Room>,
    readout: A,
    work: W,
) -> (H, State<H::Room>, A, W::Output) {
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout };
    let mut learner = Learner::with_state(head, state, parts);
    let output = work.run(&mut learner);
    let (head, state, parts) = learner.into_parts();
    (head, state, parts.readout, output)
}
