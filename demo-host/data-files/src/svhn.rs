//! The cropped digits of SVHN (Y. Netzer et al. 2011): 73,257 + 26,032 house numbers of 32x32 pixels in colour, in MATLAB
//! files of level 5.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use matrw::load_matfile;

use crate::Images;

/// Height and width of an image, in pixels.
pub const SIDE: usize = 32;

const CLASSES: u8 = 10;

/// Images from the variable `X` `[32, 32, 3, images]`, labels from `y`, where 10 stands for the digit 0. Check the checksum first:
/// the crate that parses the format is not made for damaged files.
///
/// # Errors
/// If the file cannot be read, a variable is missing or has another shape or type, or a label is not 1 to 10.
pub fn parse(path: &Path) -> Result<Images> {
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
    Ok(Images { pixels, labels, shape: [3, SIDE, SIDE] })
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
            let images = parse(&path).unwrap();
            assert_eq!(images.labels, [0, 3]);
            let pixel = |image: usize, channel: usize, row: usize, column: usize| {
                images.pixels[((image * 3 + channel) * SIDE + row) * SIDE + column]
            };
            assert_eq!([pixel(1, 0, 5, 7), pixel(1, 1, 5, 7), pixel(1, 2, 5, 7)], [5, 107, 201]);
        }
    }

    #[test]
    fn another_label_and_a_missing_variable_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train_32x32.mat");
        write(&path, vec![11.0], false);
        assert!(parse(&path).unwrap_err().to_string().contains("label 11"));
        save_matfile_v7(path.to_str().unwrap(), MatFile::new(), false).unwrap();
        assert!(parse(&path).unwrap_err().to_string().contains("no variable X"));
        assert!(parse(&folder.path().join("gone")).unwrap_err().to_string().contains("gone cannot be read"));
    }
}
