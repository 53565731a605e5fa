//! A discriminant with a trained head mixed in, and with a residual on top.
#![cfg(all(feature = "checkpoint", feature = "libm"))]

use gradient_decay::learn::ResidualSettings;
use gradient_decay::storage::Owned;
use gradient_decay::{
    BetaSchedule, Classes, Contents, DiscriminantHead, DiscriminantView, Error, FineTuner, FrozenView, GradientDecay,
    Guard, Head, Learner, Libm, LinearHead, LinearView, MixedHead, MixedView, Parts, Replay, Residual, Saved, Sgd,
    StreamingLda, checkpoint,
    error::{CheckpointPart, Slice},
    guard::Judge,
    kernels,
    learn::Rehearse,
    statistics::StatisticsView,
};

mod weights;

const ROOM: usize = 5;
const FEATURES: usize = 6;
const UPPER: usize = kernels::packed(FEATURES);
const LDA: StreamingLda = StreamingLda::new();

type Plain = DiscriminantHead<ROOM, FEATURES, UPPER>;
type Mixed<'t> = MixedHead<'t, ROOM, FEATURES, UPPER, 3>;

fn sample(i: usize, class: usize) -> [f32; FEATURES] {
    core::array::from_fn(|j| {
        let mixed = (i as u32 * 64 + j as u32).wrapping_mul(2_654_435_761);
        let noise = ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 23) as f32 - 1.0;
        1.5 * noise + if j == class { 2.0 } else { 0.0 }
    })
}

/// A trained head of three classes.
fn trained() -> LinearHead<3, FEATURES> {
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
    let (mut head, mut state) = (LinearHead::new(), gradient_decay::State::new());
    for i in 0..300 {
        tuner.step(&mut head, &mut state, &sample(i, i % 3), i % 3).unwrap();
    }
    head
}

fn logits<H: Head<Features = [f32; FEATURES], Number = f32>>(head: &H, x: &[f32; FEATURES]) -> [f32; ROOM] {
    let mut logits = [0.0; ROOM];
    head.logits(x, &mut logits).unwrap();
    logits
}

fn right<H: Head<Features = [f32; FEATURES], Number = f32>>(head: &H, kinds: usize) -> usize {
    let class = |x: &[f32; FEATURES]| {
        let z = logits(head, x);
        (0..ROOM).max_by(|a, b| z[*a].total_cmp(&z[*b]).then(b.cmp(a))).unwrap()
    };
    (0..300).filter(|i| class(&sample(4000 + i, i % kinds)) == i % kinds).count()
}

#[test]
fn a_class_that_the_trained_head_never_knew_has_no_disadvantage_and_the_map_follows_what_is_removed() {
    let trained = trained();
    let mut head = Mixed::new(Plain::new(), &trained);
    head.truncate(3).unwrap();
    let new = head.add_class().unwrap();
    assert!(!head.knows(new) && logits(&head, &sample(0, 0))[new] == f32::NEG_INFINITY);
    for i in 0..4 {
        for class in 0..4 {
            head.learn(&LDA, &sample(10 * i + class, class), class).unwrap();
        }
    }
    let of_new = (0..100).filter(|i| head.predict(&sample(6000 + i, 3)).unwrap().class == 3).count();
    assert!(of_new >= 60 && right(&head, 4) >= 200, "{of_new} {}", right(&head, 4));

    // Class 0 is removed: classes 1 and 2 of the trained head become 0 and 1 here.
    let before = logits(&head, &sample(7000, 1));
    head.remove_class(0).unwrap();
    let after = logits(&head, &sample(7000, 1));
    let scale = (after[0] - after[1]) / (before[1] - before[2]);
    assert!((0.8..1.3).contains(&scale), "{before:?} {after:?}"); // they differ by the temperature, of three classes instead of four
    assert!(after[3..].iter().all(|z| *z == f32::NEG_INFINITY));
    head.add_class().unwrap();
    head.add_class().unwrap();
    assert_eq!(head.add_class(), Err(Error::NoRoom { classes: ROOM }));
    assert!(!head.knows(3) && !head.knows(4));
}

#[test]
fn a_checkpoint_names_the_trained_head() {
    let (trained, mut other) = (trained(), trained());
    let mut head = Mixed::new(Plain::new(), &trained);
    (0..30).for_each(|i| head.learn(&LDA, &sample(i, i % 4), i % 4).unwrap());
    head.remove_class(1).unwrap();
    let bytes = saved(&head);
    assert_eq!(bytes.len(), checkpoint::bytes::<Mixed<'_>>());
    let mut restored = Mixed::new(Plain::new(), &trained);
    checkpoint::read(&bytes, &mut restored).unwrap();
    assert_eq!(restored, head);
    let mut parameters = [0.0; 3 * (FEATURES + 1)];
    other.export(&mut parameters).unwrap();
    parameters[4] += 0.5;
    other.import(&parameters).unwrap();
    let mut mistaken = Mixed::new(Plain::new(), &other);
    let refused = checkpoint::read(&bytes, &mut mistaken).unwrap_err();
    assert!(matches!(refused, Error::Checkpoint { part: CheckpointPart::Trained, .. }), "{refused}");
    assert_eq!(mistaken, Mixed::new(Plain::new(), &other));
}

type Both<'t> = Residual<Mixed<'t>, Owned<ROOM, FEATURES>>;

const SETTINGS: ResidualSettings<StreamingLda> =
    ResidualSettings { base: LDA, tuner: FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 100), Sgd::new(0.05)) };

/// A wide class with a long tail next to a narrow one: the middle between their means is far inside the first.
fn uneven(i: usize) -> ([f32; FEATURES], usize) {
    let mut x = sample(i, FEATURES);
    let (class, uniform) = (i % 2, (x[0] / 1.5 + 1.0) / 2.0);
    x[0] = if class == 0 { -(1.0 - 0.999 * uniform).ln() } else { -0.4 + 0.2 * uniform };
    (x, class)
}

#[test]
fn a_residual_goes_beyond_the_discriminant_where_features_are_not_gaussian() {
    let parts = || Parts {
        preprocess: (),
        memory: Replay::<ROOM, 20, [f32; FEATURES]>::new(1),
        guard: (),
        calibration: (),
        readout: (),
    };
    let mut plain = Learner::new(Plain::new(), parts());
    let mut with = Learner::new(Residual::new(Plain::new(), LinearHead::<ROOM, FEATURES>::new()), parts());
    for i in 0..800 {
        let (x, class) = uneven(i);
        plain.learn(&LDA, &x, class).unwrap();
        with.learn(&SETTINGS, &x, class).unwrap();
        with.rehearse(&SETTINGS, 4);
    }
    assert_eq!(with.head().base(), plain.head()); // the base learns the same as without a residual
    let mut right = [0, 0];
    for i in 0..400 {
        let (x, class) = uneven(3000 + i);
        right[0] += usize::from(plain.answer(&x).unwrap().class() == Some(class));
        right[1] += usize::from(with.answer(&x).unwrap().class() == Some(class));
    }
    assert!(right[1] > right[0] + 20, "{right:?}");
}

#[test]
fn base_and_residual_go_together_in_a_learner() {
    let trained = trained();
    let make = || {
        let parts = Parts {
            preprocess: (),
            memory: Replay::<ROOM, 5, [f32; FEATURES]>::new(1),
            guard: (),
            calibration: (),
            readout: (),
        };
        Learner::new(Both::new(Mixed::new(Plain::empty(), &trained), LinearHead::new()), parts)
    };
    let mut learner = make();
    (0..4).for_each(|class| assert_eq!(learner.add_class(), Ok(class)));
    for i in 0..80 {
        let step = learner.learn(&SETTINGS, &sample(i, i % 4), i % 4).unwrap();
        assert!(step.loss().is_finite());
        learner.rehearse(&SETTINGS, 2);
    }
    assert!(right(learner.head(), 4) > 220, "{}", right(learner.head(), 4));
    // Nothing is half done: the base refuses a sample that it cannot learn, the residual an update that would overflow.
    let before = learner.clone();
    for bad in [f32::NAN, f32::INFINITY, 2e6] {
        let mut x = sample(3, 1);
        x[5] = bad;
        assert!(learner.learn(&SETTINGS, &x, 1).is_err() && learner.unlearn(&SETTINGS, &x, 1).is_err());
    }
    assert!(learner.learn(&SETTINGS, &sample(0, 0), 4).is_err());
    assert_eq!(learner, before);

    learner.learn(&SETTINGS, &sample(900, 2), 1).unwrap();
    learner.unlearn(&SETTINGS, &sample(900, 2), 1).unwrap();
    assert_eq!(learner.head().base().head().labels(), before.head().base().head().labels());
    learner.remove_class(1).unwrap();
    let bytes = saved(&learner);
    assert!(bytes.len() <= 16 + <Learner<Both<'_>, Parts<(), Replay<ROOM, 5, [f32; FEATURES]>>> as Saved>::SAVED_BYTES);
    let mut restored = make();
    checkpoint::read(&bytes, &mut restored).unwrap();
    for learner in [&mut learner, &mut restored] {
        learner.add_class().unwrap();
        for i in 80..120 {
            learner.learn(&SETTINGS, &sample(i, i % 4), i % 4).unwrap();
            learner.rehearse(&SETTINGS, 2);
        }
    }
    assert_eq!(restored.head(), learner.head());
}

#[test]
fn for_another_user_the_trained_head_has_its_first_weight_again() {
    let trained = trained();
    let mut head = Mixed::new(Plain::new(), &trained);
    head.truncate(3).unwrap();
    assert!(head.discount(64.0, 3).is_err(), "nothing was learned");
    (0..60).for_each(|i| head.learn(&LDA, &sample(i, i % 3), i % 3).unwrap());
    head.discount(64.0, 3).unwrap();
    assert_eq!((head.head().labels(), head.head().samples(1)), (0, 3));
    let mut fresh = Plain::new();
    fresh.truncate(3).unwrap();
    (0..60).for_each(|i| fresh.learn(&LDA, &sample(i, i % 3), i % 3).unwrap());
    fresh.discount(64.0, 3).unwrap();
    let fresh = Mixed::new(fresh, &trained);
    assert_eq!(logits(&head, &sample(99, 1)), logits(&fresh, &sample(99, 1)));
}

#[test]
fn a_view_has_the_bits_of_a_head_of_known_shape() {
    let trained = trained();
    let mut parameters = [0.0; 3 * (FEATURES + 1)];
    trained.export(&mut parameters).unwrap();
    let in_slices = FrozenView::new(&parameters, 3, FEATURES).unwrap();
    let (mut numbers, mut counts) = (vec![0.0; StatisticsView::numbers_of(ROOM, FEATURES)], [0; ROOM]);
    let (mut scratch, mut map) = (vec![0.0; StatisticsView::scratch_of(ROOM, FEATURES)], [0, 1, 2, 255, 255]);
    let plain = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, FEATURES).unwrap();
    let mut view = MixedView::new(plain, &in_slices, &mut map).unwrap();
    let mut known = Mixed::new(Plain::new(), &trained);
    assert_eq!((view.truncate(3), known.truncate(3)), (Ok(()), Ok(())));
    assert_eq!((view.add_class(), known.add_class()), (Ok(3), Ok(3)));
    for i in 0..60 {
        let (x, class) = (sample(i, i % 4), i % 4);
        assert_eq!((view.learn(&LDA, &x, class), known.learn(&LDA, &x, class)), (Ok(()), Ok(())));
        if i % 7 == 3 {
            let (x, wrong) = (sample(500 + i, 1), (class + 1) % 4);
            assert_eq!((view.learn(&LDA, &x, wrong), known.learn(&LDA, &x, wrong)), (Ok(()), Ok(())));
            assert_eq!((view.unlearn(&LDA, &x, wrong), known.unlearn(&LDA, &x, wrong)), (Ok(()), Ok(())));
        }
        if i == 20 {
            assert_eq!((view.discount(64.0, 3), known.discount(64.0, 3)), (Ok(()), Ok(())));
        }
        if i == 40 {
            assert_eq!((view.remove_class(1), known.remove_class(1)), (Ok(()), Ok(())));
            assert_eq!((view.add_class(), known.add_class()), (Ok(3), Ok(3)));
        }
        let mut found = [0.0; ROOM];
        view.logits(&sample(900 + i, i % 5), &mut found).unwrap();
        assert_eq!(found, logits(&known, &sample(900 + i, i % 5)), "{i}");
    }
    // Either reads what the other wrote.
    let bytes = saved(&known);
    assert_eq!(saved(&view), bytes);
    view.learn(&LDA, &sample(7, 0), 0).unwrap();
    view.remove_class(2).unwrap();
    assert_ne!(saved(&view), bytes);
    checkpoint::read(&saved(&view), &mut known).unwrap();
    assert_eq!(saved(&known), saved(&view));
    checkpoint::read(&bytes, &mut view).unwrap();
    assert_eq!(saved(&view), bytes);
}

fn saved<T: Saved>(saved: &T) -> Vec<u8> {
    let mut bytes = vec![0; checkpoint::size(saved, Contents::ALL)];
    checkpoint::write(saved, Contents::ALL, &mut bytes).unwrap();
    bytes
}

/// The statistics of a training set load as the head that is made of them; what a discriminant learned from labels does not.
#[test]
fn the_statistics_of_a_training_set_are_mixed_in_with_the_trained_head() {
    let trained = trained();
    let mut prior = Plain::new();
    prior.truncate(3).unwrap();
    (0..60).for_each(|i| prior.learn(&LDA, &sample(i, i % 3), i % 3).unwrap());
    let mut head = Mixed::new(Plain::new(), &trained);
    let refused = checkpoint::read(&saved(&prior), &mut head).unwrap_err();
    assert!(matches!(refused, Error::Checkpoint { part: CheckpointPart::Trained, .. }), "{refused}");
    assert_eq!(head, Mixed::new(Plain::new(), &trained));
    prior.discount(64.0, 3).unwrap();
    checkpoint::read(&saved(&prior), &mut head).unwrap();
    assert_eq!(head, Mixed::new(prior, &trained));
}

#[test]
fn a_view_of_parts_that_do_not_fit_together_is_refused() {
    let refused = |features: usize, map: &mut [u8]| {
        let (mut numbers, mut counts) = (vec![0.0; StatisticsView::numbers_of(2, 3)], [0; 2]);
        let (mut scratch, mut parameters) =
            (vec![0.0; StatisticsView::scratch_of(2, 3)], vec![0.0; 2 * (features + 1)]);
        let trained: LinearView<'_> = LinearView::new(&mut parameters, 2, features).unwrap();
        let head: DiscriminantView<'_> = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, 3).unwrap();
        MixedView::new(head, &trained, map).err()
    };
    let length = |slice, expected, actual| Some(Error::Length { slice, expected, actual });
    assert_eq!(refused(3, &mut [1, 255]), None);
    assert_eq!(refused(3, &mut [0, 1, 255]), length(Slice::Scratch, 2, 3));
    assert_eq!(refused(4, &mut [0, 1]), length(Slice::Features, 3, 4));
    assert_eq!(refused(3, &mut [0, 2]), Some(Error::Target { target: 2, classes: 2 }));
}

/// Also in a row behind the first dozen, whose logits are computed in blocks.
#[test]
fn a_trained_logit_that_leaves_the_range_is_named_by_its_class() {
    let mut parameters = [0.5; 40];
    parameters[15] = f32::MAX;
    let mut trained: LinearHead<20, 1> = LinearHead::new();
    trained.import(&parameters).unwrap();
    let head: MixedHead<'_, 20, 1, 0, 20> = MixedHead::new(DiscriminantHead::new(), &trained);
    assert!(head.predict(&[0.5]).is_ok_and(|prediction| prediction.class == 15));
    assert_eq!(head.predict(&[2.0]), Err(Error::NotFinite { slice: Slice::Logits, index: 15 }));
    assert_eq!(head.predict(&[f32::NAN]), Err(Error::NotFinite { slice: Slice::Features, index: 0 }));
}

#[test]
fn without_a_class_that_either_head_knows_there_is_no_answer() {
    let mut trained = trained();
    trained.truncate(0).unwrap();
    let mut head = Mixed::new(Plain::new(), &trained);
    assert_eq!(head.predict(&sample(0, 0)), Err(Error::NoClasses));
    head.learn(&LDA, &sample(0, 4), 4).unwrap();
    assert_eq!(head.predict(&sample(1, 0)).map(|prediction| prediction.class), Ok(4));
}

/// Every second sample is held out: its report is that of the head before, which it leaves as it is.
#[test]
fn a_sample_that_is_held_out_is_reported_and_not_learned() {
    let trained = trained();
    let guard = || Guard::new(Replay::<ROOM, 9, [f32; FEATURES]>::new(1), 0.5, 2);
    let parts = || Parts { preprocess: (), memory: (), guard: guard(), calibration: (), readout: () };
    let mut mixed = Learner::new(Mixed::new(Plain::new(), &trained), parts());
    let mut both = Learner::new(Both::new(Mixed::new(Plain::new(), &trained), LinearHead::new()), parts());
    let mut by_hand = Mixed::new(Plain::new(), &trained);
    for i in 0..40 {
        let (x, class) = (sample(i, i % 3), i % 3);
        let (before, before_both) = (mixed.head().clone(), both.head().clone());
        let due = mixed.parts().guard.is_due();
        let (plain, its) = (GradientDecay::new(1.0), SETTINGS.tuner.schedule().at::<Libm>(both.steps()));
        for (step, loss, before) in [
            (mixed.learn(&LDA, &x, class).unwrap(), plain, logits(&before, &x)),
            (both.learn(&SETTINGS, &x, class).unwrap(), its, logits(&before_both, &x)),
        ] {
            assert_eq!(step.learned(), !due, "{i}");
            let loss = loss.loss(&before[..3], class).unwrap(); // neither head knows others
            assert!((step.loss() - loss).abs() < 1e-5 * (1.0 + loss), "{i}: {} {loss}", step.loss());
            let top = (0..ROOM).max_by(|a, b| before[*a].total_cmp(&before[*b]).then(b.cmp(a)));
            assert_eq!(Some(step.prediction().class), top, "{i}");
        }
        if !due {
            by_hand.learn(&LDA, &x, class).unwrap();
        } else {
            assert!(*mixed.head() == before && *both.head() == before_both);
        }
    }
    assert_eq!((mixed.head(), both.head().base()), (&by_hand, &by_hand));
    assert_eq!((mixed.steps(), both.steps()), (20, 20));
}

/// `z = (z_base + R x) / T`, with the base's logits before its temperature.
#[test]
fn the_residuals_logits_are_added_at_the_temperature_of_the_base() {
    let mut residual: LinearHead<ROOM, FEATURES> = LinearHead::new();
    let parameters: [f32; ROOM * (FEATURES + 1)] = core::array::from_fn(|i| (i % 7) as f32 - 2.5);
    residual.import(&parameters).unwrap();
    let mut base = Plain::new();
    (0..30).for_each(|i| base.learn(&LDA, &sample(i, i % 3), i % 3).unwrap());
    let head = Residual::new(base, residual);
    assert_eq!((head.room(), head.classes(), head.residual().classes()), (ROOM, ROOM, ROOM));
    let temperature = head.base().temperature();
    assert!(temperature > 1.5, "{temperature}");
    for i in 0..20 {
        let x = sample(700 + i, i % 3);
        let (sum, base, added) = (logits(&head, &x), logits(head.base(), &x), logits(head.residual(), &x));
        for class in 0..3 {
            let expected = base[class] + added[class] / temperature;
            assert!((sum[class] - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{} {expected}", sum[class]);
        }
        // The base has no sample of the others, so that the residual's rows of them do not count.
        assert_eq!(sum[3..], [f32::NEG_INFINITY; 2]);
    }
}

#[test]
fn a_residual_whose_logit_leaves_the_range_or_whose_class_is_not_known_is_no_step() {
    let mut residual: LinearHead<ROOM, FEATURES> = LinearHead::new();
    let mut parameters = [0.0; ROOM * (FEATURES + 1)];
    parameters[FEATURES] = 3e38;
    residual.import(&parameters).unwrap();
    let mut base = Plain::new();
    base.truncate(3).unwrap();
    base.learn(&LDA, &[1.0; FEATURES], 1).unwrap();
    let (mut head, mut state) = (Residual::new(base, residual), gradient_decay::State::new());
    let before = head.clone();
    assert_eq!(
        head.logits(&[9.0; FEATURES], &mut [0.0; ROOM]),
        Err(Error::NotFinite { slice: Slice::Logits, index: 1 })
    );
    let settings = ResidualSettings { base: LDA, tuner: SETTINGS.tuner };
    assert!(!head.rehearse(&settings, &mut state, &[9.0; FEATURES], 1));
    assert!(!head.rehearse(&settings, &mut state, &[0.0; FEATURES], 2));
    assert_eq!(head, before);
    assert!(head.rehearse(&settings, &mut state, &[0.0; FEATURES], 1));
    assert!(head.knows(1) && !head.knows(2));
    // The base has room for all, but with no more than the residual.
    let mut narrow = Residual::new(Plain::empty(), LinearHead::<1, FEATURES>::new());
    assert_eq!((narrow.add_class(), narrow.add_class()), (Ok(0), Err(Error::NoRoom { classes: 1 })));
}

/// The rows of base and residual move down together, and the last one is as new.
#[test]
fn a_class_is_removed_from_base_and_residual() {
    let mut residual: LinearHead<ROOM, FEATURES> = LinearHead::new();
    let parameters: [f32; ROOM * (FEATURES + 1)] = core::array::from_fn(|i| (i % 7) as f32 - 2.5);
    residual.import(&parameters).unwrap();
    let mut base = Plain::new();
    (0..30).for_each(|i| base.learn(&LDA, &sample(i, i % 5), i % 5).unwrap());
    let (mut head, mut alone) = (Residual::new(base.clone(), residual.clone()), base);
    head.remove_class(1).unwrap();
    alone.remove_class(1).unwrap();
    assert_eq!((head.classes(), head.base()), (4, &alone));
    let x = sample(700, 2);
    let (before, after) = (logits(&residual, &x), logits(head.residual(), &x));
    assert_eq!((after[0], &after[1..4]), (before[0], &before[2..]));
    assert_eq!(head.remove_class(4), Err(Error::Target { target: 4, classes: 4 }));
    assert_eq!(head.add_class(), Ok(4));
    assert!(!head.knows(4));
}
