//! The heads and parts that a configuration can name, each a static that brings its own code.

use core::mem::size_of;
use core::ops::Range;

use gradient_decay::novelty::MomentsView;
use gradient_decay::replay::{QuantizedSlotsView, Reservoir, Slots, SlotsView};
use gradient_decay::standardize::UnitsView;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    BetaSchedule, Calibration, DiscriminantView, FineTuner, Learn, Learner, LinearView, Neighbours, NoveltyView,
    PairView, QuantizedReplayView, Readout, ReplayView, Sgd, StandardizerView, State, StreamingLda,
};

use super::gd_learner_config;
use super::heads::{Kind, Teaching, Whole};
use super::parts::{AllParts, CalibrationPart, MemoryPart, NoveltyPart, UnitsPart};
use super::room::{Room, array};
use super::trained::{self, LARGER, Mixed, mixed, mixed_bytes};
use crate::status::*;

/// The bytes of a word of an address.
const WORD: usize = size_of::<usize>();

/// The bytes that a learner takes beside its head's and its parts' numbers.
pub(crate) const OWN: usize = 32 * WORD + 128;
const UNITS: usize = 8 * WORD + 8;
const MEMORY: usize = 12 * WORD + 8;
/// A memory, and seven numbers.
const NEIGHBOURS: usize = MEMORY + 32;
const NOVELTY: usize = 8 * WORD + 24;
const CALIBRATION: usize = 176;

/// The shape of a head or a part.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) classes: usize,
    pub(crate) features: usize,
    /// Of a memory, or of a head that keeps samples.
    pub(crate) slots: usize,
    pub(crate) seed: u32,
    /// The samples that fix the units of a standardizer.
    pub(crate) first: u32,
}

/// The constructor of a head or a part of the type `T`.
type Make<T> = fn(&mut Room, Shape) -> Result<T, gd_status>;

type Bytes = fn(Shape) -> usize;

type Check = unsafe fn(&gd_learner_config, taken: &[Range<usize>]) -> Result<(), gd_status>;

/// A kind of head: one of the gd_head_... below.
pub struct gd_head {
    /// Whether it keeps samples, in at least one slot a class.
    pub(crate) keeps: bool,
    /// The check of the trained head, if one is mixed in.
    pub(crate) trained: Option<Check>,
    pub(crate) bytes: Bytes,
    pub(crate) make: fn(&mut Room, Shape, &gd_learner_config, AllParts) -> Result<&'static mut dyn Whole, gd_status>,
}

/// A way to standardise features: gd_part_standardizer.
pub struct gd_standardizer {
    pub(crate) bytes: Bytes,
    pub(crate) make: Make<&'static mut dyn UnitsPart>,
}

/// A way to store samples: one of the gd_part_memory_... below.
pub struct gd_memory {
    pub(crate) bytes: Bytes,
    pub(crate) make: Make<&'static mut dyn MemoryPart>,
}

/// A way to tell what was never taught: gd_part_novelty.
pub struct gd_novelty {
    pub(crate) bytes: Bytes,
    pub(crate) make: Make<&'static mut dyn NoveltyPart>,
}

/// A way to count how good answers were: gd_part_calibration.
pub struct gd_calibrator {
    pub(crate) bytes: Bytes,
    pub(crate) make: Make<&'static mut dyn CalibrationPart>,
}

/// A head with its settings, in `BYTES` of the memory.
fn teaching<H, const BYTES: usize>(
    room: &mut Room,
    shape: Shape,
    head: H,
    settings: H::Settings,
    parts: AllParts,
) -> Result<&'static mut dyn Whole, gd_status>
where
    H: Kind + Learn<Room = PairView<'static, f32>>,
{
    let work = PairView::new(room.take(2 * shape.classes)?, shape.classes).map_err(status)?;
    let learner = Learner::with_state(head, State::with_work(work), parts);
    let whole: &'static mut Teaching<H> = room.place::<_, BYTES>(Teaching { learner, settings })?;
    Ok(whole)
}

const LDA: StreamingLda = StreamingLda::new();

// Code that two constants share is inlined: a program that names one of them takes up to 200 bytes less.

/// The bytes of a discriminant and its room to work in.
#[inline(always)]
fn discriminant_bytes(Shape { classes, features, .. }: Shape) -> usize {
    let numbers = array(StatisticsView::numbers_of(classes, features), 4);
    let scratch = array(StatisticsView::scratch_of(classes, features), 4);
    numbers.saturating_add(scratch).saturating_add(array(classes, 4)).saturating_add(array(classes, 8))
}

#[inline(always)]
pub(super) fn discriminant(
    room: &mut Room,
    Shape { classes, features, .. }: Shape,
    unused: u16,
) -> Result<DiscriminantView<'static>, gd_status> {
    let numbers = room.take(StatisticsView::numbers_of(classes, features))?;
    let (counts, scratch) = (room.take(classes)?, room.take(StatisticsView::scratch_of(classes, features))?);
    let mut head = DiscriminantView::new(numbers, counts, scratch, features).map_err(status)?;
    head.truncate(classes.saturating_sub(unused.into())).map_err(status)?;
    Ok(head)
}

/// The bytes of a discriminant with samples in slots of so many bytes.
#[inline(always)]
fn neighbours_bytes(shape: Shape, slots: usize) -> usize {
    discriminant_bytes(shape).saturating_add(slots).saturating_add(NEIGHBOURS)
}

/// A head with samples in these slots on top, whose choices follow from the shape's seed.
fn neighbours<B, S: Slots, const BYTES: usize>(
    room: &mut Room,
    shape: Shape,
    base: B,
    parts: AllParts,
    slots: S,
) -> Result<&'static mut dyn Whole, gd_status>
where
    Neighbours<B, S>: Kind + Learn<Settings = StreamingLda, Room = PairView<'static, f32>>,
{
    teaching::<_, BYTES>(room, shape, Neighbours::new(base, Reservoir::over(slots, shape.seed)), LDA, parts)
}

/// The bytes of samples as they are.
#[inline(always)]
fn float_slots_bytes(Shape { classes, features, slots, .. }: Shape) -> usize {
    array(classes.saturating_mul(slots).saturating_mul(features), 4).saturating_add(array(classes, 4))
}

#[inline(always)]
fn float_slots(
    room: &mut Room,
    Shape { classes, features, slots, .. }: Shape,
) -> Result<SlotsView<'static, f32>, gd_status> {
    let samples = room.take(classes.saturating_mul(slots).saturating_mul(features))?;
    SlotsView::new(samples, room.take(classes)?, slots, features).map_err(status)
}

/// The bytes of samples as bytes.
#[inline(always)]
fn quantized_slots_bytes(Shape { classes, features, slots, .. }: Shape) -> usize {
    let samples = classes.saturating_mul(slots);
    let values = array(samples.saturating_mul(features), 1).saturating_add(array(samples, 4));
    values.saturating_add(array(classes, 4)).saturating_add(array(features, 4)).saturating_add(array(features, 1))
}

#[inline(always)]
fn quantized_slots(
    room: &mut Room,
    Shape { classes, features, slots, .. }: Shape,
) -> Result<QuantizedSlotsView<'static>, gd_status> {
    let samples = classes.saturating_mul(slots);
    let (values, scales) = (room.take(samples.saturating_mul(features))?, room.take(samples)?);
    let (seen, restored, query) = (room.take(classes)?, room.take(features)?, room.take(features)?);
    QuantizedSlotsView::new(values, scales, seen, restored, query, slots).map_err(status)
}

/// A discriminant, streaming linear discriminant analysis: it learns the most from few labels, forgets nothing, and takes labels back.
#[unsafe(no_mangle)]
pub static gd_head_discriminant: gd_head = gd_head {
    keeps: false,
    trained: None,
    bytes: discriminant_bytes,
    make: |room, shape, config, parts| {
        let head = discriminant(room, shape, config.unused)?;
        teaching::<_, OWN>(room, shape, head, LDA, parts)
    },
};

/// A discriminant with nearest neighbours on top: it keeps `kept_slots` samples of each class, as gd_part_memory_i8 does, and their distances count
/// as much as they prove right. For classes that no plane divides; on nineteen data sets it was more accurate from 50 labels on, by up to 24 points,
/// or at most 0.6 points behind. An answer takes a multiply-add for each feature of each kept sample more. Kept samples are a person's data, in
/// every checkpoint but those by GD_SAVE_NO_SAMPLES.
#[unsafe(no_mangle)]
pub static gd_head_neighbours_i8: gd_head = gd_head {
    keeps: true,
    trained: None,
    bytes: |shape| neighbours_bytes(shape, quantized_slots_bytes(shape)),
    make: |room, shape, config, parts| {
        let (base, slots) = (discriminant(room, shape, config.unused)?, quantized_slots(room, shape)?);
        neighbours::<_, _, { OWN + NEIGHBOURS }>(room, shape, base, parts, slots)
    },
};

/// The same with samples as gd_part_memory_f32 has them, each of four times the bytes.
#[unsafe(no_mangle)]
pub static gd_head_neighbours_f32: gd_head = gd_head {
    keeps: true,
    trained: None,
    bytes: |shape| neighbours_bytes(shape, float_slots_bytes(shape)),
    make: |room, shape, config, parts| {
        let (base, slots) = (discriminant(room, shape, config.unused)?, float_slots(room, shape)?);
        neighbours::<_, _, { OWN + NEIGHBOURS }>(room, shape, base, parts, slots)
    },
};

/// A discriminant with a trained head mixed in, `trained`, whose weight fades with the labels: for a device that starts from a trained head.
/// Before the first label it answers as that; gd_learner_load gives it the statistics of the training set as well, as `demo-host export` writes
/// them.
#[unsafe(no_mangle)]
pub static gd_head_mixed: gd_head = gd_head {
    keeps: false,
    trained: Some(trained::check),
    bytes: |shape| discriminant_bytes(shape).saturating_add(mixed_bytes(shape.classes)),
    make: |room, shape, config, parts| {
        let head: Mixed = mixed(room, shape, config)?;
        teaching::<_, { OWN + LARGER }>(room, shape, head, LDA, parts)
    },
};

/// The same with nearest neighbours on top, as gd_head_neighbours_i8 has them.
#[unsafe(no_mangle)]
pub static gd_head_mixed_neighbours_i8: gd_head = gd_head {
    keeps: true,
    trained: Some(trained::check),
    bytes: |shape| neighbours_bytes(shape, quantized_slots_bytes(shape)).saturating_add(mixed_bytes(shape.classes)),
    make: |room, shape, config, parts| {
        let (base, slots) = (mixed(room, shape, config)?, quantized_slots(room, shape)?);
        neighbours::<_, _, { OWN + LARGER + NEIGHBOURS }>(room, shape, base, parts, slots)
    },
};

/// The same with nearest neighbours on top, as gd_head_neighbours_f32 has them.
#[unsafe(no_mangle)]
pub static gd_head_mixed_neighbours_f32: gd_head = gd_head {
    keeps: true,
    trained: Some(trained::check),
    bytes: |shape| neighbours_bytes(shape, float_slots_bytes(shape)).saturating_add(mixed_bytes(shape.classes)),
    make: |room, shape, config, parts| {
        let (base, slots) = (mixed(room, shape, config)?, float_slots(room, shape)?);
        neighbours::<_, _, { OWN + LARGER + NEIGHBOURS }>(room, shape, base, parts, slots)
    },
};

/// A linear head that learns by the gradient-decay Softmax, a step a label.
#[unsafe(no_mangle)]
pub static gd_head_linear: gd_head = gd_head {
    keeps: false,
    trained: None,
    bytes: |Shape { classes, features, .. }| {
        array(classes.saturating_mul(features.saturating_add(1)), 4).saturating_add(array(classes, 8))
    },
    make: |room, shape, config, parts| {
        let Shape { classes, features, .. } = shape;
        let parameters = room.take(classes.saturating_mul(features + 1))?;
        let head = LinearView::new(parameters, classes, features);
        let head =
            head.and_then(|head| head.with_classes(classes.saturating_sub(config.unused.into()))).map_err(status)?;
        let tuner = const { FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.05)) };
        teaching::<_, OWN>(room, shape, head, tuner, parts)
    },
};

/// Features in units of mean 0 and deviation 1.
#[unsafe(no_mangle)]
pub static gd_part_standardizer: gd_standardizer = gd_standardizer {
    bytes: |shape| array(UnitsView::numbers_of(shape.features), 4).saturating_add(UNITS),
    make: |room, shape| {
        let numbers = room.take(UnitsView::numbers_of(shape.features))?;
        let units = StandardizerView::new(numbers, shape.features, shape.first).map_err(status)?;
        Ok(room.place::<_, UNITS>(units)?)
    },
};

/// Samples as they are, 4 bytes a feature.
#[unsafe(no_mangle)]
pub static gd_part_memory_f32: gd_memory = gd_memory {
    bytes: |shape| float_slots_bytes(shape).saturating_add(MEMORY),
    make: |room, shape| {
        let slots = float_slots(room, shape)?;
        Ok(room.place::<_, MEMORY>(ReplayView::over(slots, shape.seed))?)
    },
};

/// Samples as bytes with one scale each: a byte a feature and 4 more, each feature within half of a 127th of the largest.
#[unsafe(no_mangle)]
pub static gd_part_memory_i8: gd_memory = gd_memory {
    bytes: |shape| quantized_slots_bytes(shape).saturating_add(MEMORY),
    make: |room, shape| {
        let slots = quantized_slots(room, shape)?;
        Ok(room.place::<_, MEMORY>(QuantizedReplayView::over(slots, shape.seed))?)
    },
};

/// A sample that is far from every class is unknown, however sure the head is.
#[unsafe(no_mangle)]
pub static gd_part_novelty: gd_novelty = gd_novelty {
    bytes: |Shape { classes, features, .. }| {
        let numbers = array(MomentsView::<f32>::numbers_of(classes, features), 4);
        numbers.saturating_add(array(classes, 4)).saturating_add(NOVELTY)
    },
    make: |room, Shape { classes, features, .. }| {
        let numbers = room.take(MomentsView::<f32>::numbers_of(classes, features))?;
        let novelty: NoveltyView<'static> =
            NoveltyView::over(numbers, room.take(classes)?, features, Readout::new()).map_err(status)?;
        Ok(room.place::<_, NOVELTY>(novelty)?)
    },
};

/// Accuracy, likelihood and calibration of what the learner would have answered before it learned, over 10 bins.
#[unsafe(no_mangle)]
pub static gd_part_calibration: gd_calibrator = gd_calibrator {
    bytes: |_| CALIBRATION,
    make: |room, _| Ok(room.place::<_, CALIBRATION>(Calibration::<10>::new())?),
};
