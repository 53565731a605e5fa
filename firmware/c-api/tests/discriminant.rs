//! The discriminant from C, beside the core's whose shape is known when it is compiled.

use std::mem::zeroed;
use std::ptr;

use gradient_decay::statistics::StatisticsView;
use gradient_decay::{Calibration, Classes, Contents, DiscriminantHead, Head, Learner, Parts, Readout, checkpoint};
use gradient_decay::{LinearHead, StreamingLda, kernels};
use gradient_decay_c::*;

const CLASSES: usize = 4;
const FEATURES: usize = 9;
const NUMBERS: usize = StatisticsView::numbers_of(CLASSES, FEATURES);
const SCRATCH: usize = StatisticsView::scratch_of(CLASSES, FEATURES);
const BYTES: usize = checkpoint::bytes::<Mine>();
const LDA: StreamingLda = StreamingLda::new();

type Mine = DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>;

/// A discriminant and its memory, which holds anything before it is initialised.
struct Memory {
    own: gd_discriminant,
    numbers: [f32; NUMBERS],
    counts: [u32; CLASSES],
    scratch: [f32; SCRATCH],
}

/// The state that a function must not change when it refuses.
#[derive(Debug, PartialEq)]
struct Seen {
    own: [u32; 10],
    numbers: Vec<u32>,
    counts: [u32; CLASSES],
}

impl Memory {
    /// On the heap, where it stays.
    fn raw() -> Box<Self> {
        // SAFETY: a discriminant is numbers and pointers, which may be null.
        let own = unsafe { zeroed() };
        Box::new(Memory { own, numbers: [f32::NAN; NUMBERS], counts: [7; CLASSES], scratch: [f32::NAN; SCRATCH] })
    }

    fn new() -> Box<Self> {
        let mut memory = Self::raw();
        assert_eq!(memory.init(NUMBERS, CLASSES, SCRATCH, 4, 9), GD_OK);
        memory
    }

    fn init(&mut self, numbers: usize, counts: usize, scratch: usize, classes: u16, features: u16) -> gd_status {
        let (n, c, s) = (self.numbers.as_mut_ptr(), self.counts.as_mut_ptr(), self.scratch.as_mut_ptr());
        // SAFETY: the pointers are to no less than is said, or refused by the count.
        unsafe { gd_discriminant_init(&mut self.own, n, numbers, c, counts, s, scratch, classes, features) }
    }

    fn learn(&mut self, x: &[f32], class: u32) -> gd_status {
        // SAFETY: initialised, over memory that is there.
        unsafe { gd_discriminant_learn(&mut self.own, x.as_ptr(), x.len(), class) }
    }

    fn unlearn(&mut self, x: &[f32], class: u32) -> gd_status {
        // SAFETY: as above.
        unsafe { gd_discriminant_unlearn(&mut self.own, x.as_ptr(), x.len(), class) }
    }

    fn predict(&mut self, x: &[f32], to: &mut [f32], threshold: f32) -> (gd_status, gd_prediction) {
        let (p, n, mut prediction) = (to.as_mut_ptr(), to.len(), gd_prediction::default());
        let (own, x, m) = (&raw mut self.own, x, &raw mut prediction);
        // SAFETY: as above.
        let status = unsafe { gd_discriminant_predict(own, x.as_ptr(), x.len(), p, n, threshold, m) };
        (status, prediction)
    }

    fn discount(&mut self, samples: f32, most: u32) -> gd_status {
        // SAFETY: as above.
        unsafe { gd_discriminant_discount(&mut self.own, samples, most) }
    }

    fn set(&mut self, samples: f32, variance: f32, ridge: f32, most: u32) -> gd_status {
        // SAFETY: as above.
        unsafe { gd_discriminant_set(&mut self.own, samples, variance, ridge, most) }
    }

    fn add_class(&mut self) -> gd_status {
        // SAFETY: as above.
        unsafe { gd_discriminant_add_class(&mut self.own) }
    }

    fn remove_class(&mut self, class: u32) -> gd_status {
        // SAFETY: as above.
        unsafe { gd_discriminant_remove_class(&mut self.own, class) }
    }

    fn save(&mut self, bytes: &mut [u8]) -> gd_status {
        // SAFETY: as above.
        unsafe { gd_discriminant_save(&mut self.own, bytes.as_mut_ptr(), bytes.len()) }
    }

    fn load(&mut self, bytes: &[u8]) -> gd_status {
        // SAFETY: as above.
        unsafe { gd_discriminant_load(&mut self.own, bytes.as_ptr(), bytes.len()) }
    }

    fn seen(&self) -> Seen {
        let o = &self.own;
        let settings = [o.prior, o.base, o.prior_samples, o.prior_variance, o.ridge].map(f32::to_bits);
        let [a, b, c, d, e] = settings;
        Seen {
            own: [o.mark, o.room.into(), o.classes, o.labels, a, b, c, d, e, o.most],
            numbers: self.numbers.iter().map(|x| x.to_bits()).collect(),
            counts: self.counts,
        }
    }
}

/// One class a feature, with noise that follows from `i`.
fn sample(i: u32, class: u32) -> [f32; FEATURES] {
    std::array::from_fn(|j| {
        let mixed = (i * 64 + j as u32).wrapping_mul(2_654_435_761);
        let noise = ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 23) as f32 - 1.0;
        noise + if j as u32 == class { 1.5 } else { 0.0 }
    })
}

fn saved(head: &Mine) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    checkpoint::write(head, Contents::ALL, &mut bytes).unwrap();
    bytes
}

/// The same state, to the bit, and the same answer.
fn assert_same(c: &mut Memory, mine: &Mine, i: u32) {
    let mut bytes = [0; BYTES];
    assert_eq!((c.save(&mut bytes), bytes), (GD_OK, saved(mine)), "label {i}");
    let counts: [u32; CLASSES] = std::array::from_fn(|class| mine.samples(class));
    assert_eq!((c.own.labels, c.own.classes, c.counts), (mine.labels(), mine.classes() as u32, counts));
    let (x, mut probabilities, mut expected) = (sample(1000 + i, i % 4), [9.0; CLASSES], [0.0; CLASSES]);
    let (status, prediction) = c.predict(&x, &mut probabilities, 0.6);
    mine.logits(&x, &mut expected).unwrap();
    Readout::new().answer_logits(&mut expected).unwrap();
    let answer = mine.predict(&x).unwrap();
    assert_eq!((status, probabilities), (GD_OK, expected));
    assert_eq!((prediction.class_index as usize, prediction.probability), (answer.class, answer.probability));
    assert_eq!(prediction.known, answer.probability >= 0.6);
}

#[test]
fn a_lesson_has_the_bits_of_the_core() {
    for lda in [LDA, LDA.with_prior(4.0, 2.0).with_ridge(0.01).with_most(6)] {
        let (mut c, mut mine) = (Memory::new(), Mine::new());
        assert_eq!(c.set(lda.prior_samples(), lda.prior_variance(), lda.ridge(), lda.most()), GD_OK);
        for i in 0..200 {
            let class = i * 7 % 3 + u32::from(i > 120);
            let x = sample(i, class);
            assert_eq!((c.learn(&x, class), mine.learn(&lda, &x, class as usize)), (GD_OK, Ok(())));
            match i {
                0 | 30 | 190 => {
                    let slip = sample(500 + i, 2);
                    assert_eq!((c.learn(&slip, 0), mine.learn(&lda, &slip, 0)), (GD_OK, Ok(())));
                    assert_eq!((c.unlearn(&slip, 0), mine.unlearn(&lda, &slip, 0)), (GD_OK, Ok(())));
                }
                60 => assert_eq!((c.discount(24.0, 5), mine.discount(24.0, 5)), (GD_OK, Ok(()))),
                80 => assert_eq!((c.remove_class(1), mine.remove_class(1)), (GD_OK, Ok(()))),
                90 => assert_eq!((c.add_class(), mine.add_class()), (GD_OK, Ok(3))),
                _ => {}
            }
            assert_same(&mut c, &mine, i);
        }
    }
}

#[test]
fn a_checkpoint_goes_to_rust_and_back() {
    let mut c = Memory::new();
    for i in 0..40 {
        assert_eq!(c.learn(&sample(i, i % 3), i % 3), GD_OK);
    }
    assert_eq!((c.discount(32.0, 9), c.learn(&sample(40, 1), 1), c.remove_class(3)), (GD_OK, GD_OK, GD_OK));
    let mut bytes = [7; BYTES + 3];
    assert_eq!((c.save(&mut bytes), &bytes[BYTES..]), (GD_OK, &[7; 3][..]));
    let mut mine = Mine::new();
    checkpoint::read(&bytes, &mut mine).unwrap();
    assert_same(&mut c, &mine, 41);

    // A new one goes on as the old one does; the settings are its own.
    let mut other = Memory::new();
    assert_eq!((other.set(4.0, 1.0, 0.001, 50), other.load(&bytes)), (GD_OK, GD_OK));
    assert_eq!((other.own.prior, other.own.base, other.own.prior_samples, other.own.most), (32.0, 32.0, 4.0, 50));
    for i in 42..80 {
        let x = sample(i, i % 3);
        assert_eq!((other.learn(&x, i % 3), mine.learn(&LDA, &x, i as usize % 3)), (GD_OK, Ok(())));
        assert_same(&mut other, &mine, i);
    }
    assert_eq!(other.learn(&sample(0, 3), 3), GD_ERROR_CLASS, "three are in use");
    assert_eq!((other.add_class(), other.learn(&sample(0, 3), 3)), (GD_OK, GD_OK));

    // One of a whole learner has a discriminant in it.
    let parts =
        Parts { preprocess: (), memory: (), guard: (), calibration: Calibration::<10>::new(), readout: Readout::new() };
    let learner = Learner::new(mine.clone(), parts);
    let mut bytes = [0; 2000];
    let length = checkpoint::write(&learner, Contents::ALL, &mut bytes).unwrap();
    assert!(length > BYTES);
    assert_eq!(c.load(&bytes[..length]), GD_OK);
    assert_same(&mut c, &mine, 80);
}

#[test]
fn another_head_s_and_damaged_checkpoints_are_refused() {
    let mut c = Memory::new();
    for i in 0..20 {
        assert_eq!(c.learn(&sample(i, i % 4), i % 4), GD_OK);
    }
    let mut bytes = [0; BYTES];
    assert_eq!(c.save(&mut bytes), GD_OK);
    assert_eq!(c.learn(&sample(20, 0), 0), GD_OK);
    let before = c.seen();
    for index in 0..BYTES {
        let mut damaged = bytes;
        damaged[index] ^= 1;
        assert_eq!(c.load(&damaged), GD_ERROR_CHECKPOINT, "byte {index}");
        assert_eq!(c.load(&bytes[..index]), GD_ERROR_CHECKPOINT, "cut at {index}");
    }
    let mut other = [0; 2000];
    checkpoint::write(&DiscriminantHead::<5, 9, 36>::new(), Contents::ALL, &mut other).unwrap();
    assert_eq!(c.load(&other), GD_ERROR_CHECKPOINT);
    checkpoint::write(&DiscriminantHead::<4, 8, 28>::new(), Contents::ALL, &mut other).unwrap();
    assert_eq!(c.load(&other), GD_ERROR_CHECKPOINT);
    checkpoint::write(&LinearHead::<4, 9>::new(), Contents::ALL, &mut other).unwrap();
    assert_eq!(c.load(&other), GD_ERROR_CHECKPOINT);
    assert_eq!(c.seen(), before);
    // What would be refused is not written.
    let mut to = [7; BYTES];
    assert_eq!(c.save(&mut to[1..]), GD_ERROR_SHORT);
    c.numbers[NUMBERS - 1] = f32::NAN;
    assert_eq!((c.save(&mut to), to), (GD_ERROR_NOT_FINITE, [7; BYTES]));
}

#[test]
fn every_refusal_has_a_code_and_changes_nothing() {
    let mut c = Memory::raw();
    assert_eq!(c.learn(&sample(0, 0), 0), GD_ERROR_TRAINER, "before gd_discriminant_init");
    let raw = c.seen();
    for (numbers, counts, scratch, classes, features) in [
        (NUMBERS - 1, CLASSES, SCRATCH, 4, 9),
        (NUMBERS, CLASSES - 1, SCRATCH, 4, 9),
        (NUMBERS, CLASSES, SCRATCH - 1, 4, 9),
        (NUMBERS, CLASSES, SCRATCH, 9, 4),
        (0, 0, 27, 0, 9),
        (4, 4, 4, 4, 0),
        (usize::MAX, CLASSES, SCRATCH, 4, 9),
    ] {
        assert_eq!(c.init(numbers, counts, scratch, classes, features), GD_ERROR_LENGTH);
    }
    assert_eq!(c.seen(), raw, "not even set to zero");
    assert_eq!(c.init(NUMBERS, CLASSES, SCRATCH, 4, 9), GD_OK);
    assert_eq!((c.counts, c.numbers.map(f32::to_bits)), ([0; CLASSES], [0; NUMBERS]));

    let (mut to, x) = ([0.0; CLASSES], sample(0, 0));
    assert_eq!(c.predict(&x, &mut to, 0.0).0, GD_ERROR_NO_CLASSES);
    assert_eq!((c.discount(16.0, 3), c.unlearn(&x, 0)), (GD_ERROR_NO_CLASSES, GD_ERROR_NOT_LEARNED));
    for i in 0..12 {
        assert_eq!(c.learn(&sample(i, i % 3), i % 3), GD_OK);
    }
    let before = c.seen();
    for refuse in [Memory::learn, Memory::unlearn] {
        assert_eq!(refuse(&mut c, &x[1..], 0), GD_ERROR_LENGTH);
        assert_eq!(refuse(&mut c, &[0.5; FEATURES + 1], 0), GD_ERROR_LENGTH);
        assert_eq!((refuse(&mut c, &x, 4), refuse(&mut c, &x, u32::MAX)), (GD_ERROR_CLASS, GD_ERROR_CLASS));
        for (value, expected) in
            [(f32::NAN, GD_ERROR_NOT_FINITE), (f32::INFINITY, GD_ERROR_NOT_FINITE), (1.1e6, GD_ERROR_RANGE)]
        {
            let mut x = x;
            x[5] = value;
            assert_eq!((refuse(&mut c, &x, 0), refuse(&mut c, &x, 3)), (expected, expected));
        }
    }
    assert_eq!(c.unlearn(&x, 3), GD_ERROR_NOT_LEARNED, "it has no sample");
    assert_eq!(c.unlearn(&[1e5; FEATURES], 0), GD_ERROR_NOT_LEARNED, "far from all of its samples");
    for (samples, variance, ridge) in [
        (0.0, 0.5, 0.1),
        (2e6, 0.5, 0.1),
        (f32::NAN, 0.5, 0.1),
        (16.0, 0.0, 0.1),
        (16.0, 2e6, 0.1),
        (16.0, 0.5, -0.1),
        (16.0, 0.5, 1.1),
        (16.0, 0.5, f32::NAN),
    ] {
        assert_eq!(c.set(samples, variance, ridge, 10), GD_ERROR_RANGE);
    }
    for samples in [0.0, 2e6, f32::NAN] {
        assert_eq!(c.discount(samples, 3), GD_ERROR_RANGE);
    }
    assert_eq!((c.add_class(), c.remove_class(4)), (GD_ERROR_NO_ROOM, GD_ERROR_CLASS));
    for threshold in [-0.1, 1.1, f32::NAN] {
        assert_eq!(c.predict(&x, &mut to, threshold).0, GD_ERROR_RANGE);
    }
    assert_eq!(c.predict(&x[1..], &mut to, 0.0).0, GD_ERROR_LENGTH);
    assert_eq!(c.predict(&x, &mut to[1..], 0.0).0, GD_ERROR_LENGTH);
    assert_eq!(c.predict(&[f32::NAN; FEATURES], &mut to, 0.0).0, GD_ERROR_NOT_FINITE);
    assert_eq!(c.predict(&[3e38; FEATURES], &mut to, 0.0).0, GD_ERROR_NOT_FINITE);
    assert_eq!(c.seen(), before);

    // A scatter so narrow that a sample is 1e12 deviations off.
    let mut narrow = Memory::new();
    assert_eq!((narrow.set(1e-3, 1e-6, 0.0, 0), narrow.own.most), (GD_OK, 1));
    assert_eq!((narrow.learn(&[1e6; FEATURES], 0), narrow.discount(1e-3, 1)), (GD_OK, GD_OK));
    let before = narrow.seen();
    assert_eq!((narrow.learn(&[-1e6; FEATURES], 0), narrow.seen()), (GD_ERROR_TOO_LARGE, before));
}

/// A member that somebody has written to.
#[test]
fn members_out_of_their_ranges_are_refused() {
    let spoil: [fn(&mut gd_discriminant); 12] = [
        |it| it.mark ^= 1,
        |it| it.classes = 5,
        |it| it.prior = 1e7,
        |it| it.prior = f32::NAN,
        |it| it.prior = -1.0,
        |it| it.base = 17.0,
        |it| it.base = f32::NAN,
        |it| it.prior_samples = 0.0,
        |it| it.prior_variance = f32::INFINITY,
        |it| it.ridge = 2.0,
        |it| it.room = 0,
        |it| it.features = 0,
    ];
    let (mut c, x) = (Memory::new(), sample(0, 0));
    assert_eq!(c.learn(&x, 0), GD_OK);
    let kept = c.own;
    for (index, spoil) in spoil.iter().enumerate() {
        c.own = kept;
        spoil(&mut c.own);
        let before = c.seen();
        assert_eq!((c.learn(&x, 0), c.discount(2.0, 1)), (GD_ERROR_TRAINER, GD_ERROR_TRAINER), "{index}");
        assert_eq!(c.predict(&x, &mut [0.0; CLASSES], 0.0).0, GD_ERROR_TRAINER, "{index}");
        assert_eq!((c.save(&mut [0; BYTES]), c.seen()), (GD_ERROR_TRAINER, before), "{index}");
    }
    let null: [fn(&mut gd_discriminant); 3] =
        [|it| it.numbers = ptr::null_mut(), |it| it.counts = ptr::null_mut(), |it| it.scratch = ptr::null_mut()];
    for spoil in null {
        c.own = kept;
        spoil(&mut c.own);
        assert_eq!(c.learn(&x, 0), GD_ERROR_POINTER);
    }
}

#[test]
fn pointers_that_are_null_crooked_or_overlap_are_refused() {
    let mut raw = Memory::raw();
    let (n, k, s) = (raw.numbers.as_mut_ptr(), raw.counts.as_mut_ptr(), raw.scratch.as_mut_ptr());
    let own = &raw mut raw.own;
    let none = ptr::null_mut();
    let init = |own, n, k, s| {
        // SAFETY: null, crooked, or to as much as is said or refused because of an overlap.
        unsafe { gd_discriminant_init(own, n, NUMBERS, k, CLASSES, s, SCRATCH, 4, 9) }
    };
    let crooked = n.cast::<u8>().wrapping_add(1).cast();
    for (own, n, k, s) in [
        (ptr::null_mut(), n, k, s),
        (own, none, k, s),
        (own, n, ptr::null_mut(), s),
        (own, n, k, none),
        (own, crooked, k, s),
        (own, n, crooked.cast(), s),
        (own, n, k, crooked),
        // The first or the last element.
        (own, n, k, n),
        (own, n, k, n.wrapping_add(NUMBERS - 1)),
        (own, s.wrapping_add(SCRATCH - 1), k, s),
        (own, n, n.cast(), s),
        (own, n, s.cast::<u32>().wrapping_add(SCRATCH - 1), s),
        (own, own.cast(), k, s),
        (own, n, own.cast(), s),
        (own, n, k, own.cast()),
        // Around the end of the address space.
        (own, ptr::without_provenance_mut(usize::MAX - 7), k, s),
    ] {
        assert_eq!(init(own, n, k, s), GD_ERROR_POINTER);
    }
    assert!(raw.numbers.iter().all(|x| x.is_nan()) && raw.counts == [7; CLASSES], "nothing was changed");

    let (mut c, x) = (Memory::new(), sample(0, 0));
    assert_eq!(c.learn(&x, 0), GD_OK);
    let before = c.seen();
    let (n, k, s) = (c.numbers.as_mut_ptr(), c.counts.as_mut_ptr(), c.scratch.as_mut_ptr());
    let own = &raw mut c.own;
    let (mut to, mut prediction, mut bytes) = ([0.0_f32; CLASSES], gd_prediction::default(), [0_u8; BYTES]);
    let (to, answer) = (to.as_mut_ptr(), &raw mut prediction);
    let bad = [ptr::null_mut(), x.as_ptr().cast::<u8>().wrapping_add(1).cast_mut().cast(), n, k.cast(), s, own.cast()];
    // SAFETY: what is bad is refused.
    unsafe {
        for bad in bad {
            assert_eq!(gd_discriminant_learn(own, bad, FEATURES, 0), GD_ERROR_POINTER);
            assert_eq!(gd_discriminant_unlearn(own, bad, FEATURES, 0), GD_ERROR_POINTER);
            let predict = |x, to, answer| gd_discriminant_predict(own, x, FEATURES, to, CLASSES, 0.0, answer);
            assert_eq!(predict(bad, to, answer), GD_ERROR_POINTER);
            assert_eq!(predict(x.as_ptr(), bad, answer), GD_ERROR_POINTER);
            assert_eq!(predict(x.as_ptr(), to, bad.cast()), GD_ERROR_POINTER);
        }
        let x = x.as_ptr();
        assert_eq!(gd_discriminant_predict(own, to, 4, to, 4, 0.0, answer), GD_ERROR_POINTER);
        assert_eq!(gd_discriminant_predict(own, x, FEATURES, to, 4, 0.0, to.cast()), GD_ERROR_POINTER);
        for bad in [ptr::null_mut(), n.cast::<u8>(), k.cast(), s.cast(), own.cast()] {
            assert_eq!(gd_discriminant_save(own, bad, BYTES), GD_ERROR_POINTER);
            assert_eq!(gd_discriminant_load(own, bad, BYTES), GD_ERROR_POINTER);
        }
        let (none, bytes) = (ptr::null_mut(), bytes.as_mut_ptr());
        assert_eq!(gd_discriminant_set(none, 16.0, 0.5, 0.1, 9), GD_ERROR_POINTER);
        assert_eq!(gd_discriminant_learn(none, x, FEATURES, 0), GD_ERROR_POINTER);
        assert_eq!(gd_discriminant_unlearn(none, x, FEATURES, 0), GD_ERROR_POINTER);
        assert_eq!(gd_discriminant_predict(none, x, FEATURES, to, 4, 0.0, answer), GD_ERROR_POINTER);
        assert_eq!(gd_discriminant_discount(none, 2.0, 3), GD_ERROR_POINTER);
        assert_eq!((gd_discriminant_add_class(none), gd_discriminant_remove_class(none, 0)), (-1, -1));
        assert_eq!(gd_discriminant_save(none, bytes, BYTES), GD_ERROR_POINTER);
        assert_eq!(gd_discriminant_load(none, bytes, BYTES), GD_ERROR_POINTER);
        assert_eq!(gd_discriminant_learn(own, x, usize::MAX, 0), GD_ERROR_LENGTH);
        assert_eq!(gd_discriminant_save(own, bytes, usize::MAX), GD_ERROR_LENGTH);
    }
    assert_eq!(c.seen(), before);
}
