//! From a window of accelerations to features, eight an axis.
//!
//! | feature | unit | why |
//! |---|---|---|
//! | mean | g | which way the device is held |
//! | deviation | g | how strong the movement is |
//! | range, halved | g | jerks, which the deviation smooths away |
//! | zero crossings of what is left without the mean, over 16 | 1/window | how fast it is |
//! | energy in 6 to 25 Hz, as a root mean square | g | taps and knocks |
//! | the same in 3 to 6 Hz | g | shaking |
//! | in 1.6 to 3 Hz | g | waving |
//! | in 0.4 to 1.6 Hz | g | slow movements |
//!
//! The bands are octaves of the Haar wavelet, added up so that nothing is left out: their squares sum to that of the deviation. It
//! is less sharp than a Fourier transform, whose slower numbers neighbouring gestures hardly need, and takes 63 additions and as
//! many subtractions an axis, no table and no float: the same on a core without FPU, and the same bits. The factors bring
//! movements of a hand to about [-2, 2], so that no feature outweighs the others, and an i8 of 1/32 holds it.

use heapless::HistoryBuf;

use super::sampling::Acceleration;

/// The samples of a window, 1.28 s; a power of two.
pub const WINDOW: usize = 64;

/// The features of each axis, and of a window.
pub const AXIS_FEATURES: usize = 8;
/// See [`AXIS_FEATURES`].
pub const FEATURES: usize = 3 * AXIS_FEATURES;

/// A crossing goes this far to the other side, in units of g/1000; noise does not.
const HYSTERESIS: i32 = 100;

/// The last [`WINDOW`] samples, and their numbers: 408 bytes at most.
#[derive(Default)]
pub struct Window {
    samples: HistoryBuf<Acceleration, WINDOW>,
    /// The number of the newest.
    at: u32,
}

impl Window {
    /// A window without samples.
    pub const fn new() -> Self {
        Window { samples: HistoryBuf::new(), at: 0 }
    }

    /// Adds a sample; the oldest goes.
    pub fn push(&mut self, sample: Acceleration) {
        self.samples.write(sample);
        self.at = self.at.wrapping_add(1);
    }

    /// Forgets all samples. Their numbers and those of the next differ by [`WINDOW`] more than they would.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.at = self.at.wrapping_add(WINDOW as u32);
    }

    /// The number of the newest sample; the first one has 1. After 2^32 - 1 comes 0.
    pub fn at(&self) -> u32 {
        self.at
    }

    /// The samples from this number on, the oldest first, and the number of the first: a later one if that is gone, and all that there are
    /// if the number is none that comes next.
    pub fn since(&self, from: u32) -> (u32, impl Iterator<Item = Acceleration>) {
        let length = self.samples.len();
        let wanted = match self.at.wrapping_sub(from) {
            // That of the next one.
            u32::MAX => 0,
            age => length.min((age as usize).saturating_add(1)),
        };
        let first = self.at.wrapping_sub(wanted as u32).wrapping_add(1);
        (first, self.samples.oldest_ordered().skip(length - wanted).copied())
    }

    /// Whether it holds as many samples as it has room for.
    pub fn is_full(&self) -> bool {
        self.samples.is_full()
    }

    /// The newest sample.
    pub fn newest(&self) -> Option<Acceleration> {
        self.samples.recent().copied()
    }

    /// The features, each finite, `None` until it is full.
    pub fn features(&self) -> Option<[f32; FEATURES]> {
        if !self.is_full() {
            return None;
        }
        let mut features = [0.0; FEATURES];
        let (axes, _) = features.as_chunks_mut::<AXIS_FEATURES>();
        for (axis, to) in axes.iter_mut().enumerate() {
            let mut values = [0; WINDOW];
            for (value, sample) in values.iter_mut().zip(self.samples.oldest_ordered()) {
                *value = sample.get(axis).copied().map_or(0, i32::from);
            }
            *to = axis_features(values);
        }
        Some(features)
    }
}

/// The features of an axis, whose samples are in units of g/1000.
fn axis_features(mut values: [i32; WINDOW]) -> [f32; AXIS_FEATURES] {
    let (least, most) = values.iter().fold((i32::MAX, i32::MIN), |(least, most), v| (least.min(*v), most.max(*v)));
    let sum = values.iter().sum::<i32>();
    let crossings = crossings(&values, sum);
    let energies = octaves(&mut values);
    let [first, second, third, fourth, fifth, sixth] = energies;
    let total = energies.iter().sum();
    [
        sum as f32 / (1000 * WINDOW) as f32,
        root_mean_square(total),
        (most - least) as f32 / 2000.0,
        crossings as f32 / 16.0,
        root_mean_square(first + second),
        root_mean_square(third),
        root_mean_square(fourth),
        root_mean_square(fifth + sixth),
    ]
}

/// How often the samples go from one side of their mean to the other.
fn crossings(values: &[i32; WINDOW], sum: i32) -> u32 {
    let margin = HYSTERESIS * WINDOW as i32;
    let (mut side, mut crossings) = (0, 0);
    for value in values {
        let distance = value * WINDOW as i32 - sum;
        let now = if distance > margin {
            1
        } else if distance < -margin {
            -1
        } else {
            side
        };
        crossings += u32::from(now != side && side != 0);
        side = now;
    }
    crossings
}

/// The energies of the octaves, the highest first: the sums of the squares of the Haar wavelet's coefficients, times [`WINDOW`]. They
/// sum to [`WINDOW`] times the sum of the squared distances from the mean. Leaves anything in `values`.
fn octaves(values: &mut [i32; WINDOW]) -> [u64; 6] {
    let mut energies = [0; 6];
    let mut rest: &mut [i32] = values;
    for (level, energy) in energies.iter_mut().enumerate() {
        let half = rest.len() / 2;
        let mut differences = 0_u64;
        for i in 0..half {
            if let (Some(&a), Some(&b)) = (rest.get(2 * i), rest.get(2 * i + 1)) {
                let difference = u64::from(a.abs_diff(b));
                differences += difference * difference;
                // The sums take the places of what was read already.
                if let Some(sum) = rest.get_mut(i) {
                    *sum = a + b;
                }
            }
        }
        // The coefficient of level 1, 2, .. is the difference over the root of 2, 4, ..
        *energy = differences * (WINDOW as u64 >> (level + 1));
        (rest, _) = rest.split_at_mut(half);
    }
    energies
}

/// The root of the mean square of an energy as [`octaves`] gives it, in g.
fn root_mean_square(energy: u64) -> f32 {
    energy.isqrt() as f32 / (1000 * WINDOW) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn window(sample: impl Fn(usize) -> Acceleration) -> Window {
        let mut window = Window::new();
        (0..WINDOW).for_each(|i| window.push(sample(i)));
        window
    }

    #[test]
    fn features_come_when_the_window_is_full_and_follow_it() {
        let mut window = Window::new();
        for i in 0..WINDOW {
            assert!(window.features().is_none(), "{i} samples");
            window.push([1000, -500, 0]);
        }
        let features = window.features().unwrap();
        assert_eq!((features[0], features[8], features[16]), (1.0, -0.5, 0.0));
        assert!(features.iter().enumerate().all(|(i, x)| i % 8 == 0 || *x == 0.0));
        (0..WINDOW).for_each(|_| window.push([0, 0, 250]));
        assert_eq!(window.features().unwrap()[16], 0.25);
        window.clear();
        assert!(window.features().is_none());
    }

    #[test]
    fn a_wave_is_in_its_band_and_crosses_twice_a_period() {
        for (hertz, band) in [(10.0, 4), (4.2, 5), (2.2, 6), (0.9, 7)] {
            let wave = |i: usize| (1000.0 * (TAU * hertz * i as f64 / 50.0 + 0.4).sin()) as i16;
            let features = window(|i| [wave(i), 0, 0]).features().unwrap();
            let strongest = (4..8).max_by(|a, b| features[*a].total_cmp(&features[*b])).unwrap();
            assert_eq!(strongest, band, "{hertz} Hz: {features:?}");
            assert!((features[1] - 0.707).abs() < 0.05, "deviation {}", features[1]);
            assert!((features[2] - 1.0).abs() < 0.1, "half the range {}", features[2]);
            assert!((f64::from(features[3]) * 16.0 - 2.56 * hertz).abs() <= 2.0, "crossings {}", features[3]);
        }
    }

    #[test]
    fn the_bands_leave_nothing_out() {
        let mut random = 1_u32;
        let mut noise = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 19) as i16 - 4096
        };
        let samples: std::vec::Vec<Acceleration> = (0..WINDOW).map(|_| [noise(), noise(), noise()]).collect();
        let features = window(|i| samples[i]).features().unwrap();
        for axis in 0..3 {
            let values: std::vec::Vec<f64> = samples.iter().map(|sample| f64::from(sample[axis]) / 1000.0).collect();
            let mean = values.iter().sum::<f64>() / 64.0;
            let deviation = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 64.0).sqrt();
            let [found_mean, found, _, _, bands @ ..] = features.as_chunks::<8>().0[axis];
            assert!((f64::from(found_mean) - mean).abs() < 1e-6);
            assert!((f64::from(found) - deviation).abs() < 3e-5, "{found} for {deviation}");
            let squares = bands.map(|band| f64::from(band) * f64::from(band)).iter().sum::<f64>();
            assert!((squares.sqrt() - deviation).abs() < 3e-5, "{bands:?} for {deviation}");
        }
    }

    #[test]
    fn extremes_stay_in_range() {
        for sample in [[i16::MIN; 3], [i16::MAX; 3]] {
            assert!(window(|_| sample).features().unwrap().iter().all(|x| x.abs() < 33.0));
        }
        let features = window(|i| [if i % 2 == 0 { i16::MIN } else { i16::MAX }; 3]).features().unwrap();
        assert!(features.iter().all(|x| x.is_finite()));
        assert!((features[4] - 32.77).abs() < 0.01, "all in the highest band: {features:?}");
    }
}
