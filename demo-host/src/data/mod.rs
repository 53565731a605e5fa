//! Data sets, one file each, in their canonical formats.

mod cifar;
mod fashion_mnist;
mod fetch;
mod idx;
mod mnist;
mod split;
#[cfg(feature = "burn")]
mod svhn;

pub mod digits;
pub mod features;

pub use fetch::fetch;
pub use split::{Dataset, Normalisation, Parts, Split};

use std::path::PathBuf;

#[cfg(not(feature = "burn"))]
use anyhow::bail;
use anyhow::{Context, Result};
use clap::ValueEnum;
use data_files::{CanonicalFile, cifar as colour, idx as grey};
use serde::{Deserialize, Serialize};

#[cfg(not(feature = "burn"))]
use crate::needs_burn;

/// A data set by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetName {
    /// The 8x8 digits of UCI, embedded: 1,197 to train, 600 by other writers to test.
    Digits,
    /// MNIST, 28x28 grey: 60,000 to train, 10,000 to test; see `fetch`.
    Mnist,
    /// Fashion-MNIST, 28x28 grey: 60,000 to train, 10,000 to test; see `fetch`.
    FashionMnist,
    /// CIFAR-10, 32x32 in colour: 50,000 to train, 10,000 to test; see `fetch`.
    #[value(name = "cifar10")]
    #[serde(rename = "cifar10")]
    Cifar10,
    /// CIFAR-100, 32x32 in colour: 50,000 to train, 10,000 to test.
    #[value(name = "cifar100")]
    #[serde(rename = "cifar100")]
    Cifar100,
    /// CIFAR-100 with its 20 coarse labels.
    #[value(name = "cifar100-coarse")]
    #[serde(rename = "cifar100-coarse")]
    Cifar100Coarse,
    /// The cropped digits of SVHN, 32x32 in colour: 73,257 to train, 26,032 to test.
    Svhn,
}

impl DatasetName {
    /// The name as the command line spells it.
    pub fn label(self) -> &'static str {
        match self {
            DatasetName::Digits => "digits",
            DatasetName::Mnist => "mnist",
            DatasetName::FashionMnist => "fashion-mnist",
            DatasetName::Cifar10 => "cifar10",
            DatasetName::Cifar100 => "cifar100",
            DatasetName::Cifar100Coarse => "cifar100-coarse",
            DatasetName::Svhn => "svhn",
        }
    }

    /// The name as it is written in texts.
    pub fn title(self) -> &'static str {
        match self {
            DatasetName::Digits => "digits",
            DatasetName::Mnist => "MNIST",
            DatasetName::FashionMnist => "Fashion-MNIST",
            DatasetName::Cifar10 => "CIFAR-10",
            DatasetName::Cifar100 => "CIFAR-100",
            DatasetName::Cifar100Coarse => "CIFAR-100, coarse labels",
            DatasetName::Svhn => "SVHN",
        }
    }

    /// Loads the data set; from `directory` or, by default, from where `fetch` puts it.
    ///
    /// # Errors
    /// If a file is missing, truncated or not the canonical one; the message names it and says how to get it.
    pub fn load(self, directory: Option<PathBuf>) -> Result<Dataset> {
        if self == DatasetName::Digits {
            return Ok(digits::load());
        }
        let directory = directory.map_or_else(|| self.default_directory(), Ok)?;
        match self {
            DatasetName::Digits => Ok(digits::load()),
            DatasetName::Mnist => mnist::load(&directory),
            DatasetName::FashionMnist => fashion_mnist::load(&directory),
            DatasetName::Cifar10 => cifar::load_10(&directory),
            DatasetName::Cifar100 => cifar::load_100(&directory, colour::Label::Fine),
            DatasetName::Cifar100Coarse => cifar::load_100(&directory, colour::Label::Coarse),
            #[cfg(feature = "burn")]
            DatasetName::Svhn => svhn::load(&directory),
            #[cfg(not(feature = "burn"))]
            DatasetName::Svhn => bail!(needs_burn("svhn", "train --dataset svhn ..")),
        }
    }

    /// Where [`fetch`] puts the files.
    ///
    /// # Errors
    /// If there is no home directory; see [`data_home`].
    pub fn default_directory(self) -> Result<PathBuf> {
        let files_of = if self == DatasetName::Cifar100Coarse { DatasetName::Cifar100 } else { self };
        Ok(data_home()?.join(files_of.label()))
    }

    /// One of its files, by name and md5.
    const fn file(self, name: &'static str, md5: &'static str) -> CanonicalFile {
        CanonicalFile { name, md5, how_to_get: self.how_to_get() }
    }

    /// The shape of an image: `[channels, height, width]`.
    pub fn shape(self) -> [usize; 3] {
        match self {
            DatasetName::Digits => [1, digits::SIDE, digits::SIDE],
            DatasetName::Mnist | DatasetName::FashionMnist => [1, grey::SIDE, grey::SIDE],
            _ => [3, colour::SIDE, colour::SIDE],
        }
    }

    /// The number of classes.
    pub fn classes(self) -> usize {
        match self {
            DatasetName::Cifar100 => 100,
            DatasetName::Cifar100Coarse => 20,
            _ => 10,
        }
    }

    /// The number of training images.
    pub fn training_images(self) -> usize {
        match self {
            DatasetName::Digits => 1_197,
            DatasetName::Mnist | DatasetName::FashionMnist => 60_000,
            DatasetName::Cifar10 | DatasetName::Cifar100 | DatasetName::Cifar100Coarse => 50_000,
            DatasetName::Svhn => 73_257,
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
