//! Bytes that are not a checkpoint, or are a damaged one.

use gradient_decay::error::{CheckpointPart, Slice};
use gradient_decay::{Contents, Error, checkpoint};
use proptest::prelude::*;

use crate::learners::{Deep, Small, Whole};
use crate::sections::{CLASSES, FIXED, HEAD, STANDARDIZER, Sections, VELOCITY, with_crc};
use crate::{Subject, read, read_into, written};

fn bits_and_cuts<T: Subject>() {
    let (bytes, other) = (written(&T::trained()), T::other());
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(read_into(&other, &damaged).is_err(), "bit {bit}");
    }
    for length in 0..bytes.len() {
        let error = read_into(&other, &bytes[..length]).map(drop).unwrap_err();
        assert!(matches!(error, Error::Checkpoint { part: CheckpointPart::Length, .. }), "{length}: {error}");
    }
    let behind = [bytes, vec![1, 2, 3]].concat();
    assert!(read::<T>(&behind).unwrap().is_same(&T::trained()));
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    bits_and_cuts::<Whole>();
    bits_and_cuts::<Small>();
    bits_and_cuts::<Deep>();
}

/// Sections that end too early or too late, with a valid CRC.
fn lengths_of_sections<T: Subject>() {
    let (sections, other) = (Sections::of(&written(&T::trained())), T::other());
    for i in 0..sections.sections.len() {
        let length = sections.sections[i].1.len();
        for wrong in (0..length).chain([length + 1, length + 2, length + 4, length + 100]) {
            let mut sections = sections.clone();
            sections.sections[i].1.resize(wrong, 0);
            assert!(read_into(&other, &sections.bytes()).is_err(), "section {i} of {wrong} bytes in place of {length}");
        }
        // Also a stated length that differs from the actual one.
        let at = 12 + sections.sections[..i].iter().map(|(_, contents)| 8 + contents.len()).sum::<usize>() + 4;
        for wrong in
            [0, length as u32 - 1, length as u32 + 1, length as u32 + 8, i32::MAX as u32, u32::MAX - 8, u32::MAX]
        {
            let mut content = sections.bytes();
            content.truncate(content.len() - 4);
            content[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
            assert!(read_into(&other, &with_crc(content)).is_err(), "section {i} says {wrong} in place of {length}");
        }
    }
}

#[test]
fn sections_of_a_wrong_length_are_refused() {
    lengths_of_sections::<Whole>();
    lengths_of_sections::<Small>();
    lengths_of_sections::<Deep>();
}

#[test]
fn errors_name_what_is_wrong() {
    let bytes = written(&Whole::trained());
    let part = |bytes: &[u8]| match read::<Whole>(bytes).map(drop) {
        Err(Error::Checkpoint { part, .. }) => part,
        other => panic!("{other:?}"),
    };
    let changed = |at: usize, value: u8| {
        let mut content = bytes[..bytes.len() - 4].to_vec();
        content[at] = value;
        with_crc(content)
    };
    let error = Error::Checkpoint { part: CheckpointPart::Length, expected: 16, found: 3 };
    assert_eq!(read::<Whole>(&bytes[..3]).map(drop), Err(error));
    assert_eq!(part(b"not a checkpoint at all"), CheckpointPart::Magic);
    assert_eq!([part(&changed(4, 0)), part(&changed(4, 3))], [CheckpointPart::Version; 2]);
    assert_eq!([part(&changed(6, 9)), part(&changed(6, 11))], [CheckpointPart::Length; 2]); // the number of sections
    assert_eq!(part(&changed(20, 4)), CheckpointPart::Classes);
    assert_eq!(part(&changed(24, 9)), CheckpointPart::Features);
    assert_eq!(part(&changed(12, 99)), CheckpointPart::Section); // no head
    assert_eq!(part(&changed(16, 8)), CheckpointPart::Length); // the head ends too early
    let mut damaged = bytes.clone();
    damaged[40] ^= 4;
    assert_eq!(part(&damaged), CheckpointPart::Crc);

    let mut small = [7; 20];
    let error = Error::Length { slice: Slice::Bytes, expected: bytes.len(), actual: 20 };
    assert_eq!(checkpoint::write(&Whole::trained(), Contents::ALL, &mut small), Err(error));
    assert_eq!(small, [7; 20]);

    let mut sections = Sections::of(&written(&Small::trained()));
    sections.of_tag(FIXED)[8] = 4;
    let error = Error::Checkpoint { part: CheckpointPart::Exponent, expected: 5, found: 4 };
    assert_eq!(read::<Small>(&sections.bytes()).err(), Some(error));
    sections.sections.retain(|(tag, _)| *tag != FIXED);
    let error = Error::Checkpoint { part: CheckpointPart::Section, expected: u32::from(HEAD), found: 0 };
    assert_eq!(read::<Small>(&sections.bytes()).err(), Some(error));
    sections.sections.retain(|(tag, _)| *tag != CLASSES);
    assert!(read::<Small>(&sections.bytes()).is_err());
}

/// An infinite number is named by its slice and its index there.
#[test]
fn numbers_that_are_not_finite_are_named() {
    let named = |tag: u16, at: usize| {
        let mut sections = Sections::of(&written(&Whole::trained()));
        sections.of_tag(tag)[at..at + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        read::<Whole>(&sections.bytes()).err()
    };
    let not_finite = |slice, index| Some(Error::NotFinite { slice, index });
    for index in 0..15 {
        assert_eq!(named(HEAD, 8 + 4 * index), not_finite(Slice::Parameters, index));
        assert_eq!(named(VELOCITY, 4 * index), not_finite(Slice::Velocity, index));
    }
    for index in 0..2 {
        assert_eq!(named(STANDARDIZER, 12 + 4 * index), not_finite(Slice::Mean, index));
        assert_eq!(named(STANDARDIZER, 20 + 4 * index), not_finite(Slice::Deviation, index));
        assert_eq!(named(STANDARDIZER, 28 + 4 * index), not_finite(Slice::Deviation, index));
    }
}

proptest! {
    #[test]
    fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 1..300), from in 0_usize..600) {
        let mut bytes = written(&Whole::trained());
        let (before, from) = (bytes.clone(), from % bytes.len());
        let end = bytes.len().min(from + noise.len());
        bytes[from..end].copy_from_slice(&noise[..end - from]);
        prop_assume!(bytes != before);
        prop_assert!(read::<Whole>(&bytes).is_err());
        // With a valid CRC, every checkpoint that is read gives a sound learner.
        if let Ok(mut learner) = read::<Whole>(&with_crc(bytes[..bytes.len() - 4].to_vec())) {
            learner.use_up();
        }
    }
}
