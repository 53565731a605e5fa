//! Settings as source for firmware: Rust against the core, C against its header.

use gradient_decay::StreamingLda;

use super::Tuned;
use crate::tasks::Units;

/// Mean and deviation of each feature that a host fixed.
pub type HostUnits = Option<(Vec<f32>, Vec<f32>)>;

/// A Rust module: the types of the learner, and its settings as constants. With a base (`based`) the head is made of what was trained.
pub fn rust(tuned: &Tuned, units: &HostUnits, based: bool, comment: &str) -> String {
    let (classes, features) = tuned.shape;
    let number = |name| tuned.settings.find(name);
    let (slots, rehearsals) = (number("slots").unwrap_or_default(), number("rehearsals").unwrap_or_default());
    let linear = !tuned.learner.starts_with("discriminant");
    let residual = tuned.learner == "discriminant+residual";
    let packed = "{ kernels::packed(FEATURES) }";
    let base = match based {
        true => format!("MixedHead<'static, CLASSES, FEATURES, {packed}, CLASSES>"),
        false => format!("DiscriminantHead<CLASSES, FEATURES, {packed}>"),
    };
    let beta = number("beta").unwrap_or(1.0);
    let schedule = match (number("first_beta"), number("steps")) {
        (Some(first), Some(steps)) => format!("BetaSchedule::linear({first:?}, {beta:?}, {steps})"),
        _ => format!("BetaSchedule::constant({beta:?})"),
    };
    let tuner = format!("FineTuner::new({schedule}, Sgd::new({:?}))", number("rate").unwrap_or_default());
    let (head, settings, value) = match (linear, residual) {
        (true, _) => ("LinearHead<CLASSES, FEATURES>".to_owned(), "FineTuner".to_owned(), tuner),
        (_, true) => (
            format!("Residual<{base}, Owned<CLASSES, FEATURES>>"),
            "ResidualSettings<StreamingLda>".to_owned(),
            format!("ResidualSettings {{ base: StreamingLda::new(), tuner: {tuner} }}"),
        ),
        _ => (base, "StreamingLda".to_owned(), "StreamingLda::new()".to_owned()),
    };
    let (memory, new_memory) = match slots {
        slots if slots > 0.0 => {
            (format!("Replay<CLASSES, {slots}, [f32; FEATURES], Quantized<FEATURES>>"), "Memory::new(1)")
        }
        _ => ("()".to_owned(), "()"),
    };
    let array = |values: &[f32]| values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
    let (front, new_front, statistics) = match (units, tuned.units) {
        (Some((mean, deviation)), _) => (
            "Standardizer<FEATURES>",
            "Standardizer::from_statistics(&MEAN, &DEVIATION)".to_owned(),
            format!(
                "/// The mean of each feature that the head was trained on.\npub const MEAN: [f32; FEATURES] = [{}];\n\n/// Its deviation.\n\
                 pub const DEVIATION: [f32; FEATURES] = [{}];\n\n",
                array(mean),
                array(deviation)
            ),
        ),
        (None, Units::First(count)) if !based => {
            ("Standardizer<FEATURES>", format!("Standardizer::new({count})"), String::new())
        }
        _ => ("()", "()".to_owned(), String::new()),
    };
    let mut names = vec!["Learner", "Parts"];
    let code = [&head, &settings, &value, &memory].map(String::as_str).join(" ") + front;
    let known = [
        "BetaSchedule",
        "DiscriminantHead",
        "FineTuner",
        "LinearHead",
        "MixedHead",
        "Quantized",
        "Replay",
        "Residual",
        "Sgd",
        "Standardizer",
        "StreamingLda",
        "kernels",
    ];
    // `Residual` is in `ResidualSettings` as well, which only a residual has.
    names.extend(known.into_iter().filter(|name| code.contains(name)));
    names.sort_by_key(|name| (name.starts_with(char::is_lowercase), *name));
    let mut uses = String::new();
    if residual {
        uses += "use gradient_decay::learn::ResidualSettings;\nuse gradient_decay::storage::Owned;\n";
    }
    uses += &format!("use gradient_decay::{{{}}};\n", names.join(", "));
    let made_of = match (based, linear) {
        (false, _) if residual => "`Residual::new(DiscriminantHead::empty(), LinearHead::new())` knows nothing yet",
        (false, true) => "`LinearHead::empty()` knows nothing yet",
        (false, false) => "`DiscriminantHead::empty()` knows nothing yet",
        (true, true) => "the trained head, as `LinearHead::from_le_bytes` reads it",
        (true, false) => {
            "`MixedHead::new` of what the training set said, discounted to 64 samples and 3 a class, and the trained head"
        }
    };
    let comment: String = comment.lines().map(|line| format!("//! {line}\n")).collect();
    format!(
        "{comment}\n{uses}\n/// The classes that there is room for.\npub const CLASSES: usize = {classes};\n\n/// The features of a sample.\n\
         pub const FEATURES: usize = {features};\n\n/// Steps on remembered samples after each label: `learner.rehearse(&SETTINGS, REHEARSALS)`.\n\
         pub const REHEARSALS: u32 = {rehearsals};\n\n{statistics}/// The head.\npub type Head = {head};\n\n/// The samples that are rehearsed.\n\
         pub type Memory = {memory};\n\n/// The learner.\npub type Mine = Learner<Head, Parts<{front}, Memory>>;\n\n\
         /// Its settings.\npub const SETTINGS: {settings} = {value};\n\n\
         /// A learner with this head: {made_of}.\npub const fn learner(head: Head) -> Mine {{\n    let parts =\n        \
         Parts {{ preprocess: {new_front}, memory: {new_memory}, guard: (), calibration: (), readout: () }};\n    \
         Learner::new(head, parts)\n}}\n"
    )
}

/// A C header: the shape as macros, and a function that sets a `gd_trainer` or a `gd_discriminant` up after its `_init`.
pub fn c(tuned: &Tuned, units: &HostUnits, comment: &str) -> String {
    let (classes, features) = tuned.shape;
    let number = |name| tuned.settings.find(name).unwrap_or_default();
    let float = |value: f64| format!("{:?}f", value as f32);
    let comment: String = comment.lines().map(|line| format!(" * {line}\n")).collect();
    let mut text = format!(
        "/*\n{comment} */\n#ifndef GD_TUNED_H\n#define GD_TUNED_H\n\n#include \"gradient_decay.h\"\n\n/* Classes, and features of a sample. */\n\
         #define GD_TUNED_CLASSES {classes}\n#define GD_TUNED_FEATURES {features}\n"
    );
    let standardize = match (units, tuned.units) {
        (None, Units::First(count)) => count,
        _ => 0,
    };
    text += &format!(
        "/* The first samples whose mean and deviation are the units of the features; 0: {}. */\n#define GD_TUNED_STANDARDIZE {standardize}\n",
        if units.is_some() { "those below are" } else { "features stay as they are" }
    );
    if let Some((mean, deviation)) = units {
        for (name, values) in [("mean", mean), ("deviation", deviation)] {
            let values: Vec<String> = values.iter().map(|value| format!("{value:?}f")).collect();
            text += &format!("static const float gd_tuned_{name}[GD_TUNED_FEATURES] = {{{}}};\n", values.join(", "));
        }
    }
    text += &format!(
        "/* Samples to remember of each class, and how many of them go to gd_rehearse after each label. */\n#define GD_TUNED_SLOTS {}\n\
         #define GD_TUNED_REHEARSALS {}\n\n",
        number("slots"),
        number("rehearsals")
    );
    if tuned.learner == "discriminant" {
        let lda = StreamingLda::new();
        text += &format!(
            "/* After gd_discriminant_init. */\nstatic inline gd_status gd_tuned_set(gd_discriminant *discriminant) {{\n    \
             return gd_discriminant_set(discriminant, {}, {}, {}, {}u);\n}}\n",
            float(lda.prior_samples().into()),
            float(lda.prior_variance().into()),
            float(lda.ridge().into()),
            lda.most()
        );
    } else {
        let beta = tuned.settings.find("beta").unwrap_or(1.0);
        let first = tuned.settings.find("first_beta").unwrap_or(beta);
        text += &format!(
            "/* After gd_init. */\nstatic inline gd_status gd_tuned_set(gd_trainer *trainer) {{\n    \
             gd_status status = gd_set_optimizer(trainer, {}, 0.0f, 0.0f);\n    if (status != GD_OK) {{\n        return status;\n    }}\n    \
             return gd_set_beta(trainer, {}, {}, {}u, false);\n}}\n",
            float(number("rate")),
            float(first),
            float(beta),
            number("steps")
        );
    }
    text + "\n#endif\n"
}
