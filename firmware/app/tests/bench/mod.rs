//! A board of simulated parts, each of which can fail.

use embedded_hal::digital::{ErrorKind, ErrorType, InputPin};
use embedded_hal_mock::eh1::delay::NoopDelay;
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::{Display, Shown};
use gradient_decay_app::gestures::sampling::{Readings, Sampler};
use gradient_decay_app::gestures::{App, Event, Learner, Parts, SAVED_BYTES, learner};
use gradient_decay_app::simulation::script::{Exam, ExamResult, Finger, Segment};
use gradient_decay_app::simulation::{Accelerometer, BoardFlash, Outage};

/// The orders of the simulated parts. The script's fingers press the buttons unless a pin says otherwise.
pub struct Bench<'a> {
    pub script: &'a [Segment],
    pub outages: &'a [Outage],
    /// How the gestures vary.
    pub seed: u32,
    pub flash: BoardFlash,
    /// The level of a button's pin at each reading.
    pub label: Option<Level>,
    pub save: Option<Level>,
    /// Readings that come before the main loop looks at the queue again.
    pub burst: usize,
    /// Whether the lamp is broken.
    pub display_fails: bool,
}

/// Whether a button is pressed, or why that cannot be told.
pub type Level = fn(u32) -> Result<bool, ErrorKind>;

/// How it went.
pub struct Run {
    pub events: Vec<Event>,
    pub exam: ExamResult,
    pub learner: Learner,
    pub flash: BoardFlash,
}

impl Run {
    /// The events of a kind.
    pub fn count(&self, kind: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| kind(event)).count()
    }
}

impl<'a> Bench<'a> {
    pub fn new(script: &'a [Segment]) -> Self {
        Bench {
            script,
            outages: &[],
            seed: 0,
            flash: BoardFlash::new(),
            label: None,
            save: None,
            burst: 1,
            display_fails: false,
        }
    }

    /// Runs a device to the end of the script.
    pub fn run(self) -> Run {
        let mut learner = learner();
        let mut events = Vec::new();
        let mut observe = |event| events.push(event);
        let mut queue = Readings::new();
        let (producer, readings) = queue.split();
        let sensor = Accelerometer::with_seed(self.script, self.outages, self.seed);
        let mut sampler = Sampler::new(sensor, producer, &mut NoopDelay::new());
        let parts = Parts {
            readings,
            label: Button::active_low(Pin { finger: Finger::label(self.script), level: self.label, looked: 0 }),
            save: Button::active_low(Pin { finger: Finger::save(self.script), level: self.save, looked: 0 }),
            display: Lamp { fails: self.display_fails },
            store: Store::new(self.flash, 0..BoardFlash::BYTES as u32, SAVED_BYTES).unwrap(),
            learner: &mut learner,
            buffer: &mut [0; _],
        };
        let mut app = App::new(parts, &mut observe);
        let mut exam = Exam::new(self.script);
        let exam = 'script: loop {
            (0..self.burst).for_each(|_| sampler.sample());
            while app.poll(&mut observe) {
                if let Some(result) = exam.reading(app.answer()) {
                    break 'script result;
                }
            }
        };
        let flash = app.into_store().into_flash();
        Run { exam, learner, flash, events }
    }
}

/// A button's pin.
struct Pin<'a> {
    finger: Finger<'a>,
    level: Option<Level>,
    looked: u32,
}

impl ErrorType for Pin<'_> {
    type Error = ErrorKind;
}

impl InputPin for Pin<'_> {
    fn is_low(&mut self) -> Result<bool, ErrorKind> {
        self.looked += 1;
        let Ok(pressed) = self.finger.is_low();
        self.level.map_or(Ok(pressed), |level| level(self.looked))
    }

    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        self.is_low().map(|low| !low)
    }
}

struct Lamp {
    fails: bool,
}

impl Display for Lamp {
    type Error = ();

    fn show(&mut self, _: Shown) -> Result<(), ()> {
        if self.fails { Err(()) } else { Ok(()) }
    }
}
