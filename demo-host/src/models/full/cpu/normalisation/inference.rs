//! Normalisation by the running statistics, which is not differentiated.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::nn::BatchNorm;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::kernels::Geometry;
use super::{After, output};
use crate::models::full::cpu::channels_last;

/// [`convolve_and_normalise`](super::convolve_and_normalise) from the maps of the convolution without its bias, in inference.
pub fn normalise_by_running(layer: &BatchNorm, maps: Tensor<4>, bias: Option<Tensor<1>>, after: After) -> Tensor<4> {
    let mean = layer.running_mean.value();
    // The mean of the maps without the bias.
    let mean = if let Some(bias) = bias { mean - bias } else { mean }.into_dispatch();
    let factor = layer.gamma.val() / layer.running_var.value().add_scalar(layer.epsilon).sqrt();
    let (maps, factor, beta) = (maps.into_dispatch(), factor.into_dispatch(), layer.beta.val());
    let output = match after {
        After::Nothing => Dispatch::scale_and_shift(maps, mean, factor, beta.into_dispatch(), false),
        After::Relu => Dispatch::scale_and_shift(maps, mean, factor, beta.into_dispatch(), true),
        After::AddRelu(beside, bias) => {
            let beta = match bias {
                Some(bias) => beta + bias,
                None => beta,
            };
            Dispatch::scale_shift_and_add(maps, mean, factor, beta.into_dispatch(), beside.into_dispatch())
        }
    };
    Tensor::from_dispatch(output)
}

/// Normalisation by known statistics, on the processor.
#[backend_extension(Flex)]
pub trait ScaleAndShift: Backend {
    /// The maps `(x - mean) factor + summand`, their negative numbers replaced by 0 if asked for.
    fn scale_and_shift(
        maps: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        factor: FloatTensor<Self>,
        summand: FloatTensor<Self>,
        rectify: bool,
    ) -> FloatTensor<Self>;

    /// The same with other maps added, and negative numbers replaced by 0.
    fn scale_shift_and_add(
        maps: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        factor: FloatTensor<Self>,
        summand: FloatTensor<Self>,
        beside: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The output from mean, factor and summand of each channel.
fn forward(maps: &FlexTensor, of_channels: [FlexTensor; 3], beside: Option<&FlexTensor>, rectify: bool) -> FlexTensor {
    let geometry = Geometry::new(maps.layout().shape());
    let of_channels = of_channels.map(|numbers| numbers.to_contiguous());
    let [mean, factor, summand]: [&[f32]; 3] = of_channels.each_ref().map(|numbers| numbers.storage());
    let factors: Vec<_> = (0..mean.len()).map(|channel| [mean[channel], factor[channel], summand[channel]]).collect();
    output(&channels_last(maps), &factors, beside, rectify, &geometry)
}

impl ScaleAndShift for Flex {
    fn scale_and_shift(
        maps: FlexTensor,
        mean: FlexTensor,
        factor: FlexTensor,
        summand: FlexTensor,
        rectify: bool,
    ) -> FlexTensor {
        forward(&maps, [mean, factor, summand], None, rectify)
    }

    fn scale_shift_and_add(
        maps: FlexTensor,
        mean: FlexTensor,
        factor: FlexTensor,
        summand: FlexTensor,
        beside: FlexTensor,
    ) -> FlexTensor {
        forward(&maps, [mean, factor, summand], Some(&beside), true)
    }
}
