//! The discriminant: order of labels, classes added and removed, labels taken back, bad input, and its use in a learner.
#![cfg(all(feature = "checkpoint", feature = "libm"))]

use gradient_decay::discriminant::Progress;
use gradient_decay::error::Number;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    Answer, Calibration, Classes, Contents, DiscriminantHead, DiscriminantView, Error, FixedHead, Guard, Head, Learner,
    Memory, PairView, Parts, QuantizedHead, Quantizer, Readout, Replay, Standardizer, State, StreamingLda, checkpoint,
    kernels, quantized::Quantization,
};

const ROOM: usize = 5;
const FEATURES: usize = 11;
const LDA: StreamingLda = StreamingLda::new();

type Mine = DiscriminantHead<ROOM, FEATURES, { kernels::packed(FEATURES) }>;

/// A sample whose class stands out in one feature, with noise that follows from `i`.
fn sample(i: usize, class: usize) -> [f32; FEATURES] {
    core::array::from_fn(|j| {
        let mixed = (i as u32 * 64 + j as u32).wrapping_mul(2_654_435_761);
        let noise = ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 23) as f32 - 1.0;
        noise + if j == class { 1.5 } else { 0.0 }
    })
}

fn taught(samples: impl IntoIterator<Item = (usize, usize)>) -> Mine {
    let mut head = Mine::new();
    for (i, class) in samples {
        head.learn(&LDA, &sample(i, class), class).unwrap();
    }
    head
}

fn logits(head: &Mine, x: &[f32; FEATURES]) -> [f32; ROOM] {
    let mut logits = [0.0; ROOM];
    head.logits(x, &mut logits).unwrap();
    logits
}

/// The largest difference of finite logits over some samples, in units of their spread.
fn difference(a: &Mine, b: &Mine) -> f32 {
    let (mut largest, mut spread) = (0.0_f32, 0.0_f32);
    for i in 0..40 {
        let x = sample(900 + i, i % ROOM);
        for (a, b) in logits(a, &x).into_iter().zip(logits(b, &x)) {
            if a == f32::NEG_INFINITY || b == f32::NEG_INFINITY {
                assert_eq!(a, b);
            } else {
                largest = largest.max((a - b).abs());
                spread = spread.max(a.abs());
            }
        }
    }
    largest / spread
}

#[test]
fn the_order_of_the_labels_does_not_matter() {
    let mixed = taught((0..150).map(|i| (i, i % 3)));
    let sorted = taught((0..3).flat_map(|class| (0..50).map(move |i| (3 * i + class, class))));
    assert!(difference(&mixed, &sorted) < 1e-3, "{}", difference(&mixed, &sorted));
}

#[test]
fn a_sample_taken_back_leaves_nothing_but_rounding() {
    for earlier in [1, 2, 3, 10, 200] {
        let before = taught((0..earlier * 3).map(|i| (i, i % 3)));
        let mut head = before.clone();
        // Also for a class with one sample, which is then in use without a sample, and for a class without any.
        for (x, class) in [(sample(700, 4), 1), (sample(701, 2), 0), (sample(702, 3), 3)] {
            head.learn(&LDA, &x, class).unwrap();
            assert_ne!(head, before);
            head.unlearn(&LDA, &x, class).unwrap();
            assert!(difference(&before, &head) < 3e-6 * 20.0, "{earlier}: {}", difference(&before, &head));
        }
        assert_eq!((head.samples(0), head.samples(3), head.labels()), (before.samples(0), 0, before.labels()));
        assert!(!head.knows(3));
    }
}

/// Also with bounded counts: the weight of the sample is the one that it had when it was learned.
#[test]
fn a_sample_is_taken_back_behind_the_bound_of_the_counts() {
    const BOUNDED: StreamingLda = StreamingLda::new().with_most(7);
    for earlier in [6, 7, 8, 30] {
        let mut head = Mine::new();
        (0..2 * earlier).for_each(|i| head.learn(&BOUNDED, &sample(i, i % 2), i % 2).unwrap());
        let before = head.clone();
        head.learn(&BOUNDED, &sample(900, 3), 1).unwrap();
        head.unlearn(&BOUNDED, &sample(900, 3), 1).unwrap();
        assert!(difference(&before, &head) < 6e-5, "{earlier}: {}", difference(&before, &head));
    }
}

#[test]
fn what_was_never_learned_is_not_taken_back() {
    let mut head = taught((0..12).map(|i| (i, i % 3)));
    let before = head.clone();
    assert_eq!(head.unlearn(&LDA, &[0.0; FEATURES], 4), Err(Error::NotLearned { class: 4 }));
    assert_eq!(head.unlearn(&LDA, &[500.0; FEATURES], 1), Err(Error::NotLearned { class: 1 }));
    assert_eq!(head, before);
}

#[test]
fn bad_input_changes_nothing() {
    let mut head = taught((0..30).map(|i| (i, i % 3)));
    head.remove_class(4).unwrap();
    let before = head.clone();
    for bad in [f32::NAN, f32::INFINITY, -f32::INFINITY, 1.1e6, -3e38] {
        for place in [0, FEATURES - 1] {
            let mut x = sample(3, 1);
            x[place] = bad;
            for class in [0, 3] {
                assert!(head.learn(&LDA, &x, class).is_err() && head.unlearn(&LDA, &x, class).is_err());
            }
            assert!(head.predict(&x).is_err() || bad.is_finite());
        }
    }
    assert_eq!(head.learn(&LDA, &sample(0, 0), 4), Err(Error::Target { target: 4, classes: 4 }));
    for bad in [0.0, 0.000_9, 1.1e6, f32::NAN] {
        assert!(head.discount(bad, 3).is_err_and(|error| error.to_string().contains("[1e-3, 1e6]")));
    }
    assert!(head.learn(&LDA, &sample(0, 0), usize::MAX).is_err());
    assert_eq!(head, before);
    // A refused sample does not start a new head.
    let mut new = Mine::new();
    assert!(new.learn(&LDA, &[f32::NAN; FEATURES], 0).is_err());
    assert_eq!((new, Mine::new().predict(&[0.0; FEATURES])), (Mine::new(), Err(Error::NoClasses)));
}

#[test]
fn a_class_removed_is_never_predicted_again_and_the_others_move_down() {
    let mut head = taught((0..100).map(|i| (i, i % 4)));
    let x = sample(950, 2);
    let all = logits(&head, &x).map(|z| z * head.temperature());
    head.remove_class(1).unwrap();
    let left = logits(&head, &x).map(|z| z * head.temperature());
    for (before, after) in [all[0], all[2], all[3]].into_iter().zip(left) {
        assert!((before - after).abs() < 1e-5 * before.abs(), "{all:?} {left:?}");
    }
    assert_eq!(left[3..], [f32::NEG_INFINITY; 2]);
    assert_eq!((head.classes(), head.samples(1), head.samples(3)), (4, 25, 0));
    // The class is added again, and knows nothing of the former one.
    assert_eq!(head.add_class(), Ok(4));
    assert!(!head.knows(3) && !head.knows(4));
    assert_eq!(head.add_class(), Err(Error::NoRoom { classes: ROOM }));
    // Nothing of the mean is left in memory.
    let mut bytes = vec![0; checkpoint::bytes::<Mine>()];
    let mut alone = taught([(0, 2)]);
    alone.remove_class(2).unwrap();
    assert_eq!(checkpoint::write(&alone, Contents::ALL, &mut bytes), Ok(bytes.len()));
    for value in sample(0, 2) {
        assert!(value == 0.0 || !bytes.windows(4).any(|window| window == value.to_le_bytes()));
    }
}

/// Whether the logits times a factor are others, but for rounding.
fn are_scaled(logits: [f32; ROOM], factor: f32, others: [f32; ROOM]) -> bool {
    logits.into_iter().zip(others).all(|(a, b)| a == b || (factor * a - b).abs() < 1e-4 * b.abs().max(1.0))
}

#[test]
fn a_discount_changes_the_temperature_alone_of_the_logits() {
    let mut head = taught((0..100).map(|i| (i, i % 4)));
    assert_eq!((head.labels(), taught([(0, 1)]).labels()), (100, 1));
    let (before, temperature) = (head.clone(), head.temperature());
    head.discount(64.0, 3).unwrap();
    assert_eq!((head.labels(), head.samples(0)), (0, 3));
    for i in 0..20 {
        let x = sample(900 + i, i % 4);
        assert!(are_scaled(logits(&before, &x), temperature / head.temperature(), logits(&head, &x)));
    }
}

#[test]
fn the_linear_head_of_a_temperature_has_the_logits_divided_by_it() {
    let head = taught((0..100).map(|i| (i, i % ROOM)));
    for temperature in [0.5, 1.0, 3.0] {
        let linear = head.to_linear(temperature).unwrap();
        for i in 0..20 {
            let (x, mut found) = (sample(900 + i, i % ROOM), [0.0; ROOM]);
            Head::logits(&linear, &x, &mut found).unwrap();
            assert!(are_scaled(logits(&head, &x), 1.0 / temperature, found), "{temperature}");
        }
    }
}

#[test]
fn one_class_alone_is_certain_and_the_first_sample_of_a_second_is_enough() {
    let mut head = taught([(0, 3), (1, 3)]);
    assert_eq!(head.predict(&sample(2, 1)).unwrap().probability, 1.0);
    head.learn(&LDA, &sample(2, 1), 1).unwrap();
    assert_eq!((head.predict(&sample(2, 1)).unwrap().class, head.predict(&sample(0, 3)).unwrap().class), (1, 3));
}

#[test]
fn bounded_counts_follow_a_class_that_moves() {
    let (mut bounded, mut all) = (Mine::new(), Mine::new());
    const BOUNDED: StreamingLda = StreamingLda::new().with_most(10);
    // From label 400 on, classes 0 and 1 are swapped.
    for i in 0..460 {
        let (kind, swapped) = (i % 2, usize::from(i >= 400));
        bounded.learn(&BOUNDED, &sample(i, kind), kind ^ swapped).unwrap();
        all.learn(&LDA, &sample(i, kind), kind ^ swapped).unwrap();
    }
    let right =
        |head: &Mine| (0..100).filter(|i| head.predict(&sample(900 + i, i % 2)).unwrap().class == (i % 2) ^ 1).count();
    assert!(right(&bounded) > 90 && right(&all) < 30, "{} {}", right(&bounded), right(&all));
}

#[test]
fn a_view_has_the_bits_of_a_head_of_known_shape() {
    let (mut numbers, mut counts) = (vec![0.0; StatisticsView::numbers_of(ROOM, FEATURES)], vec![0; ROOM]);
    let mut scratch = vec![f32::NAN; StatisticsView::scratch_of(ROOM, FEATURES)];
    let mut room = vec![0.0; 2 * ROOM];
    let head = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, FEATURES).unwrap();
    let parts = || Parts { preprocess: (), memory: (), guard: (), calibration: Calibration::<10>::new(), readout: () };
    let mut view = Learner::with_state(head, State::with_work(PairView::new(&mut room, ROOM).unwrap()), parts());
    let mut known = Learner::new(Mine::new(), parts());
    for i in 0..100 {
        let x = sample(i, i % 3);
        let expected = known.learn(&LDA, &x, i % 3).unwrap();
        let found = view.learn(&LDA, &x[..], i % 3).unwrap();
        assert_eq!((found.loss(), found.prediction()), (expected.loss(), expected.prediction()));
        if i % 10 == 9 {
            known.unlearn(&LDA, &x, i % 3).unwrap();
            view.unlearn(&LDA, &x[..], i % 3).unwrap();
        }
        if i == 50 {
            assert_eq!((known.remove_class(1), view.remove_class(1)), (Ok(()), Ok(())));
            assert_eq!((known.add_class(), view.add_class()), (Ok(4), Ok(4)));
        }
    }
    for length in [FEATURES - 1, FEATURES + 1] {
        let x = [0.5; FEATURES + 1];
        assert!(matches!(view.answer(&x[..length]), Err(Error::Length { .. })), "{length}");
        assert!(matches!(view.learn(&LDA, &x[..length], 0), Err(Error::Length { .. })), "{length}");
    }
    let save = |saved: &mut Vec<u8>, length: Result<usize, Error>| saved.truncate(length.unwrap());
    let (mut a, mut b) = (vec![0; 9000], vec![0; 9000]);
    let length = checkpoint::write(known.head(), Contents::ALL, &mut a);
    save(&mut a, length);
    let length = checkpoint::write(view.head(), Contents::ALL, &mut b);
    save(&mut b, length);
    assert!(a == b && view.parts().calibration == known.parts().calibration);
    for (numbers, counts, scratch, features) in [(5, 2, 9, 2), (8, 2, 8, 2), (8, 0, 8, 2), (0, 2, 0, 0)] {
        let (mut numbers, mut counts, mut scratch) = (vec![0.0; numbers], vec![0; counts], vec![0.0; scratch]);
        assert!(DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, features).is_err());
    }
}

/// A view that exists for one call only, as in other languages.
#[test]
fn a_view_goes_on_from_its_progress() {
    let (mut numbers, mut counts) = (vec![0.0; StatisticsView::numbers_of(ROOM, FEATURES)], vec![0; ROOM]);
    let mut scratch = vec![f32::NAN; StatisticsView::scratch_of(ROOM, FEATURES)];
    let mut known = Mine::new();
    let mut progress = known.progress();
    assert_eq!(progress, Progress { prior: 0.0, base: 0.0, labels: 0, classes: ROOM });
    for i in 0..100 {
        let (x, class) = (sample(i, i % 4), i % 4);
        let view = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, FEATURES).unwrap();
        let mut view = view.with_progress(progress).unwrap();
        assert_eq!((known.learn(&LDA, &x, class), view.learn(&LDA, &x, class)), (Ok(()), Ok(())));
        match i {
            20 | 70 => assert_eq!((known.unlearn(&LDA, &x, class), view.unlearn(&LDA, &x, class)), (Ok(()), Ok(()))),
            30 => assert_eq!((known.remove_class(4), view.remove_class(4)), (Ok(()), Ok(()))),
            50 => assert_eq!((known.discount(32.0, 3), view.discount(32.0, 3)), (Ok(()), Ok(()))),
            _ => {}
        }
        let mut found = [0.0; ROOM];
        view.logits(&x, &mut found).unwrap();
        assert_eq!(found, logits(&known, &x));
        progress = view.progress();
        assert_eq!(progress, known.progress());
    }
    assert_eq!(progress, Progress { prior: 32.0, base: 32.0, labels: 48, classes: 4 });

    let mut with = |progress| {
        let view = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, FEATURES).unwrap();
        view.with_progress(progress).map(|_| ())
    };
    let mut refused = |prior, base| match with(Progress { prior, base, ..progress }) {
        Err(Error::OutOfRange { number, value }) => (number, value.to_bits()),
        other => panic!("{prior} {base}: {other:?}"),
    };
    for prior in [f32::NAN, f32::INFINITY, -1.0, 0.9e-3, 1.1e6] {
        assert_eq!(refused(prior, 0.0), (Number::PriorSamples, prior.to_bits()));
    }
    for (prior, base) in [(16.0, 17.0), (16.0, -1.0), (16.0, f32::NAN), (0.0, 1.0)] {
        assert_eq!(refused(prior, base), (Number::BaseSamples, base.to_bits()));
    }
    for prior in [0.0, 1e-3, 1e6] {
        assert_eq!(with(Progress { prior, base: prior, ..progress }), Ok(()));
    }
    let many = Progress { classes: ROOM + 1, ..progress };
    assert_eq!(with(many), Err(Error::TooManyClasses { classes: ROOM + 1, most: ROOM }));
}

#[test]
fn it_has_every_part_of_a_learner_and_goes_on_from_a_restored_copy() {
    type Whole = Learner<
        Mine,
        Parts<
            Standardizer<FEATURES>,
            Replay<ROOM, 6, [f32; FEATURES]>,
            Guard<Replay<ROOM, 4, [f32; FEATURES]>>,
            Calibration<10>,
            Readout,
        >,
    >;
    let make = || {
        Whole::new(
            Mine::empty(),
            Parts {
                preprocess: Standardizer::from_statistics(&[20.0; FEATURES], &[0.8; FEATURES]),
                memory: Replay::new(1),
                guard: Guard::new(Replay::new(2), 0.5, 7),
                calibration: Calibration::new(),
                readout: Readout::new().with_threshold(0.4),
            },
        )
    };
    let far = |i: usize, class: usize| sample(i, class).map(|x| 20.0 + x);
    let mut learner = make();
    assert_eq!(learner.answer(&far(0, 0)).map(drop), Err(Error::NoClasses));
    assert!(learner.learn(&LDA, &far(0, 0), 0).is_err());
    (0..3).for_each(|class| assert_eq!(learner.add_class(), Ok(class)));
    assert_eq!(learner.answer(&far(0, 0)).map(drop), Err(Error::NoClasses)); // in use, but without a sample
    for i in 0..90 {
        let step = learner.learn(&LDA, &far(i, i % 3), i % 3).unwrap();
        // No sample is held out of a class without samples, and none is recorded of a class that could not be answered.
        assert!(step.learned() || i >= 3);
        assert!((step.probabilities().sum::<f32>() - if i == 0 { 0.0 } else { 1.0 }).abs() < 1e-6);
    }
    assert_eq!(learner.parts().calibration.summary().unwrap().count, 87);
    assert!(learner.steps() > 70);
    learner.judge();
    learner.fit_temperature(8).unwrap();

    // A wrong label is taken out of the head and out of the memory.
    let wrong = far(500, 0);
    let held = |learner: &Whole| {
        let mut held = 0;
        learner
            .parts()
            .memory
            .for_each(|x, class| held += usize::from(class == 1 && (x[0] - sample(500, 0)[0] / 0.8).abs() < 1e-4));
        held
    };
    while held(&learner) == 0 {
        let learned = learner.learn(&LDA, &wrong, 1).unwrap().learned();
        if learned && held(&learner) == 0 {
            learner.unlearn(&LDA, &wrong, 1).unwrap();
        }
    }
    learner.unlearn(&LDA, &wrong, 1).unwrap();
    assert_eq!(held(&learner), 0);

    learner.remove_class(0).unwrap();
    let right = (0..60)
        .filter(|i| matches!(learner.answer(&far(1000 + i, 1 + i % 2)), Ok(Answer::Class(p)) if p.class == i % 2));
    assert!(right.count() >= 50);

    let saved = |learner: &Whole| {
        let mut bytes = vec![0; checkpoint::bytes::<Whole>()];
        checkpoint::write(learner, Contents::ALL, &mut bytes).unwrap();
        bytes
    };
    let bytes = saved(&learner);
    let mut restored = make();
    checkpoint::read(&bytes, &mut restored).unwrap();
    assert_eq!(saved(&restored), bytes);
    for learner in [&mut learner, &mut restored] {
        learner.add_class().unwrap();
        (90..180).for_each(|i| _ = learner.learn(&LDA, &far(i, i % 3), i % 3).unwrap());
    }
    assert!(saved(&restored) == saved(&learner) && saved(&restored) != bytes);
}

#[test]
fn heads_in_integers_infer_from_it() {
    let head = taught((0..200).map(|i| (i, i % 4)));
    let linear = head.to_linear(4.0).unwrap();
    assert_eq!(linear.classes(), ROOM);
    let (input, output) = (Quantization::new(3.0 / 127.0, 0), Quantization::new(10.0 / 127.0, 0));
    let small = QuantizedHead::new(&linear, input, output).unwrap();
    let fixed = FixedHead::from_head(&linear, 5, 1);
    let mut fixed = Learner::new(
        fixed,
        Parts { preprocess: Quantizer::new(5, ()), memory: (), guard: (), calibration: (), readout: () },
    );
    let (mut alike, mut alike_in_i8) = (0, 0);
    for i in 0..200 {
        let x = sample(700 + i, i % 4);
        let class = head.predict(&x).unwrap().class;
        assert!(linear.predict(&x).unwrap().class == class && class < 4);
        alike += usize::from(fixed.answer(&x).unwrap().prediction().class == class);
        alike_in_i8 += usize::from(small.predict(&x.map(|x| input.quantize(x))).unwrap() == class);
    }
    assert!(alike >= 195 && alike_in_i8 >= 190, "{alike} {alike_in_i8}");
}

#[test]
fn numbers_that_cannot_be_are_refused_by_a_reader() {
    let head = taught((0..30).map(|i| (i, i % 3)));
    let mut bytes = vec![0; checkpoint::bytes::<Mine>()];
    checkpoint::write(&head, Contents::ALL, &mut bytes).unwrap();
    let crc = |bytes: &mut [u8]| {
        let end = bytes.len() - 4;
        let sum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
    };
    let (front, upper) = (12 + 8, 12 + 8 + 20 + 4 * ROOM);
    let diagonal = upper + 4 * kernels::packed(FEATURES);
    for (place, value) in [
        (front, (ROOM as u32 + 1).to_le_bytes()),
        (front + 4, 7_u32.to_le_bytes()),
        (front + 12, f32::NAN.to_le_bytes()),
        (front + 12, (-1.0_f32).to_le_bytes()),
        (front + 12, 0.0_f32.to_le_bytes()), // nothing learned, but samples
        (diagonal, 0.0_f32.to_le_bytes()),
        (diagonal, (-1.0_f32).to_le_bytes()),
        (upper, f32::INFINITY.to_le_bytes()),
        (upper, 1e30_f32.to_le_bytes()),
        (diagonal + 4 * FEATURES, 1e7_f32.to_le_bytes()), // a mean
    ] {
        let mut bad = bytes.clone();
        bad[place..place + 4].copy_from_slice(&value);
        crc(&mut bad);
        let mut restored = Mine::new();
        assert!(checkpoint::read(&bad, &mut restored).is_err(), "{place}");
        assert_eq!(restored, Mine::new());
    }
}

#[test]
fn the_temperature_falls_with_the_labels_and_faster_from_a_base() {
    let mut head = taught([]);
    assert_eq!(head.temperature(), 1.0);
    let size = |classes: usize| (FEATURES * classes) as f32;
    for i in 0..6 {
        head.learn(&LDA, &sample(i, i % 2), i % 2).unwrap();
        assert!((head.temperature() - 1.0 - size(2.min(i + 1)) / (i + 1) as f32).abs() < 1e-5, "{i}");
    }
    head.discount(64.0, 3).unwrap();
    assert!((head.temperature() - 1.0 - size(2) / 64.0).abs() < 1e-6);
    (0..16).for_each(|i| head.learn(&LDA, &sample(50 + i, i % 2), i % 2).unwrap());
    assert!((head.temperature() - 1.0 - size(2) / (80.0 + 64.0 * 16.0 / 80.0)).abs() < 1e-6);
}
