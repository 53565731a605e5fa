//! The core against burn, on a model trained here for a few epochs, and training that is stopped and gone on with.

use std::sync::atomic::AtomicBool;

use demo_host::data::{Dataset, DatasetName};
use demo_host::models::{ModelName, core_parameters};
use demo_host::training::{Interrupted, Run, Settings, WarmUp, WarmUpShape};
use demo_host::verification::verify;

fn settings() -> Settings {
    let warm_up = WarmUp { start: 0.01, epochs: 2, shape: WarmUpShape::Linear };
    Settings { epochs: 4, warm_up: Some(warm_up), ..Settings::new(DatasetName::Digits, ModelName::Mlp) }
}

fn train(run: &mut Run, data: &Dataset, epochs: usize) {
    let stop = AtomicBool::new(false);
    for _ in 0..epochs {
        run.epoch(data, &stop, || ()).unwrap().unwrap();
    }
}

fn parameters(run: &Run) -> Vec<u32> {
    core_parameters(run.model.head()).into_iter().map(f32::to_bits).collect()
}

#[test]
fn core_and_burn_agree() {
    let data = DatasetName::Digits.load(None).unwrap();
    let mut run = Run::new(settings()).unwrap();
    train(&mut run, &data, 4);
    assert!(run.epochs[3].test.accuracy > 0.8, "{:?}", run.epochs[3]);
    let (model, device) = run.trained();
    let verification = verify(&model, &data.test, &device).unwrap();
    assert!(verification.holds(), "{verification}");
    assert_eq!(verification.images, 600);
    assert!(verification.checks.len() > 20);
}

#[test]
fn a_resumed_run_is_the_unbroken_one_to_the_bit() {
    let data = DatasetName::Digits.load(None).unwrap();
    let mut unbroken = Run::new(settings()).unwrap();
    train(&mut unbroken, &data, 4);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.checkpoint");
    let mut run = Run::new(settings()).unwrap();
    for _ in 0..4 {
        train(&mut run, &data, 1);
        run.checkpoint().unwrap().save(&path).unwrap();
        run = Run::resume(demo_host::training::Checkpoint::load(&path).unwrap()).unwrap();
    }
    assert_eq!(parameters(&run), parameters(&unbroken));
    assert!(run.is_done());

    let stopped = AtomicBool::new(true);
    let mut run = Run::new(settings()).unwrap();
    assert_eq!(run.epoch(&data, &stopped, || ()).unwrap(), Err(Interrupted));
    assert!(run.epochs.is_empty());
}

#[test]
fn every_damaged_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.checkpoint");
    Run::new(settings()).unwrap().checkpoint().unwrap().save(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = demo_host::training::Checkpoint::load(&path).unwrap_err().to_string();
        assert!(error.contains("run.checkpoint"), "{error}");
    };
    for length in [0, 7, 8, 12, 100, good.len() / 2, good.len() - 1] {
        refused(&good[..length]);
    }
    for at in (0..good.len()).step_by(good.len() / 50) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        refused(&bad);
    }
}
