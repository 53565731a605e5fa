//! The commands that need full models as a user sees them: bad input gives one clear sentence and exit code 2, and leaves nothing behind.

mod command;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use command::{demo_host, refused, run};
use tempfile::TempDir;

#[test]
fn unknown_names() {
    let folder = TempDir::new().unwrap();
    refused(&folder, &["train", "--dataset", "letters", "--model", "mlp"], &["letters", "digits", "mnist"]);
    refused(&folder, &["train", "--dataset", "digits", "--model", "vgg"], &["vgg", "lenet5"]);
    refused(&folder, &["train", "--dataset", "digits", "--model", "lenet5"], &["lenet5", "28x28", "8x8"]);
    refused(&folder, &["train", "--model", "mlp"], &["--dataset"]);
}

#[test]
fn settings_out_of_range() {
    let folder = TempDir::new().unwrap();
    let train = |flag: &str, value: &str, words: &[&str]| {
        refused(&folder, &["train", "--dataset", "digits", "--model", "mlp", flag, value], words);
    };
    for beta in ["0", "-1", "nan", "inf", "2e6"] {
        train("--beta", beta, &["beta", "(0, 1e6]"]);
        train("--warmup", beta, &["--warmup", "(0, 1e6]"]);
    }
    train("--learning-rate", "-0.1", &["--learning-rate", "-0.1"]);
    train("--momentum", "1", &["--momentum"]);
    train("--epochs", "0", &["--epochs"]);
    train("--batch-size", "0", &["--batch-size"]);
    train("--milestones", "10,5", &["--milestones", "rising"]);
    train("--beta", "small", &["--beta", "small"]);
}

#[test]
fn data_that_is_not_there_or_not_whole() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("mnist");
    let train = |words: &[&str]| {
        let directory = data.to_str().unwrap();
        refused(&folder, &["train", "--dataset", "mnist", "--model", "lenet5", "--data-dir", directory], words);
    };
    train(&["train-images-idx3-ubyte", "missing", "fetch mnist", "--data-dir"]);
    fs::create_dir(&data).unwrap();
    let images = data.join("train-images-idx3-ubyte");
    fs::write(&images, [0, 0, 8, 3, 0, 0]).unwrap();
    train(&["train-images-idx3-ubyte", "6 bytes"]);
    // The form is right, the content is not MNIST.
    fs::write(&images, [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7]).unwrap();
    train(&["train-images-idx3-ubyte", "md5", "6bbc9ace898e44ae57da46a324031adb"]);
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = TempDir::new().unwrap();
    let digits = ["train", "--dataset", "digits", "--model", "mlp", "--checkpoint"];
    refused(&folder, &[&digits[..], &["no/such/run"]].concat(), &["no/such/run"]);
    fs::write(folder.path().join("run"), "mine").unwrap();
    refused(&folder, &[&digits[..], &["run"]].concat(), &["run exists", "--resume"]);
    assert_eq!(fs::read(folder.path().join("run")).unwrap(), b"mine");
}

#[test]
fn checkpoints_that_are_none() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("run"), "nothing of the kind").unwrap();
    for command in
        [&["verify", "--checkpoint"][..], &["export", "--out", "head.bin"], &["train", "--resume", "--checkpoint"]]
    {
        refused(&folder, &[command, &["run"]].concat(), &["run is not a checkpoint"]);
        refused(&folder, &[command, &["gone"]].concat(), &["cannot read gone"]);
    }
    fs::write(folder.path().join("run"), b"gd-run\x00\x01of another version").unwrap();
    refused(&folder, &["verify", "--checkpoint", "run"], &["version 1", "version 4"]);
}

#[test]
fn heads_that_are_not_linear() {
    let folder = TempDir::new().unwrap();
    let train = ["train", "--dataset", "digits", "--model", "mlp", "--epochs", "1", "--loss", "am-softmax"];
    assert!(run(folder.path(), &train).status.success());
    for command in [&["verify", "--checkpoint"][..], &["export", "--out", "head.bin"]] {
        refused(
            &folder,
            &[command, &["digits-mlp.checkpoint"]].concat(),
            &["digits-mlp.checkpoint", "AM-softmax", "linear head"],
        );
    }
}

#[test]
fn train_verify_export() {
    let folder = TempDir::new().unwrap();
    let train = ["train", "--dataset", "digits", "--model", "mlp", "--epochs", "5", "--beta", "0.5"];
    let output = run(folder.path(), &train);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let checkpoint = ["--checkpoint", "digits-mlp.checkpoint"];
    let output = run(folder.path(), &[&["verify"][..], &checkpoint].concat());
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("on 600 images"));
    fn export<'a>(options: &[&'a str]) -> Vec<&'a str> {
        [&["export", "digits-mlp.checkpoint", "--out"][..], options].concat()
    }
    refused(&folder, &export(&["no/such/head.bin"]), &["no/such/head.bin"]);
    for options in [&["head.bin"][..], &["hidden.bin", "--layer", "hidden"], &["head.ckpt"]] {
        assert!(run(folder.path(), &export(options)).status.success());
    }
    assert_eq!(fs::read(folder.path().join("head.bin")).unwrap().len(), 4 * 10 * 65);
    assert_eq!(fs::read(folder.path().join("hidden.bin")).unwrap().len(), 4 * 64 * 65);
}

#[test]
#[cfg(unix)]
fn ctrl_c_keeps_the_checkpoint_and_resume_gives_the_same_head() {
    let folder = TempDir::new().unwrap();
    let train = ["train", "--dataset", "digits", "--model", "mlp", "--epochs", "200", "--warmup", "0.01"];
    let broken = [&train[..], &["--checkpoint", "broken"]].concat();
    let mut child = demo_host(folder.path(), &broken).stdout(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    while !folder.path().join("broken").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "no checkpoint was written");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));

    assert!(run(folder.path(), &["train", "--resume", "--checkpoint", "broken"]).status.success());
    assert!(run(folder.path(), &[&train[..], &["--checkpoint", "unbroken"]].concat()).status.success());
    let head = |name: &str| {
        let exported = run(folder.path(), &["export", name, "--out", "head.bin"]);
        assert!(exported.status.success());
        fs::read(folder.path().join("head.bin")).unwrap()
    };
    assert_eq!(head("broken"), head("unbroken"));
    // Settings of its own would be ignored, so they are refused.
    let both = ["train", "--resume", "--checkpoint", "broken", "--beta", "2"];
    assert_eq!(run(folder.path(), &both).status.code(), Some(2));
}
