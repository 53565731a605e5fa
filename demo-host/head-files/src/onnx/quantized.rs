//! Tensors in integers, with their scales: the weights of QDQ graphs, of QLinearMatMul and of QGemm.

use anyhow::{Context, Result, bail, ensure};

use super::messages::Tensor;
use super::{Tensors, numbers, shape_of};

/// The scale and the zero point of a tensor, by their names; the axis along which there are several.
pub(super) struct Scaling<'a> {
    pub scale: &'a str,
    pub zero_point: Option<&'a str>,
    pub axis: i64,
}

/// The numbers that a tensor in integers stands for: `scale (q - zero_point)`.
pub(super) fn dequantized(
    tensors: &Tensors<'_>,
    tensor: &Tensor,
    scaling: &Scaling<'_>,
    notes: &mut Vec<String>,
) -> Result<(Vec<usize>, Vec<f32>)> {
    let name = &tensor.name;
    let (shape, integers, kind) = integers(tensor)?;
    let (scale_shape, scales) = numbers(tensors.constant(scaling.scale)?, notes)?;
    let zeros = match scaling.zero_point.filter(|name| !name.is_empty()) {
        Some(zero_point) => self::integers(tensors.constant(zero_point)?)?.1,
        None => vec![0; scales.len()],
    };
    ensure!(
        zeros.len() == scales.len() && scale_shape.len() <= 1 && !scales.is_empty(),
        "`{name}` has {} scales and {} zero points, but must have one of both, or one of both for each row or column",
        scales.len(),
        zeros.len()
    );
    let axis = if scaling.axis < 0 { scaling.axis + shape.len() as i64 } else { scaling.axis };
    let size = usize::try_from(axis).ok().and_then(|axis| shape.get(axis).copied());
    // The elements between two steps along the axis.
    let stride = match (scales.len(), size) {
        (1, _) => 1,
        (count, Some(size)) if count == size => {
            shape.iter().skip(axis as usize + 1).fold(1_usize, |all, size| all.saturating_mul(*size))
        }
        (count, _) => bail!("`{name}` has {count} scales along axis {axis}, but the shape {shape:?}"),
    };
    let each = integers.iter().enumerate().map(|(at, integer)| {
        let place = at / stride.max(1) % scales.len();
        (f64::from(scales[place]) * (f64::from(*integer) - f64::from(zeros[place]))) as f32
    });
    let values: Vec<f32> = each.collect();
    ensure!(
        values.iter().all(|value| value.is_finite()),
        "`{name}` leaves the range of float32 by its scales, of which the largest is {:e}",
        scales.iter().copied().fold(0.0, f32::max)
    );
    notes.push(format!("`{name}` was converted from {kind} by its scale{}", if scales.len() > 1 { "s" } else { "" }));
    Ok((shape, values))
}

/// The shape of a tensor, its integers, and the name of their type.
fn integers(tensor: &Tensor) -> Result<(Vec<usize>, Vec<i32>, &'static str)> {
    let name = &tensor.name;
    let (shape, count) = shape_of(tensor)?;
    let raw = &tensor.raw_data;
    let (kind, integers): (_, Vec<i32>) = match (tensor.data_type, raw.is_empty()) {
        (2, false) => ("uint8", raw.iter().map(|byte| i32::from(*byte)).collect()),
        (3, false) => ("int8", raw.iter().map(|byte| i32::from(byte.cast_signed())).collect()),
        (6, false) => ("int32", raw.as_chunks().0.iter().map(|chunk| i32::from_le_bytes(*chunk)).collect()),
        (2, true) => ("uint8", tensor.int32_data.clone()),
        (3, true) => ("int8", tensor.int32_data.clone()),
        (6, true) => ("int32", tensor.int32_data.clone()),
        (other, _) => bail!("`{name}` has ONNX's type {other}, but must be int8, uint8 or int32 where it is quantised"),
    };
    ensure!(integers.len() == count, "`{name}` has {} integers, but {shape:?} takes {count}", integers.len());
    Ok((shape, integers, kind))
}

impl Scaling<'_> {
    /// The note on what is left out where features are quantised.
    pub(super) const NOTE: &'static str =
        "the rounding of features and logits to integers was left out: the head is in float32";
}

/// The product of two scales, which that of the biases of a QGemm is.
pub(super) fn scaled_bias(
    tensors: &Tensors<'_>,
    bias: &Tensor,
    features: &str,
    weights: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<f32>> {
    let (_, features) = numbers(tensors.constant(features)?, notes)?;
    let (_, weights) = numbers(tensors.constant(weights)?, notes)?;
    let (_, integers, _) = integers(bias)?;
    let feature = *features.first().context("there is no scale of the features")?;
    ensure!(
        weights.len() == 1 || weights.len() == integers.len(),
        "`{}` has {} biases, but there are {} scales of weights",
        bias.name,
        integers.len(),
        weights.len()
    );
    let each = integers.iter().enumerate();
    let scale = |at: usize| f64::from(feature) * f64::from(weights[if weights.len() == 1 { 0 } else { at }]);
    let values: Vec<f32> = each.map(|(at, integer)| (scale(at) * f64::from(*integer)) as f32).collect();
    ensure!(values.iter().all(|value| value.is_finite()), "`{}` leaves the range of float32 by its scales", bias.name);
    Ok(values)
}
