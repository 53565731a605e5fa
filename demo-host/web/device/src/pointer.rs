//! The mouse or a finger as an accelerometer.

use wasm_bindgen::prelude::wasm_bindgen;

/// The samples a second, and the steps of the integration between two of them.
const RATE: f64 = 50.0;
const STEPS: u32 = 8;

/// The natural frequency of the spring in radians a second: 5 Hz, so that the pixels of a mouse do not become knocks.
const STIFFNESS: f64 = 2.0 * std::f64::consts::PI * 5.0;

/// Metres a pixel: CSS has 96 pixels an inch, and a hand moves a mouse about as far as its pointer goes.
const METRES: f64 = 0.0254 / 96.0;

/// The acceleration of gravity in m/s^2, by the definition of g.
pub(crate) const G: f64 = 9.806_65;

/// A board that hangs on the pointer by a spring with critical damping, and so moves as the pointer does, but smoothly: its acceleration
/// is that of a hand. It lies flat; x points to the right, y up the screen.
#[wasm_bindgen]
#[derive(Clone, Debug, Default)]
pub struct Pointer {
    target: [f64; 2],
    position: [f64; 2],
    velocity: [f64; 2],
    placed: bool,
}

#[wasm_bindgen]
impl Pointer {
    /// One that is nowhere yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The pointer is here, in CSS pixels from the top left. What is not finite is ignored.
    pub fn moved(&mut self, x: f64, y: f64) {
        if !(x.is_finite() && y.is_finite()) {
            return;
        }
        self.target = [x * METRES, -y * METRES];
        if !self.placed {
            self.placed = true;
            self.position = self.target;
        }
    }

    /// The pointer has left, or the finger was lifted: where it comes back, the board is already.
    pub fn left(&mut self) {
        self.placed = false;
        self.target = self.position;
    }

    /// The acceleration in g of the next sample, a fiftieth of a second on: x, y, z.
    pub fn sample(&mut self) -> Vec<f32> {
        let before = self.velocity;
        let step = 1.0 / (RATE * f64::from(STEPS));
        for _ in 0..STEPS {
            for axis in 0..2 {
                let pull = STIFFNESS * STIFFNESS * (self.target[axis] - self.position[axis]);
                self.velocity[axis] += step * (pull - 2.0 * STIFFNESS * self.velocity[axis]);
                self.position[axis] += step * self.velocity[axis];
            }
        }
        let acceleration = |axis: usize| ((self.velocity[axis] - before[axis]) * RATE / G) as f32;
        vec![acceleration(0), acceleration(1), 1.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn a_pointer_at_rest_lies_flat() {
        let mut pointer = Pointer::new();
        assert_eq!(pointer.sample(), [0.0, 0.0, 1.0]);
        pointer.moved(500.0, 300.0);
        assert_eq!(pointer.sample(), [0.0, 0.0, 1.0], "where it appears, the board is already");
        pointer.moved(f64::NAN, 0.0);
        assert_eq!(pointer.sample(), [0.0, 0.0, 1.0]);
    }

    /// 100 pixels to each side, 3 times a second: 26 mm * (2 pi 3 Hz)^2 is 0.96 g, of which a spring of 5 Hz lets 1 / (1 + 0.36) through.
    #[test]
    fn shaking_has_the_acceleration_of_a_hand() {
        for (axis, other) in [(0, 1), (1, 0)] {
            let mut pointer = Pointer::new();
            let samples: Vec<_> = (0..100)
                .map(|i| {
                    let swing = 100.0 * (TAU * 3.0 * f64::from(i) / RATE).sin();
                    let place = if axis == 0 { [swing, 0.0] } else { [0.0, swing] };
                    pointer.moved(place[0], place[1]);
                    pointer.sample()
                })
                .collect();
            let most = samples[50..].iter().map(|sample| sample[axis].abs()).fold(0.0, f32::max);
            assert!((0.6..0.8).contains(&most), "{most} g");
            assert!(samples.iter().all(|sample| sample[other] == 0.0 && sample[2] == 1.0));
        }
    }

    #[test]
    fn up_the_screen_is_positive_and_a_jump_of_a_finger_is_none() {
        let mut pointer = Pointer::new();
        pointer.moved(0.0, 0.0);
        pointer.moved(0.0, -200.0);
        assert!(pointer.sample()[1] > 0.1);
        (0..50).for_each(|_| drop(pointer.sample()));
        pointer.left();
        (0..50).for_each(|_| drop(pointer.sample()));
        pointer.moved(900.0, 900.0);
        assert!(pointer.sample()[..2].iter().all(|a| a.abs() < 1e-3));
    }
}
