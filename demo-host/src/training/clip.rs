//! Clipping of the gradient by its norm, over all parameters at once. burn's own clips each parameter by itself.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::models::Model;

/// Scales the gradients of all parameters by `most / (norm + 1e-6)` where that is below 1, with the Euclidean norm over all of them, as
/// PyTorch's `clip_grad_norm_` does.
pub fn clip(mut gradients: GradientsParams, model: &Model, most: f32) -> GradientsParams {
    let mut squares = Squares { gradients: &gradients, sum: None };
    model.visit(&mut squares);
    let Some(sum) = squares.sum else { return gradients };
    let factor = sum.sqrt().add_scalar(1e-6).recip().mul_scalar(most).clamp_max(1.0);
    model.visit(&mut Scale { gradients: &mut gradients, factor });
    gradients
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.get::<D>(parameter.id) else { return };
        let square = (gradient.clone() * gradient).sum();
        self.sum = Some(match self.sum.take() {
            None => square,
            Some(sum) => sum + square,
        });
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.remove::<D>(parameter.id) else { return };
        self.gradients.register(parameter.id, gradient * self.factor.clone().reshape([1; D]));
    }
}
