//! The prior of a discriminant: the statistics of a table of labelled features, before a device learns a label itself.
//!
//! It equals the state of the core's discriminant after it has learned every sample and was discounted, but is computed in f64, without the
//! rounding of that many updates. With a prior of `m` samples of the variance `v` and a ridge `r` for each label, `n` samples have the scatter
//! `S = (m v + r n) I + sum (x - mu_c)(x - mu_c)^T`, for `m + n` samples; the device keeps its inverse as `U D U^T`.

use anyhow::{Result, anyhow, ensure};
use gradient_decay::discriminant::Progress;
use gradient_decay::kernels::{PANEL, packed};
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{Contents, DiscriminantView, StreamingLda, checkpoint};

use crate::head::{Standardization, check_size};

/// The largest feature that the core's discriminant takes.
const LARGEST: f32 = 1e6;

/// The choices for a prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriorSettings {
    /// The weight of the table on the device, as a number of samples in [1e-3, 1e6].
    pub samples: f32,
    /// The largest weight of a class, as a number of samples; at least 1.
    pub most: u32,
    /// How the device will learn.
    pub lda: StreamingLda,
    /// Whether features are to be standardised by the table's mean and deviation.
    pub standardize: bool,
}

impl Default for PriorSettings {
    fn default() -> Self {
        PriorSettings { samples: 64.0, most: 3, lda: StreamingLda::new(), standardize: true }
    }
}

/// A discriminant that knows a table of features.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    features: usize,
    means: Vec<f32>,
    counts: Vec<u32>,
    covariance: Vec<f32>,
    samples: f32,
    standardization: Option<Standardization>,
    checkpoint: Vec<u8>,
}

impl Prior {
    /// Of a table with a sample of so many features in each row, and a class for each.
    ///
    /// # Errors
    /// If the lengths do not fit, a class from 0 to the last has no sample, a feature is out of the core's range, or a setting is.
    pub fn of_table(table: &[f32], features: usize, labels: &[usize], settings: &PriorSettings) -> Result<Self> {
        ensure!(features > 0 && !labels.is_empty(), "the table is empty");
        // The core's range of a prior's samples, and its sentence.
        StreamingLda::new().try_with_prior(settings.samples, 1.0)?;
        ensure!(
            labels.len().checked_mul(features) == Some(table.len()),
            "there are {} rows of {features} features, but {} labels",
            table.len() / features,
            labels.len()
        );
        let classes = labels.iter().max().map_or(0, |most| most.saturating_add(1));
        ensure!(
            classes <= labels.len(),
            "there is a label {}, but only {} samples: classes are 0 to K - 1",
            classes - 1,
            labels.len()
        );
        ensure!(classes > 1, "all samples are of one class: there is nothing to tell apart");
        check_size(&[features, features]).and_then(|_| check_size(&[classes, features]))?;
        let standardization = settings.standardize.then(|| standardization(table, features)).transpose()?;
        let rows: Vec<f32> = match &standardization {
            Some(standardization) => table.chunks(features).flat_map(|row| standardization.apply(row)).collect(),
            None => table.to_vec(),
        };
        if let Some(at) = rows.iter().position(|x| !(-LARGEST..=LARGEST).contains(x)) {
            let column = at % features;
            anyhow::bail!(
                "row {}, column {column} is {}, but the discriminant takes features in [-1e6, 1e6]: standardise them",
                at / features,
                rows[at]
            );
        }
        let (means, counts) = means(&rows, features, labels, classes);
        if let Some(class) = counts.iter().position(|count| *count == 0) {
            anyhow::bail!(
                "class {class} has no sample, but there is a label {}: number the classes 0 to K - 1",
                classes - 1
            );
        }
        let scatter = scatter(&rows, features, labels, &means, &settings.lda);
        let total = f64::from(settings.lda.prior_samples()) + labels.len() as f64;
        let covariance: Vec<f64> = scatter.iter().map(|s| s / total).collect();
        let counts: Vec<u32> = counts.iter().map(|count| (*count).min(settings.most.max(1))).collect();
        Prior::new(&covariance, &means, counts, settings.samples, standardization)
    }

    fn new(
        covariance: &[f64],
        means: &[f64],
        counts: Vec<u32>,
        samples: f32,
        standardization: Option<Standardization>,
    ) -> Result<Self> {
        let (classes, features) = (counts.len(), means.len() / counts.len());
        let (upper, diagonal) = inverse(covariance, features, f64::from(samples))?;
        let mut numbers: Vec<f32> = upper.iter().chain(&diagonal).chain(means).map(|x| *x as f32).collect();
        numbers.resize(StatisticsView::numbers_of(classes, features), 0.0);
        let (mut of_view, mut scratch) = (counts.clone(), vec![0.0; StatisticsView::scratch_of(classes, features)]);
        let view = DiscriminantView::new(&mut numbers, &mut of_view, &mut scratch, features);
        let progress = Progress { prior: samples, base: samples, labels: 0, classes };
        let mut view = view.and_then(|view| view.with_progress(progress)).map_err(|error| anyhow!("{error}"))?;
        // Rows and biases are multiplied out of what is there.
        (0..classes).for_each(|class| view.refresh(class));
        let mut bytes = vec![0; checkpoint::size(&view, Contents::ALL)];
        checkpoint::write(&view, Contents::ALL, &mut bytes).map_err(|error| anyhow!("{error}"))?;
        let checkpoint = crate::checkpoint::with_standardization(bytes, standardization.as_ref());
        let narrow = |numbers: &[f64]| numbers.iter().map(|x| *x as f32).collect();
        Ok(Prior {
            features,
            means: narrow(means),
            counts,
            covariance: narrow(covariance),
            samples,
            standardization,
            checkpoint,
        })
    }

    /// That of a checkpoint with a discriminant of this shape.
    pub(crate) fn from_checkpoint(
        bytes: &[u8],
        classes: usize,
        features: usize,
        standardization: Option<Standardization>,
    ) -> Result<Self> {
        check_size(&[features, features])?;
        let numbers_of = StatisticsView::numbers_of(classes, features);
        // As many numbers as a shape says are in the file, or it is refused before room is asked for.
        ensure!(
            numbers_of.saturating_mul(4) < bytes.len(),
            "its discriminant says to be {classes} x {features}, which {} bytes do not hold",
            bytes.len()
        );
        let (mut numbers, mut counts) = (vec![0.0; numbers_of], vec![0; classes]);
        let mut scratch = vec![0.0; StatisticsView::scratch_of(classes, features)];
        let view = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, features);
        let mut view = view.map_err(|error| anyhow!("{error}"))?;
        checkpoint::read(bytes, &mut view).map_err(|error| anyhow!("{error}"))?;
        let progress = view.progress();
        ensure!(progress.prior > 0.0, "its discriminant has learned nothing");
        let samples = progress.prior + progress.labels as f32;
        let used = progress.classes;
        let upper: Vec<f64> = numbers[..packed(features)].iter().map(|x| f64::from(*x)).collect();
        let diagonal: Vec<f64> = numbers[upper.len()..][..features].iter().map(|x| f64::from(*x)).collect();
        let covariance = covariance(&upper, &diagonal, features, f64::from(samples));
        let means = numbers[upper.len() + features..][..used * features].to_vec();
        counts.truncate(used);
        Ok(Prior { features, means, counts, covariance, samples, standardization, checkpoint: bytes.to_vec() })
    }

    /// The features of a sample.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The mean of each class, row by row, of standardised features.
    pub fn means(&self) -> &[f32] {
        &self.means
    }

    /// The samples that each class weighs as much as.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The covariance within classes of standardised features, row by row.
    pub fn covariance(&self) -> &[f32] {
        &self.covariance
    }

    /// The samples that the covariance weighs as much as.
    pub fn samples(&self) -> f32 {
        self.samples
    }

    /// The standardisation of features before.
    pub fn standardization(&self) -> Option<&Standardization> {
        self.standardization.as_ref()
    }

    /// The core's checkpoint of it, with the standardisation.
    pub fn checkpoint(&self) -> &[u8] {
        &self.checkpoint
    }
}

/// The mean and deviation of each column.
fn standardization(table: &[f32], features: usize) -> Result<Standardization> {
    let rows = (table.len() / features) as f64;
    let (mut mean, mut variance) = (vec![0.0; features], vec![0.0; features]);
    for row in table.chunks(features) {
        mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += f64::from(*x) / rows);
    }
    for row in table.chunks(features) {
        for ((variance, mean), x) in variance.iter_mut().zip(&mean).zip(row) {
            *variance += (f64::from(*x) - mean).powi(2) / rows;
        }
    }
    let deviation = variance.iter().map(|variance: &f64| variance.sqrt() as f32).collect();
    Standardization::new(mean.iter().map(|mean| *mean as f32).collect(), deviation)
}

fn means(rows: &[f32], features: usize, labels: &[usize], classes: usize) -> (Vec<f64>, Vec<u32>) {
    let (mut means, mut counts) = (vec![0.0; classes * features], vec![0_u32; classes]);
    for (row, label) in rows.chunks(features).zip(labels) {
        counts[*label] = counts[*label].saturating_add(1);
        means[label * features..][..features].iter_mut().zip(row).for_each(|(mean, x)| *mean += f64::from(*x));
    }
    for (mean, count) in means.chunks_mut(features).zip(&counts) {
        mean.iter_mut().for_each(|mean| *mean /= f64::from((*count).max(1)));
    }
    (means, counts)
}

/// The scatter within classes, of the prior and of the ridge.
fn scatter(rows: &[f32], features: usize, labels: &[usize], means: &[f64], lda: &StreamingLda) -> Vec<f64> {
    let mut scatter = vec![0.0; features * features];
    let mut difference = vec![0.0; features];
    for (row, label) in rows.chunks(features).zip(labels) {
        let mean = &means[label * features..][..features];
        difference.iter_mut().zip(row.iter().zip(mean)).for_each(|(d, (x, mean))| *d = f64::from(*x) - mean);
        for (row, left) in scatter.chunks_mut(features).zip(&difference) {
            row.iter_mut().zip(&difference).for_each(|(s, right)| *s += left * right);
        }
    }
    let [samples, variance, ridge] = [lda.prior_samples(), lda.prior_variance(), lda.ridge()].map(f64::from);
    for feature in 0..features {
        scatter[feature * features + feature] += samples * variance + ridge * labels.len() as f64;
    }
    scatter
}

/// `U`, packed, and `D` of `U D U^T`, the inverse of `samples` times a covariance: with `S = L E L^T`, `L` unit lower triangular, `U` is the
/// transpose of the inverse of `L` and `D` that of `E`.
fn inverse(covariance: &[f64], features: usize, samples: f64) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut lower = vec![0.0; features * features];
    let mut pivots = vec![0.0; features];
    for i in 0..features {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| lower[i * features + k] * lower[j * features + k] * pivots[k]).sum();
            let rest = covariance[i * features + j] - sum;
            if i == j {
                ensure!(rest > 0.0, "the covariance has no variance left at feature {i}: it needs a ridge or a prior");
                pivots[i] = rest;
                lower[i * features + i] = 1.0;
            } else {
                lower[i * features + j] = rest / pivots[j];
            }
        }
    }
    // The inverse of L, column by column; U is its transpose.
    let mut upper = vec![0.0; packed(features)];
    for j in 0..features {
        let mut column = vec![0.0; features];
        column[j] = 1.0;
        for i in j + 1..features {
            column[i] = -(j..i).map(|k| lower[i * features + k] * column[k]).sum::<f64>();
            upper[at(features, j, i)] = column[i];
        }
    }
    Ok((upper, pivots.iter().map(|pivot| 1.0 / (pivot * samples)).collect()))
}

/// The place of row `i`, column `j > i` in the core's packed triangle of `n` rows: see its `kernels`.
fn at(n: usize, i: usize, j: usize) -> usize {
    // The columns of a panel's own triangle.
    const OWN: usize = packed(PANEL);
    let (row, first) = (i % PANEL, i - i % PANEL);
    let before: usize = (0..first).step_by(PANEL).map(|above| OWN + PANEL * (n - above - PANEL)).sum();
    let column = j - first;
    before + row + if column < PANEL { column * (column - 1) / 2 } else { OWN + PANEL * (column - PANEL) }
}

/// The covariance of which `U D U^T` is the inverse of so many samples: `(U D U^T)^-1 = W^T D^-1 W` with `W` the inverse of `U`.
fn covariance(upper: &[f64], diagonal: &[f64], features: usize, samples: f64) -> Vec<f32> {
    let mut inverse = vec![0.0; features * features];
    for j in 0..features {
        inverse[j * features + j] = 1.0;
        for i in (0..j).rev() {
            inverse[i * features + j] =
                -(i + 1..=j).map(|k| upper[at(features, i, k)] * inverse[k * features + j]).sum::<f64>();
        }
    }
    let mut covariance = vec![0.0; features * features];
    for i in 0..features {
        for j in 0..features {
            let sum: f64 =
                (0..=i.min(j)).map(|k| inverse[k * features + i] * inverse[k * features + j] / diagonal[k]).sum();
            covariance[i * features + j] = (sum / samples) as f32;
        }
    }
    covariance
}
