//! Learners with all parts and without, and each part by itself.

use core::hint::black_box;

use gradient_decay::guard::Judge;
use gradient_decay::novelty::MomentsView;
use gradient_decay::replay::{QuantizedSlotsView, SlotsView};
use gradient_decay::standardize::UnitsView;
use gradient_decay::storage::Empty;
use gradient_decay::{
    Calibration, Classes, Contents, Error, FineTuner, FixedHead, Guard, Learner, LinearHead, LinearView, Math, Memory,
    MlpHead, NoveltyView, PairView, Parts, Preprocess, Quantized, QuantizedReplayView, Quantizer, Readout, Replay,
    ReplayView, Saved, Standardizer, StandardizerView, State, Train, checkpoint,
};

use crate::{fixed_settings, settings};

const CLASSES: usize = 3;
const FEATURES: usize = 9;

type Units<M> = Standardizer<FEATURES, M>;
type Bytes = Replay<CLASSES, 2, [f32; FEATURES], Quantized<FEATURES>>;
type Floats = Replay<CLASSES, 2, [f32; FEATURES]>;
type Integers = Replay<CLASSES, 2, [i8; FEATURES]>;

pub fn all<M: Math>() -> Result<(), Error> {
    let tuner = settings(black_box(0.1), black_box(3))?;
    let features = black_box(&[0.5; FEATURES]);
    let linear: LinearHead<CLASSES, FEATURES, M> = LinearHead::empty();
    let with_all = parts::<_, _, _, M>(units::<M>()?, Bytes::new(1), Floats::new(2))?;
    learner(Learner::new(linear, with_all), &tuner, features)?;
    let mlp: MlpHead<CLASSES, 5, FEATURES, M> = MlpHead::new();
    learner(Learner::new(mlp, parts::<_, _, _, M>((), (), Bytes::new(2))?), &tuner, features)?;
    let fixed: FixedHead<CLASSES, FEATURES, M> = FixedHead::empty(black_box(5), black_box(1));
    let quantizer = Quantizer::new(black_box(5), units::<M>()?);
    let in_integers = parts::<_, _, _, M>(quantizer, Integers::new(1), Integers::new(2))?;
    learner(Learner::new(fixed, in_integers), &fixed_settings(black_box(0.1))?, features)?;

    let mut bare = Learner::new(LinearHead::<CLASSES, FEATURES, M>::new(), Parts::NONE);
    black_box((bare.answer(features)?, bare.learn(&tuner, features, black_box(1))?.learned()));
    memory(black_box([0.0].as_mut_slice()), black_box([0].as_mut_slice()), features)?;
    views::<M>(&tuner, features)
}

fn units<M: Math>() -> Result<Units<M>, Error> {
    black_box(Units::<M>::try_with_math(black_box(&[0.0; FEATURES]), black_box(&[1.0; FEATURES]))?);
    let mut units = Units::<M>::new(black_box(9));
    units.observe(black_box(&[0.5; FEATURES]))?;
    black_box((units.is_fixed(), units.observed(), units.mean(), units.variance()));
    Ok(units)
}

type AllParts<P, R, G, M> = Parts<P, R, Guard<G>, Calibration<10, M>, Readout<M>>;

fn parts<P, R, G, M: Math>(preprocess: P, memory: R, held_out: G) -> Result<AllParts<P, R, G, M>, Error> {
    let readout = Readout::<M>::with_math().try_with_temperature(black_box(2.0))?.try_with_threshold(black_box(0.5))?;
    black_box((readout.temperature(), readout.threshold()));
    black_box(readout.answer_logits(black_box([0.5, 0.25, 0.0].as_mut_slice())))?;
    let guard = Guard::try_new(held_out, black_box(0.1), black_box(3))?;
    Ok(Parts { preprocess, memory, guard, calibration: Calibration::new(), readout })
}

fn learner<H, P, R, G, M>(
    mut learner: Learner<H, AllParts<P, R, G, M>>,
    tuner: &FineTuner<H::Optimizer>,
    features: &P::Input,
) -> Result<(), Error>
where
    H: Train<Work: Empty> + Classes + Saved,
    P: Preprocess<H::Features> + Saved,
    R: Memory<H::Features> + Saved,
    G: Memory<H::Features>,
    M: Math,
    Guard<G>: Judge<H::Features> + Saved,
{
    black_box(learner.add_class()?);
    learner.observe(features)?;
    black_box(learner.learn(tuner, features, black_box(1))?.prediction());
    black_box(learner.rehearse(tuner, black_box(2)));
    black_box((learner.judge(), learner.answer(features)?, learner.classes(), learner.steps()));
    learner.fit_temperature(black_box(5))?;
    learner.set_steps(black_box(3));
    learner.remove_class(black_box(1))?;
    learner.replace(black_box(2), |head| head.remove_class(black_box(1)))?;
    learner.set_readout(Readout::with_math());
    let mut bytes = [0; 64];
    checkpoint::write(
        &learner,
        Contents::ALL.without_samples().without_calibration(),
        black_box(bytes.as_mut_slice()),
    )?;
    checkpoint::read(black_box(bytes.as_slice()), &mut learner)?;
    black_box((learner.head().classes(), learner.parts()));
    learner.forget();
    Ok(())
}

fn memory(samples: &mut [f32], seen: &mut [u32], features: &[f32]) -> Result<(), Error> {
    let mut memory = ReplayView::over(SlotsView::new(samples, seen, black_box(2), black_box(3))?, black_box(1));
    memory.insert(features, black_box(1))?;
    memory.for_each(|features, class| _ = black_box((features, class)));
    black_box(memory.rehearse(black_box(2), |features, class| black_box((features, class)).1 > 0));
    black_box((memory.is_empty(), memory.len(black_box(1)), memory.seen(black_box(1))));
    memory.remove_class(black_box(1));
    memory.forget(black_box(0))?;
    memory.clear();
    Ok(())
}

/// A learner over slices of lengths that the compiler does not know.
fn views<M: Math>(tuner: &FineTuner, features: &[f32]) -> Result<(), Error> {
    let (mut numbers, mut counts, mut values) = ([0.0; 100], [0; 9], [0; 12]);
    let mut rest = black_box(numbers.as_mut_slice());
    let mut take = |n: usize| {
        let (taken, behind) = core::mem::take(&mut rest).split_at_mut_checked(black_box(n)).unwrap_or_default();
        rest = behind;
        taken
    };
    let (room, features_of) = (black_box(3), black_box(9));
    let head = LinearView::<M>::with_math(take(30), room, features_of)?;
    let state = State::with_work(PairView::new(take(6), room)?);
    let mut units = StandardizerView::<M>::with_math(take(UnitsView::numbers_of(9)), features_of, black_box(1))?;
    units.set_statistics(features, features)?;
    black_box((units.is_fixed(), units.observed()));
    let (seen, counts) = black_box(counts.as_mut_slice()).split_at_mut_checked(black_box(3)).unwrap_or_default();
    let (its_seen, counts) = counts.split_at_mut_checked(black_box(3)).unwrap_or_default();
    let (values, query) = black_box(values.as_mut_slice()).split_at_mut_checked(black_box(9)).unwrap_or_default();
    let slots = QuantizedSlotsView::new(values, take(3), seen, take(3), query, black_box(1))?;
    let held_out = ReplayView::over(SlotsView::new(take(9), its_seen, black_box(1), black_box(3))?, black_box(2));
    let mut novelty = NoveltyView::<f32, M>::over(
        take(MomentsView::<f32>::numbers_of(3, 3)),
        counts,
        features_of,
        Readout::with_math(),
    )?;
    novelty.set_deviations(black_box(1.0))?;
    let parts = Parts {
        preprocess: units,
        memory: QuantizedReplayView::over(slots, black_box(1)),
        guard: Guard::try_new(held_out, black_box(0.1), black_box(3))?,
        calibration: Calibration::<10, M>::new(),
        readout: novelty,
    };
    let mut learner = Learner::with_state(head, state, parts);
    black_box(learner.add_class()?);
    learner.observe(features)?;
    black_box(learner.learn(tuner, features, black_box(1))?.prediction());
    black_box(learner.rehearse(tuner, black_box(2)));
    black_box((learner.judge(), learner.answer(features)?));
    learner.remove_class(black_box(1))?;
    let mut bytes = [0; 64];
    checkpoint::write(&learner, Contents::ALL, black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), &mut learner)?;
    learner.forget();
    Ok(())
}
