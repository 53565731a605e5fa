//! Simulated people: the app's generated gestures, as made by hands that differ.

use gradient_decay_app::simulation::motion::{GESTURES, Motion};
use wasm_bindgen::prelude::wasm_bindgen;

/// How somebody holds the board and moves it.
struct Habits {
    name: &'static str,
    /// Quarter turns of the board in the hand, to the left.
    turns: u32,
    /// The strength of the movement, gravity aside.
    strength: f32,
}

const PEOPLE: [Habits; 3] = [
    Habits { name: "Ada", turns: 0, strength: 1.0 },
    Habits { name: "Ben", turns: 1, strength: 1.0 },
    Habits { name: "Cleo", turns: 2, strength: 0.6 },
];

/// The accelerations at rest of a gesture, in g/1000: what does not grow with the strength.
const fn rest(gesture: u8) -> [f32; 3] {
    match gesture {
        4 => [0.0, 900.0, 300.0],
        _ => [0.0, 0.0, 1000.0],
    }
}

/// Somebody who makes gestures; each time that one is begun it differs a little.
#[wasm_bindgen]
#[derive(Clone, Debug)]
pub struct Person {
    person: usize,
    gesture: u8,
    begun: u32,
    motion: Motion,
}

#[wasm_bindgen]
impl Person {
    /// A person, from 0 on; beyond the last it is the last.
    #[wasm_bindgen(constructor)]
    pub fn new(person: usize) -> Self {
        let person = person.min(PEOPLE.len() - 1);
        Person { person, gesture: 1, begun: 0, motion: Motion::new(1, 0) }
    }

    /// The names of all.
    pub fn names() -> Vec<String> {
        PEOPLE.iter().map(|person| person.name.to_owned()).collect()
    }

    /// The gestures, numbered from 1, that they can make.
    pub fn gestures() -> Vec<String> {
        let names = ["rest", "shake", "circle", "wave", "knock"];
        const { assert!(GESTURES == 5) };
        names.map(str::to_owned).to_vec()
    }

    /// Begins a gesture, numbered from 1; any other number is rest.
    pub fn begin(&mut self, gesture: u8) {
        self.begun += 1;
        self.gesture = gesture;
        self.motion = Motion::new(gesture, self.begun + 1000 * self.person as u32);
    }

    /// The next sample in g: x, y, z.
    pub fn sample(&mut self) -> Vec<f32> {
        let Habits { turns, strength, .. } = PEOPLE[self.person];
        let (sample, rest) = (self.motion.sample().map(f32::from), rest(self.gesture));
        let mut g: [f32; 3] = std::array::from_fn(|i| (rest[i] + strength * (sample[i] - rest[i])) / 1000.0);
        for _ in 0..turns {
            let [x, y, z] = g;
            g = [y, -x, z];
        }
        g.to_vec()
    }
}
