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

        /// All that a device keeps in RAM.
        struct Device {
            head: Head,
            state: State,
            calibration: Calibration<10, Backend>,
            features: [f32; $features],
            logits: [f32; $classes],
            probabilities: [f32; $classes],
        }

        static DEVICE: ConstStaticCell<Device> = ConstStaticCell::new(Device {
            head: Head::new(),
            state: State::new(),
            calibration: Calibration::new(),
            features: [0.0; $features],
            logits: [0.0; $classes],
            probabilities: [0.0; $classes],
        });

        #[inline(never)]
        fn infer(device: &mut Device) -> Result<Prediction, Error> {
            device.head.predict(&device.features)
        }

        #[inline(never)]
        fn learn(device: &mut Device) -> Result<Step, Error> {
            #[cfg(feature = "run-time-settings")]
            let tuner = &core::hint::black_box(TUNER);
            #[cfg(not(feature = "run-time-settings"))]
            let tuner = &TUNER;
            tuner.step(&mut device.head, &mut device.state, &device.features, 1)
        }

        #[inline(never)]
        fn calibrate(device: &mut Device) -> Result<Option<Summary>, Error> {
            device.head.logits(&device.features, &mut device.logits)?;
            LOSS.probabilities(&device.logits, &mut device.probabilities)?;
            device.calibration.record(&device.probabilities, 1)?;
            Ok(device.calibration.summary())
        }

        #[cortex_m_rt::entry]
        fn main() -> ! {
            let mut counter = InstructionCounter::new().expect("nobody else has it");
            let device = DEVICE.take();
            let mut random = Random(2024);
            device.features.fill_with(|| random.symmetric());
            println!("stack step {}", stack_of(|| learn(device)).1);
            println!("stack inference {}", stack_of(|| infer(device)).1);
            println!("stack calibration {}", stack_of(|| calibrate(device)).1);
            println!("count step {}", counter.count(|| learn(device)).1);
            println!("count inference {}", counter.count(|| infer(device)).1);
            println!("count calibration {}", counter.count(|| calibrate(device)).1);
            exit_success()
        }
    };
}
