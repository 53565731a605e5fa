use anyhow::{Result, ensure};

use super::{float, lines, plain};
use crate::format::Source;
use crate::head::{Head, Standardization};
use crate::integers::{Integers, Meaning};
use crate::prior::Prior;

/// A header of constants, to be included by one file beside the library's `gradient_decay.h`.
pub(crate) fn c(source: Source<'_>, made_of: &str) -> Result<String> {
    let (name, body, standardization) = match source {
        Source::Head(head) => ("head", linear(head)?, head.standardization.as_ref()),
        Source::Integers(integers, standardization) => ("head", in_integers(integers), standardization),
        Source::Prior(prior) => ("prior", discriminant(prior)?, prior.standardization()),
    };
    let guard = name.to_uppercase();
    Ok(format!(
        "/* Made by demo-host of {}. Include it in one file. */

#ifndef GD_{guard}_H
#define GD_{guard}_H

#include <string.h>

#include \"gradient_decay.h\"

{body}{}
#endif
",
        plain(made_of),
        standardize(name, standardization)
    ))
}

/// The C library counts classes and features in 16 bits.
fn check(classes: usize, features: usize) -> Result<()> {
    ensure!(
        classes <= 65_535 && features <= 65_535,
        "the head is {classes} x {features}, but the C library takes up to 65535 classes and features"
    );
    Ok(())
}

fn sizes(name: &str, classes: usize, features: usize) -> String {
    format!("#define {name}_CLASSES {classes}\n#define {name}_FEATURES {features}\n")
}

fn floats(numbers: &[f32]) -> String {
    lines(numbers.iter().map(|number| float(*number) + "f"), 4)
}

fn linear(head: &Head) -> Result<String> {
    check(head.classes(), head.features())?;
    Ok(format!(
        "{}#define HEAD_PARAMETERS (HEAD_CLASSES * (HEAD_FEATURES + 1))

/* The weights row by row (a row is a class), then the biases. */
static const float head_parameters[HEAD_PARAMETERS] = {{
{}
}};

/* Copies the head into `parameters`, HEAD_PARAMETERS floats in RAM, and makes a trainer of it. */
static inline gd_status head_init(gd_trainer *trainer, float *parameters) {{
    memcpy(parameters, head_parameters, sizeof head_parameters);
    return gd_init(trainer, parameters, HEAD_PARAMETERS, HEAD_CLASSES, HEAD_FEATURES);
}}
",
        sizes("HEAD", head.classes(), head.features()),
        floats(head.parameters())
    ))
}

fn in_integers(integers: &Integers) -> String {
    let meaning = |name: &str, Meaning { scale, zero_point }: Meaning| {
        format!("#define HEAD_{name}_SCALE {}f\n#define HEAD_{name}_ZERO_POINT ({zero_point})\n", float(scale))
    };
    let numbers = |numbers: &[i32]| {
        // The smallest int32_t has no literal of its type.
        lines(numbers.iter().map(|n| if *n == i32::MIN { "INT32_MIN".to_owned() } else { n.to_string() }), 4)
    };
    format!(
        "{}
/* A number stands for scale * (q - zero point), as in TensorFlow Lite and CMSIS-NN. */
{}{}
/* Row by row; a row is a class. */
static const int8_t head_weights[HEAD_CLASSES * HEAD_FEATURES] = {{
{}
}};

/* One a class. */
static const float head_weight_scales[HEAD_CLASSES] = {{
{}
}};

/* One a class, in the product of the features' and the row's scale. */
static const int32_t head_bias[HEAD_CLASSES] = {{
{}
}};
",
        sizes("HEAD", integers.bias.len(), integers.features),
        meaning("INPUT", integers.input),
        meaning("OUTPUT", integers.output),
        lines(&integers.weights, 4),
        floats(&integers.scales),
        numbers(&integers.bias)
    )
}

fn discriminant(prior: &Prior) -> Result<String> {
    let (classes, features) = (prior.counts().len(), prior.features());
    check(classes, features)?;
    Ok(format!(
        "{}
/* A checkpoint: gd_learner_load takes it, of a learner with gd_head_discriminant, or gd_head_mixed and a trained head of the same classes. */
static const uint8_t prior_checkpoint[{}] = {{
{}
}};

/* Puts it into a discriminant that gd_discriminant_init has made with room for PRIOR_CLASSES classes of PRIOR_FEATURES features. */
static inline gd_status prior_load(gd_discriminant *discriminant) {{
    return gd_discriminant_load(discriminant, prior_checkpoint, sizeof prior_checkpoint);
}}
",
        sizes("PRIOR", classes, features),
        prior.checkpoint().len(),
        lines(prior.checkpoint(), 4)
    ))
}

fn standardize(name: &str, standardization: Option<&Standardization>) -> String {
    let Some(standardization) = standardization else { return String::new() };
    let size = format!("{}_FEATURES", name.to_uppercase());
    format!(
        "
static const float {name}_mean[{size}] = {{
{}
}};

/* One over the deviation of each feature. */
static const float {name}_scale[{size}] = {{
{}
}};

/* Brings {size} features to mean 0 and deviation 1, as the head expects them. */
static inline void {name}_standardize(float *features) {{
    for (int i = 0; i < {size}; i++) {{
        features[i] = (features[i] - {name}_mean[i]) * {name}_scale[i];
    }}
}}
",
        floats(standardization.mean()),
        floats(&standardization.scale())
    )
}
