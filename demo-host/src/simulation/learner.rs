//! The one trait of everything that learns from a device's stream of labels, and its settings.

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

    /// The probability of each class that there is room for; 0 of one that is not in use.
    ///
    /// # Errors
    /// If the core refuses the features.
    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()>;

    /// The bytes that it keeps on a device, its numbers in f32; what lies in flash does not count.
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
        let found = self.0.iter().find(|(own, _)| *own == name);
        found.unwrap_or_else(|| panic!("there is no setting {name} in {self:?}")).1
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

#[cfg(test)]
mod tests {
    use super::*;

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
