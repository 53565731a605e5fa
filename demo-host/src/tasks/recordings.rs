//! The recordings of phones and watches that the task `activities` is made of.
//!
//! Two forms are read. The repository `GeoTecINIT/sp-sw-har-dataset` has a CSV file an execution and device, `DATA/s01/s01_01_sp.csv`, with
//! the columns `x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label`, in m/s^2, rad/s, ms and words. The packed form is `index.csv`, with
//! a line a recording, and `sp_sw_har.bin.xz`, whose rows are 29 bytes: six f32, a u32, the label as a byte, little-endian.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// The activities, in the order of the packed form's labels.
pub const ACTIVITIES: [&str; 5] = ["SEATED", "STANDING_UP", "WALKING", "TURNING", "SITTING_DOWN"];

/// The bytes of a row of the packed form.
const ROW: usize = 29;

/// The recording of one device during one execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The person, from 0.
    pub person: usize,
    /// The number of the execution; phone and watch of one have the same.
    pub execution: u32,
    /// Accelerometer in m/s^2 and gyroscope in rad/s, about 103 times a second.
    pub samples: Vec<[f32; 6]>,
    /// The activity of each sample.
    pub labels: Vec<u8>,
}

#[derive(Deserialize)]
struct IndexRow {
    file: String,
    first_row: usize,
    rows: usize,
}

#[derive(Deserialize)]
struct CsvRow {
    x_acc: f32,
    y_acc: f32,
    z_acc: f32,
    x_gyro: f32,
    y_gyro: f32,
    z_gyro: f32,
    label: String,
}

/// Reads all recordings of a folder, in either form; they come by person, execution and device.
///
/// # Errors
/// If the folder has neither form, which says how to get it; if a file cannot be read, or is not what it should be.
pub fn read(folder: &Path) -> Result<Vec<Recording>> {
    let (packed, index) = (folder.join("sp_sw_har.bin.xz"), folder.join("index.csv"));
    let mut recordings = if packed.is_file() && index.is_file() {
        read_packed(&packed, &index)?
    } else {
        let data = if folder.join("DATA").is_dir() { folder.join("DATA") } else { folder.to_owned() };
        read_csv_files(&data)?
    };
    ensure!(
        !recordings.is_empty(),
        "{} has no recordings: it must hold the folder DATA of https://github.com/GeoTecINIT/sp-sw-har-dataset (git clone it, \
         and give --data-dir sp-sw-har-dataset), or index.csv and sp_sw_har.bin.xz",
        folder.display()
    );
    recordings.sort_by_key(|recording| (recording.person, recording.execution));
    Ok(recordings)
}

fn read_packed(packed: &Path, index: &Path) -> Result<Vec<Recording>> {
    let mut bytes = Vec::new();
    let file = File::open(packed).with_context(|| format!("cannot read {}", packed.display()))?;
    lzma_rs::xz_decompress(&mut BufReader::new(file), &mut bytes)
        .with_context(|| format!("{} is not a whole xz file", packed.display()))?;
    let mut recordings = Vec::new();
    let mut reader = csv::Reader::from_path(index).with_context(|| format!("cannot read {}", index.display()))?;
    for line in reader.deserialize() {
        let IndexRow { file, first_row, rows } = line.with_context(|| format!("in {}", index.display()))?;
        let range = first_row.saturating_mul(ROW)..first_row.saturating_add(rows).saturating_mul(ROW);
        let part = bytes.get(range).with_context(|| {
            format!(
                "{}: {file} ends at row {}, beyond {}",
                index.display(),
                first_row.saturating_add(rows),
                packed.display()
            )
        })?;
        let (person, execution) = named(&file)?;
        let mut recording = Recording { person, execution, samples: Vec::new(), labels: Vec::new() };
        for row in part.as_chunks::<ROW>().0 {
            let number = |i: usize| f32::from_le_bytes([row[4 * i], row[4 * i + 1], row[4 * i + 2], row[4 * i + 3]]);
            recording.push(std::array::from_fn(number), row[ROW - 1]).with_context(|| file.clone())?;
        }
        recordings.push(recording);
    }
    Ok(recordings)
}

fn read_csv_files(data: &Path) -> Result<Vec<Recording>> {
    let mut recordings = Vec::new();
    for person in folder_entries(data)?.into_iter().filter(|path| path.is_dir()) {
        for path in folder_entries(&person)? {
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.extension().is_none_or(|extension| extension != "csv") || !name.starts_with('s') {
                continue;
            }
            let (person, execution) = named(&name)?;
            let mut recording = Recording { person, execution, samples: Vec::new(), labels: Vec::new() };
            let mut reader =
                csv::Reader::from_path(&path).with_context(|| format!("cannot read {}", path.display()))?;
            for (line, row) in reader.deserialize().enumerate() {
                let context = || format!("{}, line {}", path.display(), line + 2);
                let CsvRow { x_acc, y_acc, z_acc, x_gyro, y_gyro, z_gyro, label } = row.with_context(context)?;
                let Some(label) = ACTIVITIES.iter().position(|activity| *activity == label) else {
                    bail!("{}: the label is {label}, but must be one of {}", context(), ACTIVITIES.join(", "));
                };
                recording.push([x_acc, y_acc, z_acc, x_gyro, y_gyro, z_gyro], label as u8).with_context(context)?;
            }
            recordings.push(recording);
        }
    }
    Ok(recordings)
}

/// The entries of a folder by name.
fn folder_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let paths: std::io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.with_context(|| format!("cannot read the folder {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

/// Person and execution of a name like `s01_02_sw`.
fn named(name: &str) -> Result<(usize, u32)> {
    let mut parts = name.split('_');
    let person = parts.next().and_then(|part| part.strip_prefix('s')).and_then(|number| number.parse::<usize>().ok());
    let execution = parts.next().and_then(|number| number.parse().ok());
    match (person, execution) {
        (Some(person @ 1..), Some(execution)) => Ok((person - 1, execution)),
        _ => bail!("a recording is called {name}, but must be called like s01_02_sp: person, execution, device"),
    }
}

impl Recording {
    fn push(&mut self, sample: [f32; 6], label: u8) -> Result<()> {
        ensure!(usize::from(label) < ACTIVITIES.len(), "a label is {label}, but must be below {}", ACTIVITIES.len());
        ensure!(sample.iter().all(|x| x.is_finite()), "a sample is not finite: {sample:?}");
        self.samples.push(sample);
        self.labels.push(label);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HEADER: &str = "x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label\n";

    #[test]
    fn both_forms_give_the_same_recordings() {
        let (plain, packed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mut index, mut rows, mut first) =
            ("file,subject,execution,device,first_row,rows\n".to_owned(), Vec::new(), 0);
        for (name, count) in [("s01_02_sp", 3), ("s01_02_sw", 2), ("s02_01_sp", 4)] {
            let folder = plain.path().join("DATA").join(&name[..3]);
            fs::create_dir_all(&folder).unwrap();
            let mut text = HEADER.to_owned();
            for (i, activity) in ACTIVITIES.iter().enumerate().take(count) {
                let x = i as f32 * 0.5;
                text += &format!("{x},1.5,-2,0,0.25,{x},1657533977813,{activity}\n");
                for value in [x, 1.5, -2.0, 0.0, 0.25, x] {
                    rows.extend(value.to_le_bytes());
                }
                rows.extend(7_u32.to_le_bytes());
                rows.push(i as u8);
            }
            fs::write(folder.join(format!("{name}.csv")), text).unwrap();
            index += &format!("{name},x,x,x,{first},{count}\n");
            first += count;
        }
        fs::write(packed.path().join("index.csv"), index).unwrap();
        let mut compressed = Vec::new();
        lzma_rs::xz_compress(&mut rows.as_slice(), &mut compressed).unwrap();
        fs::write(packed.path().join("sp_sw_har.bin.xz"), compressed).unwrap();

        let recordings = read(plain.path()).unwrap();
        assert_eq!(recordings, read(packed.path()).unwrap());
        assert_eq!(recordings.len(), 3);
        assert_eq!((recordings[2].person, recordings[2].execution, recordings[2].samples.len()), (1, 1, 4));
        assert_eq!((recordings[2].samples[3], recordings[2].labels[3]), ([1.5, 1.5, -2.0, 0.0, 0.25, 1.5], 3));
    }

    #[test]
    fn bad_files_are_refused_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let message = read(folder.path()).unwrap_err().to_string();
        assert!(message.contains("GeoTecINIT/sp-sw-har-dataset"), "{message}");
        let person = folder.path().join("s01");
        fs::create_dir(&person).unwrap();
        for (name, row, part) in [
            ("s01_01_sp.csv", "1,2,3,4,5,6,7,JUMPING\n", "the label is JUMPING"),
            ("s01_01_sp.csv", "1,2,NaN,4,5,6,7,SEATED\n", "not finite"),
            ("s01_xx_sp.csv", "1,2,3,4,5,6,7,SEATED\n", "must be called like"),
        ] {
            fs::write(person.join(name), format!("{HEADER}{row}")).unwrap();
            let message = format!("{:#}", read(folder.path()).unwrap_err());
            assert!(message.contains(part), "{message}");
            fs::remove_file(person.join(name)).unwrap();
        }
        fs::write(folder.path().join("index.csv"), "file,first_row,rows\ns01_01_sp,0,9\n").unwrap();
        fs::write(folder.path().join("sp_sw_har.bin.xz"), b"no xz").unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("not a whole xz file"));
    }
}
