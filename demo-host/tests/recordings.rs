//! The device's gesture learner on real recordings, where there are any: `GRADIENT_DECAY_DATA` is then a folder with `gestures/gestures.json`.
//! `cargo test -p demo-host --test recordings -- --nocapture` prints the figures of the firmware's README.

use demo_host::data::data_home;
use demo_host::tasks::gestures::Gestures;
use gradient_decay::readout::Reason;
use gradient_decay::{Answer, FixedHead, Preprocess};
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::units::Units;
use gradient_decay_app::gestures::{GESTURES, learn, learner};

/// The orders in which recordings are shown.
const ORDERS: usize = 20;

/// How windows were answered.
#[derive(Default)]
struct Answers {
    right: usize,
    wrong: usize,
    between: usize,
    far: usize,
}

impl Answers {
    fn count(&mut self, answer: Answer, gesture: Option<usize>) {
        *match answer {
            Answer::Class(prediction) if Some(prediction.class) == gesture => &mut self.right,
            Answer::Class(_) => &mut self.wrong,
            Answer::Unknown(_, Reason::Far) => &mut self.far,
            Answer::Unknown(..) => &mut self.between,
        } += 1;
    }

    /// Shares in percent: right, wrong, between two gestures, far from all.
    fn shares(&self) -> [f64; 4] {
        let all = (self.right + self.wrong + self.between + self.far) as f64;
        [self.right, self.wrong, self.between, self.far].map(|count| 100.0 * count as f64 / all)
    }
}

/// Each gesture in turn is left out and the others are shown so often: the answers for the windows of these that were not shown, those for the
/// one left out, and the share of the first for which inference in integers sees the same gesture.
fn examine(windows: &[Vec<[f32; FEATURES]>], shots: usize) -> (Answers, Answers, f64) {
    let (mut known, mut never, mut same, mut all) = (Answers::default(), Answers::default(), 0, 0);
    for order in 0..ORDERS {
        // As if shuffled: a different start, and a stride that meets all of them.
        let window = |gesture: usize, place: usize| {
            let own = &windows[gesture];
            &own[(place * 7 + order * 11) % own.len()]
        };
        for out in 0..windows.len() {
            let taught: Vec<usize> = (0..windows.len()).filter(|gesture| *gesture != out).collect();
            let mut learner = learner();
            for shot in 0..shots {
                for (class, gesture) in taught.iter().enumerate() {
                    learn(&mut learner, window(*gesture, shot), class).expect("a window is learned");
                }
            }
            let integers = FixedHead::from_head(&learner.head().to_linear(4.0).expect("a head is finite"), 4, 1);
            for (class, gesture) in taught.iter().enumerate() {
                for place in shots..windows[*gesture].len() {
                    let features = window(*gesture, place);
                    let answer = learner.answer(features).expect("a window is answered");
                    known.count(answer, Some(class));
                    let seen = Units.apply(features, |x| integers.predict(&integers.quantize(x)));
                    same += usize::from(seen.expect("features are finite") == Ok(answer.prediction().class));
                    all += 1;
                }
            }
            for features in &windows[out] {
                never.count(learner.answer(features).expect("a window is answered"), None);
            }
        }
    }
    (known, never, 100.0 * same as f64 / all as f64)
}

#[test]
fn real_gestures_are_learned_from_a_handful() {
    let folder = data_home().expect("a folder for data").join("gestures");
    if !folder.join("gestures.json").exists() {
        println!("{} has no gestures.json: nothing is examined", folder.display());
        return;
    }
    let recordings = Gestures::read(&folder).expect("the recordings are readable");
    assert!(recordings.names.len() <= GESTURES + 1, "one is left out, and there is room for {GESTURES}");
    let mut windows = vec![Vec::new(); recordings.names.len()];
    for recording in &recordings.recordings {
        // The one in the middle.
        windows[recording.class].push(recording.windows[1]);
    }
    for (shots, least) in [(1, 45.0), (2, 70.0), (3, 80.0), (5, 85.0)] {
        let (known, never, same) = examine(&windows, shots);
        let ([right, wrong, between, far], [_, taken, ..]) = (known.shares(), never.shares());
        println!(
            "{shots} of each: {right:.1} % right, {wrong:.1} % as another, {between:.1} % between, {far:.1} % far; never taught: {:.1} % \
             refused; in integers the same gesture for {same:.1} %",
            100.0 - taken
        );
        assert!(right >= least && wrong < right / 3.0 && same >= 99.0);
        assert!(100.0 - taken > between + far + 10.0, "what was never taught is refused more often than what was");
    }
}
