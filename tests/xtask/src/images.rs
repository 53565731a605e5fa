//! Images of the boards, to flash without a toolchain.

mod universal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use elf::ElfBytes;
use elf::abi::PT_LOAD;
use elf::endian::LittleEndian;
use sha2::{Digest, Sha256};

use crate::shell::{boards, cargo, output, root, run};

/// The targets of the boards.
pub const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];

/// A board that is no machine of QEMU's.
pub struct Board {
    pub name: &'static str,
    target: &'static str,
    /// The kinds of files by which it is flashed. The first is the one that the emulator is given.
    kinds: &'static [Kind],
}

/// All of them. The first is quick to build, and its file needs no objcopy.
pub const BOARDS: [Board; 3] = [
    Board { name: "rp2040-pico", target: TARGETS[0], kinds: &[Kind::Uf2] },
    Board { name: "microbit-v2", target: TARGETS[1], kinds: &[Kind::Hex, Kind::Universal] },
    Board { name: "stm32f411e-disco", target: TARGETS[1], kinds: &[Kind::Hex, Kind::Bin] },
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Intel HEX, which a debugger on the board takes as a file that is dropped on its drive.
    Hex,
    /// The same with a program for the first micro:bit as well, which cannot run this one: it lights all LEDs.
    Universal,
    /// The flash as it is, from its first byte on.
    Bin,
    /// The blocks that the boot ROM of the RP2040 takes as a file that is dropped on its drive.
    Uf2,
}

impl Kind {
    fn extension(self) -> &'static str {
        match self {
            Kind::Hex => "hex",
            Kind::Universal => "universal.hex",
            Kind::Bin => "bin",
            Kind::Uf2 => "uf2",
        }
    }
}

/// The folder of the images.
pub fn folder() -> PathBuf {
    root().join("target").join("images")
}

/// Builds the boards, and converts the programs to image files. Prints their sizes and checksums.
pub fn make() -> Result<()> {
    for board in &BOARDS {
        for file in make_one(board)?.1 {
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            println!("{}: {} bytes, SHA-256 {sum}", file.display(), bytes.len());
        }
    }
    Ok(())
}

/// Builds a board as its users do: what was built, and the files of it.
pub fn make_one(board: &Board) -> Result<(PathBuf, Vec<PathBuf>)> {
    let (folder, Board { name, target, kinds }) = (folder(), board);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    cargo(&boards().join(name), &["build", "--release", "--bin", name])?;
    let built = boards().join("target").join(target).join("release").join(name);
    let mut files = Vec::new();
    for kind in *kinds {
        let file = folder.join(name).with_extension(kind.extension());
        write(*kind, &built, &file)?;
        files.push(file);
    }
    Ok((built, files))
}

/// Converts a built program to an image file.
fn write(kind: Kind, built: &Path, file: &Path) -> Result<()> {
    let format = match kind {
        Kind::Hex => "ihex",
        Kind::Bin => "binary",
        Kind::Uf2 | Kind::Universal => {
            let bytes = fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
            let elf = ElfBytes::<LittleEndian>::minimal_parse(&bytes)?;
            let mut segments = Vec::new();
            for header in elf.segments().with_context(|| format!("{} has no segments", built.display()))? {
                if header.p_type == PT_LOAD && header.p_filesz > 0 {
                    segments.push((u32::try_from(header.p_paddr)?, elf.segment_data(&header)?));
                }
            }
            let content = if kind == Kind::Uf2 { uf2(&segments)? } else { universal::hex(&segments).into_bytes() };
            return fs::write(file, content).with_context(|| format!("cannot write {}", file.display()));
        }
    };
    run(Command::new(objcopy()?).args(["-O", format]).args([built, file]))
}

/// llvm-objcopy, of the component `llvm-tools`.
fn objcopy() -> Result<PathBuf> {
    let root = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok([root.trim(), "lib", "rustlib", host, "bin", "llvm-objcopy"].iter().collect())
}

/// The bytes of the flash in a block, and of a block.
const PAGE: u32 = 256;
const BLOCK: usize = 512;
/// The first bytes of a block and the last, and the flag that says that it names a family: that of the RP2040.
const MAGIC: [u32; 2] = [0x0a32_4655, 0x9e5d_5157];
const END: u32 = 0x0ab1_6f30;
const HAS_FAMILY: u32 = 0x2000;
const RP2040: u32 = 0xe48b_ff56;

/// Segments of the flash, each with its address, as blocks of UF2 (<https://github.com/microsoft/uf2>); bytes outside of all segments are 0.
fn uf2(segments: &[(u32, &[u8])]) -> Result<Vec<u8>> {
    let mut pages: BTreeMap<u32, [u8; PAGE as usize]> = BTreeMap::new();
    for (start, bytes) in segments {
        for (address, byte) in (*start..).zip(*bytes) {
            pages.entry(address / PAGE).or_insert([0; PAGE as usize])[(address % PAGE) as usize] = *byte;
        }
    }
    ensure!(!pages.is_empty(), "there is nothing to flash");
    let count = pages.len() as u32;
    let mut blocks = Vec::with_capacity(pages.len() * BLOCK);
    for (number, (page, bytes)) in (0..).zip(&pages) {
        let header = [MAGIC[0], MAGIC[1], HAS_FAMILY, page * PAGE, PAGE, number, count, RP2040];
        header.iter().for_each(|word| blocks.extend(word.to_le_bytes()));
        blocks.extend(bytes);
        blocks.resize((number as usize + 1) * BLOCK - 4, 0);
        blocks.extend(END.to_le_bytes());
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads blocks as the boot ROM does: it skips everything that is not a block of its family.
    fn unpacked(file: &[u8]) -> BTreeMap<u32, u8> {
        assert_eq!(file.len() % BLOCK, 0);
        let count = file.len() / BLOCK;
        let mut flash = BTreeMap::new();
        for (number, block) in file.chunks(BLOCK).enumerate() {
            let word = |i: usize| u32::from_le_bytes(block[4 * i..4 * i + 4].try_into().unwrap());
            assert_eq!((word(0), word(1), word(127)), (MAGIC[0], MAGIC[1], END));
            assert_eq!((word(2), word(7)), (HAS_FAMILY, RP2040));
            assert_eq!((word(4), word(5), word(6)), (256, number as u32, count as u32));
            assert_eq!(word(3) % 256, 0, "the ROM writes whole pages");
            flash.extend((word(3)..).zip(block[32..32 + 256].iter().copied()));
        }
        flash
    }

    #[test]
    fn blocks_hold_the_segments_and_nothing_else() {
        let long: Vec<u8> = (0..600).map(|i| i as u8 | 1).collect();
        let flash = unpacked(&uf2(&[(0x1000_0000, &long), (0x1000_0400, &[7, 8]), (0x1000_0258, &[9])]).unwrap());
        for (i, byte) in (0..).zip(&long) {
            assert_eq!(flash[&(0x1000_0000 + i)], *byte);
        }
        assert_eq!((flash[&0x1000_0258], flash[&0x1000_0259]), (9, 0));
        assert_eq!((flash[&0x1000_0400], flash[&0x1000_0401], flash[&0x1000_0402]), (7, 8, 0));
        assert_eq!(flash.len(), 4 * 256, "the page between is none");
        assert!(uf2(&[]).is_err());
    }
}
