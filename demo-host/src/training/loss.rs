//! The loss on burn's tensors, from the same equation as the core's but by burn's operations and automatic gradients,
//! so that the two check each other.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// The mean over the rows of `CE(z + ln(beta) onehot(c), c)`: a scalar from `logits` `[rows, classes]` and `targets`
/// `[rows]`.
pub fn gradient_decay_loss(logits: Tensor<2>, targets: Tensor<1, Int>, ln_beta: f32) -> Tensor<1> {
    let [_, classes] = logits.dims();
    let one_hot: Tensor<2> = targets.clone().one_hot::<2>(classes).float();
    let shifted = logits + one_hot.mul_scalar(ln_beta);
    log_softmax(shifted, 1).gather(1, targets.unsqueeze_dim::<2>(1)).mean().neg()
}
