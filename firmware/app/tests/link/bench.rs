//! A whole gesture device with its buttons at the end of a line, and a host.

use std::cell::Cell;
use std::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin};
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::sampling::{Reading, Readings};
use gradient_decay_app::gestures::{App, Buffer, Event, GESTURES, Learner, PARAMETERS, Parts, SAVED_BYTES, learner};
use gradient_decay_app::link::Server;
use gradient_decay_app::simulation::BoardFlash;
use gradient_decay_link::client::{Connection, Event as Due, Failure, Push};
use gradient_decay_link::{PART, Request, Response};
use heapless::spsc::Producer;
use oracle::line::Line;

use crate::requests::Dark;

/// A button, pressed from outside.
pub struct Pin<'a>(&'a Cell<bool>);

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

/// The statics of a device.
pub struct Statics {
    readings: Readings,
    pub learner: Learner,
    buffer: Buffer,
}

impl Statics {
    pub fn new() -> Self {
        Statics { readings: Readings::new(), learner: learner(), buffer: [0; _] }
    }
}

/// A gesture learner with its buttons, a line to it, and a host.
pub struct Bench<'a> {
    pub app: App<'a, Pin<'a>, Pin<'a>, Dark, BoardFlash>,
    server: Server<GESTURES, FEATURES, PARAMETERS>,
    producer: Producer<'a, Reading>,
    pub events: Vec<Event>,
    line: Line,
    pub connection: Connection,
}

impl<'a> Bench<'a> {
    /// A device that starts.
    pub fn new(statics: &'a mut Statics, label: &'a Cell<bool>, save: &'a Cell<bool>) -> Self {
        let Statics { readings, learner, buffer } = statics;
        let (producer, readings) = readings.split();
        let parts = Parts {
            readings,
            label: Button::active_low(Pin(label)),
            save: Button::active_low(Pin(save)),
            display: Dark,
            store: Store::new(BoardFlash::new(), 0..BoardFlash::BYTES as u32, SAVED_BYTES).unwrap(),
            learner,
            buffer,
        };
        let app = App::new(parts, &mut |_| ());
        let (server, line, connection) = (Server::new(), Line::default(), Connection::new(1));
        Bench { app, server, producer, events: Vec::new(), line, connection }
    }

    /// Time passes, at 50 readings a second.
    pub fn pass(&mut self, readings: u32) {
        (0..readings).for_each(|_| self.sense(Ok([0, 0, 1000])));
    }

    /// A reading is taken.
    pub fn sense(&mut self, reading: Reading) {
        self.producer.enqueue(reading).unwrap();
        self.app.poll(&mut |event| self.events.push(event));
    }

    /// Asks, and takes the answer.
    pub fn ask(&mut self, request: &Request<'_>) -> Result<Response<'_>, Failure> {
        self.connection.ask(request)?;
        self.exchange()
    }

    /// Takes the answer to what the connection has to send.
    pub fn exchange(&mut self) -> Result<Response<'_>, Failure> {
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
    pub fn push(&mut self) -> Result<(), Failure> {
        let mut push = Push::new(&[0.0; PARAMETERS], 0, 1);
        loop {
            if push.answered(&self.ask(&push.request(&mut [0; 4 * PART]))?)? {
                return Ok(());
            }
        }
    }
}
