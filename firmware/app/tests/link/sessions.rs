//! Sessions, numbers and versions.

use gradient_decay_app::checksum;
use gradient_decay_app::link::{Beside, Served};
use gradient_decay_link::client::{Connection, Event, Failure};
use gradient_decay_link::{Floats, FrameError, Header, Refusal, Request, VERSION};

use crate::device::{self, frame, refused};

#[test]
fn a_sample_that_is_sent_twice_is_learned_once() {
    let mut device = device::small();
    let session = device.greet(1);
    let mut buffer = [0; 96];
    let learn = Request::Learn { features: Floats::pack([0.5; 24], &mut buffer).unwrap(), class: 1 };
    let first = device.ask(session, 3, &learn);
    assert_eq!(device.ask(session, 3, &learn), first);
    assert_eq!(device.served.steps(), 7, "its own, and six on what is remembered");
    // Another number is another sample, and one below the last is a late one.
    device.ask(session, 4, &learn);
    device.ask(session, 5, &Request::Describe);
    for sequence in [3, 4] {
        assert_eq!(device.answers(&frame(Header { session, sequence }, &learn)), []);
    }
    assert_eq!(device.served.calibration().unwrap().count, 2);
}

/// The number of a request says nothing about that of another session, even if it is refused.
#[test]
fn the_request_of_another_session_with_the_same_number_is_done() {
    let mut device = device::small();
    let mut buffer = [0; 96];
    let learn = Request::Learn { features: Floats::pack([0.5; 24], &mut buffer).unwrap(), class: 1 };
    let first = device.greet(1);
    device.ask(first, 1, &learn);
    let second = device.greet(2);
    device.ask(second, 1, &learn);
    assert_eq!(device.served.calibration().unwrap().count, 2);
    let mut buffer = [0; 96];
    let nan = Request::Learn { features: Floats::pack([f32::NAN; 24], &mut buffer).unwrap(), class: 1 };
    let third = device.greet(3);
    assert_eq!(device.ask(third, 1, &nan), refused(Refusal::NotFinite { index: 0 }));
    assert_eq!(device.ask(first, 2, &learn), refused(Refusal::Session));
}

#[test]
fn after_a_restart_requests_of_before_are_refused() {
    let mut before = device::small();
    let session = before.greet(1);
    let mut device = device::small();
    // The loop has come round once more.
    device.answers(&[0]);
    let mut buffer = [0; 96];
    let learn = Request::Learn { features: Floats::pack([0.5; 24], &mut buffer).unwrap(), class: 1 };
    // Even behind a late greeting.
    assert_eq!(device.ask(session, 1, &learn), refused(Refusal::Session));
    assert_ne!(device.greet(1), session);
    assert_eq!(device.ask(session, 1, &learn), refused(Refusal::Session));
    assert_eq!(device.served.steps(), 0);
}

#[test]
fn damaged_and_oversized_frames_are_answered() {
    let mut device = device::gestures();
    let session = device.greet(1);
    let header = Header { session, sequence: 5 };
    let good = frame(header, &Request::Describe);
    let mut damaged = good.clone();
    damaged[2] ^= 1; // the session
    let refusal = |error| (Header::UNREAD, refused(Refusal::Frame(error)));
    assert_eq!(device.answers(&damaged), [refusal(FrameError::Crc)]);
    assert_eq!(device.answers(&[9, 1, 2, 0]), [refusal(FrameError::Framing)]);
    assert_eq!(device.answers(&[[1; 3000].as_slice(), &[0]].concat()), [refusal(FrameError::TooLong)]);
    let truncated = [&good[..good.len() - 3], &[0]].concat();
    assert_eq!(device.answers(&truncated).len(), 1);
    assert_eq!(device.answers(&good)[0].0, header, "and it answers as before");
}

/// The frame of a message with its CRC.
fn cobs(content: &[u8]) -> Vec<u8> {
    let content = [content, &checksum::of_bytes(content).to_le_bytes()].concat();
    let mut frame = Vec::new();
    for block in content.split(|byte| *byte == 0) {
        frame.push(block.len() as u8 + 1);
        frame.extend(block);
    }
    frame.push(0);
    frame
}

/// A request of version 1, whose host says at the first byte of any answer that the versions differ.
#[test]
fn a_host_of_version_1_is_refused_by_the_version() {
    let mut device = device::gestures();
    // Version, sequence, `Describe`.
    assert_eq!(device.answers(&cobs(&[1, 77, 0])), [(Header::UNREAD, refused(Refusal::Version { device: VERSION }))]);
    device.line.to_device.extend(cobs(&[1, 77, 0]));
    device.server.poll(&mut device.line, &mut device.served, Beside::nothing(Ok(())), |_, _| true);
    // COBS's first byte, then the version.
    assert_eq!(device.line.to_host[1], VERSION);
}

/// The answer of a device of version 1 to what it cannot read: that it speaks version 1.
#[test]
fn a_device_of_version_1_is_told_in_one_sentence() {
    let mut connection = Connection::new(1);
    connection.connect();
    // Version, sequence, `Refused(Version { device: 1 })`.
    let failure = connection.receive(&cobs(&[1, 9, 0, 0, 1])).unwrap_err();
    assert_eq!(failure, Failure::Version { found: 1 });
    assert_eq!(
        failure.to_string(),
        "the device speaks version 1 of the protocol, this program version 2: update the older of the two"
    );
    assert_eq!(connection.ask(&Request::Describe), Err(Failure::Lost));
}

#[test]
fn a_message_that_a_device_does_not_know_is_refused_under_its_number() {
    let mut device = device::gestures();
    let content = [VERSION, 1, 1, 1, 1, 7, 0, 0, 0, 99];
    let header = Header { session: 0x0101_0101, sequence: 7 };
    assert_eq!(device.answers(&cobs(&content)), [(header, refused(Refusal::Frame(FrameError::Message)))]);
}

/// Sends what a connection has to send, without a loss, until it is answered.
fn exchange(device: &mut device::Small, connection: &mut Connection) -> Result<(), Failure> {
    loop {
        device.line.to_device.extend(connection.outgoing());
        device.server.poll(&mut device.line, &mut device.served, Beside::nothing(device.consent), |_, _| true);
        let answer: Vec<u8> = device.line.to_host.drain(..).collect();
        match connection.receive(&answer)? {
            Event::Answered => return Ok(()),
            Event::Send => {}
            Event::Wait => connection.timed_out().map(drop)?,
        }
    }
}

#[test]
fn a_host_learns_that_another_one_has_connected() {
    let (mut device, mut first, mut second) = (device::small(), Connection::new(10), Connection::new(20));
    first.connect();
    exchange(&mut device, &mut first).unwrap();
    first.ask(&Request::Save).unwrap();
    exchange(&mut device, &mut first).unwrap();
    second.connect();
    exchange(&mut device, &mut second).unwrap();
    first.ask(&Request::Save).unwrap();
    assert_eq!(exchange(&mut device, &mut first), Err(Failure::Lost));
    assert_eq!(first.ask(&Request::Save), Err(Failure::Lost), "until it connects again");
    first.connect();
    exchange(&mut device, &mut first).unwrap();
    first.ask(&Request::Save).unwrap();
    exchange(&mut device, &mut first).unwrap();
}
