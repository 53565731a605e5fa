//! Power cuts at every write of a word and every erasure of a page, up to three in a row: the next load returns the old checkpoint or the new one.

use gradient_decay::store::{StoreError, buffer_size};
use gradient_decay::{Contents, Store, checkpoint};
use gradient_decay_app::simulation::{Flash, FlashError, Torn};
use oracle::lengths::steps;

use crate::{Bare, Numbered, Plain, Whole, bytes};

/// The number of saves in a session without a cut.
const SAVES: u32 = 4;

/// Cuts of all kinds, derived from a seed.
fn kinds(seed: u32) -> [Torn; 6] {
    let random = |seed: u32| Torn::Random { seed: seed.wrapping_mul(0x9e37_79b9), progress: (seed % 256) as u8 };
    [Torn::Before, Torn::Half, Torn::Leading, Torn::Weak, random(seed), random(seed + 77)]
}

/// A flash, and the number of the checkpoint that is loaded from it; 0 for none.
#[derive(Clone)]
struct Device<const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize> {
    flash: Flash<PAGES, PAGE_BYTES, WORD_BYTES>,
    number: u32,
}

impl<const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize> Device<PAGES, PAGE_BYTES, WORD_BYTES> {
    fn new() -> Self {
        Device { flash: Flash::new(), number: 0 }
    }

    fn open<T: Numbered>(self) -> Store<Flash<PAGES, PAGE_BYTES, WORD_BYTES>> {
        Store::new(self.flash, 0..(PAGES * PAGE_BYTES) as u32, checkpoint::bytes::<T>()).unwrap()
    }

    /// Starts, loads, and saves `SAVES` times, unless the power is cut at an operation. Returns whether it was cut, and the device at its next
    /// start.
    fn session<T: Numbered>(mut self, cut: Option<(u32, Torn)>) -> (bool, Self) {
        let mut old = self.number;
        if let Some((operations, torn)) = cut {
            (self.flash.operations_left, self.flash.torn) = (Some(operations), torn);
        }
        let (mut store, mut buffer) = (self.open::<T>(), vec![0; buffer_size::<T>()]);
        let mut loaded = T::fresh();
        assert_eq!(store.load(&mut loaded, &mut buffer), Ok(old > 0), "cut {cut:?}");
        let mut failed = false;
        for _ in 0..SAVES {
            match store.save(&T::numbered(old + 1), Contents::ALL, &mut buffer) {
                Ok(()) => old += 1,
                Err(error) => {
                    assert_eq!(error, StoreError::Flash(FlashError::Power), "save {}, cut {cut:?}", old + 1);
                    failed = true;
                    break;
                }
            }
        }
        let mut flash = store.into_flash();
        flash.operations_left = None;
        let mut store = Device { flash, number: 0 }.open::<T>();
        let found =
            store.load(&mut loaded, &mut buffer).unwrap_or_else(|e| panic!("save {}, cut {cut:?}: {e:?}", old + 1));
        let number = if found { loaded.number() } else { 0 };
        assert!(number == old || (failed && number == old + 1), "save {}, cut {cut:?}: {number} was loaded", old + 1);
        if found {
            assert_eq!(bytes(&loaded), bytes(&T::numbered(number)));
        }
        (failed, Device { flash: store.into_flash(), number })
    }
}

/// Cuts at every operation, in strides, and at random operations in each of the next two sessions; returns the number of cuts.
fn cuts<T: Numbered, const PAGES: usize, const PAGE_BYTES: usize, const WORD_BYTES: usize>() -> u32 {
    let stride = steps(11, 1);
    let words = (checkpoint::bytes::<T>() / WORD_BYTES) as u32;
    let mut device = Device::<PAGES, PAGE_BYTES, WORD_BYTES>::new();
    let mut count = 0;
    // Enough rounds that each page is erased.
    for round in 0..stride.max(PAGES) {
        for operations in (1 + round as u32..).step_by(stride) {
            let mut cut = false;
            for (kind, torn) in kinds(operations + 1000 * round as u32).into_iter().enumerate() {
                let (failed, mut after) = device.clone().session::<T>(Some((operations, torn)));
                cut |= failed;
                count += u32::from(failed);
                for again in 1..3 {
                    let random = (operations + again + 31 * round as u32).wrapping_mul(0x9e37_79b9) >> 8;
                    // Erasures are the first operations of a session.
                    let most = if random & 1 == 0 { 2 * words } else { 4 };
                    let cut = (1 + random / 2 % most, kinds(random)[(kind + again as usize) % 6]);
                    let failed;
                    (failed, after) = after.session::<T>(Some(cut));
                    count += u32::from(failed);
                }
                after.session::<T>(None);
            }
            if !cut {
                break;
            }
        }
        device = device.session::<T>(None).1;
    }
    count
}

/// In two to eight pages, each of which holds several heads, one, or half of one, with words of 1 to 256 bytes.
#[test]
fn a_power_cut_leaves_the_old_one_or_the_new_one() {
    let counts = [
        cuts::<Bare, 2, 512, 4>(),
        cuts::<Plain, 3, 512, 4>(),
        cuts::<Whole, 4, 1024, 8>(),
        cuts::<Bare, 5, 256, 8>(),
        cuts::<Plain, 6, 256, 4>(),
        cuts::<Bare, 7, 128, 16>(),
        cuts::<Whole, 8, 256, 32>(),
        cuts::<Bare, 2, 2048, 8>(),
        cuts::<Whole, 3, 16_384, 256>(),
        cuts::<Bare, 2, 512, 1>(),
    ];
    println!("{counts:?} power cuts survived");
    assert!(counts.iter().sum::<u32>() >= steps(10_000, 100_000), "{counts:?}");
}

/// All pairs of cuts, each at every operation of a save into two pages.
#[test]
fn two_cuts_in_a_row_leave_the_old_one_or_the_new_one() {
    let device = Device::<2, 512, 16>::new().session::<Bare>(None).1;
    let mut count = 0;
    for (first, second) in (1..22).flat_map(|first| (1..22).map(move |second| (first, second))) {
        for (torn, again) in kinds(first * 97 + second).into_iter().flat_map(|torn| kinds(second).map(|k| (torn, k))) {
            let (failed, after) = device.clone().session::<Bare>(Some((first, torn)));
            let (failed_again, after) = after.session::<Bare>(Some((second, again)));
            after.session::<Bare>(None);
            count += u32::from(failed) + u32::from(failed_again);
        }
    }
    println!("{count} power cuts survived");
    assert!(count > 30_000);
}

/// The same for a save that erases everything else; before it the flash holds several heads.
#[test]
fn a_power_cut_while_all_else_is_erased_leaves_the_old_one_or_the_new_one() {
    let device = Device::<4, 512, 4>::new().session::<Plain>(None).1;
    let mut buffer = [0; buffer_size::<Plain>()];
    for operations in 1.. {
        for torn in kinds(operations) {
            let mut device = device.clone();
            (device.flash.operations_left, device.flash.torn) = (Some(operations), torn);
            let mut store = device.clone().open::<Plain>();
            let result = store.overwrite(&Plain::numbered(SAVES + 1), Contents::ALL, &mut buffer);
            device.flash = store.into_flash();
            device.flash.operations_left = None;
            let mut loaded = Plain::fresh();
            assert_eq!(device.clone().open::<Plain>().load(&mut loaded, &mut buffer), Ok(true));
            let number = loaded.number();
            assert!(number == SAVES + 1 || (result.is_err() && number == SAVES), "{operations} {torn:?}: {number}");
            device.number = number;
            device.session::<Plain>(None);
            if result.is_ok() {
                return;
            }
        }
    }
}

/// Afterwards the newest checkpoint may be there, absent, or partly erased and so invalid, but no older one is loaded; and a save still works.
#[test]
fn a_power_cut_while_all_is_forgotten_leaves_no_other_head() {
    for sessions in 1..4 {
        let device = (0..sessions).fold(Device::<5, 256, 4>::new(), |device, _| device.session::<Plain>(None).1);
        for (operations, seed) in (1..6).flat_map(|operations| (0..20).map(move |seed| (operations, seed))) {
            for torn in kinds(seed) {
                let mut device = device.clone();
                (device.flash.operations_left, device.flash.torn) = (Some(operations), torn);
                let mut store = device.clone().open::<Plain>();
                assert_eq!(store.forget(), Err(StoreError::Flash(FlashError::Power)));
                device.flash = store.into_flash();
                device.flash.operations_left = None;
                let mut buffer = [0; buffer_size::<Plain>()];
                let mut loaded = Plain::fresh();
                let mut store = device.clone().open::<Plain>();
                match store.load(&mut loaded, &mut buffer) {
                    Ok(true) => assert_eq!(loaded.number(), device.number),
                    Ok(false) => store.save(&Plain::numbered(1), Contents::ALL, &mut buffer).unwrap(),
                    Err(error) => assert_eq!(error, StoreError::Foreign),
                }
                store.overwrite(&Plain::numbered(100), Contents::ALL, &mut buffer).unwrap();
                assert_eq!(store.load(&mut loaded, &mut buffer), Ok(true));
                assert_eq!(loaded.number(), 100);
            }
        }
    }
}
