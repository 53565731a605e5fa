//! A device and this program learn the same samples, and must compute the same bits.

use std::fmt;
use std::io::{Read, Write};

use anyhow::{Context, Result, anyhow, bail, ensure};
use gradient_decay::Readout;
use gradient_decay_app::gestures::features::{self, WINDOW, Window};
use gradient_decay_app::gestures::{GESTURES, learner};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Import, Served};
use gradient_decay_app::simulation::motion::{self, Motion};
use gradient_decay_app::{checksum, digits};
use gradient_decay_link::{Arithmetic, Description, Summary};

use super::client::Client;
use crate::report::percent;

/// Labelled samples.
type Samples<const FEATURES: usize> = Vec<([f32; FEATURES], usize)>;

/// The windows of each gesture that are learned, and as many that are tested.
const WINDOWS: u32 = 15;

/// The result of a demonstration.
#[derive(Clone, Debug, PartialEq)]
pub struct Demonstration {
    /// The description of the device.
    pub device: Description,
    /// The name of the data that was sent.
    pub data: &'static str,
    /// Test samples, and those of them that the device read right before it learned, and after.
    pub tested: usize,
    /// Before.
    pub right_before: usize,
    /// After.
    pub right_after: usize,
    /// Samples that it learned.
    pub learned: usize,
    /// Its calibration over these, each before it was learned.
    pub calibration: Summary,
    /// The CRC-32 of the device's head afterwards.
    pub head_crc: u32,
    /// The number of losses and parameters that differ from this program's bits.
    pub different_bits: usize,
}

impl Demonstration {
    /// Whether device and program agree in every bit.
    pub fn holds(&self) -> bool {
        self.different_bits == 0
    }
}

/// Sends a device samples that fit its head, lets it learn them, and learns them here too. Afterwards the device gets its own head
/// back, unless `keep` is set.
///
/// # Errors
/// If the device does not answer, its head is neither that of the digits nor that of the gestures, or a gesture learner knows some already.
pub fn demonstrate<P: Read + Write>(client: &mut Client<P>, keep: bool) -> Result<Demonstration> {
    let device = client.describe()?;
    match (usize::from(device.classes), usize::from(device.features)) {
        (digits::CLASSES, digits::FEATURES) => {
            let twin = LinearDevice::new(digits::Head::new(), Readout::new(), digits::TUNER);
            let samples = (digit_features(&::digits::device_stream())?, digit_features(&::digits::device_test())?);
            teach(client, device, "digits, shifted by a pixel", twin, &samples, keep)
        }
        (GESTURES, features::FEATURES) => {
            ensure!(
                device.steps == 0,
                "the device has learned {} labels, which could not be sent back: try it with one that knows nothing",
                device.steps
            );
            let samples = (gesture_features(0)?, gesture_features(WINDOWS)?);
            teach(client, device, "generated gestures", learner(), &samples, keep)
        }
        (classes, features) => bail!(
            "the device's head has {classes} classes and {features} features: there are samples for the digits, with {} and \
             {}, and for gestures, with {GESTURES} and {}",
            digits::CLASSES,
            digits::FEATURES,
            features::FEATURES
        ),
    }
}

fn teach<P: Read + Write, const FEATURES: usize>(
    client: &mut Client<P>,
    device: Description,
    data: &'static str,
    twin: impl Served<FEATURES>,
    (stream, test): &(Samples<FEATURES>, Samples<FEATURES>),
    keep: bool,
) -> Result<Demonstration> {
    let own = client.read_head()?;
    let result = compare(client, device, data, twin, &own, stream, test);
    // Also after an error, if the device still answers.
    let restored = if keep { Ok(()) } else { client.write_head(&own, device.steps) };
    let result = result?;
    restored.context("the device kept what it learned: its own head could not be sent back")?;
    Ok(result)
}

fn compare<P: Read + Write, const FEATURES: usize>(
    client: &mut Client<P>,
    device: Description,
    data: &'static str,
    mut twin: impl Served<FEATURES>,
    own: &[f32],
    stream: &Samples<FEATURES>,
    test: &Samples<FEATURES>,
) -> Result<Demonstration> {
    // Both begin with the same head, nothing remembered, and the warm-up before them.
    client.write_head(own, 0)?;
    twin.import(own, 0).map_err(|error| match error {
        Import::Parameters(error) => error.into(),
        Import::OutOfRange { index, limit } => anyhow!("parameter {index} of the device's head is beyond {limit}"),
        Import::ReadOnly => anyhow!("the device's head is none of a device that knows nothing"),
    })?;

    let right_before = count_right(client, test)?;
    let mut different_bits = 0;
    for (features, class) in stream {
        let loss = client.learn(features, *class)?;
        let here = twin.learn(features, *class)?.loss;
        different_bits += usize::from(loss.to_bits() != here.to_bits());
    }
    let right_after = count_right(client, test)?;
    let calibration = client.calibration()?.context("the device learned, but has no calibration")?;
    let learned_head = client.read_head()?;
    let mut expected = vec![0.0; learned_head.len()];
    twin.export(&mut expected)?;
    different_bits += expected.iter().zip(&learned_head).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
    ensure!(learned_head != own || stream.is_empty(), "the device answers, but its head does not change");
    Ok(Demonstration {
        device,
        data,
        tested: test.len(),
        right_before,
        right_after,
        learned: stream.len(),
        calibration,
        head_crc: checksum::of_floats(&learned_head),
        different_bits,
    })
}

fn count_right<P: Read + Write, const FEATURES: usize>(
    client: &mut Client<P>,
    samples: &Samples<FEATURES>,
) -> Result<usize> {
    samples.iter().try_fold(0, |right, (features, class)| {
        let (predicted, _, _) = client.predict(features)?;
        Ok(right + usize::from(predicted == *class))
    })
}

fn digit_features(images: &[::digits::Digit]) -> Result<Samples<{ digits::FEATURES }>> {
    let features = |image: &::digits::Digit| {
        let mut features = [0.0; digits::FEATURES];
        digits::extract(&digits::HIDDEN, &image.pixels, &mut features)?;
        Ok((features, usize::from(image.label)))
    };
    images.iter().map(features).collect()
}

/// Windows of every gesture that is generated in turn, from a seed on.
fn gesture_features(seed: u32) -> Result<Samples<{ features::FEATURES }>> {
    let mut samples = Samples::new();
    for seed in seed..seed + WINDOWS {
        for gesture in 1..=motion::GESTURES {
            let (mut motion, mut window) = (Motion::new(gesture, seed), Window::new());
            (0..WINDOW).for_each(|_| window.push(motion.sample()));
            samples.push((window.features().context("the window is full")?, usize::from(gesture) - 1));
        }
    }
    Ok(samples)
}

impl fmt::Display for Demonstration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Description { classes, features, arithmetic, .. } = self.device;
        let arithmetic = match arithmetic {
            Arithmetic::Float => "float",
            Arithmetic::Fixed => "integers",
        };
        let Summary { accuracy, nll, ece, .. } = self.calibration;
        let share = |right: usize| percent(right as f32 / self.tested as f32);
        writeln!(f, "the device: {features} features, {classes} classes, in {arithmetic}")?;
        writeln!(f, "sent: {}", self.data)?;
        writeln!(f, "right before: {} of {} ({})", self.right_before, self.tested, share(self.right_before))?;
        writeln!(f, "right after {} labels: {} ({})", self.learned, self.right_after, share(self.right_after))?;
        let accuracy = percent(accuracy);
        writeln!(f, "the labels as it took them before: {accuracy} right, NLL {nll:.3}, ECE {}", percent(ece))?;
        writeln!(f, "head crc: {:08x}", self.head_crc)?;
        match self.different_bits {
            0 => writeln!(f, "every loss and every parameter has the bits that this computer computes"),
            count => writeln!(f, "{count} losses and parameters have other bits than this computer computes"),
        }
    }
}
