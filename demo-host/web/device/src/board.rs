//! The board: the app on buttons, LEDs and a flash in software.

mod parts;

use embedded_storage::nor_flash::ReadNorFlash;
use gradient_decay::readout::Reason;
use gradient_decay::{Answer, Prediction, Preprocess, Store};
use gradient_decay_app::checksum;
use gradient_decay_app::gestures::button::{Button, HELD};
use gradient_decay_app::gestures::features::{FEATURES, WINDOW, Window};
use gradient_decay_app::gestures::sampling::{Reading, Readings, SensorFault};
use gradient_decay_app::gestures::{App, Buffer, GESTURES, Learner, PARAMETERS, Parts, SAVED_BYTES, learner};
use gradient_decay_app::link::Server;
use gradient_decay_app::simulation::BoardFlash;
use heapless::spsc::Producer;
use parts::{Leds, Memory, Presses, Wire};
use self_cell::{MutBorrow, self_cell};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::sensor::measured;
use crate::told::Told;

/// The statics of a board.
struct Statics {
    learner: Learner,
    buffer: Buffer,
    readings: Readings,
}

/// The program, and the end of the queue that an interrupt would fill.
struct Running<'a> {
    app: App<'a, Presses, Presses, Leds, Memory>,
    interrupt: Producer<'a, Reading>,
}

self_cell!(
    struct Powered {
        owner: MutBorrow<Statics>,
        #[not_covariant]
        dependent: Running,
    }
);

/// A board under power. To pull its battery, make another of its [`flash`](Self::flash).
#[wasm_bindgen]
pub struct Board {
    powered: Powered,
    label: Presses,
    save: Presses,
    leds: Leds,
    memory: Memory,
    server: Server<GESTURES, FEATURES, PARAMETERS>,
    told: Vec<Told>,
}

/// An answer.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The most probable gesture, numbered from 1.
    pub gesture: u8,
    /// Its probability.
    pub probability: f32,
    /// It is unknown: far from all that was taught.
    pub far: bool,
    /// It is unknown: between two gestures.
    pub between: bool,
}

/// How good the answers were that the board would have given before each label.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The labels.
    pub labels: u32,
    /// The share that was right.
    pub accuracy: f32,
    /// The mean probability of the answers.
    pub confidence: f32,
}

#[wasm_bindgen]
impl Board {
    /// A board that is switched on; `flash` holds what its flash held before, or is empty for a new one.
    ///
    /// # Errors
    /// If the flash is of another size.
    #[wasm_bindgen(constructor)]
    pub fn new(flash: &[u8]) -> Result<Self, String> {
        let memory = Memory::holding(flash)?;
        let (label, save, leds) = (Presses::default(), Presses::default(), Leds::default());
        let mut told = Vec::new();
        let statics = Statics { learner: learner(), buffer: [0; _], readings: Readings::new() };
        let powered = Powered::try_new(MutBorrow::new(statics), |statics| {
            let Statics { learner, buffer, readings } = statics.borrow_mut();
            let (interrupt, readings) = readings.split();
            let store = Store::new(memory.clone(), 0..memory.capacity() as u32, SAVED_BYTES);
            let parts = Parts {
                readings,
                label: Button::active_high(label.clone()),
                save: Button::active_high(save.clone()),
                display: leds.clone(),
                store: store.map_err(|_| "the flash is too small".to_owned())?,
                learner,
                buffer,
            };
            Ok::<_, String>(Running { app: App::new(parts, &mut |event| told.push(event.into())), interrupt })
        })?;
        Ok(Board { powered, label, save, leds, memory, server: Server::new(), told })
    }

    /// A fiftieth of a second passes, in which the sensor measured this acceleration in g: x, y, z. Anything else, as no number or one that
    /// is not finite, is a sample that is missing.
    pub fn reading(&mut self, g: &[f32]) {
        let sample = g.try_into().ok().and_then(measured).ok_or(SensorFault::Stale);
        let Board { powered, told, .. } = self;
        powered.with_dependent_mut(|_, Running { app, interrupt }| {
            // There is room: it is emptied at once.
            let _ = interrupt.enqueue(sample);
            while app.poll(&mut |event| told.push(event.into())) {}
        });
    }

    /// Bytes arrive at its serial port; what it sends for them. A test puts it behind a stand-in for a real port.
    pub fn serve(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Board { powered, server, told, .. } = self;
        let mut wire = Wire::carrying(bytes);
        powered.with_dependent_mut(|_, Running { app, .. }| {
            while wire.carries() {
                app.serve(server, &mut wire, &mut |event| told.push(event.into()));
            }
        });
        wire.sent
    }

    /// A finger goes down on button A, or up.
    pub fn hold_label(&mut self, down: bool) {
        self.label.hold(down);
    }

    /// The same on button B.
    pub fn hold_save(&mut self, down: bool) {
        self.save.hold(down);
    }

    /// Taps button A as often as the number of a gesture, 1 to one more than there are: the last window is learned as it. For any other
    /// number it taps nothing.
    pub fn teach(&mut self, gesture: u8) {
        if (1..=GESTURES.min(self.gestures() + 1)).contains(&gesture.into()) {
            self.label.taps(gesture.into());
        }
    }

    /// Taps as for a gesture, and holds the last tap: the gesture is removed, and those above it move down by one. For a number that it
    /// does not know it taps nothing.
    pub fn remove(&mut self, gesture: u8) {
        if (1..=self.gestures()).contains(&gesture.into()) {
            self.label.taps_and_hold(usize::from(gesture) - 1, HELD.into());
        }
    }

    /// Presses button B once: all that was learned goes to flash.
    pub fn save(&mut self) {
        self.save.taps(1);
    }

    /// Presses it twice: the last label is taken back.
    pub fn take_back(&mut self) {
        self.save.taps(2);
    }

    /// Holds it: all that was learned is saved at once, in place of whatever the flash holds.
    pub fn overwrite(&mut self) {
        self.save.taps_and_hold(0, HELD.into());
    }

    /// Whether presses that were asked for are not over, or have not had their effect.
    pub fn busy(&self) -> bool {
        self.label.busy() || self.save.busy()
    }

    /// Whether button A is down, by a finger or by what was asked for.
    pub fn label_down(&self) -> bool {
        self.label.down()
    }

    /// The same of button B.
    pub fn save_down(&self) -> bool {
        self.save.down()
    }

    /// The 25 LEDs that are lit: bit 5 * row + column.
    pub fn leds(&self) -> u32 {
        self.leds.lit()
    }

    /// The events of the app since this was asked last.
    pub fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// The last answer, of which there are four a window; `undefined` while the window is not full, or nothing is known.
    pub fn seen(&self) -> Option<Seen> {
        let answer = self.app(|app| app.answer())?;
        let Prediction { class, probability } = answer.prediction();
        let unknown = |reason| matches!(answer, Answer::Unknown(_, why) if why == reason);
        let (far, between) = (unknown(Reason::Far), unknown(Reason::Between));
        Some(Seen { gesture: class as u8 + 1, probability, far, between })
    }

    /// The 24 features of the window, eight an axis; empty while it is not full.
    pub fn features(&self) -> Vec<f32> {
        self.app(|app| app.features()).map_or_else(Vec::new, Vec::from)
    }

    /// The probability of each gesture for the window as it is now; empty while it is not full, or nothing is known.
    pub fn probabilities(&self) -> Vec<f32> {
        let Some(features) = self.app(|app| app.features()) else { return Vec::new() };
        let mut probabilities = vec![0.0; GESTURES];
        // Its room to work in is part of a learner: a copy's.
        let answer = self.app(|app| app.learner().clone()).probabilities(&features, &mut probabilities);
        if answer.is_err() {
            return Vec::new();
        }
        probabilities.truncate(self.gestures());
        probabilities
    }

    /// How little the window is like what it was taught, as a share of what is `far`; `undefined` while it is not full, or nothing is known.
    pub fn distance(&self) -> Option<f32> {
        let probability = self.probabilities().into_iter().reduce(f32::max)?;
        self.app(|app| {
            let parts = app.learner().parts();
            let score = parts.preprocess.apply(&app.features()?, |x| parts.readout.score(x, probability));
            // Both are logarithms.
            Some((score.ok()?? - parts.readout.limit()).exp())
        })
    }

    /// The gestures that it knows.
    pub fn gestures(&self) -> usize {
        self.app(|app| app.learner().classes())
    }

    /// The gestures that there is room for.
    pub fn room() -> usize {
        GESTURES
    }

    /// The windows that it has learned of each gesture.
    pub fn samples(&self) -> Vec<u32> {
        self.app(|app| (0..app.learner().classes()).map(|class| app.learner().head().samples(class)).collect())
    }

    /// How good its answers were; `undefined` before the first label.
    pub fn summary(&self) -> Option<Summary> {
        let summary = self.app(|app| app.learner().parts().calibration.summary())?;
        Some(Summary { labels: summary.count, accuracy: summary.accuracy, confidence: summary.confidence })
    }

    /// The CRC-32 of the linear head that it infers by, as the firmware logs it. Before the first label, that of zeros.
    pub fn head_crc(&self) -> u32 {
        let mut parameters = [0.0; PARAMETERS];
        // There are as many as it exports.
        let _ = self.app(|app| app.learner().head().to_linear(1.0).and_then(|head| head.export(&mut parameters)));
        checksum::of_floats(&parameters)
    }

    /// A copy of its flash.
    pub fn flash(&self) -> Vec<u8> {
        self.memory.bytes()
    }

    /// The bytes of its flash.
    pub fn flash_bytes() -> usize {
        BoardFlash::BYTES
    }

    /// How often its flash has been written or erased since the power came on.
    pub fn flash_changes(&self) -> u32 {
        self.memory.changes()
    }
}

/// The features of a window, by which a host teaches: 64 samples of x, y and z in g. Empty if there are not as many, or one is not finite.
#[wasm_bindgen]
pub fn window_features(g: &[f32]) -> Vec<f32> {
    let mut window = Window::new();
    let (samples, rest) = g.as_chunks::<3>();
    samples.iter().copied().filter_map(measured).for_each(|sample| window.push(sample));
    let whole = samples.len() == WINDOW && rest.is_empty();
    window.features().filter(|_| whole).map_or_else(Vec::new, Vec::from)
}

impl Board {
    fn app<T>(&self, read: impl FnOnce(&App<'_, Presses, Presses, Leds, Memory>) -> T) -> T {
        self.powered.with_dependent(|_, running| read(&running.app))
    }
}
