//! A run on disk: written completely after each epoch, refused if a single bit is wrong.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use crc::{CRC_32_ISO_HDLC, Crc};
use serde::{Deserialize, Serialize};

use super::{EpochRecord, Settings};
use crate::evaluation::Curriculum;
use crate::files;

const MAGIC: &[u8; 7] = b"gd-run\x00";
const VERSION: u8 = 4;
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A training run after a whole number of epochs: all that is needed to continue it, or to use the model.
///
/// On disk: the magic bytes `gd-run`, 0 and the version 4; then this struct in the postcard format, followed by a CRC-32 of
/// it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The settings, which determine the run.
    pub settings: Settings,
    /// The measurements after each epoch so far.
    pub epochs: Vec<EpochRecord>,
    /// When each of the first training images was learned.
    pub curriculum: Curriculum,
    /// The model's parameters, in burn's format.
    pub model: Vec<u8>,
    /// The optimizer's state, in burn's format.
    pub optimizer: Vec<u8>,
}

impl Checkpoint {
    /// Writes the checkpoint; see [`files::write_whole`].
    ///
    /// # Errors
    /// If the file cannot be written; an older one at this path is then intact.
    pub fn save(&self, path: &Path) -> Result<()> {
        let body = postcard::to_stdvec_crc32(self, CRC.digest()).context("the checkpoint cannot be encoded")?;
        files::write_whole(path, &[MAGIC, &[VERSION][..], &body].concat())
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be read, is not a checkpoint, or is damaged.
    pub fn load(path: &Path) -> Result<Self> {
        Self::decode(&files::read(path)?, path)
    }

    /// Decodes the bytes of a file of this name.
    fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        let name = path.display();
        let body = bytes.strip_prefix(MAGIC);
        let body = body.with_context(|| format!("{name} is not a checkpoint: `demo-host train` makes one"))?;
        let (version, body) = body.split_first().with_context(|| cut_off(path))?;
        ensure!(
            *version == VERSION,
            "{name} is a checkpoint of version {version}, but this program reads version {VERSION}: train anew"
        );
        ensure!(body.len() > 4, cut_off(path));
        let (checkpoint, behind) = postcard::take_from_bytes_crc32(body, CRC.digest())
            .map_err(|_| anyhow!("{name} is damaged, its CRC does not fit its content: restore it, or train anew"))?;
        ensure!(behind.is_empty(), "{name} has {} bytes too many: restore it, or train anew", behind.len());
        Ok(checkpoint)
    }
}

fn cut_off(path: &Path) -> String {
    format!("{} is cut off: restore it, or train anew", path.display())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::compute::Compute;
    use crate::data::DatasetName;
    use crate::models::ModelName;
    use crate::training::Run;

    /// A checkpoint with few parameters, which fit no model, so that every bit of it can be flipped.
    fn checkpoint() -> Checkpoint {
        Checkpoint {
            settings: Settings::new(DatasetName::Digits, ModelName::Mlp),
            epochs: Vec::new(),
            curriculum: Curriculum { learned: vec![0, 3], nll: vec![0.5, f32::MAX] },
            model: (0..40).collect(),
            optimizer: vec![255; 20],
        }
    }

    fn saved() -> Vec<u8> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("run");
        checkpoint().save(&path).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), checkpoint());
        files::read(&path).unwrap()
    }

    fn decode(bytes: &[u8]) -> Result<Checkpoint> {
        Checkpoint::decode(bytes, Path::new("run"))
    }

    #[test]
    fn every_single_bit_counts() {
        let mut bytes = saved();
        for bit in 0..8 * bytes.len() {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let message = decode(&bytes).expect_err("it is damaged").to_string();
            assert!(message.starts_with("run is "), "bit {bit}: {message}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(decode(&bytes).unwrap(), checkpoint());
    }

    #[test]
    fn a_cut_at_any_length_and_bytes_behind_are_refused() {
        let bytes = saved();
        for length in 0..bytes.len() {
            let message = decode(&bytes[..length]).expect_err("it is cut off").to_string();
            assert!(message.starts_with("run is "), "{length} bytes: {message}");
        }
        let message = decode(&[&bytes[..], &[0, 0]].concat()).unwrap_err().to_string();
        assert!(message.contains("2 bytes too many"), "{message}");
    }

    /// Other bytes with the right CRC, which damage does not produce. They are refused with a message, by the format or by the run that would
    /// continue from them, since the parameters do not fit.
    #[test]
    fn any_byte_with_the_right_crc_is_refused_without_a_panic() {
        let bytes = saved();
        let (head, body) = bytes[..bytes.len() - 4].split_at(MAGIC.len() + 1);
        let device = Compute::Cpu.device().unwrap();
        let mut decoded = 0;
        for at in 0..body.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut body = body.to_vec();
                body[at] = byte;
                let crc = CRC.checksum(&body).to_le_bytes();
                if let Ok(checkpoint) = decode(&[head, &body, &crc].concat()) {
                    assert!(Run::resume(checkpoint, &device).is_err(), "byte {at} is {byte}");
                    decoded += 1;
                }
            }
        }
        assert!(decoded > body.len(), "only {decoded} could be decoded");
    }
}
