//! The fuzz targets: each function takes any bytes, and panics if an invariant is violated.
//!
//! `cargo fuzz run TARGET` in this folder's parent (`--fuzz-dir fuzz`) searches; `cargo test` here runs the corpus with a stable compiler.

mod checkpoints;
mod discriminants;
mod head_files;
mod learners;
mod link;
mod loss;
mod numbers;
mod steps;

pub use checkpoints::checkpoint;
pub use discriminants::discriminants;
pub use head_files::head_files;
pub use link::frames;
pub use loss::loss;
pub use steps::steps;

use std::io::Cursor;

use data_files::table::npy::{self, Archive};
use data_files::table::{Table, csv};
use data_files::{CanonicalFile, cifar, idx};

/// A file with a checksum that no input has.
const LABELS: CanonicalFile =
    CanonicalFile { name: "t10k-labels-idx1-ubyte", md5: "27ae3e4e09519cfbb04c329615203637", how_to_get: "by `fetch`" };

/// Files of data sets: whatever they hold, they are read or refused, and the result has the sizes that the file states.
pub fn data_files(bytes: &[u8]) {
    let Some((kind, file)) = bytes.split_first() else { return };
    match kind % 4 {
        _ if *kind == u8::MAX => {
            if let Ok(table) = csv::read(file, &["label", "group"]) {
                sound(&table.features);
            }
            let _ = csv::read_column(file, "label");
        }
        _ if *kind == u8::MAX - 1 => {
            if let Ok(table) = npy::features(file) {
                sound(&table);
            }
            let _ = npy::column(file);
        }
        _ if *kind == u8::MAX - 2 => {
            if let Ok(mut archive) = Archive::new(Cursor::new(file)) {
                for name in archive.names() {
                    if let Ok(table) = archive.features(&name) {
                        sound(&table);
                    }
                    let _ = archive.column(&name);
                }
            }
        }
        0 => {
            if let Ok(idx) = idx::parse(file, usize::from(kind / 4 % 4)) {
                assert_eq!(idx.bytes.len(), idx.sizes.iter().product::<usize>());
            }
        }
        1 => {
            if let Ok(split) = cifar::parse_10(file) {
                assert_eq!(split.pixels.len(), split.labels.len() * 3072);
                assert!(split.labels.iter().all(|label| *label < 10));
            }
        }
        2 => {
            for file in cifar::unpack_100(file).iter().flatten() {
                if let Ok(images) = cifar::parse_100(file, cifar::Label::Fine) {
                    assert!(images.labels.iter().all(|label| *label < 100));
                }
            }
        }
        _ => {
            // A truncated or damaged compressed file.
            let folder = tempfile::tempdir().expect("there is room for a folder");
            std::fs::write(folder.path().join("t10k-labels-idx1-ubyte.gz"), file).expect("there is room for a file");
            let parsed = LABELS.load(folder.path(), |bytes| idx::parse(bytes, 1));
            assert!(parsed.is_err(), "not the canonical file");
        }
    }
}

fn sound(table: &Table) {
    assert_eq!(table.values.len(), table.rows() * table.columns);
    assert!(table.values.iter().all(|value| value.is_finite()));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    fn corpus(target: &str, run: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        let mut files = 0;
        for file in fs::read_dir(folder).unwrap() {
            run(&fs::read(file.unwrap().path()).unwrap());
            files += 1;
        }
        assert!(files > 0, "{target} has no corpus");
    }

    #[test]
    fn the_corpora_hold() {
        corpus("loss", crate::loss);
        corpus("steps", crate::steps);
        corpus("checkpoint", crate::checkpoint);
        corpus("discriminants", crate::discriminants);
        corpus("frames", crate::frames);
        corpus("data_files", crate::data_files);
        corpus("head_files", crate::head_files);
    }
}
