//! A board of simulated parts, each of which can fail.

use embedded_hal::digital::{ErrorKind, ErrorType, InputPin};
use embedded_hal_mock::eh1::delay::NoopDelay;
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::{Display, Shown};
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::sampling::{Readings, Sampler};
use gradient_decay_app::gestures::{App, Event, GESTURES, Head, Parts};
use gradient_decay_app::learner::Learner;
use gradient_decay_app::simulation::script::{Exam, ExamResult, Finger, Segment};
use gradient_decay_app::simulation::{Accelerometer, Flash, Outage, PAGE};

/// A head takes nearly a page, so that three are the least.
pub const PAGES: usize = 3;

/// What the simulated parts are to do. The script's fingers press the buttons unless a pin says otherwise.
pub struct Bench<'a> {
    pub script: &'a [Segment],
    pub outages: &'a [Outage],
    pub flash: Flash<PAGES>,
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
    pub head: Head,
    pub flash: Flash<PAGES>,
}

impl Run {
    /// The events of a kind.
    pub fn count(&self, kind: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| kind(event)).count()
    }
}

impl<'a> Bench<'a> {
    pub fn new(script: &'a [Segment]) -> Self {
        Bench { script, outages: &[], flash: Flash::new(), label: None, save: None, burst: 1, display_fails: false }
    }

    /// Runs the device to the end of the script.
    pub fn run(self, learner: impl Learner<GESTURES, FEATURES>) -> Run {
        let mut events = Vec::new();
        let mut observe = |event| events.push(event);
        let mut queue = Readings::new();
        let (producer, readings) = queue.split();
        let sensor = Accelerometer::new(self.script, self.outages);
        let mut sampler = Sampler::new(sensor, producer, &mut NoopDelay::new());
        let parts = Parts {
            readings,
            label: Button::active_low(Pin { finger: Finger::label(self.script), level: self.label, looked: 0 }),
            save: Button::active_low(Pin { finger: Finger::save(self.script), level: self.save, looked: 0 }),
            display: Lamp { fails: self.display_fails },
            store: Store::new(self.flash, 0..(PAGES * PAGE) as u32).unwrap(),
            learner,
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
        let head = app.classifier().learner().head();
        Run { exam, head, flash: app.into_store().into_flash(), events }
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
