//! The programs that count what a label costs a discriminant.

/// A program with a discriminant of one shape, every class of which has been labelled, that prints its counts, its stack and its bytes.
///
/// `learn` is all of a label, `refresh` the row that it multiplies out anew, `label` the difference; a label in 16 puts the ridge back
/// and is `learn-ridge`.
#[macro_export]
macro_rules! discriminant {
    ($classes:literal, $features:literal) => {
        use core::hint::black_box;

        use bench::{InstructionCounter, Random, exit_success, stack_of};
        use gradient_decay::{DiscriminantHead, StreamingLda, kernels};
        use semihosting::println;
        use static_cell::ConstStaticCell;

        type Head = DiscriminantHead<$classes, $features, { kernels::packed($features) }>;

        /// The labels between two that put the ridge back.
        const TURN: usize = 16;

        static HEAD: ConstStaticCell<Head> = ConstStaticCell::new(Head::new());

        // Not inlined, so that the estimate of cycles finds where they begin.
        #[inline(never)]
        fn learn(head: &mut Head, lda: &StreamingLda, features: &[f32; $features], class: usize) {
            assert!(head.learn(lda, features, class).is_ok())
        }

        #[inline(never)]
        fn refresh(head: &mut Head, class: usize) {
            head.refresh(class)
        }

        #[inline(never)]
        fn infer(head: &Head, features: &[f32; $features]) {
            assert!(black_box(&head.predict(features)).is_ok())
        }

        #[$crate::entry]
        fn main() -> ! {
            let mut counter = InstructionCounter::new().expect("nobody else has it");
            let (head, lda, mut random) = (HEAD.take(), black_box(StreamingLda::new()), Random(2024));
            let mut features = [0.0; $features];
            let (mut learned, mut ridge, mut refreshed, mut inferred, mut unlearned) = (0, 0, 0, 0, 0);
            for label in 1..=2 * TURN {
                features.fill_with(|| random.symmetric());
                let (class, first) = (label % $classes, head.samples(label % $classes) == 0);
                let count = counter.count(|| learn(head, &lda, &features, class)).1;
                let most = if label % TURN == 0 { &mut ridge } else { &mut learned };
                if !first {
                    *most = count.max(*most);
                }
                refreshed = counter.count(|| refresh(head, class)).1.max(refreshed);
                inferred = counter.count(|| infer(head, &features)).1.max(inferred);
            }
            let (taken_back, count) = counter.count(|| head.unlearn(&lda, &features, 2 * TURN % $classes));
            assert!(taken_back.is_ok());
            unlearned = count.max(unlearned);
            println!("count lda-label {}", learned - refreshed);
            println!("count lda-refresh {refreshed}");
            println!("count lda-learn {learned}");
            println!("count lda-learn-ridge {ridge}");
            println!("count lda-unlearn {unlearned}");
            println!("count lda-inference {inferred}");
            println!("stack lda-learn {}", stack_of(|| learn(head, &lda, &features, 1)).1);
            println!("stack lda-inference {}", stack_of(|| infer(head, &features)).1);
            println!("bytes lda-head {}", Head::BYTES);
            exit_success()
        }
    };
}
