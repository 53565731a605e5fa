//! A phone's accelerometer, as a page gets it: in m/s^2 with gravity, of the phone's own sign and at its own rate.

use std::collections::VecDeque;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::pointer::G;

/// Milliseconds from sample to sample of the app.
const PERIOD: f64 = 20.0;

/// Between events that are further apart, in milliseconds, nothing is made up: the app is told that samples are missing.
const GAP: f64 = 120.0;

/// The seconds of samples that wait at most; the oldest go first.
const WAITING: usize = 50;

/// Resamples the events of a phone to the app's rate: linear between two of them, in g, with +1 on z when it lies face up.
#[wasm_bindgen]
#[derive(Clone, Debug)]
pub struct Phone {
    sign: f64,
    last: Option<(f64, [f64; 3])>,
    next: f64,
    waiting: VecDeque<Option<[f32; 3]>>,
}

#[wasm_bindgen]
impl Phone {
    /// `inverted` where the axes point the other way, as those of iOS do, whose z is negative when the phone lies face up.
    #[wasm_bindgen(constructor)]
    pub fn new(inverted: bool) -> Self {
        Phone { sign: if inverted { -1.0 } else { 1.0 }, last: None, next: 0.0, waiting: VecDeque::new() }
    }

    /// An event: its time in milliseconds, and the acceleration with gravity in m/s^2. `false`, and it does not count, if an axis or the
    /// time is missing or not finite, or it is not later than the one before. (A computer without a sensor sends one whose axes are null.)
    pub fn event(&mut self, time: f64, x: Option<f64>, y: Option<f64>, z: Option<f64>) -> bool {
        let (Some(x), Some(y), Some(z)) = (x, y, z) else { return false };
        let now = [x, y, z].map(|a| self.sign * a / G);
        let finite = time.is_finite() && now.iter().all(|a| a.is_finite());
        if !finite || self.last.is_some_and(|(before, _)| time <= before) {
            return false;
        }
        match self.last {
            Some((before, then)) if time - before <= GAP => {
                while self.next <= time {
                    let share = (self.next - before) / (time - before);
                    let mixed = |axis: usize| (then[axis] + share * (now[axis] - then[axis])) as f32;
                    self.leave(Some([mixed(0), mixed(1), mixed(2)]));
                    self.next += PERIOD;
                }
            }
            gap => {
                if gap.is_some() {
                    self.leave(None);
                }
                self.next = time;
            }
        }
        self.last = Some((time, now));
        true
    }

    /// The next sample in g: x, y, z; empty if samples are missing here. `undefined` if none is due yet.
    pub fn sample(&mut self) -> Option<Vec<f32>> {
        self.waiting.pop_front().map(|sample| sample.map_or_else(Vec::new, Vec::from))
    }
}

impl Phone {
    fn leave(&mut self, sample: Option<[f32; 3]>) {
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(phone: &mut Phone) -> Vec<Vec<f32>> {
        std::iter::from_fn(|| phone.sample()).collect()
    }

    fn event(phone: &mut Phone, time: f64, axes: [f64; 3]) -> bool {
        phone.event(time, Some(axes[0]), Some(axes[1]), Some(axes[2]))
    }

    #[test]
    fn face_up_is_one_g_on_z_on_both_systems() {
        for (inverted, z) in [(false, G), (true, -G)] {
            let mut phone = Phone::new(inverted);
            assert!(event(&mut phone, 0.0, [0.0, 0.0, z]) && event(&mut phone, 20.0, [0.0, 0.0, z]));
            assert_eq!(samples(&mut phone), [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]);
        }
        let mut phone = Phone::new(true);
        event(&mut phone, 0.0, [G, -2.0 * G, 0.0]);
        event(&mut phone, 1.0, [0.0; 3]);
        assert_eq!(samples(&mut phone), [[-1.0, 2.0, -0.0]]);
    }

    #[test]
    fn axes_that_are_null_or_no_numbers_do_not_count() {
        let mut phone = Phone::new(false);
        let g = Some(G);
        for (x, y, z) in
            [(None, None, None), (g, g, None), (None, g, g), (g, Some(f64::NAN), g), (g, g, Some(f64::INFINITY))]
        {
            assert!(!phone.event(5.0, x, y, z));
        }
        assert!(!phone.event(f64::NAN, g, g, g));
        assert!(phone.event(5.0, g, g, g) && !phone.event(5.0, g, g, g) && !phone.event(4.0, g, g, g));
        assert!(samples(&mut phone).is_empty());
    }

    /// A ramp of 1 g a second, measured 60, 100 and 16 times a second, each a little early or late.
    #[test]
    fn any_rate_becomes_that_of_the_app() {
        for period in [1000.0 / 60.0, 10.0, 62.5] {
            let mut phone = Phone::new(false);
            let mut all = Vec::new();
            for i in 0..(2000.0 / period) as u32 {
                let time = f64::from(i) * period + f64::from(i % 3) - 1.0;
                event(&mut phone, 1e6 + time, [G * time / 1000.0, 0.0, G]);
                all.extend(samples(&mut phone));
            }
            assert!((95..=101).contains(&all.len()), "{} samples in 2 s at {period} ms", all.len());
            for pair in all.windows(2) {
                assert!((pair[1][0] - pair[0][0] - 0.02).abs() < 1e-4, "{pair:?} at {period} ms");
            }
        }
    }

    #[test]
    fn a_gap_is_told_and_nothing_is_made_up_in_it() {
        let mut phone = Phone::new(false);
        event(&mut phone, 0.0, [0.0, 0.0, G]);
        event(&mut phone, 20.0, [0.0, 0.0, G]);
        event(&mut phone, 5000.0, [G, 0.0, 0.0]);
        event(&mut phone, 5020.0, [G, 0.0, 0.0]);
        let found = samples(&mut phone);
        assert_eq!(found, [vec![0.0, 0.0, 1.0], vec![0.0, 0.0, 1.0], vec![], vec![1.0, 0.0, 0.0], vec![1.0, 0.0, 0.0]]);
    }

    #[test]
    fn what_nobody_takes_does_not_pile_up() {
        let mut phone = Phone::new(false);
        assert!((0..10_000).all(|i| event(&mut phone, f64::from(i) * 20.0, [0.0; 3])));
        assert_eq!(samples(&mut phone).len(), WAITING);
    }
}
