//! A device at the end of a line in memory.

use gradient_decay::{BetaSchedule, FineTuner, FixedRate, LinearHead, Readout, Sgd};
use gradient_decay_app::fixed::FixedDevice;
use gradient_decay_app::gestures::features::{FEATURES, Window};
use gradient_decay_app::gestures::{GESTURES, Learner, PARAMETERS, SAVED_BYTES, learner};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Beside, Means, Senses, Served, Server};
use gradient_decay_link::{Change, FRAME, Header, Received, Receiver, Refusal, Request, Response, decode, encode};
use oracle::line::Line;

/// A server, its learner, and what is on its way to them and from them.
pub struct Device<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> {
    pub server: Server<CLASSES, FEATURES, PARAMETERS>,
    pub served: S,
    pub line: Line,
    /// Whether there is a flash to save to.
    pub saves: bool,
    pub consent: Result<(), Means>,
    /// What it senses, if it has a sensor.
    pub window: Option<Window>,
    pub change: Option<Change>,
    /// Room for a checkpoint.
    pub room: Vec<u8>,
}

/// A small linear head.
pub type Head = LinearHead<4, FEATURES>;
pub type Small = Device<LinearDevice<4, FEATURES>, 4, FEATURES, { Head::PARAMETERS }>;
pub type Fixed = Device<FixedDevice<4, FEATURES>, 4, FEATURES, { Head::PARAMETERS }>;
pub type Gestures = Device<Learner, GESTURES, FEATURES, PARAMETERS>;

pub const SCHEDULE: BetaSchedule = BetaSchedule::geometric(0.1, 1.0, 84);

/// A device with a small linear head, whose user consents.
pub fn small() -> Small {
    let readout = Readout::new().with_threshold(0.6);
    Device::new(LinearDevice::new(Head::new(), readout, FineTuner::new(SCHEDULE, Sgd::new(0.25))))
}

/// The same in integers.
pub fn fixed() -> Fixed {
    let readout = Readout::new().with_threshold(0.6);
    Device::new(FixedDevice::new(readout, FineTuner::new(SCHEDULE, FixedRate::new(0.25))))
}

/// A gesture learner that knows nothing, whose user consents. It has sensed 70 samples.
pub fn gestures() -> Gestures {
    let mut window = Window::new();
    (0..70).for_each(|i| window.push([i % 7, 500 - i % 11, 1000]));
    Device { window: Some(window), room: vec![0; SAVED_BYTES], ..Device::new(learner()) }
}

impl<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize>
    Device<S, CLASSES, FEATURES, PARAMETERS>
{
    pub fn new(served: S) -> Self {
        let (line, room) = (Line::default(), Vec::new());
        Device { server: Server::new(), served, line, saves: true, consent: Ok(()), window: None, change: None, room }
    }

    /// Its main loop comes round once.
    pub fn poll(&mut self) -> bool {
        let Device { server, served, line, saves, consent, window, change, room } = self;
        let senses = window.as_ref().map(|window| Senses { window, change: *change, consent: 0 });
        server.poll(line, served, Beside { consent: *consent, senses, room }, |_, room| {
            // As a store does.
            room.fill(0xaa);
            *saves
        })
    }

    /// The answers to some bytes.
    pub fn answers(&mut self, bytes: &[u8]) -> Vec<(Header, String)> {
        self.line.to_device.extend(bytes);
        while !self.line.to_device.is_empty() {
            self.poll();
        }
        let mut receiver = Receiver::new();
        let mut answers = Vec::new();
        for byte in self.line.to_host.drain(..) {
            if let Received::Frame(frame) = receiver.push(byte) {
                let (header, response) = decode::<Response<'_>>(frame).expect("the device's frames are sound");
                answers.push((header, format!("{response:?}")));
            }
        }
        answers
    }

    /// The number of a session for a host.
    pub fn greet(&mut self, nonce: u32) -> u32 {
        self.line.to_device.extend(frame(Header { session: nonce, sequence: 0 }, &Request::Hello));
        self.poll();
        let mut answer: Vec<u8> = self.line.to_host.drain(..).collect();
        answer.pop();
        match decode(&mut answer) {
            Ok((header, Response::Welcome { session })) if header.session == nonce => session,
            other => panic!("{other:?}"),
        }
    }

    /// The one answer to a request.
    pub fn ask(&mut self, session: u32, sequence: u32, request: &Request<'_>) -> String {
        let header = Header { session, sequence };
        let answers = self.answers(&frame(header, request));
        assert_eq!((answers.len(), answers[0].0), (1, header));
        answers.into_iter().next().unwrap().1
    }
}

/// A request as it is sent.
pub fn frame(header: Header, request: &Request<'_>) -> Vec<u8> {
    let mut frame = [0; FRAME];
    let length = encode(header, request, &mut frame).unwrap();
    frame[..length].to_vec()
}

pub fn done() -> String {
    format!("{:?}", Response::Done)
}

pub fn refused(refusal: Refusal) -> String {
    format!("{:?}", Response::Refused(refusal))
}
