//! The core's checkpoints, of heads whose shape is known only here.

use anyhow::{Context, Result, anyhow, bail, ensure};
use crc::{CRC_32_ISO_HDLC, Crc};
use gradient_decay::{Contents, Head as _, LinearView, checkpoint};

use crate::head::{Found, Head, Standardization, check_size};
use crate::prior::Prior;

const MAGIC: &[u8] = b"GDck";
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The bytes before the sections, and before the contents of each.
const HEADER: usize = 12;
const SECTION: usize = 8;

/// The tags that are looked for: see the core's module `checkpoint`.
const LINEAR: u16 = 1;
const STANDARDIZER: u16 = 6;
const DISCRIMINANT: u16 = 16;

/// The content of a checkpoint that can be exported.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A linear head.
    Head(Found),
    /// A discriminant.
    Prior(Prior),
}

/// Whether bytes begin as a checkpoint does.
pub fn is_checkpoint(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads a checkpoint.
///
/// # Errors
/// If it is damaged, or holds neither a linear head nor a discriminant.
pub fn read(bytes: &[u8]) -> Result<Content> {
    // Header, CRC and the lengths of all sections.
    checkpoint::read(bytes, &mut ()).map_err(|error| anyhow!("{error}"))?;
    let section = |tag| find(bytes, tag);
    let standardization = section(STANDARDIZER).map(standardization).transpose()?;
    if let Some(contents) = section(DISCRIMINANT) {
        let [classes, features] = shape(contents)?;
        return Ok(Content::Prior(Prior::from_checkpoint(bytes, classes, features, standardization)?));
    }
    let contents =
        section(LINEAR).context("it holds neither a linear head nor a discriminant: other heads stay on the device")?;
    let [classes, features] = shape(contents)?;
    let mut parameters = vec![0.0; contents.len() / 4 - 2];
    ensure!(classes > 0 && features > 0, "its head has {classes} classes of {features} features");
    let view = LinearView::new(&mut parameters, classes, features);
    let mut view = view.map_err(|_| {
        anyhow!("its head says to be {classes} x {features}, but has {} numbers", contents.len() / 4 - 2)
    })?;
    checkpoint::read(bytes, &mut view).map_err(|error| anyhow!("{error}"))?;
    let used = view.classes();
    ensure!(used > 0, "none of the {classes} classes of its head is in use");
    let (weights, bias) = parameters.split_at(classes * features);
    let mut head = Head::new(weights[..used * features].to_vec(), &bias[..used], features)?;
    if let Some(standardization) = standardization {
        head = head.with_standardization(standardization)?;
    }
    let mut notes = Vec::new();
    if used < classes {
        notes.push(format!("of {classes} classes that there is room for, {used} are in use: the others are left out"));
    }
    Ok(Content::Head(Found { head, integers: None, notes }))
}

/// A checkpoint of a head, with its standardisation.
pub(crate) fn write(head: &Head) -> Result<Vec<u8>> {
    let mut parameters = head.parameters().to_vec();
    let view = LinearView::new(&mut parameters, head.classes(), head.features()).map_err(|error| anyhow!("{error}"))?;
    let mut bytes = vec![0; checkpoint::size(&view, Contents::ALL)];
    checkpoint::write(&view, Contents::ALL, &mut bytes).map_err(|error| anyhow!("{error}"))?;
    Ok(with_standardization(bytes, head.standardization.as_ref()))
}

/// A checkpoint with a section of a standardizer behind its own.
pub(crate) fn with_standardization(mut bytes: Vec<u8>, standardization: Option<&Standardization>) -> Vec<u8> {
    let Some(standardization) = standardization else { return bytes };
    let features = standardization.mean().len() as u32;
    // One sample fixes the units, and was seen.
    let mut contents: Vec<u8> = [features, 1, 1].iter().flat_map(|word| word.to_le_bytes()).collect();
    let variance: Vec<f32> = standardization.deviation().iter().map(|deviation| deviation * deviation).collect();
    for array in [standardization.mean(), &variance, &standardization.scale()] {
        contents.extend(array.iter().flat_map(|number| number.to_le_bytes()));
    }
    let (sections, end) = (u16::from_le_bytes([bytes[6], bytes[7]]) + 1, bytes.len() - 4);
    bytes.truncate(end);
    bytes.extend(u32::from(STANDARDIZER).to_le_bytes());
    bytes.extend((contents.len() as u32).to_le_bytes());
    bytes.extend(contents);
    bytes[6..8].copy_from_slice(&sections.to_le_bytes());
    let length = (bytes.len() + 4) as u32;
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    let crc = CRC.checksum(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}

/// The contents of a section of a sound checkpoint.
fn find(bytes: &[u8], tag: u16) -> Option<&[u8]> {
    let length = word(bytes, 8)? as usize;
    let mut rest = bytes.get(HEADER..length.checked_sub(4)?)?;
    loop {
        let (own, size) = (word(rest, 0)?, word(rest, 4)? as usize);
        let contents = rest.get(SECTION..SECTION.checked_add(size)?)?;
        if own == u32::from(tag) {
            return Some(contents);
        }
        rest = &rest[SECTION + size..];
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

/// The classes and features at the start of a section.
fn shape(contents: &[u8]) -> Result<[usize; 2]> {
    match (word(contents, 0), word(contents, 4)) {
        (Some(classes), Some(features)) => {
            check_size(&[classes as usize, features as usize])?;
            Ok([classes as usize, features as usize])
        }
        _ => bail!("the section of its head is cut short"),
    }
}

/// The standardizer of a section, whose units must be fixed.
fn standardization(contents: &[u8]) -> Result<Standardization> {
    let features = word(contents, 0).unwrap_or_default() as usize;
    ensure!(
        features.checked_mul(12).and_then(|bytes| bytes.checked_add(12)) == Some(contents.len()),
        "the section of its standardizer has {} bytes, not those of {features} features",
        contents.len()
    );
    let (needed, seen) = (word(contents, 4), word(contents, 8));
    ensure!(needed == seen, "its standardizer has not seen the samples that fix its units");
    let numbers: Vec<f32> = contents[12..].as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect();
    let (mean, rest) = numbers.split_at(features);
    let (variance, scale) = rest.split_at(features);
    let deviation =
        variance.iter().zip(scale).zip(mean).map(|((variance, scale), mean)| deviation(*mean, *variance, *scale));
    Standardization::new(mean.to_vec(), deviation.collect())
}

/// The deviation with this square and this scale: the first of the few numbers around the root that gives both, or else the scale.
fn deviation(mean: f32, variance: f32, scale: f32) -> f32 {
    let root = variance.sqrt();
    let near = [0, 1, -1, 2, -2].map(|step| f32::from_bits(root.to_bits().saturating_add_signed(step)));
    let has =
        |deviation: &f32| Standardization::new(vec![mean], vec![*deviation]).is_ok_and(|one| one.scale() == [scale]);
    let both = near.iter().find(|deviation| *deviation * *deviation == variance && has(deviation));
    *both.or_else(|| near.iter().find(|deviation| has(deviation))).unwrap_or(&root)
}
