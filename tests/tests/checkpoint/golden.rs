//! Golden files of each version, which every release must read.

use gradient_decay::storage::Empty;
use gradient_decay::{
    Contents, Error, FixedHead, Head, Learner, LinearHead, LinearView, MomentumHead, Parts, Readout, Saved, Train,
    checkpoint,
};

use crate::learners::{Deep, Small, TUNER, Whole};
use crate::sections::Sections;
use crate::{Subject, read, written};

/// Written by the first release: the head, the velocity, the steps and the read-out of [`first`].
const V1: &[u8] = include_bytes!("../../golden/checkpoint-v1.bin");
/// Written by the second: a whole learner, one in integers, and one with a hidden layer.
const V2: &[u8] = include_bytes!("../../golden/checkpoint-v2.bin");
const V2_INTEGERS: &[u8] = include_bytes!("../../golden/checkpoint-v2-integers.bin");
const V2_HIDDEN: &[u8] = include_bytes!("../../golden/checkpoint-v2-hidden.bin");

type Bare = MomentumHead<3, 2>;
type First<H = Bare> = Learner<H, Parts<(), (), (), (), Readout>>;

fn with_readout<H: Train<Work: Empty>>(head: H) -> First<H> {
    Learner::new(head, Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: Readout::new() })
}

/// The contents of the file of version 1.
fn first() -> First {
    let mut learner = with_readout(Bare::new());
    for i in 0..7_u8 {
        learner.learn(&TUNER, &[f32::from(i) - 3.0, 0.5], usize::from(i) % 3).unwrap();
    }
    learner.set_readout(Readout::new().with_temperature(1.75).with_threshold(0.625));
    learner
}

fn parameters(head: &Bare) -> [[f32; 9]; 2] {
    let mut numbers = [[0.0; 9]; 2];
    head.export(&mut numbers[0]).unwrap();
    head.export_velocity(&mut numbers[1]).unwrap();
    numbers
}

#[test]
fn version_1_is_read() {
    let mut learner = with_readout(Bare::empty());
    checkpoint::read(V1, &mut learner).unwrap();
    let expected = first();
    assert_eq!(parameters(learner.head()), parameters(expected.head()));
    assert_eq!((learner.classes(), learner.steps(), learner.parts()), (3, 7, expected.parts()));
    // Into a bare head, and into one without a velocity.
    let mut head = Bare::empty();
    checkpoint::read(V1, &mut head).unwrap();
    assert_eq!(parameters(&head), parameters(expected.head()));
    let mut still = LinearHead::<3, 2>::empty();
    checkpoint::read(V1, &mut still).unwrap();
    let mut numbers = [0.0; 9];
    still.export(&mut numbers).unwrap();
    assert_eq!((numbers, still.classes()), (parameters(expected.head())[0], 3));
}

/// Version 1 had no head in integers: its parameters are rounded to the nearest.
#[test]
fn version_1_is_read_into_integers() {
    let mut learner = with_readout(FixedHead::<3, 2>::empty(5, 9));
    checkpoint::read(V1, &mut learner).unwrap();
    let expected = first();
    let mut head = LinearHead::<3, 2>::new();
    head.import(&parameters(expected.head())[0]).unwrap();
    assert_eq!(learner.head(), &FixedHead::from_head(&head, 5, 9));
    assert_eq!((learner.classes(), learner.steps(), learner.parts()), (3, 7, expected.parts()));
}

/// Everything that belonged to the replaced head is forgotten; the units of features belong to the device and stay.
#[test]
fn version_1_is_read_into_a_learner_that_knows_more() {
    let mut sections = Sections::of(V1);
    // The shape of a head of five classes.
    sections.sections[0].1.splice(..4, 5_u32.to_le_bytes());
    sections.sections[0].1.resize(8 + 4 * 15, 0);
    sections.sections[2].1.resize(4 * 15, 0);
    let learner: Whole = read(&sections.bytes()).unwrap();
    let Parts { preprocess, memory, calibration, readout, .. } = learner.parts();
    assert_eq!((learner.classes(), learner.steps()), (5, 7));
    assert_eq!(*readout, first().parts().readout);
    assert_eq!(*preprocess, Whole::other().parts().preprocess);
    assert!(memory.is_empty() && calibration.summary().is_none());
    learner.check();
}

fn is_read_and_written_again<T: Subject>(file: &[u8], tags: &[u16]) {
    let learner: T = read(file).unwrap();
    assert!(learner.is_same(&T::trained()));
    assert!(written(&learner) == file && written(&T::trained()) == file);
    assert_eq!((Sections::of(file).version, Sections::of(file).tags()), (2, tags.to_vec()));
    assert_eq!(file.len(), checkpoint::bytes::<T>());
}

#[test]
fn version_2_is_read_and_written_again() {
    is_read_and_written_again::<Whole>(V2, &[1, 3, 5, 2, 6, 7, 8, 9, 10, 4]);
    is_read_and_written_again::<Small>(V2_INTEGERS, &[15, 5, 2, 6, 7, 8, 9, 10, 4]);
    is_read_and_written_again::<Deep>(V2_HIDDEN, &[11, 12, 13, 14, 5, 2, 6, 7, 8, 9, 10, 4]);
    let learner: Whole = read(V2).unwrap();
    assert_eq!(learner.classes(), 3);
}

/// Run this for a new version, and add constants for it.
#[test]
#[ignore = "writes the golden files anew"]
fn write_the_golden_files() {
    let write = |name, bytes| std::fs::write(format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR")), bytes).unwrap();
    write("checkpoint-v2.bin", written(&Whole::trained()));
    write("checkpoint-v2-integers.bin", written(&Small::trained()));
    write("checkpoint-v2-hidden.bin", written(&Deep::trained()));
}

/// Reads `file` with each bit flipped, and cut at each length.
fn damaged<T: Saved>(file: &[u8], fresh: impl Fn() -> T) {
    let refused = |bytes: &[u8], what: &str, i: usize| {
        let mut saved = fresh();
        let result: Result<(), Error> = checkpoint::read(bytes, &mut saved);
        assert!(result.is_err(), "{what} {i}");
        assert_eq!(written(&saved), written(&fresh()), "{what} {i}");
    };
    for bit in 0..8 * file.len() {
        let mut flipped = file.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&flipped, "bit", bit);
    }
    (0..file.len()).for_each(|length| refused(&file[..length], "cut", length));
    let behind = [file, &[1, 2, 3]].concat();
    checkpoint::read(&behind, &mut fresh()).unwrap();
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    damaged(V1, || with_readout(Bare::empty()));
    damaged(V1, LinearHead::<3, 2>::empty);
    damaged(V1, || FixedHead::<3, 2>::empty(5, 9));
    damaged(V2, Whole::other);
    damaged(V2_INTEGERS, Small::other);
    damaged(V2_HIDDEN, Deep::other);
    damaged(V2, MomentumHead::<5, 2>::empty);
}

/// A reader without a velocity skips it; a reader with one resets it to zero if the file has none.
#[test]
fn a_velocity_is_optional() {
    let without = Contents::ALL.without_velocity();
    let mut bytes = vec![0; checkpoint::size(&first(), without)];
    checkpoint::write(&first(), without, &mut bytes).unwrap();
    assert_eq!(bytes.len() + 8 + 36, checkpoint::bytes::<First>());
    let mut moving = first();
    checkpoint::read(&bytes, &mut moving).unwrap();
    assert_eq!(parameters(moving.head()), [parameters(first().head())[0], [0.0; 9]]);
    // A head without a velocity reads both files alike, and so does a view.
    for bytes in [bytes, written(&first())] {
        let mut still = with_readout(LinearHead::<3, 2>::empty());
        checkpoint::read(&bytes, &mut still).unwrap();
        assert_eq!((still.classes(), still.steps()), (3, 7));
        let mut copy = [1.0; 9];
        let mut view = LinearView::new(&mut copy, 3, 2).unwrap();
        checkpoint::read(&bytes, &mut view).unwrap();
        assert_eq!(copy, parameters(first().head())[0]);
    }
}

/// The bytes are the same, whether the shape is known at compile time or at run time.
#[test]
fn a_view_with_a_velocity_has_the_bytes_of_a_head_with_one() {
    let (mut copy, mut velocity, mut bound) = ([1.0; 9], [1.0; 9], 1.0);
    let view = LinearView::new(&mut copy, 3, 2).unwrap();
    let mut view = view.with_velocity(&mut velocity, &mut bound).unwrap();
    checkpoint::read(V1, &mut view).unwrap();
    assert_eq!(written(&view), written(first().head()));
    assert_eq!([copy, velocity], parameters(first().head()));
    assert!(velocity.iter().all(|v| v.abs() <= bound));
}
