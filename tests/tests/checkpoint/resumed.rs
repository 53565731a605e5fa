//! Training that continues after a reset has the same bits as uninterrupted training.

use gradient_decay::guard::Guard;
use gradient_decay::{Memory, Saved};

use crate::learners::{Deep, Kind, Mine, Small, Whole, sample};
use crate::{Subject, read, written};

/// Continues to train a learner for a while; returns its answers on the way.
fn go_on<H: Kind>(learner: &mut Mine<H>) -> Vec<String>
where
    Guard<H::Samples>: Saved,
{
    let mut said = Vec::new();
    for i in 0..60 {
        said.push(format!("{:?}", learner.answer(&sample(i))));
        let step = learner.learn(&H::TUNER, &sample(i), i as usize % learner.classes());
        said.push(format!("{:?}", step.map(|step| (step.loss(), step.beta(), step.prediction(), step.learned()))));
        said.push(format!("{} rehearsed", learner.rehearse(&H::TUNER, 2)));
        if i == 30 {
            said.push(format!("{:?}", learner.add_class()));
            said.push(format!("{:?}", learner.remove_class(0)));
        }
        if i % 20 == 7 {
            said.push(format!("{:?} {:?}", learner.judge(), learner.fit_temperature(8)));
        }
    }
    said
}

fn resumed<H: Kind>()
where
    Guard<H::Samples>: Saved,
    Mine<H>: Subject,
{
    for mut learner in [Mine::<H>::trained(), Mine::<H>::other()] {
        let mut restored: Mine<H> = read(&written(&learner)).unwrap();
        assert_eq!(go_on(&mut restored), go_on(&mut learner));
        assert!(restored.is_same(&learner));
        assert_eq!(written(&restored), written(&learner));
    }
}

/// With momentum; in integers, whose rounding is random; with a hidden layer. The memory and its draws continue too.
#[test]
fn training_goes_on_with_the_same_bits() {
    resumed::<gradient_decay::MomentumHead<5, 2>>();
    resumed::<gradient_decay::FixedHead<5, 2>>();
    resumed::<gradient_decay::MomentumMlpHead<5, 3, 2>>();
}

/// Without each of these parts the results differ, so the test would notice if one were not saved.
#[test]
fn without_its_velocity_or_its_rounding_it_would_not() {
    use crate::sections::{FIXED, Sections, VELOCITY};
    let mut expected = Whole::trained();
    go_on(&mut expected);
    let mut at_rest: Whole = read(&Sections::of(&written(&Whole::trained())).without(&[VELOCITY]).bytes()).unwrap();
    go_on(&mut at_rest);
    assert!(!at_rest.is_same(&expected));

    let mut expected = Small::trained();
    go_on(&mut expected);
    let mut sections = Sections::of(&written(&Small::trained()));
    sections.of_tag(FIXED)[12] ^= 1;
    let mut other_rounding: Small = read(&sections.bytes()).unwrap();
    assert!(other_rounding.is_same(&Small::trained()));
    go_on(&mut other_rounding);
    assert!(!other_rounding.is_same(&expected));
}

#[test]
fn a_memory_draws_what_it_would_have_drawn() {
    let draws = |memory: &mut <gradient_decay::MomentumHead<5, 2> as Kind>::Samples| {
        let mut drawn = Vec::new();
        memory.rehearse(500, |x, class| {
            drawn.push((*x, class));
            true
        });
        // It also stores the samples that it would have stored.
        (0..200).for_each(|i| memory.insert(&sample(i), i as usize % 5).unwrap());
        memory.for_each(|x, class| drawn.push((*x, class)));
        drawn
    };
    let learner = Whole::trained();
    let restored: Whole = read(&written(&learner)).unwrap();
    let drawn = draws(&mut restored.parts().memory.clone());
    assert_eq!(drawn, draws(&mut learner.parts().memory.clone()));
    assert_ne!(drawn, draws(&mut Whole::other().parts().memory.clone()));
    let restored: Deep = read(&written(&Deep::trained())).unwrap();
    assert_eq!(restored.parts().memory, Deep::trained().parts().memory);
}
