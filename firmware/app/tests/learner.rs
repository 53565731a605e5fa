//! The learners behind the link.

use gradient_decay::{BetaSchedule, Error, FineTuner, FixedHead, LinearHead, Preprocess, Readout, Sgd};
use gradient_decay_app::gestures::features::{FEATURES, WINDOW, Window};
use gradient_decay_app::gestures::units::Units;
use gradient_decay_app::gestures::{self, PARAMETERS};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Import, Served};
use gradient_decay_app::simulation::motion::Motion;

type Linear = LinearDevice<4, FEATURES>;
const NUMBERS: usize = LinearHead::<4, FEATURES>::PARAMETERS;

const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 84), Sgd::new(0.25));

/// Samples that differ from each other.
fn teach(learner: &mut impl Served<FEATURES>, lessons: usize) {
    for i in 0..lessons {
        let features = core::array::from_fn(|k| ((i * 7 + k * 5) % 11) as f32 / 5.0 - 1.0);
        learner.learn(&features, i % 4).unwrap();
    }
}

fn parameters<const PARAMETERS: usize>(learner: &impl Served<FEATURES>) -> [f32; PARAMETERS] {
    let mut parameters = [0.0; PARAMETERS];
    learner.export(&mut parameters).unwrap();
    parameters
}

/// A device whose head a host replaces continues like a new device with that head, whatever it had learned: a host compares every bit.
#[test]
fn a_replaced_head_makes_a_new_learner() {
    let device = || Linear::new(LinearHead::new(), Readout::new().with_threshold(0.6), TUNER);
    let (mut used, mut new) = (device(), device());
    teach(&mut used, 30);
    assert_eq!((used.steps(), used.calibration().unwrap().count), (210, 30));
    let head: [f32; NUMBERS] = core::array::from_fn(|i| (i % 5) as f32 / 8.0);
    for device in [&mut used, &mut new] {
        device.import(&head, 3).unwrap();
        assert_eq!((parameters(device), device.steps()), (head, 3));
        assert_eq!(device.calibration(), None);
        teach(device, 20);
    }
    assert_ne!(parameters(&used), head);
    assert_eq!(parameters::<NUMBERS>(&used), parameters(&new));
    assert_eq!(used.calibration(), new.calibration());
    // One that is refused changes nothing.
    let before: [f32; NUMBERS] = parameters(&used);
    assert!(matches!(used.import(&[f32::NAN; NUMBERS], 0), Err(Import::Parameters(Error::NotFinite { .. }))));
    assert!(matches!(used.import(&[0.0], 0), Err(Import::Parameters(Error::Length { .. }))));
    assert_eq!((parameters(&used), used.steps()), (before, 143));
    assert_eq!(used.calibration().unwrap().count, 20);
    assert_eq!(used.readout(), &Readout::new().with_threshold(0.6));
}

#[test]
fn a_discriminant_takes_the_head_of_a_new_one_alone() {
    let (mut used, new) = (gestures::learner(), gestures::learner());
    assert_eq!(parameters(&new), [0.0; PARAMETERS]);
    teach(&mut used, 30);
    let before = used.clone();
    let own: [f32; PARAMETERS] = parameters(&used);
    assert_eq!((used.steps(), used.import(&own, 0), &used), (30, Err(Import::ReadOnly), &before));
    used.import(&[0.0; PARAMETERS], 0).unwrap();
    assert_eq!(used, new);
    // A gesture beyond the next new one is refused, and changes nothing.
    assert!(matches!(gestures::learn(&mut used, &[0.5; FEATURES], 1), Err(Error::Target { target: 1, classes: 1 })));
    assert!(gestures::learn(&mut used, &[f32::NAN; FEATURES], 0).is_err());
    assert_eq!(used, new);
}

/// A device may infer in integers, by the head that it makes of the discriminant after each label.
#[test]
fn inference_in_integers_sees_the_same_gestures() {
    let window = |gesture: usize, seed: u32| {
        let (mut motion, mut window) = (Motion::new(gesture as u8 + 1, seed), Window::new());
        (0..WINDOW).for_each(|_| window.push(motion.sample()));
        window.features().unwrap()
    };
    let (mut right, mut same) = (0, 0);
    for person in 0..20 {
        let mut learner = gestures::learner();
        for shot in 0..3 {
            for gesture in 0..4 {
                gestures::learn(&mut learner, &window(gesture, 100 * person + shot), gesture).unwrap();
            }
        }
        // At this temperature no weight is beyond 8; features are in [-8, 8) by steps of 1/16.
        let head = FixedHead::from_head(&learner.head().to_linear(4.0).unwrap(), 4, 1);
        for seed in 10..20 {
            for gesture in 0..4 {
                let features = window(gesture, 100 * person + seed);
                let class = Units.apply(&features, |x| head.predict(&head.quantize(x))).unwrap().unwrap();
                right += usize::from(class == gesture);
                same += usize::from(class == learner.answer(&features).unwrap().prediction().class);
            }
        }
    }
    println!("{right} right and {same} the same of 800");
    assert!(right >= 796 && same >= 796, "{right} right and {same} the same of 800");
}
