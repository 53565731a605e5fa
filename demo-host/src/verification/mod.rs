//! The core against references on a trained model and real images: against f64 and, with the feature `burn`, against burn.

#[cfg(feature = "burn")]
mod against_burn;
mod against_oracle;
mod integers;
mod samples;

#[cfg(feature = "burn")]
pub use against_burn::against_burn;
pub use against_oracle::against_oracle;

use std::fmt;

/// The betas that losses and gradients are compared at.
const BETAS: [f32; 5] = [0.01, 0.1, 1.0, 5.0, 20.0];

/// The steps of the comparison of training.
const STEPS: usize = 1000;

/// One comparison: a figure and the largest that it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The comparison in words.
    pub what: String,
    /// The largest difference that was found.
    pub found: f64,
    /// The largest that is accepted.
    pub accepted: f64,
}

/// All comparisons on one model and split.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// The other side of the comparison, beside the f64 oracle: `burn` or `f64`.
    pub reference: &'static str,
    /// The images that were compared on.
    pub images: usize,
    /// How many of them the reference predicts right.
    pub right_by_reference: usize,
    /// How many the core predicts right.
    pub right_by_core: usize,
    /// The comparisons.
    pub checks: Vec<Check>,
}

/// The largest difference of two lists, element by element; NaN if one is.
fn largest_difference(a: impl IntoIterator<Item = f64>, b: impl IntoIterator<Item = f64>) -> f64 {
    largest(a.into_iter().zip(b).map(|(x, y)| (x - y).abs()))
}

/// The largest of figures that are at least 0; NaN if one is, which `f64::max` would pass over.
fn largest(figures: impl IntoIterator<Item = f64>) -> f64 {
    figures.into_iter().fold(0.0, |most, figure| if figure > most || figure.is_nan() { figure } else { most })
}

fn in_f64(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|number| f64::from(*number)).collect()
}

impl Check {
    /// Whether the difference is accepted.
    pub fn holds(&self) -> bool {
        self.found <= self.accepted
    }
}

impl Verification {
    /// Whether every comparison holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(Check::holds)
    }

    /// A line that says how it came out, and the comparisons that do not hold.
    pub fn summary(&self) -> String {
        let Verification { reference, images, right_by_reference, right_by_core, checks } = self;
        let good = checks.iter().filter(|check| check.holds()).count();
        let mut text = format!(
            "The trained model's test images: {right_by_core} of {images} right by the core, {right_by_reference} by {reference}.\n\
             The core against {reference}: {good} of {} comparisons hold; the report lists them.\n",
            checks.len()
        );
        text.extend(checks.iter().filter(|check| !check.holds()).map(|check| format!("{check}\n")));
        text
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Check { what, found, accepted } = self;
        let verdict = if self.holds() { "ok" } else { "NOT OK" };
        write!(f, "  {what:<84} {found:>9.2e}  (accepted {accepted:.1e})  {verdict}")
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verification { reference, images, right_by_reference, right_by_core, .. } = self;
        writeln!(f, "The trained model replayed through the core, on {images} images:")?;
        writeln!(f, "  predicted right: {right_by_core} by the core, {right_by_reference} by {reference}")?;
        writeln!(f, "Largest differences of the core from its references:")?;
        self.checks.iter().try_for_each(|check| writeln!(f, "{check}"))
    }
}
