//! The core: loss, steps, checkpoints.

use arbitrary::{Arbitrary, Unstructured};
use crc::{CRC_32_ISO_HDLC, Crc};
use gradient_decay::{
    BetaSchedule, FineTuner, GradientDecay, LinearHead, Readout, Sgd, SliceHead, State, Target, TargetOptions,
    Velocity, checkpoint as format,
};

/// A number: any bits, or one as they occur.
fn number(u: &mut Unstructured<'_>) -> arbitrary::Result<f32> {
    let bits = u32::arbitrary(u)?;
    Ok(if bool::arbitrary(u)? { f32::from_bits(bits) } else { bits as f32 / 4e8 - 5.0 })
}

fn numbers(u: &mut Unstructured<'_>, count: usize) -> arbitrary::Result<Vec<f32>> {
    (0..count).map(|_| number(u)).collect()
}

/// Loss and gradient of any logits: refused, and nothing changed; or finite, and the gradient sums to 0.
pub fn loss(bytes: &[u8]) {
    let _: arbitrary::Result<()> = try_loss(&mut Unstructured::new(bytes));
}

fn try_loss(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (beta, target, classes) = (number(u)?, usize::from(u8::arbitrary(u)? % 12), u.int_in_range(0..=10)?);
    let logits = numbers(u, classes)?;
    let smoothing = number(u)?;
    let Ok(loss) = GradientDecay::try_new(beta) else {
        assert!(!(beta > 0.0 && beta <= 1e6), "beta {beta} was refused");
        return Ok(());
    };
    let mut gradient = vec![7.0; classes];
    match loss.loss_and_gradient(&logits, target, &mut gradient) {
        Ok(value) => {
            assert!(value.is_finite() && value >= 0.0, "{value}");
            assert!(gradient.iter().all(|g| (-1.0..=1.0).contains(g)), "{gradient:?}");
            let sum = gradient.iter().map(|g| f64::from(*g)).sum::<f64>();
            assert!(sum.abs() < 2e-6, "{sum}");
            assert_eq!(loss.loss(&logits, target), Ok(value));
            assert!(target < classes && logits.iter().all(|z| z.is_finite()));
        }
        Err(_) => {
            assert!(gradient.iter().all(|g| *g == 7.0), "an error changed the gradient");
            assert!(target >= classes || logits.iter().any(|z| !z.is_finite()));
        }
    }
    let mut probabilities = vec![7.0; classes];
    if loss.probabilities(&logits, &mut probabilities).is_ok() && classes > 0 {
        let sum = probabilities.iter().sum::<f32>();
        assert!((sum - 1.0).abs() < 1e-5, "{probabilities:?}");
        loss.consistent_probabilities(&logits, &mut probabilities).expect("these are the same logits");
        assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{probabilities:?}");
    }
    if let Ok(options) = TargetOptions::new().try_with_label_smoothing(smoothing) {
        for target in [Target::Class(target), Target::Distribution(&probabilities)] {
            if let Ok(Some(value)) = loss.loss_and_gradient_with(&logits, &target, &options, &mut gradient) {
                assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{value} {gradient:?}");
            }
        }
    }
    Ok(())
}

const CLASSES: usize = 3;
const FEATURES: usize = 5;
type Head = LinearHead<CLASSES, FEATURES>;

fn settings(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<FineTuner>> {
    let (start, end, steps) = (number(u)?, number(u)?, u32::arbitrary(u)? % 100);
    let schedule = match u8::arbitrary(u)? % 3 {
        0 => BetaSchedule::try_constant(start),
        1 => BetaSchedule::try_linear(start, end, steps),
        _ => BetaSchedule::try_geometric(start, end, steps),
    };
    let mut sgd = Sgd::try_new(number(u)?);
    if bool::arbitrary(u)? {
        let momentum = number(u)?;
        sgd = sgd.and_then(|sgd| sgd.try_with_momentum(momentum));
    }
    if bool::arbitrary(u)? {
        let decay = number(u)?;
        sgd = sgd.and_then(|sgd| sgd.try_with_weight_decay(decay));
    }
    if bool::arbitrary(u)? {
        let norm = number(u)?;
        sgd = sgd.and_then(|sgd| sgd.try_with_clip_norm(norm));
    }
    Ok(schedule.ok().zip(sgd.ok()).map(|(schedule, sgd)| FineTuner::new(schedule, sgd)))
}

/// Any sequence of steps with any settings: parameters and velocity stay finite, and an error changes nothing. The head whose shape is
/// known at run time does the same where it can.
pub fn steps(bytes: &[u8]) {
    let _: arbitrary::Result<()> = try_steps(&mut Unstructured::new(bytes));
}

fn try_steps(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (mut head, mut state) = (Head::new(), State::with_velocity());
    let mut parameters = [0.0; Head::PARAMETERS];
    for _ in 0..20 {
        let Some(tuner) = settings(u)? else { continue };
        if bool::arbitrary(u)? {
            let new = numbers(u, Head::PARAMETERS)?;
            let before = head.clone();
            if head.import(&new).is_err() {
                assert_eq!(head, before);
            }
        }
        for _ in 0..u.int_in_range(1..=8)? {
            let features: [f32; FEATURES] = numbers(u, FEATURES)?.try_into().expect("there are as many");
            let target = usize::from(u8::arbitrary(u)? % 4);
            let before = (head.clone(), state.clone());
            head.export(&mut parameters).expect("it has this length");
            match tuner.step(&mut head, &mut state, &features, target) {
                Ok(step) => {
                    assert!(step.loss.is_finite() && (0.0..=1.0).contains(&step.prediction.probability), "{step:?}");
                    assert_eq!(state.steps(), before.1.steps() + 1);
                }
                Err(_) => assert_eq!((&head, &state), (&before.0, &before.1)),
            }
            let mut scratch = [0.0; CLASSES];
            let mut its_state = State::new();
            its_state.set_steps(before.1.steps());
            let mut slices = SliceHead::new(&mut parameters, CLASSES, FEATURES).expect("it has this shape");
            if tuner.step_slices(&mut slices, &mut its_state, &features, target, &mut scratch).is_ok() {
                let mut expected = [0.0; Head::PARAMETERS];
                head.export(&mut expected).expect("it has this length");
                assert_eq!(parameters.map(f32::to_bits), expected.map(f32::to_bits));
            }
            head.export(&mut parameters).expect("it has this length");
            assert!(parameters.iter().all(|w| w.is_finite()), "{parameters:?}");
            state.velocity.export(&mut parameters).expect("it has this length");
            assert!(parameters.iter().all(|v| v.is_finite()), "{parameters:?}");
        }
    }
    Ok(())
}

/// Any bytes as a checkpoint, with their CRC put right if the first is odd: refused, and nothing changed; or what is read is written and
/// read again as the same.
pub fn checkpoint(bytes: &[u8]) {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if mode % 2 == 1 && bytes.len() >= 16 {
        bytes[..4].copy_from_slice(b"GDck");
        let length = bytes.len() as u32;
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        let end = bytes.len() - 4;
        let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&bytes[..end]);
        bytes[end..].copy_from_slice(&crc.to_le_bytes());
    }
    let (mut head, mut readout) = (Head::new(), Readout::new());
    let mut state: State<Velocity<CLASSES, FEATURES>> = State::with_velocity();
    let before = (head.clone(), state.clone(), readout);
    if format::read(&bytes, &mut head, &mut state, &mut readout).is_err() {
        assert_eq!((head, state, readout), before);
        return;
    }
    let mut again = [0; format::size(CLASSES, FEATURES, true)];
    format::write(&head, &state, &readout, &mut again).expect("there is room");
    let (mut second, mut its_state, mut its_readout) = (Head::new(), State::with_velocity(), Readout::new());
    format::read(&again, &mut second, &mut its_state, &mut its_readout).expect("it was just written");
    assert_eq!((second, its_state, its_readout), (head, state, readout));
}
