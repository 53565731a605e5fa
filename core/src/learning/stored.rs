//! The formats in which the features of a remembered sample are stored.

use crate::error::{Error, Slice, check_finite};
use crate::numeric::kernels;

/// Features that can be checked and compared.
pub trait FeatureSlice {
    /// `Ok` if they are finite.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if not.
    fn check(&self) -> Result<(), Error>;

    /// The squared Euclidean distance from others.
    fn squared_distance(&self, others: &Self) -> f32;
}

impl FeatureSlice for [f32] {
    fn check(&self) -> Result<(), Error> {
        check_finite(Slice::Features, self)
    }

    fn squared_distance(&self, others: &Self) -> f32 {
        kernels::squared_distance(self, others)
    }
}

impl FeatureSlice for [i8] {
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn squared_distance(&self, others: &Self) -> f32 {
        Query::of(1.0, self).squared_distance(1.0, others)
    }
}

/// Features whose number is known at compile time: `[f32; N]` or `[i8; N]`.
pub trait FeatureArray: Copy {
    /// All zero.
    const ZERO: Self;

    /// `Ok` if they are finite.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if not.
    fn check(&self) -> Result<(), Error>;
}

impl<const N: usize> FeatureArray for [f32; N] {
    const ZERO: Self = [0.0; N];

    fn check(&self) -> Result<(), Error> {
        self.as_slice().check()
    }
}

impl<const N: usize> FeatureArray for [i8; N] {
    const ZERO: Self = [0; N];

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// A format in which features `X` are stored: as they are, or [`Quantized`] to about a quarter of the bytes.
pub trait Stored<X>: Copy {
    /// The content of an empty slot.
    const EMPTY: Self;
    /// The number of bytes that [`bytes`](Self::bytes) yields.
    const BYTES: usize;
    /// Stores finite features.
    fn store(features: &X) -> Self;
    /// Restores the features, which are finite.
    fn restore(&self, features: &mut X);
    /// The squared Euclidean distances of other stored samples from this one.
    fn distance_from(&self) -> impl Fn(&Self) -> f32;
    /// The stored sample as bytes, little-endian.
    fn bytes(&self) -> impl Iterator<Item = u8>;
    /// Reads the stored sample back; `None` if there is another number of bytes, or the features would not be finite.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

impl<const N: usize> Stored<[f32; N]> for [f32; N] {
    const EMPTY: Self = [0.0; N];
    const BYTES: usize = 4 * N;

    fn store(features: &[f32; N]) -> Self {
        *features
    }

    fn restore(&self, features: &mut [f32; N]) {
        *features = *self;
    }

    fn distance_from(&self) -> impl Fn(&Self) -> f32 {
        |other| self.squared_distance(other)
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.iter().flat_map(|x| x.to_le_bytes())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        if words.len() != N || !rest.is_empty() {
            return None;
        }
        let mut features = [0.0; N];
        features.iter_mut().zip(words).for_each(|(x, word)| *x = f32::from_le_bytes(*word));
        features.iter().all(|x| x.is_finite()).then_some(features)
    }
}

impl<const N: usize> Stored<[i8; N]> for [i8; N] {
    const EMPTY: Self = [0; N];
    const BYTES: usize = N;

    fn store(features: &[i8; N]) -> Self {
        *features
    }

    fn restore(&self, features: &mut [i8; N]) {
        *features = *self;
    }

    fn distance_from(&self) -> impl Fn(&Self) -> f32 {
        |other| self.squared_distance(other)
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.iter().map(|x| x.cast_unsigned())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = <&[u8; N]>::try_from(bytes).ok()?;
        Some(bytes.map(u8::cast_signed))
    }
}

/// Features as i8 with one scale for each sample: `FEATURES + 4` bytes, rounded up to whole words. A feature is restored within half a
/// scale, that is, the largest magnitude of the sample divided by 254; if that magnitude is below 1e-36, only within the magnitude itself.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quantized<const FEATURES: usize> {
    scale: f32,
    values: [i8; FEATURES],
}

/// Quantizes finite features to i8, the nearest multiples of the scale that is returned. This is the format of a [`Quantized`], for a memory
/// whose shape is known only at run time.
///
/// ```
/// use gradient_decay::stored::{quantize, restore};
///
/// let (mut values, mut x) = ([0; 3], [0.0; 3]);
/// let scale = quantize(&[12.7, -6.4, 0.0], &mut values);
/// restore(scale, &values, &mut x);
/// assert!(values == [127, -64, 0] && (x[1] + 6.4).abs() < 0.05);
/// ```
#[inline]
pub fn quantize(features: &[f32], values: &mut [i8]) -> f32 {
    let scale = scale_of(features);
    values.fill(0);
    if scale > 0.0 {
        values.iter_mut().zip(features).for_each(|(value, x)| *value = nearest(*x, scale));
    }
    scale
}

/// The scale of finite features with which no value is beyond 127.
fn scale_of(features: &[f32]) -> f32 {
    let largest = features.iter().fold(0.0, |most, x| if x.abs() > most { x.abs() } else { most });
    let scale = largest / 127.0;
    // With a scale that was rounded up, f32::MAX would be restored as infinity.
    if scale * 127.0 > f32::MAX { scale.next_down() } else { scale }
}

/// A feature in units of a scale above 0.
fn nearest(x: f32, scale: f32) -> i8 {
    let quotient = x / scale;
    // Rounds half away from 0; the conversion truncates and saturates.
    let rounded = (quotient + if quotient < 0.0 { -0.5 } else { 0.5 }) as i32;
    rounded.clamp(-127, 127) as i8
}

/// Whether [`quantize`] makes this scale and these values of the features.
pub(crate) fn quantizes_to(features: &[f32], scale: f32, values: &[i8]) -> bool {
    let same = |(x, value): (&f32, &i8)| *value == if scale > 0.0 { nearest(*x, scale) } else { 0 };
    scale_of(features) == scale && features.len() == values.len() && features.iter().zip(values).all(same)
}

/// Whether a stored sample restores finite features; -128 is never stored.
pub(crate) fn is_sound(scale: f32, values: impl IntoIterator<Item = i8>) -> bool {
    scale >= 0.0 && scale * 127.0 <= f32::MAX && values.into_iter().all(|value| value > i8::MIN)
}

/// Restores the features that [`quantize`] made these values of, within half a scale.
#[inline]
pub fn restore(scale: f32, values: &[i8], features: &mut [f32]) {
    for (x, value) in features.iter_mut().zip(values) {
        *x = f32::from(*value) * scale;
    }
}

/// Quantized features whose distances from samples that are [quantized](quantize) too are asked for.
#[derive(Debug)]
pub struct Query<'a> {
    /// Twice the scale.
    twice: f32,
    values: &'a [i8],
    /// The squared norm.
    square: f32,
}

impl<'a> Query<'a> {
    /// Quantizes finite features into `values`, of the same length.
    ///
    /// ```
    /// use gradient_decay::stored::{Query, quantize};
    ///
    /// let (mut kept, mut room) = ([0; 2], [0; 2]);
    /// let scale = quantize(&[3.0, 1.0], &mut kept);
    /// let distance = Query::new(&[-1.0, 4.0], &mut room).squared_distance(scale, &kept);
    /// assert!((distance - 25.0).abs() < 0.2);
    /// ```
    pub fn new(features: &[f32], values: &'a mut [i8]) -> Self {
        Query::of(quantize(features, values), values)
    }

    /// Features that are quantized already.
    fn of(scale: f32, values: &'a [i8]) -> Self {
        let [square, _] = kernels::dot_and_square_i8(values, values);
        Query { twice: 2.0 * scale, values, square: square as f32 * scale * scale }
    }

    /// The squared Euclidean distance from a sample of this scale and these values: exact for the quantized features but for the rounding of its three terms,
    /// `|x|^2 + |y|^2 - 2 x y`; infinite if it leaves the range of f32.
    pub fn squared_distance(&self, scale: f32, values: &[i8]) -> f32 {
        let [dot, square] = kernels::dot_and_square_i8(values, self.values);
        let squares = self.square + square as f32 * scale * scale;
        // Of equal samples it is 0; rounded, that of others might be below.
        let distance = squares - dot as f32 * self.twice * scale;
        if !squares.is_finite() {
            f32::INFINITY
        } else if distance > 0.0 {
            distance
        } else {
            0.0
        }
    }
}

impl<const FEATURES: usize> Stored<[f32; FEATURES]> for Quantized<FEATURES> {
    const EMPTY: Self = Quantized { scale: 0.0, values: [0; FEATURES] };
    const BYTES: usize = 4 + FEATURES;

    fn store(features: &[f32; FEATURES]) -> Self {
        let mut values = [0; FEATURES];
        let scale = quantize(features, &mut values);
        Quantized { scale, values }
    }

    fn restore(&self, features: &mut [f32; FEATURES]) {
        restore(self.scale, &self.values, features);
    }

    fn distance_from(&self) -> impl Fn(&Self) -> f32 {
        let query = Query::of(self.scale, &self.values);
        move |other| query.squared_distance(other.scale, &other.values)
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.scale.to_le_bytes().into_iter().chain(self.values.iter().map(|x| x.cast_unsigned()))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (scale, values) = bytes.split_first_chunk::<4>()?;
        let scale = f32::from_le_bytes(*scale);
        let values = <&[u8; FEATURES]>::try_from(values).ok()?.map(u8::cast_signed);
        is_sound(scale, values).then_some(Quantized { scale, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantised_features_come_back_within_half_a_scale() {
        for scale in [1e-30_f32, 1.0, 3e38, f32::MAX] {
            let features: [f32; 9] = core::array::from_fn(|i| scale * (i as f32 / 4.0 - 1.0));
            let mut restored = [0.0; 9];
            Quantized::store(&features).restore(&mut restored);
            for (x, y) in features.iter().zip(restored) {
                assert!((x / scale - y / scale).abs() <= 1.000_001 / 254.0, "{y} for {x}");
            }
        }
        let mut restored = [1.0; 2];
        Quantized::store(&[0.0, -0.0]).restore(&mut restored);
        assert_eq!(restored, [0.0; 2]);
    }

    #[test]
    fn the_largest_float_comes_back_finite() {
        let mut restored = [0.0; 2];
        Quantized::store(&[f32::MAX, f32::MIN]).restore(&mut restored);
        assert!(restored.iter().all(|x| x.is_finite()) && restored[0] > 3.4e38, "{restored:?}");
    }

    #[test]
    fn distances_in_integers_are_those_of_the_restored_features() {
        let sample = |seed: usize, size: f32| -> [f32; 13] {
            core::array::from_fn(|i| size * ((i * 7 + seed * 5) % 13) as f32 / 6.0 - size)
        };
        for (seed, sizes) in [(1, [1.0, 1.0]), (2, [0.01, 3.0]), (3, [1e-15, 1e-14]), (4, [1e15, 2e14])] {
            let samples = [sample(seed, sizes[0]), sample(seed + 1, sizes[1])].map(|x| Quantized::store(&x));
            let [x, y] = samples.map(|stored| {
                let mut restored = [0.0; 13];
                stored.restore(&mut restored);
                restored
            });
            let exact: f64 = x.iter().zip(y).map(|(x, y)| (f64::from(*x) - f64::from(y)).powi(2)).sum();
            let squares: f64 = x.iter().chain(&y).map(|x| f64::from(*x).powi(2)).sum();
            let [x, y] = &samples;
            for found in [x.distance_from()(y), y.distance_from()(x)] {
                assert!((f64::from(found) - exact).abs() < 3e-7 * squares, "{found:e} for {exact:e}");
            }
            assert_eq!((x.distance_from()(x), y.distance_from()(y)), (0.0, 0.0));
        }
        let (zero, huge) = (Quantized::store(&[0.0; 3]), Quantized::store(&[f32::MAX, 1.0, f32::MIN]));
        assert_eq!((zero.distance_from()(&zero), huge.distance_from()(&huge)), (0.0, f32::INFINITY));
        assert_eq!((zero.distance_from()(&huge), huge.distance_from()(&zero)), (f32::INFINITY, f32::INFINITY));
        let bytes = |x: &[i8; 9], y: &[i8; 9]| Stored::<[i8; 9]>::distance_from(x)(y);
        assert_eq!(bytes(&[-128; 9], &[127; 9]), 9.0 * 255.0 * 255.0);
    }

    fn bytes_come_back<X: FeatureArray, S: Stored<X> + PartialEq + core::fmt::Debug>(features: &X) {
        let stored = S::store(features);
        let bytes: std::vec::Vec<u8> = stored.bytes().collect();
        assert_eq!((bytes.len(), S::from_bytes(&bytes)), (S::BYTES, Some(stored)));
        assert_eq!(S::from_bytes(&bytes[1..]), None);
    }

    #[test]
    fn what_is_stored_survives_as_bytes() {
        bytes_come_back::<[f32; 3], [f32; 3]>(&[1.0, -2.5, 1e-40]);
        bytes_come_back::<[i8; 3], [i8; 3]>(&[1, -128, 127]);
        bytes_come_back::<[f32; 3], Quantized<3>>(&[1.0, -2.5, 0.3]);
        assert_eq!(<[f32; 1] as Stored<[f32; 1]>>::from_bytes(&f32::NAN.to_le_bytes()), None);
        for (scale, value) in [(f32::NAN, 1), (-1.0, 1), (3e38, 1), (1.0, 0x80)] {
            let bytes: std::vec::Vec<u8> = f32::to_le_bytes(scale).into_iter().chain([value]).collect();
            assert_eq!(Quantized::<1>::from_bytes(&bytes), None, "{scale}");
        }
    }
}
