//! Learners that `tune` writes in Rust: they compile against the core, and learn.

mod generated;

use gradient_decay::{DiscriminantHead, LinearHead, MixedHead, Neighbours, Replay, Residual};

#[test]
fn the_learners_of_the_modules_learn() {
    macro_rules! learns {
        ($module:ident, $head:expr, $rehearse:expr) => {{
            use generated::$module::*;
            let mut learner: Mine = learner($head);
            let samples = [([1.0, 0.0], 0), ([-1.0, 0.5], 1), ([0.0, -1.0], 2)];
            samples.iter().cycle().take(6).for_each(|(x, _)| learner.observe(x).unwrap());
            while learner.classes() < CLASSES {
                learner.add_class().unwrap();
            }
            for (x, class) in samples.iter().cycle().take(300) {
                learner.learn(&SETTINGS, x, *class).unwrap();
                $rehearse(&mut learner);
            }
            for (x, class) in &samples {
                assert_eq!(learner.answer(x).unwrap().class(), Some(*class), stringify!($module));
            }
            (FEATURES, REHEARSALS)
        }};
    }
    use generated::{replay, residual};
    static TRAINED: LinearHead<3, 2> = LinearHead::new();
    assert_eq!(learns!(discriminant, DiscriminantHead::empty(), |_: &mut _| ()), (2, 0));
    assert_eq!(learns!(mixed, MixedHead::new(DiscriminantHead::new(), &TRAINED), |_: &mut _| ()), (2, 0));
    let new = Neighbours::new(DiscriminantHead::empty(), Replay::new(1));
    assert_eq!(learns!(neighbours, new, |_: &mut _| ()), (2, 0));
    let new = Neighbours::new(MixedHead::new(DiscriminantHead::new(), &TRAINED), Replay::new(1));
    assert_eq!(learns!(mixed_neighbours, new, |_: &mut _| ()), (2, 0));
    let new = Residual::new(DiscriminantHead::empty(), LinearHead::new());
    let rehearse = |learner: &mut residual::Mine| {
        learner.rehearse(&residual::SETTINGS, residual::REHEARSALS);
    };
    assert_eq!(learns!(residual, new, rehearse), (2, 4));
    let rehearse = |learner: &mut replay::Mine| {
        learner.rehearse(&replay::SETTINGS, replay::REHEARSALS);
    };
    assert_eq!(learns!(replay, LinearHead::new(), rehearse), (2, 4));
    assert_eq!(learns!(warm_up, LinearHead::empty(), |_: &mut _| ()), (2, 0));
    assert_eq!(generated::mixed::DEVIATION, [1.0, 20.5]);
}
