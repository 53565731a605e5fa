//! `demo-host import` and `demo-host export`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, ValueEnum};
use head_files::checkpoint::{self, Content};
use head_files::{Format, Found, Integers, Meaning, Options, Prior, PriorSettings, Source};

#[cfg(feature = "burn")]
use super::full_models::trained_layer;
#[cfg(not(feature = "burn"))]
use super::without_burn::trained_layer;
use crate::data::features::Sources;
use crate::exchange::Layer;
use crate::files;
use simulation::samples::{LabelledFeatures, Samples};

/// The meaning of a row of a matrix, for shapes that do not tell.
#[derive(Clone, Copy, ValueEnum)]
enum Orientation {
    /// A row is a class: PyTorch, scikit-learn
    ClassesFirst,
    /// A row is a feature: Keras
    FeaturesFirst,
}

#[derive(Args)]
#[command(after_help = "The format of a file is told by the ending of its name.\n\n\
    Example: demo-host import model.onnx --out head.ckpt\n\
    Example: demo-host import keras.npz --layer dense_2 --orientation features-first --out head.rs")]
pub(super) struct ImportArgs {
    /// The model: .safetensors, .npz, .npy, .onnx, .tflite
    file: PathBuf,
    /// The file to write: .ckpt, .bin, .rs, .h, .npz or .safetensors
    #[arg(long)]
    out: PathBuf,
    /// The layer or array that is the head [default: the last of a graph, or the only matrix]
    #[arg(long, visible_alias = "array")]
    layer: Option<String>,
    /// The meaning of a row of a matrix, if shape and bias do not tell
    #[arg(long, value_enum)]
    orientation: Option<Orientation>,
    /// The .npy file with the bias of a .npy file
    #[arg(long)]
    bias: Option<PathBuf>,
    #[command(flatten)]
    integers: IntegerArgs,
}

#[derive(Args)]
#[command(after_help = "The format of a file is told by the ending of its name.\n\n\
    Example: demo-host export head.ckpt --out head.rs\n\
    Example: demo-host export head.ckpt --out head.h --int8 --input-range=-4,4 --output-range=-20,20\n\
    Example: demo-host export --features x.npy --labels y.npy --out prior.ckpt")]
pub(super) struct ExportArgs {
    /// A .ckpt of a device or of `import`, bare parameters (.bin, with --classes), or [burn] a checkpoint of `train`
    #[arg(required_unless_present = "features", conflicts_with = "features")]
    file: Option<PathBuf>,
    /// The file to write: .ckpt, .bin, .rs, .h, .npz or .safetensors
    #[arg(long)]
    out: PathBuf,
    /// The number of classes of bare parameters
    #[arg(long)]
    classes: Option<usize>,
    /// [burn] The layer of a trained model
    #[arg(long, value_enum, default_value_t)]
    layer: Layer,
    #[command(flatten)]
    integers: IntegerArgs,
    #[command(flatten)]
    prior: PriorArgs,
}

#[derive(Args)]
struct IntegerArgs {
    /// Write the head in integers, with their scales
    #[arg(long)]
    int8: bool,
    /// The smallest and the largest feature of the head, as in --input-range=-4,4
    #[arg(long, value_parser = range, allow_hyphen_values = true, requires = "int8")]
    input_range: Option<(f32, f32)>,
    /// The smallest and the largest logit
    #[arg(long, value_parser = range, allow_hyphen_values = true, requires = "int8")]
    output_range: Option<(f32, f32)>,
}

#[derive(Args)]
struct PriorArgs {
    /// Instead of a file: compute the prior of a discriminant from this table of features, .csv, .npz or .npy
    #[arg(long)]
    features: Option<PathBuf>,
    /// Labels, 0..K or texts: a column or array of that file, or a file [default: column `label`, array `labels` or `y`]
    #[arg(long, value_name = "NAME|FILE", requires = "features")]
    labels: Option<String>,
    /// The weight of the table on the device, as a number of samples in [1e-3, 1e6] [default: 64]
    #[arg(long, requires = "features")]
    samples: Option<f32>,
    /// The largest weight of a class, as a number of samples [default: 3]
    #[arg(long, requires = "features")]
    most: Option<u32>,
    /// Take the features as they are, without a standardisation
    #[arg(long, requires = "features")]
    raw: bool,
}

fn range(text: &str) -> Result<(f32, f32)> {
    let (low, high) = text.split_once(',').context("give the smallest and the largest, as in -4,4")?;
    let (low, high) = (low.trim().parse::<f32>()?, high.trim().parse::<f32>()?);
    ensure!(low.is_finite() && high.is_finite() && low < high, "the first must be less than the second");
    Ok((low, high))
}

/// Reads the head from a file of another tool, and writes it.
pub(super) fn import(args: &ImportArgs) -> Result<()> {
    let to = target(&args.out)?;
    let bias = args.bias.as_deref().map(files::read).transpose()?;
    let orientation = args.orientation.map(|orientation| match orientation {
        Orientation::ClassesFirst => head_files::Orientation::ClassesFirst,
        Orientation::FeaturesFirst => head_files::Orientation::FeaturesFirst,
    });
    let options = Options { layer: args.layer.clone(), orientation, classes: None, bias };
    let found = head_files::read(&args.file, &options)?;
    write_head(&found, &args.integers, to, &args.out, &args.file)
}

/// Writes a head saved by the core or `train`, or a prior computed from a table, for a device or for other tools.
pub(super) fn export(args: &ExportArgs) -> Result<()> {
    let to = target(&args.out)?;
    let Some(path) = &args.file else { return prior(&args.prior, to, &args.out) };
    let bytes = files::read(path)?;
    if checkpoint::is_checkpoint(&bytes) {
        return match checkpoint::read(&bytes).with_context(|| path.display().to_string())? {
            Content::Head(found) => write_head(&found, &args.integers, to, &args.out, path),
            Content::Prior(prior) => {
                ensure!(!args.integers.int8, "{} holds a discriminant, which has no form in integers", path.display());
                write_prior(&prior, to, &args.out, path)
            }
        };
    }
    let found = match Format::of(path) {
        Ok(Format::Parameters) => {
            let options = Options { classes: args.classes, ..Options::default() };
            Format::Parameters.head(&bytes, &options).with_context(|| path.display().to_string())?
        }
        Ok(Format::Checkpoint) => bail!("{} is no checkpoint of the core: it does not begin with GDck", path.display()),
        Ok(Format::Rust | Format::C) => bail!("{} is source code, which is written, but not read", path.display()),
        Ok(_) => bail!("{} is a file of others, which `demo-host import` reads", path.display()),
        Err(_) => Found { head: trained_layer(path, args.layer)?, integers: None, notes: Vec::new() },
    };
    write_head(&found, &args.integers, to, &args.out, path)
}

/// The format of a file that can be written.
fn target(path: &Path) -> Result<Format> {
    files::check_writable(path)?;
    Format::of(path)
}

fn write_head(found: &Found, args: &IntegerArgs, to: Format, out: &Path, from: &Path) -> Result<()> {
    let Found { head, integers, notes } = found;
    notes.iter().for_each(|note| println!("{note}"));
    let made = match (args.int8, integers, args.input_range.zip(args.output_range)) {
        (false, Some(_), _) => {
            println!("the integers were converted to float32: --int8 keeps them");
            None
        }
        (false, None, _) => None,
        (true, Some(integers), None) => Some(integers.clone()),
        (true, Some(_), Some(_)) => bail!("{} has its scales itself: leave the ranges out", from.display()),
        (true, None, Some((input, output))) => {
            let meaning = |(low, high)| Meaning::of_range(low, high);
            Some(Integers::of_head(head, meaning(input)?, meaning(output)?)?)
        }
        (true, None, None) => bail!(
            "--int8 needs --input-range and --output-range, the smallest and the largest feature and logit, as in --input-range=-4,4"
        ),
    };
    let source = match &made {
        Some(integers) => Source::Integers(integers, head.standardization.as_ref()),
        None => Source::Head(head),
    };
    save(source, to, out, from)?;
    println!("The head, {} classes of {} features, is in {}", head.classes(), head.features(), out.display());
    Ok(())
}

fn prior(args: &PriorArgs, to: Format, out: &Path) -> Result<()> {
    let Some(features) = &args.features else { bail!("give a file, or --features") };
    let sources = Sources { features: features.clone(), labels: args.labels.clone(), ..Sources::default() };
    let LabelledFeatures { samples, classes, .. } = sources.read()?;
    let named = classes.iter().enumerate().map(|(class, name)| format!("{class} is {name}"));
    println!("{} samples, class {}", samples.len(), named.collect::<Vec<_>>().join(", "));
    let default = PriorSettings::default();
    let settings = PriorSettings {
        samples: args.samples.unwrap_or(default.samples),
        most: args.most.unwrap_or(default.most),
        standardize: !args.raw,
        ..default
    };
    let Samples { width, features: table, labels } = &samples;
    let prior = Prior::of_table(table, *width, labels, &settings).with_context(|| features.display().to_string())?;
    write_prior(&prior, to, out, features)
}

fn write_prior(prior: &Prior, to: Format, out: &Path, from: &Path) -> Result<()> {
    save(Source::Prior(prior), to, out, from)?;
    println!("The prior, {} classes of {} features, is in {}", prior.counts().len(), prior.features(), out.display());
    Ok(())
}

fn save(source: Source<'_>, to: Format, out: &Path, from: &Path) -> Result<()> {
    let name = from.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let bytes = head_files::write(source, to, &name).map_err(|error| anyhow!("{}: {error:#}", out.display()))?;
    files::write_whole(out, &bytes)
}
