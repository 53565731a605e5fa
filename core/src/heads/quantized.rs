//! Inference in integers, by TensorFlow Lite's conventions: i8 features and weights, i32 sums, i8 logits, no floating point.
//!
//! An integer `q` represents `scale (q - zero_point)`. Weights have one scale for each row and the zero point 0; the scale of a bias is the
//! features' scale times the row's (TensorFlow Lite 8-bit quantization specification). [`requantize`] turns the i32 sum of a row into an i8
//! logit, bit for bit as gemmlowp, TensorFlow Lite Micro and CMSIS-NN do.

use core::marker::PhantomData;

use crate::error::{Error, Number, Slice, check_length, expect_in_range};
use crate::heads::head::Head;
use crate::heads::linear::{LinearHead, mask};
use crate::heads::storage::StoredVelocity;
use crate::numeric::kernels;
use crate::numeric::math::{Libm, Math};

/// The scale and zero point of i8 numbers: `q` represents `scale (q - zero_point)`.
///
/// ```
/// use gradient_decay::quantized::Quantization;
///
/// const ZERO_TO_ONE: Quantization = Quantization::new(1.0 / 255.0, -128);
/// assert_eq!([0.0, 0.6, 1.0, 7.0].map(|x| ZERO_TO_ONE.quantize(x)), [-128, 25, 127, 127]);
/// assert!((ZERO_TO_ONE.dequantize(27) - 0.608).abs() < 1e-3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quantization {
    scale: f32,
    zero_point: i8,
}

impl Quantization {
    /// A scale in [1e-30, 1e30] and a zero point.
    ///
    /// # Panics
    /// If the scale is out of range; in a const, when it is compiled.
    pub const fn new(scale: f32, zero_point: i8) -> Self {
        expect_in_range(Self::try_new(scale, zero_point))
    }

    /// [`new`](Self::new), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the scale is not in [1e-30, 1e30].
    pub const fn try_new(scale: f32, zero_point: i8) -> Result<Self, Error> {
        if scale >= 1e-30 && scale <= 1e30 {
            Ok(Quantization { scale, zero_point })
        } else {
            Err(Error::OutOfRange { number: Number::Scale, value: scale })
        }
    }

    /// The nearest i8, ties away from 0; values beyond its range saturate, and NaN becomes the zero point.
    pub fn quantize(self, x: f32) -> i8 {
        let q = (rounded(x / self.scale) as i32).saturating_add(i32::from(self.zero_point));
        q.clamp(-128, 127) as i8
    }

    /// The number that an i8 represents.
    pub fn dequantize(self, q: i8) -> f32 {
        self.scale * (i32::from(q) - i32::from(self.zero_point)) as f32
    }
}

/// A linear head in integers, for inference only: `FEATURES + 9` bytes for each class, and 20 more, rounded up to whole words. The same
/// classes are in use as in the head that it is made from.
///
/// ```
/// use gradient_decay::LinearHead;
/// use gradient_decay::quantized::{Quantization, QuantizedHead};
///
/// let mut head: LinearHead<2, 2> = LinearHead::new();
/// head.import(&[1.0, -1.0, -0.5, 0.25, 0.1, 0.0])?;
/// // Features in [-1, 1], logits in [-4, 4].
/// let (input, output) = (Quantization::new(1.0 / 127.0, 0), Quantization::new(4.0 / 127.0, 0));
/// let small = QuantizedHead::new(&head, input, output)?;
/// let features = [0.5, -0.75].map(|x| input.quantize(x));
/// let logits = small.logits(&features);
/// assert!((output.dequantize(logits[0]) - 1.35).abs() < 0.03);
/// assert_eq!(small.predict(&features)?, 0);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct QuantizedHead<const CLASSES: usize, const FEATURES: usize, M = Libm> {
    weights: [[i8; FEATURES]; CLASSES],
    /// The biases minus the zero point's products: see [`without_zero_point`].
    bias: [i32; CLASSES],
    multiplier: [i32; CLASSES],
    shift: [i8; CLASSES],
    input: Quantization,
    output: Quantization,
    classes: u32,
    math: PhantomData<M>,
}

impl<const CLASSES: usize, const FEATURES: usize, M> QuantizedHead<CLASSES, FEATURES, M> {
    /// The bytes in memory.
    pub const BYTES: usize = size_of::<Self>();

    /// Converts a head to integers, for features and logits of these quantizations. It computes in f32, so it is slow on a core without FPU:
    /// call it once.
    ///
    /// The weights of each row use the whole range [-127, 127]. Its bias is rounded to the nearest i32.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the bias that overflows an i32 in its scale.
    pub fn new<V: StoredVelocity>(
        head: &LinearHead<CLASSES, FEATURES, M, V>,
        input: Quantization,
        output: Quantization,
    ) -> Result<Self, Error> {
        let mut new = QuantizedHead {
            weights: [[0; FEATURES]; CLASSES],
            bias: [0; CLASSES],
            multiplier: [0; CLASSES],
            shift: [0; CLASSES],
            input,
            output,
            classes: head.used() as u32,
            math: PhantomData,
        };
        let rows = new.weights.iter_mut().zip(&mut new.bias).zip(new.multiplier.iter_mut().zip(&mut new.shift));
        let from = head.storage.weights.iter().zip(&head.storage.bias).enumerate();
        for (((row, bias), (multiplier, shift)), (class, (weights, from_bias))) in rows.zip(from) {
            let Some(quantized) = quantize_row(weights, *from_bias, input, output, row) else {
                return Err(Error::NotFinite { slice: Slice::Parameters, index: CLASSES * FEATURES + class });
            };
            *bias = without_zero_point(quantized.bias, row, input);
            (*multiplier, *shift) = multiplier_of(input.scale * quantized.scale / output.scale);
        }
        Ok(new)
    }

    /// A head from existing integers, such as those of a TensorFlow Lite model or of a file that the host wrote: weights with one scale for each
    /// row, biases with that scale times the features' scale. It is const, so that the head can be a static in flash.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the scale of a row is not in [1e-30, 1e30].
    ///
    /// ```
    /// use gradient_decay::quantized::{Quantization, QuantizedHead};
    ///
    /// const INPUT: Quantization = Quantization::new(1.0 / 128.0, 0);
    /// const OUTPUT: Quantization = Quantization::new(1.0 / 32.0, 0);
    /// static HEAD: QuantizedHead<2, 2> =
    ///     match QuantizedHead::from_rows([[127, -127], [-64, 32]], [100, 0], &[1.0 / 128.0, 1.0 / 64.0], INPUT, OUTPUT) {
    ///         Ok(head) => head,
    ///         Err(_) => panic!("a scale is out of range"),
    ///     };
    /// assert_eq!(HEAD.logits(&[64, -64]), [32, -24]); // 1.0 and -0.75
    /// ```
    pub const fn from_rows(
        weights: [[i8; FEATURES]; CLASSES],
        bias: [i32; CLASSES],
        scales: &[f32; CLASSES],
        input: Quantization,
        output: Quantization,
    ) -> Result<Self, Error> {
        let (mut multiplier, mut shift) = ([0; CLASSES], [0; CLASSES]);
        let (mut bias, mut class) = (bias, 0);
        while class < CLASSES {
            let scale = match Quantization::try_new(scales[class], 0) {
                Ok(row) => row.scale,
                Err(error) => return Err(error),
            };
            (multiplier[class], shift[class]) = multiplier_of(input.scale * scale / output.scale);
            bias[class] = without_zero_point(bias[class], &weights[class], input);
            class += 1;
        }
        Ok(QuantizedHead {
            weights,
            bias,
            multiplier,
            shift,
            input,
            output,
            classes: CLASSES as u32,
            math: PhantomData,
        })
    }

    /// The logits of a sample, computed without floating point; -128 for each row that is not in use.
    pub fn logits(&self, features: &[i8; FEATURES]) -> [i8; CLASSES] {
        let (mut logits, mut sums) = ([i8::MIN; CLASSES], self.bias);
        let rows = self.weights.get(..self.classes as usize).unwrap_or_default();
        kernels::add_dot_rows_i8(rows, features, &mut sums);
        let scales = self.multiplier.iter().zip(&self.shift);
        for (logit, (sum, (multiplier, shift))) in logits.iter_mut().zip(sums.iter().zip(scales)) {
            let scaled = scaled(*sum, *multiplier, i32::from(*shift), i32::from(self.output.zero_point));
            *logit = scaled.clamp(-128, 127) as i8;
        }
        if let Some(unused) = logits.get_mut(self.classes as usize..) {
            unused.fill(i8::MIN);
        }
        logits
    }

    /// The class with the largest logit, the first of equal ones; computed without floating point.
    ///
    /// # Errors
    /// [`Error::NoClasses`] if no class is in use.
    pub fn predict(&self, features: &[i8; FEATURES]) -> Result<usize, Error> {
        if self.classes == 0 {
            return Err(Error::NoClasses);
        }
        let logits = self.logits(features);
        let first = (0, i8::MIN);
        Ok(logits.iter().enumerate().fold(first, |best, (class, z)| if *z > best.1 { (class, *z) } else { best }).0)
    }

    /// The quantization of the features.
    pub const fn input(&self) -> Quantization {
        self.input
    }

    /// The quantization of the logits.
    pub const fn output(&self) -> Quantization {
        self.output
    }
}

/// The bias minus the zero point's products, subtracted once here, so that features can be multiplied as they are: `w (x - z)` is
/// `w x - w z`. It is computed modulo 2^32, like the sums; a product is at most 255 * 128, so fewer than 65,000 features cannot overflow an
/// i32.
const fn without_zero_point<const FEATURES: usize>(bias: i32, row: &[i8; FEATURES], input: Quantization) -> i32 {
    let (mut sum, mut i) = (0_i32, 0);
    while i < FEATURES {
        sum = sum.wrapping_add(row[i] as i32);
        i += 1;
    }
    bias.wrapping_sub(sum.wrapping_mul(input.zero_point as i32))
}

/// The scale and the bias of a row in integers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct QuantizedRow {
    /// The scale of the weights.
    pub scale: f32,
    /// The bias, in units of that scale times the features' scale, rounded to the nearest.
    pub bias: i32,
}

/// Quantizes a row: its weights to the nearest integers in [-127, 127], the whole range of which they use, and its bias. `quantized` gets as
/// many weights as it has room for. For heads whose shape is known only at run time; [`QuantizedHead::new`] does this for each row. `None` if
/// the bias overflows an i32 in its scale; `quantized` may then hold anything.
///
/// ```
/// use gradient_decay::quantized::{Quantization, quantize_row};
///
/// let unit = Quantization::new(1.0, 0);
/// let mut quantized = [0; 2];
/// let row = quantize_row(&[1.0, -0.25], 0.5, unit, unit, &mut quantized).unwrap();
/// assert_eq!((quantized, row.bias), ([127, -32], 64));
/// assert!(quantize_row(&[1.0, 1.0], 1e9, unit, unit, &mut quantized).is_none());
/// ```
#[inline]
pub fn quantize_row(
    weights: &[f32],
    bias: f32,
    input: Quantization,
    output: Quantization,
    quantized: &mut [i8],
) -> Option<QuantizedRow> {
    let largest = weights.iter().fold(0.0, |most, w| if w.abs() > most { w.abs() } else { most });
    // A row of zeros can have any scale: choose one that is fine enough for its bias.
    let scale = if largest > 0.0 { largest / 127.0 } else { output.scale / input.scale / 256.0 };
    for (to, w) in quantized.iter_mut().zip(weights) {
        *to = rounded(w / scale) as i8;
    }
    let quotient = rounded(bias / (input.scale * scale));
    // Half the range of an i32, which leaves room for the products.
    let holds = quotient.abs() < 1_073_741_824.0;
    holds.then_some(QuantizedRow { scale, bias: quotient as i32 })
}

impl<const CLASSES: usize, const FEATURES: usize, M: Math> Head for QuantizedHead<CLASSES, FEATURES, M> {
    type Features = [i8; FEATURES];
    /// The value that an i8 logit represents.
    type Number = f32;
    type Math = M;

    fn room(&self) -> usize {
        CLASSES
    }

    fn classes(&self) -> usize {
        self.classes as usize
    }

    fn logits(&self, features: &[i8; FEATURES], logits: &mut [f32]) -> Result<(), Error> {
        check_length(Slice::Logits, CLASSES, logits.len())?;
        for (logit, q) in logits.iter_mut().zip(self.logits(features)) {
            *logit = self.output.dequantize(q);
        }
        mask(logits, self.classes());
        Ok(())
    }
}

/// `value multiplier 2^(shift - 31)`, rounded twice, as TensorFlow Lite's `MultiplyByQuantizedMultiplier` and CMSIS-NN's
/// `arm_nn_requantize` do: first the doubled high product to the nearest, ties up; then the right shift to the nearest, ties away from
/// 0. `shift` is clamped to [-31, 30]; a left shift that overflows wraps around.
///
/// ```
/// use gradient_decay::quantized::requantize;
///
/// const HALF: i32 = 1 << 30;
/// assert_eq!([7, -7, 8].map(|value| requantize(value, HALF, 0)), [4, -3, 4]);
/// assert_eq!([6, -6].map(|value| requantize(value, HALF, -1)), [2, -2]); // 3 / 2
/// ```
pub const fn requantize(value: i32, multiplier: i32, shift: i32) -> i32 {
    let (left, right) = match shift {
        31.. => (30, 0),
        0..=30 => (shift, 0),
        -31..0 => (0, -shift),
        _ => (0, 31),
    };
    let product = doubled_high_product(value.wrapping_mul(1 << left), multiplier);
    match right {
        0 if product > i32::MAX as i64 => i32::MAX,
        0 => product as i32,
        // A right shift makes a power of two of the largest number, whether or not the product is one more and saturates.
        1.. if product >= i32::MAX as i64 => 1 << (31 - right),
        _ => divided_by_power_of_two(product as i32, right.cast_unsigned()),
    }
}

/// `zero_point` more than what [`requantize`] makes by a multiplier of at least 0 and a shift in [-31, 30], as [`multiplier_of`] makes them: with
/// these nothing has to be clamped, and only a sum behind a left shift to be saturated.
const fn scaled(value: i32, multiplier: i32, shift: i32, zero_point: i32) -> i32 {
    if shift >= 0 {
        let product = doubled_high_product(value.wrapping_shl(shift.cast_unsigned()), multiplier) as i32;
        product.saturating_add(zero_point)
    } else {
        let product = doubled_high_product(value, multiplier) as i32;
        divided_by_power_of_two(product, shift.unsigned_abs()) + zero_point
    }
}

/// gemmlowp's SaturatingRoundingDoublingHighMul before it saturates: the product divided by 2^31.
const fn doubled_high_product(a: i32, b: i32) -> i64 {
    // To the nearest, ties up. gemmlowp adds less to a negative product and divides, which truncates: the result is the same.
    (a as i64 * b as i64 + (1 << 30)) >> 31
}

/// gemmlowp's RoundingDivideByPOT, for a value between [`i32::MIN`] and [`i32::MAX`] and an exponent in 1..=31.
const fn divided_by_power_of_two(value: i32, exponent: u32) -> i32 {
    // Subtract 1 from a negative value, so that ties, which round up, round away from 0.
    let halves = (value + (value >> 31)).wrapping_shr(exponent - 1);
    (halves + 1) >> 1
}

/// A positive number as `multiplier 2^(shift - 31)` with the multiplier in [2^30, 2^31): TensorFlow Lite's
/// `QuantizeMultiplier`. A number that is too small becomes 0; one that is too large becomes the largest.
const fn multiplier_of(x: f32) -> (i32, i8) {
    let bits = x.to_bits();
    // The range of a scale excludes subnormal numbers.
    let exponent = (bits >> 23) as i32 - 126;
    if exponent < -31 {
        (0, 0)
    } else if exponent > 30 {
        (i32::MAX, 30)
    } else {
        // The 24 bits of the fraction in [1/2, 1), exactly.
        ((((bits & 0x007f_ffff) | 0x0080_0000) << 7) as i32, exponent as i8)
    }
}

/// Rounds to the nearest integer, ties away from 0; a result beyond an i32 saturates when it is converted.
fn rounded(x: f32) -> f32 {
    let whole = x as i32 as f32;
    if x.abs() >= 8_388_608.0 {
        // Beyond 2^23 every f32 is an integer.
        x
    } else if (x - whole).abs() >= 0.5 {
        whole + if x < 0.0 { -1.0 } else { 1.0 }
    } else {
        whole
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;

    const UNIT: Quantization = Quantization::new(1.0, 0);

    /// A head of existing integers is the one that is made of the floats that they stand for.
    #[test]
    fn rows_that_a_head_was_quantized_to_make_the_same_head() {
        let mut head: LinearHead<3, 4> = LinearHead::new();
        let numbers: [f32; 15] = core::array::from_fn(|i| ((i * 7) % 11) as f32 / 4.0 - 1.3);
        head.import(&numbers).unwrap();
        let (input, output) = (Quantization::new(1.0 / 64.0, -5), Quantization::new(1.0 / 16.0, 3));
        let (mut weights, mut bias, mut scales) = ([[0; 4]; 3], [0; 3], [0.0; 3]);
        for (class, row) in weights.iter_mut().enumerate() {
            let of = quantize_row(&numbers[4 * class..][..4], numbers[12 + class], input, output, row).unwrap();
            (bias[class], scales[class]) = (of.bias, of.scale);
        }
        let from_rows = QuantizedHead::from_rows(weights, bias, &scales, input, output);
        assert_eq!(from_rows, QuantizedHead::new(&head, input, output));
    }

    #[test]
    fn a_row_whose_scale_is_out_of_range_is_refused() {
        for bad in [0.0, 1e-31, 1e31, -1.0, f32::NAN, f32::INFINITY] {
            let refused = QuantizedHead::<2, 1>::from_rows([[1], [1]], [0; 2], &[1.0, bad], UNIT, UNIT);
            assert!(matches!(refused, Err(Error::OutOfRange { number: Number::Scale, .. })), "{bad}");
        }
    }

    /// Logits too large for their scale end at its ends, and those far below it are 0, here the zero point 3.
    #[test]
    fn logits_beyond_their_scale_saturate_and_below_it_vanish() {
        for (scale, x, expected) in [
            (1e-30, 1, [127, -128, 3]), // no multiplier is large enough
            (1e-6, 100, [127, -128, 3]),
            (0.5, 100, [127, -128, 3]),
            (2.0, 100, [103, -97, 3]),
            (512.0, 100, [3, 3, 3]),
            (1e30, 100, [3, 3, 3]), // no multiplier is small enough
        ] {
            let output = Quantization::new(scale, 3);
            let head = QuantizedHead::<3, 2>::from_rows([[1, 0], [-1, 0], [0, 1]], [0; 3], &[2.0; 3], UNIT, output);
            assert_eq!(head.unwrap().logits(&[x, 0]), expected, "{scale}");
        }
    }

    #[test]
    fn a_shift_beyond_a_word_is_that_of_a_whole_word() {
        for value in [i32::MIN, -1_000_000, -1, 0, 1, 7, 1_000_000, i32::MAX] {
            for multiplier in [i32::MAX, 1 << 30, -5] {
                assert_eq!(requantize(value, multiplier, -32), requantize(value, multiplier, -31));
                assert_eq!(requantize(value, multiplier, i32::MIN), requantize(value, multiplier, -31));
                assert_eq!(requantize(value, multiplier, 31), requantize(value, multiplier, 30));
            }
        }
    }

    #[test]
    fn without_a_class_nothing_is_predicted() {
        let mut head: LinearHead<2, 1> = LinearHead::new();
        head.truncate(0).unwrap();
        let small = QuantizedHead::new(&head, UNIT, UNIT).unwrap();
        assert_eq!((small.predict(&[1]), small.logits(&[1])), (Err(Error::NoClasses), [i8::MIN; 2]));
        assert_eq!((small.input(), small.output()), (UNIT, UNIT));
    }
}
