//! The programs that count the calls of a learner with all its parts.

/// A program with a learner of a head 64 -> 10 and all its parts, four samples of each class in its memory and two held out. Its lines are
/// `count`, the name of a call and the largest count over the samples.
#[macro_export]
macro_rules! calls {
    ($head:ty, $new:expr, $preprocess:ty, $front:expr, $features:ty, $stored:ty, $optimizer:expr) => {
        use core::hint::black_box;

        use bench::{InstructionCounter, Random, exit_success};
        use gradient_decay::{
            BetaSchedule, Calibration, Contents, FineTuner, Guard, Learner, Parts, Readout, Replay, Standardizer,
            checkpoint,
        };
        use semihosting::println;
        use static_cell::ConstStaticCell;

        type Memory = Replay<10, 4, $features, $stored>;
        type HeldOut = Guard<Replay<10, 2, $features, $stored>>;
        type Mine = Learner<$head, Parts<$preprocess, Memory, HeldOut, Calibration<10>, Readout>>;

        static LEARNER: ConstStaticCell<Mine> = ConstStaticCell::new(Mine::new(
            $new,
            Parts {
                preprocess: $front,
                memory: Memory::new(1),
                guard: Guard::new(Replay::new(2), 0.1, 7),
                calibration: Calibration::new(),
                readout: Readout::new().with_threshold(0.5),
            },
        ));
        static BYTES: ConstStaticCell<[u8; checkpoint::bytes::<Mine>()]> =
            ConstStaticCell::new([0; checkpoint::bytes::<Mine>()]);

        // Not inlined, so that the estimate of cycles finds where it begins.
        #[inline(never)]
        fn save(learner: &Mine, bytes: &mut [u8]) {
            assert!(checkpoint::write(learner, Contents::ALL, bytes).is_ok())
        }

        #[$crate::entry]
        fn main() -> ! {
            let mut counter = InstructionCounter::new().expect("nobody else has it");
            let (learner, bytes) = (LEARNER.take(), BYTES.take());
            let tuner = black_box(FineTuner::new(BetaSchedule::constant(1.0), $optimizer));
            let mut random = Random(2024);
            let mut features = [0.0; 64];
            let (mut learn, mut hold_out, mut answer) = (0, 0, 0);
            for i in 0..140 {
                features.fill_with(|| 3.0 + random.symmetric());
                let (learned, count) = counter
                    .count(|| learner.learn(&tuner, &features, i % 10).expect("features and class are good").learned());
                let most = if learned { &mut learn } else { &mut hold_out };
                *most = count.max(*most);
                let count = counter.count(|| assert!(black_box(&learner.answer(&features)).is_ok())).1;
                answer = count.max(answer);
            }
            println!("count answer {answer}");
            println!("count learn {learn}");
            println!("count hold-out {hold_out}");
            println!("count rehearse-1 {}", counter.count(|| assert_eq!(learner.rehearse(&tuner, 1), 1)).1);
            println!("count judge-20 {}", counter.count(|| black_box(learner.judge())).1);
            println!("count fit-20x16 {}", counter.count(|| assert!(learner.fit_temperature(16).is_ok())).1);
            println!("count checkpoint-write {}", counter.count(|| save(learner, bytes)).1);
            let load = || assert!(checkpoint::read(bytes, learner).is_ok());
            println!("count checkpoint-read {}", counter.count(load).1);
            println!("bytes checkpoint {}", bytes.len());
            println!("bytes learner {}", size_of::<Mine>());
            exit_success()
        }
    };
}
