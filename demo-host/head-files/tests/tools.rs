//! Files of the real tools, which `fixtures/make.py` has them write, give the logits that those tools compute.

use std::path::{Path, PathBuf};

use gradient_decay::quantized::{Quantization, QuantizedHead};
use head_files::{Found, Head, Meaning, Options, Orientation, read};

/// The rounding of f32 in a logit of a few products: the tools add in another order.
const ROUNDING: f64 = 2e-6;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn found(name: &str) -> Found {
    read(&fixture(name), &Options::default()).unwrap()
}

/// Samples and their logits.
fn expected(name: &str) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let text = std::fs::read_to_string(fixture(&format!("{name}.json"))).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = |key: &str| serde_json::from_value(value[key].clone()).unwrap();
    (rows("x"), rows("z"))
}

/// The logits of a head, in f64.
fn logits(head: &Head, x: &[f64]) -> Vec<f64> {
    let x: Vec<f32> = x.iter().map(|x| *x as f32).collect();
    let x = head.standardization.as_ref().map_or(x.clone(), |standardization| standardization.apply(&x));
    let product = |row: &[f32]| row.iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>();
    head.weights().chunks(head.features()).zip(head.bias()).map(|(row, bias)| product(row) + f64::from(*bias)).collect()
}

/// Less what a softmax does not see.
fn normalised(z: &[f64]) -> Vec<f64> {
    let sum = z.iter().map(|z| z.exp()).sum::<f64>().ln();
    z.iter().map(|z| z - sum).collect()
}

fn agrees(head: &Head, name: &str) {
    let (x, z) = expected(name);
    assert_eq!(x.len(), 5);
    for (x, z) in x.iter().zip(&z) {
        let own = logits(head, x);
        let near = |own: &[f64], z: &[f64]| {
            own.len() == z.len() && own.iter().zip(z).all(|(own, z)| (own - z).abs() <= ROUNDING * (1.0 + z.abs()))
        };
        assert!(near(&own, z) || near(&normalised(&own), z), "{name}: {own:?} {z:?}");
    }
}

#[test]
fn logits_are_those_of_the_tools() {
    for (file, name) in [
        ("float32.safetensors", "float32"),
        ("float16.safetensors", "float16"),
        ("bfloat16.safetensors", "bfloat16"),
        ("keras.npz", "keras"),
        ("fortran.npz", "keras"),
        ("logistic.npz", "logistic"),
        ("multinomial.npz", "multinomial"),
        ("gemm.onnx", "gemm"),
        ("matmul.onnx", "matmul"),
        ("gemm_int8_qdq.onnx", "gemm_int8"),
        ("gemm_int8_qoperator.onnx", "gemm_int8"),
        ("gemm_per_channel_qdq.onnx", "gemm_per_channel"),
        ("gemm_per_channel_qoperator.onnx", "gemm_per_channel"),
        ("matmul_int8_qdq.onnx", "matmul_int8"),
        ("matmul_int8_qoperator.onnx", "matmul_qoperator"),
        ("float.tflite", "float"),
    ] {
        agrees(&found(file).head, name);
    }
    let bias = std::fs::read(fixture("bias.npy")).unwrap();
    let options = Options { bias: Some(bias), ..Options::default() };
    agrees(&read(&fixture("big_endian.npy"), &options).unwrap().head, "keras");
}

/// A note says of everything that was taken and changed.
#[test]
fn notes_say_what_was_done() {
    for (file, parts) in [
        ("keras.npz", &["taken: `kernel`, 3 classes of 4 features, transposed"][..]),
        ("float16.safetensors", &["`classifier.weight` was converted from float16"]),
        ("logistic.npz", &["rounded from float64", "one row is a logistic regression", "standardised by its `mean`"]),
        (
            "gemm.onnx",
            &[
                "taken: `output`, a Gemm, 3 classes of 5",
                "2 dense layers, `hidden`, `output`",
                "left out, behind the layer: Softmax",
            ],
        ),
        (
            "gemm_int8_qoperator.onnx",
            &["a QGemm, 3 classes of 5", "was converted from int8 by its scale", "rounding of features and logits"],
        ),
        ("matmul_int8_qdq.onnx", &["a MatMul, 3 classes of 4", "was converted from int8 by its scales"]),
        ("float.tflite", &["taken: `logits`, a FULLY_CONNECTED", "`hidden`, `logits`", "SOFTMAX"]),
        ("int8.tflite", &["FULLY_CONNECTED, int8, 3 classes of 4"]),
    ] {
        let notes = found(file).notes.join("; ");
        for part in parts {
            assert!(notes.contains(part), "{file}: {notes}");
        }
    }
    let hidden = Options { layer: Some("hidden".to_owned()), ..Options::default() };
    let found = read(&fixture("gemm.onnx"), &hidden).unwrap();
    assert_eq!((found.head.classes(), found.head.features()), (5, 4));
}

/// In the core's integers a model of TFLite has the logits that its reference kernels compute, bit for bit.
#[test]
fn integers_are_those_of_tflite() {
    for name in ["int8", "per_channel"] {
        let integers = found(&format!("{name}.tflite")).integers.unwrap();
        let meaning = |Meaning { scale, zero_point }: Meaning| Quantization::new(scale, zero_point);
        let weights: [[i8; 4]; 3] = std::array::from_fn(|row| integers.weights[4 * row..][..4].try_into().unwrap());
        let (bias, scales) = (integers.bias.clone().try_into().unwrap(), integers.scales.clone().try_into().unwrap());
        let head: QuantizedHead<3, 4> =
            QuantizedHead::from_rows(weights, bias, &scales, meaning(integers.input), meaning(integers.output))
                .unwrap();
        let (x, z) = expected(name);
        for (x, z) in x.iter().zip(&z) {
            let x: Vec<i8> = x.iter().map(|x| *x as i8).collect();
            let own = head.logits(x.as_slice().try_into().unwrap());
            assert_eq!(own.map(f64::from).as_slice(), z.as_slice(), "{name}");
        }
    }
}

fn refused(name: &str, options: &Options, parts: &[&str]) {
    let message = format!("{:#}", read(&fixture(name), options).unwrap_err());
    for part in parts.iter().chain(&[name]) {
        assert!(message.contains(part), "{name}: {message}");
    }
}

#[test]
fn what_leaves_a_question_open_is_refused_with_what_to_add() {
    let default = Options::default();
    refused("square.npz", &default, &["`kernel` is square, 3 x 3", "--orientation features-first (Keras)"]);
    refused("big_endian.npy", &default, &["has no bias, whose length would tell", "add --orientation"]);
    refused("relu.onnx", &default, &["`head` comes Relu", "say by --layer"]);
    refused("external.onnx", &default, &["`w` lies in another file (external data)"]);
    refused("dynamic.onnx", &default, &["whose scale each sample sets (MatMulInteger)", "quantise it statically"]);
    let layer = |name: &str| Options { layer: Some(name.to_owned()), ..Options::default() };
    refused("keras.npz", &layer("dense"), &["there is no matrix `dense`, but `kernel` (4 x 3)"]);
    refused("gemm.onnx", &layer("dense"), &["no dense layer `dense`, but `hidden`, `output`"]);
    refused("float.tflite", &layer("dense"), &["no FULLY_CONNECTED `dense`, but `hidden`, `logits`"]);
    refused("float.tflite", &layer("hidden"), &["an activation (number 1) is fused into it"]);
    refused(
        "gemm.onnx",
        &Options { orientation: Some(Orientation::ClassesFirst), ..default.clone() },
        &["says itself what a row is"],
    );
    refused(
        "keras.npz",
        &Options { orientation: Some(Orientation::ClassesFirst), ..default.clone() },
        &["4 classes by --orientation"],
    );
    refused("missing.npz", &default, &["cannot read"]);
    let square = Options { orientation: Some(Orientation::FeaturesFirst), ..default };
    assert!(read(&fixture("square.npz"), &square).unwrap().notes[0].contains("transposed"));
}

/// A file that was cut off anywhere is refused, unless the head is complete.
#[test]
fn cut_files_are_refused() {
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(format) = head_files::Format::of(&path) else { continue };
        let bytes = std::fs::read(&path).unwrap();
        let whole = format.head(&bytes, &Options::default());
        let read = (0..bytes.len()).filter(|length| match format.head(&bytes[..*length], &Options::default()) {
            Ok(cut) => {
                assert_eq!(
                    Some(&cut.head),
                    whole.as_ref().ok().map(|whole| &whole.head),
                    "{} cut at {length}",
                    path.display()
                );
                true
            }
            Err(_) => false,
        });
        // Behind the graph an ONNX file has the versions of its operators, a TFLite file what fills its last word.
        assert!(read.count() <= 16, "{}", path.display());
    }
}

/// The files with bytes changed at random, as a stable compiler runs it beside `tests/fuzz`: each is read or refused.
#[test]
fn damaged_files_are_read_or_refused() {
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(format) = head_files::Format::of(&path) else { continue };
        let bytes = std::fs::read(&path).unwrap();
        for _ in 0..2000 {
            let mut damaged = bytes.clone();
            for _ in 0..=random(4) {
                let at = random(damaged.len());
                damaged[at] = [random(256) as u8, 0, 0xff, damaged[at] ^ 1 << random(8)][random(4)];
            }
            let orientation = [None, Some(Orientation::ClassesFirst)][random(2)];
            let _: anyhow::Result<Found> = format.head(&damaged, &Options { orientation, ..Options::default() });
        }
    }
}
