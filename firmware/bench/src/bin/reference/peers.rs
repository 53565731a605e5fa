//! The other libraries that a registry holds.

use core::hint::black_box;

use bench::InstructionCounter;
use bench::case::Case;
use embedded_nn::float_ops::{fully_connected_f32, softmax_f32};
use embedded_nn::types::Dims;
use mynn::activations::SIGMOID;
use mynn::network::{EndLayer, ProcessLayer};

use crate::report;

/// embedded-nn: a dense layer and a softmax; it does not train. mynn: a dense layer with its sigmoid, and its training step,
/// whose loss is the squared error; it has no softmax.
pub fn count<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize>(
    counter: &mut InstructionCounter,
    case: &Case<CLASSES, FEATURES, PARAMETERS>,
) {
    let (weights, bias) = case.parameters.split_at(CLASSES * FEATURES);
    let dims = |n: usize, c: usize| Dims { n: n as i32, h: 1, w: 1, c: c as i32 };
    let (inputs, filter, outputs) = black_box((dims(1, FEATURES), dims(FEATURES, CLASSES), dims(1, CLASSES)));
    let (mut logits, mut p) = ([0.0; CLASSES], [0.0; CLASSES]);
    let inference = case.largest(|features, _| {
        let (done, count) = counter.count(|| {
            fully_connected_f32(&inputs, features, &filter, weights, Some(bias), &outputs, &mut logits)
                .and_then(|()| softmax_f32(&logits, 1, CLASSES, &mut p))
        });
        done.expect("the shapes fit");
        black_box(p);
        count
    });
    report("embedded-nn-inference", CLASSES, FEATURES, inference);

    let mut rows = [[0.0; FEATURES]; CLASSES];
    rows.as_flattened_mut().copy_from_slice(weights);
    let biases = core::array::from_fn(|class| bias[class]);
    let mut layer: ProcessLayer<CLASSES, FEATURES, CLASSES, EndLayer<CLASSES>> =
        ProcessLayer::new_with(EndLayer(), rows, biases);
    let inference = case.largest(|features, _| {
        let (p, count) = counter.count(|| layer.predict(*features, &SIGMOID));
        black_box(p);
        count
    });
    report("mynn-inference", CLASSES, FEATURES, inference);
    let step = case.largest(|features, target| {
        let mut one_hot = [0.0; CLASSES];
        one_hot[target] = 1.0;
        let ((), count) = counter.count(|| layer.train(0.01, [*features], [one_hot], 1, &SIGMOID));
        count
    });
    report("mynn-step", CLASSES, FEATURES, step);
}
