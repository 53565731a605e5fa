//! The page of all figures, written by `--bless` from the committed ones.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Figures, tables};
use crate::shell::root;

const INTRODUCTION: &str = "# All counts\n
All measurements of `cargo xtask footprint` in QEMU, under `-icount shift=6`: instructions, exact and repeatable, not cycles; batch 1, f32, the most of eight
samples, the value of the loss and all checks included. Lines marked \"quoted\" were measured with the same machine and settings, the others in the
same run. The page is written by `cargo xtask footprint --bless`; [README.md](../README.md#what-it-costs) explains the figures.
";

fn path() -> PathBuf {
    root().join("core").join("docs").join("costs.md")
}

fn text(figures: &Figures) -> Result<String> {
    Ok(format!("{INTRODUCTION}{}", tables::markdown(figures)?))
}

/// Writes it.
pub fn write(figures: &Figures) -> Result<()> {
    fs::write(path(), text(figures)?).with_context(|| format!("cannot write {}", path().display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_committed_figures() {
        let committed = super::super::committed().unwrap();
        if std::env::var_os("BLESS").is_some() {
            write(&committed).unwrap();
        }
        let (found, wanted) = (fs::read_to_string(path()).unwrap(), text(&committed).unwrap());
        let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
        assert!(found == wanted, "`cargo xtask footprint --bless` writes {}: {differs:?}", path().display());
    }
}
