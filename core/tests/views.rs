//! A learner whose parts all lie in the caller's slices has the same bits as one of known shape, in memory and in a checkpoint.
#![cfg(all(feature = "checkpoint", feature = "libm"))]

use gradient_decay::error::Slice;
use gradient_decay::learn::LearnFrom;
use gradient_decay::novelty::MomentsView;
use gradient_decay::replay::{QuantizedSlotsView, SlotsView};
use gradient_decay::standardize::UnitsView;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    Answer, BetaSchedule, Calibration, Classes, Contents, DiscriminantHead, DiscriminantView, Error, FineTuner,
    FixedHead, FixedRate, FixedSettings, FixedView, Guard, Head, Learner, LinearHead, LinearView, Memory, Novelty,
    NoveltyView, PairView, Parts, Preprocess, Quantized, QuantizedReplayView, Readout, Replay, ReplayView, Saved, Sgd,
    Standardizer, StandardizerView, State, StreamingLda, checkpoint, kernels, readout::Read,
};

const ROOM: usize = 5;
const FEATURES: usize = 6;
const SLOTS: usize = 3;

/// The number of steps of a test: `full`, or where Miri interprets the code, a thousand times slower, a tenth of them.
const fn steps(full: usize) -> usize {
    if cfg!(miri) { full / 10 } else { full }
}

/// Samples of one class for each feature, far from 0, with a little noise that depends on `i`.
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

/// The slices that the caller lends.
struct Room {
    units: Vec<f32>,
    values: Vec<i8>,
    scales: Vec<f32>,
    seen: Vec<u32>,
    restored: Vec<f32>,
    query: Vec<i8>,
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
        // The constructors must set these to zero.
        Room {
            units: vec![7.0; UnitsView::numbers_of(FEATURES)],
            values: vec![0; ROOM * SLOTS * FEATURES],
            scales: vec![0.0; ROOM * SLOTS],
            seen: vec![0; ROOM],
            restored: vec![7.0; FEATURES],
            query: vec![7; FEATURES],
            held_out: vec![0.0; ROOM * SLOTS * FEATURES],
            its_seen: vec![0; ROOM],
            moments: vec![7.0; MomentsView::<f32>::numbers_of(ROOM, FEATURES)],
            counts: vec![7; ROOM],
        }
    }

    fn views(&mut self) -> Views<'_> {
        let Room { units, values, scales, seen, restored, query, held_out, its_seen, moments, counts } = self;
        let samples = QuantizedSlotsView::new(values, scales, seen, restored, query, SLOTS).unwrap();
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

/// Teaches both, and compares each step; `extra` is what only some heads can do.
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
    for i in 0..steps(120) {
        let x = sample(i, i % 4);
        let expected = known.learn(settings, &x, i % 4).unwrap();
        let found = view.learn(settings, &x, i % 4).unwrap();
        assert_eq!((found.loss(), found.prediction()), (expected.loss(), expected.prediction()));
        assert_eq!(found.learned(), expected.learned());
        extra(&mut known, &mut view, &x, i % 4);
        let asked = sample(i + 500, i % 6);
        let answer = view.answer(&asked).unwrap();
        assert_eq!(Ok(answer), known.answer(&asked));
        unknown += usize::from(matches!(answer, Answer::Unknown(..)));
        if i == steps(70) {
            assert_eq!((known.remove_class(1), view.remove_class(1)), (Ok(()), Ok(())));
            assert_eq!((known.add_class(), view.add_class()), (Ok(3), Ok(3)));
        }
        if i % 10 == 0 {
            assert_eq!(view.judge(), known.judge());
            assert_eq!(saved(&view), saved(&known), "{i}");
        }
    }
    assert!((1..steps(120)).contains(&unknown), "{unknown}");
    // Each reads the checkpoint of the other; a learner of another shape refuses it.
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
        // A wrong label, taken back; a sample that was held out was not learned.
        let wrong = (class + 1) % 4;
        if known.learn(&lda, x, wrong).unwrap().learned() {
            assert!(view.learn(&lda, x, wrong).unwrap().learned());
            assert_eq!((known.unlearn(&lda, x, wrong), view.unlearn(&lda, x, wrong)), (Ok(()), Ok(())));
        } else {
            assert!(!view.learn(&lda, x, wrong).unwrap().learned());
        }
    });
}

/// A head in integers, with every part that takes bytes, at a length that ends in a broken block.
#[test]
fn a_head_in_integers_in_slices_has_the_bits_in_every_part() {
    const FEATURES: usize = 11;
    let x = |i: usize, class: usize| -> [i8; FEATURES] {
        core::array::from_fn(|j| ((i * 37 + j * 11) % 40) as i8 + if j == class { 60 } else { 0 })
    };
    let tuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 30), FixedRate::new(0.05));
    let (mut weights, mut bias, mut scratch) = ([0; ROOM * FEATURES], [0; ROOM], [0; 2 * ROOM]);
    let (mut samples, mut seen) = (vec![0; ROOM * SLOTS * FEATURES], vec![0; ROOM]);
    let (mut held_out, mut its_seen) = (vec![0; ROOM * SLOTS * FEATURES], vec![0; ROOM]);
    let (mut moments, mut counts) = (vec![0.0; MomentsView::<i8>::numbers_of(ROOM, FEATURES)], vec![0; ROOM]);
    let guard =
        Guard::new(ReplayView::over(SlotsView::new(&mut held_out, &mut its_seen, SLOTS, FEATURES).unwrap(), 2), 0.5, 7);
    let parts = Parts {
        preprocess: (),
        memory: ReplayView::over(SlotsView::new(&mut samples, &mut seen, SLOTS, FEATURES).unwrap(), 1),
        guard,
        calibration: Calibration::<10>::new(),
        readout: NoveltyView::<i8>::over(&mut moments, &mut counts, FEATURES, readout()).unwrap(),
    };
    let head = FixedView::new(&mut weights, &mut bias, FEATURES, 5, 9).unwrap().with_classes(0).unwrap();
    let state = State::with_work(PairView::new(&mut scratch, ROOM).unwrap());
    let mut view = Learner::with_state(head, state, parts);
    let parts = Parts {
        preprocess: (),
        memory: Replay::<ROOM, SLOTS, [i8; FEATURES]>::new(1),
        guard: Guard::new(Replay::<ROOM, SLOTS, [i8; FEATURES]>::new(2), 0.5, 7),
        calibration: Calibration::<10>::new(),
        readout: Novelty::<ROOM, FEATURES, i8>::new(readout()),
    };
    let mut known = Learner::new(FixedHead::<ROOM, FEATURES>::empty(5, 9), parts);
    for class in 0..4 {
        assert_eq!((known.add_class(), view.add_class()), (Ok(class), Ok(class)));
    }
    for i in 0..steps(150) {
        let (x, asked) = (x(i, i % 4), x(i + 500, i % 6));
        let expected = known.learn(&tuner, &x, i % 4).unwrap();
        let found = view.learn(&tuner, &x, i % 4).unwrap();
        assert_eq!((found.loss(), found.prediction()), (expected.loss(), expected.prediction()));
        assert_eq!(view.rehearse(&tuner, 2), known.rehearse(&tuner, 2));
        assert_eq!(view.answer(&asked), known.answer(&asked));
        if i == steps(70) {
            assert_eq!((known.remove_class(1), view.remove_class(1)), (Ok(()), Ok(())));
            assert_eq!((known.add_class(), view.add_class()), (Ok(3), Ok(3)));
        }
        // The generator of the rounding among them. CRCs are slow when interpreted.
        if !cfg!(miri) || i % 5 == 0 {
            assert_eq!(saved(&view), saved(&known), "{i}");
        }
    }
    let bytes = saved(&known);
    view.forget();
    known.forget();
    assert!(saved(&view) == saved(&known) && saved(&view) != bytes);
    checkpoint::read(&bytes, &mut view).unwrap();
    checkpoint::read(&bytes, &mut known).unwrap();
    assert!(saved(&view) == bytes && saved(&known) == bytes);
}

/// A step by settings that are integers is the step of a tuner with the same beta, and a head goes on as it was left.
#[test]
fn steps_in_integers_alone_have_the_bits_of_a_tuner() {
    const FEATURES: usize = 13;
    let tuner = FineTuner::new(BetaSchedule::constant(0.1), FixedRate::new(0.125));
    // ln(0.1) 2^16, rounded.
    let settings = FixedSettings::new(4096).with_ln_beta(0, -150_902, 0);
    let (mut head, mut state) = (FixedHead::<3, FEATURES>::new(4, 7), State::new());
    let (mut weights, mut bias, mut scratch) = ([0; 3 * FEATURES], [0; 3], [0; 6]);
    let mut random = FixedView::new(&mut weights, &mut bias, FEATURES, 4, 7).unwrap().random();
    for i in 0..steps(200) {
        let x: [i8; FEATURES] = core::array::from_fn(|j| ((i * 37 + j * 11) % 256) as u8 as i8);
        let mut view = FixedView::new(&mut weights, &mut bias, FEATURES, 4, 7).unwrap().with_random(random);
        let mut view_state = State::with_work(PairView::new(&mut scratch, 3).unwrap());
        view_state.set_steps(i as u32);
        let expected = tuner.step(&mut head, &mut state, &x, i % 3).unwrap();
        let found = view.learn(&settings, &mut view_state, &x, i % 3).unwrap();
        assert_eq!((found.loss as f32 / 65_536.0, found.class), (expected.loss(), expected.class()));
        assert_eq!((saved(&view), view_state.steps()), (saved(&head), state.steps()));
        let mut probabilities = [0; 3];
        assert_eq!(view.probabilities(&x, &mut probabilities), head.predict(&x));
        let sum: i32 = probabilities.iter().sum();
        assert!((32_765..=32_768).contains(&sum), "{probabilities:?}");
        random = view.random();
    }
    // As the owned head is converted.
    let parameters: [f32; 3 * (FEATURES + 1)] = core::array::from_fn(|i| i as f32 * 0.37 - 5.0);
    let mut linear = LinearHead::<3, FEATURES>::new();
    linear.import(&parameters).unwrap();
    let mut view = FixedView::new(&mut weights, &mut bias, FEATURES, 4, 7).unwrap();
    view.import(&parameters).unwrap();
    assert_eq!(saved(&view), saved(&FixedHead::from_head(&linear, 4, 7)));
    let (mut exported, mut expected) = (parameters, parameters);
    view.export(&mut exported).unwrap();
    FixedHead::from_head(&linear, 4, 7).to_head().export(&mut expected).unwrap();
    assert_eq!(exported, expected);
}

#[test]
fn a_head_in_integers_over_slices_of_another_length_is_refused() {
    let (mut weights, mut bias) = (vec![0; 2 * 513], vec![0; 2]);
    for (count, rows, features) in [(6, 2, 2), (0, 2, 0), (0, 0, 3), (1026, 2, 513), (6, 2, usize::MAX)] {
        assert!(FixedView::new(&mut weights[..count], &mut bias[..rows], features, 5, 1).is_err(), "{features}");
    }
    let mut head = FixedView::new(&mut weights[..6], &mut bias, 3, 9, 1).unwrap();
    assert_eq!((head.exponent(), head.features(), head.room(), head.classes()), (7, 3, 2, 2));
    let (settings, mut scratch) = (FixedSettings::new(100), [0; 4]);
    let mut state = State::with_work(PairView::new(&mut scratch, 2).unwrap());
    assert!(head.learn(&settings, &mut state, &[1, 2], 0).is_err());
    assert_eq!(head.learn(&settings, &mut state, &[1, 2, 3], 2).err(), Some(Error::Target { target: 2, classes: 2 }));
    let mut short = [0; 2];
    let mut short = State::with_work(PairView::new(&mut short, 1).unwrap());
    assert!(head.learn(&settings, &mut short, &[1, 2, 3], 0).is_err());
    assert!(head.probabilities(&[1, 2], &mut [0; 2]).is_err() && head.probabilities(&[1, 2, 3], &mut [0; 3]).is_err());
    assert!(
        head.import(&[0.0; 7]).is_err() && head.import(&[f32::NAN; 8]).is_err() && head.export(&mut [0.0; 9]).is_err()
    );
    assert!(head.quantize(&[0.0; 2], &mut [0; 3]).is_err() && head.quantize(&[0.0; 3], &mut [0; 2]).is_err());
    assert!(head.quantize(&[0.0, f32::NAN, 0.0], &mut [0; 3]).is_err());
    let mut bytes = [0; 3];
    head.quantize(&[0.5, -9.0, 0.0], &mut bytes).unwrap();
    assert_eq!(bytes, [64, -127, 0]);
    head.truncate(0).unwrap();
    assert_eq!(head.probabilities(&[1, 2, 3], &mut [0; 2]), Err(Error::NoClasses));
}

/// The memory and the distances of a head in integers.
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
    for i in 0..steps(100) {
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

/// Statistics that the host computed are set in a view as they are in a standardizer of known shape.
#[test]
fn statistics_of_the_host_are_set_in_a_view() {
    let (mean, deviation) = ([2.0, -7.0, 5.0], [0.5, 4.0, 0.0]);
    let known: Standardizer<3> = Standardizer::from_statistics(&mean, &deviation);
    let mut numbers = [0.0; UnitsView::numbers_of(3)];
    let mut view = StandardizerView::new(&mut numbers, 3, 1).unwrap();
    view.observe(&[1.0; 3]).unwrap();
    view.set_statistics(&mean, &deviation).unwrap();
    assert_eq!((view.is_fixed(), saved(&view)), (true, saved(&known)));
    for x in [[1.0, 2.0, 3.0], [-9.0, 0.0, 5.0]] {
        assert_eq!(view.apply(&x, |x| x.to_vec()), known.apply(&x, |x| x.to_vec()));
    }
}

/// A prediction without a learner, whatever was in the scratch before.
#[test]
fn a_linear_view_predicts_as_a_head_of_known_shape() {
    let mut parameters: Vec<f32> = (0..ROOM * (FEATURES + 1)).map(|i| (i * 7 % 11) as f32 / 4.0 - 1.3).collect();
    let mut known = LinearHead::<ROOM, FEATURES>::new();
    known.import(&parameters).unwrap();
    known.truncate(3).unwrap();
    let view: LinearView<'_> = LinearView::new(&mut parameters, ROOM, FEATURES).unwrap().with_classes(3).unwrap();
    for i in 0..9 {
        let x = sample(i, i % 6);
        assert_eq!(view.predict(&x, &mut [f32::NAN; ROOM]), known.predict(&x));
    }
    let length = |slice, expected, actual| Err(Error::Length { slice, expected, actual });
    assert_eq!(view.predict(&[0.0; 5], &mut [0.0; ROOM]), length(Slice::Features, FEATURES, 5));
    assert_eq!(view.predict(&[0.0; FEATURES], &mut [0.0; 3]), length(Slice::Logits, ROOM, 3));
}

/// Whatever the order of bytes in the machine's words.
#[test]
fn a_checkpoint_has_these_bytes_on_every_machine() {
    let mut head = LinearHead::<1, 2>::new();
    head.import(&[1.0, -2.5, 0.1]).unwrap();
    let words: [[u8; 4]; 14] = [
        *b"GDck",
        [2, 0, 2, 0],             // version, number of sections
        [56, 0, 0, 0],            // length
        [1, 0, 0, 0],             // tag of a linear head
        [20, 0, 0, 0],            // its length
        [1, 0, 0, 0],             // classes
        [2, 0, 0, 0],             // features
        [0x00, 0x00, 0x80, 0x3f], // 1.0
        [0x00, 0x00, 0x20, 0xc0], // -2.5
        [0xcd, 0xcc, 0xcc, 0x3d], // 0.1
        [5, 0, 0, 0],             // tag of the classes in use
        [4, 0, 0, 0],
        [1, 0, 0, 0],
        [0x05, 0x79, 0x88, 0x04], // CRC-32
    ];
    let bytes = words.as_flattened();
    assert_eq!(saved(&head), bytes);
    let mut restored = LinearHead::<1, 2>::new();
    checkpoint::read(bytes, &mut restored).unwrap();
    assert_eq!(restored, head);
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
    let (mut values, mut scales, mut seen, mut room, mut query) = ([0; 8], [0.0; 4], [0; 2], [0.0; 2], [0; 2]);
    assert!(QuantizedSlotsView::new(&mut values[..7], &mut scales, &mut seen, &mut room, &mut query, 2).is_err());
    assert!(QuantizedSlotsView::new(&mut values, &mut scales, &mut [], &mut room, &mut query, 2).is_err());
    let refused = QuantizedSlotsView::new(&mut values, &mut scales, &mut seen, &mut room, &mut query[..1], 2).err();
    assert_eq!(refused, Some(Error::Length { slice: Slice::Features, expected: 2, actual: 1 }));
    let slots = QuantizedSlotsView::new(&mut values, &mut scales, &mut seen, &mut room, &mut query, 2).unwrap();
    let mut memory = QuantizedReplayView::over(slots, 1);
    assert!(memory.insert(&[1.0; 3], 0).is_err() && memory.insert(&[f32::NAN, 0.0], 0).is_err() && memory.is_empty());
}
