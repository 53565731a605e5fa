//! Files by which a run goes to PyTorch and its outputs come back, in a folder of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use gradient_decay::GradientDecay;
use serde_json::json;

use crate::compute::Compute;
use crate::data::{Parts, Split};
use crate::evaluation::Outputs;
use crate::files;
use crate::models::floats;
use crate::training::{EpochOutputs, History, Loss, PADDING, Settings, draw, initial_model};

/// The folder of a run.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes it.
    pub fn new(path: PathBuf) -> Result<Self> {
        std::fs::create_dir(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Folder(path))
    }

    /// Writes all that determines the run, of the data set in another folder.
    pub fn write(&self, history: &History, data: &Parts, data_folder: &Path) -> Result<()> {
        let settings = &history.settings;
        settings.check()?;
        let bytes = |numbers: Vec<f32>| numbers.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>();
        self.file("parameters", &bytes(parameters(settings)?))?;
        let steps = history.steps_per_epoch(data);
        let all_steps = settings.epochs as usize * steps;
        let schedule = history.schedule(steps)?;
        let betas: Vec<GradientDecay> = (0..all_steps).map(|step| schedule.at(step as u32)).collect();
        let rate = |(step, decay): (usize, &GradientDecay)| history.learning_rate(decay, step, all_steps) as f32;
        self.file("rates", &bytes(betas.iter().enumerate().map(rate).collect()))?;
        // Label smoothing and the focal loss have no margin, which their beta of 1 says.
        self.file("ln_betas", &bytes(betas.iter().map(|decay| decay.ln_beta()).collect()))?;
        let (mut order, mut moves) = (Vec::new(), Vec::new());
        for epoch in 0..settings.epochs as usize {
            for drawn in draw(data.train.len(), settings.augment, (settings.seed, epoch)) {
                order.extend((drawn.index as i32).to_le_bytes());
                moves.extend([drawn.crop[0], drawn.crop[1], u8::from(drawn.mirrored)]);
            }
        }
        self.file("order", &order)?;
        self.file("moves", &moves)?;
        // Last, since the numbers above are refused if they are wrong.
        let normalisation = data.train.normalisation;
        let (smoothing, gamma) = match settings.loss {
            Loss::LabelSmoothing { smoothing } => (Some(smoothing), None),
            Loss::Focal { gamma } => (None, Some(gamma)),
            _ => (None, None),
        };
        let run = json!({
            "data": data_folder,
            "model": settings.model.label(),
            "shape": data.train.shape,
            "classes": settings.dataset.classes(),
            "white": normalisation.white,
            "mean": normalisation.mean,
            "deviation": normalisation.deviation,
            "epochs": settings.epochs,
            "batch_size": settings.batch_size,
            "momentum": settings.momentum,
            "weight_decay": settings.weight_decay,
            "clip": settings.clip,
            "augment": settings.augment,
            "padding": PADDING,
            "measured": History::MEASURED_TRAINING_IMAGES,
            "adaptive": history.is_adaptive(),
            "cosine_scale": settings.loss.cosine_scale(),
            "class_weights": settings.class_weights,
            "ignore_index": settings.ignore_index,
            "smoothing": smoothing,
            "gamma": gamma,
        });
        self.file("run.json", run.to_string().as_bytes())
    }

    /// Reads, and removes, the outputs after an epoch.
    pub fn outputs(&self, history: &History, epoch: usize, data: &Parts) -> Result<EpochOutputs> {
        let classes = history.settings.dataset.classes();
        let width = history.settings.model.features();
        let measured = data.train.len().min(History::MEASURED_TRAINING_IMAGES);
        let numbers = |name: &str, length: usize| self.take(&format!("{epoch}.{name}"), length);
        let features = numbers("train.features", measured * width)?;
        let of = |name: &str, features, images: usize| -> Result<Outputs> {
            Ok(Outputs { features, logits: numbers(&format!("{name}.logits"), images * classes)?, classes })
        };
        let held_out = data.validation.len();
        let wanted = held_out > 0 && (history.is_adaptive() || epoch + 1 == history.settings.epochs as usize);
        Ok(EpochOutputs {
            train: of("train", features, measured)?,
            test: of("test", Vec::new(), data.test.len())?,
            held_out: wanted.then(|| of("held_out", Vec::new(), held_out)).transpose()?,
        })
    }

    /// Removes it, when the run is done.
    pub fn remove(self) -> Result<()> {
        std::fs::remove_dir_all(&self.0).with_context(|| format!("cannot remove {}", self.0.display()))
    }

    fn file(&self, name: &str, content: &[u8]) -> Result<()> {
        write(&self.0.join(name), content)
    }

    fn take(&self, name: &str, length: usize) -> Result<Vec<f32>> {
        let path = self.0.join(name);
        let bytes = files::read(&path)?;
        ensure!(bytes.len() == 4 * length, "{} has {} bytes, not {}", path.display(), bytes.len(), 4 * length);
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        Ok(bytes.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }
}

/// Writes the images of a data set.
pub fn write_data(folder: &Path, data: &Parts) -> Result<()> {
    std::fs::create_dir(folder).with_context(|| format!("cannot write {}", folder.display()))?;
    for (name, Split { pixels, labels, .. }) in
        [("train", &data.train), ("held_out", &data.validation), ("test", &data.test)]
    {
        let labels: Vec<u8> = labels.iter().flat_map(|label| (*label as i64).to_le_bytes()).collect();
        write(&folder.join(name).with_extension("u8"), pixels)?;
        write(&folder.join(name).with_extension("labels"), &labels)?;
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// The first parameters of burn's network, those of each layer as PyTorch has them: the weights of a dense layer row by row, a row for an
/// output.
fn parameters(settings: &Settings) -> Result<Vec<f32>> {
    struct Collect(Vec<f32>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            if parameter.is_require_grad() {
                let value = parameter.val();
                self.0.extend(floats(if D == 2 { value.transpose() } else { value }));
            }
        }
    }
    let mut collected = Collect(Vec::new());
    initial_model(settings, &Compute::Cpu.device()?.autodiff())?.visit(&mut collected);
    Ok(collected.0)
}
