//! Tables made of the lines that `adapt --json` wrote.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The memory that a rival may take, in bytes.
const ROOM: u64 = 20_000;

/// The columns of the tables, in labels.
const LABELS: [u64; 8] = [0, 5, 10, 20, 50, 100, 200, 300];

/// The lines of a folder, with the names of their files.
pub struct Lines(Vec<(String, Value)>);

impl Lines {
    pub fn read(folder: &Path) -> Self {
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        paths.sort();
        let lines = |path: &std::path::PathBuf| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(path).unwrap();
            text.lines().map(|line| (name.clone(), serde_json::from_str(line).unwrap())).collect::<Vec<_>>()
        };
        Lines(paths.iter().flat_map(lines).collect())
    }

    fn scenario(&self, file: &str, scenario: &str) -> &Value {
        let line = self.0.iter().find(|(name, line)| name == file && line["scenario"] == scenario);
        &line.unwrap_or_else(|| panic!("{file} has no line of {scenario}")).1
    }

    /// Accuracy or calibration error of the discriminant, of SGD and of the best rivals, in every scenario of every data set.
    pub fn beside_rivals(&self, figure: &str) -> String {
        let mut text = header(&["", ""], &LABELS.map(|labels| labels.to_string()));
        for data in ["digits", "activities", "gestures"] {
            for (_, line) in self.0.iter().filter(|(name, line)| name == data && line["scenario"] != "unknown") {
                let name = format!("{data}, {}", line["scenario"].as_str().unwrap().replace('-', " "));
                let own = |wanted: &str| learner(line, wanted);
                text += &row(&name, "discriminant", |labels| at(own("discriminant"), figure, labels));
                text += &row("", "with neighbours", |labels| at(own("discriminant+neighbours"), figure, labels));
                text += &row("", "SGD, a step a label", |labels| at(own("sgd"), figure, labels));
                text += &row("", "best rival", |labels| best_rival(line, figure, labels));
                text += &row("", "SGD with 32 rehearsals, tuned", |labels| at(own("sgd-rehearsal-32"), figure, labels));
            }
        }
        text
    }

    /// Accuracy from nothing of the discriminant, with neighbours on top, and of the best rivals, on every data set.
    pub fn with_neighbours(&self) -> String {
        let mut text = header(&["", ""], &LABELS.map(|labels| labels.to_string()));
        for (name, line) in &self.0 {
            let own = |wanted: &str| learner(line, wanted);
            text += &row(name, "discriminant", |labels| at(own("discriminant"), "accuracy", labels));
            text += &row("", "with neighbours", |labels| at(own("discriminant+neighbours"), "accuracy", labels));
            text += &row("", "best rival", |labels| best_rival(line, "accuracy", labels));
        }
        text
    }

    /// Another user after 50 labels.
    pub fn followers(&self) -> String {
        const BEHIND: [u64; 7] = [5, 10, 20, 50, 100, 150, 250];
        let mut text = header(&["", ""], &BEHIND.map(|labels| labels.to_string()));
        for data in ["digits", "activities", "gestures"] {
            let line = self.scenario(&format!("{data}-followers"), "user-changes");
            let names = [
                ("discriminant", "as it is"),
                ("told", "told"),
                ("most 10", "counts up to 10"),
                ("most 5", "counts up to 5"),
                ("neighbours", "with neighbours"),
                ("neighbours, told", "with neighbours, told"),
            ];
            for (i, (name, shown)) in names.into_iter().enumerate() {
                let Some(learner) = learners(line).find(|learner| learner["name"] == name) else { continue };
                let values = BEHIND.map(|labels| cell(at(learner, "accuracy", 50 + labels)));
                text += &format!("| {} | {shown} | {} |\n", if i == 0 { data } else { "" }, values.join(" | "));
            }
        }
        text
    }

    /// The gain of the residual, in points.
    pub fn residuals(&self) -> String {
        let [digits, activities, gestures] =
            [("digits", "new-user"), ("activities", "new-user"), ("gestures", "from-nothing")]
                .map(|(data, scenario)| self.scenario(&format!("{data}-residuals"), scenario));
        let columns = [
            (digits, 50),
            (digits, 100),
            (digits, 200),
            (digits, 300),
            (activities, 50),
            (activities, 200),
            (gestures, 100),
        ];
        let names = ["digits, 50", "100", "200", "300", "activities, 50", "200", "gestures, 100"].map(str::to_owned);
        let mut text = header(&["residual"], &names);
        for learner in learners(digits).filter(|learner| learner["name"] != "discriminant") {
            let name = learner["name"].as_str().unwrap();
            let cells = columns.map(|(line, labels)| {
                let same = learners(line).find(|other| other["name"] == name).unwrap();
                let [difference, interval] =
                    ["difference", "interval"].map(|part| of(same, "accuracy", part, labels).unwrap());
                format!("{:+.1} ±{:.1}", 100.0 * difference, 100.0 * interval)
            });
            text += &format!("| {name} | {} |\n", cells.join(" | "));
        }
        text
    }

    /// How well samples of untaught classes are told from those of taught ones.
    pub fn unknown(&self) -> String {
        let names = [
            "area under the ROC curve",
            "by the largest probability",
            "let through at 90 % kept",
            "at the library's own limit: kept",
            "let through",
        ];
        let mut text = header(&[""], &names.map(str::to_owned));
        for data in ["gestures", "digits", "activities"] {
            let scores = self.scenario(data, "unknown")["scores"].as_array().unwrap();
            let score = |name: &str| scores.iter().find(|score| score["name"] == name).unwrap();
            let (novelty, plain) = (score("novelty"), score("largest probability, discriminant"));
            let percent = |value: &Value| format!("{:.0} %", 100.0 * value.as_f64().unwrap());
            let area = |value: &Value| format!("{:.2}", value["area"].as_f64().unwrap());
            let own = &novelty["own"];
            let cells = [
                area(novelty),
                area(plain),
                percent(&novelty["let_through"]),
                percent(&own["kept"]),
                percent(&own["let_through"]),
            ];
            text += &format!("| {data} | {} |\n", cells.join(" | "));
        }
        text
    }
}

fn learners(line: &Value) -> impl Iterator<Item = &Value> {
    line["learners"].as_array().unwrap().iter()
}

fn learner<'a>(line: &'a Value, name: &str) -> &'a Value {
    learners(line).find(|learner| learner["name"] == name).unwrap()
}

/// A figure of the rival that is the best by accuracy after so many labels, of those that fit the memory.
fn best_rival(line: &Value, figure: &str, labels: u64) -> Option<f64> {
    let fitting = learners(line).filter(|other| other["ours"] == false && bytes(other) <= ROOM);
    let best = fitting.max_by(|a, b| {
        let accuracy = |learner| at(learner, "accuracy", labels).unwrap_or(f64::NEG_INFINITY);
        accuracy(a).total_cmp(&accuracy(b))
    });
    at(best?, figure, labels)
}

fn bytes(learner: &Value) -> u64 {
    learner["ram_bytes"].as_u64().unwrap()
}

/// A part of a figure after so many labels, if it was measured there.
fn of(learner: &Value, figure: &str, part: &str, labels: u64) -> Option<f64> {
    let point = learner["labels"].as_array().unwrap().iter().position(|point| point.as_u64() == Some(labels))?;
    learner[figure][part][point].as_f64()
}

fn at(learner: &Value, figure: &str, labels: u64) -> Option<f64> {
    of(learner, figure, "mean", labels)
}

fn cell(share: Option<f64>) -> String {
    share.map_or(String::new(), |share| format!("{:.1}", 100.0 * share))
}

fn row(first: &str, second: &str, value: impl Fn(u64) -> Option<f64>) -> String {
    format!("| {first} | {second} | {} |\n", LABELS.map(|labels| cell(value(labels))).join(" | "))
}

fn header(names: &[&str], points: &[String]) -> String {
    let cells: Vec<&str> = names.iter().copied().chain(points.iter().map(String::as_str)).collect();
    format!("| {} |\n|{}\n", cells.join(" | "), "---|".repeat(cells.len()))
}
