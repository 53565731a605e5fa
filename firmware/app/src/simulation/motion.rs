//! Generated accelerations, in integers: the same on every machine.

use crate::gestures::sampling::Acceleration;

/// The gestures that there are, numbered from 1.
///
/// | | |
/// |---|---|
/// | 1 | rest, lying flat |
/// | 2 | shaking along x, 4.5 Hz |
/// | 3 | circles in the plane, 1.4 Hz |
/// | 4 | waving along y, held upright, 2.4 Hz |
/// | 5 | knocking on z, three times a second |
pub const GESTURES: u8 = 5;

/// A movement under way: each time it begins, its strength varies by a fifth, its speed by a tenth, and its phase at all.
#[derive(Clone, Debug)]
pub struct Motion {
    gesture: u8,
    random: u32,
    /// A point that goes round a circle: (cosine, sine) times the strength, in units of g/1000/256.
    x: i32,
    y: i32,
    /// The angle of a sample, in units of 2^-15.
    speed: i32,
    samples: u32,
}

/// The strength in g/1000 and the frequency in Hz/1000 of a gesture.
const fn character(gesture: u8) -> (i32, i32) {
    match gesture {
        2 => (1200, 4500),
        3 => (600, 1400),
        4 => (500, 2400),
        _ => (0, 0),
    }
}

/// The amplitude of the noise in g/1000, and what a knock adds.
const NOISE: i32 = 30;
const KNOCK: [i32; 3] = [900, -600, 250];
const KNOCK_PERIOD: u32 = 17;

impl Motion {
    /// A gesture, 1 to [`GESTURES`], any other number counting as rest; varied by this seed.
    pub fn new(gesture: u8, seed: u32) -> Self {
        let mut motion = Motion { gesture, random: seed, x: 0, y: 0, speed: 0, samples: 0 };
        let (strength, frequency) = character(gesture);
        let strength = strength + strength * motion.noise(200) / 1000;
        let frequency = frequency + frequency * motion.noise(100) / 1000;
        motion.samples = motion.bits() % KNOCK_PERIOD;
        motion.x = strength * 256;
        // 2 pi / 50 Hz / 1000 in units of 2^-15 is 4.1177.
        motion.speed = (frequency * 4216) >> 10;
        for _ in 0..motion.bits() % 64 {
            motion.turn();
        }
        motion
    }

    /// The next sample.
    pub fn sample(&mut self) -> Acceleration {
        self.turn();
        self.samples += 1;
        let (along, across) = (self.x >> 8, self.y >> 8);
        let still = match self.gesture {
            2 => [along, 0, 1000],
            3 => [along, across, 1000],
            4 => [0, 900 + along, 300],
            5 => {
                let knock = KNOCK.get((self.samples % KNOCK_PERIOD) as usize);
                [0, 0, 1000 + knock.copied().unwrap_or_default()]
            }
            _ => [0, 0, 1000],
        };
        still.map(|mg| (mg + self.noise(NOISE)) as i16)
    }

    /// Turns the point by the angle of a sample: a symplectic step, which stays on its circle whatever is rounded.
    fn turn(&mut self) {
        self.x -= (self.y * (self.speed >> 3)) >> 12;
        self.y += (self.x * (self.speed >> 3)) >> 12;
    }

    /// A number in [-limit, limit].
    fn noise(&mut self, limit: i32) -> i32 {
        (self.bits() % (2 * limit as u32 + 1)) as i32 - limit
    }

    /// The upper half of the next state of a linear congruential generator (Numerical Recipes).
    fn bits(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.random >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gestures::features::{FEATURES, WINDOW, Window};

    fn features(gesture: u8, seed: u32) -> [f32; FEATURES] {
        let (mut motion, mut window) = (Motion::new(gesture, seed), Window::new());
        (0..WINDOW).for_each(|_| window.push(motion.sample()));
        window.features().unwrap()
    }

    #[test]
    fn a_circle_stays_a_circle() {
        for seed in 0..20 {
            let mut motion = Motion::new(3, seed);
            let radius = |motion: &Motion| f64::from(motion.x).hypot(f64::from(motion.y)) / 256.0;
            let first = radius(&motion);
            assert!((440.0..760.0).contains(&first), "{first}");
            for _ in 0..5000 {
                motion.sample();
                assert!((radius(&motion) / first - 1.0).abs() < 0.2, "{} after {first}", radius(&motion));
            }
        }
    }

    #[test]
    fn gestures_differ_from_each_other_and_from_time_to_time() {
        let distance = |a: [f32; FEATURES], b: [f32; FEATURES]| {
            a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
        };
        for gesture in 2..=4 {
            assert!(distance(features(gesture, 1), features(gesture, 2)) > 0.02);
        }
        for (a, b) in [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4), (1, 5)] {
            for seed in 0..10 {
                assert!(distance(features(a, seed), features(b, seed + 100)) > 0.3, "{a} and {b}");
            }
        }
    }
}
