//! The ring of pages: its layout, its wear, the flashes that it takes, and cells that wear out.

use std::cell::RefCell;
use std::rc::Rc;

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, Crc};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use gradient_decay::store::{StoreError, buffer_size};
use gradient_decay::{Contents, Saved, Store, checkpoint};
use gradient_decay_app::simulation::{Flash, FlashError, Torn};

use crate::{Bare, Numbered, Plain, Whole, bytes};

/// A store over a borrowed flash, which can be inspected afterwards.
fn open<const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize, T: Saved>(
    flash: &mut Flash<PAGES, PAGE_BYTES, WORD_BYTES>,
) -> Store<&mut Flash<PAGES, PAGE_BYTES, WORD_BYTES>> {
    Store::new(flash, 0..(PAGES * PAGE_BYTES) as u32, checkpoint::bytes::<T>()).unwrap()
}

/// A record as in the documentation of the store.
fn record(sequence: u32, checkpoint: &[u8]) -> Vec<u8> {
    let words = [sequence, checkpoint.len() as u32, Crc::<u32>::new(&CRC_32_ISCSI).checksum(checkpoint)];
    let mut record = b"GDs1".to_vec();
    record.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    record.extend(Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&record).to_le_bytes());
    record.extend(checkpoint);
    record
}

#[test]
fn the_layout_is_what_the_documentation_says() {
    let mut flash = Flash::<4>::new();
    let mut buffer = [0; buffer_size::<Plain>()];
    let mut store = open::<_, _, _, Plain>(&mut flash);
    (7..9).for_each(|number| store.save(&Plain::numbered(number), Contents::ALL, &mut buffer).unwrap());
    for (page, number) in [(0, 7), (1, 8)] {
        let expected = record(page + 1, &bytes(&Plain::numbered(number)));
        let page = &flash.bytes_mut()[512 * page as usize..512 * (page as usize + 1)];
        assert_eq!(page[..expected.len()], expected);
        assert!(page[expected.len()..].iter().all(|byte| *byte == 0xff));
    }
}

/// A record is found wherever it begins, and the newest by its number, which wraps around at 2^32.
#[test]
fn the_newest_has_the_highest_number_give_or_take_all_of_them() {
    for (sequences, newest) in [([5, 6, 4], 1), ([1, 0, u32::MAX], 0), ([u32::MAX - 1, u32::MAX, 1 << 31], 1)] {
        let mut flash = Flash::<4>::new();
        for (index, sequence) in sequences.into_iter().enumerate() {
            let record = record(sequence, &bytes(&Plain::numbered(index as u32)));
            // Not at the beginning of a page; the last record wraps around the end of the range.
            for (at, byte) in (480 + 640 * index..).zip(record) {
                flash.bytes_mut()[at % 2048] = byte;
            }
        }
        let mut buffer = [0; buffer_size::<Plain>()];
        let mut store = open::<_, _, _, Plain>(&mut flash);
        for number in [newest, 10, 11, 12] {
            let mut loaded = Plain::fresh();
            assert_eq!(store.load(&mut loaded, &mut buffer), Ok(true));
            assert_eq!(loaded.number(), number, "{sequences:?}");
            let next = if number == newest { 10 } else { number + 1 };
            store.save(&Plain::numbered(next), Contents::ALL, &mut buffer).unwrap();
        }
    }
}

/// Saves many times, with one store or with a new one each time; returns the number of erasures of each page.
fn wear<T: Numbered, const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize>(
    restarts: bool,
) -> [u32; PAGES] {
    let mut flash = Flash::<PAGES, PAGE_BYTES, WORD_BYTES>::new();
    let mut buffer = vec![0; buffer_size::<T>()];
    let mut erased = [0; PAGES];
    let mut before = flash.bytes_mut().to_vec();
    let mut store = open::<_, _, _, T>(&mut flash);
    for number in 1..200 {
        store.save(&T::numbered(number), Contents::ALL, &mut buffer).unwrap();
        let mut loaded = T::fresh();
        assert_eq!(store.load(&mut loaded, &mut buffer), Ok(true));
        assert_eq!(bytes(&loaded), bytes(&T::numbered(number)));
        if restarts {
            let now = flash.bytes_mut().to_vec();
            let pages = now.chunks(PAGE_BYTES).zip(before.chunks(PAGE_BYTES));
            for ((new, old), erased) in pages.zip(&mut erased) {
                *erased += u32::from(new.iter().zip(old).any(|(new, old)| new & !old != 0));
            }
            before = now;
            store = open::<_, _, _, T>(&mut flash);
        }
    }
    erased
}

/// Each page is erased equally often, within one: for all word sizes, for two and more pages, whether a page holds several heads or a head takes
/// several pages.
#[test]
fn all_pages_wear_alike_whatever_the_flash() {
    let erased = [
        &wear::<Plain, 2, 512, 1>(true)[..],
        &wear::<Plain, 4, 512, 4>(true),
        &wear::<Whole, 3, 1024, 8>(true),
        &wear::<Whole, 2, 16_384, 256>(true),
        &wear::<Bare, 7, 128, 4>(true),
        &wear::<Whole, 8, 256, 32>(true),
        &wear::<Whole, 5, 512, 256>(true),
    ];
    for erased in erased {
        let (least, most) = (erased.iter().min().unwrap(), erased.iter().max().unwrap());
        assert!(*least > 20 && most - least <= 1, "{erased:?}");
    }
    // Without a restart, a page takes several saves.
    for wear in [wear::<Bare, 2, 2048, 4>, wear::<Bare, 2, 2048, 256>, wear::<Whole, 2, 4096, 1>] {
        wear(false);
    }
}

/// 13.5 kB, the size of a discriminant with 64 features and ten classes, in pages of 4 kB.
#[test]
fn a_learner_of_several_pages_is_saved() {
    type Large = gradient_decay::LinearHead<10, 340>;
    const BYTES: usize = checkpoint::bytes::<Large>();
    const { assert!(BYTES > 13_600) };
    let too_small = StoreError::TooSmall { needed: 8 * 4096 };
    assert_eq!(Store::new(Flash::<8, 4096>::new(), 0..7 * 4096, BYTES).err(), Some(too_small));
    let mut flash = Flash::<9, 4096>::new();
    let mut buffer = [0; buffer_size::<Large>()];
    for number in 0..20 {
        let mut head = Large::new();
        head.import(&[number as f32; Large::PARAMETERS]).unwrap();
        let mut store = open::<_, _, _, Large>(&mut flash);
        store.save(&head, Contents::ALL, &mut buffer).unwrap();
        let mut loaded = Large::new();
        assert_eq!(open::<_, _, _, Large>(&mut flash).load(&mut loaded, &mut buffer), Ok(true));
        assert_eq!(loaded, head);
    }
}

/// A save is read back, so a worn-out cell costs a page but no head. Without reading back, this test fails.
#[test]
fn a_cell_that_wears_out_costs_no_save() {
    for worn in 0..1024 {
        let mut flash = Flash::<3>::new();
        flash.worn = Some(worn);
        let mut buffer = [0; buffer_size::<Plain>()];
        for number in 1..8 {
            open::<_, _, _, Plain>(&mut flash).save(&Plain::numbered(number), Contents::ALL, &mut buffer).unwrap();
            let mut loaded = Plain::fresh();
            assert_eq!(open::<_, _, _, Plain>(&mut flash).load(&mut loaded, &mut buffer), Ok(true));
            assert_eq!(loaded.number(), number, "byte {worn}");
        }
    }
    // With two pages none can be skipped, but the old checkpoint stays.
    let mut flash = Flash::<2>::new();
    let mut buffer = [0; buffer_size::<Plain>()];
    let mut store = open::<_, _, _, Plain>(&mut flash);
    store.save(&Plain::numbered(1), Contents::ALL, &mut buffer).unwrap();
    flash.worn = Some(512 + 1);
    let mut store = open::<_, _, _, Plain>(&mut flash);
    for _ in 0..3 {
        assert_eq!(store.save(&Plain::numbered(2), Contents::ALL, &mut buffer), Err(StoreError::Worn));
    }
    let mut loaded = Plain::fresh();
    assert_eq!(store.load(&mut loaded, &mut buffer), Ok(true));
    assert_eq!(loaded.number(), 1);
}

/// A flash shared by a store and the test, which cuts its power.
struct Shared(Rc<RefCell<Flash<3>>>);

impl ErrorType for Shared {
    type Error = FlashError;
}

impl ReadNorFlash for Shared {
    const READ_SIZE: usize = Flash::<3>::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.0.borrow_mut().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.borrow().capacity()
    }
}

impl NorFlash for Shared {
    const WRITE_SIZE: usize = Flash::<3>::WRITE_SIZE;
    const ERASE_SIZE: usize = Flash::<3>::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.0.borrow_mut().erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.0.borrow_mut().write(offset, bytes)
    }
}

/// After a temporary failure of the flash, without a restart, the store searches the flash again and continues.
#[test]
fn after_a_failure_the_store_goes_on() {
    for (operations, torn) in (1..400).flat_map(|left| [(left, Torn::Leading), (left, Torn::Weak)]) {
        let flash = Rc::new(RefCell::new(Flash::new()));
        let mut store = Store::new(Shared(flash.clone()), 0..1536, checkpoint::bytes::<Bare>()).unwrap();
        let mut buffer = [0; buffer_size::<Bare>()];
        (flash.borrow_mut().operations_left, flash.borrow_mut().torn) = (Some(operations), torn);
        let failed = (1..8).find(|number| {
            let result = store.save(&Bare::numbered(*number), Contents::ALL, &mut buffer);
            assert!(matches!(result, Ok(()) | Err(StoreError::Flash(FlashError::Power))));
            result.is_err()
        });
        flash.borrow_mut().operations_left = None;
        let (mut loaded, failed) = (Bare::fresh(), failed.unwrap());
        let found = store.load(&mut loaded, &mut buffer).unwrap().then(|| loaded.number());
        assert!(found.unwrap_or(0) == failed - 1 || found == Some(failed));
        // The same as after a restart: the record may have been complete when the error occurred.
        let mut restarted = Store::new(Shared(flash.clone()), 0..1536, checkpoint::bytes::<Bare>()).unwrap();
        assert_eq!(restarted.load(&mut loaded, &mut buffer).unwrap().then(|| loaded.number()), found);
        for number in [failed + 1, failed + 2] {
            store.save(&Bare::numbered(number), Contents::ALL, &mut buffer).unwrap();
            assert_eq!(store.load(&mut loaded, &mut buffer), Ok(true));
            assert_eq!(loaded.number(), number);
        }
    }
}

/// Without a restart, a page is filled before the next one is erased, and nothing is written beyond it.
#[test]
fn a_page_takes_as_many_saves_as_fit() {
    let mut flash = Flash::<2, 2048>::new();
    let mut buffer = [0; buffer_size::<Bare>()];
    let each = buffer.len();
    let mut store = open::<_, _, _, Bare>(&mut flash);
    (0..2048 / each).for_each(|_| store.save(&Bare::numbered(1), Contents::ALL, &mut buffer).unwrap());
    assert!(flash.clone().bytes_mut()[2048..].iter().all(|byte| *byte == 0xff));
    let mut store = open::<_, _, _, Bare>(&mut flash);
    (0..=2048 / each).for_each(|_| store.save(&Bare::numbered(2), Contents::ALL, &mut buffer).unwrap());
    let bytes = flash.bytes_mut();
    assert!(bytes[2048 + 2048 / each * each..].iter().all(|byte| *byte == 0xff));
    assert_eq!((&bytes[..4], &bytes[2048..2052]), (&b"GDs1"[..], &b"GDs1"[..]));
}
