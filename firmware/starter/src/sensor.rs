//! A simulated sensor. Replace it by yours.

/// The number of features: temperature in degrees Celsius, humidity in %, CO2 in ppm, noise in dB.
pub const FEATURES: usize = 4;
/// The number of classes: a room is empty, somebody works in it, or several people meet.
pub const CLASSES: usize = 3;

/// A room, with the seed of its noise.
pub struct Sensor {
    seed: u32,
    readings: usize,
}

impl Sensor {
    /// A sensor whose noise follows from the seed.
    pub const fn new(seed: u32) -> Self {
        Sensor { seed, readings: 0 }
    }

    /// The next reading and its class. On a device the features come from the hardware, and the label from a button.
    pub fn read(&mut self) -> ([f32; FEATURES], usize) {
        const MEANS: [[f32; FEATURES]; CLASSES] =
            [[20.2, 41.0, 450.0, 32.0], [20.9, 43.0, 700.0, 41.0], [22.1, 47.0, 1100.0, 54.0]];
        const DEVIATIONS: [f32; FEATURES] = [0.5, 2.0, 90.0, 4.0];
        let class = self.readings % CLASSES;
        self.readings += 1;
        (core::array::from_fn(|i| MEANS[class][i] + DEVIATIONS[i] * self.noise()), class)
    }

    /// About normal: the sum of twelve uniform numbers has the variance 1.
    fn noise(&mut self) -> f32 {
        let uniform = |_| {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.seed >> 8) as f32 / 16_777_216.0 - 0.5
        };
        (0..12).map(uniform).sum()
    }
}
