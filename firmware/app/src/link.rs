//! The device's end of the link: answers what a host asks over a serial port. The messages are those of [`gradient_decay_link`].

use embedded_io::{Read, ReadReady, Write};
use gradient_decay::{Answer, Error, LinearHead, Prediction, Readout, Step, calibration};
use gradient_decay_link::{
    Arithmetic, Description, FRAME, Floats, FrameError, MAX_FLOATS, PART, Received, Receiver, Refusal, Request,
    Response, Summary, Unreadable, VERSION, decode, encode,
};

use crate::checksum;

/// A learner that a host reads and drives: the [`LinearDevice`](crate::learner::LinearDevice), or that of the
/// [gestures](crate::gestures::Learner).
pub trait Served<const FEATURES: usize> {
    /// The steps or labels that it has learned.
    fn steps(&self) -> u32;

    /// How its probabilities become an answer.
    fn readout(&self) -> &Readout;

    /// How good its answers were before it learned.
    fn calibration(&self) -> Option<calibration::Summary>;

    /// The answer for a sample.
    ///
    /// # Errors
    /// Those of the learner; [`Error::NoClasses`] if it knows none.
    fn answer(&mut self, features: &[f32; FEATURES]) -> Result<Answer, Error>;

    /// Learns a labelled sample. Returns what `report` makes of the step.
    ///
    /// # Errors
    /// Those of the learner; nothing is then changed.
    fn learn<T>(
        &mut self,
        features: &[f32; FEATURES],
        class: usize,
        report: impl FnOnce(&Step<'_, f32>) -> T,
    ) -> Result<T, Error>;

    /// Takes a sample back that was learned with this label; `false` if it is of no kind that can.
    ///
    /// # Errors
    /// Those of the learner; nothing is then changed.
    fn take_back(&mut self, features: &[f32; FEATURES], class: usize) -> Result<bool, Error>;

    /// Copies the parameters of the linear head that it infers by: the weights row by row, then the biases.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many; they are then unchanged.
    fn export(&self, parameters: &mut [f32]) -> Result<(), Error>;

    /// Takes over all parameters, in the order of [`export`](Self::export); all else is as with a new learner after so many steps.
    ///
    /// # Errors
    /// [`Import`]; nothing is then changed.
    fn import(&mut self, parameters: &[f32], steps: u32) -> Result<(), Import>;
}

/// Why parameters were not taken over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Import {
    /// The head refused them.
    Parameters(Error),
    /// The learner makes its own head, and takes that of a new one alone.
    ReadOnly,
}

impl From<Error> for Import {
    fn from(error: Error) -> Self {
        Import::Parameters(error)
    }
}

/// Answers requests. `PARAMETERS` is the head's number of them: there is a copy of them on its way in or out.
pub struct Server<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> {
    receiver: Receiver,
    session: Session<PARAMETERS>,
}

/// The state that lasts between requests.
struct Session<const PARAMETERS: usize> {
    /// A head on its way.
    parameters: [f32; PARAMETERS],
    /// So many of them have come from the host, in order.
    taken: usize,
    /// The answer to the last request, if that was to learn or to take back and was done: a host that missed it asks again.
    learned: Option<(u8, Response<'static>)>,
}

impl<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> Server<CLASSES, FEATURES, PARAMETERS> {
    /// Before the first request. `PARAMETERS` must be those of the head, or it does not compile.
    pub const fn new() -> Self {
        const { assert!(PARAMETERS == LinearHead::<CLASSES, FEATURES>::PARAMETERS, "CLASSES * (FEATURES + 1)") };
        const { assert!(FEATURES <= MAX_FLOATS, "a sample must fit into a frame") };
        let session = Session { parameters: [0.0; PARAMETERS], taken: 0, learned: None };
        Server { receiver: Receiver::new(), session }
    }

    /// Takes the bytes that have arrived at the port, a frame's worth at most, and answers what they ask. Waits for nothing but the
    /// sending of an answer. An error of the port drops what it had. `save` is to save the learner, and tells whether it did.
    pub fn poll<P: Read + ReadReady + Write, S: Served<FEATURES>>(
        &mut self,
        port: &mut P,
        learner: &mut S,
        mut save: impl FnMut(&S) -> bool,
    ) {
        let Server { receiver, session } = self;
        let mut taken = 0;
        // Whoever sends without a pause does not keep the device from all else.
        while taken < FRAME && port.read_ready().unwrap_or(false) {
            let mut bytes = [0; 16];
            let Ok(count) = port.read(&mut bytes) else { return };
            taken += count;
            if count == 0 {
                // The other end is gone.
                return;
            }
            for byte in bytes.get(..count).unwrap_or_default() {
                let mut answer = [0; 4 * PART];
                let (sequence, response) = match receiver.push(*byte) {
                    Received::Nothing => continue,
                    Received::TooLong => (0, Response::Refused(Refusal::Frame(FrameError::TooLong))),
                    Received::Frame(frame) => match decode(frame) {
                        Ok((sequence, request)) => {
                            let response = session.respond::<S, CLASSES, FEATURES>(
                                sequence,
                                request,
                                learner,
                                &mut save,
                                &mut answer,
                            );
                            (sequence, response.unwrap_or_else(Response::Refused))
                        }
                        Err(Unreadable::Frame(error)) => (0, Response::Refused(Refusal::Frame(error))),
                        Err(Unreadable::Version { sequence, .. }) => {
                            (sequence, Response::Refused(Refusal::Version { device: VERSION }))
                        }
                    },
                };
                let mut frame = [0; FRAME];
                if let Some(length) = encode(sequence, &response, &mut frame) {
                    let sent = port.write_all(frame.get(..length).unwrap_or_default()).and_then(|()| port.flush());
                    if sent.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> Default
    for Server<CLASSES, FEATURES, PARAMETERS>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<const PARAMETERS: usize> Session<PARAMETERS> {
    /// Does what is asked. Numbers of the answer lie in `buffer`.
    fn respond<'b, S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize>(
        &mut self,
        sequence: u8,
        request: Request<'_>,
        learner: &mut S,
        save: &mut impl FnMut(&S) -> bool,
        buffer: &'b mut [u8; 4 * PART],
    ) -> Result<Response<'b>, Refusal> {
        let last = self.learned.take();
        match request {
            Request::Describe => Ok(Response::Description(Description {
                classes: CLASSES as u16,
                features: FEATURES as u16,
                arithmetic: Arithmetic::Float,
                steps: learner.steps(),
                temperature: learner.readout().temperature(),
                threshold: learner.readout().threshold(),
            })),
            Request::Predict { features } => {
                let answer = match learner.answer(&sample(features)?) {
                    // It is a new one.
                    Err(Error::NoClasses) => {
                        return Ok(Response::Prediction { class: 0, probability: 0.0, known: false });
                    }
                    answer => answer.map_err(refused::<FEATURES>)?,
                };
                let Prediction { class, probability } = answer.prediction();
                Ok(Response::Prediction { class: class as u16, probability, known: answer.class().is_some() })
            }
            Request::Calibration => Ok(Response::Calibration(learner.calibration().map(|summary| Summary {
                count: summary.count,
                accuracy: summary.accuracy,
                confidence: summary.confidence,
                nll: summary.nll,
                brier: summary.brier,
                ece: summary.ece,
                mce: summary.mce,
            }))),
            Request::ReadHead { offset } => {
                if offset == 0 {
                    // A head that was on its way in is given up.
                    self.taken = 0;
                    // Of the right length by the server's constructor.
                    learner.export(&mut self.parameters).map_err(refused::<FEATURES>)?;
                }
                let rest = self.parameters.get(offset as usize..).filter(|rest| !rest.is_empty());
                let rest = rest.ok_or(Refusal::Offset { expected: 0 })?;
                let parameters = Floats::pack(rest.iter().copied().take(PART), buffer);
                Ok(Response::Parameters { offset, parameters: parameters.ok_or(Refusal::Offset { expected: 0 })? })
            }
            Request::WriteHead { offset, parameters } => self.take(offset, parameters),
            Request::CommitHead { crc, steps } => {
                if self.taken < PARAMETERS {
                    return Err(Refusal::Offset { expected: self.taken as u32 });
                }
                let found = checksum::of_floats(&self.parameters);
                if found != crc {
                    return Err(Refusal::Crc { found });
                }
                learner.import(&self.parameters, steps).map_err(|problem| match problem {
                    Import::Parameters(error) => refused::<FEATURES>(error),
                    Import::ReadOnly => Refusal::ReadOnly,
                })?;
                self.taken = 0;
                Ok(Response::Done)
            }
            Request::Learn { features, class } => {
                let response = match last {
                    Some((last, response)) if last == sequence => response,
                    _ => learn(learner, features, class)?,
                };
                self.learned = Some((sequence, response));
                Ok(response)
            }
            Request::TakeBack { features, class } => {
                if last.is_none_or(|(last, _)| last != sequence) {
                    let taken = learner.take_back(&sample(features)?, usize::from(class));
                    if !taken.map_err(refused::<FEATURES>)? {
                        return Err(Refusal::Unsupported);
                    }
                }
                self.learned = Some((sequence, Response::Done));
                Ok(Response::Done)
            }
            Request::Save => save(learner).then_some(Response::Done).ok_or(Refusal::Storage),
        }
    }

    /// A part of a head from the host.
    fn take(&mut self, offset: u32, parameters: Floats<'_>) -> Result<Response<'static>, Refusal> {
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

/// Learns a sample.
fn learn<S: Served<FEATURES>, const FEATURES: usize>(
    learner: &mut S,
    features: Floats<'_>,
    class: u16,
) -> Result<Response<'static>, Refusal> {
    let told = learner.learn(&sample(features)?, usize::from(class), |step| {
        let Prediction { class, probability } = step.prediction();
        Response::Learned { class: class as u16, probability, loss: step.loss(), beta: step.beta() }
    });
    told.map_err(refused::<FEATURES>)
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
