//! Batch normalisation with what follows it in a network. In training burn's own on the CPU goes over the maps more than twenty
//! times in a step, four times to transpose them; here it is seven times, and a ReLU costs none. In inference a single pass
//! normalises, adds and rectifies.

mod inference;
mod kernels;
mod loops;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::nn::BatchNorm;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn_flex::FlexTensor;

use super::convolution::{convolve, convolve_without_bias};
use super::{channels_last, channels_last_tensor, tensor};
use inference::normalise_by_running;
use kernels::{Geometry, Parameters, Statistics};

/// The operation behind a normalisation.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum After {
    /// Nothing.
    Nothing,
    /// A ReLU.
    Relu,
    /// The sum with other maps of the same shape, and with a bias of each channel where there is one, and a ReLU.
    AddRelu(Tensor<4>, Option<Tensor<1>>),
}

/// The maps of a convolution normalised by a layer, `[images, channels, height, width]`, with what follows. As in burn, a device
/// that differentiates means training: by the statistics of the batch, which move the running ones. Otherwise the maps are
/// normalised by the running statistics.
pub fn convolve_and_normalise(convolution: &Conv2d, layer: &BatchNorm, images: Tensor<4>, after: After) -> Tensor<4> {
    let is_differentiated = images.device().is_autodiff();
    // A frozen layer, which has running statistics on a device that differentiates, is left to burn.
    let is_ours = layer.training.is_enabled() || !is_differentiated;
    let Some(maps) = is_ours.then(|| convolve_without_bias(convolution, &images)).flatten() else {
        let normalised = layer.forward(convolve(convolution, images));
        return match after {
            After::Nothing => normalised,
            After::Relu => relu(normalised),
            After::AddRelu(beside, None) => relu(normalised + beside),
            After::AddRelu(beside, Some(bias)) => relu(normalised + (beside + bias.reshape([1, -1, 1, 1]))),
        };
    };
    let bias = convolution.bias.as_ref().map(|bias| bias.val());
    if is_differentiated { normalise(layer, maps, bias, after) } else { normalise_by_running(layer, maps, bias, after) }
}

/// [`convolve_and_normalise`] from the maps of the convolution without its bias, in training.
fn normalise(layer: &BatchNorm, maps: Tensor<4>, bias: Option<Tensor<1>>, after: After) -> Tensor<4> {
    let maps = maps.into_dispatch();
    let (gamma, mut beta) = (layer.gamma.val().into_dispatch(), layer.beta.val());
    if let Some(bias) = &bias {
        // The mean that is subtracted has the bias in it: the output does not depend on it, and its gradient is zero.
        beta = beta + bias.clone().mul_scalar(0.0);
    }
    let (output, mean, variance) = match after {
        After::Nothing => Dispatch::normalisation(maps, gamma, beta.into_dispatch(), layer.epsilon, false),
        After::Relu => Dispatch::normalisation(maps, gamma, beta.into_dispatch(), layer.epsilon, true),
        After::AddRelu(beside, bias) => {
            let beta = match bias {
                Some(bias) => beta + bias,
                None => beta,
            };
            let (beta, beside) = (beta.into_dispatch(), beside.into_dispatch());
            Dispatch::normalisation_and_sum(maps, gamma, beta, beside, layer.epsilon)
        }
    };
    let (mean, variance) = (Tensor::<1>::from_dispatch(mean), Tensor::from_dispatch(variance));
    let mean = if let Some(bias) = bias { mean + bias } else { mean };
    // As burn's layer moves them.
    for (running, of_batch) in [(&layer.running_mean, mean), (&layer.running_var, variance)] {
        let of_batch = of_batch.detach();
        let kept = running.value_sync().mul_scalar(1.0 - layer.momentum);
        running.update((kept + of_batch.mul_scalar(layer.momentum)).detach());
    }
    Tensor::from_dispatch(output)
}

/// Batch normalisation by the statistics of the batch, on the processor.
#[backend_extension(Flex, Autodiff)]
pub trait Normalisation: Backend {
    /// The maps `gamma (x - mean) / sqrt(variance + epsilon) + beta`, their negative numbers replaced by 0 if asked for; the
    /// mean and the biased variance of each channel.
    fn normalisation(
        maps: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        rectify: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The same with other maps added before the negative numbers are replaced.
    fn normalisation_and_sum(
        maps: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        beside: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// The output of [`kernels::forward`] from maps `[images, height, width, channels]`.
fn output(
    maps: &FlexTensor,
    factors: &[[f32; 3]],
    beside: Option<&FlexTensor>,
    rectify: bool,
    geometry: &Geometry,
) -> FlexTensor {
    let beside = beside.map(channels_last);
    let beside = beside.as_ref().map(|beside| beside.storage());
    let output = kernels::forward(maps.storage(), factors, beside, rectify, geometry);
    channels_last_tensor(output, geometry.shape())
}

/// The output of a normalisation and the statistics of its batch.
fn forward(
    maps: &FlexTensor,
    [gamma, beta]: [&FlexTensor; 2],
    beside: Option<&FlexTensor>,
    epsilon: f64,
    rectify: bool,
) -> (FlexTensor, Statistics) {
    let geometry = Geometry::new(maps.layout().shape());
    let maps = channels_last(maps);
    let (gamma, beta) = (gamma.to_contiguous(), beta.to_contiguous());
    let parameters = Parameters { gamma: gamma.storage(), beta: beta.storage(), epsilon };
    let statistics = kernels::statistics(maps.storage(), &geometry);
    let output = output(&maps, &parameters.factors(&statistics), beside, rectify, &geometry);
    (output, statistics)
}

impl Statistics {
    /// The mean and the variance.
    fn tensors(self) -> [FlexTensor; 2] {
        [self.mean, self.variance].map(|figures| {
            let channels = [figures.len()];
            tensor(figures, channels)
        })
    }
}

impl Normalisation for Flex {
    fn normalisation(
        maps: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        rectify: bool,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let (output, statistics) = forward(&maps, [&gamma, &beta], None, epsilon, rectify);
        let [mean, variance] = statistics.tensors();
        (output, mean, variance)
    }

    fn normalisation_and_sum(
        maps: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        beside: FlexTensor,
        epsilon: f64,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let (output, statistics) = forward(&maps, [&gamma, &beta], Some(&beside), epsilon, true);
        let [mean, variance] = statistics.tensors();
        (output, mean, variance)
    }
}

/// The parents of a normalisation: maps, gamma and beta. What is beside the maps is one more.
const PARENTS: usize = 3;

/// How batch normalisation is differentiated, with `N` parents.
#[derive(Debug)]
struct NormalisationBackward<const N: usize>;

/// The tensors that the gradients are computed from.
#[derive(Clone, Debug)]
struct State {
    maps: NodeId,
    gamma: NodeId,
    statistics: Statistics,
    epsilon: f64,
    /// The output, if its negative numbers were replaced.
    rectified: Option<FlexTensor>,
}

impl<const N: usize> Backward<Flex, N> for NormalisationBackward<N> {
    type State = State;

    fn backward(self, ops: Ops<State, N>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let mut gradient = channels_last(&gradients.consume::<Flex>(&ops.node));
        let State { maps, gamma, statistics, epsilon, rectified } = ops.state;
        let maps = checkpointer.retrieve_node_output::<FlexTensor>(maps);
        let gamma = checkpointer.retrieve_node_output::<FlexTensor>(gamma).to_contiguous();
        let geometry = Geometry::new(maps.layout().shape());
        let (maps, rectified) = (channels_last(&maps), rectified.as_ref().map(channels_last));
        let rectified = rectified.as_ref().map(|output| output.storage());
        let parameters = Parameters { gamma: gamma.storage(), beta: &[], epsilon };
        let found = kernels::backward(
            maps.storage(),
            rectified,
            gradient.storage_mut(),
            parameters,
            &statistics,
            N > PARENTS,
            &geometry,
        );
        let gradient = gradient.permute(&[0, 3, 1, 2]);
        let channels = [found.gamma.len()];
        let (of_maps, of_beside) = match found.maps {
            Some(of_maps) => (channels_last_tensor(of_maps, geometry.shape()), Some(gradient)),
            None => (gradient, None),
        };
        let of_parameters = [found.gamma, found.beta].map(|figures| Some(tensor(figures, channels)));
        let of_parents = [Some(of_maps)].into_iter().chain(of_parameters).chain([of_beside]);
        for (node, of_parent) in ops.parents.iter().zip(of_parents) {
            if let (Some(node), Some(of_parent)) = (node, of_parent) {
                gradients.register::<Flex>(node.id, of_parent);
            }
        }
    }
}

/// A tensor that is tracked.
type Tracked<C> = FloatTensor<Autodiff<Flex, C>>;

/// The output of a normalisation with `N` parents, and the statistics of its batch.
fn tracked<C: CheckpointStrategy, const N: usize>(
    tensors: [Tracked<C>; N],
    epsilon: f64,
    rectify: bool,
) -> (Tracked<C>, Tracked<C>, Tracked<C>) {
    let nodes = tensors.each_ref().map(|tensor| tensor.node());
    let output = |tensors: [Tracked<C>; N]| {
        let tensors = tensors.map(|tensor| tensor.into_primitive());
        forward(&tensors[0], [&tensors[1], &tensors[2]], tensors.get(PARENTS), epsilon, rectify)
    };
    let (output, statistics) = match NormalisationBackward::<N>.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(mut prepared) => {
            let (maps, gamma) = (prepared.checkpoint(&tensors[0]), prepared.checkpoint(&tensors[1]));
            let (output, statistics) = output(tensors);
            let rectified = rectify.then(|| output.clone());
            let state = State { maps, gamma, statistics: statistics.clone(), epsilon, rectified };
            (prepared.finish(state, output), statistics)
        }
        OpsKind::UnTracked(prepared) => {
            let (output, statistics) = output(tensors);
            (prepared.finish(output), statistics)
        }
    };
    let [mean, variance] = statistics.tensors().map(Tracked::<C>::new);
    (output, mean, variance)
}

impl<C: CheckpointStrategy> Normalisation for Autodiff<Flex, C> {
    fn normalisation(
        maps: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        rectify: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        tracked::<C, 3>([maps, gamma, beta], epsilon, rectify)
    }

    fn normalisation_and_sum(
        maps: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        beside: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        tracked::<C, 4>([maps, gamma, beta, beside], epsilon, true)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, RunningState};
    use burn::nn::conv::Conv2dConfig;
    use burn::nn::{BatchNormConfig, PaddingConfig2d};
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::models::floats;
    use crate::models::full::cpu::{largest_difference, seeded};

    /// A layer whose parameters differ from a channel to the next three.
    fn layer(channels: usize, device: &Device) -> BatchNorm {
        let mut layer = BatchNormConfig::new(channels).init(device);
        let numbers = |from: f32| (0..channels).map(|i| from + 0.3 * (i % 4) as f32).collect::<Vec<f32>>();
        layer.gamma = layer.gamma.map(|_| Tensor::<1>::from_floats(&numbers(0.7)[..], device).require_grad());
        layer.beta = layer.beta.map(|_| Tensor::<1>::from_floats(&numbers(-0.4)[..], device).require_grad());
        layer.running_mean = RunningState::new(Tensor::from_floats(&numbers(-0.8)[..], device));
        layer.running_var = RunningState::new(Tensor::from_floats(&numbers(0.5)[..], device));
        layer
    }

    /// The maps that are added, and the bias of each of their channels.
    type Beside = (Tensor<4>, Tensor<1>);

    /// A variant of [`After`], and what burn computes for it.
    type Follows = (fn(Beside) -> After, fn(Tensor<4>, Beside) -> Tensor<4>);

    /// All variants.
    const FOLLOWS: [Follows; 4] = [
        (|_| After::Nothing, |maps, _| maps),
        (|_| After::Relu, |maps, _| relu(maps)),
        (|(beside, _)| After::AddRelu(beside, None), |maps, (beside, _)| relu(maps + beside)),
        (
            |(beside, bias)| After::AddRelu(beside, Some(bias)),
            |maps, (beside, bias)| relu(maps + beside + bias.reshape([1, -1, 1, 1])),
        ),
    ];

    /// The difference of two passes' figures, relative to the largest: an error grows with the terms of a sum, up to 300, of
    /// which much is cancelled.
    fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
        assert_eq!(ours.len(), theirs.len());
        let largest = theirs.iter().fold(1.0_f32, |largest, number| largest.max(number.abs()));
        ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
    }

    #[test]
    fn maps_gradients_and_running_statistics_are_those_of_burn() {
        let device = Device::flex().autodiff();
        let _seeded = seeded(&device);
        for [images, channels, height, width] in
            [[3, 4, 8, 8], [17, 2, 5, 7], [1, 3, 1, 2], [33, 1, 9, 1], [5, 16, 6, 6], [9, 35, 8, 7]]
        {
            let shape = [images, channels, height, width];
            // Means far from 0 for the size of the deviations, as after a bias.
            let maps = Tensor::<4>::random(shape, Distribution::Normal(5.0, 2.0), &device).require_grad();
            let pass = |forward: fn(&BatchNorm, Tensor<4>) -> Tensor<4>| {
                let layer = layer(channels, &device);
                let normalised = forward(&layer, maps.clone());
                // Every map has a gradient of its own.
                let gradients = (normalised.clone() * normalised.clone().sin()).sum().backward();
                [
                    floats(normalised),
                    floats(maps.grad(&gradients).unwrap()),
                    floats(layer.gamma.val().grad(&gradients).unwrap()),
                    floats(layer.beta.val().grad(&gradients).unwrap()),
                    floats(layer.running_mean.value_sync()),
                    floats(layer.running_var.value_sync()),
                ]
            };
            let ours = pass(|layer, maps| normalise(layer, maps, None, After::Nothing));
            let theirs = pass(|layer, maps| layer.forward(maps));
            for (what, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                // Sums of up to 600 numbers in another order.
                let difference = largest_difference(ours, theirs);
                assert!(difference < 1e-4, "{difference} at {shape:?}, figure {what}");
            }
        }
    }

    #[test]
    fn a_convolution_with_what_follows_is_that_of_burn() {
        let device = Device::flex().autodiff();
        let _seeded = seeded(&device);
        let random =
            |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device).require_grad();
        for ([from, to], kernel, has_bias) in
            [([3, 16], 3, true), ([16, 32], 3, true), ([16, 16], 1, false), ([2, 3], 3, true)]
        {
            let convolution = Conv2dConfig::new([from, to], [kernel, kernel])
                .with_padding(PaddingConfig2d::Explicit(kernel / 2, kernel / 2, kernel / 2, kernel / 2))
                .with_bias(has_bias)
                .init(&device);
            let (images, beside) = (random([5, from, 8, 6]), random([5, to, 8, 6]));
            let bias = Tensor::<1>::random([to], Distribution::Default, &device).require_grad();
            for (follows, (after, of_burn)) in FOLLOWS.into_iter().enumerate() {
                let output = |is_ours: bool, layers: (&Conv2d, &BatchNorm), images: Tensor<4>, beside: Beside| {
                    let (convolution, layer) = layers;
                    if is_ours {
                        convolve_and_normalise(convolution, layer, images, after(beside))
                    } else {
                        of_burn(layer.forward(convolution.forward(images)), beside)
                    }
                };
                let pass = |is_ours: bool| {
                    let layer = layer(to, &device);
                    let beside_and_bias = (beside.clone(), bias.clone());
                    let output = output(is_ours, (&convolution, &layer), images.clone(), beside_and_bias);
                    let gradients = (output.clone() * output.clone().sin()).sum().backward();
                    let mut found = vec![
                        floats(output),
                        floats(images.grad(&gradients).unwrap()),
                        floats(convolution.weight.val().grad(&gradients).unwrap()),
                        floats(layer.gamma.val().grad(&gradients).unwrap()),
                        floats(layer.beta.val().grad(&gradients).unwrap()),
                        floats(layer.running_mean.value_sync()),
                        floats(layer.running_var.value_sync()),
                    ];
                    found.extend(convolution.bias.as_ref().map(|bias| floats(bias.val().grad(&gradients).unwrap())));
                    found.extend(beside.grad(&gradients).map(floats));
                    found.extend(bias.grad(&gradients).map(floats));
                    found
                };
                let (ours, theirs) = (pass(true), pass(false));
                assert_eq!(ours.len(), theirs.len());
                for (what, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                    let difference = difference(ours, theirs);
                    assert!(difference < 1e-4, "{difference} from {from} to {to}, {follows} follows, figure {what}");
                }
                let inference = |is_ours: bool| {
                    let (convolution, layer) = (convolution.valid(), layer(to, &device).valid());
                    let beside_and_bias = (beside.clone().inner(), bias.clone().inner());
                    floats(output(is_ours, (&convolution, &layer), images.clone().inner(), beside_and_bias))
                };
                let difference = difference(&inference(true), &inference(false));
                assert!(difference < 1e-4, "{difference} from {from} to {to}, {follows} follows, in inference");
            }
        }
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let step = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let geometry = Geometry::new(&[50, 3, 9, 7].into());
                let numbers = |scale: f32| (0..50 * 3 * 63).map(|i| (i as f32 * scale).sin()).collect::<Vec<f32>>();
                let (maps, mut gradient, gamma) = (numbers(0.7), numbers(0.3), [0.5, 1.0, 2.0]);
                let parameters = Parameters { gamma: &gamma, beta: &[0.0; 3], epsilon: 1e-5 };
                let statistics = kernels::statistics(&maps, &geometry);
                let output = kernels::forward(&maps, &parameters.factors(&statistics), None, true, &geometry);
                let rectified = Some(&output[..]);
                let found =
                    kernels::backward(&maps, rectified, &mut gradient, parameters, &statistics, true, &geometry);
                [output, gradient, found.maps.unwrap(), found.gamma, found.beta]
            })
        };
        assert_eq!(step(1), step(4));
    }
}
