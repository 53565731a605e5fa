//! Nearest neighbours on top of a discriminant, alone and with a trained head mixed in.
#![cfg(all(feature = "checkpoint", feature = "libm"))]

use gradient_decay::error::{CheckpointPart, Error};
use gradient_decay::replay::OwnedSlots;
use gradient_decay::{
    Contents, DiscriminantHead, Head, Learner, LinearHead, MixedHead, Neighbours, Parts, Quantized, Replay,
    StreamingLda, checkpoint, kernels,
};

const ROOM: usize = 4;
const FEATURES: usize = 5;
const UPPER: usize = kernels::packed(FEATURES);
const LDA: StreamingLda = StreamingLda::new();

type Plain = DiscriminantHead<ROOM, FEATURES, UPPER>;
type Slots = OwnedSlots<ROOM, 12, [f32; FEATURES], Quantized<FEATURES>>;
type Mine<B> = Learner<Neighbours<B, Slots>>;

fn noise(i: usize, j: usize) -> f32 {
    let mixed = (i as u32 * 64 + j as u32).wrapping_mul(2_654_435_761);
    ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// Four clusters in two features, two of each of two classes, which no line divides; the other features say nothing.
fn clusters(i: usize) -> ([f32; FEATURES], usize) {
    let (right, up) = (i % 2, i / 2 % 2);
    let x = |j: usize| 0.5 * noise(i, j) + [right, up].get(j).map_or(0.0, |side| 2.0 * *side as f32 - 1.0);
    (core::array::from_fn(x), right ^ up)
}

fn new<B: gradient_decay::learn::LearnClass<Features = [f32; FEATURES], Number = f32>>(base: B) -> Mine<B>
where
    B::Room: gradient_decay::storage::Empty,
{
    Learner::new(Neighbours::new(base, Replay::new(3)), Parts::NONE)
}

fn taught(labels: usize) -> Mine<Plain> {
    let mut learner = new(Plain::new());
    for (x, class) in (0..labels).map(clusters) {
        learner.learn(&LDA, &x, class).unwrap();
    }
    learner
}

fn right(answer: impl Fn(&[f32; FEATURES]) -> usize) -> usize {
    (1000..1200).filter(|i| answer(&clusters(*i).0) == clusters(*i).1).count()
}

fn top<H: Head<Features = [f32; FEATURES], Number = f32>>(head: &H, x: &[f32; FEATURES]) -> usize {
    let mut z = [0.0; ROOM];
    head.logits(x, &mut z).unwrap();
    (0..ROOM).max_by(|a, b| z[*a].total_cmp(&z[*b])).unwrap()
}

fn written(learner: &Mine<Plain>) -> Vec<u8> {
    let mut bytes = vec![0; checkpoint::size(learner, Contents::ALL)];
    let written = checkpoint::write(learner, Contents::ALL, &mut bytes).unwrap();
    assert_eq!(written, bytes.len());
    bytes
}

#[test]
fn it_learns_what_no_plane_divides() {
    let learner = taught(60);
    let (alone, with) = (right(|x| top(learner.head().base(), x)), right(|x| top(learner.head(), x)));
    assert!(alone < 130 && with > 190, "{alone} and {with} of 200");
    let [of_base, of_kept] = learner.head().weights();
    assert!(of_kept > 1.0 && of_kept > of_base, "{of_base}, {of_kept}");
}

#[test]
fn a_class_without_a_kept_sample_keeps_its_probability() {
    let mut parameters = [0.0; 3 * (FEATURES + 1)];
    for class in 0..3 {
        parameters[class * FEATURES + class] = 2.0;
    }
    let mut trained = LinearHead::<3, FEATURES>::new();
    trained.import(&parameters).unwrap();
    let mut mixed = MixedHead::<ROOM, FEATURES, UPPER, 3>::new(Plain::new(), &trained);
    mixed.truncate(3).unwrap();
    let mut learner = new(mixed);
    let x = [0.4, -0.3, 0.2, 0.1, 0.0];
    let probabilities = |learner: &mut Mine<_>| {
        let mut p = [0.0; ROOM];
        learner.probabilities(&x, &mut p).unwrap();
        p
    };
    let base = |learner: &Mine<MixedHead<'_, ROOM, FEATURES, UPPER, 3>>| {
        let mut z = [0.0; ROOM];
        learner.head().base().logits(&x, &mut z).unwrap();
        let sum: f32 = z.iter().map(|z| z.exp()).sum();
        z.map(|z| z.exp() / sum)
    };
    assert_eq!(probabilities(&mut learner), base(&learner)); // no sample is kept
    for (sample, class) in [([1.0, 0.0, 0.5, 0.0, 0.0], 0), ([0.0, 1.0, 0.2, -0.5, 0.0], 1)] {
        learner.learn(&LDA, &sample, class).unwrap();
    }
    let (own, base) = (probabilities(&mut learner), base(&learner));
    assert!((own[2] - base[2]).abs() < 1e-6, "{own:?}, {base:?}");
    assert!((own[0] / own[1]) > 1.05 * (base[0] / base[1]), "x is nearer to the sample of class 0: {own:?}, {base:?}");
    assert_eq!(learner.head().weights(), [1.0, 0.5], "nothing to learn them from as long as a class has no sample");
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut learner = taught(20);
    let before = written(&learner);
    let bad = [([f32::NAN; FEATURES], 0), ([1e7; FEATURES], 1), ([0.0; FEATURES], ROOM)];
    for (x, class) in bad {
        assert!(learner.learn(&LDA, &x, class).is_err());
        assert!(learner.unlearn(&LDA, &x, class).is_err());
        assert_eq!(written(&learner), before);
    }
    let far = [f32::MAX; FEATURES];
    assert!(matches!(learner.answer(&far), Err(Error::NotFinite { .. })));
}

#[test]
fn a_label_that_is_taken_back_and_a_class_that_is_removed_are_no_longer_kept() {
    let mut learner = taught(8);
    let (x, class) = clusters(100);
    let kept = learner.head().kept().len(class);
    learner.learn(&LDA, &x, class).unwrap();
    assert_eq!(learner.head().kept().len(class), kept + 1);
    learner.unlearn(&LDA, &x, class).unwrap();
    assert_eq!(learner.head().kept().len(class), kept);

    let left = learner.head().kept().len(1);
    learner.remove_class(0).unwrap();
    assert_eq!((learner.head().kept().len(0), learner.head().kept().len(1)), (left, 0));
    assert_eq!(learner.classes(), ROOM - 1);
    assert_eq!(learner.add_class().unwrap(), ROOM - 1);
    assert!(matches!(learner.add_class(), Err(Error::NoRoom { classes: ROOM })));
}

#[test]
fn for_another_user_the_base_is_discounted_and_nothing_else_is_left() {
    let mut learner = taught(40);
    let mut base = learner.head().base().clone();
    base.discount(64.0, 3).unwrap();
    let before = learner.clone();
    let steps = learner.steps();
    assert!(learner.replace(steps, |head| head.replace_base(|base| base.discount(0.0, 3))).is_err());
    assert_eq!(learner, before);
    learner.replace(steps, |head| head.replace_base(|base| base.discount(64.0, 3))).unwrap();
    assert_eq!(learner.head(), &Neighbours::new(base, Replay::new(3)));
}

#[test]
fn a_checkpoint_holds_all_of_it() {
    let mut learner = taught(40);
    let bytes = written(&learner);
    let mut again = new(Plain::new());
    checkpoint::read(&bytes, &mut again).unwrap();
    assert_eq!(again, learner);
    for i in 40..80 {
        let (x, class) = clusters(i);
        learner.learn(&LDA, &x, class).unwrap();
        again.learn(&LDA, &x, class).unwrap();
    }
    assert_eq!(again, learner);

    // Without samples nobody's data are in the bytes; the weights are.
    let mut bytes = vec![0; checkpoint::size(&learner, Contents::ALL.without_samples())];
    checkpoint::write(&learner, Contents::ALL.without_samples(), &mut bytes).unwrap();
    checkpoint::read(&bytes, &mut again).unwrap();
    assert!(again.head().kept().is_empty() && again.head().weights() == learner.head().weights());
    assert_eq!(again.head().base(), learner.head().base());
}

#[test]
fn a_device_that_had_no_neighbours_goes_on_with_them_and_back() {
    let mut plain = Learner::new(Plain::new(), Parts::NONE);
    for (x, class) in (0..20).map(clusters) {
        plain.learn(&LDA, &x, class).unwrap();
    }
    let mut bytes = vec![0; checkpoint::size(&plain, Contents::ALL)];
    checkpoint::write(&plain, Contents::ALL, &mut bytes).unwrap();
    let mut learner = taught(9);
    checkpoint::read(&bytes, &mut learner).unwrap();
    assert!(learner.head().kept().is_empty() && learner.head().weights() == [1.0, 0.5]);
    assert_eq!(learner.head().base(), plain.head());

    let other = taught(30);
    checkpoint::read(&written(&other), &mut plain).unwrap();
    assert_eq!(plain.head(), other.head().base());
}

#[test]
fn weights_that_cannot_be_learned_are_refused() {
    let learner = taught(30);
    let bytes = written(&learner);
    let [of_base, _] = learner.head().weights();
    let place = bytes.windows(4).rposition(|word| word == of_base.to_le_bytes()).unwrap();
    for value in [0.0_f32, f32::NAN, 17.0, -1.0] {
        let mut bytes = bytes.clone();
        bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
        let end = bytes.len() - 4;
        let sum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
        let mut again = taught(3);
        let before = written(&again);
        let refused = checkpoint::read(&bytes, &mut again);
        assert!(matches!(refused, Err(Error::Checkpoint { part: CheckpointPart::Section, .. })), "{refused:?}");
        assert_eq!(written(&again), before);
    }
}
