//! Max-pooling of 2x2 with a ReLU behind, in one pass forward and one back: burn's pooling takes half of a step of LeNet-5.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{is_on_cpu, tensor};

/// Height and width of a window, and the pixels between two.
const SIDE: usize = 2;

/// The largest of every window of 2x2 pixels of maps `[images, channels, height, width]`, or 0 if that is larger; a row or column beyond the
/// last whole window is left out. `None` where burn is to compute it.
pub fn pool_rectified(maps: &Tensor<4>) -> Option<Tensor<4>> {
    let pooled = || Tensor::from_dispatch(<Dispatch as Pooling>::pooling(maps.clone().into_dispatch()));
    is_on_cpu(maps).then(pooled)
}

/// Pooling on the processor.
#[backend_extension(Flex, Autodiff)]
pub trait Pooling: Backend {
    /// See [`pool_rectified`].
    fn pooling(maps: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Pooling for Flex {
    fn pooling(maps: FlexTensor) -> FlexTensor {
        let [images, channels, height, width] = maps.layout().shape().dims();
        let maps = maps.to_contiguous();
        let (rows, columns) = (height / SIDE, width / SIDE);
        let mut pooled = vec![0.0; images * channels * rows * columns];
        if !pooled.is_empty() {
            let images = maps.storage().par_chunks(channels * height * width);
            pooled.par_chunks_mut(channels * rows * columns).zip(images).for_each(|(pooled, image)| {
                let maps = image.chunks_exact(height * width);
                for (pooled, map) in pooled.chunks_exact_mut(rows * columns).zip(maps) {
                    for (pooled, rows) in pooled.chunks_exact_mut(columns).zip(map.chunks_exact(SIDE * width)) {
                        let (upper, lower) = rows.split_at(width);
                        let windows = upper.as_chunks().0.iter().zip(lower.as_chunks().0);
                        for (pooled, (upper, lower)) in pooled.iter_mut().zip(windows) {
                            *pooled = rectified(largest([upper, lower]));
                        }
                    }
                }
            });
        }
        tensor(pooled, [images, channels, rows, columns])
    }
}

/// The number, or 0 if it is below; NaN stays.
#[inline(always)]
fn rectified(number: f32) -> f32 {
    if number <= 0.0 { 0.0 } else { number }
}

/// The largest pixel of a window. Without a branch, which no processor could foresee. NaN stays: training has diverged, and must say so.
#[inline(always)]
fn largest([[a, b], [c, d]]: [&[f32; SIDE]; SIDE]) -> f32 {
    let largest = a.max(*b).max(c.max(*d));
    if a.is_nan() | b.is_nan() | c.is_nan() | d.is_nan() { f32::NAN } else { largest }
}

/// The gradient of the maps: that of a window goes to its largest pixel, the first of equal ones, if that is above 0.
fn gradient(maps: &[f32], [_, channels, height, width]: [usize; 4], of_pooled: &[f32]) -> Vec<f32> {
    let mut of_maps = vec![0.0; maps.len()];
    let (rows, columns) = (height / SIDE, width / SIDE);
    if of_pooled.is_empty() {
        return of_maps;
    }
    let image = channels * height * width;
    let images = maps.par_chunks(image).zip(of_pooled.par_chunks(channels * rows * columns));
    of_maps.par_chunks_mut(image).zip(images).for_each(|(of_image, (image, of_pooled))| {
        let maps = image.chunks_exact(height * width).zip(of_pooled.chunks_exact(rows * columns));
        for (of_map, (map, of_pooled)) in of_image.chunks_exact_mut(height * width).zip(maps) {
            let rows = map.chunks_exact(SIDE * width).zip(of_pooled.chunks_exact(columns));
            for (of_rows, (rows, of_pooled)) in of_map.chunks_exact_mut(SIDE * width).zip(rows) {
                let ((upper, lower), (of_upper, of_lower)) = (rows.split_at(width), of_rows.split_at_mut(width));
                let windows = upper.as_chunks::<SIDE>().0.iter().zip(lower.as_chunks::<SIDE>().0);
                let of_windows = of_upper.as_chunks_mut::<SIDE>().0.iter_mut().zip(of_lower.as_chunks_mut::<SIDE>().0);
                for ((of_window, window), of_pooled) in of_windows.zip(windows).zip(of_pooled) {
                    let largest = largest([window.0, window.1]);
                    let mut left = if largest > 0.0 { *of_pooled } else { 0.0 };
                    for (of_pixels, pixels) in [(of_window.0, window.0), (of_window.1, window.1)] {
                        for (of_pixel, pixel) in of_pixels.iter_mut().zip(pixels) {
                            let is_it = *pixel == largest;
                            *of_pixel = if is_it { left } else { 0.0 };
                            left = if is_it { 0.0 } else { left };
                        }
                    }
                }
            }
        }
    });
    of_maps
}

/// How it is differentiated.
#[derive(Debug)]
struct PoolingBackward;

impl Backward<Flex, 1> for PoolingBackward {
    /// The node that holds the maps.
    type State = NodeId;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [node] = ops.parents;
        let of_pooled = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let maps = checkpointer.retrieve_node_output::<FlexTensor>(ops.state).to_contiguous();
        if let Some(node) = node {
            let shape = maps.layout().shape().dims();
            let elements = shape.iter().product();
            let of_maps = gradient(&maps.storage()[..elements], shape, of_pooled.storage());
            gradients.register::<Flex>(node.id, tensor(of_maps, shape));
        }
    }
}

impl<C: CheckpointStrategy> Pooling for Autodiff<Flex, C> {
    fn pooling(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        match PoolingBackward.prepare::<C>([maps.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let state = prepared.checkpoint(&maps);
                prepared.finish(state, Flex::pooling(maps.into_primitive()))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(Flex::pooling(maps.into_primitive())),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::pool::MaxPool2dConfig;
    use burn::tensor::activation::relu;
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::models::floats;
    use crate::models::full::cpu::seeded;

    #[test]
    fn maps_and_gradients_are_those_of_burn() {
        let device = Device::flex().autodiff();
        let _seeded = seeded(&device);
        let pool = MaxPool2dConfig::new([SIDE, SIDE]).with_strides([SIDE, SIDE]).init();
        for shape in [[3, 6, 28, 28], [5, 16, 10, 10], [2, 3, 5, 7], [1, 1, 2, 2]] {
            let maps = Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 0.5), &device).require_grad();
            let pass = |pooled: Tensor<4>| {
                let gradients = (pooled.clone() * (pooled.clone() + 1.0).sin()).sum().backward();
                (pooled.dims(), floats(maps.grad(&gradients).unwrap()), floats(pooled))
            };
            assert_eq!(pass(pool_rectified(&maps).unwrap()), pass(relu(pool.forward(maps.clone()))), "{shape:?}");
        }
    }

    #[test]
    fn a_number_that_is_none_is_kept() {
        for place in 0..4 {
            let mut window = [1.0, -2.0, 2.0, 0.0];
            window[place] = f32::NAN;
            let pixels = window.as_chunks().0;
            assert!(rectified(largest([&pixels[0], &pixels[1]])).is_nan(), "{place}");
        }
    }
}
