//! The heads that learn without a gradient, alone and in a learner with all parts.

use core::hint::black_box;

use gradient_decay::learn::ResidualSettings;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    Calibration, Classes, Contents, DiscriminantHead, DiscriminantView, Error, Guard, Head, Learner, LinearHead, Math,
    MixedHead, Neighbours, Novelty, PairView, Parts, Preprocess, Quantized, Readout, Replay, Residual, Standardizer,
    State, StreamingLda, checkpoint, kernels,
};

use crate::settings;

const CLASSES: usize = 3;
const FEATURES: usize = 9;
const UPPER: usize = kernels::packed(FEATURES);

pub fn all<M: Math>() -> Result<(), Error> {
    let lda = lda()?;
    // Whole panels and broken ones, and the smallest there is.
    shape::<10, 64, { kernels::packed(64) }, M>(&lda, black_box(&[0.0; 64]))?;
    shape::<7, 13, { kernels::packed(13) }, M>(&lda, black_box(&[0.0; 13]))?;
    shape::<1, 1, 0, M>(&lda, black_box(&[0.0; 1]))?;
    view::<M>(
        &lda,
        black_box([0.0].as_mut_slice()),
        black_box([0].as_mut_slice()),
        black_box([0.0].as_mut_slice()),
        black_box(&[0.0]),
    )?;
    mixed::<M>(&lda, black_box(&[0.0; FEATURES]))?;
    neighbours::<M>(&lda, black_box(&[0.0; FEATURES]))?;
    learner::<M>(&lda, black_box(&[0.0; FEATURES]))
}

fn lda() -> Result<StreamingLda, Error> {
    let lda = StreamingLda::new().try_with_prior(black_box(16.0), black_box(0.5))?.try_with_ridge(black_box(1e-3))?;
    let lda = lda.with_most(black_box(50));
    black_box((lda.prior_samples(), lda.prior_variance(), lda.ridge(), lda.most()));
    Ok(lda)
}

fn shape<const C: usize, const F: usize, const U: usize, M: Math>(
    lda: &StreamingLda,
    x: &[f32; F],
) -> Result<(), Error> {
    let mut head: DiscriminantHead<C, F, U, M> = DiscriminantHead::empty();
    black_box(head.add_class()?);
    head.learn(lda, x, black_box(1))?;
    head.unlearn(lda, x, black_box(1))?;
    head.refresh(black_box(1));
    head.discount(black_box(64.0), black_box(3))?;
    black_box((head.samples(black_box(1)), head.labels(), head.temperature(), head.predict(x)?));
    black_box(head.to_linear(black_box(1.0))?.predict(x)?);
    head.remove_class(black_box(1))?;
    head.truncate(black_box(2))?;
    let mut logits = [0.0; C];
    head.logits(x, black_box(logits.as_mut_slice()))?;
    black_box((head.room(), head.classes(), head.knows(black_box(1))));
    let mut bytes = [0; 64];
    black_box(checkpoint::size(&head, Contents::ALL));
    checkpoint::write(&head, Contents::ALL, black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), &mut head)
}

fn neighbours<M: Math>(lda: &StreamingLda, x: &[f32; FEATURES]) -> Result<(), Error> {
    let kept = Replay::<CLASSES, 2, [f32; FEATURES], Quantized<FEATURES>>::new(black_box(1));
    let head = Neighbours::new(DiscriminantHead::<CLASSES, FEATURES, UPPER, M>::empty(), kept);
    let state = black_box(head.state());
    let mut learner = Learner::new(head.with_state(state), Parts::NONE);
    black_box(learner.add_class()?);
    black_box(learner.learn(lda, x, black_box(1))?.prediction());
    learner.unlearn(lda, x, black_box(1))?;
    black_box((learner.answer(x)?, learner.head().weights(), learner.head().kept().len(black_box(1))));
    let mut logits = [0.0; CLASSES];
    learner.head().logits(x, black_box(logits.as_mut_slice()))?;
    let steps = learner.steps();
    learner.replace(steps, |head| head.replace_base(|base| base.discount(black_box(64.0), black_box(3))))?;
    learner.remove_class(black_box(1))?;
    let mut bytes = [0; 64];
    black_box(checkpoint::size(&learner, Contents::ALL));
    checkpoint::write(&learner, Contents::ALL, black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), &mut learner)?;
    let (base, kept) = learner.into_parts().0.into_parts();
    black_box((base.labels(), kept.len(black_box(1))));
    Ok(())
}

fn view<M: Math>(
    lda: &StreamingLda,
    numbers: &mut [f32],
    counts: &mut [u32],
    scratch: &mut [f32],
    x: &[f32],
) -> Result<(), Error> {
    let features = black_box(3);
    black_box((StatisticsView::numbers_of(counts.len(), features), StatisticsView::scratch_of(2, features)));
    let mut head: DiscriminantView<'_, M> = DiscriminantView::with_math(numbers, counts, scratch, features)?;
    let progress = head.progress();
    head = head.with_progress(black_box(progress))?;
    head.learn(lda, x, black_box(1))?;
    head.unlearn(lda, x, black_box(1))?;
    head.refresh(black_box(1));
    head.add_class()?;
    head.remove_class(black_box(1))?;
    head.truncate(black_box(2))?;
    let mut pairs = [0.0; 8];
    head.logits(x, black_box(pairs.as_mut_slice()))?;
    let state = State::with_work(PairView::new(black_box(pairs.as_mut_slice()), black_box(2))?);
    let mut learner = Learner::with_state(head, state, Parts::NONE);
    black_box(learner.learn(lda, x, black_box(1))?.prediction());
    learner.unlearn(lda, x, black_box(1))?;
    let mut bytes = [0; 64];
    let (mut head, ..) = learner.into_parts();
    checkpoint::write(&head, Contents::ALL, black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), &mut head)
}

fn mixed<M: Math>(lda: &StreamingLda, x: &[f32; FEATURES]) -> Result<(), Error> {
    let trained: LinearHead<2, FEATURES, M> = LinearHead::new();
    let new: DiscriminantHead<CLASSES, FEATURES, UPPER, M> = DiscriminantHead::new();
    let mut head: MixedHead<'_, CLASSES, FEATURES, UPPER, 2, M> = MixedHead::new(new, black_box(&trained));
    head.truncate(black_box(2))?;
    black_box(head.add_class()?);
    head.learn(lda, x, black_box(1))?;
    head.unlearn(lda, x, black_box(1))?;
    head.remove_class(black_box(1))?;
    black_box((head.predict(x)?, head.head().labels(), head.to_linear(black_box(1.0))?.predict(x)?));
    let mut learner = Learner::new(head, Parts::NONE);
    black_box(learner.learn(lda, x, black_box(1))?.prediction());
    let mut bytes = [0; 64];
    checkpoint::write(&learner, Contents::ALL, black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), &mut learner)
}

/// With every part there is, and a residual on top.
fn learner<M: Math>(lda: &StreamingLda, x: &[f32; FEATURES]) -> Result<(), Error> {
    let mut units = Standardizer::<FEATURES, M>::new(black_box(9));
    units.observe(x)?;
    let readout = Readout::<M>::with_math().try_with_threshold(black_box(0.5))?;
    let parts = Parts {
        preprocess: units,
        memory: Replay::<CLASSES, 2, [f32; FEATURES], Quantized<FEATURES>>::new(1),
        guard: Guard::try_new(Replay::<CLASSES, 2, [f32; FEATURES]>::new(2), black_box(0.1), black_box(3))?,
        calibration: Calibration::<10, M>::new(),
        readout: Novelty::<CLASSES, FEATURES, f32, M>::new(readout),
    };
    let base: DiscriminantHead<CLASSES, FEATURES, UPPER, M> = DiscriminantHead::empty();
    let head = Residual::new(base, LinearHead::<CLASSES, FEATURES, M>::empty());
    let settings = ResidualSettings { base: *lda, tuner: settings(black_box(0.1), black_box(3))? };
    let mut learner = Learner::new(head, parts);
    black_box(learner.add_class()?);
    black_box(learner.learn(&settings, x, black_box(1))?.prediction());
    learner.unlearn(&settings, x, black_box(1))?;
    black_box((learner.rehearse(&settings, black_box(2)), learner.judge(), learner.answer(x)?));
    learner.remove_class(black_box(1))?;
    let mut bytes = [0; 64];
    checkpoint::write(&learner, Contents::ALL, black_box(bytes.as_mut_slice()))?;
    checkpoint::read(black_box(bytes.as_slice()), &mut learner)?;
    black_box((learner.head().base().labels(), learner.head().residual().classes()));
    learner.forget();
    Ok(())
}
