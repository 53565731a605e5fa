//! The gesture learner as a whole, on simulated hardware: what it learns, and that no fault stops it or loses a saved head.

mod bench;

use bench::{Bench, Run};
use embedded_hal::digital::ErrorKind;
use embedded_hal::i2c::{self, NoAcknowledgeSource};
use gradient_decay_app::checksum;
use gradient_decay_app::gestures::button::Which;
use gradient_decay_app::gestures::sampling::SensorFault;
use gradient_decay_app::gestures::{Event, Fault, FlashFault, Head};
use gradient_decay_app::simulation::script::{Act, OUTAGES, SCRIPT, Segment};
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

/// A save that is held: it erases first.
const HELD_SAVE: &[Segment] = &[LESSONS[0], Segment { gesture: 1, readings: 300, act: Act::Save(150) }];

const NOBODY: i2c::ErrorKind = i2c::ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);

fn is_fault(event: &Event) -> bool {
    matches!(event, Event::Fault(_))
}

fn learned(run: &Run) -> usize {
    run.count(|event| matches!(event, Event::Learned { .. }))
}

/// The log of the boards in QEMU: the same events as here, with the same bits.
#[test]
fn the_host_gives_the_bits_of_the_firmware() {
    let bench = || Bench { outages: &OUTAGES, ..Bench::new(&SCRIPT) };
    let float = bench().float();
    let fixed = bench().fixed();
    for (run, log) in [
        (&float, include_str!("../../boards/qemu-mps2-an386/expected.log")),
        (&float, include_str!("../../boards/qemu-mps2-an500/expected.log")),
        (&fixed, include_str!("../../boards/qemu-microbit/expected.log")),
        (&fixed, include_str!("../../boards/riscv32imc/expected.log")),
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
        let mut parameters = [0.0; Head::PARAMETERS];
        run.head.export(&mut parameters).unwrap();
        assert_eq!(lines.next().unwrap(), format!("INFO  head crc: {:08x}", checksum::of_floats(&parameters)));
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn it_learns_gestures_in_both_arithmetics() {
    for (name, run) in [("float", Bench::new(&SCRIPT).float()), ("fixed", Bench::new(&SCRIPT).fixed())] {
        println!("{name}: {:?}", run.exam);
        assert_eq!(run.exam.right, 20, "of 20 gestures that were taught");
        assert_eq!(run.events[0], Event::StartedNew);
        assert_eq!((learned(&run), run.count(is_fault)), (12, 0));
        assert_eq!(run.count(|event| matches!(event, Event::Saved { steps: 84 })), 1);
    }
}

#[test]
fn what_was_saved_is_there_after_a_restart() {
    let first = Bench::new(SAVED_LESSONS).float();
    let second = Bench { flash: first.flash, ..Bench::new(&[]) }.float();
    assert_eq!(second.events, [Event::StartedFromSaved { steps: 21 }]);
    assert_eq!(second.head, first.head);
    let first = Bench::new(SAVED_LESSONS).fixed();
    let second = Bench { flash: first.flash, ..Bench::new(&[]) }.fixed();
    assert_eq!(second.events, [Event::StartedFromSaved { steps: 21 }]);
    assert_eq!(second.head, first.head);
}

/// The memory, the calibration and in integers the rounding go on as if the power had never been off: what is learned later has the same bits.
#[test]
fn a_restart_changes_nothing() {
    // Segments of one reading, so that the later ones have the same numbers, and so the same movements.
    const NOTHING: Segment = Segment { gesture: 1, readings: 1, act: Act::None };
    let whole = [SAVED_LESSONS, LESSONS].concat();
    let later = [&[NOTHING; SAVED_LESSONS.len()], LESSONS].concat();
    for run in [Bench::float, Bench::fixed] {
        let through = run(Bench::new(&whole));
        let saved = run(Bench::new(SAVED_LESSONS));
        let restarted = run(Bench { flash: saved.flash, ..Bench::new(&later) });
        let lessons = |run: &Run| -> Vec<Event> {
            run.events.iter().filter(|event| matches!(event, Event::Learned { .. })).copied().collect()
        };
        assert_eq!((lessons(&through).len(), lessons(&restarted).len()), (6, 3));
        assert_eq!(lessons(&through)[3..], lessons(&restarted));
        assert_eq!((through.head, through.calibration), (restarted.head, restarted.calibration));
    }
}

/// The flash of devices whose firmware saved the head alone, in float even where it learned in integers.
#[test]
fn what_the_first_firmware_saved_is_read() {
    let flash = |saved: &[u8]| {
        let mut flash = BoardFlash::new();
        flash.bytes_mut()[..saved.len()].copy_from_slice(saved);
        flash
    };
    let float =
        Bench { flash: flash(include_bytes!("golden/flash-v1-float.bin")), ..Bench::new(SAVED_LESSONS) }.float();
    let fixed =
        Bench { flash: flash(include_bytes!("golden/flash-v1-fixed.bin")), ..Bench::new(SAVED_LESSONS) }.fixed();
    for run in [&float, &fixed] {
        assert_eq!(run.events[0], Event::StartedFromSaved { steps: 15 });
        assert_eq!(run.count(|event| *event == Event::Saved { steps: 36 }), 1, "it goes on from there");
    }
    let float = Bench { flash: flash(include_bytes!("golden/flash-v1-float.bin")), ..Bench::new(&[]) }.float();
    let fixed = Bench { flash: flash(include_bytes!("golden/flash-v1-fixed.bin")), ..Bench::new(&[]) }.fixed();
    for (run, crc) in [(float, 0x5352_2b5d), (fixed, 0xf032_b651)] {
        let mut parameters = [0.0; Head::PARAMETERS];
        run.head.export(&mut parameters).unwrap();
        assert_eq!(checksum::of_floats(&parameters), crc, "that of the head that was saved");
    }
}

#[test]
fn two_lost_samples_are_bridged() {
    let outages = [Outage { after: 150, transactions: 2, reset: false }];
    let run = Bench { outages: &outages, ..Bench::new(LESSONS) }.float();
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
    let run = Bench { outages: &outages, ..Bench::new(&SCRIPT) }.float();
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
    let run = Bench { burst: 40, ..Bench::new(LESSONS) }.float();
    let overruns = run.count(|event| matches!(event, Event::Fault(Fault::Sensor(SensorFault::Overrun(_)))));
    assert!(overruns > 5, "{overruns}");
    let run = Bench { burst: 31, ..Bench::new(LESSONS) }.float();
    assert_eq!(run.count(is_fault), 0, "31 fit");
}

#[test]
fn a_stuck_label_button_is_told_once_and_teaches_nothing() {
    let run = Bench { label: Some(|_| Ok(true)), ..Bench::new(&SCRIPT) }.float();
    let stuck = Event::Fault(Fault::Stuck(Which::Label));
    assert_eq!(run.count(|event| *event == stuck), 1);
    assert_eq!((learned(&run), &run.head), (0, &Head::new()));
    // The first press came when the window was empty.
    assert_eq!(run.count(|event| *event == Event::Fault(Fault::NothingToLabel)), 1);
    // One that sticks later is a tap at first: it is a lesson, since nobody can know that yet.
    let run = Bench { label: Some(|reading| Ok(reading > 100)), ..Bench::new(&SCRIPT) }.float();
    assert_eq!((learned(&run), run.count(|event| *event == stuck)), (1, 1));
}

#[test]
fn a_stuck_save_button_neither_saves_nor_erases() {
    let saved = Bench::new(SAVED_LESSONS).float();
    let mut flash = saved.flash.clone();
    let before = flash.bytes_mut().to_vec();
    let mut run = Bench { flash, save: Some(|reading| Ok(reading < 590)), ..Bench::new(LESSONS) }.float();
    assert_eq!(run.count(|event| *event == Event::Fault(Fault::Stuck(Which::Save))), 1);
    assert_eq!(run.flash.bytes_mut(), before);
    assert_eq!(learned(&run), 3);
}

#[test]
fn a_pin_that_cannot_be_read_is_told_once_in_a_row() {
    let level = |reading| if (100..200).contains(&reading) { Err(ErrorKind::Other) } else { Ok(false) };
    let run = Bench { label: Some(level), save: Some(level), ..Bench::new(LESSONS) }.float();
    let faults: Vec<_> = run.events.iter().filter(|event| is_fault(event)).collect();
    let told = [Which::Label, Which::Save].map(|which| Event::Fault(Fault::Button(which)));
    assert_eq!(faults, [&told[0], &told[1]]);
}

#[test]
fn a_broken_display_is_told_once_and_stops_nothing() {
    let run = Bench { display_fails: true, ..Bench::new(LESSONS) }.float();
    assert_eq!(run.count(|event| *event == Event::Fault(Fault::Display)), 1);
    assert_eq!(learned(&run), 3);
}

#[test]
fn power_that_is_lost_during_a_save_loses_no_saved_head() {
    // Three fill a page, so that the next one turns it.
    let mut first = Bench::new(SAVED_LESSONS).float();
    for _ in 1..3 {
        first = Bench { flash: first.flash, ..Bench::new(SAVED_LESSONS) }.float();
    }
    let (page, next) = first.flash.bytes_mut().split_at(4096);
    assert!(page[3000..].iter().any(|byte| *byte != 0xff) && next.iter().all(|byte| *byte == 0xff));
    // It learns more, and the power is cut at each operation of the next save in turn.
    let (mut failed, mut whole) = (0, 0);
    for operations in 1.. {
        for torn in [Torn::Before, Torn::Half] {
            let mut flash = first.flash.clone();
            (flash.operations_left, flash.torn) = (Some(operations), torn);
            let mut second = Bench { flash, ..Bench::new(SAVED_LESSONS) }.float();
            let saved = second.count(|event| matches!(event, Event::Saved { .. })) == 1;
            let told = second.count(|event| *event == Event::Fault(Fault::NotSaved(FlashFault::Device))) == 1;
            assert_ne!(
                saved, told,
                "either it was saved, or the device says that it was not: {operations} {torn:?} {:?}",
                second.events
            );
            assert_eq!(learned(&second), 3, "it goes on");
            assert!(!saved || second.flash.bytes_mut()[4096..].iter().any(|byte| *byte != 0xff), "the page is turned");
            second.flash.operations_left = None;
            let third = Bench { flash: second.flash, ..Bench::new(&[]) }.float();
            // The last operation may have been enough, though it failed.
            assert!(third.head == second.head || (!saved && third.head == first.head), "{operations} {torn:?}");
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
fn a_damaged_flash_is_told_left_alone_and_erased_only_on_demand() {
    let mut flash = BoardFlash::new();
    flash.bytes_mut().fill(0x5a);
    let before = flash.bytes_mut().to_vec();
    let mut run = Bench { flash, ..Bench::new(SAVED_LESSONS) }.float();
    assert!(
        matches!(run.events[..2], [Event::Fault(Fault::NotLoaded(_)), Event::StartedNew]),
        "{:?}",
        &run.events[..2]
    );
    assert_eq!(run.count(|event| matches!(event, Event::Fault(Fault::NotSaved(_)))), 1);
    assert_eq!((learned(&run), run.flash.bytes_mut().to_vec()), (3, before));
    // Holding the button erases, and saves.
    let run = Bench { flash: run.flash, ..Bench::new(HELD_SAVE) }.float();
    assert_eq!(run.count(|event| matches!(event, Event::Saved { .. })), 1);
    let restarted = Bench { flash: run.flash, ..Bench::new(&[]) }.float();
    assert_eq!((&restarted.events[..], restarted.head), (&[Event::StartedFromSaved { steps: 7 }][..], run.head));
}
