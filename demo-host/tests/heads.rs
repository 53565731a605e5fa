//! `import` and `export` as a user calls them.

mod command;

use std::fs;
use std::path::Path;

use command::{refused, run};
use tempfile::TempDir;

/// A folder with files of other tools, and a table of features.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("head-files/tests/fixtures");
    for entry in fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let table: Vec<u8> = (0..40_u8).flat_map(|i| (f32::from(i % 2) * 3.0 + f32::from(i % 7)).to_le_bytes()).collect();
    fs::write(folder.path().join("x.npy"), npy("<f4", "20, 2", &table)).unwrap();
    let labels: Vec<u8> = (0..20_i64).flat_map(|i| (i % 2).to_le_bytes()).collect();
    fs::write(folder.path().join("y.npy"), npy("<i8", "20,", &labels)).unwrap();
    folder
}

fn npy(kind: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), elements].concat()
}

fn done(folder: &TempDir, args: &[&str]) -> String {
    let output = run(folder.path(), args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every command of the page works as it stands there, and writes what it says.
#[test]
fn the_commands_of_the_page() {
    let folder = folder();
    let page = include_str!("../docs/your-model.md").split_once("## Bring the head").unwrap().1;
    let section = page.split("\n## ").next().unwrap();
    let commands: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("demo-host ")).collect();
    assert!(commands.len() >= 8);
    for command in commands {
        let args: Vec<&str> = command.split_whitespace().collect();
        done(&folder, &args);
        let out = args.iter().position(|arg| *arg == "--out").unwrap();
        assert!(folder.path().join(args[out + 1]).exists(), "{command}");
    }
    let text = fs::read_to_string(folder.path().join("head.rs")).unwrap();
    assert!(text.contains("made by `demo-host` of head.ckpt") && text.contains("LinearHead"), "{text}");
}

#[test]
fn a_head_goes_through_every_format_unchanged() {
    let folder = folder();
    assert!(
        done(&folder, &["import", "keras.npz", "--out", "first.bin"]).contains("3 classes of 4 features, transposed")
    );
    done(&folder, &["export", "first.bin", "--classes", "3", "--out", "0.ckpt"]);
    for (i, ending) in ["npz", "safetensors"].into_iter().enumerate() {
        let (from, to, next) = (format!("{i}.ckpt"), format!("head.{ending}"), format!("{}.ckpt", i + 1));
        done(&folder, &["export", &from, "--out", &to]);
        done(&folder, &["import", &to, "--out", &next]);
    }
    done(&folder, &["export", "2.ckpt", "--out", "last.bin"]);
    assert_eq!(fs::read(folder.path().join("last.bin")).unwrap(), fs::read(folder.path().join("first.bin")).unwrap());
}

#[test]
fn bad_input_of_heads() {
    let folder = folder();
    let import = |file, more: &[&'static str]| [&["import", file, "--out", "out.ckpt"][..], more].concat();
    refused(&folder, &import("square.npz", &[]), &["square.npz", "is square, 3 x 3", "--orientation"]);
    refused(&folder, &import("gone.npz", &[]), &["cannot read gone.npz"]);
    refused(&folder, &import("model.h5", &[]), &["model.h5", "numpy.savez"]);
    refused(&folder, &import("make.py", &[]), &["make.py has none of the endings"]);
    refused(&folder, &import("keras.npz", &["--int8"]), &["--int8 needs --input-range"]);
    refused(&folder, &import("keras.npz", &["--int8", "--input-range=3,-3"]), &["must be less than the second"]);
    refused(&folder, &import("int8.tflite", &["--int8"]), &["out.ckpt", "no checkpoint of a head in integers"]);
    refused(&folder, &["import", "keras.npz", "--out", "out.txt"], &["out.txt has none of the endings"]);
    refused(&folder, &["import", "keras.npz", "--out", "no/such.rs"], &["no/such.rs"]);
    refused(&folder, &["import", "logistic.npz", "--out", "out.bin"], &["out.bin", "no room for the standardisation"]);
    let export = |file| ["export", file, "--out", "out.rs"];
    refused(&folder, &export("keras.npz"), &["keras.npz is a file of others", "demo-host import"]);
    fs::write(folder.path().join("head.bin"), [0; 24]).unwrap();
    refused(&folder, &export("head.bin"), &["head.bin", "--classes"]);
    refused(&folder, &[&export("head.bin")[..], &["--classes", "4"]].concat(), &["6 parameters, which 4 classes"]);
    refused(&folder, &["export", "--out", "out.rs"], &["FILE"]);
    refused(&folder, &["export", "--features", "x.npy", "--out", "out.rs"], &["--labels"]);
    refused(
        &folder,
        &["export", "--features", "y.npy", "--labels", "y.npy", "--out", "out.rs"],
        &["y.npy", "[samples, features]"],
    );
}
