//! A learner shared between tasks: the recipe of `core/docs/sharing.md`, run unchanged.

use std::fs;
use std::path::Path;

// recipe begins
use embassy_futures::yield_now;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::mutex::Mutex;
use gradient_decay::{Answer, BetaSchedule, FineTuner, Learner, LinearHead, Parts, Replay, Sgd};

type Features = [f32; 2];
type Mine = Learner<LinearHead<2, 2>, Parts<(), Replay<2, 8, Features>>>;

const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));

static LEARNER: Mutex<CriticalSectionRawMutex, Mine> = Mutex::new(Mine::new(
    LinearHead::new(),
    Parts { preprocess: (), memory: Replay::new(1), guard: (), calibration: (), readout: () },
));

/// Labelled features, from the task that has the sensor and the buttons.
static LABELLED: Channel<CriticalSectionRawMutex, (Features, usize), 4> = Channel::new();

/// Learns whatever comes, and rehearses four samples with each.
async fn learn() -> ! {
    loop {
        let (features, class) = LABELLED.receive().await;
        if let Err(error) = LEARNER.lock().await.learn(&TUNER, &features, class).map(drop) {
            println!("not learned: {error}"); // in firmware: defmt::warn!
        }
        for _ in 0..4 {
            yield_now().await; // whoever waits for an answer has it before the next step
            LEARNER.lock().await.rehearse(&TUNER, 1);
        }
    }
}

/// The answer for features of now.
async fn answer(features: &Features) -> Result<Answer, gradient_decay::Error> {
    LEARNER.lock().await.answer(features)
}
// recipe ends

#[test]
fn two_tasks_share_a_learner() {
    use embassy_futures::block_on;
    use embassy_futures::select::{Either, select};

    let sense = async {
        let mut right = 0;
        for i in 0..60 {
            let class = i % 2;
            let features = [if class == 0 { 1.0 } else { -1.0 }, (i % 7) as f32 / 7.0];
            LABELLED.send((features, class)).await;
            let (Answer::Class(prediction) | Answer::Unknown(prediction, _)) = answer(&features).await.unwrap();
            right += usize::from(prediction.class == class);
        }
        right
    };
    let Either::Second(right) = block_on(select(learn(), sense));
    assert!(right > 50, "{right}");
}

#[test]
fn the_recipe_is_the_one_in_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let here = include_str!("sharing.rs");
    let (_, recipe) = here.split_once("// recipe begins\n").unwrap();
    let (recipe, _) = recipe.split_once("// recipe ends").unwrap();
    let page = fs::read_to_string(root.join("core/docs/sharing.md")).unwrap();
    assert!(page.contains(recipe), "core/docs/sharing.md has another recipe than the one that is run");
}
