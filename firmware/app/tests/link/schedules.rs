//! Random schedules: hosts that come and go, a line that loses, repeats, reorders, damages and cuts frames, a device that restarts. Whatever
//! happens, the device has what its hosts were told, and nothing else.

use std::fmt::Debug;

use gradient_decay::{BetaSchedule, Contents, FineTuner, LinearHead, Readout, Sgd, checkpoint};
use gradient_decay_app::gestures::features::Window;
use gradient_decay_app::gestures::{self, GESTURES, Learner, PARAMETERS};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Beside, Means, Senses, Served, Server};
use gradient_decay_link::client::{Connection, Event, Failure, Push};
use gradient_decay_link::{PART, Response};
use oracle::lengths::steps;
use oracle::line::Line;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::model::{Data, Model, Op, ROOM, STEPS, answer, request};

/// Schedules with each of the two learners.
fn schedules() -> u64 {
    steps(5_000, 50_000)
}

/// The number of events in a schedule, and how often hosts come and go and the device restarts.
#[derive(Clone, Copy)]
struct Pace {
    moves: usize,
    /// That often is one in so many times of the shortest.
    rarely: u32,
}

/// Many sessions, each of some requests.
const SHORT: Pace = Pace { moves: 300, rarely: 1 };
/// Sessions that last for a transfer of twenty parts.
const LONG: Pace = Pace { moves: 4000, rarely: 20 };

/// Hosts at the line.
const HOSTS: usize = 2;

/// A host, and what it waits for.
struct Host<'a> {
    connection: Connection,
    is_connected: bool,
    flow: Flow<'a>,
    waits: Option<Waits>,
}

#[derive(Clone, Copy)]
struct Waits {
    id: u32,
    op: Op,
    /// The connections and restarts before it was asked.
    epoch: u32,
    connects: bool,
}

/// Something that takes several requests.
enum Flow<'a> {
    Idle,
    Push { push: Push<'a>, end: Op, length: usize, part: usize, taken: usize },
    Read { offset: usize },
    ReadCheckpoint { offset: usize },
}

/// A device, its line, its hosts, and what they know.
struct World<'a, S, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> {
    random: StdRng,
    pace: Pace,
    data: &'a Data<FEATURES>,
    server: Server<CLASSES, FEATURES, PARAMETERS>,
    learner: S,
    saved: S,
    consent: Result<(), Means>,
    room: Vec<u8>,
    to_device: Vec<Vec<u8>>,
    to_hosts: Vec<Vec<u8>>,
    hosts: Vec<Host<'a>>,
    model: Model<'a, S, FEATURES>,
    ids: u32,
    epoch: u32,
    told: u32,
    /// Checkpoints that were pushed to their end, and pulled.
    whole: u32,
    heals: bool,
}

impl<'a, S, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize>
    World<'a, S, CLASSES, FEATURES, PARAMETERS>
where
    S: Served<FEATURES> + Clone + PartialEq + Debug,
{
    fn new(seed: u64, pace: Pace, learner: &S, data: &'a Data<FEATURES>) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let hosts = (0..HOSTS).map(|_| Host::new(random.random())).collect();
        let mut world = World {
            random,
            pace,
            data,
            server: Server::new(),
            learner: learner.clone(),
            saved: learner.clone(),
            consent: Ok(()),
            room: vec![0; ROOM],
            to_device: Vec::new(),
            to_hosts: Vec::new(),
            hosts,
            model: Model::new(learner.clone(), CLASSES, data),
            ids: 0,
            epoch: 0,
            told: 0,
            whole: 0,
            heals: false,
        };
        world.start();
        world
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// The device starts, and its main loop comes round until something arrives.
    fn start(&mut self) {
        self.server = Server::new();
        let mut line = Line::default();
        for _ in 0..self.random.random_range(0..2000) {
            self.poll(&mut line);
        }
    }

    /// Runs the device's main loop once.
    fn poll(&mut self, line: &mut Line) {
        let World { server, learner, saved, consent, room, data, .. } = self;
        let senses = Some(Senses { window: &data.window, change: None, consent: 0 });
        server.poll(line, learner, Beside { consent: *consent, senses, room }, |learner, room| {
            // As a store does.
            room.fill(0);
            *saved = learner.clone();
            true
        });
    }

    /// One thing happens.
    fn happen(&mut self) {
        let host = self.random.random_range(0..HOSTS);
        // Time passes when nothing else can happen; now and then it passes too fast.
        if self.to_device.is_empty() && self.to_hosts.is_empty() && self.hosts[host].waits.is_some() {
            return self.time_out(host);
        }
        let rarely = |random: &mut StdRng, rarely| rarely == 1 || random.random_range(0..rarely) == 0;
        match self.random.random_range(0..1000) {
            0..30 if !rarely(&mut self.random, self.pace.rarely) => {}
            0..10 => {
                self.learner = self.saved.clone();
                self.start();
                self.epoch += 1;
                self.model.restarted();
            }
            10..20 => self.consent = if self.consent.is_ok() { Err(Means::Firmware) } else { Ok(()) },
            20..30 => {
                if let Some(waits) = self.hosts[host].waits {
                    self.model.given_up(waits.id);
                }
                self.hosts[host] = Host::new(self.random.random());
            }
            30..60 => {
                if self.hosts[host].waits.is_some() {
                    self.time_out(host);
                }
            }
            60..400 => {
                // Sessions end each other: a host that has none begins one rarely.
                if self.hosts[host].waits.is_none()
                    && (self.hosts[host].is_connected || self.chance(10) && rarely(&mut self.random, self.pace.rarely))
                {
                    self.ask(host);
                }
            }
            400..700 => self.device_receives(),
            _ => self.hosts_receive(),
        }
    }

    /// The frames that the line makes of one on its way; none if it loses it. Another one may arrive before it, or it may arrive twice.
    fn carry(&mut self, to_device: bool) -> Option<Vec<u8>> {
        let reorders = !self.heals && self.chance(15);
        let repeats = !self.heals && self.chance(8);
        let queue = if to_device { &mut self.to_device } else { &mut self.to_hosts };
        if queue.is_empty() {
            return None;
        }
        let at = if reorders { self.random.random_range(0..queue.len()) } else { 0 };
        let mut bytes = if repeats { queue[at].clone() } else { queue.remove(at) };
        if !self.heals {
            match self.random.random_range(0..100) {
                0..8 => return None,
                8..12 => {
                    let bit = self.random.random_range(0..8 * bytes.len());
                    bytes[bit / 8] ^= 1 << (bit % 8);
                }
                12..15 => bytes.truncate(self.random.random_range(0..bytes.len())),
                15..17 => {
                    let garbage: [u8; 9] = self.random.random();
                    bytes.splice(0..0, garbage);
                }
                _ => {}
            }
        }
        Some(bytes)
    }

    fn device_receives(&mut self) {
        let Some(bytes) = self.carry(true) else { return };
        let mut line = Line { to_device: bytes.into(), ..Line::default() };
        while !line.to_device.is_empty() {
            self.poll(&mut line);
        }
        let answers = Vec::from(line.to_host);
        self.to_hosts.extend(answers.split_inclusive(|byte| *byte == 0).map(<[u8]>::to_vec));
    }

    /// Both hosts hear what the device says: a session may not take an answer for another's.
    fn hosts_receive(&mut self) {
        let Some(bytes) = self.carry(false) else { return };
        for host in 0..self.hosts.len() {
            let event = self.hosts[host].connection.receive(&bytes);
            self.act(host, event);
        }
    }

    fn time_out(&mut self, host: usize) {
        let event = self.hosts[host].connection.timed_out();
        self.act(host, event);
    }

    fn send(&mut self, host: usize) {
        self.to_device.push(self.hosts[host].connection.outgoing().to_vec());
    }

    fn act(&mut self, host: usize, event: Result<Event, Failure>) {
        match event {
            Ok(Event::Wait) => {}
            Ok(Event::Send) => self.send(host),
            Ok(Event::Answered) => self.answered(host),
            Err(Failure::Lost) => {
                let waits = self.hosts[host].waits.take().expect("it asked");
                self.model.lost(waits.id);
                self.hosts[host].is_connected = false;
                if self.chance(30) {
                    self.hosts[host].flow = Flow::Idle;
                }
            }
            Err(Failure::Silence | Failure::Disturbed) => {
                if self.heals || self.chance(60) {
                    self.hosts[host].connection.again().unwrap();
                    self.send(host);
                } else {
                    let waits = self.hosts[host].waits.take().expect("it asked");
                    self.model.given_up(waits.id);
                    self.hosts[host].flow = Flow::Idle;
                }
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    /// A host asks the next thing that it has to ask.
    fn ask(&mut self, at: usize) {
        let (classes, samples) = (self.data.classes, self.data.samples.len());
        let host = &mut self.hosts[at];
        let mut buffer = [0; 4 * PART];
        let (op, connects) = if !host.is_connected {
            host.connection.connect();
            (Op::Describe, true)
        } else {
            if let Flow::Idle = host.flow {
                match self.random.random_range(0..10) {
                    0 => {
                        let (head, push) = (self.random.random_range(0..self.data.heads.len()), self.random.random());
                        let numbers = &self.data.heads[head];
                        let (end, length, part) = (Op::Commit { head, push }, numbers.len(), PART);
                        host.flow = Flow::Push { push: Push::new(numbers, STEPS, push), end, length, part, taken: 0 };
                    }
                    1 => {
                        let checkpoint = self.random.random_range(0..self.data.checkpoints.len());
                        let (bytes, push) = (&self.data.checkpoints[checkpoint], self.random.random());
                        let (end, length, part) = (Op::CommitCheckpoint { checkpoint, push }, bytes.len(), 4 * PART);
                        host.flow = Flow::Push { push: Push::checkpoint(bytes, push), end, length, part, taken: 0 };
                    }
                    2 => host.flow = Flow::Read { offset: 0 },
                    3 if self.random.random_range(0..4) == 0 => host.flow = Flow::ReadCheckpoint { offset: 0 },
                    _ => {}
                }
            }
            match &mut host.flow {
                Flow::Push { push, end, length, part, taken } => {
                    host.connection.ask(&push.request(&mut buffer)).unwrap();
                    let op = if taken == length { *end } else { Op::Write { taken: (*length).min(*taken + *part) } };
                    (op, false)
                }
                flow => {
                    let (sample, class) =
                        (self.random.random_range(0..samples), self.random.random_range(0..=classes) as u16);
                    let op = match (flow, self.random.random_range(0..17)) {
                        (Flow::Read { offset }, _) => Op::Read { offset: *offset },
                        (Flow::ReadCheckpoint { offset }, _) => Op::ReadCheckpoint { offset: *offset },
                        (_, 0) => Op::Describe,
                        (_, 1) => Op::Predict { sample },
                        (_, 2..8) => Op::Learn { sample, class },
                        (_, 8..11) => Op::TakeBack { sample, class },
                        (_, 11) => Op::Calibration,
                        (_, 12) => Op::Look,
                        (_, 13) => Op::Sense { from: self.data.window.at() - self.random.random_range(0..80) },
                        (_, 14) => Op::Remove { class },
                        _ => Op::Save,
                    };
                    host.connection.ask(&request(op, &self.data.samples, &mut buffer)).unwrap();
                    (op, false)
                }
            }
        };
        self.ids += 1;
        host.waits = Some(Waits { id: self.ids, op, epoch: self.epoch, connects });
        self.model.sent(self.ids, at, op);
        self.send(at);
    }

    /// A host is told what came of its request.
    fn answered(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        let Waits { id, op, epoch, connects } = host.waits.take().expect("it asked");
        let is_late = epoch != self.epoch;
        let result = host.connection.answer();
        let told = match &result {
            Ok(response) => answer(response),
            Err(Failure::Refused(refusal)) => answer(&Response::Refused(*refusal)),
            Err(other) => panic!("{other:?}"),
        };
        if connects {
            self.epoch += 1;
            host.is_connected = true;
            self.model.sessions_ended();
        }
        match (&mut host.flow, &result) {
            (Flow::Push { push, taken, .. }, Ok(Response::Description(description))) if connects => {
                *taken = 0;
                if push.resume(description) {
                    host.flow = Flow::Idle;
                }
            }
            (Flow::Push { push, taken, .. }, Ok(response)) => {
                if push.answered(response).unwrap() {
                    host.flow = Flow::Idle;
                    self.whole += u32::from(matches!(op, Op::CommitCheckpoint { .. }));
                } else if let Op::Write { taken: now } = op {
                    *taken = now;
                }
            }
            (Flow::Read { .. }, Ok(_)) if connects => host.flow = Flow::Read { offset: 0 },
            (Flow::ReadCheckpoint { .. }, Ok(_)) if connects => host.flow = Flow::ReadCheckpoint { offset: 0 },
            (Flow::ReadCheckpoint { offset }, Ok(Response::Checkpoint { total, bytes, .. })) => {
                *offset += bytes.len();
                if *offset == *total as usize {
                    host.flow = Flow::Idle;
                    self.whole += 1;
                }
            }
            (Flow::Read { offset }, Ok(Response::Parameters { parameters, .. })) => {
                *offset += parameters.len();
                if *offset == PARAMETERS {
                    host.flow = Flow::Idle;
                }
            }
            (_, Err(_)) => host.flow = Flow::Idle,
            _ => {}
        }
        self.told += 1;
        self.model.told(id, at, op, &told, is_late);
    }

    /// From now on nothing is lost: every host is told what it waits for.
    fn heal(&mut self) {
        self.heals = true;
        self.consent = Ok(());
        let mut rounds = 0;
        while self.hosts.iter().any(|host| host.waits.is_some()) || !self.to_device.is_empty() {
            while !(self.to_device.is_empty() && self.to_hosts.is_empty()) {
                self.device_receives();
                self.hosts_receive();
            }
            for host in 0..self.hosts.len() {
                if self.hosts[host].waits.is_some() {
                    self.time_out(host);
                }
            }
            rounds += 1;
            assert!(rounds < 1000, "on a good line every request is answered");
        }
    }

    /// Compares the device with what its hosts were told. Returns the states that it might have been in, the number of answers that its hosts
    /// got, and of checkpoints that were transferred whole.
    fn check(mut self) -> (usize, u32, u32) {
        self.heal();
        // What is still open about hosts that have gone is settled by the next session.
        self.hosts.push(Host::new(self.random.random()));
        self.ask(HOSTS);
        self.heal();
        let is = |learner: &S, saved: &S| *learner == self.learner && *saved == self.saved;
        assert!(
            self.model.states.iter().any(|state| is(&state.learner, &state.saved)),
            "the device has {:?}, saved {:?}, but {:?} is what its hosts were told",
            self.learner,
            self.saved,
            self.model.states
        );
        (self.model.states.len(), self.told, self.whole)
    }
}

impl Host<'_> {
    fn new(random: u32) -> Self {
        Host { connection: Connection::new(random), is_connected: false, flow: Flow::Idle, waits: None }
    }
}

/// Samples that differ, and one that is refused.
fn samples<const FEATURES: usize>() -> Vec<[f32; FEATURES]> {
    let sample = |i: usize| core::array::from_fn(|k| ((i * 7 + k * 5) % 11) as f32 / 5.0 - 1.0);
    (0..5).map(sample).chain([[f32::NAN; FEATURES]]).collect()
}

/// What the device senses all the while.
fn window() -> Window {
    let mut window = Window::new();
    (0..100).for_each(|i| window.push([1000 - i % 13, 100 * (i % 7), -i]));
    window
}

/// The checkpoints that went whole.
fn run<S, const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize>(
    learner: &S,
    data: &Data<FEATURES>,
    schedules: u64,
    pace: Pace,
) -> u64
where
    S: Served<FEATURES> + Clone + PartialEq + Debug,
{
    let (mut exact, mut told, mut checkpoints) = (0, 0, 0);
    for seed in 0..schedules {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut world = World::<S, CLASSES, FEATURES, PARAMETERS>::new(seed, pace, learner, data);
            (0..pace.moves).for_each(|_| world.happen());
            world.check()
        }));
        let Ok((states, answers, whole)) = result else { panic!("schedule {seed}") };
        exact += u64::from(states == 1);
        told += u64::from(answers);
        checkpoints += u64::from(whole);
    }
    println!("{schedules} schedules, {told} answers, in {exact} of them nothing was left open");
    assert!(exact > schedules / 2 && told > 10 * schedules);
    checkpoints
}

#[test]
fn a_gesture_learner_has_what_its_hosts_were_told() {
    let heads = vec![vec![0.0; PARAMETERS], vec![1.0; PARAMETERS]];
    let mut known = gestures::learner();
    for (sample, class) in samples().iter().zip(0..3) {
        gestures::learn(&mut known, sample, class).unwrap();
    }
    let mut checkpoint = vec![0; checkpoint::bytes::<Learner>()];
    checkpoint::write(&known, Contents::ALL, &mut checkpoint).unwrap();
    // A checkpoint of a new device, and one that arrives without errors but was damaged before.
    let mut empty = checkpoint.clone();
    checkpoint::write(&gestures::learner(), Contents::ALL, &mut empty).unwrap();
    let damaged = checkpoint.iter().map(|byte| byte ^ 1).take(700).collect();
    let data =
        Data { samples: samples(), heads, checkpoints: vec![checkpoint, empty, damaged], classes: 3, window: window() };
    let run = run::<_, GESTURES, { gestures::features::FEATURES }, PARAMETERS>;
    run(&gestures::learner(), &data, schedules(), SHORT);
    let long = schedules() / 20;
    let checkpoints = run(&gestures::learner(), &data, long, LONG);
    println!("{checkpoints} checkpoints went whole");
    assert!(checkpoints > long / 2);
}

#[test]
fn a_linear_head_has_what_its_hosts_were_told() {
    type Head = LinearHead<3, 50>;
    let tuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 84), Sgd::new(0.25));
    let heads = (0..3).map(|i| (0..Head::PARAMETERS).map(|k| ((i + k) % 7) as f32 / 8.0).collect()).collect();
    let data = Data { samples: samples(), heads, checkpoints: vec![vec![1; 300]], classes: 3, window: window() };
    run::<_, 3, 50, { Head::PARAMETERS }>(
        &LinearDevice::new(Head::new(), Readout::new(), tuner),
        &data,
        schedules(),
        SHORT,
    );
}
