//! The core against burn, on a model trained here for a few epochs; and training that is stopped and continued.

use std::sync::atomic::AtomicBool;

use demo_host::compute::Compute;
use demo_host::data::{DatasetName, Parts};
use demo_host::models::{ModelName, core_parameters};
use demo_host::training::{AdaptiveBeta, Checkpoint, Loss, Outcome, Run, Settings, WarmUp, WarmUpShape};
use demo_host::verification::against_burn;

fn settings(model: ModelName) -> Settings {
    let warm_up = Some(WarmUp { start: 0.01, epochs: 2, shape: WarmUpShape::Linear });
    let loss = Loss::GradientDecay { beta: 1.0, warm_up, scale_rate: false };
    Settings { epochs: 4, loss, held_out: 97, ..Settings::new(DatasetName::Digits, model) }
}

fn digits() -> Parts {
    DatasetName::Digits.load(None).unwrap().hold_out(97).unwrap()
}

fn new(settings: Settings) -> Run {
    Run::new(settings, &Compute::Cpu.device().unwrap()).unwrap()
}

fn train(run: &mut Run, data: &Parts, epochs: usize) {
    let stop = AtomicBool::new(false);
    for _ in 0..epochs {
        assert_eq!(run.epoch(data, &stop, || ()).unwrap(), Outcome::Done);
    }
}

/// The bits of all that the model computes: parameters and running statistics.
fn bits(run: &Run, data: &Parts) -> Vec<u32> {
    let outputs = run.outputs(&data.test);
    let numbers = core_parameters(run.model.head()).into_iter().chain(outputs.features).chain(outputs.logits);
    numbers.map(f32::to_bits).collect()
}

#[test]
fn core_and_burn_agree() {
    let data = digits();
    for model in [ModelName::Mlp, ModelName::Mlp256, ModelName::ResNet8] {
        let mut run = new(settings(model));
        train(&mut run, &data, 4);
        assert!(run.history.epochs[3].test.accuracy > 0.8, "{:?}", run.history.epochs[3]);
        let (model, device) = run.trained();
        let verification = against_burn(&model, &data.test, &device).unwrap();
        assert!(verification.holds(), "{verification}");
        assert_eq!(verification.images, 600);
        assert!(verification.checks.len() > 20);
    }
}

#[test]
fn a_resumed_run_is_the_unbroken_one_to_the_bit() {
    let data = digits();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.checkpoint");
    // One with momentum alone, and one with the running statistics of batch normalisation and random crops.
    let augmented = Settings { augment: true, epochs: 3, ..settings(ModelName::ResNet8) };
    for settings in [settings(ModelName::Mlp), augmented] {
        let epochs = settings.epochs as usize;
        let mut unbroken = new(settings.clone());
        train(&mut unbroken, &data, epochs);

        let mut run = new(settings);
        for _ in 0..epochs {
            train(&mut run, &data, 1);
            run.checkpoint().unwrap().save(&path).unwrap();
            run = Run::resume(Checkpoint::load(&path).unwrap(), &Compute::Cpu.device().unwrap()).unwrap();
        }
        assert_eq!(bits(&run, &data), bits(&unbroken, &data));
        assert_eq!(run.history.curriculum, unbroken.history.curriculum);
        assert!(run.history.is_done());
    }

    let stopped = AtomicBool::new(true);
    let mut run = new(settings(ModelName::Mlp));
    assert_eq!(run.epoch(&data, &stopped, || ()).unwrap(), Outcome::Interrupted);
    assert!(run.history.epochs.is_empty());
}

#[test]
fn every_damaged_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.checkpoint");
    new(settings(ModelName::Mlp)).checkpoint().unwrap().save(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = Checkpoint::load(&path).unwrap_err().to_string();
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

#[test]
fn an_adaptive_beta_follows_the_held_out_images_and_is_resumed() {
    let data = digits();
    let adaptive = AdaptiveBeta { start: 0.1, ..AdaptiveBeta::default() };
    let settings = Settings { loss: Loss::AdaptiveDecay(adaptive), ..settings(ModelName::Mlp) };
    let mut run = new(settings.clone());
    train(&mut run, &data, 2);
    let mut resumed = Run::resume(run.checkpoint().unwrap(), &Compute::Cpu.device().unwrap()).unwrap();
    train(&mut run, &data, 2);
    train(&mut resumed, &data, 2);
    assert_eq!(bits(&run, &data), bits(&resumed, &data));
    let gaps: Vec<f32> = run.history.epochs.iter().map(|epoch| epoch.held_out_gap.unwrap()).collect();
    for (epoch, record) in run.history.epochs.iter().enumerate() {
        assert_eq!(record.beta, adaptive.beta(gaps[..epoch].iter().copied()), "epoch {epoch}");
    }
    assert!(run.history.epochs[3].beta != 0.1 && run.history.final_beta() == run.history.epochs[3].beta, "{gaps:?}");
    let message = Settings { held_out: 0, ..settings }.check().unwrap_err().to_string();
    assert!(message.contains("--held-out must be above 0"), "{message}");
}

#[test]
fn a_clipped_gradient_is_scaled_as_a_whole() {
    let data = digits();
    let trained = |clip| {
        let mut run = new(Settings { clip, ..settings(ModelName::Mlp) });
        train(&mut run, &data, 4);
        run
    };
    let (plain, untouched, still) = (trained(None), trained(Some(1e6)), trained(Some(1e-9)));
    assert_eq!(bits(&plain, &data), bits(&untouched, &data), "no gradient is so large");
    // Nothing but the weight decay moves the one: it stays where it began, while the other learns.
    let nll = |run: &Run| [run.history.epochs[0].train.nll, run.history.epochs[3].train.nll];
    let ([_, learned], [before, after]) = (nll(&plain), nll(&still));
    assert!(plain.history.epochs[3].train.accuracy > 0.8, "{learned}");
    assert!((before - after).abs() < 0.01 && after > 2.0, "{before}, {after}");
}
