//! The losses on burn's tensors. Gradient decay implements the same equation as the core, but with burn's operations and automatic
//! gradients, so that the two implementations check each other.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};

use super::{Loss, Settings};

/// The mean over the rows of `CE(z + ln(beta) onehot(c), c)`: a scalar from `logits` `[rows, classes]` and `targets`
/// `[rows]`.
pub fn gradient_decay_loss(logits: Tensor<2>, targets: Tensor<1, Int>, ln_beta: f32) -> Tensor<1> {
    negative_log_likelihood(with_margin(logits, &targets, ln_beta), targets).mean()
}

/// The loss of a batch by the settings: a scalar from `logits` `[rows, classes]` and their labels, with the mean
/// of PyTorch's cross-entropy: over the rows that are not ignored, each weighted by its class.
pub fn batch_loss(settings: &Settings, logits: Tensor<2>, labels: &[usize], ln_beta: f32) -> Tensor<1> {
    let device = logits.device();
    let [rows, classes] = logits.dims();
    let targets: Vec<i32> = labels.iter().map(|label| *label as i32).collect();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [rows]), &device);
    let losses = match settings.loss {
        Loss::GradientDecay { .. } | Loss::AdaptiveDecay(_) | Loss::AmSoftmax { .. } => {
            negative_log_likelihood(with_margin(logits, &targets, ln_beta), targets)
        }
        Loss::CrossEntropy => negative_log_likelihood(logits, targets),
        Loss::Focal { gamma } => {
            let losses = negative_log_likelihood(logits, targets);
            // Clamped above 0, where a root has no gradient.
            let wrong = losses.clone().neg().exp().neg().add_scalar(1.0).clamp_min(1e-6);
            wrong.powf_scalar(gamma) * losses
        }
        Loss::LabelSmoothing { smoothing } => {
            return smoothed_loss(settings, logits, targets, labels, smoothing);
        }
    };
    match row_weights(settings, labels) {
        None => losses.mean(),
        Some(weights) => {
            debug_assert_eq!(weights.len(), rows, "{classes} classes");
            weighted_mean(losses, &weights, &weights)
        }
    }
}

/// Label smoothing, whose smoothed part is a sum over all classes, each by its weight.
fn smoothed_loss(
    settings: &Settings,
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    labels: &[usize],
    smoothing: f32,
) -> Tensor<1> {
    let device = logits.device();
    let [_, classes] = logits.dims();
    let weights = row_weights(settings, labels).unwrap_or_else(|| vec![1.0; labels.len()]);
    let log_probabilities = log_softmax(logits, 1);
    let of_target = log_probabilities.clone().gather(1, targets.unsqueeze_dim::<2>(1)).squeeze_dim::<1>(1).neg();
    let class_weights = settings.class_weights.clone().unwrap_or_else(|| vec![1.0; classes]);
    let class_weights = Tensor::<1>::from_data(TensorData::new(class_weights, [classes]), &device);
    let of_all = (log_probabilities * class_weights.unsqueeze_dim::<2>(0)).sum_dim(1).squeeze_dim::<1>(1).neg();
    // An ignored row counts for neither part.
    let counts: Vec<f32> =
        labels.iter().map(|label| if settings.ignore_index == Some(*label) { 0.0 } else { 1.0 }).collect();
    weighted_mean(of_target, &weights, &weights).mul_scalar(1.0 - smoothing)
        + weighted_mean(of_all, &counts, &weights).mul_scalar(smoothing / classes as f32)
}

/// The weight of each row; `None` if all weigh the same.
fn row_weights(settings: &Settings, labels: &[usize]) -> Option<Vec<f32>> {
    if settings.class_weights.is_none() && settings.ignore_index.is_none() {
        return None;
    }
    let weight = |label: &usize| match &settings.class_weights {
        _ if settings.ignore_index == Some(*label) => 0.0,
        Some(weights) => weights.get(*label).copied().unwrap_or(1.0),
        None => 1.0,
    };
    Some(labels.iter().map(weight).collect())
}

/// The sum of `losses` by `weights`, divided by the sum of `shares`; 0 if that is.
fn weighted_mean(losses: Tensor<1>, weights: &[f32], shares: &[f32]) -> Tensor<1> {
    let total: f32 = shares.iter().sum();
    let factor = if total > 0.0 { 1.0 / total } else { 0.0 };
    let weights: Vec<f32> = weights.iter().map(|weight| weight * factor).collect();
    let rows = weights.len();
    let weights = Tensor::<1>::from_data(TensorData::new(weights, [rows]), &losses.device());
    (losses * weights).sum()
}

/// The logits with `ln(beta)` added to the target's.
fn with_margin(logits: Tensor<2>, targets: &Tensor<1, Int>, ln_beta: f32) -> Tensor<2> {
    if ln_beta == 0.0 {
        return logits;
    }
    let [_, classes] = logits.dims();
    let one_hot: Tensor<2> = targets.clone().one_hot::<2>(classes).float();
    logits + one_hot.mul_scalar(ln_beta)
}

/// `-ln(softmax(z)_c)` of each row.
fn negative_log_likelihood(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    log_softmax(logits, 1).gather(1, targets.unsqueeze_dim::<2>(1)).squeeze_dim::<1>(1).neg()
}
