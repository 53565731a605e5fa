//! Numbers that no learner writes, with a valid CRC: either they are refused and nothing changes, or the result is a sound learner.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradient_decay::{
    Learner, LinearHead, LinearView, PairView, Parts, Preprocess, Readout, Standardizer, State, checkpoint,
};
use proptest::prelude::*;

use crate::learners::{Deep, Small, Whole, sample};
use crate::sections::{FIXED, HELD_OUT, MEMORY, Sections};
use crate::{Subject, read_into, written};

/// Words that are extreme as f32 or as u32.
fn extremes() -> Vec<u32> {
    let floats = [f32::NAN, f32::INFINITY, f32::MAX, 1e30, 1e20, 2e18, 1e12, 1.0, 1e-12, 1e-38, 1e-45, 0.0];
    let floats = floats.into_iter().flat_map(|x| [x.to_bits(), (-x).to_bits()]);
    floats.chain([1, 2, 3, 6, 255, 1 << 16, i32::MAX as u32, u32::MAX, 0x7fc0_0001, 0xffff_8000]).collect()
}

/// Every number replaced by every extreme one; in sections of samples or of 16 bits at every byte.
fn every_number<T: Subject>() {
    let (sections, other) = (Sections::of(&written(&T::trained())), T::other());
    let (mut taken, mut refused, mut unsound) = (0, 0, Vec::new());
    for (i, (tag, contents)) in sections.sections.iter().enumerate() {
        let stride = if [MEMORY, HELD_OUT, FIXED].contains(tag) { 1 } else { 4 };
        for at in (0..=contents.len() - 4).step_by(stride) {
            for word in extremes() {
                let mut changed = sections.clone();
                changed.sections[i].1[at..at + 4].copy_from_slice(&word.to_le_bytes());
                let result = catch_unwind(AssertUnwindSafe(|| {
                    read_into(&other, &changed.bytes()).map(|mut learner| learner.use_up())
                }));
                match result {
                    Ok(Ok(())) => taken += 1,
                    Ok(Err(_)) => refused += 1,
                    Err(_) => unsound.push(format!("{word:#x} ({:e}) at {at} of section {tag}", f32::from_bits(word))),
                }
            }
        }
    }
    println!("{taken} taken, {refused} refused");
    assert!(unsound.is_empty(), "{unsound:#?}");
    assert!(taken > 100 && refused > 100);
}

#[test]
fn every_number_is_taken_to_a_sound_learner_or_refused() {
    every_number::<Whole>();
}

#[test]
fn every_number_is_taken_to_a_sound_learner_or_refused_in_integers() {
    every_number::<Small>();
}

#[test]
fn every_number_is_taken_to_a_sound_learner_or_refused_with_a_hidden_layer() {
    every_number::<Deep>();
}

/// Before the standardizer's units are fixed, and after.
#[test]
fn every_number_of_a_standardizer_is_taken_to_a_sound_one_or_refused() {
    for observed in 0..=6 {
        let mut standardizer = Standardizer::<2>::new(6);
        (0..observed).for_each(|i| standardizer.observe(&sample(i)).unwrap());
        let sections = Sections::of(&written(&standardizer));
        for at in (0..sections.sections[0].1.len()).step_by(4) {
            for word in extremes() {
                let mut changed = sections.clone();
                changed.sections[0].1[at..at + 4].copy_from_slice(&word.to_le_bytes());
                let mut restored = standardizer.clone();
                if checkpoint::read(&changed.bytes(), &mut restored).is_err() {
                    assert_eq!(restored, standardizer);
                    continue;
                }
                // It fixes its units if few samples are missing, and a head can take its output.
                for x in (0..6).map(sample).chain([[1e18, -1e18], [-1e18, 0.0], [1e-30, 1e18]]) {
                    restored.observe(&x).unwrap();
                    let finite = restored.apply(&x, |x| x.iter().all(|x| x.is_finite())).unwrap_or(true);
                    assert!(finite, "{observed}, {word:#x} ({:e}) at {at}: {restored:?}", f32::from_bits(word));
                }
                checkpoint::read(&written(&restored), &mut Standardizer::<2>::new(1)).unwrap();
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        parameters in prop::collection::vec(any::<f32>().prop_filter("finite", |x| x.is_finite()), 20),
        classes in 0..=4_usize,
        steps in any::<u32>(),
        temperature in 0.01..100.0_f32,
        threshold in 0.0..=1.0_f32,
    ) {
        let readout = Readout::new().try_with_temperature(temperature).unwrap().try_with_threshold(threshold).unwrap();
        let parts = |readout| Parts { preprocess: (), memory: (), guard: (), calibration: (), readout };
        let mut learner = Learner::new(LinearHead::<4, 4>::new(), parts(readout));
        learner.replace(steps, |head| head.import(&parameters).and_then(|()| head.truncate(classes))).unwrap();
        let bytes = written(&learner);
        let mut restored = Learner::new(LinearHead::<4, 4>::empty(), parts(Readout::new()));
        checkpoint::read(&bytes, &mut restored).unwrap();
        prop_assert_eq!((restored.head(), restored.steps(), restored.parts()), (learner.head(), steps, learner.parts()));

        // A shape known at run time has the same bytes.
        let (mut copy, mut scratch) = ([0.0; 20], [0.0; 8]);
        let head = LinearView::new(&mut copy, 4, 4).unwrap();
        let state = State::with_work(PairView::new(&mut scratch, 4).unwrap());
        let mut view = Learner::with_state(head, state, parts(Readout::new()));
        checkpoint::read(&bytes, &mut view).unwrap();
        prop_assert_eq!((view.classes(), view.steps()), (classes, steps));
        prop_assert_eq!(written(&view), bytes);
        let mut expected = [1.0; 20];
        learner.head().export(&mut expected).unwrap();
        prop_assert_eq!(copy.map(f32::to_bits), expected.map(f32::to_bits));
    }
}
