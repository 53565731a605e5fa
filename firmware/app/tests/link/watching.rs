//! A host that watches a device, takes its recordings, and moves what it has learned to another.

use std::cell::Cell;

use gradient_decay_app::checksum;
use gradient_decay_app::gestures::features::{FEATURES, WINDOW, Window};
use gradient_decay_app::gestures::sampling::{Acceleration, SensorFault};
use gradient_decay_app::gestures::{SAVED_BYTES, learn, learner};
use gradient_decay_app::link::Served;
use gradient_decay_app::simulation::motion::Motion;
use gradient_decay_link::client::{PullCheckpoint, Push, Track};
use gradient_decay_link::{Change, Changed, Floats, PART, Refusal, Request, Response, Seen, Unknown};

use crate::bench::{Bench, Statics};
use crate::device::{self, done, refused};

/// The contents of a sight, without its frame.
struct Told {
    at: u32,
    seen: Option<Seen>,
    change: Option<Change>,
    learned: Vec<f32>,
    probabilities: Vec<f32>,
    features: Option<[f32; FEATURES]>,
}

impl Bench<'_> {
    fn look(&mut self) -> Told {
        let Ok(Response::Sight(sight)) = self.ask(&Request::Look) else { panic!("no sight") };
        let (learned, probabilities) = (sight.learned.iter().collect(), sight.probabilities.iter().collect());
        let features = sight.features.to_array();
        Told { at: sight.at, seen: sight.seen, change: sight.change, learned, probabilities, features }
    }

    fn follow(&mut self, track: &mut Track) {
        track.answered(&self.ask(&track.request()).unwrap()).unwrap();
    }

    /// Moves for so many samples, while a host follows.
    fn moves(&mut self, motion: &mut Motion, samples: u32, track: &mut Track) {
        for i in 0..samples {
            self.sense(Ok(motion.sample()));
            if i % 13 == 0 {
                self.follow(track);
            }
        }
        self.follow(track);
    }

    /// Taps so many times, then waits until the device has learned.
    fn taps(&mut self, button: &Cell<bool>, count: u32, motion: &mut Motion, track: &mut Track) {
        for _ in 0..count {
            for down in [true, false] {
                button.set(down);
                self.moves(motion, 4, track);
            }
        }
        self.moves(motion, 50, track);
    }
}

fn features(window: &[Acceleration]) -> [f32; FEATURES] {
    let mut samples = Window::new();
    window.iter().for_each(|sample| samples.push(*sample));
    samples.features().unwrap()
}

#[test]
fn a_host_records_what_the_user_teaches_by_the_buttons() {
    let (label, save) = (Cell::new(false), Cell::new(false));
    let mut statics = Statics::new();
    let mut bench = Bench::new(&mut statics, &label, &save);
    bench.connection.connect();
    bench.exchange().unwrap();
    let (mut track, mut twin) = (Track::new(), learner());
    let told = bench.look();
    assert_eq!((told.at, told.seen, told.change, told.features), (0, None, None, None));
    assert!(told.learned.is_empty() && told.probabilities.is_empty());
    for (number, class) in [(1, 0), (2, 1), (3, 1), (4, 2)] {
        let mut motion = Motion::new(class + 1, number);
        bench.moves(&mut motion, 80, &mut track);
        bench.taps(&label, u32::from(class) + 1, &mut motion, &mut track);
        let told = bench.look();
        let Some(Change { number: last, what: Changed::Learned { class: learned, at } }) = told.change else {
            panic!()
        };
        assert_eq!((last, learned), (number, class.into()));
        // From the host's own samples: the bits that the device has learned.
        let window = track.window(at).expect("it followed");
        learn(&mut twin, &features(&window), class.into()).unwrap();
        assert_eq!(bench.app.learner().head(), twin.head());
        assert_eq!(told.features, Some(features(&track.window(told.at).unwrap())));
    }
    let told = bench.look();
    assert_eq!(told.learned, [1.0, 2.0, 1.0]);
    let seen = told.seen.expect("it knows three");
    assert_eq!(told.probabilities.len(), 3);
    assert_eq!(told.probabilities[usize::from(seen.class)], seen.probability);
    let mut expected = [0.0; 8];
    let answer = twin.probabilities(&told.features.unwrap(), &mut expected).unwrap();
    assert_eq!((told.probabilities[..] == expected[..3], answer.class().is_some()), (true, seen.unknown.is_none()));

    let mut motion = Motion::new(1, 9);
    for count in [1, 2] {
        let number = bench.look().change.unwrap().number;
        bench.taps(&save, 2, &mut motion, &mut track);
        let change = bench.look().change.unwrap();
        // Only once.
        assert_eq!((change.number, change.what), (number + u32::from(count == 1), Changed::TookBack { class: 2 }));
    }
    assert_eq!(bench.look().learned, [1.0, 2.0]);
    label.set(true);
    bench.moves(&mut motion, 120, &mut track);
    label.set(false);
    bench.moves(&mut motion, 50, &mut track);
    assert_eq!(bench.look().change, Some(Change { number: 6, what: Changed::Removed { class: 0 } }));
}

#[test]
fn a_gap_in_the_samples_is_told_by_their_numbers() {
    let (label, save) = (Cell::new(false), Cell::new(false));
    let mut statics = Statics::new();
    let mut bench = Bench::new(&mut statics, &label, &save);
    bench.connection.connect();
    bench.exchange().unwrap();
    let (mut track, mut motion) = (Track::new(), Motion::new(2, 1));
    bench.moves(&mut motion, 70, &mut track);
    assert!(track.window(70).is_some());
    // One or two missing readings are bridged; more begin a new window.
    bench.sense(Err(SensorFault::Stale));
    bench.moves(&mut motion, 9, &mut track);
    assert!(track.window(80).is_some());
    (0..9).for_each(|_| bench.sense(Err(SensorFault::Stale)));
    bench.moves(&mut motion, 63, &mut track);
    let last = track.next() - 1;
    assert_eq!((track.window(last), bench.look().features), (None, None));
    bench.moves(&mut motion, 1, &mut track);
    assert_eq!(bench.look().features, Some(features(&track.window(last + 1).unwrap())));
    // A host that comes late gets the samples that are left.
    bench.pass(1000);
    bench.follow(&mut track);
    assert_eq!(track.window(track.next() - 1), Some([[0, 0, 1000]; WINDOW]));
}

#[test]
fn unknown_is_told_with_its_reason() {
    let mut device = device::gestures();
    let known = device.window.as_ref().unwrap().features().unwrap();
    for class in [0, 1, 2, 0, 1, 2] {
        // Three gestures that are the same.
        learn(&mut device.served, &known, class).unwrap();
    }
    let session = device.greet(1);
    let between = device.ask(session, 1, &Request::Look);
    assert!(between.contains(&format!("unknown: Some({:?})", Unknown::Between)), "{between}");
    (0..64).for_each(|i| device.window.as_mut().unwrap().push([4000 * (i % 2), -4000 * (i % 3), 0]));
    let far = device.ask(session, 2, &Request::Look);
    assert!(far.contains(&format!("unknown: Some({:?})", Unknown::Far)), "{far}");
    let mut linear = device::small();
    let session = linear.greet(1);
    for (sequence, request) in (1..).zip([
        Request::Look,
        Request::Sense { from: 0 },
        Request::Remove { class: 0 },
        Request::ReadCheckpoint { offset: 0 },
        Request::WriteCheckpoint { offset: 0, bytes: &[1] },
    ]) {
        assert_eq!(linear.ask(session, sequence, &request), refused(Refusal::Unsupported), "{request:?}");
    }
}

#[test]
fn a_gesture_is_removed_with_consent() {
    let mut device = device::gestures();
    for class in 0..3 {
        learn(&mut device.served, &[class as f32; FEATURES], class).unwrap();
    }
    let session = device.greet(1);
    assert_eq!(device.ask(session, 1, &Request::Remove { class: 3 }), refused(Refusal::Class { classes: 3 }));
    // Sent twice, the request is carried out once.
    for _ in 0..2 {
        assert_eq!(device.ask(session, 2, &Request::Remove { class: 1 }), done());
    }
    assert_eq!(device.served.classes(), 2);
    for sequence in [3, 4] {
        assert_eq!(device.ask(session, sequence, &Request::Remove { class: 0 }), done());
    }
    assert_eq!(device.served, learner(), "nothing of a user is left");
}

/// A device that has learned some gestures, and its checkpoint.
fn taught() -> (device::Gestures, Vec<u8>) {
    let mut device = device::gestures();
    for class in [0, 1, 2, 1] {
        learn(&mut device.served, &[class as f32 / 2.0; FEATURES], class).unwrap();
    }
    let mut bytes = vec![0; SAVED_BYTES];
    device.served.checkpoint(&mut bytes).unwrap();
    (device, bytes)
}

/// The answer to a request, which is the next of the session.
fn response(device: &mut device::Gestures, session: u32, sequence: u32, request: &Request<'_>) -> Vec<u8> {
    device.line.to_device.extend(device::frame(gradient_decay_link::Header { session, sequence }, request));
    device.poll();
    let mut answer: Vec<u8> = device.line.to_host.drain(..).collect();
    answer.pop();
    answer
}

#[test]
fn what_a_device_has_learned_goes_to_another_to_the_bit() {
    let (mut from, expected) = taught();
    let (mut bytes, mut sequence) = (vec![0; SAVED_BYTES], 0);
    let session = from.greet(1);
    let mut pull = PullCheckpoint::new(&mut bytes);
    let mut saves = true;
    loop {
        sequence += 1;
        let mut answer = response(&mut from, session, sequence, &pull.request());
        let (_, response) = gradient_decay_link::decode(&mut answer).unwrap();
        if response == Response::Refused(Refusal::Offset { expected: 0 }) {
            pull.resume();
            continue;
        }
        if let Some(length) = pull.answered(&response).unwrap() {
            assert_eq!(length, expected.len());
            break;
        }
        if sequence == 8 && std::mem::take(&mut saves) {
            // A save overwrites the copy, so the host asks for it again.
            from.room.fill(0xaa);
        }
    }
    assert_eq!(sequence, 2 * 19, "all parts, and again");
    assert!(bytes == expected);

    let (mut to, random) = (device::gestures(), 77);
    let session = to.greet(1);
    let mut push = Push::checkpoint(&bytes, random);
    let mut sequence = 0;
    loop {
        let mut buffer = [0; 4 * PART];
        sequence += 1;
        let mut answer = response(&mut to, session, sequence, &push.request(&mut buffer));
        if push.answered(&gradient_decay_link::decode(&mut answer).unwrap().1).unwrap() {
            break;
        }
        assert_eq!(to.served, learner(), "so far it is new");
    }
    assert_eq!(to.served, from.served);
    assert!(to.ask(session, 100, &Request::Describe).ends_with("pushed: Some(77) })"));
}

#[test]
fn a_checkpoint_is_taken_whole_or_not_at_all() {
    let (_, bytes) = taught();
    let mut device = device::gestures();
    let session = device.greet(1);
    let mut sequence = 0;
    let mut ask = |device: &mut device::Gestures, request: &Request<'_>| {
        sequence += 1;
        device.ask(session, sequence, request)
    };
    let mut write = |device: &mut device::Gestures, bytes: &[u8]| {
        for (part, offset) in bytes.chunks(256).zip((0..).step_by(256)) {
            assert!(ask(device, &Request::WriteCheckpoint { offset, bytes: part }).starts_with("Taken"));
        }
        ask(device, &Request::CommitCheckpoint { crc: checksum::of_bytes(bytes), push: 1 })
    };
    let mut cut = bytes.clone();
    cut.truncate(4000);
    let mut damaged = bytes.clone();
    damaged[999] ^= 4;
    for bad in [&cut, &damaged, &vec![0; 20]] {
        assert_eq!(write(&mut device, bad), refused(Refusal::Checkpoint));
        assert_eq!(device.served, learner());
    }
    let offset = |expected| refused(Refusal::Offset { expected });
    let part = &bytes[..256];
    sequence += 50;
    let mut ask = |device: &mut device::Gestures, request: &Request<'_>| {
        sequence += 1;
        device.ask(session, sequence, request)
    };
    assert_eq!(ask(&mut device, &Request::WriteCheckpoint { offset: 9, bytes: part }), offset(20), "a gap");
    ask(&mut device, &Request::WriteCheckpoint { offset: 0, bytes: part });
    assert_eq!(ask(&mut device, &Request::WriteCheckpoint { offset: 0, bytes: part }), "Taken { parameters: 256 }");
    // The user saves in between.
    device.room.fill(1);
    let crc = checksum::of_bytes(part);
    let found = checksum::of_bytes(&[1; 256]);
    assert_eq!(ask(&mut device, &Request::CommitCheckpoint { crc, push: 1 }), refused(Refusal::Crc { found }));
    // More bytes than there is room for.
    for offset in (0..).step_by(256).take(SAVED_BYTES / 256) {
        ask(&mut device, &Request::WriteCheckpoint { offset, bytes: part });
    }
    let full = (SAVED_BYTES / 256 * 256) as u32;
    assert_eq!(ask(&mut device, &Request::WriteCheckpoint { offset: full, bytes: part }), refused(Refusal::Checkpoint));
    assert_eq!(device.served, learner());
    // Parts of another session do not count.
    let other = device.greet(2);
    assert_eq!(device.ask(other, 1, &Request::CommitCheckpoint { crc, push: 1 }), offset(0));
    assert_eq!(device.ask(other, 2, &Request::ReadCheckpoint { offset: 256 }), offset(0));
}

/// The host teaches a window that it sees by the features of the sight.
#[test]
fn a_host_teaches_the_device_what_it_senses() {
    let (label, save) = (Cell::new(false), Cell::new(false));
    let mut statics = Statics::new();
    let mut bench = Bench::new(&mut statics, &label, &save);
    bench.connection.connect();
    bench.exchange().unwrap();
    let mut track = Track::new();
    for class in 0..3 {
        bench.moves(&mut Motion::new(class + 1, 1), 80, &mut track);
        let mut buffer = [0; 4 * FEATURES];
        let features = Floats::pack(bench.look().features.unwrap(), &mut buffer).unwrap();
        assert!(matches!(bench.ask(&Request::Learn { features, class: class.into() }), Ok(Response::Learned { .. })));
    }
    let told = bench.look();
    assert_eq!((told.learned, told.change), (vec![1.0; 3], None), "changes are the user's");
    assert_eq!(told.seen.map(|seen| (seen.class, seen.unknown)), Some((2, None)));
}
