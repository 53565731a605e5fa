//! The requests, one function each.

use gradient_decay::{Error, Prediction};
use gradient_decay_link::{Description, Floats, MAX_SAMPLES, PART, Refusal, Request, Response, Summary};

use super::checkpoints::Checkpoints;
use super::senses::{Beside, sight};
use super::served::{Import, Learned, Served};
use crate::checksum;

/// The bytes of the numbers of an answer: those of the longest, a window.
pub const NUMBERS: usize = 6 * MAX_SAMPLES;

/// The outcome of a request.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// An answer that can be sent again.
    Response(Response<'static>),
    /// The part of the head from this parameter on, in the copy that was taken.
    Part(u32),
    /// The part of the checkpoint from this byte on, in the copy that was taken.
    Checkpoint(u32),
    /// What it senses and says of it.
    Sight,
    /// The samples from this number on.
    Samples(u32),
}

/// The state that lasts between requests.
pub struct Requests<const PARAMETERS: usize> {
    /// A head on its way.
    parameters: [f32; PARAMETERS],
    /// So many of them have come from the host, in order.
    taken: usize,
    /// The number of the last push that was done.
    pushed: Option<u32>,
    /// The last sample that the session taught, by its CRC, and its class.
    taught: Option<(u32, u16)>,
    checkpoints: Checkpoints,
    /// The outcome of the last request.
    last: Outcome,
}

impl<const PARAMETERS: usize> Requests<PARAMETERS> {
    pub const fn new() -> Self {
        let last = Outcome::Response(Response::Done);
        let checkpoints = Checkpoints::new();
        Requests { parameters: [0.0; PARAMETERS], taken: 0, pushed: None, taught: None, checkpoints, last }
    }

    /// Gives up what another session has begun.
    pub fn begin(&mut self) {
        (self.taken, self.taught, self.checkpoints) = (0, None, Checkpoints::new());
    }

    /// Does what is asked. Whether the learner may be another now.
    pub fn take<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize>(
        &mut self,
        request: Request<'_>,
        learner: &mut S,
        beside: &mut Beside<'_>,
        save: &mut impl FnMut(&S, &mut [u8]) -> bool,
    ) -> bool {
        let changes = matches!(
            request,
            Request::Learn { .. }
                | Request::TakeBack { .. }
                | Request::Remove { .. }
                | Request::CommitHead { .. }
                | Request::CommitCheckpoint { .. }
        );
        let outcome = self.work::<S, CLASSES, FEATURES>(request, learner, beside, save);
        let done = outcome.is_ok();
        self.last = outcome.unwrap_or_else(|refusal| Outcome::Response(Response::Refused(refusal)));
        changes && done
    }

    /// The answer to the last request. Numbers lie in `buffer`.
    pub fn answer<'b, S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize>(
        &self,
        learner: &mut S,
        beside: &'b Beside<'_>,
        buffer: &'b mut [u8; NUMBERS],
    ) -> Response<'b> {
        match self.last {
            Outcome::Response(response) => response,
            Outcome::Checkpoint(offset) => self.checkpoints.part(offset, beside.room),
            Outcome::Sight => sight::<S, CLASSES, FEATURES>(learner, beside, buffer),
            Outcome::Samples(from) => beside.samples(from, buffer),
            Outcome::Part(offset) => {
                let rest = self.parameters.get(offset as usize..).unwrap_or_default();
                match Floats::pack(rest.iter().copied().take(PART), buffer) {
                    Some(parameters) => Response::Parameters { offset, parameters },
                    None => Response::Refused(Refusal::Offset { expected: 0 }),
                }
            }
        }
    }

    fn work<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize>(
        &mut self,
        request: Request<'_>,
        learner: &mut S,
        beside: &mut Beside<'_>,
        save: &mut impl FnMut(&S, &mut [u8]) -> bool,
    ) -> Result<Outcome, Refusal> {
        let consent = beside.consent.map_err(Refusal::Consent);
        let response = match request {
            // It is answered before it comes here.
            Request::Hello => return Err(Refusal::Session),
            Request::Describe => Response::Description(Description {
                classes: CLASSES as u16,
                features: FEATURES as u16,
                arithmetic: learner.arithmetic(),
                steps: learner.steps(),
                temperature: learner.readout().temperature(),
                threshold: learner.readout().threshold(),
                pushed: self.pushed,
            }),
            Request::Predict { features } => match learner.answer(&sample(features)?) {
                // It is a new one.
                Err(Error::NoClasses) => Response::Prediction { class: 0, probability: 0.0, known: false },
                answer => {
                    let answer = answer.map_err(refused::<FEATURES>)?;
                    let Prediction { class, probability } = answer.prediction();
                    Response::Prediction { class: class as u16, probability, known: answer.class().is_some() }
                }
            },
            Request::Calibration => Response::Calibration(learner.calibration().map(|summary| Summary {
                count: summary.count,
                accuracy: summary.accuracy,
                confidence: summary.confidence,
                nll: summary.nll,
                brier: summary.brier,
                ece: summary.ece,
                mce: summary.mce,
            })),
            Request::ReadHead { offset } => {
                if offset == 0 {
                    // A head that was on its way in is given up.
                    self.taken = 0;
                    // Of the right length by the server's constructor.
                    learner.export(&mut self.parameters).map_err(refused::<FEATURES>)?;
                }
                if offset as usize >= PARAMETERS {
                    return Err(Refusal::Offset { expected: 0 });
                }
                return Ok(Outcome::Part(offset));
            }
            Request::WriteHead { offset, parameters } => {
                if offset == 0 {
                    consent?;
                }
                self.write(offset, parameters)?
            }
            Request::CommitHead { crc, steps, push } => {
                consent?;
                if self.taken < PARAMETERS {
                    return Err(Refusal::Offset { expected: self.taken as u32 });
                }
                let found = checksum::of_floats(&self.parameters);
                if found != crc {
                    return Err(Refusal::Crc { found });
                }
                learner.import(&self.parameters, steps).map_err(not_imported::<CLASSES, FEATURES>)?;
                (self.taken, self.pushed, self.taught) = (0, Some(push), None);
                Response::Done
            }
            Request::Learn { features, class } => {
                let learned = learner.learn(&sample(features)?, usize::from(class));
                let Learned { prediction, loss, beta } = learned.map_err(refused::<FEATURES>)?;
                self.taught = Some((features.crc(), class));
                let Prediction { class, probability } = prediction;
                Response::Learned { class: class as u16, probability, loss, beta }
            }
            Request::TakeBack { features, class } => {
                if self.taught != Some((features.crc(), class)) {
                    consent?;
                }
                let taken = learner.take_back(&sample(features)?, usize::from(class));
                if !taken.map_err(refused::<FEATURES>)? {
                    return Err(Refusal::Unsupported);
                }
                self.taught = None;
                Response::Done
            }
            Request::Save => {
                consent?;
                if !save(learner, beside.room) {
                    return Err(Refusal::Storage);
                }
                Response::Done
            }
            Request::Look => return Ok(Outcome::Sight),
            Request::Sense { from } => return Ok(Outcome::Samples(from)),
            Request::Remove { class } => {
                consent?;
                if !learner.remove(usize::from(class)).map_err(refused::<FEATURES>)? {
                    return Err(Refusal::Unsupported);
                }
                // Its number may be another's now.
                self.taught = None;
                Response::Done
            }
            Request::ReadCheckpoint { offset } => {
                self.checkpoints.read(offset, learner, beside.room)?;
                return Ok(Outcome::Checkpoint(offset));
            }
            Request::WriteCheckpoint { offset, bytes } => {
                if offset == 0 {
                    consent?;
                }
                self.checkpoints.write(offset, bytes, beside.room)?
            }
            Request::CommitCheckpoint { crc, push } => {
                consent?;
                self.checkpoints.commit(crc, learner, beside.room)?;
                (self.pushed, self.taught) = (Some(push), None);
                Response::Done
            }
        };
        Ok(Outcome::Response(response))
    }

    /// A part of a head from the host.
    fn write(&mut self, offset: u32, parameters: Floats<'_>) -> Result<Response<'static>, Refusal> {
        if offset == 0 {
            self.taken = 0;
        }
        let out_of_order = Refusal::Offset { expected: self.taken as u32 };
        if offset as usize != self.taken {
            return Err(out_of_order);
        }
        let places = self.parameters.get_mut(self.taken..self.taken + parameters.len()).ok_or(out_of_order)?;
        for (place, parameter) in places.iter_mut().zip(parameters.iter()) {
            *place = parameter;
        }
        self.taken += parameters.len();
        Ok(Response::Taken { parameters: self.taken as u32 })
    }
}

/// The features of a sample.
fn sample<const FEATURES: usize>(features: Floats<'_>) -> Result<[f32; FEATURES], Refusal> {
    features.to_array().ok_or(Refusal::Length { expected: FEATURES as u32, actual: features.len() as u32 })
}

/// A refusal of the head, in the link's words.
fn refused<const FEATURES: usize>(error: Error) -> Refusal {
    match error {
        Error::Target { classes, .. } | Error::NoRoom { classes } => Refusal::Class { classes: classes as u16 },
        Error::NotLearned { .. } => Refusal::NotLearned,
        Error::NotFinite { slice: gradient_decay::error::Slice::Logits, index } => {
            Refusal::NotFinite { index: (FEATURES + index) as u32 }
        }
        Error::NotFinite { index, .. } => Refusal::NotFinite { index: index as u32 },
        _ => Refusal::TooLarge,
    }
}

/// The same of a head that was sent.
fn not_imported<const CLASSES: usize, const FEATURES: usize>(problem: Import) -> Refusal {
    match problem {
        Import::Parameters(error) => refused::<FEATURES>(error),
        Import::ReadOnly => Refusal::ReadOnly,
        Import::OutOfRange { index, limit } => {
            let bias = index.checked_sub(CLASSES * FEATURES);
            let (class, feature) =
                bias.map_or((index / FEATURES, Some((index % FEATURES) as u16)), |class| (class, None));
            Refusal::Parameter { class: class as u16, feature, limit }
        }
    }
}
