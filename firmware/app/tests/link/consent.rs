//! The consent of the device's user: requests that need none, and how it is given.

use std::cell::Cell;

use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::{Event, learn};
use gradient_decay_app::link::Means;
use gradient_decay_link::client::Failure;
use gradient_decay_link::{Floats, PART, Refusal, Request};

use crate::bench::{Bench, Statics};
use crate::device::{self, done, refused};

#[test]
fn without_consent_nothing_is_replaced_and_nothing_erased() {
    let mut device = device::gestures();
    learn(&mut device.served, &[0.5; 24], 0).unwrap();
    learn(&mut device.served, &[-0.5; 24], 1).unwrap();
    device.consent = Err(Means::Firmware);
    let session = device.greet(1);
    let mut sequence = 0;
    let mut ask = |device: &mut device::Gestures, request: &Request<'_>| {
        sequence += 1;
        device.ask(session, sequence, request)
    };
    let mut buffer = [0; 96];
    let features = Floats::pack([0.5; 24], &mut buffer).unwrap();
    let mut zeros = [0; 4 * PART];
    let zeros = Floats::pack([0.0; PART], &mut zeros).unwrap();
    let before = device.served.clone();
    let consent = refused(Refusal::Consent(Means::Firmware));
    for request in [
        Request::WriteHead { offset: 0, parameters: zeros },
        Request::CommitHead { crc: 0, steps: 0, push: 1 },
        Request::TakeBack { features, class: 0 },
        Request::Save,
        Request::Remove { class: 1 },
        Request::WriteCheckpoint { offset: 0, bytes: &[0; 7] },
        Request::CommitCheckpoint { crc: 0, push: 1 },
    ] {
        assert_eq!(ask(&mut device, &request), consent);
    }
    assert_eq!(device.served, before);
    for request in [
        Request::Describe,
        Request::Calibration,
        Request::Predict { features },
        Request::ReadHead { offset: 0 },
        Request::ReadCheckpoint { offset: 0 },
        Request::Look,
        Request::Sense { from: 0 },
        Request::Learn { features, class: 1 },
    ] {
        assert!(!ask(&mut device, &request).starts_with("Refused"));
    }
    // What it has just taught it may take back, and that once.
    assert_eq!(ask(&mut device, &Request::TakeBack { features, class: 0 }), consent);
    assert_eq!(ask(&mut device, &Request::TakeBack { features, class: 1 }), done());
    assert_eq!(ask(&mut device, &Request::TakeBack { features, class: 1 }), consent);
    assert_eq!(device.served.head().labels(), 2);
    // Nor what another session taught.
    ask(&mut device, &Request::Learn { features, class: 1 });
    let other = device.greet(2);
    assert_eq!(device.ask(other, 1, &Request::TakeBack { features, class: 1 }), consent);
}

#[test]
fn both_buttons_held_allow_a_push_for_a_minute() {
    let (label, save) = (Cell::new(false), Cell::new(false));
    let mut statics = Statics::new();
    for class in [0, 1] {
        learn(&mut statics.learner, &[class as f32; FEATURES], class).unwrap();
    }
    let mut bench = Bench::new(&mut statics, &label, &save);
    bench.connection.connect();
    bench.exchange().unwrap();
    bench.pass(100);
    bench.events.clear();

    let missing = Failure::Refused(Refusal::Consent(Means::Buttons { held: 2, lasts: 60 }));
    assert_eq!(bench.push(), Err(missing));
    assert_eq!(
        missing.to_string(),
        "the device has not been told to allow this: hold both of its buttons for 2 seconds, then send it again within the 60 \
         seconds after that"
    );
    // Too short, and long enough.
    for (between, held) in [(20, 70), (20, 150)] {
        assert_eq!(bench.push(), Err(missing));
        save.set(true);
        bench.pass(between);
        label.set(true);
        bench.pass(held);
        label.set(false);
        save.set(false);
        bench.pass(100);
    }
    assert_eq!(bench.events, [Event::Consented], "and nothing was taught, removed, saved or erased");
    bench.pass(2800);
    assert_eq!((bench.push(), bench.app.learner().classes()), (Ok(()), 0));
    bench.pass(200);
    assert_eq!(bench.push(), Err(missing), "the minute is over");
}
