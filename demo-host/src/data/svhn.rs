//! The cropped digits of SVHN (Y. Netzer et al. 2011): 73,257 + 26,032 house numbers of 32x32 pixels in colour, in MATLAB
//! files of level 5.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use matrw::load_matfile;

use super::DatasetName::Svhn;
use super::canonical::CanonicalFile;
use super::{Dataset, Normalisation, Split};

/// Height and width of an image, in pixels.
pub const SIDE: usize = 32;

const CLASSES: u8 = 10;

/// Mean and standard deviation of the training pixels, as commonly given; not computed here, where the files could not
/// be had.
const NORMALISATION: Normalisation =
    Normalisation { white: 255.0, mean: &[0.4377, 0.4438, 0.4728], deviation: &[0.1980, 0.2010, 0.1970] };

const TRAIN: CanonicalFile =
    CanonicalFile { dataset: Svhn, name: "train_32x32.mat", md5: "e26dedcc434d2e4c54c9b2d4a06d8373" };
const TEST: CanonicalFile =
    CanonicalFile { dataset: Svhn, name: "test_32x32.mat", md5: "eb5a983be6a315427106f1b164d9cef3" };

/// Loads SVHN from a folder with its two files.
///
/// # Errors
/// If a file is missing, truncated or not the canonical one.
pub fn load(directory: &Path) -> Result<Dataset> {
    let load = |file: &CanonicalFile| {
        // The checksum first: what reads the form is not made for damaged files.
        file.load(directory, |_| Ok(()))?;
        parse(&directory.join(file.name))
    };
    Ok(Dataset { train: load(&TRAIN)?, test: load(&TEST)? })
}

/// Images from the variable `X` `[32, 32, 3, images]`, labels from `y`, where 10 stands for the digit 0.
fn parse(path: &Path) -> Result<Split> {
    let name = path.to_str().with_context(|| format!("{} is not a name in UTF-8", path.display()))?;
    let mut file = load_matfile(name).map_err(|error| anyhow!("{name} cannot be read: {error:?}"))?;
    let images = file.take("X").with_context(|| format!("{name} has no variable X"))?;
    let labels = file.take("y").with_context(|| format!("{name} has no variable y"))?;
    let shape = images.dim();
    let by_column = images.to_vec::<u8>().with_context(|| format!("X in {name} is not of unsigned bytes"))?;
    let labels = (labels.to_vec::<u8>())
        .or_else(|| Some(labels.to_vec::<f64>()?.iter().map(|label| *label as u8).collect()))
        .with_context(|| format!("y in {name} is not of numbers"))?;
    ensure!(
        shape.len() == 4 && shape[..3] == [SIDE, SIDE, 3] && shape[3] == labels.len(),
        "{name} has images of sizes {shape:?} and {} labels, but needs [32, 32, 3, images] and a label each",
        labels.len()
    );
    if let Some(label) = labels.iter().find(|label| !(1..=CLASSES).contains(label)) {
        bail!("{name} has a label {label}, but the labels are 1 to 10");
    }
    // MATLAB stores column by column: within a channel, a pixel's row runs fastest.
    let mut pixels = Vec::with_capacity(by_column.len());
    for channel in by_column.chunks_exact(SIDE * SIDE) {
        pixels.extend((0..SIDE * SIDE).map(|i| channel[i % SIDE * SIDE + i / SIDE]));
    }
    let labels = labels.iter().map(|label| usize::from(label % CLASSES)).collect();
    Ok(Split { pixels, labels, shape: [3, SIDE, SIDE], normalisation: NORMALISATION })
}

#[cfg(test)]
mod tests {
    use matrw::{MatFile, MatVariable, NumericArray, save_matfile_v7};

    use super::*;

    fn write(path: &Path, labels: Vec<f64>, compress: bool) {
        // The pixel of an image holds its row, its column plus 100, or its image plus 200, channel by channel.
        let mut pixels = Vec::new();
        for image in 0..labels.len() as u8 {
            for channel in 0..3 {
                for column in 0..SIDE as u8 {
                    pixels.extend((0..SIDE as u8).map(|row| [row, 100 + column, 200 + image][channel]));
                }
            }
        }
        let array = |dim: Vec<usize>, value| MatVariable::NumericArray(NumericArray::new(dim, value, None).unwrap());
        let mut file = MatFile::new();
        file.insert("X", array(vec![SIDE, SIDE, 3, labels.len()], matrw::MatlabType::U8(pixels)));
        file.insert("y", array(vec![labels.len(), 1], matrw::MatlabType::F64(labels)));
        save_matfile_v7(path.to_str().unwrap(), file, compress).unwrap();
    }

    #[test]
    fn a_file_in_the_canonical_format() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train_32x32.mat");
        for compress in [false, true] {
            write(&path, vec![10.0, 3.0], compress);
            let split = parse(&path).unwrap();
            assert_eq!(split.labels, [0, 3]);
            let pixel = |image: usize, channel: usize, row: usize, column: usize| {
                split.image(image)[(channel * SIDE + row) * SIDE + column]
            };
            assert_eq!([pixel(1, 0, 5, 7), pixel(1, 1, 5, 7), pixel(1, 2, 5, 7)], [5, 107, 201]);
        }
    }

    #[test]
    fn what_is_not_the_canonical_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train_32x32.mat");
        write(&path, vec![1.0], false);
        let message = load(folder.path()).unwrap_err().to_string();
        assert!(message.contains("md5") && message.contains("train_32x32.mat"), "{message}");
        write(&path, vec![11.0], false);
        assert!(parse(&path).unwrap_err().to_string().contains("label 11"));
        std::fs::remove_file(&path).unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().contains("is missing"));
    }
}
