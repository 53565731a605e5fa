//! The consent of the device's user: requests that need none, and how it is given.

use std::cell::Cell;
use std::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin};
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::sampling::{Reading, Readings};
use gradient_decay_app::gestures::{App, Event, GESTURES, PARAMETERS, Parts, SAVED_BYTES, learn, learner};
use gradient_decay_app::link::{Means, Server};
use gradient_decay_app::simulation::BoardFlash;
use gradient_decay_link::client::{Connection, Event as Due, Failure, Push};
use gradient_decay_link::{Floats, PART, Refusal, Request, Response};
use heapless::spsc::Producer;
use oracle::line::Line;

use crate::device::{self, done, refused};
use crate::requests::Dark;

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
    ] {
        assert_eq!(ask(&mut device, &request), consent);
    }
    assert_eq!(device.served, before);
    for request in [
        Request::Describe,
        Request::Calibration,
        Request::Predict { features },
        Request::ReadHead { offset: 0 },
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

/// A button, pressed from outside.
struct Pin<'a>(&'a Cell<bool>);

impl ErrorType for Pin<'_> {
    type Error = Infallible;
}

impl InputPin for Pin<'_> {
    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.get())
    }

    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0.get())
    }
}

/// A gesture learner with its buttons, a line to it, and a host.
struct Bench<'a> {
    app: App<'a, Pin<'a>, Pin<'a>, Dark, BoardFlash>,
    server: Server<GESTURES, FEATURES, PARAMETERS>,
    producer: Producer<'a, Reading>,
    events: Vec<Event>,
    line: Line,
    connection: Connection,
}

impl Bench<'_> {
    /// Time passes, at 50 readings a second.
    fn pass(&mut self, readings: u32) {
        for _ in 0..readings {
            self.producer.enqueue(Ok([0, 0, 1000])).unwrap();
            self.app.poll(&mut |event| self.events.push(event));
        }
    }

    /// Takes the answer to what the connection has to send.
    fn exchange(&mut self) -> Result<Response<'_>, Failure> {
        loop {
            self.line.to_device.extend(self.connection.outgoing());
            self.app.serve(&mut self.server, &mut self.line, &mut |event| self.events.push(event));
            let answer: Vec<u8> = self.line.to_host.drain(..).collect();
            if self.connection.receive(&answer)? == Due::Answered {
                return self.connection.answer();
            }
        }
    }

    /// Pushes the head of a new device.
    fn push(&mut self) -> Result<(), Failure> {
        let mut push = Push::new(&[0.0; PARAMETERS], 0, 1);
        loop {
            self.connection.ask(&push.request(&mut [0; 4 * PART]))?;
            if push.answered(&self.exchange()?)? {
                return Ok(());
            }
        }
    }
}

#[test]
fn both_buttons_held_allow_a_push_for_a_minute() {
    let (label, save) = (Cell::new(false), Cell::new(false));
    let mut queue = Readings::new();
    let (producer, readings) = queue.split();
    let (mut own, mut buffer) = (learner(), [0; _]);
    for class in [0, 1] {
        learn(&mut own, &[class as f32; FEATURES], class).unwrap();
    }
    let parts = Parts {
        readings,
        label: Button::active_low(Pin(&label)),
        save: Button::active_low(Pin(&save)),
        display: Dark,
        store: Store::new(BoardFlash::new(), 0..BoardFlash::BYTES as u32, SAVED_BYTES).unwrap(),
        learner: &mut own,
        buffer: &mut buffer,
    };
    let app = App::new(parts, &mut |_| ());
    let (server, line, connection) = (Server::new(), Line::default(), Connection::new(1));
    let mut bench = Bench { app, server, producer, events: Vec::new(), line, connection };
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
