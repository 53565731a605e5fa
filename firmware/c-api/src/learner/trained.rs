//! A trained head that a discriminant has mixed in, over numbers of the caller that are only read.

use core::mem::size_of;
use core::ops::Range;
use core::slice::from_raw_parts;

use gradient_decay::storage::ReadView;
use gradient_decay::{FrozenView, Libm, MixedView};

use super::gd_learner_config;
use super::made::{Shape, discriminant};
use super::room::{Room, array};
use crate::pointer::{apart, span};
use crate::status::*;

/// A trained head, which a learner with gd_head_mixed or one of its kin mixes in: `static const gd_trained trained = {head_parameters, NULL, 4};` of
/// the `head_parameters` that `demo-host export` writes. Its features are those of the learner.
#[repr(C)]
pub struct gd_trained {
    /// The weights row by row, a row of as many floats as there are features for each class, then a bias for each class. They are only read, can be
    /// in flash, and must be there unchanged as long as the learner is used.
    pub parameters: *const f32,
    /// For each class that the learner has room for, its class in the trained head, or 255 for one that it does not have. Null: the first are
    /// those of the trained head. Not needed after gd_learner_init.
    pub map: *const u8,
    /// The classes of the trained head, in [1, 254].
    pub classes: u16,
}

/// A discriminant with a trained head mixed in.
pub(crate) type Mixed = MixedView<'static, 'static, Libm, ReadView<'static>>;

/// The entry of the map of a class that the trained head does not have.
const NEW: u8 = u8::MAX;

/// The bytes of the trained head's place.
const TRAINED: usize = 6 * size_of::<usize>();
/// The bytes by which a mixed head is larger than a discriminant.
pub(crate) const LARGER: usize = 4 * size_of::<usize>();

#[inline(always)]
pub(crate) fn mixed_bytes(classes: usize) -> usize {
    array(classes, 1).saturating_add(TRAINED + LARGER)
}

/// Checks the trained head of a configuration, which must overlap nothing that is `taken`.
pub(crate) unsafe fn check(config: &gd_learner_config, taken: &[Range<usize>]) -> Result<(), gd_status> {
    let own = span(config.trained, 1)?;
    // SAFETY: the caller's.
    let trained = unsafe { &*config.trained };
    if trained.classes == 0 || trained.classes >= u16::from(NEW) {
        return Err(GD_ERROR_LENGTH);
    }
    let (parameters, room) = (span(trained.parameters, count(config, trained))?, usize::from(config.classes));
    let map = if trained.map.is_null() { 0..0 } else { span(trained.map, room)? };
    apart(taken, &[own, parameters, map])?;
    // SAFETY: the caller's.
    let (parameters, map) = unsafe { (parameters_of(config, trained), map_of(config, trained)) };
    if map.is_some_and(|map| map.iter().any(|of| *of != NEW && u16::from(*of) >= trained.classes)) {
        return Err(GD_ERROR_CLASS);
    }
    if parameters.iter().all(|number| number.is_finite()) { Ok(()) } else { Err(GD_ERROR_NOT_FINITE) }
}

fn count(config: &gd_learner_config, trained: &gd_trained) -> usize {
    usize::from(trained.classes).saturating_mul(usize::from(config.features).saturating_add(1))
}

unsafe fn parameters_of(config: &gd_learner_config, trained: &gd_trained) -> &'static [f32] {
    // SAFETY: the caller's.
    unsafe { from_raw_parts(trained.parameters, count(config, trained)) }
}

unsafe fn map_of<'a>(config: &gd_learner_config, trained: &gd_trained) -> Option<&'a [u8]> {
    // SAFETY: the caller's.
    (!trained.map.is_null()).then(|| unsafe { from_raw_parts(trained.map, usize::from(config.classes)) })
}

/// A discriminant with the trained head of a configuration that was checked.
#[inline(always)]
pub(crate) fn mixed(room: &mut Room, shape: Shape, config: &gd_learner_config) -> Result<Mixed, gd_status> {
    let (head, map) = (discriminant(room, shape, 0)?, room.take(shape.classes)?);
    // SAFETY: `check` found it to be there.
    let given = unsafe { &*config.trained };
    // SAFETY: as above.
    let (parameters, order) = unsafe { (parameters_of(config, given), map_of(config, given)) };
    for (class, of) in map.iter_mut().enumerate() {
        let first = if class < usize::from(given.classes) { class as u8 } else { NEW };
        *of = order.map_or(first, |order| order.get(class).copied().unwrap_or(NEW));
    }
    let trained = FrozenView::new(parameters, usize::from(given.classes), shape.features).map_err(status)?;
    let mut head = MixedView::new(head, room.place::<_, TRAINED>(trained)?, map).map_err(status)?;
    head.truncate(shape.classes.saturating_sub(usize::from(config.unused))).map_err(status)?;
    Ok(head)
}
