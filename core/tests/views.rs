//! A learner all of whose parts lie in the caller's slices has the bits of one of known shape, in memory and in a checkpoint.
#![cfg(all(feature = "checkpoint", feature = "libm"))]

use gradient_decay::learn::LearnFrom;
use gradient_decay::novelty::MomentsView;
use gradient_decay::replay::{QuantizedSlotsView, SlotsView};
use gradient_decay::standardize::UnitsView;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    Answer, BetaSchedule, Calibration, Classes, Contents, DiscriminantHead, DiscriminantView, FineTuner, Guard,
    Learner, LinearHead, LinearView, Memory, Novelty, NoveltyView, PairView, Parts, Preprocess, Quantized,
    QuantizedReplayView, Readout, Replay, ReplayView, Saved, Sgd, Standardizer, StandardizerView, State, StreamingLda,
    checkpoint, kernels, readout::Read,
};

const ROOM: usize = 5;
const FEATURES: usize = 6;
const SLOTS: usize = 3;

/// One class a feature, with a little noise that follows from `i`, far from 0.
fn sample(i: usize, class: usize) -> [f32; FEATURES] {
    core::array::from_fn(|j| {
        let noise = ((i * 31 + j * 17) % 13) as f32 / 13.0 - 0.5;
        20.0 + noise + if j == class { 2.0 } else { 0.0 }
    })
}

fn saved<T: Saved>(saved: &T) -> Vec<u8> {
    let mut bytes = vec![0; checkpoint::size(saved, Contents::ALL)];
    checkpoint::write(saved, Contents::ALL, &mut bytes).unwrap();
    bytes
}

/// What the caller lends.
struct Room {
    units: Vec<f32>,
    values: Vec<i8>,
    scales: Vec<f32>,
    seen: Vec<u32>,
    restored: Vec<f32>,
    held_out: Vec<f32>,
    its_seen: Vec<u32>,
    moments: Vec<f32>,
    counts: Vec<u32>,
}

type Known = Parts<
    Standardizer<FEATURES>,
    Replay<ROOM, SLOTS, [f32; FEATURES], Quantized<FEATURES>>,
    Guard<Replay<ROOM, SLOTS, [f32; FEATURES]>>,
    Calibration<10>,
    Novelty<ROOM, FEATURES>,
>;

type Views<'a> =
    Parts<StandardizerView<'a>, QuantizedReplayView<'a>, Guard<ReplayView<'a, f32>>, Calibration<10>, NoveltyView<'a>>;

impl Room {
    fn new() -> Self {
        // The constructors set to zero what must be.
        Room {
            units: vec![7.0; UnitsView::numbers_of(FEATURES)],
            values: vec![0; ROOM * SLOTS * FEATURES],
            scales: vec![0.0; ROOM * SLOTS],
            seen: vec![0; ROOM],
            restored: vec![7.0; FEATURES],
            held_out: vec![0.0; ROOM * SLOTS * FEATURES],
            its_seen: vec![0; ROOM],
            moments: vec![7.0; MomentsView::<f32>::numbers_of(ROOM, FEATURES)],
            counts: vec![7; ROOM],
        }
    }

    fn views(&mut self) -> Views<'_> {
        let Room { units, values, scales, seen, restored, held_out, its_seen, moments, counts } = self;
        let samples = QuantizedSlotsView::new(values, scales, seen, restored, SLOTS).unwrap();
        let held_out = ReplayView::over(SlotsView::new(held_out, its_seen, SLOTS, FEATURES).unwrap(), 2);
        Parts {
            preprocess: StandardizerView::new(units, FEATURES, 9).unwrap(),
            memory: QuantizedReplayView::over(samples, 1),
            guard: Guard::new(held_out, 0.5, 7),
            calibration: Calibration::new(),
            readout: NoveltyView::over(moments, counts, FEATURES, readout()).unwrap(),
        }
    }
}

fn readout() -> Readout {
    Readout::new().with_threshold(0.4).with_temperature(1.3)
}

fn known() -> Known {
    Parts {
        preprocess: Standardizer::new(9),
        memory: Replay::new(1),
        guard: Guard::new(Replay::new(2), 0.5, 7),
        calibration: Calibration::new(),
        readout: Novelty::new(readout()),
    }
}

/// A lesson of both, each step of which must be the same; `extra` is what only some heads can do.
fn lesson<H, V, S>(
    mut known: Learner<H, Known>,
    mut view: Learner<V, Views<'_>>,
    settings: &S,
    extra: impl Fn(&mut Learner<H, Known>, &mut Learner<V, Views<'_>>, &[f32; FEATURES], usize),
) where
    H: LearnFrom<usize, Features = [f32; FEATURES], Number = f32, Settings = S> + Classes + Saved,
    V: LearnFrom<usize, Features = [f32], Number = f32, Settings = S> + Classes + Saved,
{
    for i in 0..9 {
        let x = sample(i, i % 3);
        assert!(view.learn(settings, &x, 0).is_err() && known.learn(settings, &x, 0).is_err());
        assert_eq!((view.observe(&x), known.observe(&x)), (Ok(()), Ok(())));
    }
    for class in 0..4 {
        assert_eq!((known.add_class(), view.add_class()), (Ok(class), Ok(class)));
    }
    let mut unknown = 0;
    for i in 0..120 {
        let x = sample(i, i % 4);
        let expected = known.learn(settings, &x, i % 4).unwrap();
        let found = view.learn(settings, &x, i % 4).unwrap();
        assert_eq!((found.loss(), found.prediction()), (expected.loss(), expected.prediction()));
        assert_eq!(found.learned(), expected.learned());
        extra(&mut known, &mut view, &x, i % 4);
        let asked = sample(i + 500, i % 6);
        let answer = view.answer(&asked).unwrap();
        assert_eq!(Ok(answer), known.answer(&asked));
        unknown += u32::from(matches!(answer, Answer::Unknown(..)));
        if i == 70 {
            assert_eq!((known.remove_class(1), view.remove_class(1)), (Ok(()), Ok(())));
            assert_eq!((known.add_class(), view.add_class()), (Ok(3), Ok(3)));
        }
        if i % 10 == 0 {
            assert_eq!(view.judge(), known.judge());
            assert_eq!(saved(&view), saved(&known), "{i}");
        }
    }
    assert!((1..120).contains(&unknown), "{unknown}");
    // Either reads what the other wrote; so does one of the other shape not.
    let bytes = saved(&known);
    let mut damaged = bytes.clone();
    damaged[40] ^= 1;
    assert!(checkpoint::read(&damaged, &mut view).is_err() && saved(&view) == bytes);
    view.forget();
    known.forget();
    assert!(saved(&view) == saved(&known) && saved(&view) != bytes);
    checkpoint::read(&bytes, &mut view).unwrap();
    assert_eq!(saved(&view), bytes);
    checkpoint::read(&bytes, &mut known).unwrap();
    assert_eq!(view.answer(&sample(3, 2)), known.answer(&sample(3, 2)));
}

#[test]
fn a_linear_head_in_slices_has_the_bits_in_every_part() {
    let tuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 30), Sgd::new(0.1));
    let (mut parameters, mut scratch, mut room) = (vec![0.0; ROOM * (FEATURES + 1)], vec![0.0; 2 * ROOM], Room::new());
    let head = LinearView::new(&mut parameters, ROOM, FEATURES).unwrap().with_classes(0).unwrap();
    let state = State::with_work(PairView::new(&mut scratch, ROOM).unwrap());
    let view = Learner::with_state(head, state, room.views());
    lesson(Learner::new(LinearHead::<ROOM, FEATURES>::empty(), known()), view, &tuner, |known, view, _, _| {
        assert_eq!(view.rehearse(&tuner, 2), known.rehearse(&tuner, 2));
    });
}

#[test]
fn a_discriminant_in_slices_has_the_bits_in_every_part() {
    let lda = StreamingLda::new();
    let (mut numbers, mut counts) = (vec![0.0; StatisticsView::numbers_of(ROOM, FEATURES)], vec![0; ROOM]);
    let (mut work, mut scratch, mut room) =
        (vec![0.0; StatisticsView::scratch_of(ROOM, FEATURES)], vec![0.0; 2 * ROOM], Room::new());
    let mut head = DiscriminantView::new(&mut numbers, &mut counts, &mut work, FEATURES).unwrap();
    head.truncate(0).unwrap();
    let state = State::with_work(PairView::new(&mut scratch, ROOM).unwrap());
    let view = Learner::with_state(head, state, room.views());
    let head = DiscriminantHead::<ROOM, FEATURES, { kernels::packed(FEATURES) }>::empty();
    lesson(Learner::new(head, known()), view, &lda, |known, view, x, class| {
        // A slip of the finger; a sample that was held out was not learned.
        let wrong = (class + 1) % 4;
        if known.learn(&lda, x, wrong).unwrap().learned() {
            assert!(view.learn(&lda, x, wrong).unwrap().learned());
            assert_eq!((known.unlearn(&lda, x, wrong), view.unlearn(&lda, x, wrong)), (Ok(()), Ok(())));
        } else {
            assert!(!view.learn(&lda, x, wrong).unwrap().learned());
        }
    });
}

/// Memory and distances of a head in integers.
#[test]
fn bytes_in_slices_have_the_bits() {
    let x = |i: usize| -> [i8; FEATURES] { core::array::from_fn(|j| ((i * 37 + j * 11) % 200) as i8) };
    let (mut samples, mut seen) = (vec![0; ROOM * SLOTS * FEATURES], vec![0; ROOM]);
    let (mut moments, mut counts) = (vec![0.0; MomentsView::<i8>::numbers_of(ROOM, FEATURES)], vec![0; ROOM]);
    let mut known = (Replay::<ROOM, SLOTS, [i8; FEATURES]>::new(1), Novelty::<ROOM, FEATURES, i8>::new(Readout::new()));
    let mut views = (
        ReplayView::over(SlotsView::new(&mut samples, &mut seen, SLOTS, FEATURES).unwrap(), 1),
        NoveltyView::<i8>::over(&mut moments, &mut counts, FEATURES, Readout::new()).unwrap(),
    );
    for i in 0..100 {
        known.0.remember(&x(i), i % 4);
        views.0.remember(&x(i), i % 4);
        known.1.observe(&x(i), i % 4, 0.9);
        views.1.observe(&x(i), i % 4, 0.9);
        assert_eq!(views.1.score(&x(i + 1), 0.7), known.1.score(&x(i + 1), 0.7));
        if i % 9 == 0 {
            assert_eq!(views.0.forget_sample(&x(i), i % 4), known.0.forget_sample(&x(i), i % 4));
            known.1.take_back(&x(i), i % 4, 0.9);
            views.1.take_back(&x(i), i % 4, 0.9);
        }
        assert_eq!((saved(&views.0), saved(&views.1)), (saved(&known.0), saved(&known.1)));
    }
}

#[test]
fn slices_of_another_length_are_refused() {
    assert!(StandardizerView::new(&mut [0.0; 7], 2, 1).is_err());
    let mut units = [0.0; 8];
    let mut units = StandardizerView::new(&mut units, 2, 1).unwrap();
    assert!(units.set_statistics(&[0.0; 2], &[1.0; 3]).is_err() && units.set_statistics(&[0.0], &[1.0; 2]).is_err());
    assert!(units.set_statistics(&[0.0, f32::NAN], &[1.0; 2]).is_err() && !units.is_fixed());
    assert!(units.observe(&[1.0; 3]).is_err());
    assert!(NoveltyView::<f32>::over(&mut [0.0; 5], &mut [0; 1], 2, Readout::new()).is_err());
    let (mut values, mut scales, mut seen, mut room) = ([0; 8], [0.0; 4], [0; 2], [0.0; 2]);
    assert!(QuantizedSlotsView::new(&mut values[..7], &mut scales, &mut seen, &mut room, 2).is_err());
    assert!(QuantizedSlotsView::new(&mut values, &mut scales, &mut [], &mut room, 2).is_err());
    let slots = QuantizedSlotsView::new(&mut values, &mut scales, &mut seen, &mut room, 2).unwrap();
    let mut memory = QuantizedReplayView::over(slots, 1);
    assert!(memory.insert(&[1.0; 3], 0).is_err() && memory.insert(&[f32::NAN, 0.0], 0).is_err() && memory.is_empty());
}
