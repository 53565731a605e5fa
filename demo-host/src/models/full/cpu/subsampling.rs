//! The shortcut without parameters (option A of He et al. 2016, section 4.2): every other pixel, and channels of zeros. burn's slice and
//! concatenation go over the maps six times for it, forward and back, with transpositions; this goes once each way.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{channels_last, channels_last_tensor, is_on_cpu};

/// Every other pixel of maps `[images, channels, height, width]`, with so many channels of zeros before and behind; `None` where burn is to
/// compute it.
pub fn subsample(maps: &Tensor<4>, zeros: usize) -> Option<Tensor<4>> {
    let subsampled = || <Dispatch as Subsampling>::subsampling(maps.clone().into_dispatch(), zeros);
    is_on_cpu(maps).then(|| Tensor::from_dispatch(subsampled()))
}

/// Subsampling on the processor.
#[backend_extension(Flex, Autodiff)]
pub trait Subsampling: Backend {
    /// See [`subsample`].
    fn subsampling(maps: FloatTensor<Self>, zeros: usize) -> FloatTensor<Self>;
}

impl Subsampling for Flex {
    fn subsampling(maps: FlexTensor, zeros: usize) -> FlexTensor {
        let sizes = Sizes::new(maps.layout().shape().dims(), zeros);
        channels_last_tensor(sizes.subsampled(channels_last(&maps).storage()), sizes.to())
    }
}

/// The sizes of the maps before, and the channels of zeros on each side.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    from: [usize; 4],
    zeros: usize,
}

impl Sizes {
    fn new(from: [usize; 4], zeros: usize) -> Self {
        Sizes { from, zeros }
    }

    /// The shape `[images, channels, height, width]` of the result.
    fn to(&self) -> [usize; 4] {
        let [images, channels, height, width] = self.from;
        [images, channels + 2 * self.zeros, height.div_ceil(2), width.div_ceil(2)]
    }

    /// The places of each pixel of an image `[height, width, channels]`: where its channels begin before and after.
    fn pixels(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let ([_, channels, _, width], [_, wide, rows, columns]) = (self.from, self.to());
        let zeros = self.zeros;
        (0..rows).flat_map(move |y| {
            (0..columns).map(move |x| ((2 * y * width + 2 * x) * channels, (y * columns + x) * wide + zeros))
        })
    }

    fn subsampled(&self, maps: &[f32]) -> Vec<f32> {
        let [image, result] = [self.from, self.to()].map(|shape| shape[1..].iter().product::<usize>());
        let channels = self.from[1];
        let mut results = vec![0.0; self.from[0] * result];
        results.par_chunks_mut(result).zip(maps.par_chunks(image)).for_each(|(result, image)| {
            for (from, to) in self.pixels() {
                result[to..][..channels].copy_from_slice(&image[from..][..channels]);
            }
        });
        results
    }

    /// The gradient of the maps from that of the result.
    fn gradient(&self, of_results: &[f32]) -> Vec<f32> {
        let [image, result] = [self.from, self.to()].map(|shape| shape[1..].iter().product::<usize>());
        let channels = self.from[1];
        let mut of_maps = vec![0.0; self.from[0] * image];
        of_maps.par_chunks_mut(image).zip(of_results.par_chunks(result)).for_each(|(image, result)| {
            for (from, to) in self.pixels() {
                image[from..][..channels].copy_from_slice(&result[to..][..channels]);
            }
        });
        of_maps
    }
}

/// How it is differentiated.
#[derive(Debug)]
struct SubsamplingBackward;

impl Backward<Flex, 1> for SubsamplingBackward {
    type State = Sizes;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = gradients.consume::<Flex>(&ops.node);
        if let Some(node) = node {
            let of_maps = ops.state.gradient(channels_last(&gradient).storage());
            gradients.register::<Flex>(node.id, channels_last_tensor(of_maps, ops.state.from));
        }
    }
}

impl<C: CheckpointStrategy> Subsampling for Autodiff<Flex, C> {
    fn subsampling(maps: FloatTensor<Self>, zeros: usize) -> FloatTensor<Self> {
        let sizes = Sizes::new(maps.primitive().layout().shape().dims(), zeros);
        match SubsamplingBackward.prepare::<C>([maps.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(sizes, Flex::subsampling(maps.into_primitive(), zeros)),
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::subsampling(maps.into_primitive(), zeros)),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, s};

    use super::*;
    use crate::models::floats;
    use crate::models::full::cpu::seeded;

    #[test]
    fn maps_and_gradients_are_those_of_burn() {
        let device = Device::flex().autodiff();
        let _seeded = seeded(&device);
        for ([images, channels, height, width], zeros) in [([3, 16, 8, 6], 8), ([2, 5, 7, 9], 1), ([1, 2, 1, 1], 0)] {
            let maps = Tensor::<4>::random([images, channels, height, width], Distribution::Default, &device);
            let maps = maps.require_grad();
            let pass = |result: Tensor<4>| {
                let gradients = (result.clone() * result.clone().sin()).sum().backward();
                (result.dims(), floats(maps.grad(&gradients).unwrap()), floats(result))
            };
            let every_other = maps.clone().slice(s![.., .., ..;2, ..;2]);
            let [_, _, rows, columns] = every_other.dims();
            let none = Tensor::zeros([images, zeros, rows, columns], &device);
            let theirs = pass(Tensor::cat(vec![none.clone(), every_other, none], 1));
            assert_eq!(pass(subsample(&maps, zeros).unwrap()), theirs);
        }
    }
}
