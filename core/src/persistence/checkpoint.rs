//! Heads and learners as bytes, for flash, a file or a wire. Needs the feature `checkpoint`.
//!
//! # Layout, version 2
//! All numbers are little-endian; there is no padding.
//!
//! ```text
//! offset  size
//!      0     4  magic, "GDck"
//!      4     2  version, 2
//!      6     2  number of sections
//!      8     4  length of the whole in bytes, up to and including the CRC
//!     12     .  sections, one behind the other, none twice:
//!               0  2  tag
//!               2  2  0
//!               4  4  n, the bytes that follow
//!               8  n  contents
//!      .     4  CRC-32 (that of Ethernet, zip and PNG) of all bytes before it
//!
//! tag  section          contents
//!   1  linear head      u32 classes that there is room for, u32 features; f32 weights row by row, f32 biases
//!   2  state            u32 steps taken, the position of the schedule
//!   3  its velocity     f32 in the order of the parameters
//!   4  read-out         f32 temperature, f32 threshold
//!   5  classes          u32 classes in use
//!   6  standardizer     u32 features, u32 samples that fix the units, u32 samples seen; f32 means, variances, scales
//!   7  memory           u32 classes, u32 slots, u32 bytes a sample, u32 generator; u32 seen of each class; the stored samples
//!   8  held out         the same of the guard's
//!   9  guard            f32 best loss, u32 samples since one was held out
//!  10  calibration      u32 bins; of each u32 count, u32 right, u64 confidence; f32 sums of NLL and Brier score, each with what it lost
//!  11  hidden layer     as a linear head
//!  12  its velocity     as 3
//!  13  output layer     as a linear head
//!  14  its velocity     as 3
//!  15  fixed head       u32 classes that there is room for, u32 features, u32 exponent, u32 generator; i16 weights, i32 biases
//!  16  discriminant     u32 classes that there is room for, u32 features, u32 labels, f32 samples of the prior and of a base; u32 samples of
//!                      each class; f32 U (packed), D, means, rows, biases
//!  17  trained head     u32 CRC-32 of its parameters as little-endian f32, which are not in the checkpoint; u32 for each class that there
//!                      is room for: which of the trained head's it is, or 255
//!  18  novelty          u32 classes, u32 features, u32 samples of each class; f32 weight, sum and sum of squares of the distances; f32
//!                      means, squares of each class, of all
//!  19  neighbours       f32 weight of the base and of the kept samples, three of their curvature, mean of the distances; u32 distances in it
//!  20  kept samples     as 7
//! 0x8001  version of the features, that a program gave them: u32, at least 1
//! ```
//!
//! **Compatibility.** A reader skips a section with an unknown tag below 0x8000, and refuses a checkpoint that has an unknown tag from
//! 0x8000 on. So sections can be added without a new version, and a section that must not be ignored gets a tag from 0x8000 on. A reader
//! refuses unknown versions. Every release reads all versions that earlier releases wrote: version 1 had the tags 1 to 4 of a linear head, all
//! of whose classes were in use.
//!
//! **Absent sections.** If the section of the velocity, the memory, the samples held out, the calibration or the novelty is absent, that part is
//! reset as in a new learner, since it belonged to the head that is replaced. Without their sections, steps, read-out and standardizer stay
//! as they are.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

use crate::error::{CheckpointPart, Error, Slice};
pub use crate::persistence::memory::{SavedMemory, SavedSlots};
pub use crate::persistence::writer::Writer;

const MAGIC: u32 = u32::from_le_bytes(*b"GDck");
const VERSION: u16 = 2;
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The sizes in bytes of the header, of a section's own header, and of a number.
const HEADER: usize = 12;
pub(crate) const SECTION: usize = 8;
pub(crate) const WORD: usize = 4;

/// The size of the section of [`Writer::feature_version`], in bytes.
pub const FEATURE_VERSION_BYTES: usize = SECTION + WORD;

/// A reader must not skip an unknown section with this tag or a higher one.
const REQUIRED: u16 = 0x8000;

/// The choice of sections that are written.
///
/// ```
/// use gradient_decay::Contents;
///
/// const SMALL: Contents = Contents::ALL.without_velocity().without_samples();
/// assert_ne!(SMALL, Contents::ALL);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Contents {
    /// One bit for each tag.
    left_out: u32,
}

impl Contents {
    /// All sections.
    pub const ALL: Contents = Contents { left_out: 0 };

    /// Without velocities: after loading, momentum starts at zero.
    pub const fn without_velocity(self) -> Self {
        self.without(&[tag::VELOCITY, tag::HIDDEN_VELOCITY, tag::OUTPUT_VELOCITY])
    }

    /// Without the remembered samples and those held out, which are personal data and most of the bytes.
    pub const fn without_samples(self) -> Self {
        self.without(&[tag::MEMORY, tag::HELD_OUT, tag::GUARD, tag::KEPT])
    }

    /// Without calibration.
    pub const fn without_calibration(self) -> Self {
        self.without(&[tag::CALIBRATION])
    }

    /// Whether the sections with a tag are written.
    pub(super) const fn has(self, tag: u16) -> bool {
        self.left_out & (1 << tag) == 0
    }

    const fn without(self, tags: &[u16]) -> Self {
        let mut left_out = self.left_out;
        let mut i = 0;
        while i < tags.len() {
            left_out |= 1 << tags[i];
            i += 1;
        }
        Contents { left_out }
    }
}

/// The tags of sections.
pub(crate) mod tag {
    pub(crate) const HEAD: u16 = 1;
    pub(crate) const STATE: u16 = 2;
    pub(crate) const VELOCITY: u16 = 3;
    pub(crate) const READOUT: u16 = 4;
    pub(crate) const CLASSES: u16 = 5;
    pub(crate) const STANDARDIZER: u16 = 6;
    pub(crate) const MEMORY: u16 = 7;
    pub(crate) const HELD_OUT: u16 = 8;
    pub(crate) const GUARD: u16 = 9;
    pub(crate) const CALIBRATION: u16 = 10;
    pub(crate) const HIDDEN: u16 = 11;
    pub(crate) const HIDDEN_VELOCITY: u16 = 12;
    pub(crate) const OUTPUT: u16 = 13;
    pub(crate) const OUTPUT_VELOCITY: u16 = 14;
    pub(crate) const FIXED: u16 = 15;
    pub(crate) const DISCRIMINANT: u16 = 16;
    pub(crate) const TRAINED: u16 = 17;
    pub(crate) const NOVELTY: u16 = 18;
    pub(crate) const NEIGHBOURS: u16 = 19;
    pub(crate) const KEPT: u16 = 20;
    /// Required: whoever computes other features, without knowing that they have versions, must not skip it.
    pub(crate) const FEATURE_VERSION: u16 = 0x8001;
}

/// A head, a part or a whole learner that can be saved and restored. `()` has no sections.
pub trait Saved {
    /// The size of its sections with all contents, in bytes; 0 for a part in the caller's slices, whose size is known only at run time.
    const SAVED_BYTES: usize;

    /// Writes its sections.
    #[doc(hidden)]
    fn write(&self, to: &mut Writer<'_>);

    /// Checks its own sections, or takes them over: see [`Reader`].
    #[doc(hidden)]
    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error>;
}

impl Saved for () {
    const SAVED_BYTES: usize = 0;

    fn write(&self, _: &mut Writer<'_>) {}

    fn read(&mut self, _: &Reader<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// The size of a checkpoint of `T` with all contents, in bytes, for a buffer whose size is a constant.
///
/// ```
/// use gradient_decay::{LinearHead, checkpoint};
///
/// const BYTES: usize = checkpoint::bytes::<LinearHead<10, 64>>();
/// assert_eq!(BYTES, 2644); // 44 bytes more than the parameters
/// ```
pub const fn bytes<T: Saved>() -> usize {
    HEADER + T::SAVED_BYTES + WORD
}

/// The size of a checkpoint with these contents, in bytes.
pub fn size<T: Saved>(saved: &T, contents: Contents) -> usize {
    measure(saved, contents).length + WORD
}

/// The CRC of numbers as little-endian f32.
pub(crate) fn crc_of(arrays: [&[f32]; 2]) -> u32 {
    let mut digest = CRC.digest();
    arrays.into_iter().flatten().for_each(|number| digest.update(&number.to_le_bytes()));
    digest.finalize()
}

fn measure<T: Saved>(saved: &T, contents: Contents) -> Writer<'static> {
    let mut measure = Writer { to: &mut [], length: HEADER, sections: 0, contents, measuring: true, problem: None };
    saved.write(&mut measure);
    measure
}

/// Writes a checkpoint to the start of `bytes`; returns its [`size`].
///
/// # Errors
/// [`Error::Length`] if `bytes` is shorter than that; [`Error::NotFinite`] if a number to be written is NaN or infinite, since a reader
/// would refuse it. `bytes` is then unchanged.
///
/// ```
/// use gradient_decay::{Contents, LinearHead, checkpoint};
///
/// let mut head: LinearHead<2, 1> = LinearHead::new();
/// head.import(&[0.5, -0.5, 0.0, 2.0])?;
/// let mut bytes = [0; checkpoint::bytes::<LinearHead<2, 1>>()];
/// checkpoint::write(&head, Contents::ALL, &mut bytes)?;
///
/// let mut restored = LinearHead::<2, 1>::new();
/// checkpoint::read(&bytes, &mut restored)?;
/// assert_eq!(restored, head);
///
/// bytes[30] ^= 1;
/// let error = checkpoint::read(&bytes, &mut restored).unwrap_err();
/// assert!(error.to_string().starts_with("the CRC of the checkpoint is"));
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub fn write<T: Saved>(saved: &T, contents: Contents, bytes: &mut [u8]) -> Result<usize, Error> {
    let Writer { length, sections, problem, .. } = measure(saved, contents);
    if let Some(error) = problem {
        return Err(error);
    }
    let (whole, actual) = (length + WORD, bytes.len());
    let Some((to, _)) = bytes.split_at_mut_checked(whole) else {
        return Err(Error::Length { slice: Slice::Bytes, expected: whole, actual });
    };
    let mut writer = Writer { to: &mut *to, length: 0, sections: 0, contents, measuring: false, problem: None };
    writer.words(&[MAGIC, u32::from(VERSION) | sections << 16, whole as u32]);
    saved.write(&mut writer);
    let (content, crc) = to.split_at_mut_checked(length).unwrap_or_default();
    crc.iter_mut().zip(CRC.checksum(content).to_le_bytes()).for_each(|(to, byte)| *to = byte);
    Ok(whole)
}

/// Reads a checkpoint from the start of `bytes`; further bytes are ignored.
///
/// # Errors
/// [`Error::Checkpoint`] that names what is wrong: the magic, the version, the length, the CRC, the shape or a section;
/// [`Error::NotFinite`], [`Error::OutOfRange`] or [`Error::TooManyClasses`] if a number is not finite or is out of range. Nothing is then
/// changed.
pub fn read<T: Saved>(bytes: &[u8], saved: &mut T) -> Result<(), Error> {
    let mut reader = Reader { sections: sections(bytes)?, takes: false };
    saved.read(&reader)?;
    // Everything has been checked: from here on nothing is refused.
    reader.takes = true;
    saved.read(&reader)
}

/// The sections of a checkpoint whose magic, version, length and CRC are right.
fn sections(bytes: &[u8]) -> Result<Sections<'_>, Error> {
    let short = refused(CheckpointPart::Length, (HEADER + WORD) as u32, bytes.len() as u32);
    let [magic, version, length] = bytes.first_chunk::<HEADER>().map(|header| words(header)).ok_or(short)?;
    expect(CheckpointPart::Magic, MAGIC, magic)?;
    let (version, count) = (version & 0xffff, version >> 16);
    if version == 0 || version > u32::from(VERSION) {
        return Err(refused(CheckpointPart::Version, u32::from(VERSION), version));
    }
    let short = refused(CheckpointPart::Length, length, bytes.len() as u32);
    let (whole, _) = bytes.split_at_checked(length as usize).ok_or(short)?;
    let (content, crc) = whole.split_last_chunk::<WORD>().ok_or(short)?;
    expect(CheckpointPart::Crc, CRC.checksum(content), u32::from_le_bytes(*crc))?;
    let sections = Sections { rest: content.get(HEADER..).ok_or(short)?, count };
    let mut all = sections.clone();
    while all.count > 0 {
        let (tag, contents) = all.step()?;
        if tag >= REQUIRED && tag != tag::FEATURE_VERSION {
            return Err(refused(CheckpointPart::Required, u32::from(tag), contents.len() as u32));
        }
        // No later section may have the same tag.
        let mut behind = all.clone();
        while behind.count > 0 {
            if behind.step()?.0 == tag {
                return Err(refused(CheckpointPart::Repeated, u32::from(tag), contents.len() as u32));
            }
        }
    }
    expect(CheckpointPart::Length, 0, all.rest.len() as u32)?;
    Ok(sections)
}

/// Some sections, one behind the other.
#[derive(Clone)]
struct Sections<'a> {
    rest: &'a [u8],
    count: u32,
}

impl<'a> Sections<'a> {
    /// Takes the next section.
    fn step(&mut self) -> Result<(u16, &'a [u8]), Error> {
        let broken = refused(CheckpointPart::Length, SECTION as u32, self.rest.len() as u32);
        let (head, behind) = self.rest.split_first_chunk::<SECTION>().ok_or(broken)?;
        let [tag, length] = words(head);
        let broken = refused(CheckpointPart::Length, length, behind.len() as u32);
        let (contents, rest) = behind.split_at_checked(length as usize).ok_or(broken)?;
        // The two bytes behind a tag are 0.
        let tag = u16::try_from(tag).map_err(|_| refused(CheckpointPart::Section, tag, length))?;
        *self = Sections { rest, count: self.count.saturating_sub(1) };
        Ok((tag, contents))
    }
}

/// Reads a checkpoint in two passes: the first checks it, the second takes it over. Its larger functions are not inlined, since every
/// section calls them.
pub struct Reader<'a> {
    sections: Sections<'a>,
    takes: bool,
}

impl<'a> Reader<'a> {
    /// Whether this is the second pass, which takes over what the first has checked.
    pub(crate) fn takes(&self) -> bool {
        self.takes
    }

    /// The section with this tag, if there is one.
    #[inline(never)]
    pub(crate) fn find(&self, tag: u16) -> Option<Section<'a>> {
        let mut sections = self.sections.clone();
        while sections.count > 0 {
            match sections.step() {
                Ok((its, contents)) if its == tag => {
                    return Some(Section { tag, length: contents.len(), rest: contents, takes: self.takes });
                }
                Ok(_) => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Checks the version that [`Writer::feature_version`] wrote; 0 stands for none.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] of the part [`CheckpointPart::FeatureVersion`] if it is another.
    pub fn expect_feature_version(&self, version: u32) -> Result<(), Error> {
        let mut found = 0;
        if let Some(mut section) = self.find(tag::FEATURE_VERSION) {
            found = section.word()?;
            section.end()?;
        }
        expect(CheckpointPart::FeatureVersion, version, found)
    }

    /// The section with this tag; an error if it is absent.
    pub(crate) fn expect(&self, tag: u16) -> Result<Section<'a>, Error> {
        self.find(tag).ok_or(refused(CheckpointPart::Section, u32::from(tag), 0))
    }
}

/// The rest of a section's contents; each read takes some bytes off.
pub struct Section<'a> {
    tag: u16,
    length: usize,
    rest: &'a [u8],
    takes: bool,
}

impl<'a> Section<'a> {
    /// Whether the values read are stored; otherwise they are only checked.
    pub(crate) fn takes(&self) -> bool {
        self.takes
    }

    /// An error that names this section.
    pub(crate) fn refused(&self) -> Error {
        refused(CheckpointPart::Section, u32::from(self.tag), self.length as u32)
    }

    /// The next bytes.
    #[inline(never)]
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(self.refused())?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next number.
    pub(crate) fn word(&mut self) -> Result<u32, Error> {
        let (word, rest) = self.rest.split_first_chunk::<WORD>().ok_or(self.refused())?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*word))
    }

    /// The next number, which must be this one.
    pub(crate) fn expect(&mut self, part: CheckpointPart, expected: usize) -> Result<(), Error> {
        expect(part, expected as u32, self.word()?)
    }

    /// The next number, taken over as it is.
    pub(crate) fn take(&mut self, to: &mut u32) -> Result<(), Error> {
        let word = self.word()?;
        if self.takes {
            *to = word;
        }
        Ok(())
    }

    /// The next number, which must be finite; it is element `index` of its slice.
    pub(crate) fn float(&mut self, slice: Slice, index: usize) -> Result<f32, Error> {
        let value = f32::from_bits(self.word()?);
        if value.is_finite() { Ok(value) } else { Err(Error::NotFinite { slice, index }) }
    }

    /// The next numbers, which must be finite, taken over as they are; the first is element `start` of its slice.
    #[inline(never)]
    pub(crate) fn take_floats(&mut self, slice: Slice, start: usize, to: &mut [f32]) -> Result<(), Error> {
        for (index, to) in (start..).zip(to.iter_mut()) {
            let value = self.float(slice, index)?;
            if self.takes {
                *to = value;
            }
        }
        Ok(())
    }

    /// [`take_floats`](Self::take_floats), where each number must also be in a range.
    #[inline(never)]
    pub(crate) fn take_floats_within(
        &mut self,
        slice: Slice,
        start: usize,
        to: &mut [f32],
        range: &core::ops::RangeInclusive<f32>,
    ) -> Result<(), Error> {
        for (index, to) in (start..).zip(to.iter_mut()) {
            let value = self.float(slice, index)?;
            if !range.contains(&value) {
                return Err(self.refused());
            }
            if self.takes {
                *to = value;
            }
        }
        Ok(())
    }

    /// An error unless the whole section has been read.
    pub(crate) fn end(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.refused()) }
    }
}

pub(crate) fn refused(part: CheckpointPart, expected: u32, found: u32) -> Error {
    Error::Checkpoint { part, expected, found }
}

fn expect(part: CheckpointPart, expected: u32, found: u32) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(refused(part, expected, found)) }
}

/// The numbers of some bytes, as many as there are.
fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    let (chunks, _) = bytes.as_chunks::<WORD>();
    words.iter_mut().zip(chunks).for_each(|(word, chunk)| *word = u32::from_le_bytes(*chunk));
    words
}
