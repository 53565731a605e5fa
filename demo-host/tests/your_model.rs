//! A user's own features: the page `docs/your-model.md` command by command in an empty folder, and refused input.

mod command;

use std::fs;
use std::path::Path;

use command::{refused, run};
use head_files::{Format, Head, Source};
use tempfile::TempDir;

/// Samples of people, each a little off in every feature: as CSV, with label and group.
fn table(people: usize, each: usize, seed: u32) -> String {
    let mut text = "label,group,f0,f1,f2,f3\n".to_owned();
    for i in 0..people * each {
        let noise = |j: u32| {
            let mixed = (seed + i as u32 * 16 + j).wrapping_mul(2_654_435_761);
            f64::from((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) / f64::from(1 << 23) - 1.0
        };
        let (person, class) = (i / each, i % 3);
        let feature = |j: u32| 10.0 + noise(j) + 0.1 * person as f64 + if j as usize == class { 1.5 } else { 0.0 };
        text += &format!(
            "{},p{person},{},{},{},{}\n",
            ["sit", "stand", "walk"][class],
            feature(0),
            feature(1),
            feature(2),
            feature(3)
        );
    }
    text
}

#[test]
fn every_command_of_the_page_works_in_an_empty_folder() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("features.csv"), table(6, 30, 0)).unwrap();
    fs::write(folder.path().join("base.csv"), table(3, 30, 100_000)).unwrap();
    // What is before it is the way from Python, which `cargo xtask python-full` walks.
    let page = include_str!("../docs/your-model.md").split_once("## 1. A table of features").unwrap().1;
    let shown: Vec<&str> = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(shown.len() >= 5, "{shown:?}");
    for line in shown.iter().flat_map(|commands| commands.lines()) {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("demo-host"), "{line}");
        let output = run(folder.path(), &words.collect::<Vec<_>>());
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("adapt.html").contains("<svg") && read("tuned.toml").contains("version = 1"));
    assert!(read("tuned.rs").contains("pub const FEATURES: usize = 4;") && read("tuned.h").contains("gd_tuned_init"));
    let first: serde_json::Value = serde_json::from_str(read("adapt.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["version"], &first["data"], &first["scenario"]),
        (&1.into(), &"features".into(), &"new-user".into())
    );
}

#[test]
fn what_the_data_do_not_allow_is_said() {
    let folder = TempDir::new().unwrap();
    let text: String =
        table(1, 60, 0).lines().map(|line| line.replacen(",p0,", ",", 1).replacen(",group,", ",", 1) + "\n").collect();
    fs::write(folder.path().join("alone.csv"), text).unwrap();
    let arguments = ["adapt", "--features", "alone.csv", "--orders", "2", "--learner", "discriminant"];
    let output = run(folder.path(), &arguments);
    let (said, missing) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{missing}");
    assert!(said.contains("60 samples of 4 features, 3 classes (sit, stand, walk)"), "{said}");
    assert!(missing.contains("new-user is left out: there is neither --groups nor --base"), "{missing}");
    assert!(missing.contains("user-changes is left out"), "{missing}");
}

#[test]
fn devices_start_from_the_head_that_is_given() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("features.csv"), table(6, 30, 0)).unwrap();
    // Each class has a feature of its own, larger by 1.5; this head knows that.
    let weights = [[4.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]].concat();
    let write = |name: &str, classes: usize| {
        let head = Head::new(weights[..4 * classes].to_vec(), &vec![0.0; classes], 4).unwrap();
        let bytes = head_files::write(Source::Head(&head), Format::Checkpoint, name).unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
    };
    write("head.ckpt", 3);
    write("small.ckpt", 2);
    let own = ["--features", "features.csv", "--orders", "2"];
    let of = |command: &str, head: &str, more: &[&str]| {
        let arguments = [&[command, "--head", head][..], &own, more].concat();
        run(folder.path(), &arguments)
    };
    let devices = ["--scenario", "new-user", "--learner", "sgd", "--json", "adapt.jsonl"];
    let output = of("adapt", "head.ckpt", &devices);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("head: 3 classes of 4 features"));
    let line: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("adapt.jsonl")).unwrap()).unwrap();
    // The discriminant, which others are compared with, and the head before its first step.
    let start = line["learners"][1]["accuracy"]["mean"][0].as_f64().unwrap();
    assert!(start > 0.75, "{start}");
    assert!(of("tune", "head.ckpt", &["--ram", "300"]).status.success());
    for (arguments, parts) in [
        (&["--head", "small.ckpt"][..], &["the head has 10 parameters", "it must have 15"][..]),
        (&["--head", "features.csv"], &["features.csv", "endings"]),
        (&["--head", "gone.ckpt"], &["cannot read gone.ckpt"]),
    ] {
        refused(&folder, &[&["adapt"], &own[..], arguments].concat(), parts);
    }
}

#[test]
fn bad_tables_are_refused_in_one_sentence() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let good = table(4, 30, 0);
    write("good.csv", &good);
    write("nan.csv", &good.replacen("stand,p0,", "stand,p0,NaN,", 1).replacen(",f3\n", ",f3,f4\n", 1));
    write("hole.csv", "label,x\na,1\nb,\n");
    write("one.csv", "label,x\na,1\na,2\n");
    write("few.csv", "label,x\na,1\nb,2\n");
    write("plain.csv", "x,y\n1,2\n3,4\n");
    write("labels.csv", "label\n0\n1\n2\n");
    write("gap.csv", &good.replace("sit,", "0,").replace("stand,", "1,").replace("walk,", "3,"));
    write("table.txt", "1 2\n");
    write("broken.npy", "no array");
    for (arguments, parts) in [
        (&["--features", "nan.csv"][..], &["nan.csv", "line 2 has 6 cells"][..]),
        (&["--features", "hole.csv"], &["hole.csv", "line 3, column x is empty"]),
        (&["--features", "one.csv"], &["one.csv", "one class, a"]),
        (&["--features", "few.csv"], &["class a has 1 samples"]),
        (&["--features", "plain.csv"], &["plain.csv has no column `label`"]),
        (&["--features", "good.csv", "--labels", "labels.csv"], &["there are 3 labels, but 120 samples in good.csv"]),
        (&["--features", "gap.csv"], &["gap.csv", "no sample of the label 2"]),
        (&["--features", "good.csv", "--groups", "labels.csv"], &["there are 3 groups, but 120 samples"]),
        (&["--features", "good.csv", "--groups", "who"], &["who is neither a column"]),
        (&["--features", "table.txt"], &["read from .csv, .npy or .npz"]),
        (&["--features", "broken.npy", "--labels", "labels.csv"], &["broken.npy", "no array of NumPy"]),
        (&["--features", "gone.npz"], &["cannot read gone.npz"]),
        (&["--features", "good.csv", "--base", "plain.csv"], &["plain.csv has no column `label`"]),
        (&["--features", "good.csv", "--settings", "good.csv"], &["good.csv"]),
        (&["--features", "good.csv", "--learner", "adam"], &["--learner is adam", "discriminant"]),
        (&["--dataset", "digits", "--features", "good.csv"], &["cannot be used with"]),
    ] {
        refused(&folder, &[&["adapt"], arguments].concat(), parts);
    }
    refused(&folder, &["tune"], &["--features"]);
    refused(&folder, &["tune", "--features", "good.csv", "--ram", "lots"], &["--ram", "16k"]);
    refused(&folder, &["tune", "--features", "good.csv", "--ram", "10"], &["nothing is within the budget"]);
    refused(&folder, &["tune", "--features", "good.csv", "--rust", "no/such.rs"], &["no/such.rs"]);
}

/// An `.npy` file of f32, by its rows.
fn npy(path: &Path, rows: usize, columns: usize, mut row: impl FnMut(usize, &mut [f32])) {
    use std::io::Write;
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    header.extend(std::iter::repeat_n(' ', 63 - (10 + header.len()) % 64));
    header.push('\n');
    let mut file = std::io::BufWriter::new(fs::File::create(path).unwrap());
    file.write_all(b"\x93NUMPY\x01\x00").unwrap();
    file.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    let mut values = vec![0.0; columns];
    for i in 0..rows {
        row(i, &mut values);
        values.iter().for_each(|value| file.write_all(&value.to_le_bytes()).unwrap());
    }
}

/// A file of 8 MB, or of a gigabyte in the long run, whose last row but one is wrong: it is read to there, and the row named.
#[test]
fn a_large_file_is_read_in_pieces() {
    let folder = TempDir::new().unwrap();
    let rows = oracle::lengths::steps(31_250, 4_000_000) as usize;
    npy(&folder.path().join("large.npy"), rows, 64, |i, values| {
        values.fill(i as f32);
        values[63] = if i + 2 == rows { f32::INFINITY } else { 1.0 };
    });
    let row = format!("row {}, column 63", rows - 2);
    refused(&folder, &["adapt", "--features", "large.npy", "--labels", "l.npy"], &["large.npy", &row, "is inf"]);
}
