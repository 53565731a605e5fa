//! The gesture learner as a whole, on simulated hardware: what it learns, and that no fault stops it or loses a saved head.

mod bench;

use bench::{Bench, Run};
use embedded_hal::digital::ErrorKind;
use embedded_hal::i2c::{self, NoAcknowledgeSource};
use gradient_decay::error::CheckpointPart;
use gradient_decay::{
    Calibration, Contents, Error, LinearHead, Novelty, Parts, Readout, Saved, Store, checkpoint, store,
};
use gradient_decay_app::checksum;
use gradient_decay_app::gestures::button::Which;
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::sampling::SensorFault;
use gradient_decay_app::gestures::{Event, Fault, FlashFault, GESTURES, Head, LDA, PARAMETERS, SAVED_BYTES, learner};
use gradient_decay_app::link::Served;
use gradient_decay_app::simulation::script::{Act, ExamResult, OUTAGES, SCRIPT, Segment};
use gradient_decay_app::simulation::{BoardFlash, Outage, Torn};

/// Lessons, and no save.
const LESSONS: &[Segment] = &[
    Segment { gesture: 1, readings: 200, act: Act::Teach(1) },
    Segment { gesture: 2, readings: 200, act: Act::Teach(2) },
    Segment { gesture: 3, readings: 200, act: Act::Teach(3) },
];

/// The same, and a save.
const SAVED_LESSONS: &[Segment] =
    &[LESSONS[0], LESSONS[1], LESSONS[2], Segment { gesture: 1, readings: 200, act: Act::Save(10) }];

/// A save that is held: it overwrites whatever the flash holds.
const HELD_SAVE: &[Segment] = &[LESSONS[0], Segment { gesture: 1, readings: 300, act: Act::Save(150) }];

const NOBODY: i2c::ErrorKind = i2c::ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);

fn is_fault(event: &Event) -> bool {
    matches!(event, Event::Fault(_))
}

fn learned(run: &Run) -> usize {
    run.count(|event| matches!(event, Event::Learned { .. }))
}

/// The log of the boards in QEMU: the same events as here, with the same bits, with an FPU and without.
#[test]
fn the_host_gives_the_bits_of_the_firmware() {
    let run = Bench { outages: &OUTAGES, ..Bench::new(&SCRIPT) }.run();
    for log in [
        include_str!("../../boards/qemu-mps2-an386/expected.log"),
        include_str!("../../boards/qemu-mps2-an500/expected.log"),
        include_str!("../../boards/qemu-microbit/expected.log"),
        include_str!("../../boards/riscv32imc/expected.log"),
    ] {
        let mut lines = log.lines();
        for event in &run.events {
            let expected = match event {
                Event::Fault(fault) => format!("WARN  {fault:?}"),
                event => format!("INFO  {event:?}"),
            };
            assert_eq!(lines.next(), Some(&expected[..]));
        }
        assert!(lines.next().unwrap().starts_with("interrupts were off for "));
        assert_eq!(lines.next().unwrap(), format!("INFO  {:?}", run.exam));
        let mut parameters = [0.0; PARAMETERS];
        run.learner.export(&mut parameters).unwrap();
        assert_eq!(lines.next().unwrap(), format!("INFO  head crc: {:08x}", checksum::of_floats(&parameters)));
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn it_learns_gestures_takes_a_wrong_label_back_and_saves() {
    let run = Bench::new(&SCRIPT).run();
    println!("{:?}", run.exam);
    assert_eq!((run.exam.right, run.exam.wrong), (20, 0), "of 20 gestures that were taught");
    assert_eq!(run.events[0], Event::StartedNew);
    assert_eq!((learned(&run), run.count(is_fault)), (13, 0));
    assert_eq!(run.count(|event| *event == Event::TookBack { gesture: 3, samples: 3 }), 1);
    assert_eq!(run.count(|event| *event == Event::Saved { labels: 12 }), 1);
}

/// Over 20 people, each gesture shown three times: one that was never taught is refused at least four times of five, while at least nine of ten
/// of those that were are answered right.
#[test]
fn what_was_never_taught_is_refused_and_what_was_is_answered() {
    let mut all = ExamResult::default();
    for seed in 0..20 {
        let ExamResult { right, wrong, unknown, rejected, taken_for_another } =
            Bench { seed, ..Bench::new(&SCRIPT) }.run().exam;
        all = ExamResult {
            right: all.right + right,
            wrong: all.wrong + wrong,
            unknown: all.unknown + unknown,
            rejected: all.rejected + rejected,
            taken_for_another: all.taken_for_another + taken_for_another,
        };
    }
    println!("{all:?}");
    assert_eq!((all.right + all.wrong + all.unknown, all.rejected + all.taken_for_another), (400, 100));
    assert!(all.right >= 360 && all.rejected >= 80, "{all:?}");
}

/// The segments of an exam.
fn exam(gestures: &[u8]) -> Vec<Segment> {
    gestures.iter().map(|gesture| Segment { gesture: *gesture, readings: 96, act: Act::Examine }).collect()
}

#[test]
fn one_example_of_each_gesture_is_enough_to_tell_them_apart() {
    let mut right = 0;
    for seed in 0..20 {
        let script = [LESSONS, &exam(&[1, 2, 3, 1, 2, 3])].concat();
        right += Bench { seed, ..Bench::new(&script) }.run().exam.right;
    }
    println!("{right} of 120");
    assert!(right >= 108, "{right} of 120");
}

/// Gestures come by one tap more than there are, and go by a tap that is held; those above move down.
#[test]
fn a_gesture_is_removed_and_the_others_stay() {
    let remove = |gesture| Segment { gesture: 1, readings: 300, act: Act::Hold(gesture, 120) };
    let script = [LESSONS, LESSONS, &[remove(2)], &exam(&[1, 3, 3])].concat();
    let run = Bench::new(&script).run();
    assert_eq!(run.count(|event| *event == Event::Removed { gesture: 2 }), 1);
    assert_eq!((run.learner.classes(), run.learner.head().samples(1)), (2, 2));
    assert_eq!((run.exam.right, run.exam.wrong), (1, 2), "gesture 3 is answered as 2");
    // What is not there is not removed; taps beyond the next new gesture count for nothing.
    let beyond = Segment { gesture: 5, readings: 250, act: Act::Teach(5) };
    let run = Bench::new(&[LESSONS, &[remove(4), beyond]].concat()).run();
    assert_eq!((run.count(|event| *event == Event::Forgot), learned(&run), run.learner.classes()), (2, 3, 3));
}

#[test]
fn a_label_is_taken_back_once_and_a_gesture_that_had_only_it_goes() {
    const TAKE_BACK: Segment = Segment { gesture: 1, readings: 200, act: Act::TakeBack };
    let script = [LESSONS, &[TAKE_BACK, TAKE_BACK]].concat();
    let run = Bench::new(&script).run();
    assert_eq!(run.count(|event| *event == Event::TookBack { gesture: 3, samples: 0 }), 1);
    assert_eq!(run.count(|event| *event == Event::Fault(Fault::NothingToTakeBack)), 1);
    assert_eq!((run.learner.classes(), run.learner.head().labels()), (2, 2));
    assert_eq!(run.count(|event| matches!(event, Event::Saved { .. })), 0);
    // It is as if the label had not been.
    let before = Bench::new(&LESSONS[..2]).run();
    let numbers = |run: &Run| {
        let mut parameters = [0.0; PARAMETERS];
        run.learner.export(&mut parameters).unwrap();
        parameters
    };
    let (before, after) = (numbers(&before), numbers(&run));
    let most = before.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    assert!(before.iter().zip(after).all(|(a, b)| (a - b).abs() < 1e-4 * most));
}

#[test]
fn there_is_room_for_eight_gestures() {
    // The simulation has five kinds of movement: the others are variations, as which they are learned.
    let script: Vec<Segment> =
        (1..=9).map(|taps| Segment { gesture: (taps - 1) % 5 + 1, readings: 290, act: Act::Teach(taps) }).collect();
    let run = Bench::new(&script).run();
    assert_eq!((run.learner.classes(), learned(&run)), (8, 8));
    assert_eq!(run.count(|event| *event == Event::Forgot), 1);
}

#[test]
fn what_was_saved_is_there_after_a_restart() {
    let first = Bench::new(SAVED_LESSONS).run();
    let second = Bench { flash: first.flash, ..Bench::new(&[]) }.run();
    assert_eq!(second.events, [Event::StartedFromSaved { gestures: 3, labels: 3 }]);
    assert_eq!(second.learner, first.learner);
}

/// Everything continues as if the power had never been off: later learning has the same bits.
#[test]
fn a_restart_changes_nothing() {
    // Segments of one reading, so that the later ones have the same numbers, and so the same movements.
    const NOTHING: Segment = Segment { gesture: 1, readings: 1, act: Act::None };
    let whole = [SAVED_LESSONS, LESSONS].concat();
    let later = [&[NOTHING; SAVED_LESSONS.len()], LESSONS].concat();
    let through = Bench::new(&whole).run();
    let saved = Bench::new(SAVED_LESSONS).run();
    let restarted = Bench { flash: saved.flash, ..Bench::new(&later) }.run();
    let lessons = |run: &Run| -> Vec<Event> {
        run.events.iter().filter(|event| matches!(event, Event::Learned { .. })).copied().collect()
    };
    assert_eq!((lessons(&through).len(), lessons(&restarted).len()), (6, 3));
    assert_eq!(lessons(&through)[3..], lessons(&restarted));
    assert_eq!(through.learner, restarted.learner);
}

/// The flash of devices whose firmware learned by gradient: of such a head no discriminant can be made.
#[test]
fn what_the_first_firmware_saved_is_told_and_kept_until_it_is_overwritten() {
    for saved in [&include_bytes!("golden/flash-v1-float.bin")[..], include_bytes!("golden/flash-v1-fixed.bin")] {
        let mut flash = BoardFlash::new();
        flash.bytes_mut()[..saved.len()].copy_from_slice(saved);
        let mut run = Bench { flash, ..Bench::new(LESSONS) }.run();
        assert!(
            matches!(run.events[..2], [Event::Fault(Fault::NotLoaded(_)), Event::StartedNew]),
            "{:?}",
            &run.events[..2]
        );
        assert_eq!((learned(&run), &run.flash.bytes_mut()[..saved.len()]), (3, saved));
        let run = Bench { flash: run.flash, ..Bench::new(HELD_SAVE) }.run();
        assert_eq!(run.count(|event| matches!(event, Event::Overwrote { .. })), 1);
    }
}

#[test]
fn two_lost_samples_are_bridged() {
    let outages = [Outage { after: 150, transactions: 2, reset: false }];
    let run = Bench { outages: &outages, ..Bench::new(LESSONS) }.run();
    let faults: Vec<_> = run.events.iter().filter(|event| is_fault(event)).collect();
    assert_eq!(faults, [&Event::Fault(Fault::Sensor(SensorFault::Bus(NOBODY)))]);
    assert_eq!(run.count(|event| *event == Event::SensorBack { missed: 2 }), 1);
    assert_eq!(learned(&run), 3);
}

#[test]
fn a_sensor_that_is_gone_and_comes_back_reset_is_set_up_again() {
    // 4 seconds without an answer; and one that comes back at once, but reset.
    let outages =
        [Outage { after: 110, transactions: 200, reset: true }, Outage { after: 420, transactions: 1, reset: true }];
    let run = Bench { outages: &outages, ..Bench::new(&SCRIPT) }.run();
    for fault in [SensorFault::Bus(NOBODY), SensorFault::Stale] {
        assert!(run.count(|event| *event == Event::Fault(Fault::Sensor(fault))) >= 1, "{fault:?}");
    }
    assert_eq!(run.count(|event| matches!(event, Event::SensorBack { missed: 200.. })), 1);
    assert_eq!(run.count(|event| matches!(event, Event::SensorBack { .. })), 2);
    // The fingers go on while the sensor is gone, so that lessons meet other gestures: only the end of the script counts.
    assert!(run.count(|event| matches!(event, Event::Sees { .. })) > 10);
    assert!(run.events.len() < 150, "the log is not flooded");
}

#[test]
fn a_busy_main_loop_loses_samples_and_says_so() {
    let run = Bench { burst: 40, ..Bench::new(LESSONS) }.run();
    let overruns = run.count(|event| matches!(event, Event::Fault(Fault::Sensor(SensorFault::Overrun(_)))));
    assert!(overruns > 5, "{overruns}");
    let run = Bench { burst: 31, ..Bench::new(LESSONS) }.run();
    assert_eq!(run.count(is_fault), 0, "31 fit");
}

#[test]
fn a_stuck_label_button_is_told_once_and_teaches_nothing() {
    let run = Bench { label: Some(|_| Ok(true)), ..Bench::new(&SCRIPT) }.run();
    let stuck = Event::Fault(Fault::Stuck(Which::Label));
    assert_eq!(run.count(|event| *event == stuck), 1);
    assert_eq!((learned(&run), &run.learner), (0, &learner()));
    // The first press came when the window was empty.
    assert_eq!(run.count(|event| *event == Event::Fault(Fault::NothingToLabel)), 1);
    // One that sticks later is a tap that is never let go: it counts for nothing.
    let run = Bench { label: Some(|reading| Ok(reading > 100)), ..Bench::new(&SCRIPT) }.run();
    assert_eq!((learned(&run), run.count(|event| *event == stuck)), (0, 1));
    assert_eq!(run.count(|event| *event == Event::Forgot), 1);
}

#[test]
fn a_stuck_save_button_neither_saves_nor_erases() {
    let saved = Bench::new(SAVED_LESSONS).run();
    let mut flash = saved.flash.clone();
    let before = flash.bytes_mut().to_vec();
    let mut run = Bench { flash, save: Some(|reading| Ok(reading < 590)), ..Bench::new(LESSONS) }.run();
    assert_eq!(run.count(|event| *event == Event::Fault(Fault::Stuck(Which::Save))), 1);
    assert_eq!(run.flash.bytes_mut(), before);
    assert_eq!(learned(&run), 3);
}

#[test]
fn a_pin_that_cannot_be_read_is_told_once_in_a_row() {
    let level = |reading| if (100..200).contains(&reading) { Err(ErrorKind::Other) } else { Ok(false) };
    let run = Bench { label: Some(level), save: Some(level), ..Bench::new(LESSONS) }.run();
    let faults: Vec<_> = run.events.iter().filter(|event| is_fault(event)).collect();
    let told = [Which::Label, Which::Save].map(|which| Event::Fault(Fault::Button(which)));
    assert_eq!(faults, [&told[0], &told[1]]);
}

#[test]
fn a_broken_display_is_told_once_and_stops_nothing() {
    let run = Bench { display_fails: true, ..Bench::new(LESSONS) }.run();
    assert_eq!(run.count(|event| *event == Event::Fault(Fault::Display)), 1);
    assert_eq!(learned(&run), 3);
}

#[test]
fn power_that_is_lost_during_a_save_loses_no_saved_head() {
    // One takes two pages of six; the fourth erases the first.
    let mut first = Bench::new(SAVED_LESSONS).run();
    for _ in 0..2 {
        first = Bench { flash: first.flash, ..Bench::new(SAVED_LESSONS) }.run();
    }
    let full =
        |flash: &mut BoardFlash| flash.bytes_mut().chunks(8192).all(|pages| pages[..4].iter().all(|b| *b != 0xff));
    assert!(full(&mut first.flash));
    // It learns more, and the power is cut at each operation of the next save in turn.
    let (mut failed, mut whole) = (0, 0);
    for operations in 1.. {
        for torn in [Torn::Before, Torn::Half, Torn::Leading, Torn::Random { seed: operations, progress: 128 }] {
            let mut flash = first.flash.clone();
            (flash.operations_left, flash.torn) = (Some(operations), torn);
            let mut second = Bench { flash, ..Bench::new(SAVED_LESSONS) }.run();
            let saved = second.count(|event| matches!(event, Event::Saved { .. })) == 1;
            let told = second.count(|event| *event == Event::Fault(Fault::NotSaved(FlashFault::Device))) == 1;
            assert_ne!(
                saved, told,
                "either it was saved, or the device says that it was not: {operations} {torn:?} {:?}",
                second.events
            );
            assert_eq!(learned(&second), 3, "it goes on");
            second.flash.operations_left = None;
            let third = Bench { flash: second.flash, ..Bench::new(&[]) }.run();
            // The last operation may have been enough, though it failed.
            assert!(
                third.learner == second.learner || (!saved && third.learner == first.learner),
                "{operations} {torn:?}"
            );
            (failed, whole) = (failed + u32::from(!saved), whole + u32::from(saved));
        }
        if whole > 0 {
            break;
        }
    }
    println!("{failed} cuts");
    assert!(failed > 1000, "{failed} cuts");
}

#[test]
fn a_foreign_flash_is_told_left_alone_and_overwritten_only_on_demand() {
    let mut flash = BoardFlash::new();
    flash.bytes_mut().fill(0x5a);
    let before = flash.bytes_mut().to_vec();
    let mut run = Bench { flash, ..Bench::new(SAVED_LESSONS) }.run();
    assert!(
        matches!(run.events[..2], [Event::Fault(Fault::NotLoaded(_)), Event::StartedNew]),
        "{:?}",
        &run.events[..2]
    );
    assert_eq!(run.count(|event| *event == Event::Fault(Fault::HoldToOverwrite(FlashFault::Foreign))), 1);
    assert_eq!((learned(&run), run.flash.bytes_mut().to_vec()), (3, before));
    // Holding the button overwrites it.
    let run = Bench { flash: run.flash, ..Bench::new(HELD_SAVE) }.run();
    assert_eq!(run.count(|event| matches!(event, Event::Overwrote { labels: 1 })), 1);
    let restarted = Bench { flash: run.flash, ..Bench::new(&[]) }.run();
    assert_eq!(
        (&restarted.events[..], restarted.learner),
        (&[Event::StartedFromSaved { gestures: 1, labels: 1 }][..], run.learner)
    );
}

/// A learner as firmware saved it whose features were others, of the same number: without their version.
fn of_earlier_features()
-> gradient_decay::Learner<Head, Parts<(), (), (), Calibration<10>, Novelty<GESTURES, FEATURES>>> {
    let parts = Parts {
        preprocess: (),
        memory: (),
        guard: (),
        calibration: Calibration::new(),
        readout: Novelty::new(Readout::new()),
    };
    let mut learner = gradient_decay::Learner::new(Head::empty(), parts);
    for class in 0..3 {
        learner.add_class().unwrap();
        learner.learn(&LDA, &[class as f32; FEATURES], class).unwrap();
    }
    learner
}

#[test]
fn statistics_of_other_features_are_refused_though_they_have_the_same_shape() {
    let earlier = of_earlier_features();
    let mut bytes = vec![0; checkpoint::size(&earlier, Contents::ALL)];
    checkpoint::write(&earlier, Contents::ALL, &mut bytes).unwrap();
    let mut known = Bench::new(LESSONS).run().learner;
    let before = known.clone();
    let refused = Error::Checkpoint { part: CheckpointPart::FeatureVersion, expected: 2, found: 0 };
    // As a host sends them, too.
    assert_eq!((known.restore(&bytes), &known), (Err(refused), &before));
    let mut flash = BoardFlash::new();
    let mut store = Store::new(&mut flash, 0..BoardFlash::BYTES as u32, bytes.len()).unwrap();
    store.save(&earlier, Contents::ALL, &mut vec![0; store::buffer_for(bytes.len())]).unwrap();
    let run = Bench { flash, ..Bench::new(&[]) }.run();
    assert_eq!(run.events, [Event::Fault(Fault::NotLoaded(FlashFault::OtherShape(refused))), Event::StartedNew]);
}

/// A larger head blocked every save, and the device said that its board was set up wrong.
#[test]
fn a_head_of_another_shape_is_told_and_overwritten_only_on_demand() {
    fn saved<T: Saved>(other: &T) -> BoardFlash {
        let mut flash = BoardFlash::new();
        let bytes = checkpoint::bytes::<T>();
        let mut store = Store::new(&mut flash, 0..BoardFlash::BYTES as u32, bytes).unwrap();
        store.save(other, Contents::ALL, &mut vec![0; store::buffer_for(bytes)]).unwrap();
        flash
    }
    let heads = [saved(&LinearHead::<4, 24>::new()), saved(&LinearHead::<8, 300>::new())];
    for flash in heads.into_iter().chain([saved(&of_earlier_features())]) {
        let mut run = Bench { flash: flash.clone(), ..Bench::new(SAVED_LESSONS) }.run();
        let Event::Fault(Fault::NotLoaded(shape @ FlashFault::OtherShape(_))) = run.events[0] else {
            panic!("{:?}", run.events[0])
        };
        assert_eq!(run.events[1], Event::StartedNew);
        assert_eq!(run.count(|event| *event == Event::Fault(Fault::HoldToOverwrite(shape))), 1);
        assert!(run.flash.bytes_mut() == flash.clone().bytes_mut());
        // In the same session, and once it is overwritten a press saves.
        let script = [HELD_SAVE, SAVED_LESSONS].concat();
        let run = Bench { flash, ..Bench::new(&script) }.run();
        assert_eq!(run.count(|event| matches!(event, Event::Overwrote { labels: 1 })), 1);
        assert_eq!(run.count(|event| matches!(event, Event::Saved { labels: 4 })), 1);
        let restarted = Bench { flash: run.flash, ..Bench::new(&[]) }.run();
        assert_eq!(restarted.learner, run.learner);
    }
}

/// No data of a person is left in the flash: neither a copy nor the statistics that the gestures share.
#[test]
fn all_gestures_removed_and_save_held_forget_all() {
    let mut first = Bench::new(SAVED_LESSONS).run();
    for _ in 0..2 {
        first = Bench { flash: first.flash, ..Bench::new(SAVED_LESSONS) }.run();
    }
    let remove = Segment { gesture: 1, readings: 300, act: Act::Hold(1, 120) };
    let hold = Segment { gesture: 1, readings: 300, act: Act::Save(150) };
    let mut run = Bench { flash: first.flash, ..Bench::new(&[remove, remove, remove, hold]) }.run();
    assert_eq!(run.count(|event| *event == Event::Removed { gesture: 1 }), 3);
    assert_eq!((&run.learner, run.count(|event| *event == Event::Overwrote { labels: 0 })), (&learner(), 1));
    // The new learner is all that there is.
    let mut expected = vec![0xff; BoardFlash::BYTES];
    let mut buffer = vec![0; SAVED_BYTES];
    checkpoint::write(&learner(), Contents::ALL, &mut buffer).unwrap();
    let flash = run.flash.bytes_mut();
    let at = flash.windows(4).position(|bytes| bytes == b"GDs1").unwrap();
    expected[at + 20..at + 20 + SAVED_BYTES].copy_from_slice(&buffer);
    expected[at..at + 20].copy_from_slice(&flash[at..at + 20]);
    assert!(flash == expected);
}

/// A removed gesture is still in the copies that the flash has, until save is held.
#[test]
fn a_held_save_leaves_nothing_of_what_was_learned_before() {
    let mut first = Bench::new(SAVED_LESSONS).run();
    for _ in 0..2 {
        first = Bench { flash: first.flash, ..Bench::new(SAVED_LESSONS) }.run();
    }
    let mut held = Bench { flash: first.flash, ..Bench::new(HELD_SAVE) }.run();
    assert_eq!(held.count(|event| matches!(event, Event::Overwrote { .. })), 1);
    let pages = held.flash.bytes_mut().chunks(4096).filter(|page| page.iter().any(|byte| *byte != 0xff)).count();
    assert_eq!(pages, 2, "those of the newest");
}
