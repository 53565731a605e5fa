//! Groups of runs that differ only in loss and seed.

use crate::experiments::Row;
use crate::training::{Loss, Settings};
use simulation::statistics::student_quantile;

/// Runs that differ in nothing but loss and seed.
pub struct Group<'a> {
    /// Their common settings; loss and seed are meaningless here.
    pub settings: Settings,
    /// Data set and model, and the settings in which groups with the same data set and model differ.
    pub title: String,
    /// The losses, in the order of their margin, then the warm-ups, then the peers.
    pub arms: Vec<Arm<'a>>,
}

/// The runs of one loss.
pub struct Arm<'a> {
    /// The loss.
    pub loss: Loss,
    /// One for each seed, in their order.
    pub runs: Vec<&'a Row>,
}

/// Mean and spread over seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a sample; none for a single seed.
    pub deviation: Option<f64>,
    /// The number of seeds.
    pub count: usize,
}

impl Spread {
    /// Of some values; `None` if there are none or one is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        Some(Spread { mean, deviation, count })
    }

    /// Half the 95 % confidence interval of the mean, by Student's t; `None` for a single value.
    pub fn confidence(&self) -> Option<f64> {
        Some(student_quantile(self.count - 1) * self.deviation? / (self.count as f64).sqrt())
    }
}

impl<'a> Group<'a> {
    /// All groups of some rows, by data set, model and length of the training.
    pub fn all(rows: &'a [Row]) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for row in rows {
            let settings = common(&row.settings);
            let group = match groups.iter().position(|group| group.settings == settings) {
                Some(group) => &mut groups[group],
                None => {
                    groups.push(Group { title: String::new(), settings, arms: Vec::new() });
                    let last = groups.len() - 1;
                    &mut groups[last]
                }
            };
            match group.arms.iter_mut().find(|arm| arm.loss == row.settings.loss) {
                Some(arm) => arm.runs.push(row),
                None => group.arms.push(Arm { loss: row.settings.loss, runs: vec![row] }),
            }
        }
        groups.sort_by_key(|Group { settings, .. }| (settings.dataset, settings.model, settings.epochs));
        let all: Vec<Settings> = groups.iter().map(|group| group.settings.clone()).collect();
        for group in &mut groups {
            group.title = title(&group.settings, &all);
            group.arms.sort_by(|a, b| order(&a.loss).partial_cmp(&order(&b.loss)).unwrap_or(std::cmp::Ordering::Equal));
            group.arms.iter_mut().for_each(|arm| arm.runs.sort_by_key(|run| run.settings.seed));
        }
        groups
    }

    /// The arm of a loss.
    pub fn arm(&self, loss: &Loss) -> Option<&Arm<'a>> {
        self.arms.iter().find(|arm| arm.loss == *loss)
    }

    /// The arm of plain softmax.
    pub fn plain(&self) -> Option<&Arm<'a>> {
        self.arm(&Loss::plain()).or_else(|| self.arms.iter().find(|arm| arm.loss.is_plain()))
    }
}

impl Arm<'_> {
    /// A figure of its runs.
    pub fn spread(&self, figure: impl Fn(&Row) -> f64) -> Option<Spread> {
        Spread::of(&self.runs.iter().map(|run| figure(run)).collect::<Vec<_>>())
    }
}

/// Settings without those that may differ within a group.
fn common(settings: &Settings) -> Settings {
    Settings { loss: Loss::plain(), seed: 0, ..settings.clone() }
}

/// Data set and model, and the settings in which those of `all` with the same differ.
fn title(settings: &Settings, all: &[Settings]) -> String {
    let (dataset, model) = (settings.dataset, settings.model);
    let mut title = format!("{}, {}", dataset.title(), model.title());
    let fields = |settings: &Settings| serde_json::to_value(settings).unwrap_or_default();
    let same: Vec<_> =
        all.iter().filter(|other| (other.dataset, other.model) == (dataset, model)).map(fields).collect();
    if let Some(here) = fields(settings).as_object() {
        for (name, value) in
            here.iter().filter(|(name, value)| same.iter().any(|there| there[name.as_str()] != **value))
        {
            title += &format!(", {} {value}", name.replace('_', " "));
        }
    }
    title
}

/// A key to sort losses by.
fn order(loss: &Loss) -> (u8, f32, f32) {
    match *loss {
        Loss::GradientDecay { beta, warm_up: None, scale_rate: false } => (0, beta, 0.0),
        Loss::GradientDecay { beta, warm_up: Some(warm_up), scale_rate: false } => (1, beta, warm_up.start),
        Loss::GradientDecay { beta, warm_up, scale_rate: true } => (2, beta, warm_up.map_or(0.0, |w| w.start)),
        Loss::AdaptiveDecay(adaptive) => (2, adaptive.start, 1.0),
        Loss::CrossEntropy => (3, 0.0, 0.0),
        Loss::LabelSmoothing { smoothing } => (4, smoothing, 0.0),
        Loss::Focal { gamma } => (5, gamma, 0.0),
        Loss::AmSoftmax { scale, margin } => (6, scale, margin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DatasetName;
    use crate::models::ModelName;

    #[test]
    fn titles_name_what_sets_groups_apart() {
        let settings = Settings::new(DatasetName::Mnist, ModelName::LeNet5);
        let cifar = Settings::new(DatasetName::Cifar10, ModelName::ResNet8);
        assert_eq!(title(&settings, &[settings.clone(), cifar.clone()]), "MNIST, LeNet-5");
        let other = Settings { learning_rate: 0.25, epochs: 3, ..settings.clone() };
        let all = [settings.clone(), other.clone(), cifar];
        assert_eq!(title(&other, &all), "MNIST, LeNet-5, epochs 3, learning rate 0.25");
        assert_eq!(title(&settings, &all), "MNIST, LeNet-5, epochs 10, learning rate 0.05");
    }

    #[test]
    fn mean_deviation_and_confidence_by_hand() {
        let spread = Spread::of(&[1.0, 2.0, 6.0]).unwrap();
        assert!((spread.mean - 3.0).abs() < 1e-12 && (spread.deviation.unwrap() - 7.0_f64.sqrt()).abs() < 1e-12);
        assert!((spread.confidence().unwrap() - 4.303 * (7.0_f64 / 3.0).sqrt()).abs() < 1e-3);
        let single = Spread::of(&[1.0]).unwrap();
        assert_eq!((single.deviation, single.confidence()), (None, None));
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[1.0, f64::INFINITY]), None);
    }
}
