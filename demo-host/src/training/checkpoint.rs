//! A run on disk: written whole after each epoch, refused if a bit of it is wrong.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use crc::{CRC_32_ISO_HDLC, Crc};
use serde::{Deserialize, Serialize};

use super::{EpochRecord, Settings};
use crate::files;
use crate::measures::Curriculum;

const MAGIC: &[u8; 7] = b"gd-run\x00";
const VERSION: u8 = 3;
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A training run after a whole number of epochs: all that is needed to go on, or to use the model.
///
/// On disk: the magic bytes `gd-run`, 0 and the version 3; then this struct in the postcard format, with a CRC-32 of it
/// behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What determines the run.
    pub settings: Settings,
    /// What was measured after each epoch so far.
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
        let bytes = files::read(path)?;
        let name = path.display();
        let body = bytes.strip_prefix(MAGIC);
        let body = body.with_context(|| format!("{name} is not a checkpoint: `demo-host train` makes one"))?;
        let (version, body) = body.split_first().with_context(|| cut_off(path))?;
        ensure!(
            *version == VERSION,
            "{name} is a checkpoint of version {version}, but this program reads version {VERSION}: train anew"
        );
        ensure!(body.len() > 4, cut_off(path));
        postcard::from_bytes_crc32(body, CRC.digest())
            .map_err(|_| anyhow!("{name} is damaged, its CRC does not fit its content: restore it, or train anew"))
    }
}

fn cut_off(path: &Path) -> String {
    format!("{} is cut off: restore it, or train anew", path.display())
}
