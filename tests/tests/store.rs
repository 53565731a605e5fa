//! Heads in flash: saved, loaded, and never lost by a power cut.

use gradient_decay::store::{StoreError, buffer_size};
use gradient_decay::{LinearHead, Readout, State, Store, Velocity};
use gradient_decay_app::simulation::{self, FlashError, PAGE, Torn};

const PAGES: usize = 4;
type Flash = simulation::Flash<PAGES>;

type Head = LinearHead<4, 5>;
type Moving = State<Velocity<4, 5>>;

/// A head, state and read-out that no other number gives.
fn numbered(number: u32) -> (Head, Moving, Readout) {
    let (mut head, mut state) = (Head::new(), State::with_velocity());
    let parameters: Vec<f32> = (0..24).map(|i| number as f32 + 0.01 * i as f32).collect();
    head.import(&parameters).unwrap();
    state.velocity.import(&parameters).unwrap();
    state.set_steps(number);
    (head, state, Readout::new().with_temperature(1.0 + number as f32 / 1000.0))
}

fn open(flash: Flash) -> Store<Flash> {
    Store::new(flash, 0..(PAGES * PAGE) as u32).unwrap()
}

fn save(store: &mut Store<Flash>, number: u32) -> Result<(), StoreError<FlashError>> {
    let (head, state, readout) = numbered(number);
    store.save(&head, &state, &readout, &mut [0; buffer_size(4, 5, true)])
}

/// The number of the head that is loaded, all of which must be its; `None` if there is none.
fn load(store: &mut Store<Flash>) -> Result<Option<u32>, StoreError<FlashError>> {
    let (mut head, mut state, mut readout) = (Head::new(), State::with_velocity(), Readout::new());
    let found = store.load(&mut head, &mut state, &mut readout, &mut [0; buffer_size(4, 5, true)])?;
    let number = state.steps();
    if found {
        assert_eq!((head, state, readout), numbered(number));
    }
    Ok(found.then_some(number))
}

#[test]
fn the_newest_head_is_loaded() {
    let mut store = open(Flash::new());
    assert_eq!(load(&mut store), Ok(None));
    for number in 1..100 {
        save(&mut store, number).unwrap();
        assert_eq!(load(&mut store), Ok(Some(number)));
    }
    // By another store on the same flash, as after a restart.
    let mut again = open(store.into_flash());
    assert_eq!(load(&mut again), Ok(Some(99)));
    again.erase().unwrap();
    assert_eq!(load(&mut again), Ok(None));
}

#[test]
fn a_power_cut_leaves_the_old_head_or_the_new_one() {
    let mut cuts = 0;
    for torn in [Torn::Before, Torn::Half] {
        // From an empty flash on through several rounds over all pages, so that saves with and without erasures occur.
        let mut flash = Flash::new();
        for number in 1..=24 {
            let old = (number > 1).then_some(number - 1);
            for operations in 1.. {
                let mut cut = flash.clone();
                (cut.operations_left, cut.torn) = (Some(operations), torn);
                let mut store = open(cut);
                let result = save(&mut store, number);
                let mut flash = store.into_flash();
                flash.operations_left = None;
                let mut store = open(flash);
                let found = load(&mut store)
                    .unwrap_or_else(|error| panic!("{torn:?}, save {number}, cut {operations}: {error:?}"));
                if result.is_ok() {
                    assert_eq!(found, Some(number));
                    break;
                }
                assert_eq!(result, Err(StoreError::Flash(FlashError::Power)));
                assert!(found == old || found == Some(number), "{torn:?}, save {number}, cut {operations}: {found:?}");
                cuts += 1;
                // And it goes on as if nothing had been.
                save(&mut store, 1000).unwrap_or_else(|e| panic!("{torn:?}, save {number}, cut {operations}: {e:?}"));
                assert_eq!(load(&mut store), Ok(Some(1000)));
            }
            let mut store = open(flash);
            save(&mut store, number).unwrap();
            flash = store.into_flash();
        }
    }
    println!("{cuts} power cuts survived");
    assert!(cuts > 2000);
}

#[test]
fn wear_is_spread_over_the_pages() {
    // As many erasures on each page, give or take one: seen by the rounds that the saves take.
    let mut store = open(Flash::new());
    let mut erased = [0_u32; PAGES];
    let mut before: Vec<u8> = vec![0xff; PAGES * PAGE];
    for number in 1..400 {
        save(&mut store, number).unwrap();
        let mut flash = store.into_flash();
        for (page, count) in erased.iter_mut().enumerate() {
            let range = page * PAGE..(page + 1) * PAGE;
            let cleared = flash.bytes_mut()[range.clone()].iter().zip(&before[range]).any(|(new, old)| new & !old != 0);
            *count += u32::from(cleared);
        }
        before = flash.bytes_mut().to_vec();
        store = open(flash);
    }
    let (least, most) = (erased.iter().min().unwrap(), erased.iter().max().unwrap());
    assert!(*least > 20 && most - least <= 1, "{erased:?}");
}

#[test]
fn errors_name_what_is_wrong() {
    let range = |range| Store::new(Flash::new(), range).err();
    for bad in
        [0..PAGE as u32, 0..100, 8..2048, 0..(PAGES + 1) as u32 * PAGE as u32, std::ops::Range { start: 1024, end: 0 }]
    {
        assert_eq!(range(bad), Some(StoreError::Range));
    }
    let mut store = open(Flash::new());
    save(&mut store, 7).unwrap();
    let (head, state, readout) = numbered(8);
    assert_eq!(store.save(&head, &state, &readout, &mut [0; 40]), Err(StoreError::Buffer));
    // A head that fits into no page.
    let (large, its_state) = (LinearHead::<10, 64>::new(), State::new());
    let mut buffer = [0; buffer_size(10, 64, false)];
    assert_eq!(store.save(&large, &its_state, &readout, &mut buffer), Err(StoreError::TooLarge));
    assert_eq!(load(&mut store), Ok(Some(7)));
    // Another head's place.
    let mut other = LinearHead::<3, 5>::new();
    let error = store.load(&mut other, &mut State::new(), &mut Readout::new(), &mut buffer).unwrap_err();
    assert!(matches!(error, StoreError::Checkpoint(_)), "{error:?}");
    assert_eq!(other, LinearHead::new());
}

#[test]
fn damage_is_never_taken_for_a_head() {
    let mut store = open(Flash::new());
    (1..6).for_each(|number| save(&mut store, number).unwrap());
    let flash = store.into_flash();
    for bit in (0..8 * PAGES * PAGE).step_by(5) {
        let mut damaged = flash.clone();
        damaged.bytes_mut()[bit / 8] ^= 1 << (bit % 8);
        // Either an error or a whole head that was saved once: `load` checks every number of it.
        if let Ok(Some(number)) = load(&mut open(damaged)) {
            assert!((1..6).contains(&number));
        }
    }
}

/// How many of 20 saves of a head of 1 -> `FEATURES` succeed in so many pages; after the first that does not, none may.
fn saves<const PAGES: usize, const FEATURES: usize>() -> usize {
    let mut store = Store::new(simulation::Flash::<PAGES>::new(), 0..(PAGES * PAGE) as u32).unwrap();
    let (head, state, readout) = (LinearHead::<1, FEATURES>::new(), State::new(), Readout::new());
    let mut results = [(); 20].map(|()| store.save(&head, &state, &readout, &mut [0; 1024])).into_iter();
    let succeeded = results.by_ref().take_while(|result| result.is_ok()).count();
    assert!(results.all(|result| result == Err(StoreError::TooLarge)));
    succeeded
}

/// What can be saved once can be saved for ever.
#[test]
fn two_pages_take_heads_of_half_a_page_and_three_of_a_whole_one() {
    assert_eq!([saves::<2, 1>(), saves::<2, 43>(), saves::<2, 44>()], [20; 3]);
    assert_eq!([saves::<2, 45>(), saves::<2, 60>(), saves::<2, 107>(), saves::<2, 200>()], [0; 4]);
    assert_eq!([saves::<3, 44>(), saves::<3, 45>(), saves::<3, 106>(), saves::<3, 107>()], [20; 4]);
    assert_eq!([saves::<3, 108>(), saves::<4, 108>(), saves::<4, 200>()], [0; 3]);
}
