//! The learner from C, beside the core's whose shape is known when it is compiled: the same bits in every answer and in the checkpoint.

mod flash;
mod mixed;
mod neighbours;

use std::ffi::c_void;
use std::mem::zeroed;
use std::ptr;

use gradient_decay::guard::Verdict;
use gradient_decay::learn::LearnFrom;
use gradient_decay::readout::Reason;
use gradient_decay::{
    Answer, BetaSchedule, Calibration, Classes, Contents, DiscriminantHead, FineTuner, Guard, Learner, LinearHead,
    Novelty, Parts, Quantized, Readout, Replay, Saved, Sgd, Standardizer, StreamingLda, checkpoint, kernels,
};
use gradient_decay_c::*;

const CLASSES: usize = 5;
const FEATURES: usize = 6;
const SLOTS: usize = 3;

type Known = Parts<
    Standardizer<FEATURES>,
    Replay<CLASSES, SLOTS, [f32; FEATURES], Quantized<FEATURES>>,
    Guard<Replay<CLASSES, 2, [f32; FEATURES]>>,
    Calibration<10>,
    Novelty<CLASSES, FEATURES>,
>;

fn known() -> Known {
    Parts {
        preprocess: Standardizer::new(9),
        memory: Replay::new(11),
        guard: Guard::new(Replay::new(12), 0.5, 7),
        calibration: Calibration::new(),
        readout: Novelty::new(Readout::new().with_temperature(1.3).with_threshold(0.4)).with_deviations(0.75),
    }
}

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

/// All parts.
fn config(head: &'static gd_head) -> gd_learner_config {
    gd_learner_config {
        head,
        trained: ptr::null(),
        standardizer: &raw const gd_part_standardizer,
        memory: &raw const gd_part_memory_i8,
        held_out: &raw const gd_part_memory_f32,
        novelty: &raw const gd_part_novelty,
        calibration: &raw const gd_part_calibration,
        classes: CLASSES as u16,
        features: FEATURES as u16,
        unused: CLASSES as u16,
        kept_slots: 0,
        slots: SLOTS as u16,
        held_out_slots: 2,
        held_out_every: 7,
        margin: 0.5,
        standardize_first: 9,
        seed: 11,
    }
}

fn bare(head: &'static gd_head) -> gd_learner_config {
    // SAFETY: numbers, and pointers that may be null.
    gd_learner_config { head, classes: CLASSES as u16, features: FEATURES as u16, ..unsafe { zeroed() } }
}

/// A learner in memory that held anything.
struct Mine {
    /// On the heap, and reached by this pointer alone, as from C.
    own: *mut gd_learner,
    /// Kept, since the learner lies there.
    _memory: Vec<u64>,
}

// SAFETY throughout: pointers to what is there, of the lengths that are given.
impl Mine {
    fn new(config: &gd_learner_config) -> Self {
        let bytes = unsafe { gd_learner_bytes(config) };
        let mut memory = vec![u64::MAX; bytes / 8];
        let own = Box::into_raw(Box::new(unsafe { zeroed() }));
        assert_eq!(unsafe { gd_learner_init(own, config, memory.as_mut_ptr().cast(), bytes) }, GD_OK);
        Mine { own, _memory: memory }
    }

    fn at(&self) -> *mut gd_learner {
        self.own
    }

    fn learn(&mut self, x: &[f32], class: usize) -> (gd_status, gd_step) {
        let mut step = gd_step::default();
        (unsafe { gd_learner_learn(self.at(), x.as_ptr(), x.len(), class as u32, &mut step) }, step)
    }

    fn unlearn(&mut self, x: &[f32], class: usize) -> gd_status {
        unsafe { gd_learner_unlearn(self.at(), x.as_ptr(), x.len(), class as u32) }
    }

    fn predict(&mut self, x: &[f32]) -> (gd_status, gd_answer, [f32; CLASSES]) {
        let (mut answer, mut p) = (gd_answer::default(), [0.0; CLASSES]);
        let status =
            unsafe { gd_learner_predict(self.at(), x.as_ptr(), x.len(), p.as_mut_ptr(), CLASSES, &mut answer) };
        (status, answer, p)
    }

    fn saved(&mut self) -> Vec<u8> {
        let mut size = 0;
        assert_eq!(unsafe { gd_learner_saved_bytes(self.at(), GD_SAVE_ALL, &mut size) }, GD_OK);
        let mut bytes = vec![0; size];
        assert_eq!(unsafe { gd_learner_save(self.at(), GD_SAVE_ALL, bytes.as_mut_ptr(), size) }, GD_OK);
        bytes
    }

    fn load(&mut self, bytes: &[u8]) -> gd_status {
        unsafe { gd_learner_load(self.at(), bytes.as_ptr(), bytes.len()) }
    }

    fn state(&mut self) -> gd_learner_state {
        let mut state = gd_learner_state::default();
        assert_eq!(unsafe { gd_learner_get_state(self.at(), &mut state) }, GD_OK);
        state
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        drop(unsafe { Box::from_raw(self.own) });
    }
}

/// The lesson of `core/tests/views.rs`, in C and by types of known shape.
fn lesson<H>(
    mut known: Learner<H, Known>,
    mut mine: Mine,
    settings: &H::Settings,
    extra: impl Fn(&mut Learner<H, Known>, &mut Mine, &[f32; FEATURES], usize),
) -> (Learner<H, Known>, Mine)
where
    H: LearnFrom<usize, Features = [f32; FEATURES], Number = f32> + Classes + Saved,
{
    let at = mine.at();
    assert_eq!(unsafe { gd_learner_set_readout(at, 1.3, 0.4) }, GD_OK);
    assert_eq!(unsafe { gd_learner_set_novelty(at, 0.75) }, GD_OK);
    assert_eq!(unsafe { gd_learner_add_class(at, ptr::null_mut()) }, GD_OK);
    known.add_class().unwrap();
    for i in 0..9 {
        let x = sample(i, i % 3);
        assert_eq!((mine.learn(&x, 0).0, mine.predict(&x).0), (GD_ERROR_UNITS, GD_ERROR_UNITS));
        assert_eq!(mine.state().observed, i as u32);
        assert_eq!(unsafe { gd_learner_observe(at, x.as_ptr(), FEATURES) }, GD_OK);
        known.observe(&x).unwrap();
    }
    for class in 1..4 {
        let mut added = 9;
        assert_eq!(unsafe { gd_learner_add_class(at, &mut added) }, GD_OK);
        assert_eq!((known.add_class(), added), (Ok(class), class as u32));
    }
    let mut reasons = [0; 3];
    for i in 0..120 {
        let x = sample(i, i % 4);
        let expected = known.learn(settings, &x, i % 4).unwrap();
        let (status, step) = mine.learn(&x, i % 4);
        let prediction = expected.prediction();
        assert_eq!((status, step.loss, step.beta), (GD_OK, expected.loss(), expected.beta()));
        assert_eq!((step.class_index, step.probability), (prediction.class as u32, prediction.probability));
        assert_eq!(step.learned, expected.learned());
        extra(&mut known, &mut mine, &x, i % 4);

        let (asked, mut p) = (sample(i + 500, i % 6), [0.0; CLASSES]);
        let expected = known.probabilities(&asked, &mut p).unwrap();
        let (status, answer, its) = mine.predict(&asked);
        let reason = match expected {
            Answer::Class(_) => GD_KNOWN,
            Answer::Unknown(_, Reason::Between) => GD_BETWEEN,
            Answer::Unknown(_, Reason::Far) => GD_FAR,
        };
        reasons[reason as usize] += 1;
        let prediction = expected.prediction();
        assert_eq!((status, answer.class_index, answer.reason), (GD_OK, prediction.class as u32, reason));
        assert_eq!((answer.probability, its), (prediction.probability, p));
        if i == 70 {
            known.remove_class(1).unwrap();
            known.add_class().unwrap();
            assert_eq!(unsafe { gd_learner_remove_class(at, 1) }, GD_OK);
            assert_eq!(unsafe { gd_learner_add_class(at, ptr::null_mut()) }, GD_OK);
        }
        if i % 10 == 0 {
            let (mut verdict, mut loss) = (9, 9.0);
            assert_eq!(unsafe { gd_learner_judge(at, &mut verdict, &mut loss) }, GD_OK);
            let expected = match known.judge() {
                Verdict::Unknown => (GD_VERDICT_UNKNOWN, 0.0),
                Verdict::Best(nats) => (GD_VERDICT_BEST, nats),
                Verdict::Good(nats) => (GD_VERDICT_GOOD, nats),
                Verdict::Worse(nats) => (GD_VERDICT_WORSE, nats),
            };
            assert_eq!((verdict, loss), expected);
            assert!(mine.saved() == saved(&known), "{i}");
        }
    }
    assert!(reasons[GD_KNOWN as usize] > 0 && reasons[GD_FAR as usize] > 0, "{reasons:?}");
    let mut calibration = gd_calibration::default();
    assert_eq!(unsafe { gd_learner_get_calibration(at, &mut calibration) }, GD_OK);
    let summary = known.parts().calibration.summary().unwrap();
    assert_eq!((calibration.count, calibration.ece, calibration.nll), (summary.count, summary.ece, summary.nll));
    assert_eq!(mine.state().steps, known.steps());

    // Either reads what the other wrote.
    let bytes = saved(&known);
    known.forget();
    assert_eq!(unsafe { gd_learner_forget(at) }, GD_OK);
    assert!(mine.saved() == saved(&known) && mine.saved() != bytes);
    assert_eq!(mine.load(&bytes), GD_OK);
    assert_eq!(mine.saved(), bytes);
    checkpoint::read(&mine.saved(), &mut known).unwrap();
    (known, mine)
}

#[test]
fn a_linear_learner_has_the_bits_of_rust() {
    let tuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 30), Sgd::new(0.1).with_weight_decay(0.001));
    let mine = Mine::new(&config(&gd_head_linear));
    assert_eq!(unsafe { gd_learner_set_optimizer(mine.at(), 0.1, 0.001, 0.0) }, GD_OK);
    assert_eq!(unsafe { gd_learner_set_beta(mine.at(), 0.1, 1.0, 30, true) }, GD_OK);
    let known = Learner::new(LinearHead::<CLASSES, FEATURES>::empty(), known());
    let (_, mut mine) = lesson(known, mine, &tuner, |known, mine, _, _| {
        let mut taken = 0;
        assert_eq!(unsafe { gd_learner_rehearse(mine.at(), 2, &mut taken) }, GD_OK);
        assert_eq!(taken, known.rehearse(&tuner, 2));
    });
    assert_eq!(mine.unlearn(&sample(0, 0), 0), GD_ERROR_PART);
    assert_eq!(unsafe { gd_learner_discount(mine.at(), 16.0, 3) }, GD_ERROR_PART);
    assert_eq!(unsafe { gd_learner_set_steps(mine.at(), 5) }, GD_OK);
    assert_eq!(mine.state().steps, 5);
    // Fitted as by the core, whose learner with distances has no such call.
    let before = mine.state().temperature;
    assert_eq!(unsafe { gd_learner_fit_temperature(mine.at(), 12) }, GD_OK);
    assert!(mine.state().temperature != before && mine.state().threshold == 0.4);
}

#[test]
fn a_discriminant_learner_has_the_bits_of_rust() {
    let lda = StreamingLda::new().with_prior(20.0, 0.6).with_ridge(0.002).with_most(40);
    let mine = Mine::new(&config(&gd_head_discriminant));
    assert_eq!(unsafe { gd_learner_set_lda(mine.at(), 20.0, 0.6, 0.002, 40) }, GD_OK);
    let head = DiscriminantHead::<CLASSES, FEATURES, { kernels::packed(FEATURES) }>::empty();
    let (mut known, mut mine) = lesson(Learner::new(head, known()), mine, &lda, |known, mine, x, class| {
        let wrong = (class + 1) % 4;
        let learned = known.learn(&lda, x, wrong).unwrap().learned();
        assert_eq!(mine.learn(x, wrong).1.learned, learned);
        if learned {
            assert_eq!((known.unlearn(&lda, x, wrong), mine.unlearn(x, wrong)), (Ok(()), GD_OK));
        }
    });
    assert_eq!(unsafe { gd_learner_rehearse(mine.at(), 1, ptr::null_mut()) }, GD_ERROR_PART);
    assert_eq!(unsafe { gd_learner_set_beta(mine.at(), 0.1, 1.0, 30, true) }, GD_ERROR_PART);
    let steps = known.steps();
    known.replace(steps, |head| head.discount(16.0, 3)).unwrap();
    assert_eq!(unsafe { gd_learner_discount(mine.at(), 16.0, 3) }, GD_OK);
    assert!(mine.saved() == saved(&known));
    assert_eq!(mine.load(&saved(&LinearHead::<CLASSES, FEATURES>::new())), GD_ERROR_CHECKPOINT);
    assert!(mine.saved() == saved(&known));
}

/// A learner without parts is the core's without parts, and says which part a call would need.
#[test]
fn parts_that_were_not_named_are_not_there() {
    let mut mine = Mine::new(&bare(&gd_head_discriminant));
    let mut known = Learner::new(
        DiscriminantHead::<CLASSES, FEATURES, { kernels::packed(FEATURES) }>::new(),
        Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: Readout::new() },
    );
    assert_eq!(mine.predict(&sample(0, 0)).0, GD_ERROR_NO_CLASSES);
    for i in 0..50 {
        let x = sample(i, i % CLASSES);
        known.learn(&StreamingLda::new(), &x, i % CLASSES).unwrap();
        assert_eq!(mine.learn(&x, i % CLASSES).0, GD_OK);
        assert_eq!(mine.saved(), saved(&known));
    }
    let (at, mut verdict, mut calibration) = (mine.at(), 0, gd_calibration::default());
    unsafe {
        assert_eq!(gd_learner_judge(at, &mut verdict, ptr::null_mut()), GD_ERROR_PART);
        assert_eq!(gd_learner_fit_temperature(at, 3), GD_ERROR_PART);
        assert_eq!(gd_learner_get_calibration(at, &mut calibration), GD_ERROR_PART);
        assert_eq!(gd_learner_reset_calibration(at), GD_ERROR_PART);
        assert_eq!(gd_learner_set_novelty(at, 1.0), GD_ERROR_PART);
        assert_eq!(gd_learner_set_units(at, [0.0; 6].as_ptr(), [1.0; 6].as_ptr(), 6), GD_ERROR_PART);
        assert_eq!(gd_learner_observe(at, [0.0; 6].as_ptr(), 6), GD_OK);
        // A linear learner without memory has nothing to rehearse.
        assert_eq!(gd_learner_rehearse(Mine::new(&bare(&gd_head_linear)).at(), 1, ptr::null_mut()), GD_ERROR_PART);
    }
    let state = mine.state();
    assert_eq!((state.observed, state.needed, state.classes, state.steps), (0, 0, 5, 50));
}

#[test]
fn units_of_the_host_are_those_of_rust() {
    let (mean, deviation) = ([20.3; FEATURES], [0.8; FEATURES]);
    let mut mine = Mine::new(&config(&gd_head_linear));
    unsafe {
        let bad = [f32::NAN; FEATURES];
        assert_eq!(gd_learner_set_units(mine.at(), bad.as_ptr(), deviation.as_ptr(), FEATURES), GD_ERROR_RANGE);
        assert_eq!(gd_learner_set_units(mine.at(), mean.as_ptr(), deviation.as_ptr(), 5), GD_ERROR_LENGTH);
        assert_eq!(gd_learner_set_units(mine.at(), mean.as_ptr(), mean.as_ptr().wrapping_add(1), 5), GD_ERROR_POINTER);
        assert_eq!(gd_learner_set_units(mine.at(), mean.as_ptr(), deviation.as_ptr(), FEATURES), GD_OK);
    }
    let mut parts = known();
    parts.preprocess = Standardizer::from_statistics(&mean, &deviation);
    let known = Learner::new(LinearHead::<CLASSES, FEATURES>::empty(), parts);
    // The number of samples that would have fixed them differs.
    let state = mine.state();
    assert_eq!((state.observed, state.needed, known.parts().preprocess.observed()), (9, 9, (1, 1)));
}

#[test]
fn what_cannot_be_a_learner_is_refused_and_changes_nothing() {
    let good = config(&gd_head_linear);
    let bytes = unsafe { gd_learner_bytes(&good) };
    let mut memory = vec![u64::MAX; bytes / 8 + 1];
    let mut own: gd_learner = unsafe { zeroed() };
    let at: *mut u8 = memory.as_mut_ptr().cast();
    let mut init = |config: *const gd_learner_config, at: *mut u8, bytes: usize| {
        let status = unsafe { gd_learner_init(&mut own, config, at.cast::<c_void>(), bytes) };
        let mut state = gd_learner_state::default();
        let used = unsafe { gd_learner_get_state(&mut own, &mut state) };
        assert_eq!(used, GD_ERROR_TRAINER);
        assert!(memory.iter().all(|word| *word == u64::MAX));
        status
    };
    assert_eq!(init(ptr::null(), at, bytes), GD_ERROR_POINTER);
    assert_eq!(init(&good, ptr::null_mut(), bytes), GD_ERROR_POINTER);
    assert_eq!(init(&good, at.wrapping_add(4), bytes), GD_ERROR_POINTER);
    assert_eq!(init(&good, at, bytes - 1), GD_ERROR_SHORT);
    assert_eq!(init(&good, at, usize::MAX), GD_ERROR_LENGTH);
    let changed = |change: fn(&mut gd_learner_config)| {
        let mut config = config(&gd_head_linear);
        change(&mut config);
        config
    };
    for (config, expected) in [
        (changed(|config| config.head = ptr::null()), GD_ERROR_POINTER),
        (changed(|config| config.classes = 0), GD_ERROR_LENGTH),
        (changed(|config| config.features = 0), GD_ERROR_LENGTH),
        (changed(|config| config.unused = 6), GD_ERROR_LENGTH),
        (changed(|config| config.slots = 0), GD_ERROR_LENGTH),
        (changed(|config| config.held_out_slots = 0), GD_ERROR_LENGTH),
        (changed(|config| config.margin = -1.0), GD_ERROR_RANGE),
    ] {
        assert_eq!(init(&config, at, bytes), expected);
        assert!(expected == GD_ERROR_RANGE || unsafe { gd_learner_bytes(&config) } == 0);
    }
    // A handle inside of the memory.
    let inside: *mut gd_learner = at.wrapping_add(64).cast();
    assert_eq!(unsafe { gd_learner_init(inside, &good, at.cast(), bytes) }, GD_ERROR_POINTER);
    assert_eq!(unsafe { gd_learner_init(inside, ptr::null(), at.cast(), bytes) }, GD_ERROR_POINTER);
    assert_eq!(unsafe { gd_learner_bytes(ptr::null()) }, 0);
}

#[test]
fn a_refused_call_changes_nothing() {
    let mut mine = Mine::new(&config(&gd_head_discriminant));
    let at = mine.at();
    unsafe {
        assert_eq!(gd_learner_add_class(at, ptr::null_mut()), GD_OK);
        (0..9).for_each(|i| assert_eq!(gd_learner_observe(at, sample(i, i % 3).as_ptr(), FEATURES), GD_OK));
    }
    assert_eq!(mine.learn(&sample(0, 0), 0).0, GD_OK);
    let before = mine.saved();
    let mut x = sample(1, 0);
    assert_eq!(mine.learn(&x[..5], 0).0, GD_ERROR_LENGTH);
    assert_eq!(mine.learn(&x, 1).0, GD_ERROR_CLASS);
    assert_eq!(mine.unlearn(&x, 1), GD_ERROR_CLASS);
    x[3] = f32::NAN;
    assert_eq!((mine.learn(&x, 0).0, mine.predict(&x).0), (GD_ERROR_NOT_FINITE, GD_ERROR_NOT_FINITE));
    let x = sample(1, 0);
    let (mut answer, mut p) = (gd_answer::default(), [0.0; CLASSES]);
    unsafe {
        let p = p.as_mut_ptr();
        assert_eq!(gd_learner_predict(at, x.as_ptr(), FEATURES, p, CLASSES - 1, &mut answer), GD_ERROR_LENGTH);
        assert_eq!(gd_learner_predict(at, x.as_ptr(), FEATURES, p, CLASSES, ptr::null_mut()), GD_ERROR_POINTER);
        // Overlapping buffers, and those inside of the learner.
        assert_eq!(gd_learner_predict(at, p, CLASSES, p, CLASSES, &mut answer), GD_ERROR_POINTER);
        assert_eq!(gd_learner_learn(at, at.cast(), FEATURES, 0, ptr::null_mut()), GD_ERROR_POINTER);
        let inside: *const f32 = mine._memory.as_ptr().cast::<f32>().wrapping_add(10);
        assert_eq!(gd_learner_learn(at, inside, FEATURES, 0, ptr::null_mut()), GD_ERROR_POINTER);
        assert_eq!(gd_learner_save(at, 4, [0; 9].as_mut_ptr(), 9), GD_ERROR_RANGE);
        assert_eq!(gd_learner_save(at, GD_SAVE_ALL, [0; 9].as_mut_ptr(), 9), GD_ERROR_SHORT);
        assert_eq!(gd_learner_set_lda(at, 0.0, 0.5, 0.0, 1), GD_ERROR_RANGE);
        assert_eq!(gd_learner_set_readout(at, 0.0, 0.5), GD_ERROR_RANGE);
        assert_eq!(gd_learner_set_novelty(at, 31.0), GD_ERROR_RANGE);
    }
    assert_eq!(mine.load(&before[..before.len() - 1]), GD_ERROR_CHECKPOINT);
    assert_eq!(mine.saved(), before);
}
