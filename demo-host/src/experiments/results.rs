//! A file of results: one JSON object on each line, appended when a run finishes.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::Row;

/// A file of results that only this process appends to.
pub struct Results {
    file: File,
    path: PathBuf,
}

impl Results {
    /// The rows of a file. A last line that is cut off, for example by a kill or a full disk, is left out: its run is not
    /// finished.
    ///
    /// # Errors
    /// If the file cannot be read, or a line other than the last is not a row.
    pub fn read(path: &Path) -> Result<Vec<Row>> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        parse(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Opens a file to append to, or creates it, and gives its rows. A last line that is cut off is removed.
    ///
    /// # Errors
    /// If the file cannot be written, another process has it open, or it is damaged.
    pub fn open(path: &Path) -> Result<(Self, Vec<Row>)> {
        let cannot = || format!("cannot write {}", path.display());
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let mut file = options.open(path).with_context(cannot)?;
        if file.try_lock().is_err() {
            bail!("{} is being written by another sweep: wait for it, or name another file", path.display());
        }
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(|| format!("cannot read {}", path.display()))?;
        let rows = parse(&text).with_context(|| format!("{} is damaged", path.display()))?;
        file.set_len(whole_lines(&text).len() as u64).with_context(cannot)?;
        Ok((Results { file, path: path.to_owned() }, rows))
    }

    /// Appends a row and waits until it is on the disk. If that fails, the file is as before.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, row: &Row) -> Result<()> {
        let cannot = || format!("cannot write {}", self.path.display());
        let line = serde_json::to_string(row).context("a result cannot be encoded")? + "\n";
        let before = self.file.seek(SeekFrom::End(0)).with_context(cannot)?;
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_all());
        if written.is_err() {
            // Removes the partial line of a full disk; if that fails, the next reader leaves the broken line out.
            let _ = self.file.set_len(before);
        }
        written.with_context(cannot)
    }
}

/// Everything up to the last line break.
fn whole_lines(text: &str) -> &str {
    text.rfind('\n').map_or("", |end| &text[..=end])
}

fn parse(text: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (number, line) in whole_lines(text).lines().enumerate() {
        let row: Row = serde_json::from_str(line).with_context(|| format!("line {} is not a result", number + 1))?;
        ensure!(!row.epochs.is_empty(), "line {} has no epoch", number + 1);
        rows.push(row);
    }
    Ok(rows)
}
