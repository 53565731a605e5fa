//! Requests, one by one, and refusals.

use std::convert::Infallible;

use gradient_decay::{LinearHead, Store};
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::{Display, Shown};
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::sampling::Readings;
use gradient_decay_app::gestures::{App, Event, Fault, FlashFault, GESTURES, PARAMETERS, Parts, SAVED_BYTES, learner};
use gradient_decay_app::link::{Served, Server};
use gradient_decay_app::simulation::BoardFlash;
use gradient_decay_app::simulation::script::Finger;
use gradient_decay_app::{checksum, gestures};
use gradient_decay_link::{Floats, Header, Refusal, Request, Response};
use oracle::line::Line;
use proptest::prelude::*;

use crate::device::{self, Device, Head, done, frame, refused};

#[test]
fn a_label_is_taken_back_by_who_learns_without_a_gradient() {
    let mut device = device::gestures();
    let session = device.greet(1);
    let mut buffer = [0; 96];
    let features = Floats::pack([0.5; 24], &mut buffer).unwrap();
    for (sequence, class) in [(1, 0), (2, 0), (3, 1)] {
        device.ask(session, sequence, &Request::Learn { features, class });
    }
    let take_back = |class| Request::TakeBack { features, class };
    // Sent twice, it is done once.
    for _ in 0..2 {
        assert_eq!(device.ask(session, 4, &take_back(0)), done());
    }
    assert_eq!((device.served.classes(), device.served.head().samples(0)), (2, 1));
    assert_eq!(device.ask(session, 5, &take_back(1)), done());
    assert_eq!(device.served.classes(), 1, "a gesture that had only this sample goes");
    assert_eq!(device.ask(session, 6, &take_back(1)), refused(Refusal::Class { classes: 1 }));
    let mut linear = device::small();
    let session = linear.greet(1);
    assert_eq!(linear.ask(session, 7, &take_back(1)), refused(Refusal::Unsupported));
}

#[test]
fn a_head_is_replaced_whole_or_not_at_all() {
    let mut device = device::small();
    let session = device.greet(1);
    let mut sequence = 0;
    let mut ask = |device: &mut device::Small, request: &Request<'_>| {
        sequence += 1;
        device.ask(session, sequence, request)
    };
    let mut buffer = [0; 4 * 64];
    let parameters: Vec<f32> = (0..Head::PARAMETERS).map(|i| i as f32).collect();
    let mut write = |device: &mut device::Small, offset: usize, count: usize| {
        let parameters = Floats::pack(parameters[offset..offset + count].iter().copied(), &mut buffer).unwrap();
        ask(device, &Request::WriteHead { offset: offset as u32, parameters })
    };
    let crc = checksum::of_floats(&parameters);
    let taken = |count| format!("{:?}", Response::Taken { parameters: count });
    let offset = |expected| refused(Refusal::Offset { expected });

    let mut commits = 1000;
    let mut commit = |device: &mut device::Small, crc| {
        commits += 1;
        device.ask(session, commits, &Request::CommitHead { crc, steps: 7, push: 55 })
    };
    assert_eq!(write(&mut device, 0, 50), taken(50));
    assert_eq!(write(&mut device, 60, 40), offset(50), "a gap");
    assert_eq!(write(&mut device, 50, 50), taken(100));
    assert_eq!(write(&mut device, 50, 50), offset(100), "twice the same");
    assert_eq!(write(&mut device, 0, 50), taken(50), "from the beginning");
    assert_eq!(commit(&mut device, crc), offset(50), "half of it");
    assert_eq!(device.served.learner.head(), &Head::new(), "so far it has its own");

    // In one session whole, and used up.
    let session = device.greet(2);
    let mut sequence = 0;
    let mut ask = |device: &mut device::Small, request: &Request<'_>| {
        sequence += 1;
        device.ask(session, sequence, request)
    };
    let mut bytes = [0; 4 * 64];
    let commit = |crc| Request::CommitHead { crc, steps: 7, push: 55 };
    assert_eq!(ask(&mut device, &commit(crc)), offset(0), "what another session sent does not count");
    for part in [0, 50] {
        let parameters = Floats::pack(parameters[part..part + 50].iter().copied(), &mut bytes).unwrap();
        ask(&mut device, &Request::WriteHead { offset: part as u32, parameters });
    }
    assert_eq!(ask(&mut device, &commit(crc ^ 1)), refused(Refusal::Crc { found: crc }));
    assert!(ask(&mut device, &Request::Describe).ends_with("pushed: None })"));
    assert_eq!(ask(&mut device, &commit(crc)), done());
    let mut expected = Head::new();
    expected.import(&parameters).unwrap();
    assert_eq!((device.served.learner.head(), device.served.steps()), (&expected, 7));
    assert!(ask(&mut device, &Request::Describe).ends_with("pushed: Some(55) })"));
    assert_eq!(ask(&mut device, &commit(crc)), offset(0), "it is used up");

    // A NaN is found at the end.
    let mut bytes = [0; 4 * 100];
    let nan = Floats::pack((0..100).map(|i| if i == 42 { f32::NAN } else { 0.0 }), &mut bytes).unwrap();
    ask(&mut device, &Request::WriteHead { offset: 0, parameters: nan });
    assert_eq!(ask(&mut device, &commit(nan.crc())), refused(Refusal::NotFinite { index: 42 }));
    assert_eq!(device.served.learner.head(), &expected);
}

#[test]
fn bad_requests_are_refused_with_a_reason_and_change_nothing() {
    let mut device = device::small();
    let session = device.greet(1);
    let mut buffer = [0; 4 * 24];
    for (sequence, (numbers, class, expected)) in (1..).zip([
        (vec![0.5; 23], 0, Refusal::Length { expected: 24, actual: 23 }),
        (vec![0.5; 24], 4, Refusal::Class { classes: 4 }),
        ([&[0.0; 23][..], &[f32::INFINITY]].concat(), 1, Refusal::NotFinite { index: 23 }),
        (vec![1e30; 24], 1, Refusal::TooLarge),
    ]) {
        let features = Floats::pack(numbers.iter().copied(), &mut buffer).unwrap();
        // A refusal is sent again as well.
        for _ in 0..2 {
            assert_eq!(device.ask(session, sequence, &Request::Learn { features, class }), refused(expected));
        }
    }
    assert_eq!(device.served.learner.head(), &LinearHead::new());
    assert_eq!(device.served.calibration(), None);
    let read = Request::ReadHead { offset: 100 };
    assert_eq!(device.ask(session, 10, &read), refused(Refusal::Offset { expected: 0 }));
    device.saves = false;
    assert_eq!(device.ask(session, 11, &Request::Save), refused(Refusal::Storage));
}

/// A head for a device in integers that has a parameter beyond them.
#[test]
fn a_weight_that_integers_do_not_hold_is_refused_by_name() {
    let good: Vec<f32> = (0..Head::PARAMETERS).map(|i| (i % 13) as f32 - 6.0).collect();
    let (mut device, mut sequence) = (device::fixed(), 0);
    let session = device.greet(1);
    let mut push = |device: &mut device::Fixed, head: &[f32]| {
        let mut buffer = [0; 4 * 100];
        let parameters = Floats::pack(head.iter().copied(), &mut buffer).unwrap();
        sequence += 2;
        device.ask(session, sequence, &Request::WriteHead { offset: 0, parameters });
        device.ask(session, sequence + 1, &Request::CommitHead { crc: parameters.crc(), steps: 3, push: sequence })
    };
    assert_eq!(push(&mut device, &good), done());
    let exported = |device: &device::Fixed| {
        let mut head = vec![0.0; Head::PARAMETERS];
        device.served.export(&mut head).unwrap();
        head
    };
    assert_eq!(exported(&device), good);
    for (index, number, expected) in [
        (0, 8.0, Refusal::Parameter { class: 0, feature: Some(0), limit: 8 }),
        (24 * 2 + 5, -8.0, Refusal::Parameter { class: 2, feature: Some(5), limit: 8 }),
        (95, 1e9, Refusal::Parameter { class: 3, feature: Some(23), limit: 8 }),
        (96, -16_001.0, Refusal::Parameter { class: 0, feature: None, limit: 16_000 }),
        (99, f32::INFINITY, Refusal::NotFinite { index: 99 }),
    ] {
        let mut head = good.clone();
        head[index] = number;
        assert_eq!(push(&mut device, &head), refused(expected));
        assert_eq!((exported(&device), device.served.steps()), (good.clone(), 3), "nothing was changed");
    }
    assert_eq!(
        Refusal::Parameter { class: 2, feature: Some(5), limit: 8 }.to_string(),
        "the weight of feature 5 in class 2 is out of range: this device, which computes in integers, takes weights between -8 and 8"
    );
    // The largest that there are.
    let mut head = good.clone();
    (head[1], head[97]) = (32_767.0 / 4096.0, 16_000.0);
    assert_eq!((push(&mut device, &head), exported(&device)), (done(), head));
}

/// A request of any kind, with any numbers.
fn any_request() -> impl Strategy<Value = Vec<u8>> {
    let numbers = prop::collection::vec(prop_oneof![any::<f32>(), -2.0_f32..2.0], 0..60);
    (0..16_u32, numbers, any::<u32>(), 0..6_u16, 0..5_u32).prop_map(|(kind, numbers, number, class, sequence)| {
        let mut buffer = [0; 240];
        let floats = Floats::pack(numbers, &mut buffer).unwrap();
        frame(
            // That of the first greeting with 1, unless others came before it.
            Header { session: 1 ^ 0x9e37_79b1_u32.wrapping_mul(2), sequence },
            &match kind {
                0 => Request::Describe,
                1 => Request::Predict { features: floats },
                2 => Request::Learn { features: floats, class },
                3 => Request::Calibration,
                4 => Request::ReadHead { offset: number % 120 },
                5 => Request::WriteHead { offset: number % 120, parameters: floats },
                7 => Request::TakeBack { features: floats, class },
                6 => Request::CommitHead { crc: number, steps: number, push: number },
                8 => Request::Hello,
                9 => Request::Look,
                10 => Request::Sense { from: number },
                11 => Request::Remove { class },
                12 => Request::ReadCheckpoint { offset: number % 5000 },
                13 => Request::WriteCheckpoint { offset: number % 2 * 240, bytes: &[7; 240] },
                14 => Request::CommitCheckpoint { crc: number, push: number },
                _ => Request::Save,
            },
        )
    })
}

proptest! {
    /// Whatever arrives, between good requests, damaged ones and garbage: the device answers the next request as if nothing had been.
    #[test]
    fn the_link_survives_everything(
        parts in prop::collection::vec(
            prop_oneof![
                any_request(),
                (any_request(), any::<prop::sample::Index>(), 0..8_u32).prop_map(|(mut bytes, at, bit)| {
                    let at = at.index(bytes.len());
                    bytes[at] ^= 1 << bit;
                    bytes
                }),
                (any_request(), any::<prop::sample::Index>())
                    .prop_map(|(bytes, at)| bytes[..at.index(bytes.len())].to_vec()),
                prop::collection::vec(any::<u8>(), 0..700),
            ],
            0..12,
        ),
        chunk in 1..50_usize,
    ) {
        let bytes = parts.concat();
        survives(device::small(), &bytes, chunk)?;
        survives(device::fixed(), &bytes, chunk)?;
        survives(device::gestures(), &bytes, chunk)?;
    }
}

fn survives<S: Served<FEATURES>, const CLASSES: usize, const PARAMETERS: usize>(
    mut device: Device<S, CLASSES, FEATURES, PARAMETERS>,
    bytes: &[u8],
    chunk: usize,
) -> Result<(), TestCaseError> {
    let first = device.greet(1);
    prop_assert_eq!(first, 1 ^ 0x9e37_79b1_u32.wrapping_mul(2), "so that the requests are of a session");
    for chunk in bytes.chunks(chunk) {
        device.answers(chunk);
    }
    let mut parameters = [0.0; PARAMETERS];
    device.served.export(&mut parameters).unwrap();
    prop_assert!(parameters.iter().all(|parameter| parameter.is_finite()));
    // A 0 clears what was begun, and may be answered.
    device.answers(&[0]);
    let session = device.greet(2);
    let answer = device.ask(session, 200, &Request::ReadHead { offset: 64 });
    prop_assert!(answer.starts_with("Parameters"));
    Ok(())
}

/// A display that is none.
pub struct Dark;

impl Display for Dark {
    type Error = Infallible;

    fn show(&mut self, _: Shown) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn a_save_for_a_host_is_told_by_the_device_as_well() {
    for (operations_left, expected) in
        [(None, Event::Saved { labels: 0 }), (Some(1), Event::Fault(Fault::NotSaved(FlashFault::Device)))]
    {
        let mut flash = BoardFlash::new();
        flash.operations_left = operations_left;
        let mut queue = Readings::new();
        let (_, readings) = queue.split();
        let (mut events, mut learner) = (Vec::new(), learner());
        let parts = Parts {
            readings,
            label: Button::active_low(Finger::label(&[])),
            save: Button::active_low(Finger::save(&[])),
            display: Dark,
            store: Store::new(flash, 0..BoardFlash::BYTES as u32, SAVED_BYTES).unwrap(),
            learner: &mut learner,
            buffer: &mut [0; _],
        };
        let mut app = App::new(parts, &mut |event| events.push(event));
        let mut server: Server<GESTURES, FEATURES, PARAMETERS> = Server::consenting();
        let mut line = Line::default();
        line.to_device.extend(frame(Header { session: 1, sequence: 0 }, &Request::Hello));
        app.serve(&mut server, &mut line, &mut |event| events.push(event));
        let mut welcome: Vec<u8> = line.to_host.drain(..).collect();
        welcome.pop();
        let Ok((_, Response::Welcome { session })) = gradient_decay_link::decode(&mut welcome) else { panic!() };
        line.to_device.extend(frame(Header { session, sequence: 1 }, &Request::Save));
        app.serve(&mut server, &mut line, &mut |event| events.push(event));
        assert_eq!(events, [Event::StartedNew, expected]);
        assert!(!line.to_host.is_empty());
    }
}

/// The part of the head that is sent again is that of the copy which was taken, whatever was learned meanwhile.
#[test]
fn a_part_that_is_sent_again_is_the_same() {
    let mut device = device::gestures();
    gestures::learn(&mut device.served, &[0.5; FEATURES], 0).unwrap();
    gestures::learn(&mut device.served, &[-0.5; FEATURES], 1).unwrap();
    let session = device.greet(1);
    let first = device.ask(session, 1, &Request::ReadHead { offset: 0 });
    let second = device.ask(session, 2, &Request::ReadHead { offset: 64 });
    assert_eq!(device.ask(session, 3, &Request::ReadHead { offset: 0 }), first);
    // By the button.
    gestures::learn(&mut device.served, &[0.25; FEATURES], 1).unwrap();
    assert_eq!(device.ask(session, 3, &Request::ReadHead { offset: 0 }), first, "sent again");
    assert_eq!(device.ask(session, 4, &Request::ReadHead { offset: 64 }), second, "the next part of the same copy");
    assert_ne!(device.ask(session, 5, &Request::ReadHead { offset: 0 }), first);
}
