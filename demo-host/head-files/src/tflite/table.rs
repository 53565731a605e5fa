//! Tables of FlatBuffers from untrusted files: every offset is checked, and one that leads out of the file is an error.
//!
//! A table begins with the distance back to its vtable, which holds the place of each field by its number; a field is a number, or the
//! distance to a table or a vector (the FlatBuffers internals page). The crates for it read by `unsafe` code that a generator writes; this
//! project denies that, and a head needs eight of TFLite's tables.

use anyhow::{Context, Result, ensure};

/// A table within a file.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    file: &'a [u8],
    place: usize,
}

const OUTSIDE: &str = "it is damaged: an offset leads out of the file";

fn word<const N: usize>(file: &[u8], place: usize) -> Result<[u8; N]> {
    file.get(place..).and_then(|rest| rest.first_chunk()).copied().context(OUTSIDE)
}

/// Where the offset at a place leads.
fn follow(file: &[u8], place: usize) -> Result<usize> {
    let offset = u32::from_le_bytes(word(file, place)?) as usize;
    place.checked_add(offset).filter(|to| *to < file.len()).context(OUTSIDE)
}

impl<'a> Table<'a> {
    /// The root of a file.
    pub(super) fn root(file: &'a [u8]) -> Result<Self> {
        Ok(Table { file, place: follow(file, 0)? })
    }

    /// The place of a field, if it is set.
    fn field(&self, number: usize) -> Result<Option<usize>> {
        let back = i64::from(i32::from_le_bytes(word(self.file, self.place)?));
        let vtable = usize::try_from(self.place as i64 - back).ok().context(OUTSIDE)?;
        let size = usize::from(u16::from_le_bytes(word(self.file, vtable)?));
        let entry = 4 + 2 * number;
        if entry + 2 > size {
            return Ok(None);
        }
        let offset = usize::from(u16::from_le_bytes(word(self.file, vtable + entry)?));
        Ok((offset != 0).then_some(self.place + offset))
    }

    pub(super) fn byte(&self, number: usize) -> Result<i8> {
        let place = self.field(number)?;
        place.map_or(Ok(0), |place| word(self.file, place).map(i8::from_le_bytes))
    }

    pub(super) fn int(&self, number: usize) -> Result<i32> {
        let place = self.field(number)?;
        place.map_or(Ok(0), |place| word(self.file, place).map(i32::from_le_bytes))
    }

    pub(super) fn has(&self, number: usize) -> Result<bool> {
        Ok(self.field(number)?.is_some())
    }

    pub(super) fn table(&self, number: usize) -> Result<Option<Table<'a>>> {
        let place = self.field(number)?;
        place.map(|place| Ok(Table { file: self.file, place: follow(self.file, place)? })).transpose()
    }

    /// The elements of a vector of numbers of `N` bytes; none if it is not set.
    pub(super) fn numbers<const N: usize>(&self, number: usize) -> Result<&'a [[u8; N]]> {
        let Some(start) = self.start(number)? else { return Ok(&[]) };
        let length = u32::from_le_bytes(word(self.file, start)?) as usize;
        let elements = self.file[start + 4..].as_chunks::<N>().0;
        elements.get(..length).context(OUTSIDE)
    }

    /// The tables of a vector.
    pub(super) fn tables(&self, number: usize) -> Result<Vec<Table<'a>>> {
        let Some(start) = self.start(number)? else { return Ok(Vec::new()) };
        let offsets = self.numbers::<4>(number)?;
        let place = |at: usize| Ok(Table { file: self.file, place: follow(self.file, start + 4 + 4 * at)? });
        (0..offsets.len()).map(place).collect()
    }

    pub(super) fn text(&self, number: usize) -> Result<String> {
        let bytes = self.numbers::<1>(number)?;
        Ok(String::from_utf8_lossy(bytes.as_flattened()).into_owned())
    }

    /// Where a vector begins, with its length.
    fn start(&self, number: usize) -> Result<Option<usize>> {
        let place = self.field(number)?;
        let start = place.map(|place| follow(self.file, place)).transpose()?;
        ensure!(start.is_none_or(|start| start + 4 <= self.file.len()), OUTSIDE);
        Ok(start)
    }
}
