//! Sequences of steps on a head, and of all operations of a learner.

use arbitrary::{Arbitrary, Unstructured};
use gradient_decay::guard::{Judge, Verdict};
use gradient_decay::{Error, FineTuner, Guard, LinearView, MomentumHead, PairView, Readout, Saved, State, checkpoint};

use crate::learners::{CLASSES, Deep, FEATURES, Fixed, Float, Kind, Mine, check, fresh, tuner};
use crate::numbers::{number, numbers, schedule, sgd};

/// The first byte selects: any sequence of steps on a head, or any sequence of a learner's operations, in float, in integers or with a
/// hidden layer.
pub fn steps(bytes: &[u8]) {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    let u = &mut Unstructured::new(bytes);
    let _: arbitrary::Result<()> = match mode % 4 {
        0 => head(u),
        1 => learner::<Float>(u),
        2 => learner::<Fixed>(u),
        _ => learner::<Deep>(u),
    };
}

type Head = MomentumHead<CLASSES, FEATURES>;
const PARAMETERS: usize = Head::PARAMETERS;

/// With any settings: parameters and velocity stay finite, and an error changes nothing. The head whose shape is known at run time does
/// the same.
fn head(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (mut head, mut state) = (Head::new(), State::new());
    for _ in 0..20 {
        let (schedule, sgd) = (schedule(u)?, sgd(u)?);
        let Some((schedule, sgd)) = schedule.zip(sgd) else { continue };
        let tuner = FineTuner::new(schedule, sgd);
        if bool::arbitrary(u)? {
            let new = numbers(u, PARAMETERS)?;
            let before = head.clone();
            if head.import(&new).is_err() {
                assert_eq!(head, before);
            }
        }
        for _ in 0..u.int_in_range(1..=8)? {
            let features: [f32; FEATURES] = numbers(u, FEATURES)?.try_into().expect("there are as many");
            let target = usize::from(u8::arbitrary(u)? % 4);
            let (before, steps) = (head.clone(), state.steps());
            let [mut parameters, mut velocity] = both(&head);
            let taken = match tuner.step(&mut head, &mut state, &features, target) {
                Ok(step) => {
                    let probability = step.prediction().probability;
                    assert!(step.loss().is_finite() && (0.0..=1.0).contains(&probability), "{step:?}");
                    assert_eq!(state.steps(), steps + 1);
                    true
                }
                Err(_) => {
                    assert_eq!((&head, state.steps()), (&before, steps));
                    false
                }
            };
            let mut bound = velocity.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
            let mut scratch = [0.0; 2 * CLASSES];
            let mut its_state = State::with_work(PairView::new(&mut scratch, CLASSES).expect("there is room"));
            its_state.set_steps(steps);
            let view = LinearView::new(&mut parameters, CLASSES, FEATURES).expect("it has this shape");
            let mut view = view.with_velocity(&mut velocity, &mut bound).expect("it has this shape");
            if tuner.step(&mut view, &mut its_state, &features, target).is_ok() && taken {
                assert_eq!(
                    [parameters, velocity].map(|numbers| numbers.map(f32::to_bits)),
                    both(&head).map(|numbers| numbers.map(f32::to_bits))
                );
            }
            let [parameters, velocity] = both(&head);
            assert!(parameters.iter().all(|w| w.is_finite()), "{parameters:?}");
            assert!(velocity.iter().all(|v| v.is_finite()), "{velocity:?}");
        }
    }
    Ok(())
}

/// Parameters and velocity.
fn both(head: &Head) -> [[f32; PARAMETERS]; 2] {
    let mut numbers = [[0.0; PARAMETERS]; 2];
    head.export(&mut numbers[0]).expect("it has this length");
    head.export_velocity(&mut numbers[1]).expect("it has this length");
    numbers
}

/// The expected state of a learner.
#[derive(Clone, Default)]
struct Known {
    /// Samples that went into the memory, and those held out, of each class in use.
    learned: Vec<u32>,
    held_out: Vec<u32>,
    steps: u32,
}

impl Known {
    fn forget(&mut self, classes: usize) {
        self.learned = vec![0; classes];
        self.held_out = vec![0; classes];
    }
}

/// All operations, in any order: the invariants are checked after each, and after an error everything must be as before.
fn learner<H: Kind<Optimizer: Copy>>(u: &mut Unstructured<'_>) -> arbitrary::Result<()>
where
    Guard<H::Samples>: Saved,
{
    let (mut learner, mut known, mut tuner) = (fresh::<H>(), Known::default(), tuner::<H>());
    let mut before = check(&learner);
    let mut kept = (before.clone(), known.clone());
    for _ in 0..60 {
        if u.is_empty() {
            break;
        }
        let operation = u.int_in_range(0..=23)?;
        let result = match operation {
            0 | 1 => learner.observe(&features(u)?).map(|()| true),
            2 | 3 => answer(&mut learner, &features(u)?),
            4..=10 => {
                let (x, class) = (features(u)?, class(u, known.learned.len())?);
                learn(&mut learner, &mut known, &tuner, &x, class)
            }
            11 | 12 => {
                let x = features(u)?;
                target(&mut learner, &mut known, &tuner, &x, u)?
            }
            13 | 14 => {
                let count = u.int_in_range(0..=5)?;
                let taken = learner.rehearse(&tuner, count);
                known.steps = known.steps.saturating_add(taken);
                assert!(taken <= count && (taken == 0 || known.learned.iter().any(|seen| *seen > 0)));
                Ok(true)
            }
            15 | 16 => learner.add_class().map(|class| {
                assert_eq!(class, known.learned.len());
                known.learned.push(0);
                known.held_out.push(0);
                true
            }),
            17 => {
                let class = class(u, known.learned.len())?;
                learner.remove_class(class).map(|()| {
                    known.learned.remove(class);
                    known.held_out.remove(class);
                    true
                })
            }
            18 => {
                let verdict = learner.judge();
                assert_eq!(verdict == Verdict::Unknown, known.held_out.iter().all(|seen| *seen == 0));
                let (Verdict::Best(loss) | Verdict::Good(loss) | Verdict::Worse(loss)) = verdict else { continue };
                assert!(loss.is_finite() && loss >= 0.0, "{verdict:?}");
                Ok(true)
            }
            19 => learner.fit_temperature(u.int_in_range(0..=8)?).map(|()| true),
            20 | 21 => settings(&mut learner, &mut known, &mut tuner, u)?,
            22 => {
                // A reset: only the checkpoint is left.
                let mut loaded = fresh::<H>();
                checkpoint::read(&kept.0, &mut loaded).expect("it was sound");
                (learner, known) = (loaded, kept.1.clone());
                assert_eq!(check(&learner), kept.0);
                Ok(true)
            }
            _ => {
                kept = (before.clone(), known.clone());
                Ok(false)
            }
        };
        let after = check(&learner);
        // Neither a query nor a refusal changes anything.
        if result != Ok(true) {
            assert!(after == before, "{operation} changed something, {result:?}");
        }
        before = after;
        same(&learner, &known);
    }
    Ok(())
}

/// The features of a sample: any numbers, or of the size that sensors have.
fn features(u: &mut Unstructured<'_>) -> arbitrary::Result<[f32; FEATURES]> {
    if u.ratio(1, 8)? {
        return Ok(numbers(u, FEATURES)?.try_into().expect("there are as many"));
    }
    Ok(<[i8; FEATURES]>::arbitrary(u)?.map(|x| f32::from(x) / 16.0 + 20.0))
}

/// A class, nearly always one in use.
fn class(u: &mut Unstructured<'_>, classes: usize) -> arbitrary::Result<usize> {
    let byte = usize::from(u8::arbitrary(u)?);
    Ok(if byte < 240 { byte % classes.max(1) } else { CLASSES })
}

/// Checks that the learner is in the expected state.
fn same<H: Kind>(learner: &Mine<H>, known: &Known) {
    assert_eq!((learner.classes(), learner.steps()), (known.learned.len(), known.steps));
    let held_out = Judge::<H::Features>::held_out(&learner.parts().guard);
    for (memory, seen) in [(&learner.parts().memory, &known.learned), (held_out, &known.held_out)] {
        for class in 0..CLASSES {
            assert_eq!(H::seen(memory, class), seen.get(class).copied().unwrap_or_default(), "class {class}");
        }
    }
}

fn answer<H: Kind>(learner: &mut Mine<H>, x: &[f32; FEATURES]) -> Result<bool, Error> {
    let prediction = learner.answer(x)?.prediction();
    let classes = learner.classes();
    assert!(prediction.class < classes && (0.0..=1.0).contains(&prediction.probability), "{prediction:?}");
    let mut probabilities = [7.0; CLASSES];
    learner.probabilities(x, &mut probabilities)?;
    // In integers the exponentials are approximate.
    let p = probabilities[prediction.class];
    assert!((p - prediction.probability).abs() < 1e-3, "{probabilities:?} {prediction:?}");
    assert!(probabilities.iter().all(|other| *other <= p + 1e-3), "{probabilities:?} {prediction:?}");
    assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{probabilities:?}");
    assert!(probabilities[classes..].iter().all(|p| *p == 0.0), "{classes} {probabilities:?}");
    Ok(false)
}

fn learn<H: Kind>(
    learner: &mut Mine<H>,
    known: &mut Known,
    tuner: &FineTuner<H::Optimizer>,
    x: &[f32; FEATURES],
    class: usize,
) -> Result<bool, Error> {
    let step = learner.learn(tuner, x, class)?;
    assert!(step.loss().is_finite() && step.loss() >= 0.0, "{}", step.loss());
    assert!(step.class() < known.learned.len() && step.probabilities().all(|p| (0.0..=1.0).contains(&p)));
    let sum = step.probabilities().sum::<f32>();
    assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    if step.learned() {
        known.steps = known.steps.saturating_add(1);
        known.learned[class] += 1;
    } else {
        known.held_out[class] += 1;
    }
    Ok(true)
}

/// Learns a target of any kind. The change shows its class: at most one.
fn target<H: Kind>(
    learner: &mut Mine<H>,
    known: &mut Known,
    tuner: &FineTuner<H::Optimizer>,
    x: &[f32; FEATURES],
    u: &mut Unstructured<'_>,
) -> arbitrary::Result<Result<bool, Error>> {
    let result = H::learn_target(learner, tuner, x, u)?;
    let held_out = Judge::<H::Features>::held_out(&learner.parts().guard);
    let mut changes = 0;
    for (class, (learned, out)) in known.learned.iter_mut().zip(&mut known.held_out).enumerate() {
        let (new, new_out) = (H::seen(&learner.parts().memory, class), H::seen(held_out, class));
        changes += new - *learned + (new_out - *out);
        (*learned, *out) = (new, new_out);
    }
    if result == Ok(true) {
        known.steps = known.steps.saturating_add(1);
    }
    assert!(changes <= 1 && (result.is_ok() || changes == 0));
    Ok(result.map(|learned| learned || changes > 0))
}

/// Settings, other parameters, and forgetting.
fn settings<H: Kind<Optimizer: Copy>>(
    learner: &mut Mine<H>,
    known: &mut Known,
    tuner: &mut FineTuner<H::Optimizer>,
    u: &mut Unstructured<'_>,
) -> arbitrary::Result<Result<bool, Error>>
where
    Guard<H::Samples>: Saved,
{
    match u.int_in_range(0..=5)? {
        0 | 1 => {
            let (schedule, optimizer) = (schedule(u)?, H::optimizer(u)?);
            if let Some((schedule, optimizer)) = schedule.zip(optimizer) {
                *tuner = FineTuner::new(schedule, optimizer);
            }
            return Ok(Ok(false));
        }
        2 => {
            let (temperature, threshold) = (number(u)?, number(u)?);
            let readout = Readout::new().try_with_temperature(temperature);
            return Ok(readout.and_then(|readout| readout.try_with_threshold(threshold)).map(|readout| {
                learner.set_readout(readout);
                true
            }));
        }
        3 => {
            learner.forget();
            known.forget(learner.classes());
        }
        4 => {
            known.steps = u32::arbitrary(u)?;
            learner.set_steps(known.steps);
        }
        _ => {
            let steps = u32::arbitrary(u)?;
            let mut head = learner.head().clone();
            if let Err(error) = head.change(u)? {
                // A refused change leaves the learner as it was.
                return Ok(learner.replace(steps, |_| Err(error)).map(|()| true));
            }
            let replaced: Result<(), Error> = learner.replace(steps, |its| {
                its.clone_from(&head);
                Ok(())
            });
            assert_eq!(replaced, Ok(()));
            known.steps = steps;
            known.forget(learner.classes());
        }
    }
    Ok(Ok(true))
}
