//! A script of a lesson and an exam: which gesture is made when, and when a button is pressed.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin};
use gradient_decay::Answer;

use super::accelerometer::Outage;
use super::motion::Motion;
use crate::gestures::control::QUIET;
use crate::gestures::sampling::Acceleration;

/// A stretch of one gesture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The gesture: see [`motion`](super::motion).
    pub gesture: u8,
    /// Readings that it lasts.
    pub readings: u16,
    /// The act meanwhile.
    pub act: Act,
}

/// An act during a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing.
    None,
    /// The label button is tapped so often, from [`TEACH_AT`] on.
    Teach(u8),
    /// The same, but the last tap is held for so many readings.
    Hold(u8, u16),
    /// The save button is pressed for so many readings, from [`TEACH_AT`] on.
    Save(u16),
    /// The save button is pressed twice.
    TakeBack,
    /// At the end the answer is compared with the gesture.
    Examine,
}

/// The reading of a segment with which the taps begin: the window then holds nothing but its gesture.
pub const TEACH_AT: u16 = 90;

/// Readings from tap to tap, and those that the button is down.
const TAP: u16 = 12;
const DOWN: u16 = 5;

/// The gestures of the script that are taught; one more is not.
pub const TAUGHT: usize = 4;

/// The script's parts: every gesture is taught in turn so often; one is taught wrong, taken back, and all is saved; then each is examined so
/// often.
const LESSONS: usize = 3;
const EXAMS: usize = 5;
const LENGTH: usize = LESSONS * TAUGHT + 3 + EXAMS * (TAUGHT + 1) + 1;

/// A gesture that is labelled as another, and how that is taken back.
const WRONG: Segment = Segment { gesture: 2, ..teach(3) };
const TAKE_BACK: Segment = Segment { act: Act::TakeBack, ..SAVE };

/// The readings of a lesson, of a save, and of an exam: a window and half a second.
const fn teach(gesture: u8) -> Segment {
    let readings = TEACH_AT + TAP * gesture as u16 + QUIET as u16 + 10;
    Segment { gesture, readings, act: Act::Teach(gesture) }
}
const SAVE: Segment = Segment { gesture: 1, readings: TEACH_AT + 60, act: Act::Save(10) };
const fn examine(gesture: u8) -> Segment {
    Segment { gesture, readings: 96, act: Act::Examine }
}

/// The stretch of rest at the end, in which the [`OUTAGES`] are.
const REST: Segment = Segment { gesture: 1, readings: 250, act: Act::None };

/// Each of four gestures is taught three times, one of them once as another, which is taken back; the learner is saved, and each is examined
/// five times, and one that was never taught. At the end the sensor fails.
pub static SCRIPT: [Segment; LENGTH] = {
    let mut script = [SAVE; LENGTH];
    let lessons = LESSONS * TAUGHT;
    let mut i = 0;
    while i < lessons {
        script[i] = teach((i % TAUGHT) as u8 + 1);
        i += 1;
    }
    script[lessons] = WRONG;
    script[lessons + 1] = TAKE_BACK;
    let mut exam = 0;
    while exam < EXAMS * (TAUGHT + 1) {
        script[lessons + 3 + exam] = examine((exam % (TAUGHT + 1)) as u8 + 1);
        exam += 1;
    }
    script[LENGTH - 1] = REST;
    script
};

/// A disturbance of two samples, and a sensor that loses its power for 1.2 s.
pub static OUTAGES: [Outage; 2] = {
    let rest = readings(&SCRIPT) - REST.readings as u32;
    [
        Outage { after: rest + 30, transactions: 2, reset: false },
        Outage { after: rest + 60, transactions: 60, reset: true },
    ]
};

/// The readings that a script lasts.
pub const fn readings(script: &[Segment]) -> u32 {
    let (mut sum, mut i) = (0, 0);
    while i < script.len() {
        sum += script[i].readings as u32;
        i += 1;
    }
    sum
}

/// A position in a script, which advances with each sample or each read of a pin. After the end there is rest.
#[derive(Clone, Debug)]
pub struct Walker<'a> {
    rest: &'a [Segment],
    at: u16,
    begun: u32,
    seed: u32,
    motion: Motion,
}

impl<'a> Walker<'a> {
    /// The beginning of a script.
    pub fn new(script: &'a [Segment]) -> Self {
        Self::with_seed(script, 0)
    }

    /// The same with the variations of a seed.
    pub fn with_seed(script: &'a [Segment], seed: u32) -> Self {
        Walker { rest: script, at: 0, begun: 0, seed, motion: Motion::new(1, seed) }
    }

    /// Goes on by a reading; the segment that it belongs to, and its place there.
    fn next(&mut self) -> Option<(Segment, u16)> {
        let segment = *self.rest.first()?;
        let at = self.at;
        if at == 0 {
            self.begun += 1;
        }
        self.at += 1;
        if self.at >= segment.readings {
            self.at = 0;
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        Some((segment, at))
    }

    /// The next sample of the segments' gestures, each varied by its number.
    pub fn sample(&mut self) -> Acceleration {
        if let Some((segment, 0)) = self.next() {
            self.motion = Motion::new(segment.gesture, self.begun + 1000 * self.seed);
        }
        self.motion.sample()
    }
}

/// A button that is pressed by the script, with each time that its pin is looked at as a reading. Pressed is low.
pub struct Finger<'a> {
    walker: Walker<'a>,
    saves: bool,
}

impl<'a> Finger<'a> {
    /// On the label button.
    pub fn label(script: &'a [Segment]) -> Self {
        Finger { walker: Walker::new(script), saves: false }
    }

    /// On the save button.
    pub fn save(script: &'a [Segment]) -> Self {
        Finger { walker: Walker::new(script), saves: true }
    }
}

impl ErrorType for Finger<'_> {
    type Error = Infallible;
}

impl InputPin for Finger<'_> {
    fn is_low(&mut self) -> Result<bool, Infallible> {
        let Some((segment, at)) = self.walker.next() else { return Ok(false) };
        let Some(since) = at.checked_sub(TEACH_AT) else { return Ok(false) };
        Ok(match segment.act {
            Act::Teach(taps) if !self.saves => since / TAP < u16::from(taps) && since % TAP < DOWN,
            Act::Hold(taps, readings) if !self.saves => {
                let last = TAP * u16::from(taps.saturating_sub(1));
                if since < last { since % TAP < DOWN } else { since - last < readings }
            }
            Act::Save(readings) if self.saves => since < readings,
            Act::TakeBack if self.saves => since / TAP < 2 && since % TAP < DOWN,
            _ => false,
        })
    }

    fn is_high(&mut self) -> Result<bool, Infallible> {
        self.is_low().map(|low| !low)
    }
}

/// Compares the answers with the script.
pub struct Exam<'a> {
    walker: Walker<'a>,
    result: ExamResult,
}

/// How an exam went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ExamResult {
    /// Gestures that were taught and seen as themselves.
    pub right: u32,
    /// Gestures that were seen as others.
    pub wrong: u32,
    /// Gestures that were taught and answered by unknown.
    pub unknown: u32,
    /// Gestures that were not taught and answered by unknown.
    pub rejected: u32,
    /// Gestures that were not taught and taken for one that was.
    pub taken_for_another: u32,
}

impl<'a> Exam<'a> {
    /// Before the script begins.
    pub fn new(script: &'a [Segment]) -> Self {
        Exam { walker: Walker::new(script), result: ExamResult::default() }
    }

    /// Goes on by a reading, after which the device's answer is this. The result, once the script is over.
    pub fn reading(&mut self, answer: Option<Answer>) -> Option<ExamResult> {
        let Some((segment, at)) = self.walker.next() else { return Some(self.result) };
        if segment.act == Act::Examine && at + 1 == segment.readings {
            let taught = usize::from(segment.gesture) <= TAUGHT;
            let count = match answer {
                Some(Answer::Class(prediction)) if taught => {
                    let right = prediction.class + 1 == usize::from(segment.gesture);
                    if right { &mut self.result.right } else { &mut self.result.wrong }
                }
                Some(Answer::Class(_)) => &mut self.result.taken_for_another,
                _ if taught => &mut self.result.unknown,
                _ => &mut self.result.rejected,
            };
            *count += 1;
        }
        None
    }
}
