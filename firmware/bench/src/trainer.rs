//! The program whose flash, RAM and stack are measured.

#[cfg(not(feature = "micromath"))]
pub use gradient_decay::Libm as Backend;
#[cfg(feature = "micromath")]
pub use gradient_decay::Micromath as Backend;

/// A program with one head that infers, learns with a warm-up and keeps its calibration: all that is needed and no more.
/// It prints the most stack that each takes, and its instructions. What it has in flash and RAM more than the program `none`,
/// which prints as much, is the library's.
#[macro_export]
macro_rules! trainer {
    ($classes:literal, $features:literal) => {
        use bench::trainer::Backend;
        use bench::{InstructionCounter, Random, exit_success, stack_of};
        use gradient_decay::calibration::Summary;
        use gradient_decay::{
            BetaSchedule, Calibration, Error, FineTuner, GradientDecay, LinearHead, Prediction, Sgd, State, Step,
        };
        use semihosting::println;
        use static_cell::ConstStaticCell;

        type Head = LinearHead<$classes, $features, Backend>;

        const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 150), Sgd::new(0.05));

        const LOSS: GradientDecay<Backend> = match GradientDecay::try_with_math(1.0) {
            Ok(loss) => loss,
            Err(_) => panic!("1 is a beta"),
        };

        static HEAD: ConstStaticCell<Head> = ConstStaticCell::new(Head::new());
        static STATE: ConstStaticCell<State> = ConstStaticCell::new(State::new());
        static CALIBRATION: ConstStaticCell<Calibration<10, Backend>> = ConstStaticCell::new(Calibration::new());
        static FEATURES: ConstStaticCell<[f32; $features]> = ConstStaticCell::new([0.0; $features]);

        static BUFFERS: ConstStaticCell<[[f32; $classes]; 2]> = ConstStaticCell::new([[0.0; $classes]; 2]);

        #[inline(never)]
        fn infer(head: &Head, features: &[f32; $features]) -> Result<Prediction, Error> {
            head.predict(features)
        }

        #[inline(never)]
        fn learn(head: &mut Head, state: &mut State, features: &[f32; $features]) -> Result<Step, Error> {
            #[cfg(feature = "run-time-settings")]
            let tuner = &core::hint::black_box(TUNER);
            #[cfg(not(feature = "run-time-settings"))]
            let tuner = &TUNER;
            tuner.step(head, state, features, 1)
        }

        #[inline(never)]
        fn calibrate(
            head: &Head,
            features: &[f32; $features],
            calibration: &mut Calibration<10, Backend>,
            [logits, probabilities]: &mut [[f32; $classes]; 2],
        ) -> Result<Option<Summary>, Error> {
            head.logits(features, logits)?;
            LOSS.probabilities(logits, probabilities)?;
            calibration.record(probabilities, 1)?;
            Ok(calibration.summary())
        }

        #[cortex_m_rt::entry]
        fn main() -> ! {
            let mut counter = InstructionCounter::new().expect("nobody else has it");
            let (head, state, calibration) = (HEAD.take(), STATE.take(), CALIBRATION.take());
            let (features, buffers) = (FEATURES.take(), BUFFERS.take());
            let mut random = Random(2024);
            features.fill_with(|| random.symmetric());
            let (_, stack) = stack_of(|| learn(head, state, features));
            println!("stack step {stack}");
            let (_, stack) = stack_of(|| infer(head, features));
            println!("stack inference {stack}");
            let (_, stack) = stack_of(|| calibrate(head, features, calibration, buffers));
            println!("stack calibration {stack}");
            let (_, count) = counter.count(|| learn(head, state, features));
            println!("count step {count}");
            let (_, count) = counter.count(|| infer(head, features));
            println!("count inference {count}");
            let (_, count) = counter.count(|| calibrate(head, features, calibration, buffers));
            println!("count calibration {count}");
            exit_success()
        }
    };
}
