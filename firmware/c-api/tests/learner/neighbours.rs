//! A discriminant with neighbours: the bits of the core's, of either kind of samples, and checkpoints with and without neighbours.

use std::mem::zeroed;
use std::ptr;

use gradient_decay::learn::LearnFrom;
use gradient_decay::replay::{OwnedSlots, Reservoir, Slots};
use gradient_decay::storage::Empty;
use gradient_decay::{
    Contents, DiscriminantHead, Error, Learner, Neighbours, Parts, Quantized, Readout, Replay, Saved, StreamingLda,
    checkpoint, kernels,
};
use gradient_decay_c::*;

use super::{CLASSES, FEATURES, Known, Mine, config, known, lesson, sample, saved};

pub const KEPT: usize = 4;
pub const LDA: StreamingLda = StreamingLda::new().with_prior(20.0, 0.6).with_ridge(0.002).with_most(40);

pub type Plain = DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>;
type Near<S> = Neighbours<Plain, OwnedSlots<CLASSES, KEPT, [f32; FEATURES], S>>;

pub fn near(head: &'static gd_head) -> gd_learner_config {
    gd_learner_config { kept_slots: KEPT as u16, ..config(head) }
}

/// Without parts, all classes in use.
fn bare(head: &'static gd_head, kept_slots: usize) -> gd_learner_config {
    // SAFETY: numbers, and pointers that may be null.
    let zeros: gd_learner_config = unsafe { zeroed() };
    let (classes, features, kept_slots) = (CLASSES as u16, FEATURES as u16, kept_slots as u16);
    gd_learner_config { head, classes, features, kept_slots, ..zeros }
}

/// Lets another user's head begin with the base that `change` leaves.
pub fn discounted<B, S: Slots>(head: &mut Neighbours<B, S>, change: fn(&mut B) -> Result<(), Error>) {
    head.replace_base(change).unwrap();
}

/// Those with samples of the kind of another head, or with another number of them.
pub fn others(config: &gd_learner_config, head: &'static gd_head) -> [gd_learner_config; 2] {
    [gd_learner_config { head, ..*config }, gd_learner_config { kept_slots: KEPT as u16 + 1, ..*config }]
}

/// This head of C does what a discriminant does, and has the bits of the same in Rust; learners of the configurations `others` refuse its
/// checkpoint.
pub fn twin<H>(config: &gd_learner_config, new: H, discount: fn(&mut H), others: &[gd_learner_config])
where
    H: LearnFrom<usize, Features = [f32; FEATURES], Number = f32, Settings = StreamingLda>
        + gradient_decay::Classes
        + gradient_decay::learn::Unlearn
        + Saved,
    H::Room: Empty,
{
    let mine = Mine::new(config);
    assert_eq!(unsafe { gd_learner_set_lda(mine.at(), 20.0, 0.6, 0.002, 40) }, GD_OK);
    let (mut known, mut mine) =
        lesson(Learner::new(new, known()), mine, &LDA, |known: &mut Learner<H, Known>, mine, x, class| {
            let wrong = (class + 1) % 4;
            let learned = known.learn(&LDA, x, wrong).unwrap().learned();
            assert_eq!(mine.learn(x, wrong).1.learned, learned);
            if learned {
                assert_eq!((known.unlearn(&LDA, x, wrong), mine.unlearn(x, wrong)), (Ok(()), GD_OK));
            }
        });
    let at = mine.at();
    unsafe {
        assert_eq!(gd_learner_rehearse(at, 1, ptr::null_mut()), GD_ERROR_PART);
        assert_eq!(gd_learner_set_beta(at, 0.1, 1.0, 30, true), GD_ERROR_PART);
        assert_eq!(gd_learner_set_optimizer(at, 0.1, 0.0, 0.0), GD_ERROR_PART);
        assert_eq!(gd_learner_set_lda(at, 0.0, 0.5, 0.0, 1), GD_ERROR_RANGE);
        assert_eq!(gd_learner_discount(at, 0.0, 3), GD_ERROR_RANGE);
    }
    // Fitted to samples held out, by the logits with neighbours.
    let temperature = mine.state().temperature;
    assert_eq!(unsafe { gd_learner_fit_temperature(at, 12) }, GD_OK);
    assert!(mine.state().temperature != temperature);
    let before = mine.saved();
    for config in others {
        let mut stranger = Mine::new(config);
        let (held, bytes) = (stranger.saved(), mine.saved());
        assert_eq!(stranger.load(&bytes), GD_ERROR_CHECKPOINT);
        assert!(stranger.saved() == held);
    }
    // A label that is refused: the weights and the samples stay.
    let mut x = sample(1, 0);
    x[2] = f32::INFINITY;
    assert_eq!((mine.learn(&x, 0).0, mine.unlearn(&x, 0)), (GD_ERROR_NOT_FINITE, GD_ERROR_NOT_FINITE));
    assert_eq!((mine.learn(&sample(1, 0), CLASSES).0, mine.predict(&x).0), (GD_ERROR_CLASS, GD_ERROR_NOT_FINITE));
    assert!(mine.saved() == before);

    checkpoint::read(&before, &mut known).unwrap();
    let steps = known.steps();
    known
        .replace(steps, |head| -> Result<(), ()> {
            discount(head);
            Ok(())
        })
        .unwrap();
    assert_eq!(unsafe { gd_learner_discount(at, 16.0, 3) }, GD_OK);
    assert!(mine.saved() == saved(&known));
}

#[test]
fn neighbours_as_bytes_have_the_bits_of_rust() {
    let new = Near::<Quantized<FEATURES>>::new(Plain::empty(), Replay::new(11));
    let discount = |head: &mut Near<_>| discounted(head, |base| base.discount(16.0, 3));
    let config = near(&gd_head_neighbours_i8);
    twin(&config, new, discount, &others(&config, &gd_head_neighbours_f32));
}

#[test]
fn neighbours_as_floats_have_the_bits_of_rust() {
    let new = Near::<[f32; FEATURES]>::new(Plain::empty(), Replay::new(11));
    let discount = |head: &mut Near<_>| discounted(head, |base| base.discount(16.0, 3));
    let config = near(&gd_head_neighbours_f32);
    twin(&config, new, discount, &others(&config, &gd_head_neighbours_i8));
}

/// A discriminant's checkpoint, from C or Rust, and one without samples begin without samples; a discriminant reads what it knows of one with.
#[test]
fn checkpoints_go_from_one_head_to_the_other() {
    let parts = || Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: Readout::new() };
    let mut mine = Mine::new(&bare(&gd_head_neighbours_i8, KEPT));
    let mut alone = Mine::new(&bare(&gd_head_discriminant, 0));
    let none: Reservoir<OwnedSlots<CLASSES, KEPT, [f32; FEATURES], Quantized<FEATURES>>> = Replay::new(0);
    let mut known = Learner::new(Near::new(Plain::new(), none), parts());
    let mut plain = Learner::new(Plain::new(), parts());
    for i in 0..30 {
        let x = sample(i, i % CLASSES);
        plain.learn(&StreamingLda::new(), &x, i % CLASSES).unwrap();
        known.learn(&StreamingLda::new(), &x, i % CLASSES).unwrap();
        assert_eq!((mine.learn(&x, i % CLASSES).0, alone.learn(&x, i % CLASSES).0), (GD_OK, GD_OK));
    }
    let (with, without) = (mine.saved(), alone.saved());
    assert!(with == saved(&known) && without == saved(&plain));

    let mut few = vec![0; checkpoint::size(&known, Contents::ALL.without_samples())];
    checkpoint::write(&known, Contents::ALL.without_samples(), &mut few).unwrap();
    let mut size = 0;
    let mut own = vec![0; few.len()];
    unsafe {
        assert_eq!(gd_learner_saved_bytes(mine.at(), GD_SAVE_NO_SAMPLES, &mut size), GD_OK);
        assert_eq!(gd_learner_save(mine.at(), GD_SAVE_NO_SAMPLES, own.as_mut_ptr(), size), GD_OK);
    }
    assert!(size == few.len() && own == few);
    for bytes in [&few, &without, &with] {
        assert_eq!(mine.load(bytes), GD_OK);
        checkpoint::read(bytes, &mut known).unwrap();
        assert_eq!(known.head().kept().is_empty(), *bytes != with);
        assert!(mine.saved() == saved(&known));
        let x = sample(90, 2);
        assert_eq!((mine.learn(&x, 2).0, known.learn(&StreamingLda::new(), &x, 2).is_ok()), (GD_OK, true));
        assert!(mine.saved() == saved(&known));
    }
    assert_eq!(alone.load(&with), GD_OK);
    checkpoint::read(&with, &mut plain).unwrap();
    assert!(alone.saved() == saved(&plain) && alone.saved() == without);
}

#[test]
fn slots_go_with_the_heads_that_keep_samples() {
    let mut own: gd_learner = unsafe { zeroed() };
    let mut memory = vec![u64::MAX; 1 << 12];
    for (config, expected) in [
        (bare(&gd_head_neighbours_i8, 0), GD_ERROR_LENGTH),
        (bare(&gd_head_neighbours_f32, 0), GD_ERROR_LENGTH),
        (bare(&gd_head_discriminant, 1), GD_ERROR_PART),
        (bare(&gd_head_linear, 1), GD_ERROR_PART),
    ] {
        let status = unsafe { gd_learner_init(&mut own, &config, memory.as_mut_ptr().cast(), 8 * memory.len()) };
        assert_eq!((status, unsafe { gd_learner_bytes(&config) }), (expected, 0));
        assert!(memory.iter().all(|word| *word == u64::MAX));
        assert_eq!(unsafe { gd_learner_set_steps(&mut own, 1) }, GD_ERROR_TRAINER);
    }
    let most = gd_learner_config {
        classes: u16::MAX,
        features: u16::MAX,
        kept_slots: u16::MAX,
        ..bare(&gd_head_neighbours_f32, 1)
    };
    // Some 2^50 bytes, or more than there can be.
    assert!(unsafe { gd_learner_bytes(&most) } > (1 << 40).min(usize::MAX - 1));
}
