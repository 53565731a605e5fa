//! Numbers made from bytes.

use arbitrary::{Arbitrary, Unstructured};
use gradient_decay::{BetaSchedule, Sgd};

/// A number: any bits, or one of a usual size.
pub fn number(u: &mut Unstructured<'_>) -> arbitrary::Result<f32> {
    let bits = u32::arbitrary(u)?;
    Ok(if bool::arbitrary(u)? { f32::from_bits(bits) } else { bits as f32 / 4e8 - 5.0 })
}

/// `count` numbers.
pub fn numbers(u: &mut Unstructured<'_>, count: usize) -> arbitrary::Result<Vec<f32>> {
    (0..count).map(|_| number(u)).collect()
}

/// Any schedule; `None` if its numbers are refused.
pub fn schedule(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<BetaSchedule>> {
    let (start, end, steps) = (number(u)?, number(u)?, u32::arbitrary(u)? % 100);
    let schedule = match u8::arbitrary(u)? % 3 {
        0 => BetaSchedule::try_constant(start),
        1 => BetaSchedule::try_linear(start, end, steps),
        _ => BetaSchedule::try_geometric(start, end, steps),
    };
    Ok(schedule.ok())
}

/// Any optimizer in float; `None` if its numbers are refused.
pub fn sgd(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Sgd>> {
    let mut sgd = Sgd::try_new(number(u)?);
    if bool::arbitrary(u)? {
        let momentum = number(u)?;
        sgd = sgd.and_then(|sgd| sgd.try_with_momentum(momentum));
    }
    if bool::arbitrary(u)? {
        let decay = number(u)?;
        sgd = sgd.and_then(|sgd| sgd.try_with_weight_decay(decay));
    }
    if bool::arbitrary(u)? {
        let norm = number(u)?;
        sgd = sgd.and_then(|sgd| sgd.try_with_clip_norm(norm));
    }
    Ok(sgd.ok())
}
