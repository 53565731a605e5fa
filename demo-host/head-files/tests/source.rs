//! Heads written as source code: they compile, against the core and against the header of its C library, and have the bits of the head.

mod generated;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use generated::{integers, linear, prior};
use gradient_decay::{DiscriminantHead, Head as _, Learner, LinearHead, Parts, Preprocess as _, Standardizer};
use head_files::{Format, Head, Integers, Meaning, Prior, PriorSettings, Source, Standardization, write};

/// Numbers at the edges of f32 among them.
fn head() -> Head {
    let weights = vec![0.1, -0.0, f32::MAX, 1e-45, -f32::MIN_POSITIVE, 16_777_216.0, 1.0 / 3.0, 0.0, -2.5e-7];
    let standardization = Standardization::new(vec![20.5, -1e-3, 0.0], vec![0.3, 7.0, 0.0]).unwrap();
    Head::new(weights, &[1e-7, -123.456, 0.0], 3).unwrap().with_standardization(standardization).unwrap()
}

fn in_integers() -> Integers {
    let weights = vec![0.5, -0.25, 1.0, 0.125, -3.0, 2.0];
    let head = Head::new(weights, &[0.5, -1.0, 0.25], 2).unwrap();
    Integers::of_head(&head, Meaning::of_range(-2.0, 2.0).unwrap(), Meaning::of_range(-9.0, 9.0).unwrap()).unwrap()
}

fn of_table() -> Prior {
    let (mut table, mut labels) = (Vec::new(), Vec::new());
    for i in 0..30_u8 {
        let (noise, side) = (f32::from(i * 7 % 10), f32::from(i % 2));
        table.extend([side * 8.0 + noise, 100.0 - noise * side]);
        labels.push(usize::from(i % 2));
    }
    Prior::of_table(&table, 2, &labels, &PriorSettings::default()).unwrap()
}

fn text(source: Source<'_>, format: Format) -> String {
    String::from_utf8(write(source, format, "a test").unwrap()).unwrap()
}

#[test]
fn the_generated_modules_are_up_to_date() {
    let (head, integers, prior) = (head(), in_integers(), of_table());
    for (name, source) in [
        ("linear", Source::Head(&head)),
        ("integers", Source::Integers(&integers, None)),
        ("prior", Source::Prior(&prior)),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/generated/{name}.rs"));
        let made = text(source, Format::Rust);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap() == made,
            "{name}.rs is not what is written: BLESS=1 writes it anew"
        );
    }
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn a_constant_of_rust_has_the_bits_of_the_head() {
    let (head, mut parameters) = (head(), [0.0; 12]);
    linear::HEAD.export(&mut parameters).unwrap();
    assert_eq!(bits(&parameters), bits(head.parameters()));
    assert_eq!((linear::CLASSES, linear::FEATURES), (3, 3));
    let x = [21.0, 3.0, 0.5];
    let own = linear::STANDARDIZER.apply(&x, |x| *x).unwrap();
    assert_eq!(bits(&own), bits(&head.standardization.unwrap().apply(&x)));
}

/// As the core itself rounds the head.
#[test]
fn integers_of_rust_are_those_of_the_core() {
    let head: LinearHead<3, 2> =
        LinearHead::from_rows(&[[0.5, -0.25], [1.0, 0.125], [-3.0, 2.0]], &[0.5, -1.0, 0.25]).unwrap();
    let own = gradient_decay::QuantizedHead::new(&head, integers::INPUT, integers::OUTPUT).unwrap();
    assert_eq!(integers::HEAD, own);
    assert_eq!((integers::CLASSES, integers::FEATURES), (3, 2));
}

#[test]
fn a_prior_of_rust_answers_before_a_label() {
    type Device = Learner<DiscriminantHead<2, 2, 1>, Parts<Standardizer<2>, (), (), (), ()>>;
    let parts = Parts { preprocess: Standardizer::new(30), memory: (), guard: (), calibration: (), readout: () };
    let mut device = Device::new(prior::Head::new(), parts);
    prior::load(&mut device).unwrap();
    let mut right = 0;
    for i in 0..30_u8 {
        let (noise, side) = (f32::from(i * 7 % 10), f32::from(i % 2));
        let mut p = [0.0; 2];
        device.probabilities(&[side * 8.0 + noise, 100.0 - noise * side], &mut p).unwrap();
        right += usize::from((p[1] > 0.5) == (side == 1.0));
    }
    assert!(right >= 27, "{right} of 30");
    assert_eq!((device.head().samples(0), device.head().labels(), device.head().classes()), (3, 0, prior::CLASSES));
    assert_eq!(prior::FEATURES, 2);
}

/// Compiled with the header of the C library; what a program prints of it are the bits of the head.
#[test]
fn constants_of_c_compile_and_have_the_bits_of_the_head() {
    let (head, integers, prior) = (head(), in_integers(), of_table());
    let standardization = head.standardization.as_ref().unwrap();
    let floats =
        "static void show(float x) { uint32_t bits; memcpy(&bits, &x, 4); printf(\"%lu\\n\", (unsigned long)bits); }\n";
    // The library's functions, of which these tests need no more than to see what they are called with.
    let linear = format!(
        "{floats}
gd_status gd_init(gd_trainer *t, float *p, size_t n, uint16_t classes, uint16_t features) {{
    (void)t;
    for (size_t i = 0; i < n; i++) show(p[i]);
    printf(\"%d %d\\n\", classes, features);
    return GD_OK;
}}
int main(void) {{
    gd_trainer trainer;
    float parameters[HEAD_PARAMETERS], x[HEAD_FEATURES] = {{21.0f, 3.0f, 0.5f}};
    head_standardize(x);
    for (int i = 0; i < HEAD_FEATURES; i++) show(x[i]);
    return head_init(&trainer, parameters);
}}
"
    );
    let mut expected = String::new();
    for number in standardization.apply(&[21.0, 3.0, 0.5]).iter().chain(head.parameters()) {
        writeln!(expected, "{}", number.to_bits()).unwrap();
    }
    assert_eq!(printed("linear", &text(Source::Head(&head), Format::C), &linear), expected + "3 3\n");

    let in_integers = format!(
        "{floats}
int main(void) {{
    show(HEAD_INPUT_SCALE);
    for (int i = 0; i < HEAD_CLASSES * HEAD_FEATURES; i++) printf(\"%d\\n\", head_weights[i]);
    for (int i = 0; i < HEAD_CLASSES; i++) {{ printf(\"%ld\\n\", (long)head_bias[i]); show(head_weight_scales[i]); }}
    return HEAD_INPUT_ZERO_POINT - {} + HEAD_OUTPUT_ZERO_POINT - {} + (HEAD_OUTPUT_SCALE > 1.0f);
}}
",
        integers.input.zero_point, integers.output.zero_point
    );
    let mut expected = format!("{}\n", integers.input.scale.to_bits());
    integers.weights.iter().for_each(|weight| writeln!(expected, "{weight}").unwrap());
    for (bias, scale) in integers.bias.iter().zip(&integers.scales) {
        writeln!(expected, "{bias}\n{}", scale.to_bits()).unwrap();
    }
    assert_eq!(printed("integers", &text(Source::Integers(&integers, None), Format::C), &in_integers), expected);

    let of_prior = "
gd_status gd_discriminant_load(gd_discriminant *d, const uint8_t *bytes, size_t size) {
    (void)d;
    for (size_t i = 0; i < size; i++) printf(\"%d\\n\", bytes[i]);
    return GD_OK;
}
int main(void) {
    gd_discriminant discriminant;
    float x[PRIOR_FEATURES] = {0};
    prior_standardize(x);
    return prior_load(&discriminant);
}
";
    let expected: String = prior.checkpoint().iter().map(|byte| format!("{byte}\n")).collect();
    assert_eq!(printed("prior", &text(Source::Prior(&prior), Format::C), of_prior), expected);
}

/// The program of the C library's README, which includes a head and a prior.
#[test]
fn the_start_from_a_head_and_a_prior_that_the_readme_shows_compiles() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../firmware/c-api/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, program) = readme.split_once("tests/source.rs -->\n```c\n").unwrap();
    let (program, _) = program.split_once("```").unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("start");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("head.h"), text(Source::Head(&head()), Format::C)).unwrap();
    std::fs::write(folder.join("prior.h"), text(Source::Prior(&of_table()), Format::C)).unwrap();
    std::fs::write(folder.join("main.c"), format!("{program}\nint main(void) {{ return start(); }}\n")).unwrap();
    let mut compiler = compiler();
    assert!(compiler.arg("-fsyntax-only").arg(folder.join("main.c")).status().unwrap().success());
}

fn compiler() -> Command {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../firmware/c-api/include");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-ffp-contract=off", "-I"]).arg(library);
    compiler
}

/// The output of a C program that includes a header of constants.
fn printed(name: &str, header: &str, program: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("head.h"), header).unwrap();
    std::fs::write(folder.join("main.c"), format!("#include <stdio.h>\n#include \"head.h\"\n{program}")).unwrap();
    let mut compiler = compiler();
    compiler.arg(folder.join("main.c")).arg("-o").arg(folder.join("program"));
    assert!(compiler.status().unwrap().success(), "{name} does not compile");
    let output = Command::new(folder.join("program")).output().unwrap();
    assert!(output.status.success(), "{name}: {:?}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
