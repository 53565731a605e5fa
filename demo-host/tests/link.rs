//! Host and device at the two ends of a line, here in one process; in QEMU the same is done by `cargo xtask qemu`.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use demo_host::link::{Client, demonstrate};
use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Readout, Sgd, Store};
use gradient_decay_app::digits;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::{Display, Shown};
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::sampling::Readings;
use gradient_decay_app::gestures::{
    App, Event, Fault, FlashFault, GESTURES, Learner, PARAMETERS, Parts, SAVED_BYTES, learner,
};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Served, Server};
use gradient_decay_app::simulation::BoardFlash;
use gradient_decay_app::simulation::script::Finger;
use gradient_decay_link::{
    FRAME, Floats, FrameError, Received, Receiver, Refusal, Request, Response, Unreadable, decode, encode,
};
use oracle::line::Line;
use proptest::prelude::*;

/// A device whose program runs whenever the host reads: what goes to it and comes from it lies in queues.
struct Device<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> {
    server: Server<CLASSES, FEATURES, PARAMETERS>,
    served: S,
    line: Line,
    saves: bool,
    /// Bytes that are flipped on their way to the device: every so many one.
    disturbed: Option<usize>,
    sent: usize,
}

impl<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize>
    Device<S, CLASSES, FEATURES, PARAMETERS>
{
    fn new(served: S) -> Self {
        let (server, line) = (Server::new(), Line::default());
        Device { server, served, line, saves: true, disturbed: None, sent: 0 }
    }

    fn run(&mut self) {
        let saves = self.saves;
        self.server.poll(&mut self.line, &mut self.served, |_| saves);
    }

    /// The answers to some bytes.
    fn answers(&mut self, bytes: &[u8]) -> Vec<(u8, String)> {
        self.line.to_device.extend(bytes);
        while !self.line.to_device.is_empty() {
            self.run();
        }
        let mut receiver = Receiver::new();
        let mut answers = Vec::new();
        for byte in self.line.to_host.drain(..) {
            if let Received::Frame(frame) = receiver.push(byte) {
                let (sequence, response) = decode::<Response<'_>>(frame).expect("the device's frames are sound");
                answers.push((sequence, format!("{response:?}")));
            }
        }
        answers
    }
}

impl<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> io::Read
    for Device<S, CLASSES, FEATURES, PARAMETERS>
{
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.run();
        if self.line.to_host.is_empty() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let count = bytes.len().min(self.line.to_host.len());
        bytes.iter_mut().zip(self.line.to_host.drain(..count)).for_each(|(to, from)| *to = from);
        Ok(count)
    }
}

impl<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> io::Write
    for Device<S, CLASSES, FEATURES, PARAMETERS>
{
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.sent += 1;
            let flipped = self.disturbed.is_some_and(|period| self.sent.is_multiple_of(period));
            self.line.to_device.push_back(if flipped { byte ^ 0x10 } else { *byte });
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type DigitsDevice = Device<
    LinearDevice<{ digits::CLASSES }, { digits::FEATURES }>,
    { digits::CLASSES },
    { digits::FEATURES },
    { digits::Head::PARAMETERS },
>;
type GesturesDevice = Device<Learner, GESTURES, FEATURES, PARAMETERS>;
/// A small linear head.
type Head = LinearHead<4, FEATURES>;
type SmallDevice = Device<LinearDevice<4, FEATURES>, 4, FEATURES, { Head::PARAMETERS }>;

fn digits_device(tuner: FineTuner) -> DigitsDevice {
    Device::new(LinearDevice::new(digits::trained_head(), Readout::new().with_threshold(0.6), tuner))
}

fn gestures_device() -> GesturesDevice {
    Device::new(learner())
}

fn small_device() -> SmallDevice {
    let tuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 84), Sgd::new(0.25));
    Device::new(LinearDevice::new(Head::new(), Readout::new().with_threshold(0.6), tuner))
}

fn request(sequence: u8, request: &Request<'_>) -> Vec<u8> {
    let mut frame = [0; FRAME];
    let length = encode(sequence, request, &mut frame).unwrap();
    frame[..length].to_vec()
}

fn refused(refusal: Refusal) -> String {
    format!("{:?}", Response::Refused(refusal))
}

#[test]
fn device_and_host_come_to_the_same_bits_with_digits() {
    let mut client = Client::new(digits_device(digits::TUNER)).unwrap();
    let result = demonstrate(&mut client, false).unwrap();
    println!("{result}");
    assert!(result.holds());
    assert_eq!((result.learned, result.tested, result.calibration.count), (300, 300, 300));
    assert_eq!(result.right_before, 181, "that of the digits demonstration");
    assert!(result.right_after > 230);
    // The device has its own head again, and has learned nothing.
    let mut own = vec![0.0; digits::Head::PARAMETERS];
    digits::trained_head().export(&mut own).unwrap();
    assert_eq!(client.read_head().unwrap(), own);
    assert_eq!((client.calibration().unwrap(), client.describe().unwrap().steps), (None, 0));
}

#[test]
fn device_and_host_come_to_the_same_bits_with_gestures() {
    let mut client = Client::new(gestures_device()).unwrap();
    for keep in [false, true] {
        let result = demonstrate(&mut client, keep).unwrap();
        println!("{result}");
        assert!(result.holds());
        assert_eq!((result.tested, result.right_before), (75, 15));
        assert!(result.right_after >= 72);
    }
    // What it knows now could not be sent back.
    let error = demonstrate(&mut client, true).unwrap_err();
    assert!(error.to_string().starts_with("the device has learned 75 labels"), "{error}");
    let refused = client.write_head(&[1.0; PARAMETERS], 0).unwrap_err();
    assert!(refused.to_string().contains("the device makes its own head"), "{refused}");
}

#[test]
fn another_bit_is_noticed() {
    // A device that learns at another rate.
    let device = digits_device(FineTuner::new(*digits::TUNER.schedule(), Sgd::new(0.050_001)));
    assert!(!demonstrate(&mut Client::new(device).unwrap(), false).unwrap().holds());
}

#[test]
fn a_disturbed_line_costs_repetitions_and_no_bit() {
    // One byte in 1009: most frames arrive well, and what does not is sent again, be it for a refusal or for a 0 that was lost.
    for period in [1009, 997, 499] {
        let device = Device { disturbed: Some(period), ..digits_device(digits::TUNER) };
        let mut client = Client::new(device).unwrap().with_patience(Duration::from_millis(2));
        assert!(demonstrate(&mut client, false).unwrap().holds());
    }
    let device = Device { disturbed: Some(20), ..digits_device(digits::TUNER) };
    let mut client = Client::new(device).unwrap().with_patience(Duration::from_millis(2));
    let error = demonstrate(&mut client, false).unwrap_err();
    assert_eq!(error.to_string(), "the device could not read 3 requests in a row: the line is disturbed");
}

#[test]
fn a_sample_that_is_sent_twice_is_learned_once() {
    let mut device = small_device();
    let mut buffer = [0; 96];
    let features = Floats::pack([0.5; 24], &mut buffer).unwrap();
    let learn = |sequence| request(sequence, &Request::Learn { features, class: 1 });
    let first = device.answers(&learn(3));
    assert_eq!(device.answers(&learn(3)), first);
    assert_eq!(device.served.steps(), 7, "its own, and six on what is remembered");
    // Another number, and the same one after another request, are other samples.
    device.answers(&learn(4));
    device.answers(&request(5, &Request::Describe));
    device.answers(&learn(4));
    assert_eq!(device.served.calibration().unwrap().count, 3);
}

#[test]
fn a_label_is_taken_back_once_by_who_learns_without_a_gradient() {
    let mut device = gestures_device();
    let mut buffer = [0; 96];
    let features = Floats::pack([0.5; 24], &mut buffer).unwrap();
    for (sequence, class) in [(1, 0), (2, 0), (3, 1)] {
        device.answers(&request(sequence, &Request::Learn { features, class }));
    }
    let take_back = |sequence, class| request(sequence, &Request::TakeBack { features, class });
    let done = format!("{:?}", Response::Done);
    // Sent twice, it is done once.
    for _ in 0..2 {
        assert_eq!(device.answers(&take_back(4, 0)), [(4, done.clone())]);
    }
    assert_eq!((device.served.classes(), device.served.head().samples(0)), (2, 1));
    assert_eq!(device.answers(&take_back(5, 1)), [(5, done)]);
    assert_eq!(device.served.classes(), 1, "a gesture that had only this sample goes");
    assert_eq!(device.answers(&take_back(6, 1)), [(6, refused(Refusal::Class { classes: 1 }))]);
    assert_eq!(small_device().answers(&take_back(7, 1)), [(7, refused(Refusal::Unsupported))]);
    // By the host's client.
    let mut client = Client::new(gestures_device()).unwrap();
    client.learn(&[0.5; 24], 0).unwrap();
    client.take_back(&[0.5; 24], 0).unwrap();
    assert_eq!(client.describe().unwrap().steps, 0);
    assert!(client.take_back(&[0.5; 24], 0).is_err());
}

#[test]
fn a_head_is_replaced_whole_or_not_at_all() {
    let mut device = small_device();
    let mut buffer = [0; 4 * 64];
    let parameters: Vec<f32> = (0..Head::PARAMETERS).map(|i| i as f32).collect();
    let mut write = |offset: usize, count: usize| {
        let parameters = Floats::pack(parameters[offset..offset + count].iter().copied(), &mut buffer).unwrap();
        request(1, &Request::WriteHead { offset: offset as u32, parameters })
    };
    let crc = gradient_decay_app::checksum::of_floats(&parameters);
    let commit = |crc| request(2, &Request::CommitHead { crc, steps: 7 });
    let taken = |count| (1, format!("{:?}", Response::Taken { parameters: count }));
    let offset = |sequence, expected| (sequence, refused(Refusal::Offset { expected }));

    assert_eq!(device.answers(&commit(crc)), [offset(2, 0)], "nothing was sent");
    assert_eq!(device.answers(&write(0, 50)), [taken(50)]);
    assert_eq!(device.answers(&write(60, 40)), [offset(1, 50)], "a gap");
    assert_eq!(device.answers(&commit(crc)), [offset(2, 50)], "half of it");
    assert_eq!(device.answers(&write(50, 50)), [taken(100)]);
    assert_eq!(device.answers(&write(50, 50)), [offset(1, 100)], "twice the same");
    assert_eq!(device.answers(&commit(crc ^ 1)), [(2, refused(Refusal::Crc { found: crc }))]);
    assert_eq!(device.served.learner.head(), &Head::new(), "so far it has its own");
    assert_eq!(device.answers(&commit(crc)), [(2, format!("{:?}", Response::Done))]);
    let mut expected = Head::new();
    expected.import(&parameters).unwrap();
    assert_eq!((device.served.learner.head(), device.served.steps()), (&expected, 7));
    assert_eq!(device.answers(&commit(crc)), [offset(2, 0)], "it is used up");

    // A NaN is found at the end.
    let mut bytes = [0; 4 * 100];
    let nan = Floats::pack((0..100).map(|i| if i == 42 { f32::NAN } else { 0.0 }), &mut bytes).unwrap();
    let numbers: Vec<f32> = nan.iter().collect();
    let crc = gradient_decay_app::checksum::of_floats(&numbers);
    device.answers(&request(1, &Request::WriteHead { offset: 0, parameters: nan }));
    assert_eq!(device.answers(&commit(crc)), [(2, refused(Refusal::NotFinite { index: 42 }))]);
    assert_eq!(device.served.learner.head(), &expected);
}

#[test]
fn bad_requests_are_refused_with_a_reason_and_change_nothing() {
    let mut device = small_device();
    let mut buffer = [0; 4 * 24];
    for (numbers, class, expected) in [
        (vec![0.5; 23], 0, Refusal::Length { expected: 24, actual: 23 }),
        (vec![0.5; 24], 4, Refusal::Class { classes: 4 }),
        ([&[0.0; 23][..], &[f32::INFINITY]].concat(), 1, Refusal::NotFinite { index: 23 }),
        (vec![1e30; 24], 1, Refusal::TooLarge),
    ] {
        let features = Floats::pack(numbers.iter().copied(), &mut buffer).unwrap();
        assert_eq!(device.answers(&request(9, &Request::Learn { features, class })), [(9, refused(expected))]);
    }
    assert_eq!(device.served.learner.head(), &LinearHead::new());
    assert_eq!(device.served.calibration(), None);
    let read = request(1, &Request::ReadHead { offset: 100 });
    assert_eq!(device.answers(&read), [(1, refused(Refusal::Offset { expected: 0 }))]);
    device.saves = false;
    assert_eq!(device.answers(&request(3, &Request::Save)), [(3, refused(Refusal::Storage))]);
}

#[test]
fn damaged_and_oversized_frames_are_answered() {
    let mut device = gestures_device();
    let good = request(5, &Request::Describe);
    let mut damaged = good.clone();
    damaged[2] ^= 1; // the sequence number
    let refusal = |error| (0, refused(Refusal::Frame(error)));
    assert_eq!(device.answers(&damaged), [refusal(FrameError::Crc)]);
    assert_eq!(device.answers(&[9, 1, 2, 0]), [refusal(FrameError::Framing)]);
    assert_eq!(device.answers(&[[1; 3000].as_slice(), &[0]].concat()), [refusal(FrameError::TooLong)]);
    let truncated = [&good[..good.len() - 3], &[0]].concat();
    assert_eq!(device.answers(&truncated).len(), 1);
    assert_eq!(device.answers(&good)[0].0, 5, "and it answers as before");
}

#[test]
fn another_version_is_refused_by_name() {
    let mut content = vec![200, 77, 0];
    content.extend(gradient_decay_app::checksum::of_bytes(&content).to_le_bytes());
    // None of these bytes but one is 0: COBS by hand.
    let mut frame = vec![3, 200, 77];
    frame.push(content.len() as u8 - 2);
    frame.extend(&content[3..]);
    frame.push(0);
    assert!(content[3..].iter().all(|byte| *byte != 0));
    let mut copy = frame[..frame.len() - 1].to_vec();
    assert_eq!(decode::<Request<'_>>(&mut copy), Err(Unreadable::Version { found: 200, sequence: 77 }));
    let mut device = gestures_device();
    assert_eq!(device.answers(&frame), [(77, refused(Refusal::Version { device: 1 }))]);
}

/// A request of any kind, with any numbers.
fn any_request() -> impl Strategy<Value = Vec<u8>> {
    let numbers = prop::collection::vec(prop_oneof![any::<f32>(), -2.0_f32..2.0], 0..60);
    (0..9_u32, numbers, any::<u32>(), 0..6_u16).prop_map(|(kind, numbers, number, class)| {
        let mut buffer = [0; 240];
        let floats = Floats::pack(numbers, &mut buffer).unwrap();
        request(
            1,
            &match kind {
                0 => Request::Describe,
                1 => Request::Predict { features: floats },
                2 => Request::Learn { features: floats, class },
                3 => Request::Calibration,
                4 => Request::ReadHead { offset: number % 120 },
                5 => Request::WriteHead { offset: number % 120, parameters: floats },
                7 => Request::TakeBack { features: floats, class },
                6 => Request::CommitHead { crc: number, steps: number },
                _ => Request::Save,
            },
        )
    })
}

proptest! {
    /// Whatever arrives, between good requests, damaged ones and garbage: the device answers the next request as if nothing had been.
    #[test]
    fn the_link_survives_everything(
        parts in prop::collection::vec(
            prop_oneof![
                any_request(),
                (any_request(), any::<prop::sample::Index>(), 0..8_u32).prop_map(|(mut bytes, at, bit)| {
                    let at = at.index(bytes.len());
                    bytes[at] ^= 1 << bit;
                    bytes
                }),
                (any_request(), any::<prop::sample::Index>())
                    .prop_map(|(bytes, at)| bytes[..at.index(bytes.len())].to_vec()),
                prop::collection::vec(any::<u8>(), 0..700),
            ],
            0..12,
        ),
        chunk in 1..50_usize,
    ) {
        let bytes = parts.concat();
        survives(small_device(), &bytes, chunk)?;
        survives(gestures_device(), &bytes, chunk)?;
    }
}

fn survives<S: Served<FEATURES>, const CLASSES: usize, const PARAMETERS: usize>(
    mut device: Device<S, CLASSES, FEATURES, PARAMETERS>,
    bytes: &[u8],
    chunk: usize,
) -> Result<(), TestCaseError> {
    for chunk in bytes.chunks(chunk) {
        device.answers(chunk);
    }
    let mut parameters = [0.0; PARAMETERS];
    device.served.export(&mut parameters).unwrap();
    prop_assert!(parameters.iter().all(|parameter| parameter.is_finite()));
    // A 0 clears what was begun, and may be answered.
    device.answers(&[0]);
    let answers = device.answers(&request(200, &Request::ReadHead { offset: 64 }));
    prop_assert_eq!(answers.len(), 1);
    prop_assert_eq!(answers[0].0, 200);
    prop_assert!(answers[0].1.starts_with("Parameters"));
    Ok(())
}

/// A display that is none.
struct Dark;

impl Display for Dark {
    type Error = Infallible;

    fn show(&mut self, _: Shown) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn a_save_for_a_host_is_told_by_the_device_as_well() {
    for (operations_left, expected) in
        [(None, Event::Saved { labels: 0 }), (Some(1), Event::Fault(Fault::NotSaved(FlashFault::Device)))]
    {
        let mut flash = BoardFlash::new();
        flash.operations_left = operations_left;
        let mut queue = Readings::new();
        let (_, readings) = queue.split();
        let (mut events, mut line, mut learner) = (Vec::new(), Line::default(), learner());
        let parts = Parts {
            readings,
            label: Button::active_low(Finger::label(&[])),
            save: Button::active_low(Finger::save(&[])),
            display: Dark,
            store: Store::new(flash, 0..BoardFlash::BYTES as u32, SAVED_BYTES).unwrap(),
            learner: &mut learner,
            buffer: &mut [0; _],
        };
        let mut app = App::new(parts, &mut |event| events.push(event));
        line.to_device.extend(request(1, &Request::Save));
        let mut server: Server<GESTURES, FEATURES, PARAMETERS> = Server::new();
        app.serve(&mut server, &mut line, &mut |event| events.push(event));
        assert_eq!(events, [Event::StartedNew, expected]);
        assert!(!line.to_host.is_empty());
    }
}

/// A head that was pushed is learned on as by a new device: nothing of what was learned before is left.
#[test]
fn a_device_that_has_learned_before_comes_to_the_same_bits() {
    let mut client = Client::new(gestures_device()).unwrap();
    for _ in 0..3 {
        assert!(demonstrate(&mut client, false).unwrap().holds());
    }
    let mut client = Client::new(digits_device(digits::TUNER)).unwrap();
    for _ in 0..3 {
        assert!(demonstrate(&mut client, false).unwrap().holds());
    }
}
