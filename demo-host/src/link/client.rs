//! Asking a device.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use crc::{CRC_32_ISO_HDLC, Crc};
use gradient_decay_link::{
    Description, FRAME, Floats, MAX_FLOATS, PART, Received, Receiver, Refusal, Request, Response, Summary, Unreadable,
    VERSION, decode, encode,
};

/// How long an answer may take: a device that erases a sector of 128 kB is busy for up to four seconds (STM32F411 data sheet).
const PATIENCE: Duration = Duration::from_secs(6);

/// How often a request is sent that did not arrive well.
const ATTEMPTS: usize = 3;

/// A device at the other end of a port.
pub struct Client<P> {
    port: P,
    receiver: Receiver,
    sequence: u8,
    answer: Vec<u8>,
    patience: Duration,
}

impl<P: Read + Write> Client<P> {
    /// A device at this port, whose reads are to end after a while without a byte.
    ///
    /// # Errors
    /// If the port cannot be written to.
    pub fn new(port: P) -> Result<Self> {
        let answer = Vec::new();
        let mut client = Client { port, receiver: Receiver::new(), sequence: 0, answer, patience: PATIENCE };
        // Ends what a disturbance may have begun.
        client.port.write_all(&[0]).context("the port cannot be written to")?;
        Ok(client)
    }

    /// With another patience than six seconds, for which it waits for an answer before it asks again.
    pub fn with_patience(self, patience: Duration) -> Self {
        Client { patience, ..self }
    }

    /// What the device is.
    ///
    /// # Errors
    /// If it does not answer, or refuses.
    pub fn describe(&mut self) -> Result<Description> {
        match self.ask(&Request::Describe)? {
            Response::Description(description) => Ok(description),
            other => unexpected(&other),
        }
    }

    /// What a sample is: its most probable class, the probability, and whether it reaches the threshold.
    ///
    /// # Errors
    /// If the device does not answer, or refuses the sample.
    pub fn predict(&mut self, features: &[f32]) -> Result<(usize, f32, bool)> {
        let mut buffer = [0; 4 * MAX_FLOATS];
        match self.ask(&Request::Predict { features: pack(features, &mut buffer)? })? {
            Response::Prediction { class, probability, known } => Ok((usize::from(class), probability, known)),
            other => unexpected(&other),
        }
    }

    /// Has the device learn a sample; its loss before.
    ///
    /// # Errors
    /// If the device does not answer, in which case it may have learned, or if it refuses the sample.
    pub fn learn(&mut self, features: &[f32], class: usize) -> Result<f32> {
        let mut buffer = [0; 4 * MAX_FLOATS];
        let class = u16::try_from(class).context("a class is below 65,536")?;
        match self.ask(&Request::Learn { features: pack(features, &mut buffer)?, class })? {
            Response::Learned { loss, .. } => Ok(loss),
            other => unexpected(&other),
        }
    }

    /// Takes back a sample that the device learned as `class`.
    ///
    /// # Errors
    /// If the device refuses, as one that did not learn it or learns by a gradient.
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
            other => unexpected(&other),
        }
    }

    /// The device's head: its weights row by row, then its biases.
    ///
    /// # Errors
    /// If the device does not answer.
    pub fn read_head(&mut self) -> Result<Vec<f32>> {
        let expected = parameters(&self.describe()?);
        let mut head = Vec::with_capacity(expected);
        while head.len() < expected {
            match self.ask(&Request::ReadHead { offset: head.len() as u32 })? {
                Response::Parameters { offset, parameters }
                    if offset as usize == head.len() && !parameters.is_empty() =>
                {
                    head.extend(parameters.iter());
                }
                other => return unexpected(&other),
            }
        }
        ensure!(head.len() == expected, "the device sent {} parameters, but its head has {expected}", head.len());
        Ok(head)
    }

    /// Replaces the device's head, in RAM; `steps` is its place in the warm-up.
    ///
    /// # Errors
    /// If it has another shape, or the device does not answer or refuses. The device's head is then as before.
    pub fn write_head(&mut self, head: &[f32], steps: u32) -> Result<()> {
        let description = self.describe()?;
        let Description { classes, features, .. } = description;
        ensure!(
            head.len() == parameters(&description),
            "the device's head has {classes} classes, {features} features and {} parameters, the one to send has {}",
            parameters(&description),
            head.len()
        );
        let mut buffer = [0; 4 * PART];
        for (part, numbers) in head.chunks(PART).enumerate() {
            let parameters = pack(numbers, &mut buffer)?;
            match self.ask(&Request::WriteHead { offset: (part * PART) as u32, parameters })? {
                Response::Taken { .. } => {}
                other => return unexpected(&other),
            }
        }
        let bytes: Vec<u8> = head.iter().flat_map(|number| number.to_le_bytes()).collect();
        let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&bytes);
        self.done(&Request::CommitHead { crc, steps })
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
            other => unexpected(&other),
        }
    }

    /// Sends a request and waits for its answer, and again if it or its answer arrives damaged or not at all.
    fn ask(&mut self, request: &Request<'_>) -> Result<Response<'_>> {
        // 0 is that of answers to damaged requests.
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        let mut outcome = Outcome::Silence;
        for attempt in 0..ATTEMPTS {
            self.send(request, attempt > 0)?;
            outcome = self.receive()?;
            if let Outcome::Answered = outcome {
                break;
            }
        }
        match outcome {
            Outcome::Answered => {}
            Outcome::Damaged => bail!("the device could not read {ATTEMPTS} requests in a row: the line is disturbed"),
            Outcome::Silence => {
                bail!("the device does not answer: is it the right port, and does its firmware have a link?")
            }
        }
        match decode(&mut self.answer) {
            Ok((_, Response::Refused(refusal))) => bail!("{refusal}"),
            Ok((_, response)) => Ok(response),
            Err(_) => bail!("the device's answer changed in memory"),
        }
    }

    fn send(&mut self, request: &Request<'_>, again: bool) -> Result<()> {
        let mut frame = [0; FRAME];
        let length = encode(self.sequence, request, &mut frame).context("the request does not fit into a frame")?;
        // If it was the 0 at the end that did not arrive, the device still waits for it.
        let first: &[u8] = if again { &[0] } else { &[] };
        let sent = self.port.write_all(first).and_then(|()| self.port.write_all(&frame[..length]));
        sent.and_then(|()| self.port.flush()).context("the port cannot be written to")
    }

    /// Waits for the answer to the last request and keeps its frame.
    fn receive(&mut self) -> Result<Outcome> {
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
            for byte in &bytes[..count] {
                let Received::Frame(frame) = self.receiver.push(*byte) else { continue };
                let kept = frame.to_vec();
                match decode::<Response<'_>>(frame) {
                    Ok((0, Response::Refused(Refusal::Frame(_)))) => return Ok(Outcome::Damaged),
                    Ok((sequence, _)) if sequence == self.sequence => {
                        self.answer = kept;
                        return Ok(Outcome::Answered);
                    }
                    // A late answer, or a damaged one: the next comes in time, or the request is sent again.
                    Ok(_) | Err(Unreadable::Frame(_)) => {}
                    Err(Unreadable::Version { found, .. }) => {
                        bail!("the device speaks version {found} of the protocol, this program {VERSION}")
                    }
                }
            }
        }
        Ok(Outcome::Silence)
    }
}

/// What came of a request.
enum Outcome {
    /// An answer.
    Answered,
    /// The device could not read it.
    Damaged,
    /// Nothing came in time.
    Silence,
}

/// The parameters of a device's head.
fn parameters(description: &Description) -> usize {
    usize::from(description.classes) * (usize::from(description.features) + 1)
}

fn pack<'a>(numbers: &[f32], buffer: &'a mut [u8]) -> Result<Floats<'a>> {
    Floats::pack(numbers.iter().copied(), buffer)
        .with_context(|| format!("{} numbers do not fit into a frame", numbers.len()))
}

fn unexpected<T>(response: &Response<'_>) -> Result<T> {
    bail!("the device's answer is to another question: {response:?}")
}
