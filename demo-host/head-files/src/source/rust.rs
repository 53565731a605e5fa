use super::{float, lines, plain};
use crate::format::Source;
use crate::head::{Head, Standardization};
use crate::integers::{Integers, Meaning};
use crate::prior::Prior;

/// A module of constants, which compiles with the core alone.
pub(crate) fn rust(source: Source<'_>, made_of: &str) -> String {
    let made_of = plain(made_of);
    match source {
        Source::Head(head) => linear(head, &made_of),
        Source::Integers(integers, standardization) => in_integers(integers, standardization, &made_of),
        Source::Prior(prior) => discriminant(prior, &made_of),
    }
}

fn linear(head: &Head, made_of: &str) -> String {
    let (classes, features) = (head.classes(), head.features());
    let used = if head.standardization.is_some() { "{LinearHead, Standardizer}" } else { "LinearHead" };
    format!(
        "//! A linear head, made by `demo-host` of {made_of}.
#![allow(dead_code)]

use gradient_decay::{used};

/// The classes.
pub const CLASSES: usize = {classes};

/// The features of a sample.
pub const FEATURES: usize = {features};

/// The weights, a row a class.
const WEIGHTS: [[f32; FEATURES]; CLASSES] = [
{}
];

/// The biases.
const BIAS: [f32; CLASSES] = [
{}
];

/// The head.
pub const HEAD: LinearHead<CLASSES, FEATURES> = match LinearHead::from_rows(&WEIGHTS, &BIAS) {{
    Ok(head) => head,
    Err(_) => panic!(\"a parameter is not finite\"),
}};
{}",
        rows(head.weights().chunks(features), |weight| float(*weight)),
        lines(head.bias().iter().map(|bias| float(*bias)), 4),
        standardizer_of(head.standardization.as_ref())
    )
}

fn in_integers(integers: &Integers, standardization: Option<&Standardization>, made_of: &str) -> String {
    let standardizer = if standardization.is_some() { "use gradient_decay::Standardizer;\n" } else { "" };
    let quantization =
        |Meaning { scale, zero_point }: Meaning| format!("Quantization::new({}, {zero_point})", float(scale));
    format!(
        "//! A linear head in integers, made by `demo-host` of {made_of}.
#![allow(dead_code)]

{standardizer}use gradient_decay::quantized::{{Quantization, QuantizedHead}};

/// The classes.
pub const CLASSES: usize = {};

/// The features of a sample.
pub const FEATURES: usize = {};

/// The meaning of a feature in i8.
pub const INPUT: Quantization = {};

/// The meaning of a logit in i8.
pub const OUTPUT: Quantization = {};

/// The weights, a row a class.
const WEIGHTS: [[i8; FEATURES]; CLASSES] = [
{}
];

/// The biases, in the product of the features' and the row's scale.
const BIAS: [i32; CLASSES] = [
{}
];

/// The scale of each row.
const SCALES: [f32; CLASSES] = [
{}
];

/// The head.
pub const HEAD: QuantizedHead<CLASSES, FEATURES> =
    match QuantizedHead::from_rows(WEIGHTS, BIAS, &SCALES, INPUT, OUTPUT) {{
        Ok(head) => head,
        Err(_) => panic!(\"a scale is out of range\"),
    }};
{}",
        integers.bias.len(),
        integers.features,
        quantization(integers.input),
        quantization(integers.output),
        rows(integers.weights.chunks(integers.features), ToString::to_string),
        lines(&integers.bias, 4),
        lines(integers.scales.iter().map(|scale| float(*scale)), 4),
        standardizer_of(standardization)
    )
}

fn discriminant(prior: &Prior, made_of: &str) -> String {
    let standardizer = match prior.standardization() {
        Some(_) => " It holds the standardisation as well, which a learner with a\n/// `Standardizer` takes over.",
        None => "",
    };
    format!(
        "//! The knowledge of a discriminant before its first label, made by `demo-host` of {made_of}.
#![allow(dead_code)]

use gradient_decay::{{DiscriminantHead, Error, Saved, checkpoint, kernels}};

/// The classes.
pub const CLASSES: usize = {};

/// The features of a sample.
pub const FEATURES: usize = {};

/// The head that the prior is for.
pub type Head = DiscriminantHead<CLASSES, FEATURES, {{ kernels::packed(FEATURES) }}>;

/// The core's checkpoint of it.
pub static CHECKPOINT: [u8; {}] = [
{}
];

/// Puts the prior into a head, or into a learner with one.{standardizer}
///
/// # Errors
/// If it has another head than [`Head`].
pub fn load<T: Saved>(into: &mut T) -> Result<(), Error> {{
    checkpoint::read(&CHECKPOINT, into)
}}
",
        prior.counts().len(),
        prior.features(),
        prior.checkpoint().len(),
        lines(prior.checkpoint(), 4)
    )
}

fn standardizer_of(standardization: Option<&Standardization>) -> String {
    let Some(standardization) = standardization else { return String::new() };
    let numbers = |numbers: &[f32]| lines(numbers.iter().map(|number| float(*number)), 4);
    format!(
        "
/// The mean of each feature.
const MEAN: [f32; FEATURES] = [
{}
];

/// The deviation of each feature.
const DEVIATION: [f32; FEATURES] = [
{}
];

/// Brings features to mean 0 and deviation 1, as the head expects them.
pub const STANDARDIZER: Standardizer<FEATURES> = Standardizer::from_statistics(&MEAN, &DEVIATION);
",
        numbers(standardization.mean()),
        numbers(standardization.deviation())
    )
}

fn rows<'a, T: 'a>(rows: impl Iterator<Item = &'a [T]>, text: impl Fn(&T) -> String) -> String {
    let row = |row: &[T]| format!("    [\n{}\n    ],", lines(row.iter().map(&text), 8));
    rows.map(row).collect::<Vec<_>>().join("\n")
}
