//! A head with all that its training goes on from, as bytes: for flash, a file or a wire. Feature `checkpoint`.
//!
//! # Layout, version 1
//! All numbers are little-endian; there is no padding.
//!
//! ```text
//! offset  size
//!      0     4  magic, "GDck"
//!      4     2  version, 1
//!      6     2  number of sections
//!      8     4  length of the whole in bytes, up to and including the CRC
//!     12     .  sections, one behind the other:
//!               0  2  tag
//!               2  2  0
//!               4  4  n, the bytes that follow
//!               8  n  contents
//!      .     4  CRC-32 (that of Ethernet, zip and PNG) of all bytes before it
//!
//! tag  section    contents
//!   1  head       u32 classes, u32 features; f32 weights row by row, f32 biases
//!   2  state      u32 steps taken, the position of the schedule
//!   3  velocity   f32 in the order of the parameters
//!   4  read-out   f32 temperature, f32 threshold
//! ```
//!
//! The head must be there, the others may be absent. **Compatibility**: a reader skips sections whose tag it does not know, so new
//! ones can be added without a new version; what a reader could not skip raises the version, and a reader refuses versions
//! that it does not know. Every release reads all versions that earlier ones wrote.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

use crate::error::{CheckpointPart, Error, Slice, check_length};
use crate::fine_tune::State;
use crate::head::LinearHead;
use crate::optimizer::{Velocity, VelocityStore};
use crate::readout::Readout;
use crate::slice_head::SliceHead;

const MAGIC: u32 = u32::from_le_bytes(*b"GDck");
const VERSION: u16 = 1;
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The bytes of the header, of what precedes a section's contents, and of a number.
const HEADER: usize = 12;
const SECTION: usize = 8;
const WORD: usize = 4;

const HEAD: u16 = 1;
const STATE: u16 = 2;
const VELOCITY: u16 = 3;
const READOUT: u16 = 4;

/// The bytes of a checkpoint of a head of this shape, with or without a velocity.
///
/// ```
/// assert_eq!(gradient_decay::checkpoint::size(10, 64, false), 2660); // 60 more than the parameters
/// ```
pub const fn size(classes: usize, features: usize, velocity: bool) -> usize {
    let parameters = classes * (features + 1) * WORD;
    let velocity = if velocity { SECTION + parameters } else { 0 };
    HEADER + (SECTION + 2 * WORD + parameters) + (SECTION + WORD) + velocity + (SECTION + 2 * WORD) + WORD
}

/// Writes a checkpoint to the start of `bytes`; returns its [`size`]. The state's velocity is included if it has one.
///
/// # Errors
/// [`Error::Length`] if `bytes` is shorter than that; it is then unchanged.
///
/// ```
/// use gradient_decay::{LinearHead, Readout, State, checkpoint};
///
/// let mut head: LinearHead<2, 1> = LinearHead::new();
/// head.import(&[0.5, -0.5, 0.0, 2.0])?;
/// let mut state = State::new();
/// state.set_steps(7);
/// let mut bytes = [0; checkpoint::size(2, 1, false)];
/// checkpoint::write(&head, &state, &Readout::new().with_temperature(1.5), &mut bytes)?;
///
/// let (mut restored, mut its_state, mut readout) = (LinearHead::<2, 1>::new(), State::new(), Readout::new());
/// checkpoint::read(&bytes, &mut restored, &mut its_state, &mut readout)?;
/// assert_eq!((restored, its_state.steps(), readout.temperature()), (head, 7, 1.5));
///
/// bytes[30] ^= 1;
/// let error = checkpoint::read(&bytes, &mut LinearHead::<2, 1>::new(), &mut State::new(), &mut Readout::new());
/// assert!(error.unwrap_err().to_string().starts_with("the CRC of the checkpoint is"));
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub fn write<const CLASSES: usize, const FEATURES: usize, M: Copy, V: VelocityStore<CLASSES, FEATURES>>(
    head: &LinearHead<CLASSES, FEATURES, M>,
    state: &State<V>,
    readout: &Readout<M>,
    bytes: &mut [u8],
) -> Result<usize, Error> {
    let velocity = state.velocity.velocity();
    let parts = Parts {
        features: FEATURES,
        weights: head.weights.as_flattened(),
        bias: &head.bias,
        velocity: velocity.map(|velocity| (velocity.weights.as_flattened(), &velocity.bias[..])),
        steps: state.steps(),
        readout: [readout.temperature(), readout.threshold()],
    };
    parts.write(bytes)
}

/// [`write()`] of a head whose shape is known only at run time: the same bytes.
///
/// # Errors
/// As [`write()`].
///
/// ```
/// use gradient_decay::{Readout, SliceHead, State, checkpoint};
///
/// let mut parameters = [0.5, -0.5, 0.0, 2.0];
/// let mut bytes = [0; checkpoint::size(2, 1, false)];
/// let head = SliceHead::new(&mut parameters, 2, 1)?;
/// checkpoint::write_slices(&head, &State::new(), &Readout::new(), &mut bytes)?;
///
/// let mut copy = [0.0; 4];
/// let mut restored = SliceHead::new(&mut copy, 2, 1)?;
/// checkpoint::read_slices(&bytes, &mut restored, &mut State::new(), &mut Readout::new())?;
/// assert_eq!(copy, parameters);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub fn write_slices<M: Copy>(
    head: &SliceHead<'_, M>,
    state: &State,
    readout: &Readout<M>,
    bytes: &mut [u8],
) -> Result<usize, Error> {
    let parts = Parts {
        features: head.features(),
        weights: head.weights,
        bias: head.bias,
        velocity: None,
        steps: state.steps(),
        readout: [readout.temperature(), readout.threshold()],
    };
    parts.write(bytes)
}

/// What is written.
struct Parts<'a> {
    features: usize,
    weights: &'a [f32],
    bias: &'a [f32],
    velocity: Option<(&'a [f32], &'a [f32])>,
    steps: u32,
    readout: [f32; 2],
}

impl Parts<'_> {
    fn write(&self, bytes: &mut [u8]) -> Result<usize, Error> {
        let classes = self.bias.len();
        let length = size(classes, self.features, self.velocity.is_some());
        let actual = bytes.len();
        let Some((to, _)) = bytes.split_at_mut_checked(length) else {
            return Err(Error::Length { slice: Slice::Bytes, expected: length, actual });
        };
        let parameters = classes * (self.features + 1) * WORD;
        let sections = 3 + u32::from(self.velocity.is_some());
        let mut writer = Writer { rest: &mut *to };
        writer.words(&[MAGIC, u32::from(VERSION) | sections << 16, length as u32]);
        writer.words(&[u32::from(HEAD), (2 * WORD + parameters) as u32, classes as u32, self.features as u32]);
        writer.floats(self.weights);
        writer.floats(self.bias);
        writer.words(&[u32::from(STATE), WORD as u32, self.steps]);
        if let Some((weights, bias)) = self.velocity {
            writer.words(&[u32::from(VELOCITY), parameters as u32]);
            writer.floats(weights);
            writer.floats(bias);
        }
        writer.words(&[u32::from(READOUT), 2 * WORD as u32]);
        writer.floats(&self.readout);
        if let Some((content, crc)) = to.split_at_mut_checked(length - WORD) {
            crc.iter_mut().zip(CRC.checksum(content).to_le_bytes()).for_each(|(to, byte)| *to = byte);
        }
        Ok(length)
    }
}

/// Reads a checkpoint from the start of `bytes`, and may be followed by anything.
///
/// A read-out that is absent is left as it is; so is the number of steps. A velocity is taken over if `state` has room for one,
/// and set to rest if the checkpoint has none.
///
/// # Errors
/// [`Error::Checkpoint`] that names what is wrong: the magic, the version, the length, the CRC, the shape or a section;
/// [`Error::NotFinite`] or [`Error::OutOfRange`] if a number is not what it may be. Nothing is then changed.
pub fn read<const CLASSES: usize, const FEATURES: usize, M: Copy, V: VelocityStore<CLASSES, FEATURES>>(
    bytes: &[u8],
    head: &mut LinearHead<CLASSES, FEATURES, M>,
    state: &mut State<V>,
    readout: &mut Readout<M>,
) -> Result<(), Error> {
    let found = Checked::find(bytes, CLASSES, FEATURES, readout)?;
    // All is checked: from here on nothing is refused.
    take(found.parameters, head.weights.as_flattened_mut(), &mut head.bias);
    if let Some(steps) = found.steps {
        state.set_steps(steps);
    }
    if let Some(velocity) = state.velocity.velocity_mut() {
        *velocity = Velocity::new();
        if let Some(bytes) = found.velocity {
            take(bytes, velocity.weights.as_flattened_mut(), &mut velocity.bias);
            velocity.find_bound();
        }
    }
    *readout = found.readout;
    Ok(())
}

/// [`read()`] into a head whose shape is known only at run time. A velocity in the checkpoint is left out.
///
/// # Errors
/// As [`read()`].
pub fn read_slices<M: Copy>(
    bytes: &[u8],
    head: &mut SliceHead<'_, M>,
    state: &mut State,
    readout: &mut Readout<M>,
) -> Result<(), Error> {
    let found = Checked::find(bytes, head.classes(), head.features(), readout)?;
    take(found.parameters, head.weights, head.bias);
    if let Some(steps) = found.steps {
        state.set_steps(steps);
    }
    *readout = found.readout;
    Ok(())
}

/// What a checkpoint of a head of some shape holds, all of it checked.
struct Checked<'a, M> {
    parameters: &'a [u8],
    steps: Option<u32>,
    velocity: Option<&'a [u8]>,
    readout: Readout<M>,
}

impl<'a, M: Copy> Checked<'a, M> {
    /// `readout` is what there is if the checkpoint has none.
    fn find(bytes: &'a [u8], classes: usize, features: usize, readout: &Readout<M>) -> Result<Self, Error> {
        let found = Sections::find(bytes)?;
        let head = found.head.ok_or(refused(CheckpointPart::Section, u32::from(HEAD), 0))?;
        let ([its_classes, its_features], parameters) = words::<2>(head, HEAD)?;
        expect(CheckpointPart::Classes, classes as u32, its_classes)?;
        expect(CheckpointPart::Features, features as u32, its_features)?;
        let count = classes * (features + 1);
        check_numbers(Slice::Parameters, count, parameters, HEAD)?;
        let steps = found.state.map(|bytes| words::<1>(bytes, STATE)).transpose()?.map(|([steps], _)| steps);
        if let Some(velocity) = found.velocity {
            check_numbers(Slice::Velocity, count, velocity, VELOCITY)?;
        }
        let readout = match found.readout {
            None => *readout,
            Some(bytes) => {
                let ([temperature, threshold], _) = words::<2>(bytes, READOUT)?;
                let readout = readout.try_with_temperature(f32::from_bits(temperature))?;
                readout.try_with_threshold(f32::from_bits(threshold))?
            }
        };
        Ok(Checked { parameters, steps, velocity: found.velocity, readout })
    }
}

/// The CRC of the checkpoint that `bytes` start with, if it is one and fits.
#[cfg(feature = "storage")]
pub(crate) fn crc(bytes: &[u8]) -> Option<u32> {
    let ([_, _, length], _) = split_words::<3>(bytes)?;
    let (content, crc) = bytes.get(..length as usize)?.split_last_chunk::<WORD>()?;
    let crc = u32::from_le_bytes(*crc);
    (CRC.checksum(content) == crc).then_some(crc)
}

/// The contents of the sections that are known.
#[derive(Default)]
struct Sections<'a> {
    head: Option<&'a [u8]>,
    state: Option<&'a [u8]>,
    velocity: Option<&'a [u8]>,
    readout: Option<&'a [u8]>,
}

impl<'a> Sections<'a> {
    /// Checks magic, version, length and CRC, and goes through the sections.
    fn find(bytes: &'a [u8]) -> Result<Self, Error> {
        let short = refused(CheckpointPart::Length, (HEADER + WORD) as u32, bytes.len() as u32);
        let ([magic, version, length], _) = split_words::<3>(bytes).ok_or(short)?;
        expect(CheckpointPart::Magic, MAGIC, magic)?;
        let (version, count) = (version & 0xffff, version >> 16);
        expect(CheckpointPart::Version, u32::from(VERSION), version)?;
        let short = refused(CheckpointPart::Length, length, bytes.len() as u32);
        let (whole, _) = bytes.split_at_checked(length as usize).ok_or(short)?;
        let (content, crc) = whole.split_last_chunk::<WORD>().ok_or(short)?;
        expect(CheckpointPart::Crc, CRC.checksum(content), u32::from_le_bytes(*crc))?;
        let mut rest = content.get(HEADER..).ok_or(short)?;
        let mut found = Sections::default();
        for _ in 0..count {
            let broken = refused(CheckpointPart::Length, SECTION as u32, rest.len() as u32);
            let ([tag, length], after) = split_words::<2>(rest).ok_or(broken)?;
            let broken = refused(CheckpointPart::Length, length, after.len() as u32);
            let (contents, after) = after.split_at_checked(length as usize).ok_or(broken)?;
            match tag as u16 {
                HEAD => found.head = Some(contents),
                STATE => found.state = Some(contents),
                VELOCITY => found.velocity = Some(contents),
                READOUT => found.readout = Some(contents),
                _ => {}
            }
            rest = after;
        }
        expect(CheckpointPart::Length, 0, rest.len() as u32)?;
        Ok(found)
    }
}

/// Fills bytes from the start; what does not fit is left out, which the length checked before excludes.
struct Writer<'a> {
    rest: &'a mut [u8],
}

impl Writer<'_> {
    fn words(&mut self, words: &[u32]) {
        for word in words {
            if let Some((chunk, rest)) = core::mem::take(&mut self.rest).split_first_chunk_mut::<WORD>() {
                *chunk = word.to_le_bytes();
                self.rest = rest;
            }
        }
    }

    fn floats(&mut self, floats: &[f32]) {
        floats.iter().for_each(|float| self.words(&[float.to_bits()]));
    }
}

fn refused(part: CheckpointPart, expected: u32, found: u32) -> Error {
    Error::Checkpoint { part, expected, found }
}

fn expect(part: CheckpointPart, expected: u32, found: u32) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(refused(part, expected, found)) }
}

/// The first numbers of some bytes, and the bytes behind them.
fn split_words<const N: usize>(bytes: &[u8]) -> Option<([u32; N], &[u8])> {
    let (words, _) = bytes.as_chunks::<WORD>();
    let (words, _) = words.split_first_chunk::<N>()?;
    Some((words.map(u32::from_le_bytes), bytes.get(N * WORD..)?))
}

/// The same of the section `tag`.
fn words<const N: usize>(bytes: &[u8], tag: u16) -> Result<([u32; N], &[u8]), Error> {
    split_words(bytes).ok_or(refused(CheckpointPart::Section, u32::from(tag), bytes.len() as u32))
}

/// Whether the bytes are so many finite f32.
fn check_numbers(slice: Slice, count: usize, bytes: &[u8], tag: u16) -> Result<(), Error> {
    let (numbers, rest) = bytes.as_chunks::<WORD>();
    if !rest.is_empty() {
        return Err(refused(CheckpointPart::Section, u32::from(tag), bytes.len() as u32));
    }
    check_length(slice, count, numbers.len())?;
    match numbers.iter().position(|number| !f32::from_le_bytes(*number).is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::NotFinite { slice, index }),
    }
}

/// Takes over checked numbers: the matrix, then the column.
fn take(bytes: &[u8], matrix: &mut [f32], column: &mut [f32]) {
    let (numbers, _) = bytes.as_chunks::<WORD>();
    let to = matrix.iter_mut().chain(column);
    to.zip(numbers).for_each(|(to, number)| *to = f32::from_le_bytes(*number));
}

#[cfg(all(test, feature = "storage", feature = "libm"))]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_known_only_of_a_sound_checkpoint() {
        let mut bytes = [0; size(2, 1, false) + 3];
        let length = write(&LinearHead::<2, 1>::new(), &State::new(), &Readout::new(), &mut bytes).unwrap();
        let written = bytes[length - WORD..length].try_into().map(u32::from_le_bytes).unwrap();
        assert_eq!(crc(&bytes), Some(written));
        assert_eq!(crc(&bytes[..length - 1]), None);
        bytes[HEADER] ^= 1;
        assert_eq!(crc(&bytes), None);
        assert_eq!(crc(&[]), None);
    }
}
