//! The formats, told apart by the ending of a file's name.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use safetensors::Dtype;

use crate::arrays::Orientation;
use crate::checkpoint::Content;
use crate::head::{Found, Head, Standardization};
use crate::integers::Integers;
use crate::prior::Prior;
use crate::{checkpoint, npy, onnx, source, tflite};

/// A format of files with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.ckpt`: the core's checkpoint.
    Checkpoint,
    /// `.bin`: the parameters, little-endian f32, row by row, then the biases.
    Parameters,
    /// `.npy`: a matrix.
    Npy,
    /// `.npz`: named arrays.
    Npz,
    /// `.safetensors`: named tensors.
    Safetensors,
    /// `.onnx`: a graph.
    Onnx,
    /// `.tflite`: a graph.
    Tflite,
    /// `.rs`: constants of Rust.
    Rust,
    /// `.h`: constants of C.
    C,
}

/// Options that a user gives beside the name of a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which layer or array.
    pub layer: Option<String>,
    /// The meaning of a row of a matrix, where the shape does not tell.
    pub orientation: Option<Orientation>,
    /// The classes of bare parameters.
    pub classes: Option<usize>,
    /// The content of the `.npy` file with the bias of a `.npy` file.
    pub bias: Option<Vec<u8>>,
}

impl Format {
    /// The format of a file by the ending of its name.
    ///
    /// # Errors
    /// If it is none of these; the message names them.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        Ok(match ending.to_ascii_lowercase().as_str() {
            "ckpt" => Format::Checkpoint,
            "bin" => Format::Parameters,
            "npy" => Format::Npy,
            "npz" => Format::Npz,
            "safetensors" => Format::Safetensors,
            "onnx" => Format::Onnx,
            "tflite" => Format::Tflite,
            "rs" => Format::Rust,
            "h" => Format::C,
            "h5" | "keras" => bail!(
                "{}: Keras' own files are not read; save the last layer by numpy.savez('head.npz', kernel=layer.kernel, bias=layer.bias)",
                path.display()
            ),
            "pt" | "pth" | "pkl" | "joblib" => bail!(
                "{}: pickled files are not read, since they run code; save the head by safetensors or numpy.savez",
                path.display()
            ),
            _ => bail!(
                "{} has none of the endings that say what a file is: .safetensors, .npz, .npy, .onnx, .tflite, .ckpt, .bin, and to be written .rs and .h",
                path.display()
            ),
        })
    }

    /// The head in the content of a file of this format.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn head(self, bytes: &[u8], options: &Options) -> Result<Found> {
        ensure!(
            options.bias.is_none() || self == Format::Npy,
            "--bias is for a .npy file: other files have the bias in them"
        );
        let states_rows = matches!(self, Format::Checkpoint | Format::Parameters | Format::Onnx | Format::Tflite);
        ensure!(
            options.orientation.is_none() || !states_rows,
            "--orientation is for arrays: this format says itself what a row is"
        );
        match self {
            Format::Checkpoint => match checkpoint::read(bytes)? {
                Content::Head(found) => Ok(found),
                Content::Prior(_) => bail!("it holds a discriminant and no linear head"),
            },
            Format::Parameters => parameters(bytes, options),
            Format::Npy => npy::head(bytes, options),
            Format::Npz => npy::head_of_archive(bytes, options),
            Format::Safetensors => crate::safetensors::head(bytes, options),
            Format::Onnx => onnx::head(bytes, options),
            Format::Tflite => tflite::head(bytes, options),
            Format::Rust | Format::C => {
                bail!("source code is written, but not read: give the file that it was made of")
            }
        }
    }
}

fn parameters(bytes: &[u8], options: &Options) -> Result<Found> {
    let classes =
        options.classes.context("it holds parameters without their shape: say by --classes how many classes it has")?;
    let (chunks, rest) = bytes.as_chunks::<4>();
    ensure!(rest.is_empty(), "it has {} bytes, which is no whole number of f32", bytes.len());
    let parameters: Vec<f32> = chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    Ok(Found { head: Head::from_parameters(&parameters, classes)?, integers: None, notes: Vec::new() })
}

/// Reads the head of a file.
///
/// # Errors
/// If it cannot be read, or a sentence that says what is wrong with it; the message names the file.
pub fn read(path: &Path, options: &Options) -> Result<Found> {
    let format = Format::of(path)?;
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    format.head(&bytes, options).with_context(|| path.display().to_string())
}

/// The content of a file that is written.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A linear head.
    Head(&'a Head),
    /// The same in integers, and the standardisation of the features before they are quantised.
    Integers(&'a Integers, Option<&'a Standardization>),
    /// The prior of a discriminant.
    Prior(&'a Prior),
}

/// The content of a file of this format; `made_of` names what it was made of, for the comments of source code.
///
/// # Errors
/// If the format does not hold this.
pub fn write(source: Source<'_>, format: Format, made_of: &str) -> Result<Vec<u8>> {
    match (format, source) {
        (Format::Npz, _) => npy::write(&arrays(source)),
        (Format::Safetensors, _) => crate::safetensors::write(&arrays(source)),
        (Format::Rust, _) => Ok(source::rust(source, made_of).into_bytes()),
        (Format::C, _) => Ok(source::c(source, made_of)?.into_bytes()),
        (Format::Checkpoint, Source::Head(head)) => checkpoint::write(head),
        (Format::Checkpoint, Source::Prior(prior)) => Ok(prior.checkpoint().to_vec()),
        (Format::Parameters, Source::Head(head)) => {
            ensure!(
                head.standardization.is_none(),
                "a .bin file has no room for the standardisation of this head: write a .ckpt, .rs or .h"
            );
            Ok(le_bytes(head.parameters()))
        }
        (Format::Checkpoint | Format::Parameters, Source::Integers(..)) => {
            bail!(
                "the core has no checkpoint of a head in integers, which does not learn: write .rs, .h, .npz or .safetensors"
            )
        }
        (Format::Parameters, Source::Prior(_)) => {
            bail!("a discriminant has no bare parameters: write a .ckpt, .rs, .h, .npz or .safetensors")
        }
        (Format::Npy | Format::Onnx | Format::Tflite, _) => {
            bail!("this format is read, but not written: write .ckpt, .bin, .rs, .h, .npz or .safetensors")
        }
    }
}

/// The elements of an array to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Elements {
    F32(Vec<f32>),
    I8(Vec<i8>),
    I32(Vec<i32>),
}

impl Elements {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Elements::F32(numbers) => le_bytes(numbers),
            Elements::I8(numbers) => numbers.iter().map(|number| number.cast_unsigned()).collect(),
            Elements::I32(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        }
    }

    /// As NumPy names the type.
    pub(crate) fn numpy(&self) -> &'static str {
        match self {
            Elements::F32(_) => "<f4",
            Elements::I8(_) => "|i1",
            Elements::I32(_) => "<i4",
        }
    }

    pub(crate) fn safetensors(&self) -> Dtype {
        match self {
            Elements::F32(_) => Dtype::F32,
            Elements::I8(_) => Dtype::I8,
            Elements::I32(_) => Dtype::I32,
        }
    }
}

/// An array to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub elements: Elements,
}

/// Says among the arrays that a row of `weight` is a class, where a square leaves it open.
pub(crate) const CLASSES_FIRST: &str = "classes_first";

fn arrays(source: Source<'_>) -> Vec<Array> {
    let array = |name, shape: &[usize], elements| Array { name, shape: shape.to_vec(), elements };
    let floats = |name, shape: &[usize], numbers: &[f32]| array(name, shape, Elements::F32(numbers.to_vec()));
    let one = |name, number: i8| array(name, &[1], Elements::I8(vec![number]));
    let (mut arrays, standardization) = match source {
        Source::Head(head) => {
            let (classes, features) = (head.classes(), head.features());
            let arrays = vec![
                floats("weight", &[classes, features], head.weights()),
                floats("bias", &[classes], head.bias()),
                one(CLASSES_FIRST, 1),
            ];
            (arrays, head.standardization.as_ref())
        }
        Source::Integers(integers, standardization) => {
            let classes = integers.bias.len();
            let arrays = vec![
                array("weight", &[classes, integers.features], Elements::I8(integers.weights.clone())),
                floats("weight_scale", &[classes], &integers.scales),
                array("bias", &[classes], Elements::I32(integers.bias.clone())),
                floats("input_scale", &[1], &[integers.input.scale]),
                one("input_zero_point", integers.input.zero_point),
                floats("output_scale", &[1], &[integers.output.scale]),
                one("output_zero_point", integers.output.zero_point),
            ];
            (arrays, standardization)
        }
        Source::Prior(prior) => {
            let (classes, features) = (prior.counts().len(), prior.features());
            let counts = prior.counts().iter().map(|count| count.cast_signed()).collect();
            let arrays = vec![
                floats("covariance", &[features, features], prior.covariance()),
                floats("means", &[classes, features], prior.means()),
                array("counts", &[classes], Elements::I32(counts)),
                floats("samples", &[1], &[prior.samples()]),
            ];
            (arrays, prior.standardization())
        }
    };
    if let Some(standardization) = standardization {
        let features = standardization.mean().len();
        arrays.push(floats("mean", &[features], standardization.mean()));
        arrays.push(floats("scale", &[features], standardization.deviation()));
    }
    arrays
}

pub(crate) fn le_bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}
