//! Heads and learners in flash: saved, loaded, and never lost by a power cut.

mod contents;
mod power_cuts;
mod ring;

use gradient_decay::error::Slice;
use gradient_decay::guard::Verdict;
use gradient_decay::store::{StoreError, buffer_for, buffer_size};
use gradient_decay::{
    BetaSchedule, Calibration, Contents, Error, FineTuner, Guard, Learner, LinearHead, LinearView, MomentumHead, Parts,
    Quantized, Readout, Replay, Saved, Sgd, Standardizer, Store, checkpoint,
};
use gradient_decay_app::simulation::{self, FlashError, PAGE};

const PAGES: usize = 4;
type Flash = simulation::Flash<PAGES>;

/// Something that is saved; each number gives a different value.
trait Numbered: Saved {
    fn fresh() -> Self;
    fn numbered(number: u32) -> Self;
    fn number(&self) -> u32;
}

/// A bare head.
type Bare = MomentumHead<4, 5>;

impl Numbered for Bare {
    fn fresh() -> Self {
        Bare::empty()
    }

    /// A head with a velocity; the number decides whether the third and the fourth class are in use.
    fn numbered(number: u32) -> Self {
        let parameters: Vec<f32> = (0..24).map(|i| number as f32 + 0.01 * i as f32).collect();
        let mut head = Bare::new();
        head.import(&parameters).unwrap();
        head.import_velocity(&parameters).unwrap();
        head.truncate(2 + number as usize % 3).unwrap();
        head
    }

    fn number(&self) -> u32 {
        let mut parameters = [0.0; Bare::PARAMETERS];
        self.export(&mut parameters).unwrap();
        parameters[0] as u32
    }
}

/// A head with its steps and its read-out.
type Plain = Learner<Bare, Parts<(), (), (), (), Readout>>;

impl Numbered for Plain {
    fn fresh() -> Self {
        let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: Readout::new() };
        Plain::new(Bare::empty(), parts)
    }

    fn numbered(number: u32) -> Self {
        let readout = Readout::new().with_temperature(1.0 + number as f32 / 1000.0);
        let mut learner = Plain::new(Bare::numbered(number), Parts { readout, ..Plain::fresh().parts().clone() });
        learner.set_steps(number);
        learner
    }

    fn number(&self) -> u32 {
        self.steps()
    }
}

/// A whole learner, about as large as a page.
type Memory<const SLOTS: usize> = Replay<3, SLOTS, [f32; 3], Quantized<3>>;
type Whole = Learner<MomentumHead<3, 3>, Parts<Standardizer<3>, Memory<2>, Guard<Memory<1>>, Calibration<3>, Readout>>;

const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.25).with_momentum(0.5));

impl Numbered for Whole {
    fn fresh() -> Self {
        let parts = Parts {
            preprocess: Standardizer::new(3),
            memory: Memory::new(1),
            guard: Guard::new(Memory::new(2), 0.5, 4),
            calibration: Calibration::new(),
            readout: Readout::new(),
        };
        Whole::new(MomentumHead::empty(), parts)
    }

    fn numbered(number: u32) -> Self {
        let mut learner = Whole::fresh();
        let sample = |i: u32| [number as f32 + i as f32, 0.5 * i as f32 - 1.0, (i * i % 5) as f32];
        (0..3).for_each(|i| learner.observe(&sample(i)).unwrap());
        (0..2 + number % 2).for_each(|class| assert_eq!(learner.add_class(), Ok(class as usize)));
        for i in 0..9 {
            learner.learn(&TUNER, &sample(i + number % 7), i as usize % 2).unwrap();
            learner.rehearse(&TUNER, number % 3);
        }
        assert!(matches!(learner.judge(), Verdict::Best(_)));
        learner.set_readout(Readout::new().with_threshold(0.25));
        learner.fit_temperature(8).unwrap();
        learner.set_steps(number);
        learner
    }

    fn number(&self) -> u32 {
        self.steps()
    }
}

/// The checkpoint of a value.
fn bytes<T: Saved>(saved: &T) -> Vec<u8> {
    let mut bytes = vec![0; checkpoint::bytes::<T>()];
    assert_eq!(checkpoint::write(saved, Contents::ALL, &mut bytes), Ok(bytes.len()));
    bytes
}

fn open(flash: Flash) -> Store<Flash> {
    Store::new(flash, 0..(PAGES * PAGE) as u32, checkpoint::bytes::<Whole>()).unwrap()
}

fn save<T: Numbered>(store: &mut Store<Flash>, number: u32) -> Result<(), StoreError<FlashError>> {
    store.save(&T::numbered(number), Contents::ALL, &mut vec![0; buffer_size::<T>()])
}

/// Loads a value, which must be complete, and returns its number; `None` if there is nothing. If nothing is loaded, nothing may change.
fn load<T: Numbered>(store: &mut Store<Flash>) -> Result<Option<u32>, StoreError<FlashError>> {
    let mut saved = T::fresh();
    let result = store.load(&mut saved, &mut vec![0; buffer_size::<T>()]);
    let expected = if result == Ok(true) { T::numbered(saved.number()) } else { T::fresh() };
    assert_eq!(bytes(&saved), bytes(&expected));
    Ok(result?.then(|| saved.number()))
}

fn newest_is_loaded<T: Numbered>() {
    let mut store = open(Flash::new());
    assert_eq!(load::<T>(&mut store), Ok(None));
    for number in 1..100 {
        save::<T>(&mut store, number).unwrap();
        assert_eq!(load::<T>(&mut store), Ok(Some(number)));
    }
    // With another store on the same flash, as after a restart.
    let mut again = open(store.into_flash());
    assert_eq!(load::<T>(&mut again), Ok(Some(99)));
    again.forget().unwrap();
    assert_eq!(load::<T>(&mut again), Ok(None));
}

#[test]
fn the_newest_is_loaded() {
    newest_is_loaded::<Bare>();
    newest_is_loaded::<Plain>();
    newest_is_loaded::<Whole>();
}

#[test]
fn errors_name_what_is_wrong() {
    let new = |range, bytes| Store::new(Flash::new(), range, bytes).err();
    for bad in [0..100, 8..2048, 0..(PAGES + 1) as u32 * PAGE as u32, std::ops::Range { start: 1024, end: 0 }] {
        assert_eq!(new(bad, 0), Some(StoreError::Range));
    }
    // A record has 20 bytes more than its checkpoint, and pages of its own.
    for (pages, bytes, needed) in [(1, 0, 2), (1, PAGE - 20, 2), (3, PAGE - 19, 4), (0, 3 * PAGE, 8)] {
        let error = StoreError::TooSmall { needed: needed * PAGE };
        assert_eq!(new(0..(pages * PAGE) as u32, bytes), Some(error));
        assert!(error.to_string().ends_with(&format!("but must have {} bytes", needed * PAGE)));
    }
    assert_eq!(new(0..2 * PAGE as u32, usize::MAX), Some(StoreError::TooSmall { needed: usize::MAX }));
    assert!(new(512..1536, PAGE - 20).is_none() && new(0..2048, 2 * PAGE - 20).is_none());

    let mut store = open(Flash::new());
    save::<Plain>(&mut store, 7).unwrap();
    let too_small = StoreError::Buffer { needed: buffer_size::<Plain>() };
    for length in [0, 40, buffer_size::<Plain>() - 1] {
        let mut buffer = vec![0; length];
        assert_eq!(store.save(&Plain::numbered(8), Contents::ALL, &mut buffer), Err(too_small));
        assert_eq!(store.load(&mut Plain::fresh(), &mut buffer), Err(too_small));
    }
    // A head that the range does not hold twice.
    let large = LinearHead::<10, 64>::new();
    let mut buffer = [0; buffer_size::<LinearHead<10, 64>>()];
    let too_large = StoreError::TooSmall { needed: 2 * 6 * PAGE };
    assert_eq!(store.save(&large, Contents::ALL, &mut buffer), Err(too_large));
    assert_eq!(store.overwrite(&large, Contents::ALL, &mut buffer), Err(too_large));
    assert_eq!(load::<Plain>(&mut store), Ok(Some(7)));
}

#[test]
fn messages_say_what_would_be_right() {
    for (error, text) in [
        (StoreError::Flash(7), "the flash refused: 7"),
        (StoreError::Range, "the range must begin and end with a page of the flash"),
        (StoreError::TooSmall { needed: 2048 }, "the range does not hold two checkpoints, but must have 2048 bytes"),
        (StoreError::Buffer { needed: 100 }, "the buffer is too small, but must have 100 bytes"),
        (StoreError::Foreign, "the range holds something else, which only overwrite and forget erase"),
        (StoreError::Worn, "the flash does not keep what is written"),
        (StoreError::Checkpoint(Error::NoClasses), "no class is in use: add one first"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

/// A save never replaces a readable checkpoint by an unreadable one.
#[test]
fn parameters_that_are_not_finite_are_not_saved() {
    let mut store = open(Flash::new());
    save::<Bare>(&mut store, 7).unwrap();
    let before = store.into_flash();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for index in [0, 19, 23] {
            let mut store = open(before.clone());
            let mut parameters = [0.5; 24];
            parameters[index] = bad;
            let view = LinearView::new(&mut parameters, 4, 5).unwrap();
            let mut buffer = vec![0; buffer_for(checkpoint::size(&view, Contents::ALL))];
            let error = Error::NotFinite { slice: Slice::Parameters, index };
            assert_eq!(store.save(&view, Contents::ALL, &mut buffer), Err(StoreError::Checkpoint(error)));
            assert_eq!(load::<Bare>(&mut store), Ok(Some(7)));
            assert!(store.into_flash().bytes_mut() == before.clone().bytes_mut());
        }
    }
}

fn damage_is_not_taken<T: Numbered>() {
    let mut store = open(Flash::new());
    (1..6).for_each(|number| save::<T>(&mut store, number).unwrap());
    let flash = store.into_flash();
    for bit in (0..8 * PAGES * PAGE).step_by(5) {
        let mut damaged = flash.clone();
        damaged.bytes_mut()[bit / 8] ^= 1 << (bit % 8);
        // Either an error, or a complete checkpoint that was saved once: `load` checks every number of it.
        if let Ok(Some(number)) = load::<T>(&mut open(damaged)) {
            assert!((1..6).contains(&number));
        }
    }
}

#[test]
fn damage_is_never_taken_for_a_head() {
    damage_is_not_taken::<Bare>();
    damage_is_not_taken::<Plain>();
    damage_is_not_taken::<Whole>();
}

/// The number of saves, of 20, of a head with `FEATURES` features that succeed in `PAGES` pages; after the first failure all must fail.
fn saves<const PAGES: usize, const FEATURES: usize>() -> usize {
    let mut store = Store::new(simulation::Flash::<PAGES>::new(), 0..(PAGES * PAGE) as u32, 0).unwrap();
    let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: Readout::new() };
    let learner = Learner::new(LinearHead::<1, FEATURES>::new(), parts);
    let mut results = [(); 20].map(|()| store.save(&learner, Contents::ALL, &mut [0; 2048])).into_iter();
    let succeeded = results.by_ref().take_while(|result| result.is_ok()).count();
    assert!(results.all(|result| matches!(result, Err(StoreError::TooSmall { .. }))));
    succeeded
}

/// A size that can be saved once, up to half of the pages, can be saved any number of times.
#[test]
fn two_pages_take_heads_of_a_whole_page_and_four_of_two() {
    assert_eq!([saves::<2, 1>(), saves::<2, 42>(), saves::<2, 104>(), saves::<3, 104>()], [20; 4]);
    assert_eq!([saves::<2, 105>(), saves::<3, 105>(), saves::<2, 200>()], [0; 3]);
    assert_eq!([saves::<4, 105>(), saves::<4, 232>(), saves::<5, 232>(), saves::<6, 360>()], [20; 4]);
    assert_eq!([saves::<4, 233>(), saves::<5, 300>()], [0; 2]);
}
