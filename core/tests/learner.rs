//! Guarantees that a device relies on: each test stands for a mistake that once went unnoticed.
#![cfg(all(feature = "checkpoint", feature = "libm"))]

use gradient_decay::calibration::{Record, Scores};
use gradient_decay::guard::{Judge, Verdict};
use gradient_decay::{
    Answer, BetaSchedule, Calibration, Contents, DiscriminantHead, Error, FineTuner, Guard, Head as _, Learner,
    LinearHead, Memory as _, Parts, Preprocess, Readout, Replay, Sgd, Standardizer, StreamingLda, Target,
    TargetOptions, checkpoint, kernels,
};

const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));

const CLASSES: usize = 4;
const FEATURES: usize = 8;

/// A sample of a class that stands out in two features; the noise follows from `i`.
fn sample(i: usize, class: usize) -> [f32; FEATURES] {
    core::array::from_fn(|j| {
        let noise = ((i * 7919 + j * 104_729 + i * j * 31) % 1009) as f32 / 1009.0 - 0.5;
        noise + if j / 2 == class { 1.0 } else { 0.0 }
    })
}

type Memory = Replay<CLASSES, 8, [f32; FEATURES]>;

fn with_memory() -> Learner<LinearHead<CLASSES, FEATURES>, Parts<(), Memory>> {
    let parts = Parts { preprocess: (), memory: Memory::new(1), guard: (), calibration: (), readout: () };
    Learner::new(LinearHead::new(), parts)
}

fn class_of(answer: Answer) -> usize {
    let (Answer::Class(prediction) | Answer::Unknown(prediction, _)) = answer;
    prediction.class
}

/// The share of 300 samples of these kinds whose answer is the class given for their kind.
fn accuracy(answer: &mut dyn FnMut(&[f32; FEATURES]) -> Answer, kinds: &[(usize, usize)]) -> f32 {
    let right = |i: usize| {
        let (kind, class) = kinds[i % kinds.len()];
        (kind, class)
    };
    let count = (0..300).filter(|i| {
        let (kind, class) = right(*i);
        class_of(answer(&sample(10_000 + i, kind))) == class
    });
    count.count() as f32 / 300.0
}

#[test]
fn a_removed_class_is_removed_from_the_memory_as_well() {
    let mut learner = with_memory();
    for i in 0..400 {
        learner.learn(&TUNER, &sample(i, i % CLASSES), i % CLASSES).unwrap();
    }
    let all: Vec<_> = (0..CLASSES).map(|kind| (kind, kind)).collect();
    assert!(accuracy(&mut |x| learner.answer(x).unwrap(), &all) > 0.97);
    learner.remove_class(1).unwrap();
    let left = [(0, 0), (2, 1), (3, 2)];
    let before = accuracy(&mut |x| learner.answer(x).unwrap(), &left);
    assert_eq!(learner.rehearse(&TUNER, 300), 300);
    let after = accuracy(&mut |x| learner.answer(x).unwrap(), &left);
    assert!(before > 0.97 && after > 0.97, "{before} {after}");
    assert_eq!((learner.parts().memory.len(2), learner.parts().memory.len(3)), (8, 0));
}

#[test]
fn a_new_class_takes_nothing_from_those_that_are_known() {
    let mut learner = with_memory();
    learner.replace(0, |head| head.truncate(3)).unwrap();
    for i in 0..300 {
        learner.learn(&TUNER, &sample(i, i % 3), i % 3).unwrap();
    }
    let known = [(0, 0), (1, 1), (2, 2)];
    let before = accuracy(&mut |x| learner.answer(x).unwrap(), &known);
    assert_eq!(learner.add_class(), Ok(3));
    let at_once = accuracy(&mut |x| learner.answer(x).unwrap(), &known);
    for i in 0..3 {
        learner.learn(&TUNER, &sample(500 + i, 3), 3).unwrap();
        learner.rehearse(&TUNER, 8);
    }
    let new = accuracy(&mut |x| learner.answer(x).unwrap(), &[(3, 3)]);
    let after = accuracy(&mut |x| learner.answer(x).unwrap(), &known);
    assert!(before > 0.97 && at_once > before - 0.01 && after > 0.95 && new > 0.6, "{before} {at_once} {after} {new}");
}

#[test]
fn a_reset_loses_neither_the_classes_in_use_nor_the_units_of_the_features() {
    type Mine = Learner<
        LinearHead<CLASSES, FEATURES>,
        Parts<Standardizer<FEATURES>, Memory, Guard<Memory>, Calibration<10>, Readout>,
    >;
    let fresh = || {
        Mine::new(
            LinearHead::empty(),
            Parts {
                preprocess: Standardizer::new(50),
                memory: Memory::new(1),
                guard: Guard::new(Memory::new(2), 0.1, 7),
                calibration: Calibration::new(),
                readout: Readout::new(),
            },
        )
    };
    // With an offset and a scale, as a sensor has them.
    let raw = |i: usize, kind: usize| sample(i, kind).map(|x| 20.0 + 5.0 * x);
    let mut learner = fresh();
    for i in 0..3 {
        assert_eq!(learner.add_class(), Ok(i));
    }
    let early = learner.learn(&TUNER, &raw(0, 0), 0).map(drop);
    assert_eq!(early, Err(Error::NotStandardized { seen: 0, needed: 50 }));
    (0..50).for_each(|i| learner.observe(&raw(i, i % 3)).unwrap());
    for i in 0..300 {
        learner.learn(&TUNER, &raw(i, i % 3), i % 3).unwrap();
    }
    learner.fit_temperature(16).unwrap();
    let mut bytes = vec![0; checkpoint::size(&learner, Contents::ALL)];
    checkpoint::write(&learner, Contents::ALL, &mut bytes).unwrap();

    let mut restored = fresh();
    checkpoint::read(&bytes, &mut restored).unwrap();
    assert_eq!((restored.classes(), restored.parts()), (3, learner.parts()));
    for i in 0..100 {
        assert_eq!(restored.answer(&raw(1000 + i, i % 3)), learner.answer(&raw(1000 + i, i % 3)));
    }
    // A checkpoint with more classes than there is room for is refused.
    let mut small: Learner<LinearHead<2, FEATURES>> = Learner::new(LinearHead::new(), Parts::NONE);
    assert!(checkpoint::read(&bytes, &mut small).is_err());
}

#[test]
fn raw_features_with_an_offset_are_at_chance_and_standardised_ones_are_not() {
    let mut raw = Learner::new(LinearHead::<CLASSES, FEATURES>::new(), Parts::NONE);
    let preprocess = Standardizer::from_statistics(&[20.125; FEATURES], &[0.45; FEATURES]);
    let parts = Parts { preprocess, memory: (), guard: (), calibration: (), readout: () };
    let mut standardized = Learner::new(LinearHead::<CLASSES, FEATURES>::new(), parts);
    let offset = |x: &[f32; FEATURES]| x.map(|x| x + 20.0);
    for i in 0..400 {
        let x = offset(&sample(i, i % CLASSES));
        raw.learn(&TUNER, &x, i % CLASSES).unwrap();
        standardized.learn(&TUNER, &x, i % CLASSES).unwrap();
    }
    let all: Vec<_> = (0..CLASSES).map(|kind| (kind, kind)).collect();
    let at_chance = accuracy(&mut |x| raw.answer(&offset(x)).unwrap(), &all);
    let learned = accuracy(&mut |x| standardized.answer(&offset(x)).unwrap(), &all);
    assert!(at_chance < 0.5 && learned > 0.97, "{at_chance} {learned}");
}

#[test]
fn an_error_changes_nothing_in_any_part() {
    type Mine = Learner<LinearHead<CLASSES, FEATURES>, Parts<(), Memory, Guard<Memory>, Calibration<10>, Readout>>;
    let parts = Parts {
        preprocess: (),
        memory: Memory::new(1),
        guard: Guard::new(Memory::new(2), 0.1, 3),
        calibration: Calibration::new(),
        readout: Readout::new().with_temperature(2.0),
    };
    let mut learner = Mine::new(LinearHead::new(), parts);
    learner.replace(0, |head| head.truncate(3)).unwrap();
    let state = |learner: &Mine| {
        let mut bytes = vec![0; checkpoint::size(learner, Contents::ALL)];
        checkpoint::write(learner, Contents::ALL, &mut bytes).unwrap();
        bytes
    };
    let mut all_held_out = 0;
    for i in 0..30 {
        let before = state(&learner);
        let mut nan = sample(i, 0);
        nan[i % FEATURES] = f32::NAN;
        // Both when a sample is due to be held out and when it is not.
        assert!(learner.learn(&TUNER, &nan, 0).is_err());
        assert!(learner.learn(&TUNER, &sample(i, 0), 3).is_err());
        // A sample that is held out causes no update, and so no update that is too large.
        assert!(learner.parts().guard.is_due() || learner.learn(&TUNER, &[3e38; FEATURES], 0).is_err());
        assert!(learner.remove_class(3).is_err());
        assert!(learner.replace(5, |head| head.import(&[0.0; 3])).is_err());
        assert!(learner.answer(&nan).is_err());
        assert!(state(&learner) == before);
        let guard = &learner.parts().guard;
        let held_out = guard.is_due() && guard.held_out().will_remember(i % 3);
        all_held_out += u32::from(held_out);
        assert_eq!(learner.learn(&TUNER, &sample(i, i % 3), i % 3).unwrap().learned(), !held_out);
    }
    let summary = learner.parts().calibration.summary().unwrap();
    assert_eq!((summary.count, learner.steps()), (30, 30 - all_held_out));
    assert!((8..=10).contains(&all_held_out), "{all_held_out}");
}

/// The calibration records the answers' probabilities, at the temperature, not the softmax of the loss.
#[test]
fn calibration_counts_what_was_answered() {
    let parts = Parts {
        preprocess: (),
        memory: (),
        guard: (),
        calibration: Calibration::<10>::new(),
        readout: Readout::new().with_temperature(3.0),
    };
    let mut learner = Learner::new(LinearHead::<CLASSES, FEATURES>::new(), parts);
    let mut by_hand = Calibration::<10>::new();
    for i in 0..200 {
        let x = sample(i, i % CLASSES);
        let mut logits = [0.0; CLASSES];
        learner.head().logits(&x, &mut logits).unwrap();
        Readout::new().with_temperature(3.0).answer_logits(&mut logits).unwrap();
        by_hand.record(&logits, i % CLASSES).unwrap();
        learner.learn(&TUNER, &x, i % CLASSES).unwrap();
    }
    let (found, expected) = (learner.parts().calibration.summary().unwrap(), by_hand.summary().unwrap());
    assert_eq!((found.count, found.accuracy), (expected.count, expected.accuracy));
    for (found, expected) in [
        (found.nll, expected.nll),
        (found.brier, expected.brier),
        (found.confidence, expected.confidence),
        (found.ece, expected.ece),
    ] {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
}

/// If the memory or the guard has no room for a class, that is an error, and not ignored.
#[test]
fn a_class_that_a_part_has_no_room_for_is_refused() {
    let parts =
        Parts { preprocess: (), memory: Replay::<2, 4, [f32; 8]>::new(1), guard: (), calibration: (), readout: () };
    let mut learner = Learner::new(LinearHead::<CLASSES, FEATURES>::new(), parts);
    assert!(learner.learn(&TUNER, &sample(0, 1), 1).is_ok());
    let refused = learner.learn(&TUNER, &sample(0, 2), 2).map(drop);
    assert_eq!(refused, Err(Error::TooManyClasses { classes: 3, most: 2 }));
    learner.replace(0, |head| head.truncate(2)).unwrap();
    assert_eq!(learner.add_class(), Err(Error::NoRoom { classes: 2 }));
}

#[test]
fn features_that_are_only_observed_teach_nothing() {
    let mut standardizer: Standardizer<2> = Standardizer::new(2);
    standardizer.observe(&[1.0, 2.0]).unwrap();
    assert!(!standardizer.is_fixed());
    let parts = Parts { preprocess: standardizer, memory: (), guard: (), calibration: (), readout: () };
    let mut learner = Learner::new(LinearHead::<2, 2>::new(), parts);
    learner.observe(&[3.0, 2.0]).unwrap();
    assert_eq!((learner.steps(), learner.head()), (0, &LinearHead::new()));
    assert!(learner.learn(&TUNER, &[3.0, 2.0], 0).is_ok());
}

/// A class with options is remembered and recorded like a class; a target of several classes is only learned.
#[test]
fn a_weighted_class_is_remembered_and_counted_and_a_distribution_is_not() {
    type Mine = Learner<LinearHead<CLASSES, FEATURES>, Parts<(), Memory, Guard<Memory>, Calibration<10>>>;
    let guard = Guard::new(Memory::new(2), 0.1, 2);
    let parts = Parts { preprocess: (), memory: Memory::new(1), guard, calibration: Calibration::new(), readout: () };
    let mut learner = Mine::new(LinearHead::new(), parts);
    let weights = [1.0, 2.0, 3.0, 4.0];
    let options = TargetOptions::new().with_class_weights(&weights).with_ignore_index(3);
    let counts = |learner: &Mine| {
        let Parts { memory, guard, calibration, .. } = learner.parts();
        let held_out = guard.held_out();
        let of = |memory: &Memory| [0, 1, 2, 3].map(|class| memory.seen(class));
        (of(memory), of(held_out), calibration.summary().map_or(0, |summary| summary.count), learner.steps())
    };
    for _ in 0..2 {
        learner.learn(&TUNER, &sample(0, 2), Target::Class(2).with(&options)).unwrap();
    }
    assert_eq!(counts(&learner), ([0, 0, 1, 0], [0, 0, 1, 0], 2, 1));
    let soft = Target::Distribution(&[0.0, 0.5, 0.5, 0.0]);
    assert!(learner.learn(&TUNER, &sample(1, 2), soft.with(&options)).unwrap().learned());
    assert_eq!(counts(&learner), ([0, 0, 1, 0], [0, 0, 1, 0], 2, 2));
    assert!(!learner.learn(&TUNER, &sample(2, 3), Target::Class(3).with(&options)).unwrap().learned());
    assert_eq!(counts(&learner), ([0, 0, 1, 0], [0, 0, 1, 0], 2, 2));
}

/// Wrong labels are noticed although more samples are held out meanwhile.
#[test]
fn the_guard_warns_of_wrong_labels_while_samples_are_held_out() {
    type Mine = Learner<LinearHead<CLASSES, FEATURES>, Parts<(), (), Guard<Memory>>>;
    let guard = Guard::new(Memory::new(2), 0.1, 7);
    let mut learner =
        Mine::new(LinearHead::new(), Parts { preprocess: (), memory: (), guard, calibration: (), readout: () });
    for i in 0..300 {
        learner.learn(&TUNER, &sample(i, i % CLASSES), i % CLASSES).unwrap();
    }
    assert!(matches!(learner.judge(), Verdict::Best(_)));
    // Every label is now wrong by one class; most samples held out before are right.
    let verdicts: Vec<Verdict> = (300..400)
        .map(|i| {
            learner.learn(&TUNER, &sample(i, i % CLASSES), (i + 1) % CLASSES).unwrap();
            learner.judge()
        })
        .collect();
    assert!(verdicts.iter().any(|verdict| matches!(verdict, Verdict::Worse(_))));
    assert!(!verdicts.iter().skip(20).any(|verdict| matches!(verdict, Verdict::Best(_))), "{verdicts:?}");
}

/// Parts that are chosen at run time, or borrowed for one call, count what a calibration of the learner's own counts.
#[test]
fn a_wrong_label_is_taken_back_whether_it_was_learned_or_held_out() {
    type Head = DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>;
    type Guarded = Learner<Head, Parts<(), (), Guard<Replay<CLASSES, 2, [f32; FEATURES]>>>>;
    // Without the ridge, which every sixteenth label leaves.
    const LDA: StreamingLda = StreamingLda::new().with_ridge(0.0);
    let guard = Guard::new(Replay::new(3), 0.5, 3);
    let parts = Parts { preprocess: (), memory: (), guard, calibration: (), readout: () };
    let mut learner = Guarded::new(Head::new(), parts);
    let held_out = |learner: &Guarded| {
        let mut samples = Vec::new();
        learner.parts().guard.held_out().for_each(|x, class| samples.push((*x, class)));
        samples
    };
    let (mut learned, mut kept) = (0, 0);
    for i in 0..200 {
        let (class, wrong) = (i % CLASSES, (i + 1) % CLASSES);
        let (head, samples) = (learner.head().clone(), held_out(&learner));
        let was_learned = learner.learn(&LDA, &sample(i, class), class).unwrap().learned();
        // A sample without a slot is learned, so that no label is lost.
        assert_eq!(was_learned, held_out(&learner) == samples, "{i}");
        assert_eq!(was_learned, *learner.head() != head, "{i}");
        (learned, kept) = (learned + u32::from(was_learned), kept + u32::from(!was_learned));
        if i < CLASSES {
            continue;
        }
        let (head, samples) = (learner.head().clone(), held_out(&learner));
        let was_learned = learner.learn(&LDA, &sample(1000 + i, class), wrong).unwrap().learned();
        learner.unlearn(&LDA, &sample(1000 + i, class), wrong).unwrap();
        let now = held_out(&learner);
        assert!(now.iter().all(|sample| samples.contains(sample)), "{i}: the wrong label is still held out");
        let [mut before, mut after] = [[0.0; CLASSES]; 2];
        head.logits(&sample(i, class), &mut before).unwrap();
        learner.head().logits(&sample(i, class), &mut after).unwrap();
        assert!(before.iter().zip(after).all(|(z, w)| (z - w).abs() < 1e-4), "{i}: {before:?} {after:?}");
        assert!(was_learned || *learner.head() == head, "{i}: the head has unlearned what it never learned");
    }
    assert_eq!((0..CLASSES).map(|class| learner.head().samples(class)).sum::<u32>(), learned);
    assert!(kept > 8 && learned > 150, "{kept} were held out in 8 slots, {learned} learned");
}

#[test]
fn a_calibration_that_is_lent_counts_the_same() {
    for temperature in [1.0, 3.0] {
        let readout = Readout::new().with_temperature(temperature);
        let (mut chosen, mut lent, mut head) = (Calibration::<10>::new(), Calibration::<10>::new(), LinearHead::new());
        let parts = Parts { preprocess: (), memory: (), guard: (), calibration: Calibration::<10>::new(), readout };
        let mut own = Learner::new(head.clone(), parts);
        for i in 0..100 {
            let (x, class) = (sample(i, i % CLASSES), i % CLASSES);
            own.learn(&TUNER, &x, class).unwrap();
            // A learner for one call only, which leaves its head.
            let scores: Option<&mut dyn Scores> = Some(&mut chosen);
            let parts = Parts { preprocess: (), memory: (), guard: (), calibration: scores, readout: &readout };
            let mut for_one_call: Learner<LinearHead<CLASSES, FEATURES>, _> = Learner::new(head.clone(), parts);
            let step = for_one_call.learn(&TUNER, &x, class).unwrap();
            assert!(step.learned());
            let parts = Parts { preprocess: (), memory: (), guard: (), calibration: &mut lent, readout: &readout };
            let mut for_one_call = Learner::new(head, parts);
            for_one_call.learn(&TUNER, &x, class).unwrap();
            assert_eq!(for_one_call.answer(&x), own.answer(&x));
            head = for_one_call.into_parts().0;
            assert_eq!(head, *own.head());
        }
        let counted = own.parts().calibration.summary();
        assert_eq!((Scores::summary(&chosen), Scores::summary(&lent)), (counted, counted));
        assert_eq!(counted.map(|summary| summary.count), Some(100));
        // Forgetting forgets what was counted, in each of them.
        let mut scores: Option<&mut dyn Scores> = Some(&mut chosen);
        Record::reset(&mut scores);
        Record::reset(&mut &mut lent);
        Record::reset(&mut own.parts_mut().calibration);
        assert_eq!((chosen, lent), (Calibration::default(), Calibration::default()));
        assert_eq!(own.parts().calibration.summary(), None);
    }
    let none: Option<&mut dyn Scores> = None;
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: none, readout: () };
    let mut without = Learner::new(LinearHead::<CLASSES, FEATURES>::new(), parts);
    assert!(without.learn(&TUNER, &sample(0, 0), 0).unwrap().learned());
}

#[test]
fn all_probabilities_are_those_of_the_answer() {
    let readout = Readout::new().with_temperature(2.0).with_threshold(0.5);
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout };
    let mut learner = Learner::new(LinearHead::<CLASSES, FEATURES>::empty(), parts);
    let (mut p, untouched) = ([7.0; CLASSES], [7.0; CLASSES]);
    assert_eq!(learner.probabilities(&sample(0, 0), &mut p), Err(Error::NoClasses));
    assert!(learner.probabilities(&sample(0, 0), &mut p[..3]).is_err() && p == untouched);
    (0..3).for_each(|class| assert_eq!(learner.add_class(), Ok(class)));
    (0..60).for_each(|i| assert!(learner.learn(&TUNER, &sample(i, i % 3), i % 3).is_ok()));
    let mut unknown = 0;
    for i in 0..40 {
        let x = sample(800 + i, i % CLASSES);
        let answer = learner.answer(&x).unwrap();
        assert_eq!(learner.probabilities(&x, &mut p), Ok(answer));
        let (Answer::Class(prediction) | Answer::Unknown(prediction, _)) = answer;
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6 && p[3] == 0.0, "{p:?}");
        assert!(
            (p[prediction.class] - prediction.probability).abs() < 1e-6
                && p.iter().all(|p| *p <= prediction.probability)
        );
        // At half the logits: the odds of two classes are the root of those at the temperature 1.
        let mut logits = [0.0; CLASSES];
        learner.head().logits(&x, &mut logits).unwrap();
        assert!(((p[0] / p[1]).ln() - (logits[0] - logits[1]) / 2.0).abs() < 1e-4, "{p:?} {logits:?}");
        unknown += u32::from(matches!(answer, Answer::Unknown(..)));
    }
    assert!((1..40).contains(&unknown), "{unknown}");
}
