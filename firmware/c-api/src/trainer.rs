//! The trainer: a head over the caller's parameters, and all that belongs to it.

use core::mem::{align_of, size_of};
use core::ptr;
use core::slice;

use gradient_decay::{
    Answer, BetaSchedule, Calibration, FineTuner, Prediction, Readout, Sgd, SliceHead, State, checkpoint,
};

use crate::status::*;

/// The words of a trainer's memory.
pub const GD_TRAINER_WORDS: usize = 48;

/// A trainer, whose contents are the library's own. Put it wherever it lives long enough, and give it to gd_init.
#[repr(C)]
pub struct gd_trainer {
    words: [u64; GD_TRAINER_WORDS],
}

/// What a head says of a sample.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct gd_prediction {
    /// The most probable class, from 0.
    pub class_index: u32,
    /// Its probability, in [0, 1].
    pub probability: f32,
    /// Whether that reaches the threshold: if not, the answer is "unknown".
    pub known: bool,
}

/// What a training step reports.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct gd_step {
    /// The loss of the sample before the step, >= 0.
    pub loss: f32,
    /// The beta of the step.
    pub beta: f32,
    /// What the sample was taken for before.
    pub class_index: u32,
    /// The softmax probability of that.
    pub probability: f32,
}

/// How far probabilities can be trusted: means over what gd_record was given.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct gd_calibration {
    /// Predictions.
    pub count: u32,
    /// The share that was right.
    pub accuracy: f32,
    /// The mean probability of the most probable class.
    pub confidence: f32,
    /// Negative log-likelihood, in nats.
    pub nll: f32,
    /// Brier score, in [0, 2].
    pub brier: f32,
    /// Expected calibration error, over 10 bins.
    pub ece: f32,
    /// Maximum calibration error.
    pub mce: f32,
}

/// What lies in a trainer's memory.
struct Trainer {
    mark: u32,
    classes: u16,
    features: u16,
    parameters: *mut f32,
    schedule: BetaSchedule,
    optimizer: Sgd,
    state: State,
    readout: Readout,
    calibration: Calibration<10>,
}

/// What an initialised trainer begins with.
const MARK: u32 = u32::from_le_bytes(*b"GDtr");

const _: () =
    assert!(size_of::<Trainer>() <= size_of::<gd_trainer>() && align_of::<Trainer>() <= align_of::<gd_trainer>());

impl Trainer {
    /// The caller's parameters as a head.
    ///
    /// # Safety
    /// What `gd_init` asks for still holds.
    unsafe fn head(&mut self) -> Result<SliceHead<'_>, gd_status> {
        let count = usize::from(self.classes) * (usize::from(self.features) + 1);
        // SAFETY: gd_init was given so many parameters, which are there as long as the trainer.
        let parameters = unsafe { slice::from_raw_parts_mut(self.parameters, count) };
        SliceHead::new(parameters, usize::from(self.classes), usize::from(self.features)).map_err(status)
    }
}

/// Whether a pointer can be one to `T`.
fn check<T>(pointer: *const T) -> Result<(), gd_status> {
    if pointer.is_null() || !pointer.is_aligned() { Err(GD_ERROR_POINTER) } else { Ok(()) }
}

/// A trainer that was initialised.
///
/// # Safety
/// `pointer` is null or points to a `gd_trainer` that nothing else refers to.
unsafe fn trainer<'a>(pointer: *mut gd_trainer) -> Result<&'a mut Trainer, gd_status> {
    check(pointer)?;
    let pointer = pointer.cast::<Trainer>();
    // SAFETY: the memory is large enough and aligned; its first word is a number whatever lies there.
    if unsafe { ptr::addr_of!((*pointer).mark).read() } != MARK {
        return Err(GD_ERROR_TRAINER);
    }
    // SAFETY: the mark says that gd_init made a trainer of it.
    Ok(unsafe { &mut *pointer })
}

/// Numbers of the caller.
///
/// # Safety
/// `pointer` is null or points to so many elements that nobody changes meanwhile.
unsafe fn input<'a, T>(pointer: *const T, count: usize) -> Result<&'a [T], gd_status> {
    check(pointer)?;
    // SAFETY: the caller's.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// A place for numbers of the caller.
///
/// # Safety
/// `pointer` is null or points to so many elements that nothing else refers to.
unsafe fn output<'a, T>(pointer: *mut T, count: usize) -> Result<&'a mut [T], gd_status> {
    check(pointer)?;
    // SAFETY: the caller's.
    Ok(unsafe { slice::from_raw_parts_mut(pointer, count) })
}

/// The status of a result.
fn to_status(result: Result<(), gd_status>) -> gd_status {
    result.err().unwrap_or(GD_OK)
}

/// Makes a trainer for a head of `classes` and `features`, each at least 1, over the caller's `parameters`: the weights row by row (a
/// row is a class), then the biases, `count` in all, which must be `classes * (features + 1)`. All zeros is a head that knows
/// nothing. The learning rate is 0.05, beta is 1, the temperature 1, the threshold 0.
///
/// The parameters stay the caller's: they are read and changed in place, and must be there as long as the trainer is used.
///
/// # Safety
/// `trainer` points to a gd_trainer, `parameters` to `count` floats, and both are used by nobody else during a call, no interrupt
/// and no other thread. The buffers that a function is given do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_init(
    trainer: *mut gd_trainer,
    parameters: *mut f32,
    count: usize,
    classes: u16,
    features: u16,
) -> gd_status {
    let init = || {
        check(trainer)?;
        // SAFETY: the caller's.
        let numbers = unsafe { output(parameters, count)? };
        let head = SliceHead::new(numbers, usize::from(classes), usize::from(features)).map_err(status)?;
        head.check().map_err(status)?;
        let new = Trainer {
            mark: MARK,
            classes,
            features,
            parameters,
            schedule: const { BetaSchedule::constant(1.0) },
            optimizer: const { Sgd::new(0.05) },
            state: State::new(),
            readout: Readout::new(),
            calibration: Calibration::new(),
        };
        // SAFETY: the memory is large enough and aligned.
        unsafe { trainer.cast::<Trainer>().write(new) };
        Ok(())
    };
    to_status(init())
}

/// Sets the optimizer: plain SGD with a learning rate in (0, 1e6], a weight decay in [0, 1 / learning rate], and the norm in
/// [1e-6, 1e6] that a step's gradient is clipped to, 0 meaning that it is not.
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
        let sgd =
            Sgd::try_new(learning_rate).and_then(|sgd| sgd.try_with_weight_decay(weight_decay)).map_err(status)?;
        trainer.optimizer = if clip_norm == 0.0 { sgd } else { sgd.try_with_clip_norm(clip_norm).map_err(status)? };
        Ok(())
    };
    to_status(set())
}

/// Sets beta, in (0, 1e6]: small learns fast with a large margin, 1 is plain cross-entropy, large stays calibrated. It goes from
/// `start` to `end` over the first `steps` steps, by equal factors if `geometric`, else by equal differences. `steps` 0 is `end` from
/// the beginning.
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
        let schedule = match (steps, geometric) {
            (0, _) => BetaSchedule::try_constant(end),
            (_, true) => BetaSchedule::try_geometric(start, end, steps),
            (_, false) => BetaSchedule::try_linear(start, end, steps),
        };
        trainer.schedule = schedule.map_err(status)?;
        Ok(())
    };
    to_status(set())
}

/// Sets how logits become an answer: a temperature in [0.01, 100], and a threshold in [0, 1] below which a probability is
/// "unknown".
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

/// What a sample is. `features` are as many as `feature_count` says, which must be those of the head; `probabilities` has one place
/// a class. After an error `probabilities` may hold anything.
///
/// # Safety
/// As gd_init; `features` and `probabilities` point to as many floats, `prediction` to a gd_prediction.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_predict(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    probabilities: *mut f32,
    class_count: usize,
    prediction: *mut gd_prediction,
) -> gd_status {
    let predict = || {
        // SAFETY: the caller's.
        let (trainer, features, probabilities) =
            unsafe { (self::trainer(trainer)?, input(features, feature_count)?, output(probabilities, class_count)?) };
        check(prediction)?;
        let readout = trainer.readout;
        // SAFETY: the caller's.
        let head = unsafe { trainer.head()? };
        head.logits(features, probabilities).map_err(status)?;
        let answer = readout.answer_logits(probabilities).map_err(status)?;
        let known = matches!(answer, Answer::Class(_));
        let (Answer::Class(Prediction { class, probability }) | Answer::Unknown(Prediction { class, probability })) =
            answer;
        // SAFETY: the caller's.
        unsafe { prediction.write(gd_prediction { class_index: class as u32, probability, known }) };
        Ok(())
    };
    to_status(predict())
}

/// Learns a labelled sample: forward pass, loss, gradient and update. `scratch` has one place a class, and holds anything afterwards.
///
/// # Safety
/// As gd_predict; `step` points to a gd_step, or is null if it is of no interest.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_learn(
    trainer: *mut gd_trainer,
    features: *const f32,
    feature_count: usize,
    class_index: u32,
    scratch: *mut f32,
    class_count: usize,
    step: *mut gd_step,
) -> gd_status {
    let learn = || {
        // SAFETY: the caller's.
        let (trainer, features, scratch) =
            unsafe { (self::trainer(trainer)?, input(features, feature_count)?, output(scratch, class_count)?) };
        if !step.is_null() {
            check(step)?;
        }
        let tuner = FineTuner::new(trainer.schedule, trainer.optimizer);
        let mut state = trainer.state.clone();
        // SAFETY: the caller's.
        let mut head = unsafe { trainer.head()? };
        let done = tuner.step_slices(&mut head, &mut state, features, class_index as usize, scratch).map_err(status)?;
        trainer.state = state;
        if !step.is_null() {
            let Prediction { class, probability } = done.prediction;
            let report = gd_step { loss: done.loss, beta: done.beta, class_index: class as u32, probability };
            // SAFETY: the caller's.
            unsafe { step.write(report) };
        }
        Ok(())
    };
    to_status(learn())
}

/// The number of steps taken, the place in the warm-up.
///
/// # Safety
/// As gd_init; `steps` points to a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_get_steps(trainer: *mut gd_trainer, steps: *mut u32) -> gd_status {
    let get = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        check(steps)?;
        // SAFETY: the caller's.
        unsafe { steps.write(trainer.state.steps()) };
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
    to_status(unsafe { self::trainer(trainer) }.map(|trainer| trainer.state.set_steps(steps)))
}

/// Records what gd_predict said of a sample whose class is known, for gd_get_calibration: before it is learned.
///
/// # Safety
/// As gd_init; `probabilities` points to `class_count` floats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_record(
    trainer: *mut gd_trainer,
    probabilities: *const f32,
    class_count: usize,
    class_index: u32,
) -> gd_status {
    let record = || {
        // SAFETY: the caller's.
        let (trainer, probabilities) = unsafe { (self::trainer(trainer)?, input(probabilities, class_count)?) };
        if class_count != usize::from(trainer.classes) {
            return Err(GD_ERROR_LENGTH);
        }
        trainer.calibration.record(probabilities, class_index as usize).map_err(status)
    };
    to_status(record())
}

/// The calibration over all that was recorded; GD_ERROR_EMPTY if nothing was.
///
/// # Safety
/// As gd_init; `calibration` points to a gd_calibration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_get_calibration(trainer: *mut gd_trainer, calibration: *mut gd_calibration) -> gd_status {
    let get = || {
        // SAFETY: the caller's.
        let trainer = unsafe { self::trainer(trainer)? };
        check(calibration)?;
        let summary = trainer.calibration.summary().ok_or(GD_ERROR_EMPTY)?;
        let report = gd_calibration {
            count: summary.count,
            accuracy: summary.accuracy,
            confidence: summary.confidence,
            nll: summary.nll,
            brier: summary.brier,
            ece: summary.ece,
            mce: summary.mce,
        };
        // SAFETY: the caller's.
        unsafe { calibration.write(report) };
        Ok(())
    };
    to_status(get())
}

/// The bytes of a checkpoint of a head of this shape.
#[unsafe(no_mangle)]
pub extern "C" fn gd_checkpoint_size(classes: u16, features: u16) -> usize {
    checkpoint::size(usize::from(classes), usize::from(features), false)
}

/// Writes head, steps and read-out as versioned bytes with a CRC, gd_checkpoint_size of them; `size` may be more. The Rust library
/// reads them as well.
///
/// # Safety
/// As gd_init; `bytes` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_checkpoint_write(trainer: *mut gd_trainer, bytes: *mut u8, size: usize) -> gd_status {
    let write = || {
        // SAFETY: the caller's.
        let (trainer, bytes) = unsafe { (self::trainer(trainer)?, output(bytes, size)?) };
        let (state, readout) = (trainer.state.clone(), trainer.readout);
        // SAFETY: the caller's.
        let head = unsafe { trainer.head()? };
        checkpoint::write_slices(&head, &state, &readout, bytes).map(|_| ()).map_err(status)
    };
    to_status(write())
}

/// Reads a checkpoint of a head of the same shape. What is damaged, or another head's, is refused, and nothing is changed.
///
/// # Safety
/// As gd_checkpoint_write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gd_checkpoint_read(trainer: *mut gd_trainer, bytes: *const u8, size: usize) -> gd_status {
    let read = || {
        // SAFETY: the caller's.
        let (trainer, bytes) = unsafe { (self::trainer(trainer)?, input(bytes, size)?) };
        let (mut state, mut readout) = (trainer.state.clone(), trainer.readout);
        // SAFETY: the caller's.
        let mut head = unsafe { trainer.head()? };
        checkpoint::read_slices(bytes, &mut head, &mut state, &mut readout).map_err(status)?;
        trainer.state = state;
        trainer.readout = readout;
        Ok(())
    };
    to_status(read())
}
