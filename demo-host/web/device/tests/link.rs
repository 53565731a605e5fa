//! The page's end of the link and the board's, with what a line may do between them.

use web_device::{Board, Change, ChangeKind, Host, Person, Step, window_features};

/// Drives what was asked to its end; the line loses every so many bytes' worth of answers.
fn drive(host: &mut Host, board: &mut Board, asked: Result<Step, String>, loses: usize) -> Result<(), String> {
    let (mut step, mut exchange) = (asked?, 0);
    while step != Step::Done {
        exchange += 1;
        let answer = if step == Step::Send { board.serve(&host.outgoing()) } else { Vec::new() };
        let lost = answer.is_empty() || (loses > 0 && exchange % loses == 0);
        step = if lost { host.timed_out()? } else { host.receive(&answer)? };
    }
    Ok(())
}

/// A window of a gesture of Ada's.
fn window(ada: &mut Person, gesture: u8) -> Vec<f32> {
    ada.begin(gesture);
    window_features(&(0..64).flat_map(|_| ada.sample()).collect::<Vec<_>>())
}

#[test]
fn a_board_is_taught_read_and_asked_to_save() {
    for loses in [0, 2] {
        let (mut host, mut board, mut ada) = (Host::new(7), Board::new(&[]).unwrap(), Person::new(0));
        let begun = host.connect();
        drive(&mut host, &mut board, Ok(begun), loses).unwrap();
        assert_eq!((host.labels(), host.features()), (Some(0), Some(24)));
        for gesture in [1, 2, 3, 1, 2, 3] {
            let asked = host.learn(&window(&mut ada, gesture), gesture.into());
            drive(&mut host, &mut board, asked, loses).unwrap();
        }
        assert_eq!(board.samples(), [2, 2, 2], "each once, whatever was lost");
        let shaking = window(&mut ada, 2);
        let asked = host.predict(&shaking);
        drive(&mut host, &mut board, asked, loses).unwrap();
        assert!(matches!(host.seen(), Some(seen) if seen.gesture == 2 && !seen.between), "{:?}", host.seen());
        let asked = host.read_head();
        drive(&mut host, &mut board, asked, loses).unwrap();
        assert_eq!(host.head().len(), 4 * 8 * 25);
        let asked = host.learn(&shaking, 3);
        drive(&mut host, &mut board, asked, loses).unwrap();
        let asked = host.take_back(&shaking, 3);
        drive(&mut host, &mut board, asked, loses).unwrap();
        assert_eq!(board.samples(), [2, 2, 2]);
        let asked = host.save();
        assert!(drive(&mut host, &mut board, asked, loses).unwrap_err().contains("both of its buttons"));
        assert_eq!(board.flash_changes(), 0);
        consents(&mut board);
        let asked = host.save();
        drive(&mut host, &mut board, asked, loses).unwrap();
        assert!(board.flash_changes() > 0, "with its user's consent");
    }
}

/// Both buttons are held.
fn consents(board: &mut Board) {
    for pressed in [true, false] {
        board.hold_label(pressed);
        board.hold_save(pressed);
        (0..150).for_each(|_| board.reading(&[0.0, 0.0, 1.0]));
    }
}

#[test]
fn a_board_is_watched_and_what_its_user_teaches_is_recorded() {
    for loses in [0, 3] {
        let (mut host, mut board, mut ada) = (Host::new(5), Board::new(&[]).unwrap(), Person::new(0));
        let begun = host.connect();
        drive(&mut host, &mut board, Ok(begun), loses).unwrap();
        let (mut sent, mut signal) = (Vec::new(), Vec::new());
        let mut move_on = |host: &mut Host, board: &mut Board, ada: &mut Person, samples: usize| {
            for i in 0..samples {
                let sample = ada.sample();
                sent.extend(sample.iter().map(|g| (g * 500.0).round() / 500.0));
                board.reading(&sample);
                if i % 10 == 9 {
                    let asked = host.follow();
                    drive(host, board, asked, loses).unwrap();
                    signal.extend(host.fresh());
                }
            }
        };
        for gesture in [1, 2, 3] {
            ada.begin(gesture);
            move_on(&mut host, &mut board, &mut ada, 80);
            board.teach(gesture);
            move_on(&mut host, &mut board, &mut ada, 90);
            let asked = host.look();
            drive(&mut host, &mut board, asked, loses).unwrap();
            let Some(Change { number, kind: ChangeKind::Learned, gesture: learned, at }) = host.change() else {
                panic!()
            };
            assert_eq!((number, learned), (gesture.into(), gesture));
            assert_eq!(host.recorded(at).len(), 3 * 64);
            assert_eq!(host.samples(), board.samples());
            assert_eq!(window_features(&host.recorded(host.at())), host.window());
        }
        assert_eq!(signal.len(), sent.len());
        assert!(signal.iter().zip(&sent).all(|(a, b)| (a - b).abs() < 1e-3), "every sample once, in order");
        assert_eq!(host.probabilities(), board.probabilities());
        assert_eq!(host.seen().map(|seen| seen.gesture), Some(3));

        // To another board, and what is there of it is forgotten.
        let asked = host.read_checkpoint();
        drive(&mut host, &mut board, asked, loses).unwrap();
        let (mut next, mut other) = (Host::new(6), Board::new(&[]).unwrap());
        let begun = next.connect();
        drive(&mut next, &mut other, Ok(begun), loses).unwrap();
        let asked = next.write_checkpoint(host.checkpoint(), 1);
        assert!(drive(&mut next, &mut other, asked, loses).unwrap_err().contains("both of its buttons"));
        consents(&mut other);
        let asked = next.write_checkpoint(host.checkpoint()[1..].to_vec(), 2);
        assert!(
            drive(&mut next, &mut other, asked, loses)
                .unwrap_err()
                .contains("is not what a device of this kind has learned")
        );
        let asked = next.write_checkpoint(host.checkpoint(), 3);
        drive(&mut next, &mut other, asked, loses).unwrap();
        assert_eq!((other.head_crc(), other.samples()), (board.head_crc(), board.samples()));
        let asked = next.look();
        drive(&mut next, &mut other, asked, loses).unwrap();
        assert!((50..60).contains(&next.consent()), "{}", next.consent());
        let asked = next.remove(2);
        drive(&mut next, &mut other, asked, loses).unwrap();
        assert_eq!(other.samples(), [1, 1]);
    }
}

#[test]
fn garbage_on_the_line_is_told_or_passed_over() {
    let (mut host, mut board) = (Host::new(1), Board::new(&[]).unwrap());
    assert!(host.save().unwrap_err().contains("connect again"));
    host.connect();
    assert_eq!(host.receive(&[0xff; 3000]), Ok(Step::Wait));
    board.serve(&(0..3000).map(|i| (i * 7) as u8).collect::<Vec<_>>());
    let begun = host.connect();
    drive(&mut host, &mut board, Ok(begun), 0).unwrap();
    assert!(host.learn(&[0.0; 500], 1).is_err() && host.predict(&[0.0; 3]).is_ok());
    // Another board, as after a restart.
    let asked = host.look();
    assert!(
        drive(&mut host, &mut Board::new(&[]).unwrap(), asked, 0).unwrap_err().contains("connect again") && host.lost()
    );
    host.connect();
    assert!((0..9).any(|_| host.timed_out().is_err()), "silence ends");
    for g in [&[0.0; 191][..], &[f32::NAN; 192], &[0.0; 195]] {
        assert!(window_features(g).is_empty());
    }
}
