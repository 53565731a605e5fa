//! The programs whose flash, RAM and stack are measured.

#[cfg(not(feature = "micromath"))]
pub use gradient_decay::Libm as Backend;
#[cfg(feature = "micromath")]
pub use gradient_decay::Micromath as Backend;

/// A program with a learner that infers, learns with a warm-up and keeps its calibration: all that is needed and no more.
/// It prints the most stack that each takes, and its instructions. What it has in flash and RAM more than the program `none`,
/// which prints as much, is the library's. With `bare` there is no learner, only a head that infers and learns; with `learner` the
/// same by a learner all of whose parts are absent.
#[macro_export]
macro_rules! trainer {
    ($classes:literal, $features:literal) => {
        use gradient_decay::calibration::Summary;
        use gradient_decay::{Calibration, Learner, Parts};

        type Trainer = Learner<Head, Parts<(), (), (), Calibration<10, Backend>, ()>>;

        const TRAINER: Trainer = Learner::new(
            Head::new(),
            Parts { preprocess: (), memory: (), guard: (), calibration: Calibration::new(), readout: () },
        );

        $crate::learner_calls!();

        #[inline(never)]
        fn summarise(device: &mut Device) -> Option<Summary> {
            device.trainer.parts().calibration.summary()
        }

        $crate::device!($classes, $features);
    };
    (learner $classes:literal, $features:literal) => {
        use gradient_decay::{Learner, Parts};

        type Trainer = Learner<Head>;

        const TRAINER: Trainer = Learner::new(Head::new(), Parts::NONE);

        $crate::learner_calls!();

        #[inline(never)]
        fn summarise(_: &mut Device) {}

        $crate::device!($classes, $features);
    };
    (bare $classes:literal, $features:literal) => {
        use gradient_decay::{State, Train};

        type Trainer = (Head, State<<Head as Train>::Work>);

        const TRAINER: Trainer = (Head::new(), State::new());

        #[inline(never)]
        fn infer(device: &mut Device) -> Result<Answer, Error> {
            device.trainer.0.predict(&device.features).map(Answer::Class)
        }

        #[inline(never)]
        fn learn(device: &mut Device) -> Result<bool, Error> {
            $crate::tuner!(tuner);
            let (head, state) = &mut device.trainer;
            tuner.step(head, state, &device.features, 1).map(|step| step.learned())
        }

        #[inline(never)]
        fn summarise(_: &mut Device) {}

        $crate::device!($classes, $features);
    };
}

/// The calls of a learner, whatever its parts.
#[macro_export]
macro_rules! learner_calls {
    () => {
        #[inline(never)]
        fn infer(device: &mut Device) -> Result<Answer, Error> {
            device.trainer.answer(&device.features)
        }

        #[inline(never)]
        fn learn(device: &mut Device) -> Result<bool, Error> {
            $crate::tuner!(tuner);
            device.trainer.learn(tuner, &device.features, 1).map(|step| step.learned())
        }
    };
}

/// Names the settings, known when they are compiled or not.
#[macro_export]
macro_rules! tuner {
    ($tuner:ident) => {
        #[cfg(feature = "run-time-settings")]
        let $tuner = &core::hint::black_box(TUNER);
        #[cfg(not(feature = "run-time-settings"))]
        let $tuner = &TUNER;
    };
}

/// The rest of the programs.
#[macro_export]
macro_rules! device {
    ($classes:literal, $features:literal) => {
        use bench::trainer::Backend;
        use bench::{InstructionCounter, Random, exit_success, stack_of};
        use gradient_decay::{Answer, BetaSchedule, Error, FineTuner, LinearHead, Sgd};
        use semihosting::println;
        use static_cell::ConstStaticCell;

        type Head = LinearHead<$classes, $features, Backend>;

        const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 150), Sgd::new(0.05));

        /// All that a device keeps in RAM.
        struct Device {
            trainer: Trainer,
            features: [f32; $features],
        }

        static DEVICE: ConstStaticCell<Device> =
            ConstStaticCell::new(Device { trainer: TRAINER, features: [0.0; $features] });

        #[cortex_m_rt::entry]
        fn main() -> ! {
            let mut counter = InstructionCounter::new().expect("nobody else has it");
            let device = DEVICE.take();
            let mut random = Random(2024);
            device.features.fill_with(|| random.symmetric());
            println!("stack step {}", stack_of(|| learn(device)).1);
            println!("stack inference {}", stack_of(|| infer(device)).1);
            println!("stack calibration {}", stack_of(|| summarise(device)).1);
            println!("count step {}", counter.count(|| learn(device)).1);
            println!("count inference {}", counter.count(|| infer(device)).1);
            println!("count calibration {}", counter.count(|| summarise(device)).1);
            exit_success()
        }
    };
}
