//! The board is taught, as by a page.

use web_device::{Board, Kind, Person, Told};

/// The readings of a gesture that is shown: a window and a half.
const SHOWN: usize = 96;

/// Somebody makes a gesture for so long.
fn show(board: &mut Board, person: &mut Person, gesture: u8) {
    person.begin(gesture);
    (0..SHOWN).for_each(|_| board.reading(&person.sample()));
}

/// They go on with it until the board's buttons have been pressed.
fn go_on(board: &mut Board, person: &mut Person) {
    while board.busy() {
        board.reading(&person.sample());
    }
}

fn teach(board: &mut Board, person: &mut Person, gesture: u8) {
    show(board, person, gesture);
    board.teach(gesture);
    go_on(board, person);
}

/// How many of so many shows of these gestures are answered rightly.
fn right(board: &mut Board, person: &mut Person, gestures: &[u8], shows: usize) -> usize {
    let shown = gestures.repeat(shows);
    let is_right = |gesture: &&u8| {
        show(board, person, **gesture);
        board.seen().is_some_and(|seen| seen.gesture == **gesture && !seen.far && !seen.between)
    };
    shown.iter().filter(is_right).count()
}

/// Ada on a later day: no movement is one that she has taught.
fn ada() -> Person {
    let mut ada = Person::new(0);
    (0..500).for_each(|_| ada.begin(1));
    ada
}

fn kinds(board: &mut Board) -> Vec<Kind> {
    board.told().iter().map(|told| told.kind).collect()
}

/// A board that Ada has taught four gestures, each three times.
fn taught() -> Board {
    let (mut board, mut ada) = (Board::new(&[]).unwrap(), Person::new(0));
    (0..3).flat_map(|_| 1..=4).for_each(|gesture| teach(&mut board, &mut ada, gesture));
    assert_eq!(board.samples(), [3; 4]);
    board
}

#[test]
fn it_learns_and_refuses_what_it_was_not_taught() {
    let (mut board, mut ada) = (taught(), ada());
    assert!(right(&mut board, &mut ada, &[1, 2, 3, 4], 5) >= 18);
    let refused = |_: &usize| {
        show(&mut board, &mut ada, 5);
        board.seen().is_some_and(|seen| seen.far || seen.between)
    };
    assert!((0..5).filter(refused).count() >= 4);
    let summary = board.summary().unwrap();
    assert!((8..=12).contains(&summary.labels) && summary.accuracy > 0.8, "{summary:?}");
}

/// The page's promise of each other person.
#[test]
fn another_user_makes_it_err_and_two_labels_of_each_gesture_mend_it() {
    for person in 1..Person::names().len() {
        let (mut board, mut other) = (taught(), Person::new(person));
        let before = right(&mut board, &mut other, &[2, 4], 5);
        for gesture in [2, 4, 2, 4] {
            teach(&mut board, &mut other, gesture);
        }
        let after = right(&mut board, &mut other, &[2, 4], 5);
        println!("{}: {before} of 10 before, {after} after", Person::names()[person]);
        assert!(before <= 5 && after >= 8, "{}: {before} of 10 before, {after} after", Person::names()[person]);
        assert!(right(&mut board, &mut ada(), &[1, 2, 3, 4], 5) >= 16, "Ada is still known");
    }
}

#[test]
fn a_wrong_label_is_taken_back_and_a_gesture_removed() {
    let (mut board, mut ada) = (taught(), ada());
    board.told();
    show(&mut board, &mut ada, 2);
    board.teach(3);
    go_on(&mut board, &mut ada);
    board.take_back();
    go_on(&mut board, &mut ada);
    assert_eq!(board.samples(), [3; 4]);
    board.remove(3);
    go_on(&mut board, &mut ada);
    assert_eq!(board.samples(), [3; 3]);
    let told = kinds(&mut board);
    for kind in [Kind::Learned, Kind::TookBack, Kind::Removed] {
        assert!(told.contains(&kind), "{told:?}");
    }
}

#[test]
fn what_was_saved_outlives_the_battery() {
    let (mut board, mut ada) = (taught(), ada());
    let before = board.flash_changes();
    board.save();
    go_on(&mut board, &mut ada);
    assert!(board.flash_changes() > before && kinds(&mut board).contains(&Kind::Saved));
    show(&mut board, &mut ada, 5);
    board.teach(5); // and does not save it
    go_on(&mut board, &mut ada);
    let mut again = Board::new(&board.flash()).unwrap();
    let told = again.told();
    assert!(matches!(told[..], [Told { kind: Kind::StartedFromSaved, gesture: 4, number: 12, .. }]), "{told:?}");
    assert_eq!(again.head_crc(), taught().head_crc());
    assert!(Board::new(&[0; 17]).is_err(), "a flash of another size is refused");
}

/// Each is told, none stops it.
#[test]
fn garbage_is_a_missing_sample_or_a_message() {
    let mut board = Board::new(&[]).unwrap();
    assert_eq!((board.seen(), board.summary(), board.distance()), (None, None, None));
    for g in [&[][..], &[1.0], &[f32::NAN, 0.0, 0.0], &[0.0, 0.0, f32::INFINITY], &[0.0; 4]] {
        board.reading(g);
    }
    board.teach(1);
    (0..60).for_each(|_| board.reading(&[]));
    let told = board.told();
    assert!(told.iter().any(|told| told.text().contains("no full second")), "{told:?}");
    for gesture in [0, 9, 255] {
        (0..100).for_each(|_| board.reading(&[0.0, 0.0, 1.0]));
        board.teach(gesture);
        board.remove(gesture);
        while board.busy() {
            board.reading(&[0.0, 0.0, 1.0]);
        }
    }
    assert_eq!(board.gestures(), 0);
    let mut damaged = Board::new(&vec![0x5a; Board::flash_bytes()]).unwrap();
    assert_eq!(kinds(&mut damaged), [Kind::Fault, Kind::StartedNew]);
    damaged.overwrite();
    while damaged.busy() {
        damaged.reading(&[0.0, 0.0, 1.0]);
    }
    assert!(kinds(&mut damaged).contains(&Kind::Saved));
}
