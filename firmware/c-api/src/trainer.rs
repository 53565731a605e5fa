//! The trainer: a head over the caller's parameters, and all that belongs to it.

use core::mem::{align_of, size_of};
use core::ops::Range;
use core::ptr;
use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::calibration::{Record, Score};
use gradient_decay::{
    BetaSchedule, Calibration, Error, GradientDecay, Libm, LinearView, PairView, Readout, Sgd, Step, Train,
};

use crate::pointer::{apart, span};
use crate::status::*;

/// The words of a trainer's memory.
pub const GD_TRAINER_WORDS: usize = 40;

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
/// between calls. A function that wants a head makes one that lives for the call.
///
/// The settings beyond a rate, kept with the functions that use them. gd_learn calls them by these pointers alone, so that a program that does
/// not set them does not link them.
pub(crate) struct Trainer {
    mark: u32,
    /// Classes that there is room for.
    pub(crate) room: u16,
    pub(crate) features: u16,
    /// Classes in use.
    pub(crate) classes: u32,
    parameters: *mut f32,
    pub(crate) steps: u32,
    rate: f32,
    pub(crate) readout: Readout,
    optimizer: Option<Optimizer>,
    schedule: Option<Schedule>,
    pub(crate) counting: Option<Counting>,
}

/// An optimizer beyond a rate.
struct Optimizer {
    sgd: Sgd,
    apply: Apply,
}

/// The update of a head for a sample's features, by the gradient in the work space.
type Apply = for<'a> fn(&Sgd, &mut LinearView<'a>, &[f32], &mut PairView<'a, f32>) -> Result<(), Error>;

/// A beta other than 1.
struct Schedule {
    schedule: BetaSchedule,
    at: fn(&BetaSchedule, u32) -> GradientDecay,
}

/// The answers that were counted.
pub(crate) struct Counting {
    pub(crate) calibration: Calibration<10>,
    pub(crate) score: fn(&Calibration<10>, &[f32], f32, usize) -> Option<Score>,
    pub(crate) record: fn(&mut Calibration<10>, &Step<'_>, Option<Score>, usize),
}

impl Counting {
    /// Nothing counted yet. No constant: it would be copied by memcpy, which takes 0.9 kB.
    pub(crate) fn new() -> Self {
        Counting { calibration: Calibration::new(), score: Record::score, record: Record::record }
    }
}

/// The largest gradient of a logit, where the label is a class.
const LARGEST: f32 = 1.0;

/// The mark of an initialised trainer.
const MARK: u32 = u32::from_le_bytes(*b"GDtr");

const _: () =
    assert!(size_of::<Trainer>() <= size_of::<gd_trainer>() && align_of::<Trainer>() <= align_of::<gd_trainer>());

impl Trainer {
    /// The number of parameters.
    fn parameter_count(&self) -> usize {
        usize::from(self.room) * (usize::from(self.features) + 1)
    }

    /// The addresses of the trainer and of its parameters.
    fn own(&self) -> [Range<usize>; 2] {
        let (start, parameters) = (ptr::from_ref(self).addr(), self.parameters.addr());
        [start..start + size_of::<gd_trainer>(), parameters..parameters + size_of::<f32>() * self.parameter_count()]
    }

    /// Whether none of the buffers of a call overlaps another, the parameters or the trainer.
    pub(crate) fn apart(&self, buffers: &[Range<usize>]) -> Result<(), gd_status> {
        apart(&self.own(), buffers)
    }

    /// The head.
    ///
    /// # Safety
    /// The caller's parameters are there, and nothing else refers to them as long as the head is.
    pub(crate) unsafe fn head<'a>(&self) -> LinearView<'a> {
        let (room, features) = (usize::from(self.room), usize::from(self.features));
        let count = room * features;
        // SAFETY: gd_init was given so many weights and then biases, which are there as long as the trainer.
        let (weights, bias) = unsafe {
            (from_raw_parts_mut(self.parameters, count), from_raw_parts_mut(self.parameters.add(count), room))
        };
        LinearView::again(weights, bias, features, u32::from(self.room) - self.classes)
    }

    /// The loss of the next step.
    pub(crate) fn loss(&self) -> GradientDecay {
        const PLAIN: GradientDecay = GradientDecay::new(1.0);
        self.schedule.as_ref().map_or(PLAIN, |set| (set.at)(&set.schedule, self.steps))
    }

    /// Updates a head by the gradient of a sample whose label is a class.
    pub(crate) fn apply<'a>(
        &self,
        head: &mut LinearView<'a>,
        features: &[f32],
        work: &mut PairView<'a, f32>,
    ) -> Result<(), Error> {
        match &self.optimizer {
            None => head.apply_plain(self.rate, features, work, LARGEST),
            Some(set) => (set.apply)(&set.sgd, head, features, work),
        }
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
        if classes == 0 || features == 0 || count != usize::from(classes) * (usize::from(features) + 1) {
            return Err(GD_ERROR_LENGTH);
        }
        apart(&both, &[])?;
        // SAFETY: the caller's.
        if !unsafe { from_raw_parts(parameters, count) }.iter().all(|parameter| parameter.is_finite()) {
            return Err(GD_ERROR_NOT_FINITE);
        }
        let new = Trainer {
            mark: MARK,
            room: classes,
            features,
            classes: u32::from(classes),
            parameters,
            steps: 0,
            rate: 0.05,
            readout: Readout::new(),
            optimizer: None,
            schedule: None,
            counting: None,
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

/// Sets the learning rate, in (0, 1e6], of plain SGD: without weight decay and clipping.
///
/// # Errors
/// GD_ERROR_RANGE if it is out of its range.
///
/// # Safety
/// As gd_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_set_rate(trainer: *mut gd_trainer, learning_rate: f32) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        trainer.rate = Sgd::try_new(learning_rate).map_err(status)?.learning_rate();
        trainer.optimizer = None;
        Ok(())
    };
    to_status(set())
}

/// Any update.
fn apply<'a>(
    sgd: &Sgd,
    head: &mut LinearView<'a>,
    features: &[f32],
    work: &mut PairView<'a, f32>,
) -> Result<(), Error> {
    head.apply(sgd, features, work, LARGEST)
}

/// Sets the optimizer: SGD with a learning rate in (0, 1e6], a weight decay in [0, 1 / learning rate], and the norm in
/// [1e-6, 1e6] that a step's gradient is clipped to, 0 meaning that it is not. Where the rate is enough, gd_set_rate links less.
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
        trainer.optimizer = Some(Optimizer { sgd: sgd(learning_rate, weight_decay, clip_norm)?, apply });
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
        let schedule = schedule(start, end, steps, geometric)?;
        trainer.schedule = Some(Schedule { schedule, at: BetaSchedule::at::<Libm> });
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
