//! The head in integers over the caller's memory: for cores without FPU, where it links no floating point to learn and to answer.

mod saving;

use core::ffi::c_void;
use core::mem::take;
use core::ops::Range;
use core::ptr;
use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::{FixedSettings, FixedView, Head, PairView, State};

pub use saving::*;

use crate::pointer::{apart, span};
use crate::status::*;

/// A linear head that infers and learns in integers, for cores without FPU: on a Cortex-M0 a label takes a sixteenth of a gd_trainer's instructions.
/// gd_fixed_init fills it in; of its members `classes`, `steps` and `exponent` are there to be read, and none is there to be written. All numbers
/// are fixed point:
///
/// feature   int8_t, q / 2^exponent; subtract a zero point first
/// weight    int16_t, q / 2^12, in [-8, 8); one that would leave the range stays at its end
/// bias      int32_t, q / 2^16
/// logit     int32_t, q / 2^16, in [-16000, 16000]; INT32_MIN of a class that is not in use
/// probability  int32_t, q / 2^15, in [0, 1]
///
/// Updates are rounded at random, by the seed, so that small ones have their effect. The bits are the same on every core.
///
/// A function that is given one can return GD_ERROR_POINTER, also if two of its buffers overlap, each other, the head or its memory, and
/// GD_ERROR_TRAINER if gd_fixed_init has not filled it in or a member is out of its range; whatever else it can return it says itself. After an
/// error the head, its memory but for room to work in, and all that a function would have written are as before.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gd_fixed {
    /// Says that gd_fixed_init has filled it in.
    pub mark: u32,
    /// Classes that there is room for, at least 1.
    pub room: u16,
    /// Features of a sample, 1 to 512.
    pub features: u16,
    /// Classes in use, at most `room`.
    pub classes: u32,
    /// Labels learned, the place in the warm-up; it stays at 2^32 - 1.
    pub steps: u32,
    /// The exponent of the features, 0 to 7.
    pub exponent: u32,
    /// The state of the random numbers that round, never 0.
    pub random: u32,
    /// The learning rate in units of 1 / 32768, 1 to 32768.
    pub rate: u32,
    /// The logarithm of beta at step 0, in units of 1 / 65536.
    pub ln_beta_start: i32,
    /// The logarithm of beta after the warm-up, in units of 1 / 65536.
    pub ln_beta_end: i32,
    /// The steps of the warm-up.
    pub ln_beta_steps: u32,
    /// GD_FIXED_BYTES(room, features) bytes: the biases, room to work in, the weights row by row.
    pub memory: *mut c_void,
}

/// The report of a step of a gd_fixed.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct gd_fixed_step {
    /// The loss of the sample before the step, in nats, in units of 1 / 65536, at least 0.
    pub loss: i32,
    /// The most probable class before the step, from 0; the first of equal ones.
    pub class_index: u32,
}

/// The answer of a gd_fixed for a sample.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct gd_fixed_prediction {
    /// The most probable class, from 0; the first of equal ones.
    pub class_index: u32,
    /// Its probability, in units of 1 / 32768, 0 to 32768.
    pub probability: i32,
    /// Whether that reaches the threshold: if not, the answer is "unknown".
    pub known: bool,
}

/// The mark of an initialised head.
const MARK: u32 = u32::from_le_bytes(*b"GDfx");

/// A certain answer's probability.
const CERTAIN: i32 = 1 << 15;

/// The learning rate that gd_fixed_init sets: 0.02.
const RATE: u32 = 655;

/// The head of a call: the core's over the caller's memory, room to work in, two numbers for each class, and a copy of the handle.
struct Lent<'a> {
    head: FixedView<'a>,
    work: &'a mut [i32],
    it: gd_fixed,
}

impl gd_fixed {
    /// The bytes of its memory, if there can be so many.
    fn bytes(&self) -> usize {
        gd_fixed_bytes(self.room, self.features)
    }

    /// The core's head over its memory, as it stands.
    ///
    /// # Safety
    /// The memory is there, and nothing else refers to it as long as the head does.
    unsafe fn lent<'a>(self) -> Result<Lent<'a>, gd_status> {
        let (room, features) = (usize::from(self.room), usize::from(self.features));
        let bias = self.memory.cast::<i32>();
        // SAFETY: gd_fixed_init was given so many bytes, which are there as long as the head.
        let (bias, work, weights) = unsafe {
            let (work, weights) = (bias.add(room), bias.add(3 * room).cast::<i16>());
            (
                from_raw_parts_mut(bias, room),
                from_raw_parts_mut(work, 2 * room),
                from_raw_parts_mut(weights, room * features),
            )
        };
        // The shape was checked when it was taken over.
        let head = FixedView::new(weights, bias, features, self.exponent, 0);
        let head = head.and_then(|head| head.with_classes(self.classes as usize)).map_err(|_| GD_ERROR_TRAINER)?;
        Ok(Lent { head: head.with_random(self.random), work, it: self })
    }

    /// The settings of a label, if they are in their ranges. Not as an error of the core, whose value in floats would link floating point.
    fn settings(&self) -> Option<FixedSettings> {
        let settings = FixedSettings::try_new(self.rate).ok()?;
        settings.try_with_ln_beta(self.ln_beta_start, self.ln_beta_end, self.ln_beta_steps).ok()
    }
}

/// A copy of a head that was initialised, whose memory overlaps none of the buffers of the call.
///
/// # Safety
/// `pointer` is null or points to a `gd_fixed` that nothing else refers to.
#[inline(never)]
unsafe fn initialised(pointer: *mut gd_fixed, buffers: &[Range<usize>]) -> Result<gd_fixed, gd_status> {
    let own = span(pointer, 1)?;
    // SAFETY: the pointer is aligned; the mark is a number whatever lies there.
    if unsafe { ptr::addr_of!((*pointer).mark).read() } != MARK {
        return Err(GD_ERROR_TRAINER);
    }
    // SAFETY: the mark says that gd_fixed_init has filled it in.
    let it = unsafe { pointer.read() };
    apart(&[own, span(it.memory.cast::<u32>(), it.bytes() / 4)?], buffers)?;
    Ok(it)
}

/// Lets the core's head do something, and keeps what changed in it unless that was refused.
///
/// # Safety
/// As for [`initialised`]; its memory is there.
unsafe fn with(
    pointer: *mut gd_fixed,
    buffers: &[Range<usize>],
    work: impl FnOnce(&mut Lent<'_>) -> Result<(), gd_status>,
) -> Result<(), gd_status> {
    // SAFETY: the caller's.
    let mut lent = unsafe { initialised(pointer, buffers)?.lent()? };
    work(&mut lent)?;
    let Lent { head, mut it, .. } = lent;
    (it.classes, it.random) = (head.classes() as u32, head.random());
    // SAFETY: the caller's.
    unsafe { pointer.write(it) };
    Ok(())
}

/// The addresses of a place for something that may be left out: then it is null, and its count 0.
fn optional<T>(pointer: *const T, count: usize) -> Result<Range<usize>, gd_status> {
    if pointer.is_null() && count == 0 { Ok(0..0) } else { span(pointer, count) }
}

/// The bytes of the memory of a head in integers, the same as GD_FIXED_BYTES(classes, features): 2 for each weight, rounded up to a multiple of
/// 4, and 12 for each class.
#[unsafe(no_mangle)]
pub extern "C" fn gd_fixed_bytes(classes: u16, features: u16) -> usize {
    let (classes, features) = (usize::from(classes), usize::from(features));
    classes.saturating_mul(features).div_ceil(2).saturating_add(3 * classes).saturating_mul(4)
}

/// Makes a head in integers with room for `classes` classes, at least 1, of `features` features, 1 to 512, over the caller's `memory`:
/// GD_FIXED_BYTES(classes, features) bytes at a multiple of 4; `size` may be more. Features are q / 2^exponent, with an exponent of 0 to 7:
/// with 5 they are from -4 to 4, in steps of 1 / 32. Updates are rounded by random numbers that follow from `seed`, any number.
///
/// The head knows nothing yet, all classes are in use and no step is taken; the learning rate is 0.02 and beta 1. The memory stays the caller's,
/// and must be there, in its place, as long as the head is used.
///
/// # Errors
/// GD_ERROR_POINTER, also if the two overlap; GD_ERROR_LENGTH if the shape has no class, no feature or more than 512; GD_ERROR_RANGE if the
/// exponent is above 7; GD_ERROR_SHORT if `size` is less. Nothing is then changed.
///
/// # Safety
/// `fixed` points to a gd_fixed, `memory` to `size` bytes, and both are used by nobody else during a call, no interrupt and no other thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_init(
    fixed: *mut gd_fixed,
    memory: *mut c_void,
    size: usize,
    classes: u16,
    features: u16,
    exponent: u32,
    seed: u32,
) -> gd_status {
    let init = || {
        let mut new = gd_fixed {
            mark: MARK,
            room: classes,
            features,
            classes: u32::from(classes),
            steps: 0,
            exponent,
            random: 0,
            rate: RATE,
            ln_beta_start: 0,
            ln_beta_end: 0,
            ln_beta_steps: 0,
            memory,
        };
        let words = new.bytes() / 4;
        let both = [span(fixed, 1)?, span(memory.cast::<u32>(), words)?];
        // All of it is the head's, as far as overlaps go.
        apart(&both, &[])?;
        if exponent > 7 {
            return Err(GD_ERROR_RANGE);
        }
        if classes == 0 || !(1..=512).contains(&features) {
            return Err(GD_ERROR_LENGTH);
        }
        if size < 4 * words {
            return Err(GD_ERROR_SHORT);
        }
        // The seed's generator, from a head that is as small as can be.
        let (mut weight, mut bias) = ([0], [0]);
        new.random = FixedView::new(&mut weight, &mut bias, 1, exponent, seed).map_err(status)?.random();
        // SAFETY: the caller's; they overlap nothing.
        unsafe {
            from_raw_parts_mut(memory.cast::<u32>(), words).fill(0);
            fixed.write(new);
        }
        Ok(())
    };
    to_status(init())
}

/// Sets the learning rate, in units of 1 / 32768: 1 to 32768. GD_FIXED_RATE(0.02) is such a number.
///
/// # Errors
/// GD_ERROR_RANGE if it is out of its range.
///
/// # Safety
/// As gd_fixed_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_set_rate(fixed: *mut gd_fixed, rate: u32) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe {
        with(fixed, &[], |lent| {
            lent.it.rate = rate;
            lent.it.settings().map(drop).ok_or(GD_ERROR_RANGE)
        })
    })
}

/// Sets beta by its natural logarithm in units of 1 / 65536, from -6815744 to 917504: small asks for a large margin, 1 is plain cross-entropy.
/// It goes from `start` to `end` over the first `steps` steps, in equal differences of the logarithm, so that beta rises by equal factors;
/// `steps` 0 is `end` from the beginning.
///
/// beta      0.01     0.02     0.05     0.1      0.2      0.5     1  2      5
/// number    -301804  -256379  -196328  -150902  -105476  -45426  0  45426  105476
///
/// # Errors
/// GD_ERROR_RANGE if one is out of its range.
///
/// # Safety
/// As gd_fixed_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_set_ln_beta(fixed: *mut gd_fixed, start: i32, end: i32, steps: u32) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe {
        with(fixed, &[], |lent| {
            (lent.it.ln_beta_start, lent.it.ln_beta_end, lent.it.ln_beta_steps) = (start, end, steps);
            lent.it.settings().map(drop).ok_or(GD_ERROR_RANGE)
        })
    })
}

/// Sets the number of steps taken: 0 begins the warm-up again.
///
/// # Safety
/// As gd_fixed_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_set_steps(fixed: *mut gd_fixed, steps: u32) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe {
        with(fixed, &[], |lent| {
            lent.it.steps = steps;
            Ok(())
        })
    })
}

/// Learns a sample of a class in use. `features` are `feature_count` numbers. `step` may be null.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` is not that of gd_fixed_init; GD_ERROR_CLASS if the class is not in use.
///
/// # Safety
/// As gd_fixed_init; `features` points to as many numbers, `step` to a gd_fixed_step or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_learn(
    fixed: *mut gd_fixed,
    features: *const i8,
    feature_count: usize,
    class_index: u32,
    step: *mut gd_fixed_step,
) -> gd_status {
    let learn = || {
        let buffers = [span(features, feature_count)?, optional(step, usize::from(!step.is_null()))?];
        // SAFETY: the caller's; none of them overlaps another.
        unsafe {
            with(fixed, &buffers, |Lent { head, work, it }| {
                let settings = it.settings().ok_or(GD_ERROR_TRAINER)?;
                let mut state = State::with_work(PairView::new(take(work), it.room.into()).map_err(status)?);
                state.set_steps(it.steps);
                let features = from_raw_parts(features, feature_count);
                let learned = head.learn(&settings, &mut state, features, class_index as usize).map_err(status)?;
                it.steps = state.steps();
                if !step.is_null() {
                    step.write(gd_fixed_step { loss: learned.loss, class_index: learned.class as u32 });
                }
                Ok(())
            })
        }
    };
    to_status(learn())
}

/// The most probable class of a sample, and whether its probability reaches `threshold`, 0 to 32768 in units of 1 / 32768: if not, the answer is
/// "unknown"; 0 is none. GD_FIXED_PROBABILITY(0.6) is such a number. `probabilities` has one place a class that there is room for, `class_count`
/// in all, and gets the probability of each in the same units, 0 for a class that is not in use; or it is null, with a count of 0. After an error
/// `probabilities` may hold anything.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of gd_fixed_init; GD_ERROR_RANGE if the threshold is out of its range;
/// GD_ERROR_NO_CLASSES if no class is in use.
///
/// # Safety
/// As gd_fixed_init; `features` and `probabilities` point to as many numbers, `prediction` to a gd_fixed_prediction.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_predict(
    fixed: *mut gd_fixed,
    features: *const i8,
    feature_count: usize,
    probabilities: *mut i32,
    class_count: usize,
    threshold: i32,
    prediction: *mut gd_fixed_prediction,
) -> gd_status {
    let predict = || {
        let buffers = [span(features, feature_count)?, optional(probabilities, class_count)?, span(prediction, 1)?];
        if !(0..=CERTAIN).contains(&threshold) {
            return Err(GD_ERROR_RANGE);
        }
        // SAFETY: the caller's; none of them overlaps another.
        unsafe {
            with(fixed, &buffers, |Lent { head, work, it }| {
                let features = from_raw_parts(features, feature_count);
                let to = if probabilities.is_null() {
                    work.get_mut(..it.room.into()).unwrap_or_default()
                } else {
                    from_raw_parts_mut(probabilities, class_count)
                };
                let class = head.probabilities(features, to).map_err(status)?;
                let probability = to.get(class).copied().unwrap_or_default();
                let known = probability >= threshold;
                prediction.write(gd_fixed_prediction { class_index: class as u32, probability, known });
                Ok(())
            })
        }
    };
    to_status(predict())
}

/// The logits of a sample, one for each class that there is room for, `class_count` in all: in units of 1 / 65536, INT32_MIN of a class that is not
/// in use.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of gd_fixed_init.
///
/// # Safety
/// As gd_fixed_init; `features` and `logits` point to as many numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_fixed_logits(
    fixed: *mut gd_fixed,
    features: *const i8,
    feature_count: usize,
    logits: *mut i32,
    class_count: usize,
) -> gd_status {
    let get = || {
        let buffers = [span(features, feature_count)?, span(logits, class_count)?];
        // SAFETY: the caller's; none of them overlaps another.
        unsafe {
            with(fixed, &buffers, |lent| {
                let (features, logits) =
                    (from_raw_parts(features, feature_count), from_raw_parts_mut(logits, class_count));
                lent.head.logits(features, logits).map_err(status)
            })
        }
    };
    to_status(get())
}
