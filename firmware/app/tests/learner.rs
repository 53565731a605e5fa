//! The learner of a device, in both arithmetics.

use gradient_decay::{Error, FineTuner};
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::{
    FIXED_TUNER, FLOAT_TUNER, GESTURES, Head, Learner, READOUT, fixed_learner, float_learner,
};
use gradient_decay_app::learner::DeviceHead;

/// Samples that differ from each other.
fn teach<H: DeviceHead<GESTURES, FEATURES>>(learner: &mut Learner<H>, tuner: &FineTuner<H::Optimizer>, lessons: usize) {
    for i in 0..lessons {
        let features = core::array::from_fn(|k| ((i * 7 + k * 5) % 11) as f32 / 5.0 - 1.0);
        H::learn(learner, tuner, &features, i % GESTURES, |_| ()).unwrap();
    }
}

fn parameters<H: DeviceHead<GESTURES, FEATURES>>(learner: &Learner<H>) -> [f32; Head::PARAMETERS] {
    let mut parameters = [0.0; Head::PARAMETERS];
    learner.head().export(&mut parameters).unwrap();
    parameters
}

/// A device whose head a host replaces goes on as a new one with that head, whatever it had learned: a host compares every bit.
fn replaced_is_new<H: DeviceHead<GESTURES, FEATURES>>(
    mut used: Learner<H>,
    mut new: Learner<H>,
    tuner: &FineTuner<H::Optimizer>,
) {
    teach(&mut used, tuner, 30);
    assert_eq!((used.steps(), used.parts().calibration.summary().unwrap().count), (210, 30));
    let head: [f32; Head::PARAMETERS] = core::array::from_fn(|i| (i % 5) as f32 / 8.0);
    for learner in [&mut used, &mut new] {
        learner.replace(3, |h| h.import(&head)).unwrap();
        assert_eq!((parameters(learner), learner.steps()), (head, 3));
        assert_eq!(learner.parts().calibration.summary(), None);
        teach(learner, tuner, 20);
    }
    assert_ne!(parameters(&used), head);
    assert_eq!(parameters(&used), parameters(&new));
    assert_eq!(used.parts().calibration, new.parts().calibration);
    // One that is refused changes nothing.
    let before = parameters(&used);
    assert!(matches!(used.replace(0, |h| h.import(&[f32::NAN; Head::PARAMETERS])), Err(Error::NotFinite { .. })));
    assert!(matches!(used.replace(0, |h| h.import(&[0.0])), Err(Error::Length { .. })));
    assert_eq!((parameters(&used), used.steps()), (before, 143));
    assert_eq!(used.parts().calibration.summary().unwrap().count, 20);
    assert_eq!(used.parts().readout, READOUT);
}

#[test]
fn a_replaced_head_makes_a_new_learner() {
    replaced_is_new(float_learner(), float_learner(), &FLOAT_TUNER);
    replaced_is_new(fixed_learner(), fixed_learner(), &FIXED_TUNER);
}
