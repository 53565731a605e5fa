//! The writing of a checkpoint: see [`checkpoint`](crate::checkpoint).

use crate::error::{Error, Slice};
use crate::persistence::checkpoint::{Contents, WORD, tag};

/// Counts the bytes of a checkpoint and checks what is to be written, then writes it.
pub struct Writer<'a> {
    pub(super) to: &'a mut [u8],
    pub(super) length: usize,
    pub(super) sections: u32,
    pub(super) contents: Contents,
    pub(super) measuring: bool,
    pub(super) problem: Option<Error>,
}

impl Writer<'_> {
    /// Writes a section with the version of the features, at least 1, for a [`Preprocess`](crate::Preprocess) of one's own: what was learned of
    /// features that were computed in another way is of no use, though it has the same shape. It is never left out, and takes
    /// [`FEATURE_VERSION_BYTES`](crate::checkpoint::FEATURE_VERSION_BYTES). A reader checks it by
    /// [`expect_feature_version`](crate::checkpoint::Reader::expect_feature_version).
    pub fn feature_version(&mut self, version: u32) {
        self.sections += 1;
        self.words(&[u32::from(tag::FEATURE_VERSION), WORD as u32, version]);
    }

    /// Begins a section of `bytes` bytes; `false` if it is left out.
    pub(crate) fn section(&mut self, tag: u16, bytes: usize) -> bool {
        if !self.contents.has(tag) {
            return false;
        }
        self.sections += 1;
        self.words(&[u32::from(tag), bytes as u32]);
        true
    }

    pub(crate) fn words(&mut self, words: &[u32]) {
        for word in words {
            if !self.measuring
                && let Some(to) = self.to.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut)
            {
                *to = word.to_le_bytes();
            }
            self.length += WORD;
        }
    }

    /// Writes numbers; the first is element `start` of its slice.
    #[inline(never)]
    pub(crate) fn floats(&mut self, slice: Slice, start: usize, floats: &[f32]) {
        for (index, float) in (start..).zip(floats) {
            if !float.is_finite() {
                self.problem = self.problem.or(Some(Error::NotFinite { slice, index }));
            }
            self.words(&[float.to_bits()]);
        }
    }

    /// [`floats`](Self::floats), with numbers beyond a range clamped to it.
    #[inline(never)]
    pub(crate) fn floats_within(
        &mut self,
        slice: Slice,
        start: usize,
        floats: &[f32],
        range: &core::ops::RangeInclusive<f32>,
    ) {
        for (index, float) in (start..).zip(floats) {
            let (low, high) = (*range.start(), *range.end());
            let within = if *float < low {
                low
            } else if *float > high {
                high
            } else {
                *float
            };
            self.floats(slice, index, &[within]);
        }
    }

    /// Writes bytes. Bytes that do not fit are left out; the length measured before rules that out.
    pub(crate) fn bytes(&mut self, bytes: impl IntoIterator<Item = u8>) {
        for byte in bytes {
            if !self.measuring
                && let Some(to) = self.to.get_mut(self.length)
            {
                *to = byte;
            }
            self.length += 1;
        }
    }
}
