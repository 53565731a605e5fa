//! Host and device at the two ends of a line, here in one process; in QEMU the same is done by `cargo xtask link`. What the device does for any
//! host is tested in `firmware/app/tests/link`.

use std::io;
use std::time::Duration;

use demo_host::link::{Client, Recorder, demonstrate};
use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Readout, Sgd};
use gradient_decay_app::digits;
use gradient_decay_app::gestures::features::{FEATURES, Window};
use gradient_decay_app::gestures::{GESTURES, Learner, PARAMETERS, learner};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Beside, Means, Senses, Served, Server};
use gradient_decay_link::{Change, Changed};
use oracle::line::Line;

/// A device whose program runs whenever the host reads: what goes to it and comes from it lies in queues.
struct Device<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> {
    server: Server<CLASSES, FEATURES, PARAMETERS>,
    served: S,
    line: Line,
    room: Vec<u8>,
    window: Window,
    change: Option<Change>,
    /// Bytes that are flipped on their way to the device: every so many one.
    disturbed: Option<usize>,
    sent: usize,
    /// The answer that is lost on its way to the host, counted from 0, and the answers so far.
    lost: Option<usize>,
    answered: usize,
}

impl<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize>
    Device<S, CLASSES, FEATURES, PARAMETERS>
{
    fn new(served: S) -> Self {
        let (server, line) = (Server::consenting(), Line::default());
        Device {
            server,
            served,
            line,
            room: vec![0; 5000],
            window: Window::new(),
            change: None,
            disturbed: None,
            sent: 0,
            lost: None,
            answered: 0,
        }
    }

    fn run(&mut self) {
        let senses = Senses { window: &self.window, change: self.change, consent: 0 };
        let senses = (self.window.at() > 0).then_some(senses);
        let beside = Beside { room: &mut self.room, senses, consent: Err(Means::Firmware) };
        self.server.poll(&mut self.line, &mut self.served, beside, |_, _| true);
    }
}

impl<S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> io::Read
    for Device<S, CLASSES, FEATURES, PARAMETERS>
{
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.line.to_host.is_empty() {
            self.run();
            if !self.line.to_host.is_empty() {
                self.answered += 1;
                if self.lost == Some(self.answered - 1) {
                    self.line.to_host.clear();
                }
            }
        }
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

#[test]
fn device_and_host_come_to_the_same_bits_with_digits() {
    let mut client = Client::new(digits_device(digits::TUNER));
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
    let mut client = Client::new(gestures_device());
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
    assert!(!demonstrate(&mut Client::new(device), false).unwrap().holds());
}

#[test]
fn a_disturbed_line_costs_repetitions_and_no_bit() {
    // One byte in 1009: most frames arrive well, and what does not is sent again, be it for a refusal or for a 0 that was lost.
    for period in [1009, 997, 499] {
        let device = Device { disturbed: Some(period), ..digits_device(digits::TUNER) };
        let mut client = Client::new(device).with_patience(Duration::from_millis(2));
        assert!(demonstrate(&mut client, false).unwrap().holds());
    }
    let device = Device { disturbed: Some(20), ..digits_device(digits::TUNER) };
    let mut client = Client::new(device).with_patience(Duration::from_millis(2));
    let error = demonstrate(&mut client, false).unwrap_err();
    assert_eq!(error.to_string(), "the device cannot read what it is sent: the line is disturbed");
}

/// A head that was pushed is learned on as by a new device: nothing of what was learned before is left.
#[test]
fn a_device_that_has_learned_before_comes_to_the_same_bits() {
    let mut client = Client::new(gestures_device());
    for _ in 0..3 {
        assert!(demonstrate(&mut client, false).unwrap().holds());
    }
    let mut client = Client::new(digits_device(digits::TUNER));
    for _ in 0..3 {
        assert!(demonstrate(&mut client, false).unwrap().holds());
    }
}

#[test]
fn what_a_device_has_learned_moves_to_another_even_if_answers_are_lost() {
    let mut client = Client::new(gestures_device());
    demonstrate(&mut client, true).unwrap();
    let (checkpoint, head) = (client.read_checkpoint().unwrap(), client.read_head().unwrap());
    for lost in [0, 3, 20, 21] {
        let mut device = Device { lost: Some(lost), ..gestures_device() };
        let mut other = Client::new(&mut device).with_patience(Duration::from_millis(2));
        other.write_checkpoint(&checkpoint).unwrap();
        assert_eq!((other.read_head().unwrap(), other.read_checkpoint().unwrap()), (head.clone(), checkpoint.clone()));
        other.remove(0).unwrap();
        assert_eq!(device.served.classes(), 4);
    }
    let mut digits = Client::new(digits_device(digits::TUNER));
    for refused in [digits.read_checkpoint().map(drop), digits.write_checkpoint(&checkpoint), digits.look().map(drop)] {
        let error = refused.unwrap_err().to_string();
        assert!(error.starts_with("this device cannot do that"), "{error}");
    }
}

#[test]
fn what_a_user_teaches_is_recorded_as_tables_for_adapt() {
    let (mut device, mut recorder) = (gestures_device(), Recorder::new(Some("ann".to_owned())));
    let error = recorder.look(&mut Client::new(&mut device)).unwrap_err().to_string();
    assert!(error.starts_with("this device cannot do that"), "{error}");
    let (mut time, mut number) = (0_i16, 0);
    let mut teach = |device: &mut GesturesDevice, recorder: &mut Recorder, what: fn(u32) -> Changed| {
        // A host looks before the window is full of new samples.
        for _ in 0..2 {
            for _ in 0..35 {
                time += 1;
                device.window.push([time, -time, 1000]);
            }
            recorder.look(&mut Client::new(&mut *device)).unwrap();
        }
        number += 1;
        device.change = Some(Change { number, what: what(device.window.at() - 5) });
        recorder.look(&mut Client::new(device)).unwrap().join("; ")
    };
    let learned = |class: u16| -> fn(u32) -> Changed {
        match class {
            0 => |at| Changed::Learned { class: 0, at },
            1 => |at| Changed::Learned { class: 1, at },
            _ => |at| Changed::Learned { class: 2, at },
        }
    };
    for (said, what) in [
        ("1 windows: gesture 1", learned(0)),
        ("2 windows: gesture 2", learned(1)),
        ("3 windows: gesture 3", learned(2)),
        ("4 windows: gesture 3", learned(2)),
        ("3 windows: the last one was taken back", |_| Changed::TookBack { class: 2 }),
        ("gesture 2 was taken back, of a window that was not recorded", |_| Changed::TookBack { class: 1 }),
        ("2 windows: gesture 1 was removed", |_| Changed::Removed { class: 0 }),
    ] {
        let found = teach(&mut device, &mut recorder, what);
        assert!(found.contains(said), "{found}");
    }
    assert_eq!(recorder.len(), 2);
    let windows = recorder.windows();
    let rows: Vec<Vec<&str>> = windows.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((&rows[0][..3], rows[0].len()), (&["label", "group", "s0"][..], 2 + 192));
    // The second window ended five samples before the 140th.
    assert_eq!((&rows[1][..5], rows[1][191]), (&["gesture-1", "ann", "72", "-72", "1000"][..], "135"));
    let table = data_files::table::csv::read(recorder.features().as_bytes(), &["label", "group"]).unwrap();
    assert_eq!((table.features.columns, table.features.rows()), (FEATURES, 2));
    let mut window = Window::new();
    (72..=135).for_each(|time| window.push([time, -time, 1000]));
    assert_eq!(table.features.values[..FEATURES], window.features().unwrap());
}

/// A head to push into the digits' device.
fn other_head() -> Vec<f32> {
    (0..digits::Head::PARAMETERS).map(|i| (i % 17) as f32 / 16.0 - 0.5).collect()
}

#[test]
fn a_push_whose_answers_are_lost_in_turn_succeeds() {
    let mut failed = Vec::new();
    for lost in 0..20 {
        let mut device = Device { lost: Some(lost), ..digits_device(digits::TUNER) };
        let mut client = Client::new(&mut device).with_patience(Duration::from_millis(2));
        let pushed = client.write_head(&other_head(), 7);
        let mut head = vec![0.0; digits::Head::PARAMETERS];
        device.served.export(&mut head).unwrap();
        if pushed.is_err() || head != other_head() {
            failed.push((lost, device.answered, pushed.err().map(|error| error.to_string()), head == other_head()));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_request_of_another_client_with_the_same_number_is_done() {
    let mut device = small_device();
    Client::new(&mut device).learn(&[0.5; 24], 1).unwrap();
    let mut next = Client::new(&mut device);
    let refused = next.learn(&[f32::NAN; 24], 1).map_err(|error| error.to_string());
    let learned = next.learn(&[0.25; 24], 2);
    assert!(learned.is_ok());
    assert_eq!(device.served.calibration().unwrap().count, 2, "one of each client");
    assert!(refused.is_err(), "{refused:?}");
}
