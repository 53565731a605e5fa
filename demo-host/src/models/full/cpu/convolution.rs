//! Convolution: burn's own `conv2d` on the CPU computes the gradient of the weights as a convolution whose kernel is a
//! whole map, which takes most of a training step. Here forward pass and both gradients are matrix products of the
//! unfolded images (im2col), by the crate `gemm` that burn itself multiplies with.

mod kernels;
mod matmul;
mod products;
mod unfolding;
mod winograd;

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

use super::{channels_last, channels_last_tensor, is_on_cpu, tensor};
use kernels::Geometry;

/// The output of a layer with square kernels, strides and paddings: `[images, channels_out, height, width]` from
/// `[images, channels_in, height, width]`.
pub fn convolve(layer: &Conv2d, images: Tensor<4>) -> Tensor<4> {
    match (convolve_without_bias(layer, &images), &layer.bias) {
        (None, _) => layer.forward(images),
        (Some(maps), None) => maps,
        (Some(maps), Some(bias)) => maps + bias.val().reshape([1, -1, 1, 1]),
    }
}

/// The output of a layer as if it had no bias; `None` where burn is to compute it.
pub fn convolve_without_bias(layer: &Conv2d, images: &Tensor<4>) -> Option<Tensor<4>> {
    let (PaddingConfig2d::Explicit(padding, ..), true) = (&layer.padding, is_on_cpu(images)) else { return None };
    let maps = <Dispatch as Convolution>::convolution(
        images.clone().into_dispatch(),
        layer.weight.val().into_dispatch(),
        layer.stride[0],
        *padding,
    );
    Some(Tensor::from_dispatch(maps))
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
        let weights = weights.to_contiguous();
        match Method::new(&geometry) {
            Method::Winograd => {
                let maps = winograd::forward(channels_last(&images).storage(), weights.storage(), &geometry);
                channels_last_tensor(maps, geometry.maps_shape())
            }
            Method::Unfolding => {
                let maps = unfolding::forward(channels_last(&images).storage(), weights.storage(), &geometry);
                channels_last_tensor(maps, geometry.maps_shape())
            }
            Method::AnyChannels => {
                let maps = kernels::forward(images.to_contiguous().storage(), weights.storage(), &geometry);
                tensor(maps, geometry.maps_shape())
            }
        }
    }
}

/// The way in which a convolution is computed.
enum Method {
    /// See [`winograd`].
    Winograd,
    /// See [`unfolding`].
    Unfolding,
    /// See [`kernels`].
    AnyChannels,
}

impl Method {
    fn new(geometry: &Geometry) -> Self {
        match geometry {
            geometry if winograd::takes(geometry) => Method::Winograd,
            geometry if unfolding::takes(geometry) => Method::Unfolding,
            _ => Method::AnyChannels,
        }
    }
}

/// The gradients of images, where wanted, and of weights.
fn convolution_gradients(
    images: &FlexTensor,
    weights: &FlexTensor,
    gradient: &FlexTensor,
    geometry: &Geometry,
    of_images_wanted: bool,
) -> (Option<FlexTensor>, FlexTensor) {
    let weights = weights.to_contiguous();
    let weights = weights.storage();
    let (of_images, of_weights) = match Method::new(geometry) {
        Method::AnyChannels => {
            let (images, gradient) = (images.to_contiguous(), gradient.to_contiguous());
            let of_images = of_images_wanted.then(|| kernels::images_gradient(weights, gradient.storage(), geometry));
            let of_images = of_images.map(|of_images| tensor(of_images, geometry.images_shape()));
            (of_images, kernels::weights_gradient(images.storage(), gradient.storage(), geometry))
        }
        method => {
            let (images, gradient) = (channels_last(images), channels_last(gradient));
            let (images, gradient) = (images.storage(), gradient.storage());
            let (of_images, of_weights) = if let Method::Winograd = method {
                let (of_images, of_weights) = winograd::backward(images, weights, gradient, geometry);
                (Some(of_images), of_weights)
            } else {
                unfolding::backward(images, weights, gradient, geometry, of_images_wanted)
            };
            (of_images.map(|of_images| channels_last_tensor(of_images, geometry.images_shape())), of_weights)
        }
    };
    (of_images, tensor(of_weights, geometry.weights_shape()))
}

/// How a convolution is differentiated.
#[derive(Debug)]
struct ConvolutionBackward;

impl Backward<Flex, 2> for ConvolutionBackward {
    /// The nodes that hold images and weights, stride and padding.
    type State = (NodeId, NodeId, usize, usize);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [images_node, weights_node] = ops.parents;
        let gradient = gradients.consume::<Flex>(&ops.node);
        let (images, weights, stride, padding) = ops.state;
        let images = checkpointer.retrieve_node_output::<FlexTensor>(images);
        let weights = checkpointer.retrieve_node_output::<FlexTensor>(weights);
        let geometry = Geometry::new(images.layout().shape(), weights.layout().shape(), stride, padding);
        let (of_images, of_weights) =
            convolution_gradients(&images, &weights, &gradient, &geometry, images_node.is_some());
        if let (Some(node), Some(of_images)) = (images_node, of_images) {
            gradients.register::<Flex>(node.id, of_images);
        }
        if let Some(node) = weights_node {
            gradients.register::<Flex>(node.id, of_weights);
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
    use crate::models::full::cpu::{largest_difference, seeded};

    #[test]
    fn maps_and_gradients_are_those_of_burn() {
        let device = Device::flex().autodiff();
        let _seeded = seeded(&device);
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
            // Those by tiles: whole ones, cut ones, and so many images that there are several sums.
            [3, 16, 16, 8, 8, 3, 1, 1],
            [35, 16, 32, 9, 7, 3, 1, 1],
            [2, 32, 16, 6, 7, 3, 1, 0],
            [1, 16, 48, 3, 2, 3, 1, 4],
            // Those unfolded with the channels last.
            [21, 3, 16, 8, 6, 3, 1, 1],
            [35, 16, 32, 8, 8, 3, 2, 1],
            [2, 5, 16, 9, 7, 2, 3, 3],
            [3, 16, 32, 8, 8, 1, 2, 0],
            // Those whose last block has a number of rows that is no multiple of those computed at once.
            [7, 3, 16, 9, 9, 3, 1, 1],
            [6, 16, 32, 14, 14, 3, 2, 1],
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
        let gradients = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let numbers = |count: usize| (0..count).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<f32>>();
                let geometry = Geometry::new(&[50, 2, 9, 9].into(), &[3, 2, 3, 3].into(), 1, 1);
                let any = kernels::weights_gradient(&numbers(50 * 2 * 81), &numbers(50 * 3 * 81), &geometry);
                let geometry = Geometry::new(&[50, 16, 9, 9].into(), &[16, 16, 3, 3].into(), 1, 1);
                let (images, weights) = (numbers(50 * 16 * 81), numbers(16 * 16 * 9));
                let (of_images, of_weights) = winograd::backward(&images, &weights, &images, &geometry);
                let unfolded = unfolding::backward(&images, &weights, &images, &geometry, true);
                [any, of_images, of_weights, unfolded.0.unwrap(), unfolded.1]
            })
        };
        assert_eq!(gradients(1), gradients(4));
    }
}
