//! The layers that take most of a training step, for burn's CPU backend: [`convolve`] and [`convolve_and_normalise`]
//! take layers of burn and compute what they compute, in training and in inference, with kernels of their own for forward pass
//! and gradients. On any other device the layer's own forward pass is taken.
//!
//! The order of every sum is fixed, so that the number of threads does not change a bit.

mod convolution;
mod lanes;
mod normalisation;
mod pooling;
mod subsampling;

pub use convolution::{convolve, convolve_without_bias};
pub use normalisation::{After, convolve_and_normalise};
pub use pooling::pool_rectified;
pub use subsampling::subsample;

use burn::tensor::{Bytes, DType, Device, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};

/// Whether a tensor is in the memory of the CPU backend.
fn is_on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device().inner() == Device::flex()
}

/// A tensor of the CPU backend.
fn tensor<const D: usize>(elements: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(elements), Layout::contiguous(Shape::from(shape)), DType::F32)
}

/// A tensor of shape `[images, channels, height, width]` whose elements stand as `[images, height, width, channels]`.
fn channels_last_tensor(elements: Vec<f32>, [images, channels, height, width]: [usize; 4]) -> FlexTensor {
    tensor(elements, [images, height, width, channels]).permute(&[0, 3, 1, 2])
}

/// Maps `[images, channels, height, width]` for two uses, whose gradients burn adds: on the processor in the order of memory, where it would
/// else bring the sum into another.
pub fn for_two(maps: Tensor<4>) -> [Tensor<4>; 2] {
    if !is_on_cpu(&maps) {
        return [maps.clone(), maps];
    }
    let maps = maps.permute([0, 2, 3, 1]);
    [maps.clone(), maps].map(|maps| maps.permute([0, 3, 1, 2]))
}

/// The elements of a tensor of shape `[images, channels, height, width]` as `[images, height, width, channels]`: a copy only
/// where they stand otherwise.
fn channels_last(tensor: &FlexTensor) -> FlexTensor {
    tensor.permute(&[0, 2, 3, 1]).to_contiguous()
}

/// Seeds the device's generator of random numbers, which all tests of the process draw from, and keeps it for one of them until
/// the guard is dropped: otherwise the numbers would depend on which tests run at the same time.
#[cfg(test)]
pub fn seeded(device: &Device) -> std::sync::MutexGuard<'static, ()> {
    static IN_USE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let guard = IN_USE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    device.seed(1);
    guard
}

/// The largest difference of an element from another's, relative where that is above 1.
#[cfg(test)]
fn largest_difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max)
}
