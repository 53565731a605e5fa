//! The accelerometer that the page pretends to have: the range and the resolution of the boards' LSM303AGR.

use gradient_decay_app::gestures::sampling::Acceleration;

/// The most and the least that the sensor measures, in g/1000.
const RANGE: (f32, f32) = (-4096.0, 4094.0);

/// The unit of its 12 bits, in g/1000.
const DIGIT: f32 = 2.0;

/// A sample of the sensor for an acceleration in g: limited to [-4.096, 4.094], rounded to 0.002. `None` if an axis is NaN or infinite.
pub fn measured(g: [f32; 3]) -> Option<Acceleration> {
    let (least, most) = RANGE;
    let digit = |g: f32| (g * 1000.0).clamp(least, most) / DIGIT;
    g.iter().all(|g| g.is_finite()).then(|| g.map(|g| (digit(g).round() * DIGIT) as i16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_limited_rounded_and_finite() {
        assert_eq!(measured([1.0, -0.5, 0.0]), Some([1000, -500, 0]));
        assert_eq!(measured([0.0011, 0.0009, -0.0011]), Some([2, 0, -2]));
        assert_eq!(measured([99.0, -99.0, 4.1]), Some([4094, -4096, 4094]));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(measured([0.0, bad, 0.0]), None);
        }
    }
}
