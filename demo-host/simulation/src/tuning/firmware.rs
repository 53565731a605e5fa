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
    let neighbours = tuned.learner == "discriminant+neighbours";
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
        _ if neighbours => (
            format!("Neighbours<{base}, OwnedSlots<CLASSES, {slots}, [f32; FEATURES], Quantized<FEATURES>>>"),
            "StreamingLda".to_owned(),
            "StreamingLda::new()".to_owned(),
        ),
        _ => (base, "StreamingLda".to_owned(), "StreamingLda::new()".to_owned()),
    };
    let (memory, new_memory) = match slots {
        slots if slots > 0.0 && !neighbours => {
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
        "Neighbours",
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
    if neighbours {
        uses += "use gradient_decay::replay::OwnedSlots;\n";
    }
    uses += &format!("use gradient_decay::{{{}}};\n", names.join(", "));
    let made_of = match (based, linear) {
        (false, _) if residual => "`Residual::new(DiscriminantHead::empty(), LinearHead::new())` knows nothing yet",
        (false, _) if neighbours => "`Neighbours::new(DiscriminantHead::empty(), Replay::new(1))` knows nothing yet",
        (false, true) => "`LinearHead::empty()` knows nothing yet",
        (false, false) => "`DiscriminantHead::empty()` knows nothing yet",
        (true, _) if neighbours => {
            "`Neighbours::new` of an empty `Replay` and `MixedHead::new` of what the training set said, discounted to 64 samples and 3 a class, \
             and the trained head"
        }
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

/// A C header: the shape and the bytes as macros, and a function that makes a `gd_learner` with these settings. With a base (`based`) a discriminant
/// starts from `head.h` and `prior.h`, which it includes.
pub fn c(tuned: &Tuned, units: &HostUnits, based: bool, comment: &str) -> String {
    let (classes, features) = tuned.shape;
    let number = |name| tuned.settings.find(name).unwrap_or_default();
    let float = |value: f64| format!("{:?}f", value as f32);
    let comment: String = comment.lines().map(|line| format!(" * {line}\n")).collect();
    let discriminant = tuned.learner.starts_with("discriminant");
    let neighbours = tuned.learner == "discriminant+neighbours";
    let (slots, rehearsals) = (number("slots"), number("rehearsals"));
    let first = match (units, tuned.units) {
        (None, Units::First(count)) => count,
        _ => 0,
    };
    let (mut bytes, mut parts) = (Vec::new(), String::new());
    let mixed = based && discriminant;
    let head = match (neighbours, discriminant) {
        (true, _) if mixed => "mixed_neighbours_i8",
        (true, _) => "neighbours_i8",
        (_, true) if mixed => "mixed",
        (_, true) => "discriminant",
        _ => "linear",
    };
    let kept = if neighbours { format!(", {slots}") } else { String::new() };
    bytes.push(format!("GD_HEAD_{}_BYTES(GD_TUNED_CLASSES, GD_TUNED_FEATURES{kept})", head.to_uppercase()));
    if neighbours {
        parts += &format!("    config.kept_slots = {slots};\n    config.seed = 1;\n");
    }
    if units.is_some() || first > 0 {
        bytes.push("GD_PART_STANDARDIZER_BYTES(GD_TUNED_FEATURES)".to_owned());
        parts += &format!(
            "    config.standardizer = &gd_part_standardizer;\n    config.standardize_first = {};\n",
            first.max(1)
        );
    }
    if slots > 0.0 && !neighbours {
        bytes.push(format!("GD_PART_MEMORY_I8_BYTES(GD_TUNED_CLASSES, GD_TUNED_FEATURES, {slots})"));
        parts +=
            &format!("    config.memory = &gd_part_memory_i8;\n    config.slots = {slots};\n    config.seed = 1;\n");
    }
    let mut set = Vec::new();
    if mixed {
        parts += "    config.trained = &trained;\n";
        set.push("gd_learner_load(learner, prior_checkpoint, sizeof prior_checkpoint)".to_owned());
    }
    if units.is_some() {
        set.push("gd_learner_set_units(learner, gd_tuned_mean, gd_tuned_deviation, GD_TUNED_FEATURES)".to_owned());
    }
    if discriminant {
        let lda = StreamingLda::new();
        let [samples, variance, ridge] =
            [lda.prior_samples(), lda.prior_variance(), lda.ridge()].map(|value| float(value.into()));
        set.push(format!("gd_learner_set_lda(learner, {samples}, {variance}, {ridge}, {}u)", lda.most()));
    } else {
        let beta = tuned.settings.find("beta").unwrap_or(1.0);
        let start = tuned.settings.find("first_beta").unwrap_or(beta);
        set.push(format!("gd_learner_set_optimizer(learner, {}, 0.0f, 0.0f)", float(number("rate"))));
        let (start, end) = (float(start), float(beta));
        set.push(format!("gd_learner_set_beta(learner, {start}, {end}, {}u, false)", number("steps")));
    }
    let set: String =
        set.iter().map(|call| format!("    if (status == GD_OK) {{\n        status = {call};\n    }}\n")).collect();
    let (includes, check) = match mixed {
        true => (
            "/* The trained head and what its training set says, as demo-host export writes them, with features in the same units. */\n\
             #include \"head.h\"\n#include \"prior.h\"\n",
            "\n#if HEAD_CLASSES != GD_TUNED_CLASSES || HEAD_FEATURES != GD_TUNED_FEATURES || PRIOR_CLASSES != GD_TUNED_CLASSES || \\\n    \
             PRIOR_FEATURES != GD_TUNED_FEATURES\n#error \"head.h and prior.h must have the classes and features that were tuned for\"\n#endif\n",
        ),
        false => ("", ""),
    };
    let mut text = format!(
        "/*\n{comment} */\n#ifndef GD_TUNED_H\n#define GD_TUNED_H\n\n#include \"gradient_decay.h\"\n{includes}\n/* Classes, and features of a sample. */\n\
         #define GD_TUNED_CLASSES {classes}\n#define GD_TUNED_FEATURES {features}\n\
         /* Steps on remembered samples after each label: gd_learner_rehearse. */\n#define GD_TUNED_REHEARSALS {rehearsals}\n\
         /* The bytes of the learner's memory. */\n#define GD_TUNED_BYTES \\\n    GD_LEARNER_BYTES({})\n{check}\n",
        bytes.join(" + \\\n                     ")
    );
    if let Some((mean, deviation)) = units {
        for (name, values) in [("mean", mean), ("deviation", deviation)] {
            let values: Vec<String> = values.iter().map(|value| format!("{value:?}f")).collect();
            text += &format!("static const float gd_tuned_{name}[GD_TUNED_FEATURES] = {{{}}};\n", values.join(", "));
        }
        text += "\n";
    }
    let observed = if first > 0 {
        format!(" The first {first} samples fix its units: gd_learner_observe.")
    } else {
        String::new()
    };
    let (classes, trained, unused) = match mixed {
        true => (
            "All classes are in use.",
            "    static const gd_trained trained = {head_parameters, NULL, HEAD_CLASSES};\n",
            "",
        ),
        false => ("No class is in use: they come by gd_learner_add_class.", "", "config.unused = "),
    };
    text += &format!(
        "/* Makes the learner in GD_TUNED_BYTES bytes, at a multiple of 8. {classes}{observed} */\n\
         static inline gd_status gd_tuned_init(gd_learner *learner, void *memory, size_t size) {{\n{trained}    \
         gd_learner_config config = {{0}};\n    config.head = &gd_head_{head};\n{parts}    config.classes = {unused}GD_TUNED_CLASSES;\n    \
         config.features = GD_TUNED_FEATURES;\n    gd_status status = gd_learner_init(learner, &config, memory, size);\n{set}    \
         return status;\n}}\n"
    );
    text + "\n#endif\n"
}
