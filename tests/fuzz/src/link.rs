//! The device's link.

use gradient_decay::{BetaSchedule, FineTuner, FixedRate, LinearHead, Readout, Sgd};
use gradient_decay_app::fixed::FixedDevice;
use gradient_decay_app::gestures::features::{FEATURES, WINDOW, Window};
use gradient_decay_app::gestures::{self, GESTURES, PARAMETERS, SAVED_BYTES};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Beside, Means, Senses, Served, Server};
use gradient_decay_link::client::{Connection, Event};
use gradient_decay_link::{FRAME, Header, Received, Receiver, Request, Response, VERSION, decode, encode};
use oracle::line::Line;

/// A linear head of the shape that the corpus has.
const CLASSES: usize = 4;
const LINEAR: usize = LinearHead::<CLASSES, FEATURES>::PARAMETERS;

/// Any bytes on the line; or, if the first is odd, as the contents of good frames of a session, cut at 0xff. The device, which is that of a linear
/// head or, if the second bit is set, of gestures, or, if only the third is, of integers, answers by good frames, its head stays finite, and
/// it answers the next host. If the fourth bit is set, its user does not consent, and it is as it was but for what it was taught.
pub fn frames(bytes: &[u8]) {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    let schedule = BetaSchedule::geometric(0.1, 1.0, 84);
    match mode & 6 {
        0 => {
            let tuner = FineTuner::new(schedule, Sgd::new(0.25));
            let head = LinearHead::<CLASSES, FEATURES>::new();
            answers::<CLASSES, LINEAR>(*mode, bytes, LinearDevice::new(head, Readout::new(), tuner));
        }
        4 => {
            let tuner = FineTuner::new(schedule, FixedRate::new(0.25));
            let device = FixedDevice::<CLASSES, FEATURES>::new(Readout::new(), tuner);
            answers::<CLASSES, LINEAR>(*mode, bytes, device);
        }
        _ => answers::<GESTURES, PARAMETERS>(*mode, bytes, gestures::learner()),
    }
}

fn answers<const CLASSES: usize, const PARAMETERS: usize>(mode: u8, bytes: &[u8], mut learner: impl Served<FEATURES>) {
    let consent = if mode & 8 == 0 { Ok(()) } else { Err(Means::Firmware) };
    let mut server: Server<CLASSES, FEATURES, PARAMETERS> = Server::new();
    let (mut window, mut room, mut saves) = (Window::new(), [0; SAVED_BYTES], false);
    (0..WINDOW as i16).for_each(|i| window.push([i, -i, 1000]));
    let mut serve = |line: &mut Line| {
        while !line.to_device.is_empty() {
            let senses = Some(Senses { window: &window, change: None, consent: 0 });
            server.poll(line, &mut learner, Beside { consent, senses, room: &mut room }, |_, room| {
                room.fill(7);
                saves = true;
                true
            });
        }
    };
    let mut line = Line::default();
    if mode % 2 == 0 {
        line.to_device.extend(bytes);
    } else {
        let hello = Header { session: 1, sequence: 0 };
        let mut frame = [0; FRAME];
        let length = encode(hello, &Request::Hello, &mut frame).expect("a short request fits");
        line.to_device.extend(&frame[..length]);
        serve(&mut line);
        let mut welcome = Vec::from(line.to_host.clone());
        welcome.pop();
        let Ok((_, Response::Welcome { session })) = decode(&mut welcome) else { panic!("no welcome") };
        for (sequence, message) in (1..).zip(bytes.split(|byte| *byte == 0xff)) {
            line.to_device.extend(frame_of(Header { session, sequence }, message));
        }
    }
    line.to_device.push_back(0);
    serve(&mut line);
    let mut receiver = Receiver::new();
    for byte in line.to_host.drain(..) {
        if let Received::Frame(frame) = receiver.push(byte) {
            decode::<Response<'_>>(frame).expect("the device's frames are good");
        }
    }

    let mut connection = Connection::new(77);
    connection.connect();
    loop {
        line.to_device.extend(connection.outgoing());
        serve(&mut line);
        let answer = Vec::from(std::mem::take(&mut line.to_host));
        match connection.receive(&answer).expect("the line is good") {
            Event::Answered => break,
            Event::Send => {}
            Event::Wait => panic!("no answer"),
        }
    }
    let answer = connection.answer().expect("the device says what it is");
    let Response::Description(description) = answer else { panic!("{answer:?}") };
    assert!(consent.is_ok() || (!saves && description.pushed.is_none()));
    let mut parameters = [0.0; PARAMETERS];
    // A discriminant whose linear head would leave the range of f32 says so.
    if learner.export(&mut parameters).is_ok() {
        assert!(parameters.iter().all(|parameter| parameter.is_finite()));
    }
}

/// A frame of this version whose message is any bytes.
fn frame_of(header: Header, message: &[u8]) -> Vec<u8> {
    let start = [&[VERSION][..], &header.session.to_le_bytes(), &header.sequence.to_le_bytes()].concat();
    let mut content = [&start, message].concat();
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
