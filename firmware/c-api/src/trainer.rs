//! The trainer: a head over the caller's parameters, and all that belongs to it.

use core::mem::{align_of, size_of};
use core::ops::Range;
use core::ptr;
use core::slice::from_raw_parts_mut;

use gradient_decay::{BetaSchedule, Calibration, FineTuner, LinearView, PairView, Readout, Sgd, State};

use crate::pointer::{apart, span};
use crate::status::*;

/// The words of a trainer's memory.
pub const GD_TRAINER_WORDS: usize = 36;

/// A trainer, whose contents are the library's own. Put it wherever it lives long enough, and give it to gd_init.
///
/// A function that is given one can return GD_ERROR_POINTER, also if two of its buffers overlap, each other, the parameters or the trainer,
/// and GD_ERROR_TRAINER; whatever else it can return it says itself. After an error the trainer, its parameters and all that a function would
/// have written are as before, but for buffers to work in.
#[repr(C)]
pub struct gd_trainer {
    words: [u64; GD_TRAINER_WORDS],
}

/// The contents of a trainer's memory: all of a [`Learner`](gradient_decay::Learner) but the caller's slices, which must not be referred to
/// between calls. A function that wants a learner makes one that lives for the call.
pub(crate) struct Trainer {
    mark: u32,
    /// Classes that there is room for.
    pub(crate) room: u16,
    features: u16,
    /// Classes in use.
    pub(crate) classes: u32,
    parameters: *mut f32,
    pub(crate) steps: u32,
    /// Apart from the optimizer, since the initial ones are so short that they are put here without a call of memcpy.
    schedule: BetaSchedule,
    optimizer: Sgd,
    pub(crate) readout: Readout,
    pub(crate) calibration: Calibration<10>,
}

/// The mark of an initialised trainer.
const MARK: u32 = u32::from_le_bytes(*b"GDtr");

const _: () =
    assert!(size_of::<Trainer>() <= size_of::<gd_trainer>() && align_of::<Trainer>() <= align_of::<gd_trainer>());

impl Trainer {
    /// The number of parameters.
    fn parameter_count(&self) -> usize {
        usize::from(self.room) * (usize::from(self.features) + 1)
    }

    /// The addresses of a sample, whose count must be that of the head.
    pub(crate) fn sample(&self, features: *const f32, count: usize) -> Result<Range<usize>, gd_status> {
        if count == usize::from(self.features) { span(features, count) } else { Err(GD_ERROR_LENGTH) }
    }

    /// The addresses of `each` numbers a class, whose count must be so.
    pub(crate) fn per_class(&self, numbers: *const f32, count: usize, each: usize) -> Result<Range<usize>, gd_status> {
        if count == each * usize::from(self.room) { span(numbers, count) } else { Err(GD_ERROR_LENGTH) }
    }

    /// Whether none of the buffers of a call overlaps another, the parameters or the trainer.
    #[inline(never)]
    pub(crate) fn apart(&self, buffers: &[Range<usize>]) -> Result<(), gd_status> {
        let own = [span(ptr::from_ref(self).cast::<gd_trainer>(), 1)?, span(self.parameters, self.parameter_count())?];
        apart(&own, buffers)
    }

    /// The head.
    ///
    /// # Safety
    /// The caller's parameters are there, and nothing else refers to them as long as the head is.
    pub(crate) unsafe fn head<'a>(&self) -> Result<LinearView<'a>, gd_status> {
        let (room, features) = (usize::from(self.room), usize::from(self.features));
        // SAFETY: gd_init was given so many parameters, which are there as long as the trainer.
        let parameters = unsafe { from_raw_parts_mut(self.parameters, self.parameter_count()) };
        let head = LinearView::new(parameters, room, features);
        // The shape was checked when it was taken over.
        head.and_then(|head| head.with_classes(self.classes as usize)).map_err(|_| GD_ERROR_TRAINER)
    }

    /// The settings of a step.
    pub(crate) const fn tuner(&self) -> FineTuner {
        FineTuner::new(self.schedule, self.optimizer)
    }

    /// The state, with room to work in: two numbers for each of `room` classes.
    pub(crate) fn state<'a>(&self, scratch: &'a mut [f32], room: u16) -> Result<State<PairView<'a, f32>>, gd_status> {
        let mut state = State::with_work(PairView::new(scratch, usize::from(room)).map_err(status)?);
        state.set_steps(self.steps);
        Ok(state)
    }
}

/// A trainer that was initialised.
///
/// # Safety
/// `pointer` is null or points to a `gd_trainer` that nothing else refers to.
pub(crate) unsafe fn trainer<'a>(pointer: *mut gd_trainer) -> Result<&'a mut Trainer, gd_status> {
    span(pointer, 1)?;
    let pointer = pointer.cast::<Trainer>();
    // SAFETY: the memory is large enough and aligned; the mark is a number whatever lies there.
    if unsafe { ptr::addr_of!((*pointer).mark).read() } != MARK {
        return Err(GD_ERROR_TRAINER);
    }
    // SAFETY: the mark says that gd_init made a trainer of it.
    Ok(unsafe { &mut *pointer })
}

/// Makes a trainer for a head of `classes` and `features`, each at least 1, over the caller's `parameters`: the weights row by row (a
/// row is a class), then the biases, `count` in all, which must be `classes * (features + 1)`. All zeros is a head that knows
/// nothing. All classes are in use, no step is taken and nothing counted; the learning rate is 0.05, beta is 1, the temperature 1, the
/// threshold 0.
///
/// The parameters stay the caller's: they are read and changed in place, and must be there as long as the trainer is used.
///
/// # Errors
/// GD_ERROR_POINTER, also if the two overlap; GD_ERROR_LENGTH if `count` is another, or the shape has no class or no feature;
/// GD_ERROR_NOT_FINITE if a parameter is NaN or infinite.
///
/// # Safety
/// `trainer` points to a gd_trainer, `parameters` to `count` floats, and both are used by nobody else during a call, no interrupt
/// and no other thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_init(
    trainer: *mut gd_trainer,
    parameters: *mut f32,
    count: usize,
    classes: u16,
    features: u16,
) -> gd_status {
    let init = || {
        let both = [span(trainer, 1)?, span(parameters, count)?];
        // SAFETY: the caller's.
        let numbers = unsafe { from_raw_parts_mut(parameters, count) };
        let head = LinearView::new(numbers, usize::from(classes), usize::from(features)).map_err(status)?;
        apart(&both, &[])?;
        head.check().map_err(status)?;
        let new = Trainer {
            mark: MARK,
            room: classes,
            features,
            classes: u32::from(classes),
            parameters,
            steps: 0,
            schedule: const { BetaSchedule::constant(1.0) },
            optimizer: const { Sgd::new(0.05) },
            readout: Readout::new(),
            calibration: Calibration::new(),
        };
        // SAFETY: the memory is large enough and aligned.
        unsafe { trainer.cast::<Trainer>().write(new) };
        Ok(())
    };
    to_status(init())
}

/// The optimizer of gd_set_optimizer.
pub(crate) fn sgd(learning_rate: f32, weight_decay: f32, clip_norm: f32) -> Result<Sgd, gd_status> {
    let sgd = Sgd::try_new(learning_rate).and_then(|sgd| sgd.try_with_weight_decay(weight_decay)).map_err(status)?;
    if clip_norm == 0.0 { Ok(sgd) } else { sgd.try_with_clip_norm(clip_norm).map_err(status) }
}

/// The schedule of gd_set_beta.
pub(crate) fn schedule(start: f32, end: f32, steps: u32, geometric: bool) -> Result<BetaSchedule, gd_status> {
    let schedule = match (steps, geometric) {
        (0, _) => BetaSchedule::try_constant(end),
        (_, true) => BetaSchedule::try_geometric(start, end, steps),
        (_, false) => BetaSchedule::try_linear(start, end, steps),
    };
    schedule.map_err(status)
}

/// Sets the optimizer: plain SGD with a learning rate in (0, 1e6], a weight decay in [0, 1 / learning rate], and the norm in
/// [1e-6, 1e6] that a step's gradient is clipped to, 0 meaning that it is not.
///
/// # Errors
/// GD_ERROR_RANGE if one is out of its range.
///
/// # Safety
/// As gd_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_set_optimizer(
    trainer: *mut gd_trainer,
    learning_rate: f32,
    weight_decay: f32,
    clip_norm: f32,
) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.optimizer = sgd(learning_rate, weight_decay, clip_norm)?;
        Ok(())
    };
    to_status(set())
}

/// Sets beta, in (0, 1e6]: small asks for a large margin, 1 is plain cross-entropy, large lets go of a sample early. It goes from
/// `start` to `end` over the first `steps` steps, by equal factors if `geometric`, else by equal differences. `steps` 0 is `end` from
/// the beginning.
///
/// # Errors
/// GD_ERROR_RANGE if one is out of its range, or if `geometric` and the larger is more than 1e37 times the smaller.
///
/// # Safety
/// As gd_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_set_beta(
    trainer: *mut gd_trainer,
    start: f32,
    end: f32,
    steps: u32,
    geometric: bool,
) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.schedule = schedule(start, end, steps, geometric)?;
        Ok(())
    };
    to_status(set())
}

/// Sets how logits become an answer: they are divided by a temperature in [0.01, 100], above 1 for a head that is too sure; a
/// probability below a threshold in [0, 1] is "unknown".
///
/// # Errors
/// GD_ERROR_RANGE if one is out of its range.
///
/// # Safety
/// As gd_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_set_readout(trainer: *mut gd_trainer, temperature: f32, threshold: f32) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        let readout = Readout::new().try_with_temperature(temperature).map_err(status)?;
        trainer.readout = readout.try_with_threshold(threshold).map_err(status)?;
        Ok(())
    };
    to_status(set())
}

/// The number of steps taken, the place in the warm-up; it stays at 2^32 - 1.
///
/// # Safety
/// As gd_init; `steps` points to a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_get_steps(trainer: *mut gd_trainer, steps: *mut u32) -> gd_status {
    let get = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.apart(&[span(steps, 1)?])?;
        // SAFETY: the caller's.
        unsafe { steps.write(trainer.steps) };
        Ok(())
    };
    to_status(get())
}

/// Sets the number of steps taken: 0 begins the warm-up again.
///
/// # Safety
/// As gd_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_set_steps(trainer: *mut gd_trainer, steps: u32) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { self::trainer(trainer) }.map(|trainer| trainer.steps = steps))
}
