//! Batch normalisation for training: burn's own on the CPU goes over the maps more than twenty times in a step, four times
//! to transpose them; here it is six times.

mod kernels;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::nn::BatchNorm;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::{is_on_cpu, tensor};
use kernels::{Geometry, Statistics};

/// The normalised maps of a layer, `[images, channels, height, width]`, and its running statistics moved by the batch's.
pub fn normalise(layer: &BatchNorm, maps: Tensor<4>) -> Tensor<4> {
    let is_training = maps.device().is_autodiff() && layer.training.is_enabled();
    if !is_training || !is_on_cpu(&maps) {
        return layer.forward(maps);
    }
    let (normalised, mean, variance) = <Dispatch as Normalisation>::normalisation(
        maps.into_dispatch(),
        layer.gamma.val().into_dispatch(),
        layer.beta.val().into_dispatch(),
        layer.epsilon,
    );
    // As burn's layer moves them.
    for (running, of_batch) in [(&layer.running_mean, mean), (&layer.running_var, variance)] {
        let of_batch = Tensor::<1>::from_dispatch(of_batch).detach();
        let kept = running.value_sync().mul_scalar(1.0 - layer.momentum);
        running.update((kept + of_batch.mul_scalar(layer.momentum)).detach());
    }
    Tensor::from_dispatch(normalised)
}

/// Batch normalisation by the statistics of the batch, on the processor.
#[backend_extension(Flex, Autodiff)]
pub trait Normalisation: Backend {
    /// The maps `gamma (x - mean) / sqrt(variance + epsilon) + beta`, the mean and the biased variance of each channel.
    fn normalisation(
        maps: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl Normalisation for Flex {
    fn normalisation(
        maps: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let geometry = Geometry::new(maps.layout().shape());
        let (maps, gamma, beta) = (maps.to_contiguous(), gamma.to_contiguous(), beta.to_contiguous());
        let statistics = kernels::statistics(maps.storage(), &geometry);
        let normalised =
            kernels::forward(maps.storage(), gamma.storage(), beta.storage(), epsilon, &statistics, &geometry);
        let Statistics { mean, variance } = statistics;
        let channels = [mean.len()];
        (tensor(normalised, geometry.shape()), tensor(mean, channels), tensor(variance, channels))
    }
}

/// How batch normalisation is differentiated.
#[derive(Debug)]
struct NormalisationBackward;

impl Backward<Flex, 3> for NormalisationBackward {
    /// The nodes that hold maps and gamma, the statistics and epsilon.
    type State = (NodeId, NodeId, Statistics, f64);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [maps_node, gamma_node, beta_node] = ops.parents;
        let gradient = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let (maps, gamma, statistics, epsilon) = ops.state;
        let maps = checkpointer.retrieve_node_output::<FlexTensor>(maps).to_contiguous();
        let gamma = checkpointer.retrieve_node_output::<FlexTensor>(gamma).to_contiguous();
        let geometry = Geometry::new(maps.layout().shape());
        let found =
            kernels::backward(maps.storage(), gradient.storage(), gamma.storage(), epsilon, &statistics, &geometry);
        let channels = [found.gamma.len()];
        if let Some(node) = maps_node {
            gradients.register::<Flex>(node.id, tensor(found.maps, geometry.shape()));
        }
        if let Some(node) = gamma_node {
            gradients.register::<Flex>(node.id, tensor(found.gamma, channels));
        }
        if let Some(node) = beta_node {
            gradients.register::<Flex>(node.id, tensor(found.beta, channels));
        }
    }
}

impl<C: CheckpointStrategy> Normalisation for Autodiff<Flex, C> {
    fn normalisation(
        maps: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let prepared =
            NormalisationBackward.prepare::<C>([maps.node(), gamma.node(), beta.node()]).compute_bound().stateful();
        let forward = |maps: FloatTensor<Self>, gamma: FloatTensor<Self>, beta: FloatTensor<Self>| {
            Flex::normalisation(maps.into_primitive(), gamma.into_primitive(), beta.into_primitive(), epsilon)
        };
        let (normalised, mean, variance) = match prepared {
            OpsKind::Tracked(mut prepared) => {
                let nodes = (prepared.checkpoint(&maps), prepared.checkpoint(&gamma));
                let (normalised, mean, variance) = forward(maps, gamma, beta);
                let statistics =
                    Statistics { mean: mean.storage::<f32>().to_vec(), variance: variance.storage().to_vec() };
                (prepared.finish((nodes.0, nodes.1, statistics, epsilon), normalised), mean, variance)
            }
            OpsKind::UnTracked(prepared) => {
                let (normalised, mean, variance) = forward(maps, gamma, beta);
                (prepared.finish(normalised), mean, variance)
            }
        };
        (normalised, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::BatchNormConfig;
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::models::floats;
    use crate::models::full::cpu::largest_difference;

    #[test]
    fn maps_gradients_and_running_statistics_are_those_of_burn() {
        let device = Device::flex().autodiff();
        device.seed(1);
        for [images, channels, height, width] in [[3, 4, 8, 8], [17, 2, 5, 7], [1, 3, 1, 2], [33, 1, 9, 1]] {
            let shape = [images, channels, height, width];
            // Means far from 0 for the size of the deviations, as after a bias.
            let maps = Tensor::<4>::random(shape, Distribution::Normal(5.0, 2.0), &device).require_grad();
            let pass = |forward: fn(&BatchNorm, Tensor<4>) -> Tensor<4>| {
                let mut layer = BatchNormConfig::new(channels).init(&device);
                let numbers = |from: f32| (0..channels).map(|i| from + 0.3 * i as f32).collect::<Vec<f32>>();
                layer.gamma = layer.gamma.map(|_| Tensor::<1>::from_floats(&numbers(0.7)[..], &device).require_grad());
                layer.beta = layer.beta.map(|_| Tensor::<1>::from_floats(&numbers(-0.4)[..], &device).require_grad());
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
            let ours = pass(normalise);
            let theirs = pass(|layer, maps| layer.forward(maps));
            for (what, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                // Sums of up to 600 numbers in another order.
                let difference = largest_difference(ours, theirs);
                assert!(difference < 1e-4, "{difference} at {shape:?}, figure {what}");
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
                let (maps, gradient, gamma) = (numbers(0.7), numbers(0.3), [0.5, 1.0, 2.0]);
                let statistics = kernels::statistics(&maps, &geometry);
                let found = kernels::backward(&maps, &gradient, &gamma, 1e-5, &statistics, &geometry);
                let normalised = kernels::forward(&maps, &gamma, &[0.0; 3], 1e-5, &statistics, &geometry);
                [normalised, found.maps, found.gamma, found.beta]
            })
        };
        assert_eq!(step(1), step(4));
    }
}
