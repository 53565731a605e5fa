//! The discriminant: streaming LDA over the caller's memory, which learns what a few labels tell and can take a label back.

use core::ops::Range;
use core::ptr;
use core::slice::{from_raw_parts, from_raw_parts_mut};

use gradient_decay::discriminant::Progress;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{Classes, Contents, DiscriminantView, Head, Prediction, Readout, StreamingLda, checkpoint};

use crate::learn::gd_prediction;
use crate::pointer::{apart, span};
use crate::status::*;

/// A discriminant (streaming linear discriminant analysis) over the caller's memory. gd_discriminant_init fills it in; of its members
/// `classes`, `labels` and what `counts` points to are there to be read, and none is there to be written.
///
/// A function that is given one can return GD_ERROR_POINTER, also if two of its buffers overlap, and GD_ERROR_TRAINER if
/// gd_discriminant_init has not filled it in or a member is out of its range; whatever else it can return it says itself. After an error
/// the discriminant, its numbers and counts and all that a function would have written are as before, but for its scratch.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gd_discriminant {
    /// Says that gd_discriminant_init has filled it in.
    pub mark: u32,
    /// Classes that there is room for, at least 1.
    pub room: u16,
    /// Features of a sample, at least 1.
    pub features: u16,
    /// Classes in use, at most `room`.
    pub classes: u32,
    /// Labels learned since the beginning or gd_discriminant_discount, less those taken back; it stays at 2^32 - 1.
    pub labels: u32,
    /// The samples that the scatter stands for beside the labels, in [1e-3, 1e6]; 0 before the first label.
    pub prior: f32,
    /// The samples among these that gd_discriminant_discount kept, in [0, prior].
    pub base: f32,
    /// The samples that the prior weighs as much as, in [1e-3, 1e6].
    pub prior_samples: f32,
    /// The variance of the prior, in [1e-6, 1e6].
    pub prior_variance: f32,
    /// The variance that a label adds to every feature, in [0, 1].
    pub ridge: f32,
    /// The samples of a class from which on the last ones weigh more, at least 1.
    pub most: u32,
    /// GD_DISCRIMINANT_NUMBERS(room, features) floats: the factors of the inverse scatter, the means, the rows, the biases.
    pub numbers: *mut f32,
    /// The samples of each class, `room` of them; 0 of a class that has none, which takes no part.
    pub counts: *mut u32,
    /// GD_DISCRIMINANT_SCRATCH(room, features) floats to work in, which may be anything before and after a call.
    pub scratch: *mut f32,
}

/// The mark of an initialised discriminant.
const MARK: u32 = u32::from_le_bytes(*b"GDld");

impl gd_discriminant {
    /// The settings of a label.
    fn lda(&self) -> Result<StreamingLda, gd_status> {
        lda(self.prior_samples, self.prior_variance, self.ridge, self.most)
    }

    /// The numbers of its arrays: statistics, counts, scratch.
    fn lengths(&self) -> (usize, usize, usize) {
        let (room, features) = (usize::from(self.room), usize::from(self.features));
        (StatisticsView::numbers_of(room, features), room, StatisticsView::scratch_of(room, features))
    }

    /// The core's discriminant over its arrays, as it stands.
    ///
    /// # Safety
    /// The arrays are there, and nothing else refers to them as long as the discriminant is.
    unsafe fn view<'a>(&self) -> Result<DiscriminantView<'a>, gd_status> {
        let (numbers, counts, scratch) = self.lengths();
        // SAFETY: gd_discriminant_init was given so many, which are there as long as the discriminant.
        let (numbers, counts, scratch) = unsafe {
            (
                from_raw_parts_mut(self.numbers, numbers),
                from_raw_parts_mut(self.counts, counts),
                from_raw_parts_mut(self.scratch, scratch),
            )
        };
        let progress =
            Progress { prior: self.prior, base: self.base, labels: self.labels, classes: self.classes as usize };
        let view = DiscriminantView::new(numbers, counts, scratch, usize::from(self.features));
        // The shape was checked when it was taken over, and the progress is the core's own.
        view.and_then(|view| view.with_progress(progress)).map_err(|_| GD_ERROR_TRAINER)
    }
}

/// The settings of streaming LDA, each of which must be in its range.
pub(crate) fn lda(prior_samples: f32, prior_variance: f32, ridge: f32, most: u32) -> Result<StreamingLda, gd_status> {
    let lda = const { StreamingLda::new() }.try_with_prior(prior_samples, prior_variance);
    Ok(lda.and_then(|lda| lda.try_with_ridge(ridge)).map_err(status)?.with_most(most))
}

/// A copy of a discriminant that was initialised, whose memory overlaps none of the buffers of the call.
///
/// # Safety
/// `pointer` is null or points to a `gd_discriminant` that nothing else refers to.
#[inline(never)]
unsafe fn initialised(pointer: *mut gd_discriminant, buffers: &[Range<usize>]) -> Result<gd_discriminant, gd_status> {
    let own = span(pointer, 1)?;
    // SAFETY: the pointer is aligned; the mark is a number whatever lies there.
    if unsafe { ptr::addr_of!((*pointer).mark).read() } != MARK {
        return Err(GD_ERROR_TRAINER);
    }
    // SAFETY: the mark says that gd_discriminant_init has filled it in.
    let it = unsafe { pointer.read() };
    let (numbers, counts, scratch) = it.lengths();
    let arrays = [own, span(it.numbers, numbers)?, span(it.counts, counts)?, span(it.scratch, scratch)?];
    apart(&arrays, buffers)?;
    Ok(it)
}

/// Lets the core's discriminant do something, and keeps its progress unless that was refused.
///
/// # Safety
/// As for [`initialised`]; its arrays are there.
unsafe fn with(
    pointer: *mut gd_discriminant,
    buffers: &[Range<usize>],
    work: impl FnOnce(&mut DiscriminantView<'_>, &StreamingLda) -> Result<(), gd_status>,
) -> Result<(), gd_status> {
    // SAFETY: the caller's.
    let mut it = unsafe { initialised(pointer, buffers)? };
    let lda = it.lda().map_err(|_| GD_ERROR_TRAINER)?;
    // SAFETY: the caller's.
    let mut view = unsafe { it.view()? };
    work(&mut view, &lda)?;
    let Progress { prior, base, labels, classes } = view.progress();
    (it.prior, it.base, it.labels, it.classes) = (prior, base, labels, classes as u32);
    // SAFETY: the caller's.
    unsafe { pointer.write(it) };
    Ok(())
}

/// Makes a discriminant with room for `classes` classes of `features` features, each at least 1, over the caller's memory: `numbers`,
/// GD_DISCRIMINANT_NUMBERS(classes, features) floats, `counts`, one a class, and `scratch`, GD_DISCRIMINANT_SCRATCH(classes, features)
/// floats to work in. Numbers and counts are set to zero: all classes are in use, none has a sample, and each takes part once it is
/// labelled. The settings are those that gd_discriminant_set names as the defaults.
///
/// The memory stays the caller's: it is read and changed in place, and must be there as long as the discriminant is used.
///
/// # Errors
/// GD_ERROR_POINTER, also if two of them overlap; GD_ERROR_LENGTH if a count is another, or the shape has no class or no feature.
/// Nothing is then changed.
///
/// # Safety
/// `discriminant` points to a gd_discriminant, `numbers` and `scratch` to as many floats and `counts` to as many numbers as is said, and
/// all are used by nobody else during a call, no interrupt and no other thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_init(
    discriminant: *mut gd_discriminant,
    numbers: *mut f32,
    number_count: usize,
    counts: *mut u32,
    count_count: usize,
    scratch: *mut f32,
    scratch_count: usize,
    classes: u16,
    features: u16,
) -> gd_status {
    let init = || {
        const LDA: StreamingLda = StreamingLda::new();
        let arrays = [
            span(discriminant, 1)?,
            span(numbers, number_count)?,
            span(counts, count_count)?,
            span(scratch, scratch_count)?,
        ];
        let new = gd_discriminant {
            mark: MARK,
            room: classes,
            features,
            classes: u32::from(classes),
            labels: 0,
            prior: 0.0,
            base: 0.0,
            prior_samples: LDA.prior_samples(),
            prior_variance: LDA.prior_variance(),
            ridge: LDA.ridge(),
            most: LDA.most(),
            numbers,
            counts,
            scratch,
        };
        if classes == 0 || features == 0 || new.lengths() != (number_count, count_count, scratch_count) {
            return Err(GD_ERROR_LENGTH);
        }
        apart(&arrays, &[])?;
        // SAFETY: the caller's; none of them overlaps another.
        unsafe {
            from_raw_parts_mut(numbers, number_count).fill(0.0);
            from_raw_parts_mut(counts, count_count).fill(0);
            discriminant.write(new);
        }
        Ok(())
    };
    to_status(init())
}

/// Sets how labels are learned: a prior of `prior_samples` samples, in [1e-3, 1e6], of the variance `prior_variance` in every direction, in
/// [1e-6, 1e6], which only a discriminant without a sample takes; a `ridge` that a label adds to the variance of every feature, in
/// [0, 1]; and `most`, the samples of a class from which on the last ones weigh more, so that its mean follows a user who changes; 0
/// counts as 1. The defaults are 16, 0.5, 0.001 and UINT32_MAX, meant for features of mean 0 and deviation 1.
///
/// # Errors
/// GD_ERROR_RANGE if one is out of its range.
///
/// # Safety
/// As gd_discriminant_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_set(
    discriminant: *mut gd_discriminant,
    prior_samples: f32,
    prior_variance: f32,
    ridge: f32,
    most: u32,
) -> gd_status {
    let set = || {
        // SAFETY: the caller's.
        let mut it = unsafe { initialised(discriminant, &[])? };
        let lda = lda(prior_samples, prior_variance, ridge, most)?;
        (it.prior_samples, it.prior_variance, it.ridge, it.most) = (prior_samples, prior_variance, ridge, lda.most());
        // SAFETY: the caller's.
        unsafe { discriminant.write(it) };
        Ok(())
    };
    to_status(set())
}

/// Learns a sample of a class in use; its first is enough for the class to take part. `features` are `feature_count` floats in
/// [-1e6, 1e6].
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` is not that of gd_discriminant_init; GD_ERROR_CLASS if the class is not in use;
/// GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if a feature is NaN, infinite or out of its range; GD_ERROR_TOO_LARGE if the update could leave the
/// range of a float.
///
/// # Safety
/// As gd_discriminant_init; `features` points to as many floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_learn(
    discriminant: *mut gd_discriminant,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
) -> gd_status {
    let learn = || {
        let buffers = [span(features, feature_count)?];
        // SAFETY: the caller's.
        unsafe {
            with(discriminant, &buffers, |head, lda| {
                head.learn(lda, from_raw_parts(features, feature_count), class_index as usize).map_err(status)
            })
        }
    };
    to_status(learn())
}

/// Takes a sample back that was learned with this label, a slip of the finger: the discriminant is as if it had not been, but for rounding and, of
/// every sixteenth label, a small ridge.
/// The settings must be those that it was learned with. A class whose only sample is taken back is in use without one.
///
/// # Errors
/// As gd_discriminant_learn; GD_ERROR_NOT_LEARNED if the class has no sample, or cannot have learned this one.
///
/// # Safety
/// As gd_discriminant_learn.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_unlearn(
    discriminant: *mut gd_discriminant,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
) -> gd_status {
    let unlearn = || {
        let buffers = [span(features, feature_count)?];
        // SAFETY: the caller's.
        unsafe {
            with(discriminant, &buffers, |head, lda| {
                head.unlearn(lda, from_raw_parts(features, feature_count), class_index as usize).map_err(status)
            })
        }
    };
    to_status(unlearn())
}

/// The most probable class of a sample among those with a sample, and whether its probability reaches `threshold`, in [0, 1]: if not, the
/// answer is "unknown"; 0 is none. `probabilities` has one place a class that there is room for, `class_count` in all, and gets the
/// probability of each, 0 for a class without a sample. After an error `probabilities` may hold anything.
///
/// # Errors
/// GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of gd_discriminant_init; GD_ERROR_NO_CLASSES if no class has a sample;
/// GD_ERROR_NOT_FINITE if a feature is NaN or infinite, or a logit leaves the range of a float; GD_ERROR_RANGE if the threshold is out of
/// its range.
///
/// # Safety
/// As gd_discriminant_init; `features` and `probabilities` point to as many floats, `prediction` to a gd_prediction.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_predict(
    discriminant: *mut gd_discriminant,
    features: *const f32,
    feature_count: usize,
    probabilities: *mut f32,
    class_count: usize,
    threshold: f32,
    prediction: *mut gd_prediction,
) -> gd_status {
    let predict = || {
        let buffers = [span(features, feature_count)?, span(probabilities, class_count)?, span(prediction, 1)?];
        let readout = const { Readout::new() }.try_with_threshold(threshold).map_err(status)?;
        // SAFETY: the caller's; none of them overlaps another.
        unsafe {
            with(discriminant, &buffers, |head, _| {
                let probabilities = from_raw_parts_mut(probabilities, class_count);
                head.logits(from_raw_parts(features, feature_count), probabilities).map_err(status)?;
                let answer = readout.answer_logits(probabilities).map_err(status)?;
                let (Prediction { class, probability }, known) = (answer.prediction(), answer.class().is_some());
                prediction.write(gd_prediction { class_index: class as u32, probability, known });
                Ok(())
            })
        }
    };
    to_status(predict())
}

/// Keeps what was learned with the weight of `samples` samples, in [1e-3, 1e6], each class with the weight of `most` at most: for what a
/// training set said before a device goes on, or for another user. The logits are the same but for their temperature; `labels` counts
/// from 0.
///
/// # Errors
/// GD_ERROR_RANGE if `samples` is out of its range; GD_ERROR_NO_CLASSES if no class has a sample.
///
/// # Safety
/// As gd_discriminant_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_discount(
    discriminant: *mut gd_discriminant,
    samples: f32,
    most: u32,
) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { with(discriminant, &[], |head, _| head.discount(samples, most).map_err(status)) })
}

/// Takes one more class into use, whose number is the count of classes before: after gd_discriminant_remove_class, or after a checkpoint with
/// fewer classes in use was loaded.
///
/// # Errors
/// GD_ERROR_NO_ROOM if all are in use.
///
/// # Safety
/// As gd_discriminant_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_add_class(discriminant: *mut gd_discriminant) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { with(discriminant, &[], |head, _| head.add_class().map(drop).map_err(status)) })
}

/// Removes a class; those above it move down by one, with their means and counts. What its samples said of the scatter that all classes
/// share stays.
///
/// # Errors
/// GD_ERROR_CLASS if the class is not in use.
///
/// # Safety
/// As gd_discriminant_init.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_remove_class(
    discriminant: *mut gd_discriminant,
    class_index: u32,
) -> gd_status {
    // SAFETY: the caller's.
    to_status(unsafe { with(discriminant, &[], |head, _| head.remove_class(class_index as usize).map_err(status)) })
}

/// Writes a checkpoint, versioned bytes with a CRC: GD_DISCRIMINANT_CHECKPOINT_BYTES(classes, features) of them; `size` may be more. The
/// Rust library reads them as well. The settings are not among them.
///
/// # Errors
/// GD_ERROR_SHORT if `size` is less; GD_ERROR_NOT_FINITE if a number is NaN or infinite. The bytes are then unchanged.
///
/// # Safety
/// As gd_discriminant_init; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_save(
    discriminant: *mut gd_discriminant,
    bytes: *mut u8,
    size: usize,
) -> gd_status {
    let save = || {
        let buffers = [span(bytes, size)?];
        // SAFETY: the caller's.
        unsafe {
            with(discriminant, &buffers, |head, _| {
                checkpoint::write(head, Contents::ALL, from_raw_parts_mut(bytes, size)).map(drop).map_err(write_status)
            })
        }
    };
    to_status(save())
}

/// Reads a checkpoint with a discriminant of the same shape, from C or Rust, of this version of the library or an earlier one; `size` may be
/// more. What else it holds is skipped. The settings stay as they are.
///
/// # Errors
/// GD_ERROR_CHECKPOINT if it is damaged, cut short, or another head's; GD_ERROR_NOT_FINITE if it holds a number that is NaN or infinite.
/// Nothing is then changed.
///
/// # Safety
/// As gd_discriminant_save.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_discriminant_load(
    discriminant: *mut gd_discriminant,
    bytes: *const u8,
    size: usize,
) -> gd_status {
    let load = || {
        let buffers = [span(bytes, size)?];
        // SAFETY: the caller's.
        unsafe {
            with(discriminant, &buffers, |head, _| checkpoint::read(from_raw_parts(bytes, size), head).map_err(status))
        }
    };
    to_status(load())
}
