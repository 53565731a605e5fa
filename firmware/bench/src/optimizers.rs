//! The program that counts the instructions of a step by each optimizer, all in one binary, at one shape.

/// A program with a head and one with velocities, whose steps are counted by each optimizer; its first line is plain SGD beside them. Each
/// line is `count`, a name and the largest count over the samples.
#[macro_export]
macro_rules! optimizers {
    ($classes:literal, $features:literal) => {
        use core::hint::black_box;

        use bench::case::Case;
        use bench::{InstructionCounter, exit_success};
        use gradient_decay::{BetaSchedule, FineTuner, LinearHead, MomentumHead, Sgd, State};
        use semihosting::println;
        use static_cell::ConstStaticCell;

        static HEAD: ConstStaticCell<LinearHead<$classes, $features>> = ConstStaticCell::new(LinearHead::new());
        static HEAVY: ConstStaticCell<MomentumHead<$classes, $features>> = ConstStaticCell::new(MomentumHead::new());
        static CASE: ConstStaticCell<Case<$classes, $features, { $classes * ($features + 1) }>> =
            ConstStaticCell::new(Case::new());

        const SGD: Sgd = Sgd::new(0.01);
        const MOMENTUM: Sgd = SGD.with_momentum(0.9);

        #[$crate::entry]
        fn main() -> ! {
            let mut counter = InstructionCounter::new().expect("nobody else has it");
            let (head, heavy, case) = (HEAD.take(), HEAVY.take(), CASE.take());
            case.fill();
            head.import(&case.parameters).expect("the parameters are of this shape");
            heavy.import(&case.parameters).expect("the parameters are of this shape");
            macro_rules! count {
                ($name:literal, $head:ident, $sgd:expr) => {
                    let tuner = black_box(FineTuner::new(BetaSchedule::constant(1.0), $sgd));
                    let mut state = State::new();
                    let count = case.largest(|features, target| {
                        let mut step = || {
                            let step = tuner.step($head, &mut state, features, target);
                            assert!(black_box(&$crate::reported(&step)).is_ok())
                        };
                        counter.count(&mut step).1
                    });
                    println!("count {} {count}", $name);
                };
            }
            count!("step-beside", head, SGD);
            count!("step-decay", head, SGD.with_weight_decay(0.01));
            count!("step-momentum", heavy, MOMENTUM);
            count!("step-nesterov", heavy, MOMENTUM.with_nesterov());
            exit_success()
        }
    };
}
