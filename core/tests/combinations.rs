//! The table in the crate's documentation of which part works with which head. Each combination that it allows is run here; the others
//! are documentation tests of the core that must not compile.
#![cfg(all(feature = "checkpoint", feature = "libm"))]

use gradient_decay::guard::{Judge, Verdict};
use gradient_decay::replay::SlotsView;
use gradient_decay::storage::{Empty, Pair};
use gradient_decay::{
    Answer, BetaSchedule, Calibration, Classes, Contents, DiscriminantHead, Error, FineTuner, FixedHead, FixedRate,
    Guard, Head, Learner, LinearHead, LinearView, Memory, MlpHead, MomentumHead, MomentumMlpHead, PairView, Parts,
    Preprocess, Quantized, QuantizedHead, Quantizer, Readout, Replay, ReplayView, Saved, Sgd, Standardizer, State,
    Target, TargetOptions, Train, Vote, checkpoint, quantized::Quantization,
};

const ROOM: usize = 5;
const FEATURES: usize = 6;

/// A sample whose class stands out in one feature, with a little noise that follows from `i`. The offset is for a standardizer to remove.
fn sample(i: usize, class: usize, offset: f32) -> [f32; FEATURES] {
    core::array::from_fn(|j| {
        let noise = ((i * 31 + j * 17) % 13) as f32 / 13.0 - 0.5;
        offset + noise + if j == class { 2.0 } else { 0.0 }
    })
}

/// Everything a learner does, in one lesson: three classes are added, one is removed, another is added; the learner is saved, and a
/// restored copy continues with the same bits.
fn lesson<H, P, R, G, C>(make: impl Fn() -> Learner<H, Parts<P, R, G, C, Readout>>, tuner: &FineTuner<H::Optimizer>)
where
    H: Train<Work: Empty> + Classes + Saved,
    P: Preprocess<H::Features, Input = [f32; FEATURES]> + Saved,
    R: Memory<H::Features> + Saved,
    G: Judge<H::Features> + Saved,
    C: gradient_decay::calibration::Record + Saved,
{
    let offset = 20.0;
    let mut learner = make();
    assert_eq!((learner.classes(), learner.answer(&sample(0, 0, offset)).map(drop)), (0, Err(Error::NoClasses)));
    assert!(learner.learn(tuner, &sample(0, 0, offset), 0).is_err());
    for class in 0..3 {
        assert_eq!(learner.add_class(), Ok(class));
    }
    let teach = |learner: &mut Learner<H, _>, from: usize, classes: usize| {
        for i in from..from + 60 {
            learner.learn(tuner, &sample(i, i % classes, offset), i % classes).unwrap();
            learner.rehearse(tuner, 1);
        }
    };
    let right = |learner: &mut Learner<H, Parts<P, R, G, C, Readout>>,
                 class_of: &dyn Fn(usize) -> usize,
                 kinds: usize| {
        let correct = |i: usize, learner: &mut Learner<H, _>| match learner.answer(&sample(1000 + i, i % kinds, offset))
        {
            Ok(Answer::Class(prediction) | Answer::Unknown(prediction, _)) => prediction.class == class_of(i % kinds),
            Err(error) => panic!("{error}"),
        };
        (0..60).filter(|i| correct(*i, learner)).count()
    };
    teach(&mut learner, 0, 3);
    assert!(right(&mut learner, &|kind| kind, 3) >= 57);
    learner.judge();
    learner.fit_temperature(8).unwrap();

    // Class 0 is removed: classes 1 and 2 become 0 and 1 in every part, so that rehearsal teaches nothing wrong.
    learner.remove_class(0).unwrap();
    for _ in 0..40 {
        learner.rehearse(tuner, 2);
    }
    assert!(right(&mut learner, &|kind| kind.saturating_sub(1), 3) >= 37);
    assert!(
        matches!(learner.answer(&sample(7, 2, offset)), Ok(Answer::Class(p) | Answer::Unknown(p, _)) if p.class == 1)
    );

    // Everything is restored.
    let mut bytes = vec![0; checkpoint::size(&learner, Contents::ALL)];
    checkpoint::write(&learner, Contents::ALL, &mut bytes).unwrap();
    let mut restored = make();
    checkpoint::read(&bytes, &mut restored).unwrap();
    let saved = |learner: &Learner<H, Parts<P, R, G, C, Readout>>| {
        let mut bytes = vec![0; checkpoint::size(learner, Contents::ALL)];
        checkpoint::write(learner, Contents::ALL, &mut bytes).unwrap();
        bytes
    };
    assert_eq!(saved(&restored), bytes);
    for learner in [&mut learner, &mut restored] {
        learner.add_class().unwrap();
        teach(learner, 60, 3);
    }
    assert!(saved(&restored) == saved(&learner) && saved(&restored) != bytes);

    // Another head: everything that belonged to the old one is forgotten.
    learner.replace(0, |head| head.remove_class(0)).unwrap();
    assert_eq!((learner.steps(), learner.judge()), (0, Verdict::Unknown));
}

fn standardizer() -> Standardizer<FEATURES> {
    Standardizer::from_statistics(&[20.3; FEATURES], &[0.8; FEATURES])
}

fn readout() -> Readout {
    Readout::new().with_threshold(0.4)
}

/// All parts with a head in f32.
fn in_float<H>(head: fn() -> H)
where
    H: Train<Features = [f32; FEATURES], Number = f32, Optimizer = Sgd, Work: Empty> + Classes + Saved,
{
    let plain = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 30), Sgd::new(0.1));
    let clipped =
        FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.1).with_clip_norm(0.5).with_weight_decay(1e-4));
    for tuner in [&plain, &clipped] {
        lesson(
            || {
                let guard = Guard::new(Replay::<ROOM, 4, [f32; FEATURES]>::new(2), 0.5, 7);
                let memory = Replay::<ROOM, 4, [f32; FEATURES], Quantized<FEATURES>>::new(1);
                let calibration: Calibration<10> = Calibration::new();
                let parts = Parts { preprocess: standardizer(), memory, guard, calibration, readout: readout() };
                Learner::new(head(), parts)
            },
            tuner,
        );
        let calibration = || Calibration::<10>::new();
        let parts = || Parts {
            preprocess: standardizer(),
            memory: (),
            guard: (),
            calibration: calibration(),
            readout: readout(),
        };
        lesson(|| Learner::new(head(), parts()), tuner);
    }
    soft_targets(head());
}

/// Distributions, smoothing, weights, an ignored class.
fn soft_targets<H>(mut head: H)
where
    H: Train<Features = [f32; FEATURES], Number = f32, Optimizer = Sgd, Work: Empty> + Classes,
{
    let tuner = FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.1));
    let mut state = State::new();
    for _ in 0..3 {
        head.add_class().unwrap();
    }
    let weights = [1.0, 2.0, 1.0];
    let options = TargetOptions::new().with_label_smoothing(0.1).with_class_weights(&weights).with_ignore_index(9);
    let x = sample(0, 1, 0.0);
    for target in [Target::Class(1), Target::Distribution(&[0.1, 0.8, 0.1])] {
        let first = tuner.step(&mut head, &mut state, &x, target.with(&options)).unwrap().loss();
        for _ in 0..50 {
            tuner.step(&mut head, &mut state, &x, target.with(&options)).unwrap();
        }
        let step = tuner.step(&mut head, &mut state, &x, target.with(&options)).unwrap();
        assert!(step.loss() < first && step.class() == 1, "{} {first}", step.loss());
        // There is room for five rows, three of which are in use.
        let p: Vec<f32> = step.probabilities().collect();
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6 && p[3..] == [0.0, 0.0], "{p:?}");
    }
    // A target without one number for each class in use is refused; an ignored one changes nothing.
    let steps = state.steps();
    let long = Target::Distribution(&[0.2; 5]).with(&options);
    assert!(tuner.step(&mut head, &mut state, &x, long).is_err());
    let ignored = tuner.step(&mut head, &mut state, &x, Target::Class(9).with(&options)).unwrap();
    assert_eq!((ignored.learned(), ignored.loss(), ignored.class()), (false, 0.0, 1));
    assert_eq!(state.steps(), steps);
}

#[test]
fn a_linear_head_has_every_part() {
    in_float(LinearHead::<ROOM, FEATURES>::empty);
}

#[test]
fn a_linear_head_with_momentum_has_every_part() {
    in_float(MomentumHead::<ROOM, FEATURES>::empty);
    let tuner = FineTuner::new(
        BetaSchedule::constant(1.0),
        Sgd::new(0.02).with_momentum(0.9).with_nesterov().with_weight_decay(1e-4),
    );
    let parts = || Parts { preprocess: standardizer(), memory: (), guard: (), calibration: (), readout: readout() };
    lesson(|| Learner::new(MomentumHead::<ROOM, FEATURES>::empty(), parts()), &tuner);
}

fn hidden<V: gradient_decay::storage::StoredVelocity, W: gradient_decay::storage::StoredVelocity>()
-> MlpHead<ROOM, 12, FEATURES, gradient_decay::Libm, V, W> {
    let mut head = MlpHead::new();
    head.initialise(3);
    head.truncate(0).unwrap();
    head
}

#[test]
fn a_head_with_a_hidden_layer_has_every_part() {
    in_float(hidden::<(), ()>);
    type Heavy = MomentumMlpHead<ROOM, 12, FEATURES>;
    let heavy: fn() -> Heavy = hidden;
    in_float(heavy);
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.02).with_momentum(0.9));
    let parts = || Parts { preprocess: standardizer(), memory: (), guard: (), calibration: (), readout: readout() };
    lesson(|| Learner::new(heavy(), parts()), &tuner);
}

#[test]
fn a_head_in_integers_has_every_part() {
    let tuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 30), FixedRate::new(0.1));
    lesson(
        || {
            let guard = Guard::new(Replay::<ROOM, 4, [i8; FEATURES]>::new(2), 0.5, 7);
            let memory = Replay::<ROOM, 4, [i8; FEATURES]>::new(1);
            let calibration: Calibration<10> = Calibration::new();
            let preprocess = Quantizer::new(5, standardizer());
            let parts = Parts { preprocess, memory, guard, calibration, readout: readout() };
            Learner::new(FixedHead::<ROOM, FEATURES>::empty(5, 1), parts)
        },
        &tuner,
    );
}

/// The shapes of head and memory are known only at run time: the same code, the same bits.
#[test]
fn a_view_has_the_bits_of_a_head_of_known_shape_in_every_part() {
    let tuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 30), Sgd::new(0.1).with_momentum(0.9));
    let mut known = Learner::new(
        MomentumHead::<ROOM, FEATURES>::empty(),
        Parts {
            preprocess: (),
            memory: Replay::<ROOM, 3, [f32; FEATURES]>::new(1),
            guard: Guard::new(Replay::<ROOM, 3, [f32; FEATURES]>::new(2), 0.5, 7),
            calibration: Calibration::<10>::new(),
            readout: readout(),
        },
    );
    let (mut parameters, mut velocity, mut bound) = (vec![0.0; 35], vec![0.0; 35], 0.0);
    let (mut scratch, mut samples, mut seen) = (vec![0.0; 10], vec![0.0; ROOM * 3 * FEATURES], vec![0; ROOM]);
    let (mut held_out, mut its_seen) = (samples.clone(), seen.clone());
    let head = LinearView::new(&mut parameters, ROOM, FEATURES).unwrap().with_classes(0).unwrap();
    let mut view = Learner::with_state(
        head.with_velocity(&mut velocity, &mut bound).unwrap(),
        State::with_work(PairView::new(&mut scratch, ROOM).unwrap()),
        Parts {
            preprocess: (),
            memory: ReplayView::over(SlotsView::new(&mut samples, &mut seen, 3, FEATURES).unwrap(), 1),
            guard: Guard::new(
                ReplayView::over(SlotsView::new(&mut held_out, &mut its_seen, 3, FEATURES).unwrap(), 2),
                0.5,
                7,
            ),
            calibration: Calibration::<10>::new(),
            readout: readout(),
        },
    );
    for class in 0..4 {
        assert_eq!((known.add_class(), view.add_class()), (Ok(class), Ok(class)));
    }
    for i in 0..120 {
        let x = sample(i, i % 4, 0.0);
        let expected = known.learn(&tuner, &x, i % 4).unwrap();
        let found = view.learn(&tuner, &x, i % 4).unwrap();
        assert_eq!((found.loss(), found.prediction()), (expected.loss(), expected.prediction()));
        assert_eq!(found.learned(), expected.learned());
        assert_eq!(view.rehearse(&tuner, 2), known.rehearse(&tuner, 2));
        if i == 70 {
            assert_eq!((known.remove_class(1), view.remove_class(1)), (Ok(()), Ok(())));
            assert_eq!((known.add_class(), view.add_class()), (Ok(3), Ok(3)));
        }
        if i % 10 == 0 {
            assert_eq!(view.judge(), known.judge());
            view.fit_temperature(8).unwrap();
            known.fit_temperature(8).unwrap();
            assert_eq!(view.parts().readout, known.parts().readout);
        }
    }
    assert_eq!(view.parts().calibration, known.parts().calibration);
    let mut bytes = vec![0; checkpoint::size(known.head(), Contents::ALL)];
    checkpoint::write(known.head(), Contents::ALL, &mut bytes).unwrap();
    let mut its = vec![0; bytes.len()];
    assert_eq!(checkpoint::write(view.head(), Contents::ALL, &mut its), Ok(bytes.len()));
    assert_eq!(its, bytes);
}

#[test]
fn a_default_is_the_new_one() {
    assert_eq!(LinearHead::<3, 2>::default(), LinearHead::new());
    assert_eq!(MlpHead::<3, 4, 2>::default(), MlpHead::new());
    assert_eq!(DiscriminantHead::<3, 2, 1>::default(), DiscriminantHead::new());
    assert_eq!(<Readout>::default(), Readout::new());
    assert_eq!(<Calibration<10>>::default(), Calibration::new());
    assert_eq!(Vote::<3>::default(), Vote::new());
    assert_eq!(TargetOptions::default(), TargetOptions::new());
    assert_eq!(State::<Pair<f32, 3>>::default().steps(), 0);
}

/// It does not learn, but it has answers, a temperature and a loss as any head.
#[test]
fn a_quantized_head_answers_fits_and_is_judged() {
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
    let (mut head, mut state) = (LinearHead::<ROOM, FEATURES>::empty(), State::new());
    (0..3).for_each(|_| _ = head.add_class().unwrap());
    for i in 0..120 {
        tuner.step(&mut head, &mut state, &sample(i, i % 3, 0.0), i % 3).unwrap();
    }
    let (input, output) = (Quantization::new(3.0 / 127.0, 0), Quantization::new(8.0 / 127.0, 0));
    let small = QuantizedHead::new(&head, input, output).unwrap();
    assert_eq!((small.classes(), small.room()), (3, ROOM));
    let mut guard = Guard::new(Replay::<ROOM, 20, [i8; FEATURES]>::new(1), 0.1, 1);
    let mut floats = Guard::new(Replay::<ROOM, 20, [f32; FEATURES]>::new(1), 0.1, 1);
    for i in 0..60 {
        let x = sample(500 + i, i % 3, 0.0);
        guard.held_out_mut().insert(&x.map(|x| input.quantize(x)), i % 3).unwrap();
        floats.held_out_mut().insert(&x, i % 3).unwrap();
        let mut logits = [0.0; ROOM];
        let answer = Readout::new().answer(&small, &x.map(|x| input.quantize(x)), &mut logits).unwrap();
        assert!(matches!(answer, Answer::Class(prediction) if prediction.class == i % 3), "{i} {answer:?}");
    }
    let (Verdict::Best(nll), Verdict::Best(in_float)) =
        (guard.judge(&small, &mut [0.0; ROOM]), floats.judge(&head, &mut [0.0; ROOM]))
    else {
        panic!("nothing was held out")
    };
    assert!((nll - in_float).abs() < 0.05, "{nll} {in_float}");
    let held_out: &Replay<ROOM, 20, [i8; FEATURES]> = guard.held_out();
    let fitted = Readout::new().fitted(&small, held_out, 12, &mut [0.0; ROOM]).unwrap();
    assert!(fitted.temperature() < 1.0, "{}", fitted.temperature());
}
