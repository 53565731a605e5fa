//! The trait of all learners from a device's stream of labels, and their settings.

use anyhow::Result;

use super::samples::Start;

/// A learner of labelled samples, ours or a rival.
///
/// Classes are numbered in the order in which they come: a label is a class in use, or the first that is not, which takes it into use.
pub trait Learner: Send {
    /// Learns a labelled sample.
    ///
    /// # Errors
    /// If the core refuses it.
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()>;

    /// Called when another user takes over. Most learners ignore it.
    ///
    /// # Errors
    /// If the core refuses it.
    fn another_user(&mut self) -> Result<()> {
        Ok(())
    }

    /// The probability of each class that there is room for; 0 of one that is not in use.
    ///
    /// # Errors
    /// If the core refuses the features.
    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()>;

    /// The bytes of RAM on a device, with numbers in f32; data in flash does not count.
    fn ram_bytes(&self) -> usize;

    /// The multiply-adds of one label, with all classes in use.
    fn multiply_adds(&self) -> u64;
}

/// The settings of a learner: names with numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(pub Vec<(&'static str, f64)>);

impl Settings {
    /// A setting.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn get(&self, name: &str) -> f64 {
        self.find(name).unwrap_or_else(|| panic!("there is no setting {name} in {self:?}"))
    }

    /// A setting; `None` if there is none of this name.
    pub fn find(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    /// Every combination of the values of each name, the last name varying fastest.
    pub fn grid(axes: &[(&'static str, &[f64])]) -> Vec<Settings> {
        axes.iter().fold(vec![Settings::default()], |grid, (name, values)| {
            let with = |settings: &Settings, value: f64| {
                Settings(settings.0.iter().copied().chain([(*name, value)]).collect())
            };
            grid.iter().flat_map(|settings| values.iter().map(move |value| with(settings, *value))).collect()
        })
    }
}

/// The constructor of a learner from its start and its settings.
pub type Constructor = Box<dyn Fn(&Start, &Settings) -> Result<Box<dyn Learner>> + Send + Sync>;

/// A learner by name, with the settings that it may be tuned over.
pub struct Contender {
    /// Its name in tables, plots and files.
    pub name: &'static str,
    /// Whether it runs the core's own code, with the same settings for every data set.
    pub ours: bool,
    /// The settings to choose from; one, for ours.
    pub grid: Vec<Settings>,
    /// Makes it.
    pub new: Constructor,
}

/// Logits to probabilities, the largest logit subtracted first. One of minus infinity has probability 0.
pub fn softmax(logits: &mut [f64]) {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        logits.fill(0.0);
        return;
    }
    logits.iter_mut().for_each(|z| *z = (*z - largest).exp());
    let sum: f64 = logits.iter().sum();
    logits.iter_mut().for_each(|z| *z /= sum);
}

/// The product of weights with features, and the bias behind the weights; in eight sums side by side, which is several times as fast.
///
/// # Panics
/// If there are no weights.
pub fn affine(row: &[f64], features: &[f32]) -> f64 {
    let (bias, weights) = row.split_last().expect("a row ends in its bias");
    let (weights, last_weights) = weights.as_chunks::<8>();
    let (features, last_features) = features.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (weights, features) in weights.iter().zip(features) {
        for ((sum, w), x) in sums.iter_mut().zip(weights).zip(features) {
            *sum += w * f64::from(*x);
        }
    }
    let last: f64 = last_weights.iter().zip(last_features).map(|(w, x)| w * f64::from(*x)).sum();
    sums.iter().sum::<f64>() + last + bias
}

/// Adds features times a factor to weights, and the factor to the bias behind them.
pub fn add_scaled(row: &mut [f64], features: &[f32], factor: f64) {
    row.iter_mut().zip(features).for_each(|(w, x)| *w += factor * f64::from(*x));
    if let Some(bias) = row.last_mut() {
        *bias += factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_with_a_bias_behind() {
        let features: Vec<f32> = (0..19).map(|i| i as f32).collect();
        let mut row: Vec<f64> = (0..20).map(|i| f64::from(i % 3)).collect();
        let expected: f64 = (0..19).map(|i| f64::from(i * (i % 3))).sum::<f64>() + 1.0;
        assert_eq!(affine(&row, &features), expected);
        add_scaled(&mut row, &features, 2.0);
        assert_eq!((row[0], row[18], row[19]), (0.0, 36.0, 3.0));
    }

    #[test]
    fn a_grid_has_every_combination() {
        let grid = Settings::grid(&[("a", &[1.0, 2.0]), ("b", &[3.0, 4.0, 5.0])]);
        assert_eq!(grid.len(), 6);
        assert_eq!((grid[4].get("a"), grid[4].get("b")), (2.0, 4.0));
        assert_eq!(Settings::grid(&[]), [Settings::default()]);
    }

    #[test]
    fn the_softmax_of_classes_in_use() {
        let mut z = [1e9, 1e9, f64::NEG_INFINITY];
        softmax(&mut z);
        assert_eq!(z, [0.5, 0.5, 0.0]);
        let mut none = [f64::NEG_INFINITY; 2];
        softmax(&mut none);
        assert_eq!(none, [0.0; 2]);
    }
}
