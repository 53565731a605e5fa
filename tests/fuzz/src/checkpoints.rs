//! Checkpoints.

use arbitrary::{Arbitrary, Unstructured};
use crc::{CRC_32_ISO_HDLC, Crc};
use gradient_decay::{Error, Guard, Saved, checkpoint as format};

use crate::learners::{Deep, FEATURES, Fixed, Float, Kind, Mine, check, fresh, tuner, written};

/// The first byte selects: any bytes as a checkpoint; the same with a valid header and CRC; or a valid checkpoint of a learner in which
/// some numbers are replaced and the CRC is corrected. Either it is refused and nothing changes, or the result is a sound learner that
/// continues to learn.
pub fn checkpoint(bytes: &[u8]) {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    match mode % 5 {
        0 => all(bytes),
        1 => all(&put_right(bytes.to_vec())),
        2 => patched::<Float>(bytes),
        3 => patched::<Fixed>(bytes),
        _ => patched::<Deep>(bytes),
    }
}

/// Reads into learners of every kind, and into a bare head.
fn all(bytes: &[u8]) {
    read::<Float>(bytes);
    read::<Fixed>(bytes);
    read::<Deep>(bytes);
    let mut head = Float::empty();
    let before = written(&head);
    if format::read(bytes, &mut head).is_err() {
        assert_eq!(written(&head), before);
    } else {
        let again = written(&head);
        let mut second = Float::empty();
        format::read(&again, &mut second).expect("it was just written");
        assert_eq!(written(&second), again);
    }
}

/// The bytes with a checkpoint's magic, length and CRC, if there is room for them.
fn put_right(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() >= 16 {
        bytes[..4].copy_from_slice(b"GDck");
        let length = bytes.len() as u32;
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        let end = bytes.len() - 4;
        let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&bytes[..end]);
        bytes[end..].copy_from_slice(&crc.to_le_bytes());
    }
    bytes
}

fn patched<H: Kind<Optimizer: Copy>>(bytes: &[u8])
where
    Guard<H::Samples>: Saved,
{
    let (u, mut good) = (&mut Unstructured::new(bytes), written(&trained::<H>(0)));
    while !u.is_empty() {
        let (Ok(at), Ok(word)) = (u16::arbitrary(u), u32::arbitrary(u)) else { break };
        let at = usize::from(at) % (good.len() - 4);
        good[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    read::<H>(&put_right(good));
}

/// A sample of one of two classes.
fn sample(i: u32) -> [f32; FEATURES] {
    std::array::from_fn(|feature| (i * 7 % 5) as f32 + feature as f32 * if i.is_multiple_of(2) { 3.0 } else { -2.0 })
}

/// A learner with something in every part, from the sample `from` on.
fn trained<H: Kind<Optimizer: Copy>>(from: u32) -> Mine<H>
where
    Guard<H::Samples>: Saved,
{
    let mut learner = fresh::<H>();
    let sound = "the checkpoint is valid";
    (from..from + 2).for_each(|i| learner.observe(&sample(i)).expect(sound));
    (0..2).for_each(|class| assert_eq!(learner.add_class(), Ok(class)));
    for i in from..from + 9 {
        learner.learn(&tuner::<H>(), &sample(i), i as usize % 2).expect(sound);
        learner.rehearse(&tuner::<H>(), 1);
    }
    learner.judge();
    learner.fit_temperature(4).expect(sound);
    learner
}

/// Reads into a learner that has something else in every part.
fn read<H: Kind<Optimizer: Copy>>(bytes: &[u8])
where
    Guard<H::Samples>: Saved,
{
    let mut learner = trained::<H>(3);
    let before = written(&learner);
    if format::read(bytes, &mut learner).is_err() {
        assert_eq!(written(&learner), before, "it was refused, but something changed");
        return;
    }
    check(&learner);
    // It continues, with any results.
    for i in 0..6 {
        let before = written(&learner);
        let classes = learner.classes();
        let learned = learner.learn(&tuner::<H>(), &sample(i), i as usize % classes.max(1)).map(|_| ());
        assert!(learned.is_ok() || written(&learner) == before, "{learned:?} changed something");
        learner.rehearse(&tuner::<H>(), 1);
        learner.judge();
        let _: Result<(), Error> = learner.observe(&sample(i)).and(learner.fit_temperature(2));
        check(&learner);
    }
    let _: Result<usize, Error> = learner.add_class();
    check(&learner);
    let _: Result<(), Error> = learner.remove_class(0);
    check(&learner);
}
