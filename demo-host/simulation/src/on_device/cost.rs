//! The RAM and the multiply-adds of a learner on a device.

use gradient_decay::neighbours::NeighboursState;

use super::{DeviceSettings, HeadKind};
use crate::rivals::BUDGET;

/// The range of the number of neighbours of a class where nobody chose it.
const NEIGHBOURS: std::ops::RangeInclusive<usize> = 4..=80;

/// The same with the number of slots that neighbours have in this shape.
pub(super) fn with_slots(settings: &DeviceSettings, classes: usize, features: usize) -> DeviceSettings {
    let of = |slots| DeviceSettings { slots, ..*settings };
    if settings.head != HeadKind::Neighbours || settings.slots > 0 {
        return *settings;
    }
    let fits = |slots: &usize| cost(&of(*slots), classes, features, true).0 <= BUDGET;
    of(NEIGHBOURS.rev().find(fits).unwrap_or(*NEIGHBOURS.start()))
}

/// The bytes and the multiply-adds of such a learner with room for so many classes; `based`: with a trained head mixed in, which lies in flash.
/// Bytes are those on a device of 32 bits.
pub fn cost(settings: &DeviceSettings, classes: usize, features: usize, based: bool) -> (usize, u64) {
    let linear = 4 * classes * (features + 1) + 4;
    let upper = features * (features - 1) / 2;
    let discriminant = 4 * upper + 4 * features + classes * (8 * features + 8) + 16;
    let mixed = if based { 4 + classes.next_multiple_of(4) } else { 0 };
    let memory = if settings.slots > 0 {
        classes * settings.slots * (4 + features).next_multiple_of(4) + 4 * classes + 8
    } else {
        0
    };
    let steps = classes * (features + 1);
    let rehearsals = if settings.slots > 0 { settings.rehearsals as usize } else { 0 };
    // Logits, factors, every row, and one row refreshed.
    let lda = 3 * classes * features + 5 * upper;
    let (head, multiply_adds) = match settings.head {
        HeadKind::Linear => (linear, 2 * steps * (1 + rehearsals)),
        HeadKind::Discriminant => (discriminant + mixed, lda),
        HeadKind::Residual => (discriminant + mixed + linear, lda + (2 + 3 * rehearsals) * steps),
        // The distance from every sample once for the answer before the label, and once from those of its class.
        HeadKind::Neighbours => {
            (discriminant + mixed + size_of::<NeighboursState>(), lda + (classes + 1) * settings.slots * features)
        }
    };
    // The state: the number of steps, and two numbers a class to work in.
    (head + memory + 4 + 8 * classes, multiply_adds as u64)
}
