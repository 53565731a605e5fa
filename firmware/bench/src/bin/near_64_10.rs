//! The cost of nearest neighbours on top of a discriminant 64 -> 10: ten kept samples of each class, as bytes.
#![no_std]
#![no_main]

use core::hint::black_box;

use bench::{InstructionCounter, Random, exit_success};
use cortex_m_rt::entry;
use gradient_decay::replay::OwnedSlots;
use gradient_decay::{DiscriminantHead, Learner, Neighbours, Parts, Quantized, Replay, StreamingLda, kernels};
use semihosting::println;
use static_cell::ConstStaticCell;

const CLASSES: usize = 10;
const SLOTS: usize = 10;

type Base = DiscriminantHead<CLASSES, 64, { kernels::packed(64) }>;
type Head = Neighbours<Base, OwnedSlots<CLASSES, SLOTS, [f32; 64], Quantized<64>>>;

static LEARNER: ConstStaticCell<Learner<Head>> =
    ConstStaticCell::new(Learner::new(Neighbours::new(Base::new(), Replay::new(1)), Parts::NONE));

#[entry]
fn main() -> ! {
    let mut counter = InstructionCounter::new().expect("nobody else has it");
    let (learner, lda, mut random) = (LEARNER.take(), black_box(StreamingLda::new()), Random(2024));
    let (mut features, mut learned, mut answered) = ([0.0; 64], 0, 0);
    for label in 0..CLASSES * SLOTS + 15 {
        features.fill_with(|| random.symmetric());
        let (step, count) = counter.count(|| learner.learn(&lda, &features, label % CLASSES).is_ok());
        // The labels after all slots are filled, of which none puts the ridge back.
        if label >= CLASSES * SLOTS && (label + 1) % 16 != 0 {
            learned = count.max(learned);
        }
        let (answer, count) = counter.count(|| black_box(&learner.answer(&features)).is_ok());
        assert!(step && answer);
        answered = count.max(answered);
    }
    println!("count near-learn {learned}");
    println!("count near-inference {answered}");
    println!("bytes near-learner {}", size_of::<Learner<Head>>());
    exit_success()
}
