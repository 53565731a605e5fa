//! Sweeps by PyTorch take the steps of burn: the environment variable PYTHON names a Python that has it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use demo_host::experiments::{Results, Row};
use demo_host::training::Loss;

/// Every loss, with a beta that rises or follows the calibration, weights, an ignored class and clipping.
const LOSSES: &str = "
    [[grid]]
    datasets = ['digits']
    models = ['mlp', 'mlp256']
    seeds = [1]
    epochs = 3
    held_out = 100
    losses = [
        { gradient-decay = { beta = 0.1, scale_rate = true } },
        { gradient-decay = { beta = 5.0, warm_up = { start = 0.01, epochs = 2 } } },
        { adaptive-decay = { start = 0.1 } },
        { focal = { gamma = 2.0 } },
        { label-smoothing = { smoothing = 0.1 } },
        { am-softmax = { scale = 10.0, margin = 0.2 } },
        'cross-entropy',
    ]

    [[grid]]
    datasets = ['digits']
    models = ['mlp']
    seeds = [2]
    epochs = 3
    augment = true
    momentum = 0.0
    clip = 0.5
    class_weights = [1.0, 2.0, 1.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    ignore_index = 9
    losses = [
        { gradient-decay = { beta = 0.1 } },
        { focal = { gamma = 2.0 } },
        { label-smoothing = { smoothing = 0.1 } },
    ]
";

/// One step an epoch: with more, the rounding of batch normalisation grows to differences of its own.
const NETWORKS: &str = "
    [[grid]]
    datasets = ['digits']
    models = ['resnet8', 'resnet20', 'resnet18']
    seeds = [1]
    epochs = 3
    batch_size = 1197
    learning_rate = 0.01
    augment = true
    losses = [{ gradient-decay = { beta = 5.0 } }]
";

fn python() -> String {
    std::env::var("PYTHON").expect("the variable PYTHON names a Python with PyTorch")
}

fn sweep(folder: &Path, experiment: &str, results: &str, device: &str) -> Command {
    fs::write(folder.join("e.toml"), experiment).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-host"));
    command.args(["sweep", "e.toml", "--results", results, "--device", device, "--python", &python()]);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The same runs by both, in pairs.
fn both(experiment: &str) -> Vec<[Row; 2]> {
    let folder = tempfile::tempdir().unwrap();
    let [burn, torch] = ["cpu", "torch"].map(|device| {
        done(&sweep(folder.path(), experiment, device, device).output().unwrap());
        Results::read(&folder.path().join(device)).unwrap()
    });
    assert_eq!(burn.len(), torch.len());
    let other = |row: &Row| torch.iter().find(|other| other.settings == row.settings).unwrap().clone();
    burn.iter().map(|row| [row.clone(), other(row)]).collect()
}

#[track_caller]
fn near(a: f32, b: f32, tolerance: f32, what: &str) {
    assert!((a - b).abs() <= tolerance * a.abs().max(0.1), "{what}: {a} by burn, {b} by PyTorch");
}

#[test]
fn every_loss_takes_the_same_steps() {
    let pairs = both(LOSSES);
    assert_eq!(pairs.len(), 17);
    for [burn, torch] in pairs {
        let name = format!("{}, seed {}", burn.settings.loss.label(), burn.settings.seed);
        assert!(torch.versions.torch.as_ref().unwrap().starts_with("PyTorch ") && burn.versions.torch.is_none());
        assert_eq!(burn.curriculum.learned, torch.curriculum.learned, "{name}");
        for (burn, torch) in burn.epochs.iter().zip(&torch.epochs) {
            near(burn.loss, torch.loss, 1e-4, &name);
            near(burn.beta, torch.beta, 1e-4, &name);
            near(burn.test.nll, torch.test.nll, 1e-4, &name);
            near(burn.train.ece, torch.train.ece, 1e-3, &name);
            near(burn.distances.intra, torch.distances.intra, 1e-4, &name);
        }
        assert_eq!(burn.test.softmax.metrics.accuracy, torch.test.softmax.metrics.accuracy, "{name}");
        assert_eq!(burn.validation.is_some(), torch.validation.is_some());
        if matches!(burn.settings.loss, Loss::AdaptiveDecay(_)) {
            assert!(torch.epochs[2].beta != 0.1);
        }
    }
}

#[test]
fn every_network_takes_the_same_steps() {
    let pairs = both(NETWORKS);
    assert_eq!(pairs.len(), 3);
    for [burn, torch] in pairs {
        let name = format!("{:?}", burn.settings.model);
        for (burn, torch) in burn.epochs.iter().zip(&torch.epochs) {
            near(burn.loss, torch.loss, 1e-3, &name);
            near(burn.test.nll, torch.test.nll, 1e-3, &name);
        }
        assert!(burn.epochs[2].loss < burn.epochs[0].loss);
    }
}

#[test]
fn a_stopped_sweep_goes_on_with_the_runs_that_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results");
    let mut child = sweep(folder.path(), LOSSES, "results", "torch").arg("--jobs").arg("2").spawn().unwrap();
    while !path.exists() || Results::read(&path).unwrap().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the sweep ended before it was stopped");
        std::thread::sleep(Duration::from_millis(5));
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let output = child.wait_with_output().unwrap();
    let before = fs::read_to_string(&path).unwrap();
    let finished = before.lines().count();
    assert!(finished < 17, "the sweep was not stopped");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");

    done(&sweep(folder.path(), LOSSES, "results", "torch").output().unwrap());
    let after = fs::read_to_string(&path).unwrap();
    assert!(after.starts_with(&before) && after.lines().count() == 17);
}

#[test]
fn a_run_that_diverges_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let wild = LOSSES.replace("clip = 0.5", "epochs = 8\n    learning_rate = 100\n    weight_decay = 1.0");
    let wild = wild.replacen("epochs = 3\n    augment", "augment", 1);
    let output = sweep(folder.path(), &wild, "results", "torch").output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("have no result") && message.contains("diverged"), "{message}");
    let rows = Results::read(&folder.path().join("results")).unwrap();
    assert_eq!(rows.iter().filter(|row| row.settings.seed == 1).count(), 14);
}
