//! The device's link.

use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Readout, Sgd};
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::{self, GESTURES, PARAMETERS};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Served, Server};
use gradient_decay_link::{FRAME, Received, Receiver, Request, Response, VERSION, decode, encode};
use oracle::line::Line;

/// A linear head of the shape that the corpus has.
const CLASSES: usize = 4;
const LINEAR: usize = LinearHead::<CLASSES, FEATURES>::PARAMETERS;

/// Any bytes on the line; or, if the first is odd, as the contents of good frames, cut at 0xff. The device, which is that of a linear head or, if
/// the second bit is set, of gestures, answers by good frames, its head stays finite, and it answers the next request.
pub fn frames(bytes: &[u8]) {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    let mut line = Line::default();
    if mode % 2 == 0 {
        line.to_device.extend(bytes);
    } else {
        for message in bytes.split(|byte| *byte == 0xff) {
            line.to_device.extend(frame_of(message));
        }
    }
    if mode & 2 == 0 {
        let tuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 84), Sgd::new(0.25));
        answers::<CLASSES, LINEAR>(
            line,
            LinearDevice::new(LinearHead::<CLASSES, FEATURES>::new(), Readout::new(), tuner),
        );
    } else {
        answers::<GESTURES, PARAMETERS>(line, gestures::learner());
    }
}

fn answers<const CLASSES: usize, const PARAMETERS: usize>(mut line: Line, mut learner: impl Served<FEATURES>) {
    let mut server: Server<CLASSES, FEATURES, PARAMETERS> = Server::new();
    line.to_device.push_back(0);
    while !line.to_device.is_empty() {
        server.poll(&mut line, &mut learner, |_| true);
    }
    let mut parameters = [0.0; PARAMETERS];
    // A discriminant whose linear head would leave the range of f32 says so.
    if learner.export(&mut parameters).is_ok() {
        assert!(parameters.iter().all(|parameter| parameter.is_finite()));
    }

    let mut frame = [0; FRAME];
    let length = encode(77, &Request::Describe, &mut frame).expect("a short request fits");
    line.to_device.extend(&frame[..length]);
    server.poll(&mut line, &mut learner, |_| true);
    let (mut receiver, mut last) = (Receiver::new(), None);
    for byte in line.to_host {
        if let Received::Frame(frame) = receiver.push(byte) {
            let (sequence, response) = decode::<Response<'_>>(frame).expect("the device's frames are good");
            last = Some((sequence, matches!(response, Response::Description(_))));
        }
    }
    assert_eq!(last, Some((77, true)));
}

/// A frame of this version whose message is any bytes.
fn frame_of(message: &[u8]) -> Vec<u8> {
    let mut content = [&[VERSION, 1], message].concat();
    content.extend(gradient_decay_app::checksum::of_bytes(&content).to_le_bytes());
    // COBS: each block of up to 254 bytes without a 0 behind its length and one.
    let mut frame = Vec::new();
    let mut block = Vec::new();
    for (i, byte) in content.iter().enumerate() {
        if *byte != 0 {
            block.push(*byte);
        }
        if *byte == 0 || block.len() == 254 || i + 1 == content.len() {
            frame.push(block.len() as u8 + 1);
            frame.append(&mut block);
        }
    }
    frame.push(0);
    frame
}
