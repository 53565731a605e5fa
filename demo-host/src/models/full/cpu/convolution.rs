//! Convolution: burn's own `conv2d` on the CPU computes the gradient of the weights as a convolution whose kernel is a
//! whole map, which takes most of a training step. Here forward pass and both gradients are matrix products of the
//! unfolded images (im2col), by the crate `gemm` that burn itself multiplies with.

mod kernels;
mod matmul;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::{is_on_cpu, tensor};
use kernels::Geometry;

/// The output of a layer with square kernels, strides and paddings: `[images, channels_out, height, width]` from
/// `[images, channels_in, height, width]`.
pub fn convolve(layer: &Conv2d, images: Tensor<4>) -> Tensor<4> {
    let (PaddingConfig2d::Explicit(padding, ..), true) = (&layer.padding, is_on_cpu(&images)) else {
        return layer.forward(images);
    };
    let maps = <Dispatch as Convolution>::convolution(
        images.into_dispatch(),
        layer.weight.val().into_dispatch(),
        layer.stride[0],
        *padding,
    );
    let maps = Tensor::<4>::from_dispatch(maps);
    match &layer.bias {
        Some(bias) => maps + bias.val().reshape([1, -1, 1, 1]),
        None => maps,
    }
}

/// Two-dimensional convolution without bias, on the processor.
#[backend_extension(Flex, Autodiff)]
pub trait Convolution: Backend {
    /// The maps, from images and weights `[channels_out, channels_in, kernel, kernel]`.
    fn convolution(
        images: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;
}

impl Convolution for Flex {
    fn convolution(images: FlexTensor, weights: FlexTensor, stride: usize, padding: usize) -> FlexTensor {
        let geometry = Geometry::new(images.layout().shape(), weights.layout().shape(), stride, padding);
        let (images, weights) = (images.to_contiguous(), weights.to_contiguous());
        tensor(kernels::forward(images.storage(), weights.storage(), &geometry), geometry.maps_shape())
    }
}

/// How a convolution is differentiated.
#[derive(Debug)]
struct ConvolutionBackward;

impl Backward<Flex, 2> for ConvolutionBackward {
    /// The nodes that hold images and weights, stride and padding.
    type State = (NodeId, NodeId, usize, usize);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [images_node, weights_node] = ops.parents;
        let gradient = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let (images, weights, stride, padding) = ops.state;
        let images = checkpointer.retrieve_node_output::<FlexTensor>(images).to_contiguous();
        let weights = checkpointer.retrieve_node_output::<FlexTensor>(weights).to_contiguous();
        let geometry = Geometry::new(images.layout().shape(), weights.layout().shape(), stride, padding);
        if let Some(node) = images_node {
            let of_images = kernels::images_gradient(weights.storage(), gradient.storage(), &geometry);
            gradients.register::<Flex>(node.id, tensor(of_images, geometry.images_shape()));
        }
        if let Some(node) = weights_node {
            let of_weights = kernels::weights_gradient(images.storage(), gradient.storage(), &geometry);
            gradients.register::<Flex>(node.id, tensor(of_weights, geometry.weights_shape()));
        }
    }
}

impl<C: CheckpointStrategy> Convolution for Autodiff<Flex, C> {
    fn convolution(
        images: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        let prepared = ConvolutionBackward.prepare::<C>([images.node(), weights.node()]).compute_bound().stateful();
        match prepared {
            OpsKind::Tracked(mut prepared) => {
                let state = (prepared.checkpoint(&images), prepared.checkpoint(&weights), stride, padding);
                let maps = Flex::convolution(images.into_primitive(), weights.into_primitive(), stride, padding);
                prepared.finish(state, maps)
            }
            OpsKind::UnTracked(prepared) => {
                let maps = Flex::convolution(images.into_primitive(), weights.into_primitive(), stride, padding);
                prepared.finish(maps)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::models::floats;
    use crate::models::full::cpu::largest_difference;

    #[test]
    fn maps_and_gradients_are_those_of_burn() {
        let device = Device::flex().autodiff();
        device.seed(1);
        // Images, channels in and out, height, width, kernel, stride, padding.
        for [images, from, to, height, width, kernel, stride, padding] in [
            [3, 1, 6, 28, 28, 5, 1, 2],
            [2, 6, 16, 14, 14, 5, 1, 0],
            [17, 3, 4, 8, 8, 3, 1, 1],
            [33, 4, 5, 9, 7, 3, 2, 1],
            [2, 5, 3, 8, 6, 1, 1, 0],
            [2, 5, 3, 8, 6, 1, 2, 0],
            [1, 2, 2, 7, 7, 5, 3, 2],
            [2, 2, 3, 3, 2, 3, 2, 4],
        ] {
            let layer = Conv2dConfig::new([from, to], [kernel, kernel])
                .with_stride([stride, stride])
                .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
                .init(&device);
            let images = Tensor::<4>::random([images, from, height, width], Distribution::Default, &device);
            let images = images.require_grad();
            let pass = |maps: Tensor<4>| {
                // Every map has a gradient of its own.
                let gradients = (maps.clone() * maps.clone().sin()).sum().backward();
                let of_images = floats(images.grad(&gradients).unwrap());
                let of_weights = floats(layer.weight.val().grad(&gradients).unwrap());
                let of_bias = floats(layer.bias.as_ref().unwrap().val().grad(&gradients).unwrap());
                (maps.dims(), [floats(maps), of_images, of_weights, of_bias])
            };
            let (our_shape, ours) = pass(convolve(&layer, images.clone()));
            let (their_shape, theirs) = pass(layer.forward(images.clone()));
            assert_eq!(our_shape, their_shape);
            for (ours, theirs) in ours.iter().zip(&theirs) {
                // Sums of up to 10,000 products in another order.
                let difference = largest_difference(ours, theirs);
                assert!(difference < 1e-4, "{difference} at {height}x{width}, kernel {kernel}, stride {stride}");
            }
        }
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        let gradient = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let geometry = Geometry::new(&[50, 2, 9, 9].into(), &[3, 2, 3, 3].into(), 1, 1);
                let numbers = |count: usize| (0..count).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<f32>>();
                kernels::weights_gradient(&numbers(50 * 2 * 81), &numbers(50 * 3 * 81), &geometry)
            })
        };
        assert_eq!(gradient(1), gradient(4));
    }
}
