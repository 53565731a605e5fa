//! Gestures of a micro:bit: eight, each recorded 25 times by people without names (Micro:bit Educational Foundation; MIT).
//!
//! Features are the app's own, of windows of 1.28 s. A recording is learned from by the window in its middle, and tested by those at its
//! start, in its middle and at its end. Of each gesture the first [`TUNING`] recordings are for tuning rivals alone.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use gradient_decay_app::gestures::features::{FEATURES, WINDOW, Window};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::Deserialize;

use crate::files;
use simulation::samples::Samples;
use simulation::tasks::{Pool, Purpose, Task, User};

/// The recordings of each gesture that rivals are tuned on.
pub const TUNING: usize = 5;

/// The recordings that are learned from, of twenty: a hundred of the 160 that are not for tuning, and a few.
const LEARNED_OF_TWENTY: usize = 13;

#[derive(Deserialize)]
struct JsonGesture {
    name: String,
    recordings: Vec<JsonRecording>,
}

#[derive(Deserialize)]
struct JsonRecording {
    data: JsonAxes,
}

#[derive(Deserialize)]
struct JsonAxes {
    x: Vec<f32>,
    y: Vec<f32>,
    z: Vec<f32>,
}

/// A recording: its features at the start, in the middle and at the end, as it was held and turned by a quarter.
pub struct Recording {
    /// The gesture.
    pub class: usize,
    /// The features of its windows, from start to end.
    pub windows: Vec<[f32; FEATURES]>,
    turned: Vec<[f32; FEATURES]>,
}

/// The task; the second user holds the board turned by a quarter.
pub struct Gestures {
    /// All recordings, gesture after gesture.
    pub recordings: Vec<Recording>,
    /// The names of the gestures.
    pub names: Vec<String>,
}

impl Gestures {
    /// Reads `gestures.json` of a folder, and computes all features.
    ///
    /// # Errors
    /// If it cannot be read, which says how to get it, or is not what it should be: fewer than two gestures, fewer than twice
    /// [`TUNING`] recordings of one, a recording shorter than a window, axes that differ in length, an acceleration beyond 32 g.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("gestures.json");
        let bytes = files::read(&path).with_context(|| {
            format!(
                "{} must hold gestures.json, recordings as the micro:bit's CreateAI saves them: copy the file in \
                 example-datasets/big of https://github.com/microbit-foundation/pxt-microbit-ml to that name",
                folder.display()
            )
        })?;
        let gestures: Vec<JsonGesture> =
            serde_json::from_slice(&bytes).with_context(|| format!("{} is not a list of gestures", path.display()))?;
        ensure!(gestures.len() >= 2, "{} has {} gestures, but must have at least 2", path.display(), gestures.len());
        let mut all = Gestures { recordings: Vec::new(), names: Vec::new() };
        for (class, JsonGesture { name, recordings }) in gestures.into_iter().enumerate() {
            let count = recordings.len();
            ensure!(count >= 2 * TUNING, "{name} has {count} recordings, but must have at least {}", 2 * TUNING);
            for (number, JsonRecording { data }) in recordings.iter().enumerate() {
                let recording = recording(class, data)
                    .with_context(|| format!("in {}, {name}, recording {}", path.display(), number + 1))?;
                all.recordings.push(recording);
            }
            all.names.push(name);
        }
        Ok(all)
    }
}

fn recording(class: usize, axes: &JsonAxes) -> Result<Recording> {
    let length = axes.x.len();
    ensure!(
        axes.y.len() == length && axes.z.len() == length,
        "the axes have {length}, {} and {} samples, but must have equally many",
        axes.y.len(),
        axes.z.len()
    );
    ensure!(length >= WINDOW, "there are {length} samples, but a window is {WINDOW}");
    let largest = f32::from(i16::MAX);
    let milli = |g: f32| -> Result<i16> {
        let milli = 1000.0 * g;
        ensure!(milli.abs() <= largest, "an acceleration is {g} g, but must be within 32 g");
        Ok(milli.round() as i16)
    };
    let (mut windows, mut turned) = (Vec::new(), Vec::new());
    for first in [0, (length - WINDOW) / 2, length - WINDOW] {
        let (mut held, mut other) = (Window::new(), Window::new());
        for i in first..first + WINDOW {
            let (x, y, z) = (milli(axes.x[i])?, milli(axes.y[i])?, milli(axes.z[i])?);
            held.push([x, y, z]);
            other.push([y, -x, z]);
        }
        windows.extend(held.features());
        turned.extend(other.features());
    }
    Ok(Recording { class, windows, turned })
}

impl Task for Gestures {
    fn name(&self) -> &str {
        "gestures"
    }

    fn shape(&self) -> (usize, usize) {
        (self.names.len(), FEATURES)
    }

    fn folds(&self) -> usize {
        1
    }

    fn fold(&self, _: u64) -> usize {
        0
    }

    fn pool(&self, purpose: Purpose, seed: u64, _: bool) -> Pool {
        let mut random = StdRng::seed_from_u64(seed);
        let mut users = [0, 1].map(|_| User { stream: Samples::new(FEATURES), test: Samples::new(FEATURES) });
        for class in 0..self.names.len() {
            let own: Vec<&Recording> = self.recordings.iter().filter(|recording| recording.class == class).collect();
            let (tuning, testing) = own.split_at(TUNING);
            let mut chosen = if purpose == Purpose::Test { testing.to_vec() } else { tuning.to_vec() };
            chosen.shuffle(&mut random);
            let learned = (chosen.len() * LEARNED_OF_TWENTY / 20).max(1);
            for (place, recording) in chosen.iter().enumerate() {
                for (user, windows) in users.iter_mut().zip([&recording.windows, &recording.turned]) {
                    if place < learned {
                        user.stream.push(&windows[1], class);
                    } else {
                        windows.iter().for_each(|window| user.test.push(window, class));
                    }
                }
            }
        }
        Pool { classes: self.names.len(), users, host: None }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gradient_decay_app::gestures::features::SIGNAL_FEATURES;

    use super::*;

    /// Two gestures, shaken along one axis or another, at a rate that says which recording it is.
    fn json(length: usize, scale: f32) -> String {
        let gesture = |name: &str, axis: usize| {
            let recording = |number: usize| {
                let wave: Vec<f32> =
                    (0..length).map(|i| scale * (i as f32 * (0.2 + 0.02 * number as f32)).sin()).collect();
                let still = vec![0.0; length];
                let axes = [0, 1, 2].map(|i| if i == axis { &wave } else { &still });
                format!("{{\"ID\": 1, \"data\": {{\"x\": {:?}, \"y\": {:?}, \"z\": {:?}}}}}", axes[0], axes[1], axes[2])
            };
            let recordings: Vec<String> = (0..13).map(recording).collect();
            format!("{{\"name\": \"{name}\", \"recordings\": [{}]}}", recordings.join(","))
        };
        format!("[{},{}]", gesture("left", 0), gesture("up", 1))
    }

    fn read(text: &str) -> Result<Gestures> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("gestures.json"), text).unwrap();
        Gestures::read(folder.path())
    }

    #[test]
    fn no_recording_is_on_both_sides_or_in_both_parts() {
        let gestures = read(&json(91, 1.0)).unwrap();
        assert_eq!((gestures.recordings.len(), gestures.shape()), (26, (2, FEATURES)));
        let tested = gestures.pool(Purpose::Test, 1, false).users;
        let tuned = gestures.pool(Purpose::Tune { fold: 0 }, 1, false).users;
        // 8 recordings of each gesture, 5 of them learned from; 5 to tune, 3 of them learned from.
        assert_eq!((tested[0].stream.len(), tested[0].test.len()), (10, 18));
        assert_eq!((tuned[0].stream.len(), tuned[0].test.len()), (6, 12));
        let rows = |samples: &Samples| samples.rows().map(|(row, _)| format!("{row:?}")).collect::<Vec<_>>();
        let sides = [&tested[0].stream, &tested[0].test, &tuned[0].stream, &tuned[0].test].map(rows);
        for (i, side) in sides.iter().enumerate() {
            for other in &sides[..i] {
                assert!(side.iter().all(|row| !other.contains(row)));
            }
        }
        // Turned, the axes have changed places.
        assert_eq!(tested[0].stream.row(0)[1], tested[1].stream.row(0)[SIGNAL_FEATURES + 1]);
    }

    #[test]
    fn bad_files_are_refused_with_a_sentence() {
        let missing = tempfile::tempdir().unwrap();
        let message = format!("{:#}", Gestures::read(missing.path()).err().unwrap());
        assert!(message.contains("pxt-microbit-ml"), "{message}");
        for (text, part) in [
            (json(60, 1.0), "a window is 64"),
            (json(91, 40.0), "within 32 g"),
            ("[]".to_owned(), "at least 2"),
            ("{".to_owned(), "not a list of gestures"),
        ] {
            let message = format!("{:#}", read(&text).err().unwrap());
            assert!(message.contains(part), "{message}");
        }
    }
}
