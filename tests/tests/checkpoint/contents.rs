//! Sections that are absent, unknown, or repeated.

use gradient_decay::error::{CheckpointPart, Slice};
use gradient_decay::guard::{Judge, Verdict};
use gradient_decay::{Contents, Error, Head, LinearHead, LinearView, MomentumHead, Parts, Saved, checkpoint};

use crate::learners::{Deep, Small, Whole};
use crate::sections::{
    CALIBRATION, CLASSES, GUARD, HELD_OUT, MEMORY, READOUT, STANDARDIZER, STATE, Sections, VELOCITY,
};
use crate::{Subject, read, written};

fn whole() -> Sections {
    Sections::of(&written(&Whole::trained()))
}

#[test]
fn the_size_is_known_when_it_is_compiled() {
    const BYTES: usize = checkpoint::bytes::<Whole>();
    assert_eq!(written(&Whole::trained()).len(), BYTES);
    assert_eq!(written(&Small::fresh()).len(), checkpoint::bytes::<Small>());
    assert_eq!(written(&Deep::fresh()).len(), checkpoint::bytes::<Deep>());
    assert_eq!(written(&LinearHead::<3, 2>::new()).len(), checkpoint::bytes::<LinearHead<3, 2>>());
}

#[test]
fn sections_of_the_future_are_skipped() {
    for tag in [0, 16, 77, 0x7fff] {
        for at in [0, 1, whole().sections.len()] {
            let learner: Whole = read(&whole().with(at, tag, &[1, 2, 3]).bytes()).unwrap();
            assert!(learner.is_same(&Whole::trained()));
        }
    }
    // Known sections are skipped too, if the reader has no such part.
    let mut head = MomentumHead::<5, 2>::empty();
    checkpoint::read(&whole().bytes(), &mut head).unwrap();
    assert_eq!(head.classes(), 3);
}

#[test]
fn sections_that_must_not_be_skipped_are_refused() {
    for tag in [0x8000, 0x8002, 0xffff] {
        for at in [0, 1, whole().sections.len()] {
            let expected = Error::Checkpoint { part: CheckpointPart::Required, expected: u32::from(tag), found: 3 };
            assert_eq!(read::<Whole>(&whole().with(at, tag, &[1, 2, 3]).bytes()).err(), Some(expected));
        }
    }
}

#[test]
fn a_section_that_is_there_twice_is_refused() {
    for (i, (tag, contents)) in whole().sections.iter().enumerate() {
        for at in [0, i, i + 1, whole().sections.len()] {
            let error = read::<Whole>(&whole().with(at, *tag, contents).bytes()).err();
            let part = CheckpointPart::Repeated;
            assert!(
                matches!(error, Some(Error::Checkpoint { part: its, expected, .. }) if its == part && expected == u32::from(*tag)),
                "{error:?}"
            );
        }
    }
    let unknown = whole().with(0, 77, &[]).with(3, 77, &[]).bytes();
    assert!(read::<Whole>(&unknown).is_err());
}

#[test]
fn the_order_of_sections_is_free() {
    let mut sections = whole();
    for _ in 0..sections.sections.len() {
        sections.sections.rotate_left(1);
        assert!(read::<Whole>(&sections.bytes()).unwrap().is_same(&Whole::trained()));
    }
    sections.sections.reverse();
    assert!(read::<Whole>(&sections.bytes()).unwrap().is_same(&Whole::trained()));
}

/// Every absent part that belongs to the replaced head is then as in a new learner.
#[test]
fn what_is_absent_of_the_head_is_empty() {
    let learner: Whole = read(&whole().without(&[VELOCITY]).bytes()).unwrap();
    let mut velocity = [1.0; 15];
    learner.head().export_velocity(&mut velocity).unwrap();
    assert_eq!((velocity, learner.parts()), ([0.0; 15], Whole::trained().parts()));

    let learner: Whole = read(&whole().without(&[MEMORY]).bytes()).unwrap();
    assert!(learner.parts().memory.is_empty());
    assert_eq!(learner.parts().guard, Whole::trained().parts().guard);

    let mut learner: Whole = read(&whole().without(&[HELD_OUT]).bytes()).unwrap();
    assert!(Judge::<[f32; 2]>::held_out(&learner.parts().guard).is_empty());
    assert_eq!((learner.judge(), &learner.parts().memory), (Verdict::Unknown, &Whole::trained().parts().memory));

    // Without the best loss, the next head is the best.
    let mut kept: Whole = read(&whole().bytes()).unwrap();
    assert!(matches!(kept.judge(), Verdict::Good(_)));
    let mut learner: Whole = read(&whole().without(&[GUARD]).bytes()).unwrap();
    assert!(matches!(learner.judge(), Verdict::Best(_)));

    let learner: Whole = read(&whole().without(&[CALIBRATION]).bytes()).unwrap();
    assert_eq!(learner.parts().calibration.summary(), None);

    // All classes were in use before there was a section of them.
    let learner: Whole = read(&whole().without(&[CLASSES]).bytes()).unwrap();
    assert_eq!(learner.classes(), 5);
}

/// Every absent part that belongs to the device stays as it was.
#[test]
fn what_is_absent_of_the_device_stays() {
    let learner: Whole = read(&whole().without(&[READOUT, STATE, STANDARDIZER]).bytes()).unwrap();
    let (before, written) = (Whole::other(), Whole::trained());
    assert_eq!(learner.steps(), before.steps());
    let Parts { preprocess, memory, readout, .. } = learner.parts();
    assert_eq!((preprocess, readout), (&before.parts().preprocess, &before.parts().readout));
    assert_eq!(*memory, written.parts().memory);
    assert_ne!((before.steps(), &before.parts().readout), (written.steps(), &written.parts().readout));
    assert_ne!(before.parts().preprocess, written.parts().preprocess);
}

fn classes_come_back<T: Subject>(classes: impl Fn(&T) -> usize) {
    for saved in [T::fresh(), T::trained(), T::other()] {
        let restored: T = read(&written(&saved)).unwrap();
        assert!(restored.is_same(&saved));
        assert_eq!(classes(&restored), classes(&saved));
        restored.check();
    }
}

#[test]
fn classes_in_use_come_back() {
    assert_eq!([Whole::fresh().classes(), Whole::trained().classes()], [0, 3]);
    classes_come_back(Whole::classes);
    classes_come_back(Small::classes);
    classes_come_back(Deep::classes);
}

#[test]
fn more_classes_than_there_is_room_for_are_refused() {
    for classes in [6_u32, 1000, u32::MAX] {
        let mut sections = whole();
        *sections.of_tag(CLASSES) = classes.to_le_bytes().to_vec();
        let expected = Error::TooManyClasses { classes: classes as usize, most: 5 };
        assert_eq!(read::<Whole>(&sections.bytes()).err(), Some(expected));
    }
    // Rows that are not in use and their remembered samples become zero, whatever the bytes hold.
    for classes in 0..=5_u32 {
        let mut sections = whole();
        *sections.of_tag(CLASSES) = classes.to_le_bytes().to_vec();
        let learner: Whole = read(&sections.bytes()).unwrap();
        assert_eq!(learner.classes(), classes as usize);
        learner.check();
    }
}

#[test]
fn what_is_left_out_is_not_written() {
    let learner = Whole::trained();
    let written = |contents: Contents| {
        let mut bytes = vec![0xaa; checkpoint::size(&learner, contents) + 1];
        assert_eq!(checkpoint::write(&learner, contents, &mut bytes), Ok(bytes.len() - 1));
        assert_eq!(bytes.pop(), Some(0xaa));
        Sections::of(&bytes)
    };
    for (contents, absent) in [
        (Contents::ALL.without_velocity(), vec![VELOCITY]),
        (Contents::ALL.without_samples(), vec![MEMORY, HELD_OUT, GUARD]),
        (Contents::ALL.without_calibration(), vec![CALIBRATION]),
        (
            Contents::ALL.without_velocity().without_samples().without_calibration(),
            vec![VELOCITY, MEMORY, HELD_OUT, GUARD, CALIBRATION],
        ),
    ] {
        assert_eq!(written(contents), whole().without(&absent));
    }
    let mut bytes = vec![0; checkpoint::bytes::<Deep>()];
    let length = checkpoint::write(&Deep::trained(), Contents::ALL.without_velocity(), &mut bytes).unwrap();
    assert!(Sections::of(&bytes[..length]).tags().iter().all(|tag| ![12, 14].contains(tag)));
}

/// A save never replaces a readable checkpoint by an unreadable one.
#[test]
fn numbers_that_are_not_finite_are_not_written() {
    let good = written(&LinearHead::<3, 2>::new());
    for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for index in 0..9 {
            let (mut parameters, mut velocity, mut bound) = ([0.5; 9], [0.25; 9], 1.0);
            parameters[index] = bad;
            not_written(&LinearView::new(&mut parameters, 3, 2).unwrap(), Slice::Parameters, index, &good);
            (parameters[index], velocity[index]) = (0.5, bad);
            let head = LinearView::new(&mut parameters, 3, 2).unwrap();
            let head = head.with_velocity(&mut velocity, &mut bound).unwrap();
            not_written(&head, Slice::Velocity, index, &good);
            // A NaN in a part that is left out does not matter.
            let mut bytes = [0; 200];
            checkpoint::write(&head, Contents::ALL.without_velocity(), &mut bytes).unwrap();
            checkpoint::read(&bytes, &mut LinearHead::<3, 2>::new()).unwrap();
        }
    }
}

fn not_written<T: Saved>(saved: &T, slice: Slice, index: usize, good: &[u8]) {
    let mut bytes = [good, &[7; 100]].concat();
    let before = bytes.clone();
    assert_eq!(checkpoint::write(saved, Contents::ALL, &mut bytes), Err(Error::NotFinite { slice, index }));
    assert_eq!(bytes, before);
}

/// A program's own part, which computes the features of this version.
#[derive(Debug, PartialEq)]
struct Features(u32);

impl Saved for Features {
    const SAVED_BYTES: usize = checkpoint::FEATURE_VERSION_BYTES;

    fn write(&self, to: &mut checkpoint::Writer<'_>) {
        to.feature_version(self.0);
    }

    fn read(&mut self, from: &checkpoint::Reader<'_>) -> Result<(), Error> {
        from.expect_feature_version(self.0)
    }
}

#[test]
fn features_of_another_version_are_refused() {
    let refused = |expected, found| {
        let part = CheckpointPart::FeatureVersion;
        Err(Error::Checkpoint { part, expected, found })
    };
    let bytes = written(&Features(2));
    assert_eq!(bytes.len(), checkpoint::bytes::<Features>());
    assert_eq!(Sections::of(&bytes).tags(), [0x8001]);
    assert_eq!(checkpoint::read(&bytes, &mut Features(2)), Ok(()));
    assert_eq!(checkpoint::read(&bytes, &mut Features(1)), refused(1, 2));
    assert_eq!(checkpoint::read(&written(&Small::trained()), &mut Features(2)), refused(2, 0));
    for contents in [&[][..], &[2, 0, 0], &[2, 0, 0, 0, 0]] {
        let bytes = Sections { version: 2, sections: vec![(0x8001, contents.to_vec())] }.bytes();
        let error = checkpoint::read(&bytes, &mut Features(2)).unwrap_err();
        assert!(matches!(error, Error::Checkpoint { part: CheckpointPart::Section, expected: 0x8001, .. }), "{error}");
    }
    let twice = Sections::of(&bytes).with(0, 0x8001, &[2, 0, 0, 0]).bytes();
    assert!(checkpoint::read(&twice, &mut Features(2)).is_err());
}
