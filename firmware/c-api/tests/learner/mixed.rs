//! A trained head mixed in, alone and with neighbours on top: the bits of the core's, and what is refused.

use std::ptr;

use gradient_decay::replay::OwnedSlots;
use gradient_decay::{
    Learner, LinearHead, MixedHead, Neighbours, Parts, Quantized, Readout, Replay, Standardizer, StreamingLda, kernels,
};
use gradient_decay_c::*;

use super::neighbours::{KEPT, LDA, Plain, discounted, others, twin};
use super::{CLASSES, FEATURES, Mine, bare, config, sample, saved};

const TRAINED: usize = 3;

/// Rows that tell the first classes of `sample` apart, in features near 20, with weights of every size.
const PARAMETERS: [f32; TRAINED * (FEATURES + 1)] = {
    let mut numbers = [0.0; TRAINED * (FEATURES + 1)];
    let mut i = 0;
    while i < TRAINED * FEATURES {
        numbers[i] = if i / FEATURES == i % FEATURES { 1.25 } else { -0.03 * (i % 5) as f32 };
        i += 1;
    }
    numbers[TRAINED * FEATURES] = 0.375;
    numbers
};

type Mixed = MixedHead<'static, CLASSES, FEATURES, { kernels::packed(FEATURES) }, TRAINED>;
type Near<S> = Neighbours<Mixed, OwnedSlots<CLASSES, KEPT, [f32; FEATURES], S>>;

fn given() -> gd_trained {
    gd_trained { parameters: PARAMETERS.as_ptr(), map: ptr::null(), classes: TRAINED as u16 }
}

/// The trained head mixed into this one by the core.
fn over(head: Plain) -> Mixed {
    let mut trained: LinearHead<TRAINED, FEATURES> = LinearHead::new();
    trained.import(&PARAMETERS).unwrap();
    Mixed::new(head, Box::leak(Box::new(trained)))
}

/// The same of a new one, with so many classes in use.
fn mixed(used: usize) -> Mixed {
    let mut head = over(Plain::new());
    head.truncate(used).unwrap();
    head
}

#[test]
fn a_trained_head_mixed_in_has_the_bits_of_rust() {
    let trained = given();
    let config = gd_learner_config { trained: &trained, ..config(&gd_head_mixed) };
    let mut numbers = PARAMETERS;
    numbers[1] += 0.5;
    let other = gd_trained { parameters: numbers.as_ptr(), ..trained };
    let others = [gd_learner_config { trained: &other, ..config }];
    twin(&config, mixed(0), |head| head.discount(16.0, 3).unwrap(), &others);
}

#[test]
fn so_it_has_with_neighbours() {
    let trained = given();
    let config = |head| gd_learner_config { trained: &trained, kept_slots: KEPT as u16, ..config(head) };
    let (bytes, floats) = (config(&gd_head_mixed_neighbours_i8), config(&gd_head_mixed_neighbours_f32));
    let new = Near::<Quantized<FEATURES>>::new(mixed(0), Replay::new(11));
    let strangers = others(&bytes, &gd_head_mixed_neighbours_f32);
    twin(&bytes, new, |head| discounted(head, |base| base.discount(16.0, 3)), &strangers);
    let new = Near::<[f32; FEATURES]>::new(mixed(0), Replay::new(11));
    let strangers = others(&floats, &gd_head_mixed_neighbours_i8);
    twin(&floats, new, |head| discounted(head, |base| base.discount(16.0, 3)), &strangers);
}

/// From the first answer, with classes that the trained head knows, which are removed, and others.
#[test]
fn it_answers_before_the_first_label_and_keeps_track_of_classes() {
    let trained = given();
    let unused = (CLASSES - TRAINED) as u16;
    let mut mine = Mine::new(&gd_learner_config { trained: &trained, unused, ..bare(&gd_head_mixed) });
    let mut known = Learner::new(
        mixed(TRAINED),
        Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: Readout::new() },
    );
    let lda = StreamingLda::new();
    (0..TRAINED).for_each(|class| assert_eq!(mine.predict(&sample(9, class)).1.class_index, class as u32));
    for i in 0..80 {
        let (x, mut p) = (sample(i + 300, i % 5), [0.0; CLASSES]);
        let expected = known.probabilities(&x, &mut p).unwrap().prediction();
        let (status, answer, its) = mine.predict(&x);
        assert_eq!((status, answer.class_index, its), (GD_OK, expected.class as u32, p), "{i}");
        if i == 10 || i == 50 {
            assert_eq!(unsafe { gd_learner_add_class(mine.at(), ptr::null_mut()) }, GD_OK);
            known.add_class().unwrap();
        }
        if i == 30 {
            assert_eq!(unsafe { gd_learner_remove_class(mine.at(), 1) }, GD_OK);
            known.remove_class(1).unwrap();
        }
        let (x, class) = (sample(i, i % 3), i % 3);
        known.learn(&lda, &x, class).unwrap();
        assert_eq!(mine.learn(&x, class).0, GD_OK);
        assert!(mine.saved() == saved(&known), "{i}");
    }
    // The map is part of the checkpoint.
    let bytes = mine.saved();
    let mut other = Mine::new(&gd_learner_config { trained: &trained, ..bare(&gd_head_mixed) });
    assert_eq!(other.load(&bytes), GD_OK);
    assert!(other.saved() == bytes);
    assert_eq!(other.predict(&sample(3, 1)).2, mine.predict(&sample(3, 1)).2);
}

/// A map at the beginning is one that classes removed and added have left.
#[test]
fn a_map_says_which_class_of_the_trained_head_is_which() {
    let map = [2, 255, 0, 255, 255];
    let trained = gd_trained { map: map.as_ptr(), ..given() };
    let mut mine = Mine::new(&gd_learner_config { trained: &trained, unused: 2, ..bare(&gd_head_mixed) });
    for (class, of) in [(0, 2), (2, 0)] {
        assert_eq!(mine.predict(&sample(class, of)).1.class_index, class as u32);
    }
    assert_eq!(mine.predict(&sample(0, 0)).2[1], 0.0);
    let bytes = mine.saved();
    let words: Vec<u32> = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    assert!(words.windows(CLASSES).any(|words| words == map.map(u32::from)));
}

/// The head and the units of a training set, as `demo-host export` writes them.
#[test]
fn it_starts_from_the_statistics_of_a_training_set() {
    let parts = || Parts {
        preprocess: Standardizer::from_statistics(&[20.1; FEATURES], &[0.8; FEATURES]),
        memory: (),
        guard: (),
        calibration: (),
        readout: Readout::new(),
    };
    let mut host = Learner::new(Plain::new(), parts());
    (0..200).for_each(|i| {
        host.learn(&LDA, &sample(i, i % CLASSES), i % CLASSES).unwrap();
    });
    let of_labels = saved(&host);
    host.replace(0, |head| head.discount(64.0, 3)).unwrap();
    let prior = saved(&host);
    let mut known = Learner::new(over(host.into_parts().0), parts());

    let trained = given();
    let standardizer = &raw const gd_part_standardizer;
    let mut mine = Mine::new(&gd_learner_config { trained: &trained, standardizer, ..bare(&gd_head_mixed) });
    let before = mine.saved();
    assert_eq!(mine.load(&of_labels), GD_ERROR_CHECKPOINT);
    assert!(mine.saved() == before);
    assert_eq!(mine.load(&prior), GD_OK);
    for i in 0..40 {
        let (x, mut p) = (sample(i + 700, i % CLASSES), [0.0; CLASSES]);
        known.probabilities(&x, &mut p).unwrap();
        assert_eq!(mine.predict(&x).2, p);
        known.learn(&StreamingLda::new(), &x, i % CLASSES).unwrap();
        assert_eq!(mine.learn(&x, i % CLASSES).0, GD_OK);
    }
    assert!(mine.saved() == saved(&known));
}

#[test]
fn a_trained_head_that_does_not_fit_is_refused() {
    let mut memory = vec![u64::MAX; 1 << 12];
    let at = memory.as_mut_ptr();
    let mut own: gd_learner = unsafe { std::mem::zeroed() };
    let mut infinite = PARAMETERS;
    infinite[20] = f32::INFINITY;
    let map = [0, 1, 3, 255, 255];
    let good = given();
    let with = |trained| gd_learner_config { trained, ..bare(&gd_head_mixed) };
    for (trained, expected) in [
        (gd_trained { parameters: ptr::null(), ..good }, GD_ERROR_POINTER),
        (gd_trained { parameters: at.cast::<f32>().wrapping_add(9), ..good }, GD_ERROR_POINTER),
        (gd_trained { parameters: PARAMETERS.as_ptr().wrapping_byte_add(1), ..good }, GD_ERROR_POINTER),
        (gd_trained { map: at.cast(), ..good }, GD_ERROR_POINTER),
        (gd_trained { classes: 0, ..good }, GD_ERROR_LENGTH),
        (gd_trained { classes: 255, ..good }, GD_ERROR_LENGTH),
        (gd_trained { map: map.as_ptr(), ..good }, GD_ERROR_CLASS),
        (gd_trained { parameters: infinite.as_ptr(), ..good }, GD_ERROR_NOT_FINITE),
    ] {
        let status = unsafe { gd_learner_init(&mut own, &with(&trained), at.cast(), 8 << 12) };
        assert_eq!(status, expected);
        let inside = expected == GD_ERROR_POINTER && trained.parameters.is_aligned() && !trained.parameters.is_null();
        assert!(inside || unsafe { gd_learner_bytes(&with(&trained)) } == 0);
    }
    for (config, expected) in [
        (bare(&gd_head_mixed), GD_ERROR_POINTER),
        (gd_learner_config { trained: at.cast(), ..bare(&gd_head_discriminant) }, GD_ERROR_PART),
        (gd_learner_config { kept_slots: 1, ..with(&good) }, GD_ERROR_PART),
        (gd_learner_config { head: &gd_head_mixed_neighbours_i8, ..with(&good) }, GD_ERROR_LENGTH),
    ] {
        assert_eq!(unsafe { gd_learner_init(&mut own, &config, at.cast(), 8 << 12) }, expected);
        assert_eq!(unsafe { gd_learner_bytes(&config) }, 0);
    }
    assert!(memory.iter().all(|word| *word == u64::MAX));
    assert_eq!(unsafe { gd_learner_set_steps(&mut own, 1) }, GD_ERROR_TRAINER);
}
