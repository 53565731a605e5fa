//! The features of a window of accelerations: six of each of four signals, x, y, z and the length of the acceleration.
//!
//! | feature | unit | why |
//! |---|---|---|
//! | mean | g | which way the device is held; of the length, how strong the movement is |
//! | share of the steps from a sample to the next of less than 0.05 g | 1 | how long it is still: knocks and taps against shaking |
//! | root mean square in 6 to 25 Hz, and of that the root | g^(1/2) | taps and knocks |
//! | the same in 3 to 6 Hz | g^(1/2) | shaking |
//! | in 1.6 to 3 Hz | g^(1/2) | waving |
//! | in 0.4 to 1.6 Hz | g^(1/2) | slow movements |
//!
//! The length is without a root, `a + b / 2 + c / 4` of the sorted magnitudes `a >= b >= c`, 0 to 15 % too long: it does not change where the
//! board is turned by a quarter. The root of a strength brings a weak and a strong shake closer together: people differ in strength by factors.
//!
//! The bands are octaves of the Haar wavelet, combined so that nothing is left out: the squares of their root mean squares sum to the variance.
//! The wavelet separates frequencies less sharply than a Fourier transform, which these gestures hardly need, and takes 63 additions and as
//! many subtractions for each signal, without a table. All is in integers but for the last factor: the cost and the bits are the same on a core
//! without FPU. Movements of a hand come to [0, 4] in the units of [`units`](super::units), so that no feature outweighs the others, and an
//! i8 in units of 1/16 holds it.
//!
//! They were chosen on half of the recorded gestures and half of the people of a set of activities, and confirmed on the other halves, against
//! eight features of each axis alone (mean, deviation, range, crossings of the mean, the bands without the second root). The mean accuracy
//! after 5 to 100 labels rises by 4.3 points for gestures and 3.2 for activities, and by 8.1 for a new user of these. The second root on the
//! old features gained nothing; nor did correlations of the axes, halves of the window, skewness, the largest against the mean, six octaves in place
//! of four bands, or the axes sorted. The exact length, its autocorrelation and a percentile would gain another 1.5 to 2 points with more code.
//! A sensor whose steps are 0.05 g or coarser shows no stillness but the complete one.

use heapless::HistoryBuf;

use super::sampling::Acceleration;

/// The samples of a window, 1.28 s; a power of two.
pub const WINDOW: usize = 64;

/// The features of each signal.
pub const SIGNAL_FEATURES: usize = 6;
/// Those of a window: of x, then y, z and the length.
pub const FEATURES: usize = 4 * SIGNAL_FEATURES;

/// The signal is still between two samples that differ by less, in units of g/1000.
const STILL: u32 = 50;

/// The last [`WINDOW`] samples, and their numbers: 408 bytes at most.
#[derive(Default)]
pub struct Window {
    samples: HistoryBuf<Acceleration, WINDOW>,
    /// The number of the newest sample.
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

    /// Forgets all samples. The numbers of the next samples skip [`WINDOW`].
    pub fn clear(&mut self) {
        self.samples.clear();
        self.at = self.at.wrapping_add(WINDOW as u32);
    }

    /// The number of the newest sample; the first one has 1. After 2^32 - 1 comes 0.
    pub fn at(&self) -> u32 {
        self.at
    }

    /// The samples from this number on, the oldest first, and the number of the first of them: a later one if the sample asked for is gone. If
    /// the number is beyond that of the next sample, all samples that there are.
    pub fn since(&self, from: u32) -> (u32, impl Iterator<Item = Acceleration>) {
        let length = self.samples.len();
        let wanted = match self.at.wrapping_sub(from) {
            // The number of the next sample.
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
        let (signals, _) = features.as_chunks_mut::<SIGNAL_FEATURES>();
        for (signal, to) in signals.iter_mut().enumerate() {
            let mut values = [0; WINDOW];
            for (value, sample) in values.iter_mut().zip(self.samples.oldest_ordered()) {
                *value = sample.get(signal).map_or_else(|| length(*sample), |v| i32::from(*v));
            }
            *to = signal_features(values);
        }
        Some(features)
    }
}

/// The length of an acceleration, 0 to 15 % too long, in its unit: at most 57,344.
fn length(sample: Acceleration) -> i32 {
    let [x, y, z] = sample.map(|v| i32::from(v).abs());
    let (longest, shortest) = (x.max(y).max(z), x.min(y).min(z));
    let middle = x + y + z - longest - shortest;
    longest + (middle >> 1) + (shortest >> 2)
}

/// The features of a signal, whose samples are in units of g/1000.
fn signal_features(mut values: [i32; WINDOW]) -> [f32; SIGNAL_FEATURES] {
    let sum = values.iter().sum::<i32>();
    let still = values.iter().zip(values.iter().skip(1)).filter(|(a, b)| a.abs_diff(**b) < STILL).count();
    let [first, second, third, fourth, fifth, sixth] = octaves(&mut values);
    let [high, middle, low, lowest] = [first + second, third, fourth, fifth + sixth].map(root_of_strength);
    [sum as f32 / (1000 * WINDOW) as f32, still as f32 / (WINDOW - 1) as f32, high, middle, low, lowest]
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

/// The root of the root mean square in g of an energy as [`octaves`] gives it.
fn root_of_strength(energy: u64) -> f32 {
    /// The root of `1000 * WINDOW`.
    const UNIT: f32 = 252.982_21;
    // The root of the largest energy is below 2^23.
    (energy.isqrt() as u32).isqrt() as f32 / UNIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gestures::units::Units;
    use gradient_decay::Preprocess;
    use std::f64::consts::TAU;
    use std::vec::Vec;

    fn window(sample: impl Fn(usize) -> Acceleration) -> Window {
        let mut window = Window::new();
        (0..WINDOW).for_each(|i| window.push(sample(i)));
        window
    }

    /// Windows of noise of up to 4 g, some of it with pauses.
    fn noise() -> impl Iterator<Item = Vec<Acceleration>> {
        let mut random = 1_u32;
        let mut bits = move |bits: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            random >> (32 - bits)
        };
        (0..50).map(move |turn| {
            let mut number = || bits(13) as i16 - 4096;
            let mut last = [0; 3];
            let samples = (0..WINDOW).map(|_| {
                if turn % 2 == 0 || number() > 0 {
                    last = [number(), number(), number()];
                }
                last
            });
            samples.collect()
        })
    }

    fn features(samples: &[Acceleration]) -> [f32; FEATURES] {
        window(|i| samples[i]).features().unwrap()
    }

    #[test]
    fn features_come_when_the_window_is_full_and_follow_it() {
        let mut window = Window::new();
        for i in 0..WINDOW {
            assert!(window.features().is_none(), "{i} samples");
            window.push([1000, -500, 0]);
        }
        let at_rest = |mean: f32| [mean, 1.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(*window.features().unwrap().as_chunks().0, [1.0, -0.5, 0.0, 1.25].map(at_rest));
        (0..WINDOW).for_each(|_| window.push([0, 0, 250]));
        assert_eq!(*window.features().unwrap().as_chunks().0, [0.0, 0.0, 0.25, 0.25].map(at_rest));
        window.clear();
        assert!(window.features().is_none());
    }

    #[test]
    fn a_wave_is_in_its_band_and_the_fast_ones_are_never_still() {
        for (hertz, band) in [(10.0, 2), (4.2, 3), (2.2, 4), (0.9, 5)] {
            let wave = |i: usize| (1000.0 * (TAU * hertz * i as f64 / 50.0 + 0.4).sin()) as i16;
            let features = window(|i| [wave(i), 0, 0]).features().unwrap();
            let strongest = (2..6).max_by(|a, b| features[*a].total_cmp(&features[*b])).unwrap();
            assert_eq!(strongest, band, "{hertz} Hz: {features:?}");
            let strength = features[2..6].iter().map(|x| x.powi(4)).sum::<f32>().sqrt();
            assert!((strength - 0.707).abs() < 0.05, "{hertz} Hz: {strength} g");
            let still = (1..WINDOW).filter(|i| (wave(*i) - wave(i - 1)).abs() < 50).count();
            assert_eq!(features[1], still as f32 / 63.0);
            assert!(if hertz > 2.0 { features[1] < 0.2 } else { features[1] > 0.2 }, "{hertz} Hz: {features:?}");
        }
    }

    #[test]
    fn the_bands_leave_nothing_out() {
        for samples in noise() {
            let features = features(&samples);
            for (signal, [mean, _, bands @ ..]) in features.as_chunks::<SIGNAL_FEATURES>().0.iter().enumerate() {
                let value = |sample: &Acceleration| {
                    f64::from(sample.get(signal).map_or_else(|| length(*sample), |v| i32::from(*v)))
                };
                let values: Vec<f64> = samples.iter().map(|sample| value(sample) / 1000.0).collect();
                let expected = values.iter().sum::<f64>() / 64.0;
                assert!((f64::from(*mean) - expected).abs() < 4e-6 * (1.0 + expected.abs()), "{mean} for {expected}");
                let variance = values.iter().map(|v| (v - expected) * (v - expected)).sum::<f64>() / 64.0;
                // The roots are rounded down to a multiple of 1 / 252.98.
                let [least, most] =
                    [0.0, 1.0 / 252.9].map(|more| bands.iter().map(|b| (f64::from(*b) + more).powi(4)).sum::<f64>());
                assert!(least <= variance * (1.0 + 1e-6) && variance <= most, "{bands:?} for {variance}");
            }
        }
    }

    #[test]
    fn a_length_is_at_most_15_percent_too_long() {
        for sample in noise().flatten().chain([[i16::MIN; 3], [i16::MAX, i16::MIN, 0], [0; 3], [1, 0, 0]]) {
            let exact = sample.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
            let found = f64::from(length(sample));
            // Each half and quarter is rounded down.
            assert!(found >= exact - 1.25 && found <= 1.1457 * exact, "{found} for {exact}");
        }
    }

    #[test]
    fn a_board_turned_by_a_quarter_has_the_same_length() {
        for samples in noise() {
            let length = |turn: fn(Acceleration) -> Acceleration| {
                let turned: Vec<Acceleration> = samples.iter().map(|sample| turn(*sample)).collect();
                features(&turned).as_chunks::<SIGNAL_FEATURES>().0[3]
            };
            let held = length(|sample| sample);
            assert_eq!(held, length(|[x, y, z]| [y, -x, z]));
            assert_eq!(held, length(|[x, y, z]| [z, y, -x]));
            assert_eq!(held, length(|[x, y, z]| [-x, z, -y]));
        }
    }

    #[test]
    fn extremes_stay_in_range_and_movements_of_a_hand_in_that_of_an_i8() {
        let bounds = [[33.0, 1.0, 5.8, 5.8, 5.8, 5.8], [58.0, 1.0, 7.6, 7.6, 7.6, 7.6]];
        let switched: fn(usize, usize) -> i16 = |i, period| if i / period % 2 == 0 { i16::MIN } else { i16::MAX };
        for period in [1, 2, 4, 8, 16, 32, 64] {
            for sample in [|v: i16| [v; 3], |v: i16| [v, 0, 0], |v: i16| [if v < 0 { 0 } else { i16::MIN }; 3]] {
                let features = window(|i| sample(switched(i, period))).features().unwrap();
                for (signal, features) in features.as_chunks::<SIGNAL_FEATURES>().0.iter().enumerate() {
                    let within = features.iter().zip(bounds[signal / 3]).all(|(x, bound)| x.abs() <= bound);
                    assert!(within, "{features:?} of {signal}, switched every {period}");
                    assert!(features[1..].iter().all(|x| *x >= 0.0));
                }
            }
        }
        let features = window(|i| [switched(i, 1); 3]).features().unwrap();
        assert!((features[2] - 32.77_f32.sqrt()).abs() < 0.01, "all in the highest band: {features:?}");
        for samples in noise() {
            Units.apply(&self::features(&samples), |x| assert!(x.iter().all(|x| x.abs() < 8.0), "{x:?}")).unwrap();
        }
    }
}
