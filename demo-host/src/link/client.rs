//! A client of a device: the port and the clock around a [`Connection`].

use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use gradient_decay_link::client::{Connection, Event, Failure, Pull, PullCheckpoint, Push, Track};
use gradient_decay_link::{Description, FRAME, Floats, MAX_FLOATS, PART, Request, Response, Sight, Summary};

/// The time limit of an answer: a device that erases a sector of 128 kB is busy for up to four seconds (STM32F411 data sheet).
const PATIENCE: Duration = Duration::from_secs(6);

/// How often a transfer begins anew in another session.
const SESSIONS: usize = 3;

/// The bytes of a checkpoint that a device may have.
const CHECKPOINT: usize = 1 << 16;

/// A device at the other end of a port. The session begins with the first request; if it is lost, that is an error, and the next request
/// begins another.
pub struct Client<P> {
    port: P,
    connection: Connection,
    connected: bool,
    patience: Duration,
}

impl<P: Read + Write> Client<P> {
    /// A device at this port, whose reads are to end after a while without a byte.
    pub fn new(port: P) -> Self {
        Client { port, connection: Connection::new(random()), connected: false, patience: PATIENCE }
    }

    /// Sets the time for which it waits for an answer before it asks again; six seconds by default.
    pub fn with_patience(self, patience: Duration) -> Self {
        Client { patience, ..self }
    }

    /// The device's description.
    ///
    /// # Errors
    /// If it does not answer, or refuses.
    pub fn describe(&mut self) -> Result<Description> {
        match self.ask(&Request::Describe)? {
            Response::Description(description) => Ok(description),
            _ => Err(Failure::Unexpected.into()),
        }
    }

    /// The answer to a sample: its most probable class, the probability, and whether it reaches the threshold.
    ///
    /// # Errors
    /// If the device does not answer, or refuses the sample.
    pub fn predict(&mut self, features: &[f32]) -> Result<(usize, f32, bool)> {
        let mut buffer = [0; 4 * MAX_FLOATS];
        match self.ask(&Request::Predict { features: pack(features, &mut buffer)? })? {
            Response::Prediction { class, probability, known } => Ok((usize::from(class), probability, known)),
            _ => Err(Failure::Unexpected.into()),
        }
    }

    /// Lets the device learn a sample; returns the loss before.
    ///
    /// # Errors
    /// If the device does not answer, in which case it may have learned, or if it refuses the sample.
    pub fn learn(&mut self, features: &[f32], class: usize) -> Result<f32> {
        let mut buffer = [0; 4 * MAX_FLOATS];
        let class = u16::try_from(class).context("a class is below 65,536")?;
        match self.ask(&Request::Learn { features: pack(features, &mut buffer)?, class })? {
            Response::Learned { loss, .. } => Ok(loss),
            _ => Err(Failure::Unexpected.into()),
        }
    }

    /// Takes back a sample that the device learned as `class`.
    ///
    /// # Errors
    /// If the device refuses, for example because it did not learn the sample or learns by a gradient.
    pub fn take_back(&mut self, features: &[f32], class: usize) -> Result<()> {
        let mut buffer = [0; 4 * MAX_FLOATS];
        let class = u16::try_from(class).context("a class is below 65,536")?;
        self.done(&Request::TakeBack { features: pack(features, &mut buffer)?, class })
    }

    /// The calibration over what it learned, `None` if it learned nothing yet.
    ///
    /// # Errors
    /// If the device does not answer.
    pub fn calibration(&mut self) -> Result<Option<Summary>> {
        match self.ask(&Request::Calibration)? {
            Response::Calibration(summary) => Ok(summary),
            _ => Err(Failure::Unexpected.into()),
        }
    }

    /// The device's head: its weights row by row, then its biases.
    ///
    /// # Errors
    /// If the device does not answer.
    pub fn read_head(&mut self) -> Result<Vec<f32>> {
        let mut head = vec![0.0; self.describe()?.parameters()];
        let mut pull = Pull::new(&mut head);
        let mut sessions = 1;
        loop {
            match self.ask(&pull.request()) {
                Ok(response) if pull.answered(&response)? => return Ok(head),
                Ok(_) => {}
                Err(error) if is_lost(&error) && sessions < SESSIONS => {
                    sessions += 1;
                    pull.resume();
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Replaces the device's head, in RAM; `steps` is its position in the warm-up. If the session is lost meanwhile, it asks in a new session
    /// whether the device has the head, and if not, starts again.
    ///
    /// # Errors
    /// If it has another shape, or the device does not answer or refuses, for example because its user has not consented. The device's head is then
    /// as before, unless the error says that this is not known.
    pub fn write_head(&mut self, head: &[f32], steps: u32) -> Result<()> {
        let description = self.describe()?;
        let Description { classes, features, .. } = description;
        ensure!(
            head.len() == description.parameters(),
            "the device's head has {classes} classes, {features} features and {} parameters, the one to send has {}",
            description.parameters(),
            head.len()
        );
        self.push(Push::new(head, steps, random()))
    }

    /// All that the device has learned: a file for a device of the same kind.
    ///
    /// # Errors
    /// If the device does not answer, or is of a kind that is not sent whole.
    pub fn read_checkpoint(&mut self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; CHECKPOINT];
        let mut pull = PullCheckpoint::new(&mut bytes);
        let mut sessions = 1;
        let length = loop {
            match self.ask(&pull.request()) {
                Ok(response) => {
                    if let Some(length) = pull.answered(&response)? {
                        break length;
                    }
                }
                Err(error) if is_lost(&error) && sessions < SESSIONS => {
                    sessions += 1;
                    pull.resume();
                }
                Err(error) => return Err(error),
            }
        };
        bytes.truncate(length);
        Ok(bytes)
    }

    /// Replaces all that the device has learned, in RAM, by what [`read_checkpoint`](Self::read_checkpoint) read, of it or of another.
    ///
    /// # Errors
    /// As [`write_head`](Self::write_head), and if the device is of another kind.
    pub fn write_checkpoint(&mut self, bytes: &[u8]) -> Result<()> {
        ensure!(!bytes.is_empty(), "there is nothing to send: the file is empty");
        self.push(Push::checkpoint(bytes, random()))
    }

    fn push(&mut self, mut push: Push<'_>) -> Result<()> {
        let mut sessions = 1;
        loop {
            let mut buffer = [0; 4 * PART];
            let request = push.request(&mut buffer);
            match self.ask(&request) {
                Ok(response) if push.answered(&response)? => return Ok(()),
                Ok(_) => {}
                Err(error) if is_lost(&error) && sessions < SESSIONS => {
                    sessions += 1;
                    if push.resume(&self.describe()?) {
                        return Ok(());
                    }
                }
                Err(error)
                    if matches!(request, Request::CommitHead { .. } | Request::CommitCheckpoint { .. })
                        && is_open(&error) =>
                {
                    return Err(error)
                        .context("whether the device has what was sent is not known: read it when it answers");
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The device's present features and answer.
    ///
    /// # Errors
    /// If the device does not answer, or has no sensor.
    pub fn look(&mut self) -> Result<Sight<'_>> {
        match self.ask(&Request::Look)? {
            Response::Sight(sight) => Ok(sight),
            _ => Err(Failure::Unexpected.into()),
        }
    }

    /// Takes the device's samples since it was asked last into a track: how many are new. With an error of the session, begin a new track.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub fn follow(&mut self, track: &mut Track) -> Result<usize> {
        Ok(track.answered(&self.ask(&track.request())?)?)
    }

    /// Has the device forget a class; those above it move down by one.
    ///
    /// # Errors
    /// If the device does not answer or refuses, as one whose user has not consented.
    pub fn remove(&mut self, class: usize) -> Result<()> {
        self.done(&Request::Remove { class: u16::try_from(class).context("a class is below 65,536")? })
    }

    /// Has the device save its head in flash.
    ///
    /// # Errors
    /// If it has no flash, or that failed, or it does not answer.
    pub fn save(&mut self) -> Result<()> {
        self.done(&Request::Save)
    }

    fn done(&mut self, request: &Request<'_>) -> Result<()> {
        match self.ask(request)? {
            Response::Done => Ok(()),
            _ => Err(Failure::Unexpected.into()),
        }
    }

    /// Sends a request and waits for its answer; sends it again if it or its answer arrives damaged or not at all.
    fn ask(&mut self, request: &Request<'_>) -> Result<Response<'_>> {
        if !self.connected {
            self.connection.connect();
            self.exchange()?;
            self.connected = true;
        }
        self.connection.ask(request)?;
        self.exchange()?;
        Ok(self.connection.answer()?)
    }

    /// Sends what the connection has to send until there is an answer.
    fn exchange(&mut self) -> Result<()> {
        loop {
            let sent = self.port.write_all(self.connection.outgoing()).and_then(|()| self.port.flush());
            sent.context("the port cannot be written to")?;
            match self.wait() {
                Ok(Event::Answered) => return Ok(()),
                Ok(_) => {}
                Err(error) => {
                    self.connected &= !is_lost(&error);
                    return Err(error);
                }
            }
        }
    }

    /// Waits for what comes of the request on its way.
    fn wait(&mut self) -> Result<Event> {
        let begun = Instant::now();
        let mut bytes = [0; FRAME];
        while begun.elapsed() < self.patience {
            let count = match self.port.read(&mut bytes) {
                Ok(0) => bail!("the device is gone: the port was closed"),
                Ok(count) => count,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
                {
                    0
                }
                Err(error) => return Err(error).context("the port cannot be read"),
            };
            match self.connection.receive(&bytes[..count])? {
                Event::Wait => {}
                event => return Ok(event),
            }
        }
        Ok(self.connection.timed_out()?)
    }
}

/// A random number, different for every program and every call.
fn random() -> u32 {
    RandomState::new().hash_one(std::process::id()) as u32
}

/// Whether the device no longer knows the session.
fn is_lost(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Failure::Lost))
}

/// Whether the device may have executed the request.
fn is_open(error: &anyhow::Error) -> bool {
    !matches!(error.downcast_ref(), Some(Failure::Refused(_)))
}

fn pack<'a>(numbers: &[f32], buffer: &'a mut [u8]) -> Result<Floats<'a>> {
    Floats::pack(numbers.iter().copied(), buffer)
        .with_context(|| format!("{} numbers do not fit into a frame", numbers.len()))
}
