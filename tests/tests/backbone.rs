//! A worked example of a device: a frozen int8 layer runs in an inference library that does not train
//! (embedded-nn), and the head learns on its outputs.

use embedded_nn::fully_connected::fully_connected_s8;
use embedded_nn::types::{Activation, Dims, FcParams, PerTensorQuantParams};
use gradient_decay::quantized::Quantization;
use gradient_decay::{LinearHead, State};
use gradient_decay_app::digits::{FEATURES, HIDDEN, PIXELS, TUNER, extract, trained_head};

/// The hidden layer in int8, as a converter would store it in flash.
struct Backbone {
    weights: Vec<i8>,
    bias: Vec<i32>,
    requantization: PerTensorQuantParams,
    input: Quantization,
    output: Quantization,
}

impl Backbone {
    /// Converts the float layer, for inputs in [0, 1] and outputs up to `largest`.
    fn new(largest: f32) -> Self {
        let mut parameters = vec![0.0; FEATURES * (PIXELS + 1)];
        HIDDEN.export(&mut parameters).unwrap();
        let (weights, bias) = parameters.split_at(FEATURES * PIXELS);
        let input_scale = 1.0 / 255.0;
        let scale = weights.iter().fold(0.0_f32, |most, w| most.max(w.abs())) / 127.0;
        let output_scale = largest / 255.0;
        // A multiplier in [2^30, 2^31) and a power of two, as in TensorFlow Lite.
        let factor = f64::from(input_scale) * f64::from(scale) / f64::from(output_scale);
        let shift = factor.log2().floor() as i32 + 1;
        let multiplier = (factor / 2.0_f64.powi(shift) * 2.0_f64.powi(31)).round() as i32;
        Backbone {
            weights: weights.iter().map(|w| (w / scale).round() as i8).collect(),
            bias: bias.iter().map(|b| (b / (input_scale * scale)).round() as i32).collect(),
            requantization: PerTensorQuantParams::new(multiplier, shift),
            input: Quantization::new(input_scale, -128),
            output: Quantization::new(output_scale, -128),
        }
    }

    /// The features of an image, computed in integers by embedded-nn; only the last line is float.
    fn features(&self, pixels: &[u8; PIXELS]) -> [f32; FEATURES] {
        let image = pixels.map(|grey| self.input.quantize(f32::from(grey) / 16.0));
        // The offsets subtract the zero points; the lower limit of the outputs is the ReLU.
        let params = FcParams {
            input_offset: 128,
            filter_offset: 0,
            output_offset: -128,
            activation: Activation::new(-128, 127),
        };
        let dims = |n: usize, c: usize| Dims { n: n as i32, h: 1, w: 1, c: c as i32 };
        let mut outputs = [0; FEATURES];
        fully_connected_s8(
            &params,
            &self.requantization,
            &dims(1, PIXELS),
            &image,
            &dims(PIXELS, FEATURES),
            &self.weights,
            Some(&self.bias),
            &dims(1, FEATURES),
            &mut outputs,
        )
        .unwrap();
        outputs.map(|q| self.output.dequantize(q))
    }
}

/// The number of test digits predicted right before and after learning from the shifted stream.
fn learn(features: impl Fn(&[u8; PIXELS]) -> [f32; FEATURES]) -> (usize, usize) {
    let (mut head, mut state) = (trained_head(), State::new());
    let right = |head: &LinearHead<10, FEATURES>| {
        let test = digits::device_test();
        let reads =
            |digit: &&digits::Digit| head.predict(&features(&digit.pixels)).unwrap().class == usize::from(digit.label);
        test.iter().filter(reads).count()
    };
    let before = right(&head);
    for digit in digits::device_stream() {
        TUNER.step(&mut head, &mut state, &features(&digit.pixels), usize::from(digit.label)).unwrap();
    }
    (before, right(&head))
}

#[test]
fn a_head_learns_on_an_int8_backbone() {
    let in_float = |pixels: &[u8; PIXELS]| {
        let mut features = [0.0; FEATURES];
        extract(&HIDDEN, pixels, &mut features).unwrap();
        features
    };
    let largest = digits::device_stream().iter().flat_map(|digit| in_float(&digit.pixels)).fold(0.0, f32::max);
    let backbone = Backbone::new(largest);
    let (before, after) = learn(|pixels| backbone.features(pixels));
    let (float_before, float_after) = learn(in_float);
    println!(
        "of 300 digits, on int8 features: {before} right before, {after} after; in float {float_before}, {float_after}"
    );
    assert!(after > before + 40);
    // Two points.
    assert!(before.abs_diff(float_before) <= 6 && after.abs_diff(float_after) <= 6);
}
