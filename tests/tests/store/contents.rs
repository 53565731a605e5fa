//! The bytes in flash: only what was asked for, nothing that was to be forgotten; foreign data stays until the caller allows its erasure.

use gradient_decay::error::CheckpointPart;
use gradient_decay::guard::Verdict;
use gradient_decay::store::{StoreError, buffer_for, buffer_size};
use gradient_decay::{Contents, Error, LinearHead, Parts, Store, checkpoint};
use gradient_decay_app::simulation::{self, PAGE};

use crate::{Bare, Flash, Numbered, PAGES, Plain, Whole, bytes, load, open, save};

#[test]
fn what_is_left_out_is_not_in_flash() {
    let small = Contents::ALL.without_velocity().without_samples().without_calibration();
    let learner = Whole::numbered(3);
    let size = checkpoint::size(&learner, small);
    assert!(size < checkpoint::bytes::<Whole>() / 2);
    let mut store = open(Flash::new());
    store.save(&learner, small, &mut vec![0; buffer_for(size)]).unwrap();
    let mut loaded = Whole::numbered(4);
    assert_eq!(store.load(&mut loaded, &mut vec![0; buffer_for(size)]), Ok(true));
    assert_eq!((loaded.steps(), loaded.classes(), loaded.judge()), (3, 3, Verdict::Unknown));
    let Parts { memory, calibration, preprocess, readout, .. } = loaded.parts();
    assert!(memory.is_empty() && calibration.summary().is_none());
    assert_eq!((preprocess, readout), (&learner.parts().preprocess, &learner.parts().readout));
    let (mut parameters, mut expected, mut velocity) = ([0.0; 12], [0.0; 12], [1.0; 12]);
    learner.head().export(&mut expected).unwrap();
    loaded.head().export(&mut parameters).unwrap();
    loaded.head().export_velocity(&mut velocity).unwrap();
    assert_eq!((parameters, velocity), (expected, [0.0; 12]));
}

/// Whether a flash contains some bytes anywhere.
fn holds(flash: &mut Flash, bytes: &[u8]) -> bool {
    flash.bytes_mut().windows(bytes.len()).any(|window| window == bytes)
}

/// Bytes that identify a learner: its parameters.
fn of<T: Numbered>(number: u32) -> Vec<u8> {
    let (mine, other) = (bytes(&T::numbered(number)), bytes(&T::numbered(number + 1)));
    let differs = mine.windows(8).zip(other.windows(8)).position(|(mine, other)| mine != other).unwrap();
    mine[differs..differs + 8].to_vec()
}

#[test]
fn forget_erases_every_page() {
    let mut store = open(Flash::new());
    (1..9).for_each(|number| save::<Whole>(&mut store, number).unwrap());
    let mut flash = store.into_flash();
    // Older checkpoints are still there.
    let kept = (1..9).filter(|number| holds(&mut flash, &of::<Whole>(*number))).count();
    assert!(kept > 1, "{kept}");
    let mut store = open(flash);
    store.forget().unwrap();
    assert_eq!(load::<Whole>(&mut store), Ok(None));
    assert!(store.into_flash().bytes_mut().iter().all(|byte| *byte == 0xff));
}

#[test]
fn overwrite_leaves_nothing_but_the_newest() {
    let mut store = open(Flash::new());
    (1..9).for_each(|number| save::<Plain>(&mut store, number).unwrap());
    store.overwrite(&Plain::numbered(9), Contents::ALL, &mut vec![0; buffer_size::<Plain>()]).unwrap();
    assert_eq!(load::<Plain>(&mut store), Ok(Some(9)));
    let mut flash = store.into_flash();
    assert!(holds(&mut flash, &of::<Plain>(9)));
    assert!((1..9).all(|number| !holds(&mut flash, &of::<Plain>(number))));
    let pages = flash.bytes_mut().chunks(PAGE).filter(|page| page.iter().any(|byte| *byte != 0xff)).count();
    assert_eq!(pages, 1);
    // The next save goes behind it.
    let mut store = open(flash);
    save::<Plain>(&mut store, 10).unwrap();
    assert_eq!(load::<Plain>(&mut store), Ok(Some(10)));
}

/// A checkpoint of another shape is neither loaded nor in the way: the error names it, and the next save goes behind it.
#[test]
fn a_head_of_another_shape_is_named_and_replaced() {
    let mut store = open(Flash::new());
    save::<Plain>(&mut store, 7).unwrap();
    let mut other = LinearHead::<3, 5>::new();
    let mut buffer = [0; buffer_size::<Plain>()];
    let shape = Error::Checkpoint { part: CheckpointPart::Classes, expected: 3, found: 4 };
    assert_eq!(store.load(&mut other, &mut buffer), Err(StoreError::Checkpoint(shape)));
    assert_eq!(other, LinearHead::new());
    store.save(&other, Contents::ALL, &mut buffer).unwrap();
    assert_eq!(store.load(&mut other, &mut buffer), Ok(true));
    assert!(matches!(load::<Plain>(&mut store), Err(StoreError::Checkpoint(_))));
}

/// Such a head once made every load and every save fail, since the buffer was too small for it.
#[test]
fn a_larger_head_is_named_and_replaced() {
    type Large = LinearHead<4, 40>;
    const WIDE: usize = checkpoint::bytes::<Large>();
    let range = 0..(PAGES * PAGE) as u32;
    let mut large = Store::new(Flash::new(), range, WIDE).unwrap();
    large.save(&Large::new(), Contents::ALL, &mut [0; buffer_for(WIDE)]).unwrap();
    let mut store = open(large.into_flash());
    let found = Error::Checkpoint {
        part: CheckpointPart::Length,
        expected: checkpoint::bytes::<Bare>() as u32,
        found: WIDE as u32,
    };
    assert_eq!(load::<Bare>(&mut store), Err(StoreError::Checkpoint(found)));
    save::<Bare>(&mut store, 3).unwrap();
    assert_eq!(load::<Bare>(&mut store), Ok(Some(3)));
}

/// It is not lost by accident: a save would have to erase it before the new checkpoint is complete.
#[test]
fn a_head_beside_which_there_is_no_room_goes_only_if_somebody_says_so() {
    type Large = LinearHead<4, 60>;
    let mut flash = simulation::Flash::<6>::new();
    let mut buffer = [0; buffer_size::<Large>()];
    let mut large = Store::new(&mut flash, 0..3072, checkpoint::bytes::<Large>()).unwrap();
    (0..3).for_each(|_| large.save(&Large::new(), Contents::ALL, &mut buffer).unwrap());
    // It lies in three pages; a range of four that has all of it leaves one.
    let mut store = Store::new(&mut flash, 0..2048, 2 * PAGE - 20).unwrap();
    let learner = LinearHead::<4, 50>::new();
    assert_eq!(store.save(&learner, Contents::ALL, &mut buffer), Err(StoreError::Foreign));
    assert_eq!(store.load(&mut Large::new(), &mut buffer), Ok(true));
    store.overwrite(&learner, Contents::ALL, &mut buffer).unwrap();
    assert_eq!(store.load(&mut LinearHead::<4, 50>::new(), &mut buffer), Ok(true));
}

#[test]
fn what_is_no_record_is_foreign_until_somebody_says_that_it_goes() {
    let earlier = include_bytes!("../../../firmware/app/tests/golden/flash-v1-float.bin");
    let mut damaged = open(Flash::new());
    (1..3).for_each(|number| save::<Plain>(&mut damaged, number).unwrap());
    let mut damaged = damaged.into_flash();
    // The first byte of each magic is damaged, as after an interrupted erasure.
    damaged.bytes_mut().iter_mut().step_by(32).for_each(|byte| *byte = 0);
    let fill = |fill: &dyn Fn(&mut [u8])| {
        let mut flash = Flash::new();
        fill(flash.bytes_mut());
        flash
    };
    let foreign = [
        fill(&|bytes| bytes.fill(0)),
        fill(&|bytes| bytes.fill(0x5a)),
        fill(&|bytes| bytes[..earlier.len()].copy_from_slice(earlier)),
        fill(&|bytes| bytes[..4].copy_from_slice(b"GDr1")),
        damaged,
    ];
    for flash in foreign {
        let before = flash.clone().bytes_mut().to_vec();
        let mut store = open(flash.clone());
        for _ in 0..2 {
            assert_eq!(load::<Plain>(&mut store), Err(StoreError::Foreign));
            assert_eq!(save::<Plain>(&mut store, 1), Err(StoreError::Foreign));
        }
        assert!(store.into_flash().bytes_mut() == before);
        let mut store = open(flash.clone());
        store.overwrite(&Plain::numbered(3), Contents::ALL, &mut vec![0; buffer_size::<Plain>()]).unwrap();
        assert_eq!(load::<Plain>(&mut store), Ok(Some(3)));
        let mut flash_after = store.into_flash();
        assert!(flash_after.bytes_mut()[PAGE..].iter().all(|byte| *byte == 0xff));
        let mut store = open(flash);
        store.forget().unwrap();
        save::<Plain>(&mut store, 1).unwrap();
        assert_eq!(load::<Plain>(&mut store), Ok(Some(1)));
    }
}
