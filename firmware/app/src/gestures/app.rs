//! The main loop's part.

use embedded_hal::digital::InputPin;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use gradient_decay::store::{self, StoreError};
use gradient_decay::{Answer, Contents, Prediction, Store, checkpoint};
use gradient_decay_link::{Change, Changed, Means};
use heapless::spsc::Consumer;

use super::button::{Button, ButtonEvent, HELD, Which};
use super::control::{Action, Input, Mode};
use super::display::{Display, Shown};
use super::event::{Event, Fault, FlashFault};
use super::features::{FEATURES, Window};
use super::sampling::{RATE, Reading, SensorFault};
use super::{GESTURES, Learner, learn, remove, take_back};
use crate::link::{Beside, Learned, Senses, Server};

/// The samples between two answers: four a window.
const STRIDE: u8 = 16;

/// So many missing samples in a row are replaced by the last one; with more the window begins anew.
const BRIDGED: u16 = 2;

/// The readings for which a fault is shown: 1 s.
const FAULT_SHOWN: u8 = RATE as u8;

/// The bytes of a learner that is saved.
pub const SAVED_BYTES: usize = checkpoint::bytes::<Learner>();

/// The readings for which a user's consent lasts: a minute.
const CONSENT: u16 = 60 * RATE as u16;

/// How a user consents to a host's replacing or erasing what the device knows.
const MEANS: Means = Means::Buttons { held: (HELD / RATE as u16) as u8, lasts: (CONSENT / RATE as u16) as u8 };

/// Room for a learner on its way to flash and back.
pub type Buffer = [u8; store::buffer_for(SAVED_BYTES)];

/// A board's hardware, and what it keeps in statics.
pub struct Parts<'a, Label, Save, D, F: NorFlash> {
    /// The end of the queue that is emptied.
    pub readings: Consumer<'a, Reading>,
    /// The button that labels.
    pub label: Button<Label>,
    /// The button that saves.
    pub save: Button<Save>,
    /// The LED, or LEDs.
    pub display: D,
    /// Where the learner is saved, with room for [`SAVED_BYTES`].
    pub store: Store<F>,
    /// The [`learner`](super::learner()), in a static.
    pub learner: &'a mut Learner,
    /// Room to save it, in a static.
    pub buffer: &'a mut Buffer,
}

/// The device, but for its [`Sampler`](super::sampling::Sampler).
pub struct App<'a, Label, Save, D, F: NorFlash> {
    readings: Consumer<'a, Reading>,
    label: Button<Label>,
    save: Button<Save>,
    display: D,
    store: Store<F>,
    learner: &'a mut Learner,
    buffer: &'a mut Buffer,
    /// Why what the flash held at the start was not loaded, if that is still there: it is not to be lost by accident.
    kept: Option<FlashFault>,
    window: Window,
    mode: Mode,
    frozen: [f32; FEATURES],
    /// The number of its last sample.
    frozen_at: u32,
    /// The last change that the user made.
    change: Option<Change>,
    /// The last window that was learned, and as which gesture, from 0 on.
    last: Option<([f32; FEATURES], u8)>,
    answer: Option<Answer>,
    since_answer: u8,
    missing: u16,
    sensor_fault: Option<SensorFault>,
    fault_shown: u8,
    /// The readings for which consent still lasts.
    consent: u16,
    dark: bool,
}

impl<'a, Label, Save, D, F> App<'a, Label, Save, D, F>
where
    Label: InputPin,
    Save: InputPin,
    D: Display,
    F: NorFlash,
{
    /// A device that goes on from what was saved, as if it had never been off, or as the learner is if nothing was. `observe` is told
    /// which.
    pub fn new(parts: Parts<'a, Label, Save, D, F>, observe: &mut impl FnMut(Event)) -> Self {
        let Parts { readings, label, save, display, store, learner, buffer } = parts;
        let mut app = App {
            readings,
            label,
            save,
            display,
            store,
            learner,
            buffer,
            kept: None,
            window: Window::new(),
            mode: Mode::Filling,
            frozen: [0.0; FEATURES],
            frozen_at: 0,
            change: None,
            last: None,
            answer: None,
            since_answer: 0,
            missing: 0,
            sensor_fault: None,
            fault_shown: 0,
            consent: 0,
            dark: false,
        };
        app.load(observe);
        app
    }

    /// Takes one reading from the queue, and does all that is due with it: the buttons, an inference, learning, saving, the
    /// display. `false`, and nothing is done, if the queue is empty: sleep until the next interrupt.
    pub fn poll(&mut self, observe: &mut impl FnMut(Event)) -> bool {
        let Some(reading) = self.readings.dequeue() else { return false };
        self.take(reading, observe);
        self.consent = self.consent.saturating_sub(1);
        self.buttons(observe);
        self.advance(Input::Tick, observe);
        self.infer(observe);
        self.show(observe);
        true
    }

    /// Answers what a host asks over a serial port: see [`link`](crate::link). Never waits for it. Without consent, given by both buttons held
    /// for two seconds or by the [server's setting](Server::consenting), a host replaces and erases nothing. `observe` is told of a save.
    pub fn serve<P: Read + ReadReady + Write, const PARAMETERS: usize>(
        &mut self,
        server: &mut Server<GESTURES, FEATURES, PARAMETERS>,
        port: &mut P,
        observe: &mut impl FnMut(Event),
    ) {
        let App { learner, store, buffer, kept, window, change, consent, .. } = self;
        let mut result = None;
        let senses = Senses { window, change: *change, consent: consent.div_ceil(RATE as u16) as u8 };
        let consent = if *consent > 0 { Ok(()) } else { Err(MEANS) };
        let beside = Beside { consent, senses: Some(senses), room: &mut buffer[..] };
        let changed = server.poll(port, &mut **learner, beside, |learner, room| {
            result.insert(save(store, *kept, learner, room)).is_ok()
        });
        if changed {
            // The last label is the host's, who can take it back.
            self.last = None;
            self.changed();
        }
        if let Some(result) = result {
            self.saved(result, observe);
        }
    }

    /// The last answer, `None` while the window is not full.
    pub fn answer(&self) -> Option<Answer> {
        self.answer
    }

    /// The features of the window, `None` while it is not full.
    pub fn features(&self) -> Option<[f32; FEATURES]> {
        self.window.features()
    }

    /// The learner as it is now.
    pub fn learner(&self) -> &Learner {
        self.learner
    }

    /// Gives the store back; what was learned and not saved is lost.
    pub fn into_store(self) -> Store<F> {
        self.store
    }

    fn load(&mut self, observe: &mut impl FnMut(Event)) {
        match self.store.load(self.learner, self.buffer) {
            Ok(true) => {
                let (gestures, labels) = (self.learner.classes() as u8, self.learner.head().labels());
                observe(Event::StartedFromSaved { gestures, labels });
            }
            Ok(false) => observe(Event::StartedNew),
            Err(error) => {
                let fault = match error {
                    StoreError::Checkpoint(error) => FlashFault::OtherShape(error),
                    error => error.into(),
                };
                self.kept = matches!(fault, FlashFault::OtherShape(_) | FlashFault::Foreign).then_some(fault);
                self.fault(Fault::NotLoaded(fault), observe);
                observe(Event::StartedNew);
            }
        }
    }

    /// Puts a reading into the window.
    fn take(&mut self, reading: Reading, observe: &mut impl FnMut(Event)) {
        match reading {
            Ok(sample) => {
                if self.sensor_fault.take().is_some() {
                    observe(Event::SensorBack { missed: core::mem::take(&mut self.missing) });
                }
                self.push(sample, observe);
            }
            Err(fault) => {
                if self.sensor_fault != Some(fault) {
                    self.fault(Fault::Sensor(fault), observe);
                }
                self.sensor_fault = Some(fault);
                let missing = if let SensorFault::Overrun(missing) = fault { missing } else { 1 };
                self.missing = self.missing.saturating_add(missing);
                match self.window.newest() {
                    Some(sample) if self.missing <= BRIDGED => (0..missing).for_each(|_| self.push(sample, observe)),
                    _ => self.begin_window(observe),
                }
            }
        }
    }

    /// Begins a new window, since samples are missing.
    fn begin_window(&mut self, observe: &mut impl FnMut(Event)) {
        self.window.clear();
        self.answer = None;
        self.advance(Input::WindowBroken, observe);
    }

    fn push(&mut self, sample: super::sampling::Acceleration, observe: &mut impl FnMut(Event)) {
        let was_full = self.window.is_full();
        self.window.push(sample);
        self.since_answer = self.since_answer.saturating_add(1);
        if self.window.is_full() && !was_full {
            self.since_answer = STRIDE;
            self.advance(Input::WindowFull, observe);
        }
    }

    fn buttons(&mut self, observe: &mut impl FnMut(Event)) {
        match self.label.poll() {
            Some(ButtonEvent::Pressed) => {
                self.advance(if self.save.is_just_pressed() { Input::Both } else { Input::Tap }, observe);
            }
            Some(ButtonEvent::Stuck) => {
                self.fault(Fault::Stuck(Which::Label), observe);
                self.advance(Input::LabelStuck, observe);
            }
            Some(ButtonEvent::Unreadable) => self.fault(Fault::Button(Which::Label), observe),
            Some(ButtonEvent::Released) => self.advance(Input::Release, observe),
            Some(ButtonEvent::ReleasedAfterHold) => self.advance(Input::ReleaseAfterHold, observe),
            None => {}
        }
        match self.save.poll() {
            Some(ButtonEvent::Released) => self.advance(Input::Save, observe),
            Some(ButtonEvent::ReleasedAfterHold) => self.advance(Input::SaveAfterHold, observe),
            Some(ButtonEvent::Stuck) => {
                self.fault(Fault::Stuck(Which::Save), observe);
                self.advance(Input::SaveStuck, observe);
            }
            Some(ButtonEvent::Unreadable) => self.fault(Fault::Button(Which::Save), observe),
            Some(ButtonEvent::Pressed) if self.label.is_just_pressed() => self.advance(Input::Both, observe),
            Some(ButtonEvent::Pressed) | None => {}
        }
    }

    /// Tells the state machine, and does what it asks for.
    fn advance(&mut self, input: Input, observe: &mut impl FnMut(Event)) {
        let (mode, action) = self.mode.next(input, self.window.is_full(), self.learner.classes());
        self.mode = mode;
        match action {
            None => {}
            Some(Action::Freeze) => {
                if let Some(features) = self.window.features() {
                    (self.frozen, self.frozen_at) = (features, self.window.at());
                }
            }
            Some(Action::Learn(gesture)) => self.learn(gesture, observe),
            Some(Action::Remove(gesture)) => self.remove(gesture, observe),
            Some(Action::TakeBack) => self.take_back(observe),
            Some(Action::Forget) => observe(Event::Forgot),
            Some(Action::Consent) => {
                self.consent = CONSENT;
                observe(Event::Consented);
            }
            Some(Action::Refuse) => self.fault(Fault::NothingToLabel, observe),
            Some(Action::Save) => self.save(observe),
            Some(Action::Overwrite) => self.overwrite(observe),
        }
    }

    fn learn(&mut self, gesture: u8, observe: &mut impl FnMut(Event)) {
        let class = usize::from(gesture) - 1;
        let knew = self.learner.head().labels() > 0;
        match learn(self.learner, &self.frozen, class) {
            Ok(Learned { prediction: Prediction { class: before, probability }, .. }) => {
                let (before, probability) = if knew { (Some(number(before)), probability) } else { (None, 0.0) };
                let samples = self.learner.head().samples(class);
                self.last = Some((self.frozen, class as u8));
                self.user_changed(Changed::Learned { class: class as u16, at: self.frozen_at });
                observe(Event::Learned { gesture, samples, before, probability });
            }
            Err(error) => self.fault(Fault::Refused(error), observe),
        }
    }

    fn take_back(&mut self, observe: &mut impl FnMut(Event)) {
        let Some((features, class)) = self.last.take() else { return self.fault(Fault::NothingToTakeBack, observe) };
        let class = usize::from(class);
        match take_back(self.learner, &features, class) {
            Ok(()) => {
                let samples = self.learner.head().samples(class);
                self.user_changed(Changed::TookBack { class: class as u16 });
                observe(Event::TookBack { gesture: number(class), samples });
            }
            Err(error) => self.fault(Fault::Refused(error), observe),
        }
    }

    fn remove(&mut self, gesture: u8, observe: &mut impl FnMut(Event)) {
        // Its number may be another's now.
        self.last = None;
        let class = gesture - 1;
        match remove(self.learner, class.into()) {
            Ok(()) => {
                self.user_changed(Changed::Removed { class: class.into() });
                observe(Event::Removed { gesture });
            }
            Err(error) => self.fault(Fault::Refused(error), observe),
        }
    }

    /// Notes a change by the buttons, for a host that watches.
    fn user_changed(&mut self, what: Changed) {
        let number = self.change.map_or(1, |change| change.number.wrapping_add(1));
        self.change = Some(Change { number, what });
        self.changed();
    }

    /// The last answer was given by what was known before: the next comes at once.
    fn changed(&mut self) {
        self.answer = None;
        self.since_answer = STRIDE;
    }

    fn save(&mut self, observe: &mut impl FnMut(Event)) {
        let result = save(&mut self.store, self.kept, self.learner, self.buffer);
        self.saved(result, observe);
    }

    /// Saves in place of all that the flash holds.
    fn overwrite(&mut self, observe: &mut impl FnMut(Event)) {
        match self.store.overwrite(self.learner, Contents::ALL, self.buffer) {
            Ok(()) => {
                self.kept = None;
                observe(Event::Overwrote { labels: self.learner.head().labels() });
            }
            Err(error) => self.fault(Fault::NotSaved(error.into()), observe),
        }
        self.begin_window(observe);
    }

    /// Tells what a save came to, and begins a new window: many a flash stops the processor while it is erased, and nobody counts the
    /// interrupts that were missed.
    fn saved(&mut self, result: Result<(), FlashFault>, observe: &mut impl FnMut(Event)) {
        match result {
            Ok(()) => observe(Event::Saved { labels: self.learner.head().labels() }),
            Err(fault) if Some(fault) == self.kept => self.fault(Fault::HoldToOverwrite(fault), observe),
            Err(fault) => self.fault(Fault::NotSaved(fault), observe),
        }
        self.begin_window(observe);
    }

    fn infer(&mut self, observe: &mut impl FnMut(Event)) {
        // Before the first label there is no gesture to see.
        if self.since_answer < STRIDE || self.learner.head().labels() == 0 {
            return;
        }
        let Some(features) = self.window.features() else { return };
        self.since_answer = 0;
        match self.learner.answer(&features) {
            Ok(answer) => {
                if self.answer.map(Answer::class) != Some(answer.class()) {
                    let Prediction { class, probability } = answer.prediction();
                    let gesture = number(class);
                    observe(match answer {
                        Answer::Class(_) => Event::Sees { gesture, probability },
                        Answer::Unknown(_, reason) => Event::SeesUnknown { gesture, probability, reason },
                    });
                }
                self.answer = Some(answer);
            }
            Err(error) => self.fault(Fault::Refused(error), observe),
        }
    }

    fn show(&mut self, observe: &mut impl FnMut(Event)) {
        let shown = match (self.fault_shown, self.mode, self.answer) {
            (1.., _, _) => Shown::Fault,
            (0, Mode::Counting { taps, .. }, _) => Shown::Taps(taps),
            // Until the consent is given.
            (0, Mode::Both { held: ..HELD }, _) => Shown::Taps(2),
            (0, _, Some(answer)) => Shown::Answer(answer),
            (0, _, None) => Shown::Nothing,
        };
        self.fault_shown = self.fault_shown.saturating_sub(1);
        let dark = self.display.show(shown).is_err();
        if dark && !self.dark {
            observe(Event::Fault(Fault::Display));
        }
        self.dark = dark;
    }

    fn fault(&mut self, fault: Fault, observe: &mut impl FnMut(Event)) {
        self.fault_shown = FAULT_SHOWN;
        observe(Event::Fault(fault));
    }
}

/// Saves all of a learner, unless the flash has something that is `kept`.
fn save<F: NorFlash>(
    store: &mut Store<F>,
    kept: Option<FlashFault>,
    learner: &Learner,
    buffer: &mut [u8],
) -> Result<(), FlashFault> {
    if let Some(fault) = kept {
        return Err(fault);
    }
    Ok(store.save(learner, Contents::ALL, buffer)?)
}

/// The number of a gesture, as it is tapped.
fn number(class: usize) -> u8 {
    class as u8 + 1
}
