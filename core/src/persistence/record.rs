//! The header of a record in flash: see [`store`](crate::store).

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, Crc, Digest, NoTable};

/// The bytes "GDs1".
const MAGIC: u32 = u32::from_le_bytes(*b"GDs1");

/// The bytes of a header.
pub(super) const HEADER: usize = 20;

const OF_HEADERS: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// Not the polynomial of the checkpoint's CRC: a checkpoint ends with its own CRC, and the same polynomial over both gives the same value
/// for every checkpoint.
const OF_CONTENTS: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISCSI);

/// The CRC of a checkpoint in a record, computed piece by piece.
pub(super) fn digest() -> Digest<'static, u32, NoTable> {
    const CRC: &Crc<u32, NoTable> = &OF_CONTENTS;
    CRC.digest()
}

/// A record, that is, a checkpoint with a header: the fields of the header, and where it is.
#[derive(Clone, Copy)]
pub(super) struct Record {
    /// The position of the header, in bytes from the beginning of the range.
    pub at: u32,
    /// Counts the records.
    pub sequence: u32,
    /// The bytes of the checkpoint.
    pub length: u32,
    /// The CRC of the checkpoint.
    pub crc: u32,
}

impl Record {
    /// The record whose header is at `at`, if there is one and its checkpoint is no longer than `range`.
    pub(super) fn read(at: u32, header: &[u8], range: u32) -> Option<Self> {
        let (bytes, crc) = header.first_chunk::<HEADER>()?.split_last_chunk::<4>()?;
        let (words, _) = bytes.as_chunks::<4>();
        let [magic, sequence, length, of_contents] = words else { return None };
        let [magic, sequence, length, of_contents, crc] =
            [magic, sequence, length, of_contents, crc].map(|word| u32::from_le_bytes(*word));
        let sound = magic == MAGIC && length <= range.saturating_sub(HEADER as u32);
        (sound && OF_HEADERS.checksum(bytes) == crc).then_some(Record { at, sequence, length, crc: of_contents })
    }

    /// Its header.
    pub(super) fn header(&self) -> [u8; HEADER] {
        let Record { at: _, sequence, length, crc } = *self;
        let mut header = [0; HEADER];
        let words = [MAGIC, sequence, length, crc];
        header.iter_mut().zip(words.into_iter().flat_map(u32::to_le_bytes)).for_each(|(to, byte)| *to = byte);
        if let Some((bytes, crc)) = header.split_last_chunk_mut::<4>() {
            *crc = OF_HEADERS.checksum(bytes).to_le_bytes();
        }
        header
    }

    /// Its bytes with the header.
    pub(super) fn bytes(&self) -> usize {
        HEADER + self.length as usize
    }

    /// Whether the record is newer than one with this number; numbers wrap around at 2^32.
    pub(super) fn is_newer_than(&self, sequence: u32) -> bool {
        (self.sequence.wrapping_sub(sequence) as i32) > 0
    }
}

/// Whether these bytes may be a header whose writing or erasure was cut. Writing clears bits and erasing sets them, so the bits that are set
/// in the magic are set at any time.
pub(super) fn may_be_header(bytes: &[u8]) -> bool {
    let word = bytes.first_chunk::<4>().map_or(0, |word| u32::from_le_bytes(*word));
    word & MAGIC == MAGIC
}
