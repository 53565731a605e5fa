//! Data sets, one file each.

pub mod digits;
pub mod idx;
pub mod mnist;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A data set by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum DatasetName {
    /// The 8x8 digits of UCI, embedded: 1,197 to train, 600 by other writers to test.
    Digits,
    /// MNIST, 28x28: 60,000 to train, 10,000 to test; see `fetch`.
    Mnist,
}

/// Labelled grey images of one size, normalised.
#[derive(Clone, Debug)]
pub struct Split {
    /// The pixels of all images, one image after the other, row by row.
    pub pixels: Vec<f32>,
    /// The class of each image.
    pub labels: Vec<usize>,
    /// Height and width of an image, in pixels.
    pub size: [usize; 2],
}

/// A data set: what is trained on, and what is only ever measured.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What is trained on.
    pub train: Split,
    /// What is measured.
    pub test: Split,
}

impl DatasetName {
    /// The name as the command line spells it.
    pub fn label(self) -> &'static str {
        match self {
            DatasetName::Digits => "digits",
            DatasetName::Mnist => "mnist",
        }
    }

    /// Loads the data set; from `directory` or, by default, from where `fetch` puts it.
    ///
    /// # Errors
    /// If a file is missing, truncated or not the canonical one; the message names it and says how to get it.
    pub fn load(self, directory: Option<PathBuf>) -> Result<Dataset> {
        match self {
            DatasetName::Digits => Ok(digits::load()),
            DatasetName::Mnist => mnist::load(&match directory {
                Some(directory) => directory,
                None => mnist::default_directory()?,
            }),
        }
    }

    /// Height and width of an image, in pixels.
    pub fn image_size(self) -> [usize; 2] {
        match self {
            DatasetName::Digits => [digits::SIDE, digits::SIDE],
            DatasetName::Mnist => [mnist::SIDE, mnist::SIDE],
        }
    }
}

/// Where data sets are installed: `$GRADIENT_DECAY_DATA`, or `gradient-decay` in the user's cache folder.
///
/// # Errors
/// If neither that variable nor a home directory is set.
pub fn data_home() -> Result<PathBuf> {
    if let Some(directory) = std::env::var_os("GRADIENT_DECAY_DATA") {
        return Ok(directory.into());
    }
    let home = std::env::home_dir().context(
        "there is no home directory to keep data sets in: set GRADIENT_DECAY_DATA to a folder, or give --data-dir",
    )?;
    Ok(home.join(".cache").join("gradient-decay"))
}

impl Split {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The pixels of one image.
    ///
    /// # Panics
    /// If there is no image of that index.
    pub fn image(&self, index: usize) -> &[f32] {
        let length = self.size[0] * self.size[1];
        &self.pixels[index * length..][..length]
    }

    /// The first `count` images, or all if there are fewer.
    pub fn first(&self, count: usize) -> Split {
        let count = count.min(self.len());
        let pixels = self.pixels[..count * self.size[0] * self.size[1]].to_vec();
        Split { pixels, labels: self.labels[..count].to_vec(), size: self.size }
    }
}
