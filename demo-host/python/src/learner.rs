//! A learner whose head is a discriminant, alone or with kept samples on top, and whose read-out may know distances. Its numbers lie in vectors;
//! the core's views over them exist for one call.

use gradient_decay::discriminant::Progress;
use gradient_decay::learn::{LearnFrom, Unlearn};
use gradient_decay::neighbours::NeighboursState;
use gradient_decay::novelty::{MomentsView, Sums};
use gradient_decay::readout::Read;
use gradient_decay::replay::{QuantizedSlotsView, Random, Reservoir, SlotsView};
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    DiscriminantView, Error, Learner, Libm, Neighbours, NoveltyView, PairView, Parts, Readout, Saved, State,
    StreamingLda,
};
use pyo3::prelude::*;

use crate::arguments::{readout, refused, zeros};

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
    kept: Option<Kept>,
    distances: Option<Distances>,
}

impl Numbers {
    /// Nothing learned.
    pub fn new(classes: usize, features: usize, keeping: Option<Keeping>, novelty: bool) -> PyResult<Self> {
        let mut new = Numbers {
            statistics: vec![0.0; StatisticsView::numbers_of(classes, features)],
            counts: vec![0; classes],
            features,
            progress: Progress { prior: 0.0, base: 0.0, labels: 0, classes },
            steps: 0,
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
        let Numbers { statistics, counts, features, progress, steps, kept, distances } = self;
        let (classes, features) = (counts.len(), *features);
        let mut scratch = vec![0.0; StatisticsView::scratch_of(classes, features)];
        let (mut pair, mut restored, mut query) = (vec![0.0; 2 * classes], vec![0.0; features], vec![0; features]);
        let base = DiscriminantView::new(statistics, counts, &mut scratch, features)?.with_progress(*progress)?;
        let mut state = State::with_work(PairView::new(&mut pair, classes)?);
        state.set_steps(*steps);
        let (base, taken, output) = match kept {
            None => over(base, state, distances, features, reading, work)?,
            Some(Kept { keeping, floats, bytes, scales, seen, random, state: own }) => {
                let (slots, quantized, seed) = *keeping;
                // Each memory has a type of its own, and leaves the same behind.
                macro_rules! on_top {
                    ($storage:expr) => {{
                        let new = Reservoir::over($storage, seed);
                        let memory = match random {
                            Some(random) => new.with_random(*random),
                            None => new,
                        };
                        let head = Neighbours::new(base, memory).with_state(*own);
                        let (head, taken, output) = over(head, state, distances, features, reading, work)?;
                        *own = head.state();
                        let (base, memory) = head.into_parts();
                        *random = Some(memory.random());
                        (base, taken, output)
                    }};
                }
                if quantized {
                    on_top!(QuantizedSlotsView::new(bytes, scales, seen, &mut restored, &mut query, slots)?)
                } else {
                    on_top!(SlotsView::new(floats, seen, slots, features)?)
                }
            }
        };
        (*progress, *steps) = (base.progress(), taken);
        Ok(output)
    }
}

/// Work on a learner with this head; returns the head, the steps, and the result.
fn over<'a, H, W>(
    head: H,
    state: State<PairView<'a, f32>>,
    distances: &mut Option<Distances>,
    features: usize,
    Reading { readout, deviations }: Reading,
    work: W,
) -> Result<(H, u32, W::Output), Error>
where
    H: AnyDiscriminant<Room = PairView<'a, f32>>,
    W: Work,
{
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
