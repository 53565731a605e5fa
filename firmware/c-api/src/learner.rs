//! The learner: a head of either kind with the parts that its configuration names, over the caller's memory.

mod calls;
mod heads;
mod made;
mod parts;
mod room;
mod saving;
mod set;
mod store;
mod trained;

use core::mem::{align_of, size_of};
use core::ops::Range;
use core::ptr;

use gradient_decay::{Guard, Readout};

use crate::pointer::{apart, span};
use crate::status::*;
use heads::Whole;
use parts::{AllParts, Counting, Holding, Reading, Samples, Units};
use room::{ALIGN, Room, array};

pub use calls::*;
pub use made::*;
pub use saving::*;
pub use set::*;
pub use store::*;
pub use trained::gd_trained;

/// The words of a learner's handle.
pub const GD_LEARNER_WORDS: usize = 8;

/// The handle of a learner, whose contents are the library's own. gd_learner_init fills it in; what the learner knows lies in the memory
/// that is given with it.
///
/// A function that is given one can return GD_ERROR_POINTER, also if two of its buffers overlap, each other, the handle or the memory, and
/// GD_ERROR_TRAINER if gd_learner_init has not filled it in; whatever else it can return it says itself. After an error the learner and all
/// that a function would have written are as before, unless it says otherwise.
#[repr(C)]
pub struct gd_learner {
    words: [u64; GD_LEARNER_WORDS],
}

/// The parts of a learner. All zero but for `head`, `classes` and `features` is a learner without any: write `gd_learner_config config =
/// {.head = &gd_head_discriminant, .classes = 4, .features = 24};`. A part that is named by no configuration of a program is not linked.
#[repr(C)]
pub struct gd_learner_config {
    /// The head, which maps features to classes: &gd_head_discriminant, &gd_head_linear, &gd_head_neighbours_i8, &gd_head_neighbours_f32,
    /// &gd_head_mixed, &gd_head_mixed_neighbours_i8 or &gd_head_mixed_neighbours_f32.
    pub head: *const gd_head,
    /// The trained head of one of the last three; null for another head.
    pub trained: *const gd_trained,
    /// &gd_part_standardizer, or null: features stay as they are, and should have a mean near 0 and a deviation near 1.
    pub standardizer: *const gd_standardizer,
    /// The samples that are rehearsed: &gd_part_memory_f32, &gd_part_memory_i8, or null.
    pub memory: *const gd_memory,
    /// The samples that are held out for gd_learner_judge and gd_learner_fit_temperature: as `memory`, or null.
    pub held_out: *const gd_memory,
    /// &gd_part_novelty, or null: only a small probability makes a sample unknown.
    pub novelty: *const gd_novelty,
    /// &gd_part_calibration, or null.
    pub calibration: *const gd_calibrator,
    /// Classes that there is room for, at least 1.
    pub classes: u16,
    /// Features of a sample, at least 1.
    pub features: u16,
    /// Classes of these that are not in use at first, at most `classes`: they come by gd_learner_add_class.
    pub unused: u16,
    /// Samples of each class that a head with neighbours keeps, at least 1; 0 for another head.
    pub kept_slots: u16,
    /// Samples of each class that `memory` holds, at least 1 if there is one.
    pub slots: u16,
    /// Samples of each class that `held_out` holds, at least 1 if there is one.
    pub held_out_slots: u16,
    /// Every so many labelled samples one is held out; 0 is 7. A divisor of the number of classes would hold out the same ones of a stream in
    /// turn.
    pub held_out_every: u16,
    /// By how much a head may be worse than the best so far before gd_learner_judge says so, in nats, in [0, 100].
    pub margin: f32,
    /// The first samples that gd_learner_observe is given, of which the units of `standardizer` follow; 0 counts as 1.
    pub standardize_first: u32,
    /// The seed of the choices of `memory`, `held_out` and the head.
    pub seed: u32,
}

/// The contents of a handle.
struct Handle {
    mark: u32,
    features: u16,
    room: u16,
    /// The addresses of the memory.
    memory: Range<usize>,
    whole: *mut dyn Whole,
}

/// The mark of an initialised learner.
const MARK: u32 = u32::from_le_bytes(*b"GDle");

const _: () =
    assert!(size_of::<Handle>() <= size_of::<gd_learner>() && align_of::<Handle>() <= align_of::<gd_learner>());

/// A learner that was initialised, whose memory overlaps none of the buffers of a call.
///
/// # Safety
/// `pointer` is null or points to a `gd_learner` that nothing else refers to, and whose memory nobody has changed.
unsafe fn learner<'a>(
    pointer: *mut gd_learner,
    buffers: &[Range<usize>],
) -> Result<(&'a mut dyn Whole, usize, usize), gd_status> {
    let own = span(pointer, 1)?;
    let pointer = pointer.cast::<Handle>();
    // SAFETY: the memory is large enough and aligned; the mark is a number whatever lies there.
    if unsafe { ptr::addr_of!((*pointer).mark).read() } != MARK {
        return Err(GD_ERROR_TRAINER);
    }
    // SAFETY: the mark says that gd_learner_init made a handle of it.
    let handle = unsafe { &*pointer };
    apart(&[own, handle.memory.clone()], buffers)?;
    // SAFETY: as above; the memory is there as long as the handle is used.
    Ok((unsafe { &mut *handle.whole }, usize::from(handle.features), usize::from(handle.room)))
}

/// The addresses of a sample, whose count must be that of the learner.
fn sample(features: *const f32, count: usize, expected: usize) -> Result<(), gd_status> {
    if count == expected { span(features, count).map(drop) } else { Err(GD_ERROR_LENGTH) }
}

/// The parts that a configuration names; an error if it cannot be a learner's.
struct Named {
    head: &'static gd_head,
    standardizer: Option<&'static gd_standardizer>,
    memory: Option<&'static gd_memory>,
    held_out: Option<&'static gd_memory>,
    novelty: Option<&'static gd_novelty>,
    calibration: Option<&'static gd_calibrator>,
    shape: Shape,
    head_shape: Shape,
    held_out_shape: Shape,
}

impl Named {
    /// # Safety
    /// The configuration's pointers are null or point to statics of this library, but for the trained head.
    unsafe fn new(config: &gd_learner_config, taken: &[Range<usize>]) -> Result<Self, gd_status> {
        let shape = Shape {
            classes: usize::from(config.classes),
            features: usize::from(config.features),
            slots: usize::from(config.slots),
            seed: config.seed,
            first: config.standardize_first,
        };
        // The seed is the memory's as well, but no head learns from both: a discriminant does not rehearse.
        let head_shape = Shape { slots: usize::from(config.kept_slots), ..shape };
        // Another stream of choices.
        let seed = config.seed.wrapping_add(1);
        let held_out_shape = Shape { slots: usize::from(config.held_out_slots), seed, ..shape };
        // SAFETY: the caller's.
        let named = unsafe {
            Named {
                head: config.head.as_ref().ok_or(GD_ERROR_POINTER)?,
                standardizer: config.standardizer.as_ref(),
                memory: config.memory.as_ref(),
                held_out: config.held_out.as_ref(),
                novelty: config.novelty.as_ref(),
                calibration: config.calibration.as_ref(),
                shape,
                head_shape,
                held_out_shape,
            }
        };
        let no_slot = |memory: Option<&gd_memory>, slots: u16| memory.is_some() && slots == 0;
        let shapeless = shape.classes == 0 || shape.features == 0 || config.unused > config.classes;
        let nothing_kept = named.head.keeps && config.kept_slots == 0;
        if shapeless
            || nothing_kept
            || no_slot(named.memory, config.slots)
            || no_slot(named.held_out, config.held_out_slots)
        {
            return Err(GD_ERROR_LENGTH);
        }
        if config.kept_slots > 0 && !named.head.keeps {
            return Err(GD_ERROR_PART);
        }
        match named.head.trained {
            // SAFETY: the caller's.
            Some(check) => unsafe { check(config, taken)? },
            None if config.trained.is_null() => {}
            None => return Err(GD_ERROR_PART),
        }
        Ok(named)
    }

    fn bytes(&self) -> usize {
        let Named { head, standardizer, memory, held_out, novelty, calibration, shape, head_shape, held_out_shape } =
            self;
        [
            OWN,
            (head.bytes)(*head_shape),
            standardizer.map_or(0, |part| (part.bytes)(*shape)),
            memory.map_or(0, |part| (part.bytes)(*shape)),
            held_out.map_or(0, |part| (part.bytes)(*held_out_shape).saturating_add(array(shape.classes, 4))),
            novelty.map_or(0, |part| (part.bytes)(*shape)),
            calibration.map_or(0, |part| (part.bytes)(*shape)),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    fn make(&self, room: &mut Room, config: &gd_learner_config) -> Result<*mut dyn Whole, gd_status> {
        let shape = self.shape;
        let every = if config.held_out_every == 0 { 7 } else { u32::from(config.held_out_every) };
        let judged = if self.held_out.is_some() { shape.classes } else { 0 };
        let held_out = Samples(self.held_out.map(|part| (part.make)(room, self.held_out_shape)).transpose()?);
        let parts = AllParts {
            preprocess: Units(self.standardizer.map(|part| (part.make)(room, shape)).transpose()?),
            memory: Samples(self.memory.map(|part| (part.make)(room, shape)).transpose()?),
            guard: Holding {
                guard: Guard::try_new(held_out, config.margin, every).map_err(status)?,
                logits: room.take(judged)?,
            },
            calibration: Counting(self.calibration.map(|part| (part.make)(room, shape)).transpose()?),
            readout: Reading {
                plain: Readout::new(),
                novelty: self.novelty.map(|part| (part.make)(room, shape)).transpose()?,
            },
        };
        Ok((self.head.make)(room, self.head_shape, config, parts)?)
    }
}

/// The bytes of memory that a learner of this configuration takes, for gd_learner_init; GD_LEARNER_BYTES is the same as a constant, for an
/// array. 0 if the configuration is null or cannot be a learner's; the largest size_t if it does not hold so many.
///
/// # Safety
/// `config` is null or points to a gd_learner_config whose pointers are null or the library's, but for `trained`, which is as for gd_learner_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_bytes(config: *const gd_learner_config) -> usize {
    if span(config, 1).is_err() {
        return 0;
    }
    // SAFETY: the caller's.
    unsafe { Named::new(&*config, &[]) }.map_or(0, |named| named.bytes())
}

/// Makes a learner of this configuration in `memory`, of which `size` bytes must be gd_learner_bytes or more. The memory begins at a multiple
/// of 8: an array of uint64_t, or `_Alignas(8)`. It knows nothing; all classes but `unused` are in use. The settings are those that
/// gd_learner_set_lda, or gd_learner_set_optimizer and gd_learner_set_beta, name as the defaults, the temperature is 1, the threshold 0.
///
/// The memory is the library's as long as the learner is used, and stays where it is; the configuration is not needed any more, but for the
/// parameters of a trained head.
///
/// # Errors
/// GD_ERROR_POINTER, also if two of them overlap or the head is null; GD_ERROR_LENGTH if the shape has no class or no feature, or a memory or a
/// head with neighbours no slot, or more classes are unused than there are; GD_ERROR_PART if `kept_slots` is not 0 and the head has no neighbours,
/// or `trained` is not null and the head has none mixed in; GD_ERROR_SHORT if `size` is less; GD_ERROR_RANGE if the margin is out of its range. With
/// a trained head: GD_ERROR_POINTER if it is null, or its parameters are; GD_ERROR_LENGTH if it has no class or more than 254; GD_ERROR_CLASS if the
/// map names a class that it does not have; GD_ERROR_NOT_FINITE if a parameter is NaN or infinite. Nothing is then changed.
///
/// # Safety
/// `learner` points to a gd_learner, `memory` to `size` bytes, `config` to a gd_learner_config whose pointers are null or the library's, but for
/// `trained`, which is null or points to a gd_trained with as many numbers as it says; all are used by nobody else during a call, no interrupt and no
/// other thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learner_init(
    learner: *mut gd_learner,
    config: *const gd_learner_config,
    memory: *mut core::ffi::c_void,
    size: usize,
) -> gd_status {
    let init = || {
        let own = span(learner, 1)?;
        const { assert!(align_of::<u64>() == ALIGN) };
        span(memory.cast::<u64>(), 0)?;
        let memory_span = span(memory.cast::<u8>(), size)?;
        let taken = [own, memory_span.clone(), span(config, 1)?];
        apart(&taken, &[])?;
        // SAFETY: the caller's.
        let config = unsafe { &*config };
        // SAFETY: the caller's.
        let named = unsafe { Named::new(config, &taken)? };
        if size < named.bytes() {
            return Err(GD_ERROR_SHORT);
        }
        // Before the memory is changed.
        Guard::try_new((), config.margin, 1).map_err(status)?;
        // SAFETY: the caller's; it is aligned.
        let mut room = unsafe { Room::new(memory.cast(), size) };
        let whole = named.make(&mut room, config)?;
        let (features, room) = (config.features, config.classes);
        // SAFETY: the memory is large enough and aligned.
        unsafe { learner.cast::<Handle>().write(Handle { mark: MARK, features, room, memory: memory_span, whole }) };
        Ok(())
    };
    to_status(init())
}
