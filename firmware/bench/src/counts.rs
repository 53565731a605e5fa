//! The program that counts the instructions of a head of one shape.

/// A program with one head, as firmware has, that prints its counts: inference, and a step with each schedule. Each line is
/// `count`, a name and the largest count over the samples, whose targets are right for some and wrong for others. A step is asked
/// for all that it reports of the sample: loss, beta, class and probability.
///
/// The settings go through `black_box`: the counts are those of code that serves all settings.
#[macro_export]
macro_rules! counts {
    ($classes:literal, $features:literal) => {
        use core::hint::black_box;

        use bench::case::Case;
        use bench::{InstructionCounter, exit_success};
        use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Sgd, State};
        use semihosting::println;
        use static_cell::ConstStaticCell;

        static HEAD: ConstStaticCell<LinearHead<$classes, $features>> = ConstStaticCell::new(LinearHead::new());
        static CASE: ConstStaticCell<Case<$classes, $features, { $classes * ($features + 1) }>> =
            ConstStaticCell::new(Case::new());

        #[$crate::entry]
        fn main() -> ! {
            let mut counter = InstructionCounter::new().expect("nobody else has it");
            let (head, case) = (HEAD.take(), CASE.take());
            case.fill();
            head.import(&case.parameters).expect("the parameters are of this shape");
            let inference =
                case.largest(|features, _| counter.count(|| assert!(black_box(&head.predict(features)).is_ok())).1);
            println!("count inference {inference}");
            let schedules = [
                ("step", BetaSchedule::constant(1.0)),
                ("step-beta-0.1", BetaSchedule::constant(0.1)),
                ("step-beta-5", BetaSchedule::constant(5.0)),
                ("step-linear-warm-up", BetaSchedule::linear(0.01, 1.0, 150)),
                ("step-geometric-warm-up", BetaSchedule::geometric(0.01, 1.0, 150)),
            ];
            for (name, schedule) in schedules {
                let tuner = black_box(FineTuner::new(schedule, Sgd::new(0.01)));
                let mut state = State::new();
                let count = case.largest(|features, target| {
                    head.import(&case.parameters).expect("the parameters are of this shape");
                    // Within each warm-up.
                    state.set_steps(7);
                    counter
                        .count(|| {
                            assert!(
                                black_box(&$crate::reported(&tuner.step(head, &mut state, features, target))).is_ok()
                            )
                        })
                        .1
                });
                println!("count {name} {count}");
            }
            exit_success()
        }
    };
}
