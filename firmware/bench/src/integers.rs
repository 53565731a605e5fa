//! The program that counts the instructions of a head in integers.

/// A program with heads of one shape in i8 and in fixed point that prints their counts: `count`, a name and the largest count over the samples,
/// of `fixed-step-learned` the mean.
#[macro_export]
macro_rules! integers {
    ($classes:literal, $features:literal) => {
        use core::hint::black_box;

        use bench::{InstructionCounter, Random, exit_success};
        use gradient_decay::quantized::{Quantization, QuantizedHead};
        use gradient_decay::{BetaSchedule, FineTuner, FixedHead, FixedRate, LinearHead, State, Train};
        use semihosting::println;
        use static_cell::ConstStaticCell;

        /// The loss of a sample that is learned.
        const LEARNED: f32 = 0.001;
        /// The steps whose mean is taken.
        const STEPS: u32 = 256;

        type Head = FixedHead<$classes, $features>;
        type Rounds = State<<Head as Train>::Work>;

        static HEAD: ConstStaticCell<Head> = ConstStaticCell::new(FixedHead::new(5, 1));

        // Functions, so that their cycles can be estimated.

        #[inline(never)]
        fn quantize(head: &QuantizedHead<$classes, $features>, features: &[i8; $features]) {
            black_box(head.logits(features));
        }

        #[inline(never)]
        fn infer(head: &Head, features: &[i8; $features]) {
            assert!(black_box(head.predict(features)).is_ok());
        }

        #[inline(never)]
        fn learn(
            tuner: &FineTuner<FixedRate>,
            head: &mut Head,
            state: &mut Rounds,
            features: &[i8; $features],
            target: usize,
        ) {
            assert!(black_box(&tuner.step(head, state, features, target)).is_ok());
        }

        #[$crate::entry]
        fn main() -> ! {
            let mut counter = InstructionCounter::new().expect("nobody else has it");
            let (head, mut state, mut random) = (HEAD.take(), State::new(), Random(2024));
            let mut float: LinearHead<$classes, $features> = LinearHead::new();
            float
                .import(&[0.0; $classes * ($features + 1)].map(|_: f32| 0.3 * random.symmetric()))
                .expect("the parameters are of this shape");
            *head = FixedHead::from_head(&float, 5, 1);
            let tuner = black_box(FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(0.01)));
            let (input, output) = black_box((Quantization::new(2.0 / 127.0, -3), Quantization::new(8.0 / 127.0, 4)));
            let quantized = QuantizedHead::new(&float, input, output).expect("an i32 holds the biases");
            let (mut inference, mut step, mut logits) = (0, 0, 0);
            for target in 0..8 {
                // Half of them 0, as behind a ReLU.
                let features: [i8; $features] =
                    core::array::from_fn(|_| (random.bits() >> 24) as i8 / 2).map(|x| if x > 0 { x } else { 0 });
                logits = counter.count(|| quantize(&quantized, &features)).1.max(logits);
                inference = counter.count(|| infer(head, &features)).1.max(inference);
                step = counter.count(|| learn(&tuner, head, &mut state, &features, target)).1.max(step);
            }
            println!("count quantized-logits {logits}");
            println!("count fixed-inference {inference}");
            println!("count fixed-step {step}");
            // One sample until it is learned: what rounding carries to its rows now and then is in the mean.
            let features: [i8; $features] = core::array::from_fn(|i| (i % 3) as i8 * 16);
            let mut loss = f32::INFINITY;
            while loss > LEARNED {
                loss = tuner.step(head, &mut state, &features, 3).expect("the class is in range").loss();
            }
            let mut learned = 0;
            for _ in 0..STEPS {
                learned += counter.count(|| learn(&tuner, head, &mut state, &features, 3)).1;
            }
            println!("count fixed-step-learned {}", learned / STEPS);
            exit_success()
        }
    };
}
