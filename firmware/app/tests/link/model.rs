//! A model of the device, by what its hosts were told and nothing else.

use std::collections::BTreeMap;

use gradient_decay::Prediction;
use gradient_decay::readout::Reason;
use gradient_decay_app::checksum;
use gradient_decay_app::gestures::features::Window;
use gradient_decay_app::link::{Learned, Served};
use gradient_decay_link::{
    FRAME, Floats, Header, MAX_SAMPLES, PART, Refusal, Request, Response, Samples, Seen, Sight, Unknown, encode,
};

/// The requests of hosts, and the samples that the device senses meanwhile.
pub struct Data<const FEATURES: usize> {
    pub samples: Vec<[f32; FEATURES]>,
    pub heads: Vec<Vec<f32>>,
    pub checkpoints: Vec<Vec<u8>>,
    /// Those that hosts name; one more is tried as well.
    pub classes: usize,
    pub window: Window,
}

/// The bytes of a checkpoint that there is room for.
pub const ROOM: usize = 5000;

/// A request that a host has sent. Samples and heads are numbers of those of the [`Model`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    Describe,
    Predict {
        sample: usize,
    },
    Learn {
        sample: usize,
        class: u16,
    },
    TakeBack {
        sample: usize,
        class: u16,
    },
    Calibration,
    Read {
        offset: usize,
    },
    Save,
    /// A part of a head or of a checkpoint, and the end of a head. The requests themselves are those of a [`Push`](gradient_decay_link::client::Push).
    Write {
        taken: usize,
    },
    Commit {
        head: usize,
        push: u32,
    },
    Look,
    Sense {
        from: u32,
    },
    Remove {
        class: u16,
    },
    ReadCheckpoint {
        offset: usize,
    },
    CommitCheckpoint {
        checkpoint: usize,
        push: u32,
    },
}

impl Op {
    /// Whether a device is another one after it.
    pub fn changes(self) -> bool {
        matches!(
            self,
            Op::Learn { .. }
                | Op::TakeBack { .. }
                | Op::Save
                | Op::Commit { .. }
                | Op::Remove { .. }
                | Op::CommitCheckpoint { .. }
        )
    }
}

/// Steps of a warm-up that a push comes with.
pub const STEPS: u32 = 7;

/// The content of a request, in bytes: an answer is compared with what it should be.
pub type Answer = Vec<u8>;

/// An answer as it is compared. Refusals are alike but for those by lack of consent.
pub fn answer(response: &Response<'_>) -> Answer {
    match response {
        Response::Refused(Refusal::Consent(_)) => b"no consent".to_vec(),
        Response::Refused(_) => b"refused".to_vec(),
        response => {
            let mut frame = [0; FRAME];
            let length = encode(Header::UNREAD, response, &mut frame).unwrap();
            frame[..length].to_vec()
        }
    }
}

/// A state that the device may be in.
#[derive(Clone, Debug, PartialEq)]
pub struct State<S> {
    pub learner: S,
    pub saved: S,
    pub pushed: Option<u32>,
    /// Requests whose hosts may still be told what came of them: what that was in this state, `None` if they were not done.
    open: BTreeMap<u32, Option<Answer>>,
}

/// A request that was sent, and about which its host was told nothing so far.
#[derive(Clone, Copy, Debug)]
struct Pending {
    id: u32,
    host: usize,
    op: Op,
    /// Whether its host waits for the answer.
    awaited: bool,
}

/// All states that the device may be in.
pub struct Model<'a, S, const FEATURES: usize> {
    pub states: Vec<State<S>>,
    pending: Vec<Pending>,
    data: &'a Data<FEATURES>,
    classes: usize,
}

impl<'a, S: Served<FEATURES> + Clone + PartialEq, const FEATURES: usize> Model<'a, S, FEATURES> {
    pub fn new(learner: S, classes: usize, data: &'a Data<FEATURES>) -> Self {
        let saved = learner.clone();
        let states = vec![State { learner, saved, pushed: None, open: BTreeMap::new() }];
        Model { states, pending: Vec::new(), data, classes }
    }

    /// A host sends a request.
    pub fn sent(&mut self, id: u32, host: usize, op: Op) {
        if op.changes() {
            self.pending.push(Pending { id, host, op, awaited: true });
        }
    }

    /// A host gives up what it waits for: it may have been done, or may be done until its session ends.
    pub fn given_up(&mut self, id: u32) {
        match self.pending.iter_mut().find(|pending| pending.id == id) {
            Some(pending) => pending.awaited = false,
            None => self.close(id),
        }
    }

    /// All sessions but that of a host ended, or all of them: what was sent in these was done by now, or never will be.
    pub fn sessions_ended(&mut self) {
        while !self.pending.is_empty() {
            self.fork(0);
        }
    }

    /// The device is restarted.
    pub fn restarted(&mut self) {
        self.sessions_ended();
        for state in &mut self.states {
            (state.learner, state.pushed) = (state.saved.clone(), None);
        }
        self.merge();
    }

    /// A host is told that its session is lost while it waits.
    pub fn lost(&mut self, id: u32) {
        if let Some(at) = self.pending.iter().position(|pending| pending.id == id) {
            self.fork(at);
        }
        self.close(id);
    }

    /// A host is told what came of a request. An answer that is a session late can only be compared if the request changes something.
    pub fn told(&mut self, id: u32, host: usize, op: Op, told: &Answer, is_late: bool) {
        let refused = told == b"no consent";
        let (data, classes) = (self.data, self.classes);
        if op.changes() && !self.pending.iter().any(|pending| pending.id == id) {
            let done = if refused { None } else { Some(told) };
            self.states.retain(|state| state.open.get(&id).is_some_and(|open| open.as_ref() == done));
        } else {
            // What the same host sent before was done before, if it was done.
            while let Some(at) = self.pending.iter().position(|pending| pending.host == host && pending.id != id) {
                self.fork(at);
            }
            self.pending.retain(|pending| pending.id != id);
            if (op.changes() || !is_late) && !refused {
                self.states.retain_mut(|state| state.apply(op, data, classes) == *told);
            }
        }
        assert!(!self.states.is_empty(), "the answer to {op:?} is that of no state which the device may be in");
        self.close(id);
    }

    /// One of the requests was done, or was not.
    fn fork(&mut self, at: usize) {
        let Pending { id, op, awaited, .. } = self.pending.remove(at);
        let mut done = self.states.clone();
        for state in &mut done {
            let answer = state.apply(op, self.data, self.classes);
            state.open.insert(id, Some(answer));
        }
        for state in &mut self.states {
            state.open.insert(id, None);
        }
        self.states.append(&mut done);
        if !awaited {
            self.close(id);
        }
        assert!(self.states.len() < 10_000, "too many states to compare with");
    }

    /// Nobody will be told any more about a request.
    fn close(&mut self, id: u32) {
        for state in &mut self.states {
            state.open.remove(&id);
        }
        self.merge();
    }

    fn merge(&mut self) {
        let mut states: Vec<State<S>> = Vec::new();
        for state in self.states.drain(..) {
            if !states.contains(&state) {
                states.push(state);
            }
        }
        self.states = states;
    }
}

impl<S: Clone> State<S> {
    /// Does what is asked, with consent; the answer.
    fn apply<const FEATURES: usize>(&mut self, op: Op, data: &Data<FEATURES>, classes: usize) -> Answer
    where
        S: Served<FEATURES>,
    {
        let Data { samples, heads, checkpoints, window, .. } = data;
        let refused = || Response::Refused(Refusal::TooLarge);
        let learner = &mut self.learner;
        let response = match op {
            Op::Describe => Response::Description(gradient_decay_link::Description {
                classes: classes as u16,
                features: FEATURES as u16,
                arithmetic: learner.arithmetic(),
                steps: learner.steps(),
                temperature: learner.readout().temperature(),
                threshold: learner.readout().threshold(),
                pushed: self.pushed,
            }),
            Op::Predict { sample } => match learner.answer(&samples[sample]) {
                Ok(answer) => {
                    let Prediction { class, probability } = answer.prediction();
                    Response::Prediction { class: class as u16, probability, known: answer.class().is_some() }
                }
                Err(gradient_decay::Error::NoClasses) => {
                    Response::Prediction { class: 0, probability: 0.0, known: false }
                }
                Err(_) => refused(),
            },
            Op::Learn { sample, class } => match learner.learn(&samples[sample], usize::from(class)) {
                Ok(Learned { prediction: Prediction { class, probability }, loss, beta }) => {
                    Response::Learned { class: class as u16, probability, loss, beta }
                }
                Err(_) => refused(),
            },
            Op::TakeBack { sample, class } => match learner.take_back(&samples[sample], usize::from(class)) {
                Ok(true) => Response::Done,
                _ => refused(),
            },
            Op::Calibration => Response::Calibration(learner.calibration().map(|summary| {
                let gradient_decay::calibration::Summary { count, accuracy, confidence, nll, brier, ece, mce, .. } =
                    summary;
                gradient_decay_link::Summary { count, accuracy, confidence, nll, brier, ece, mce }
            })),
            Op::Read { offset } => {
                let mut head = vec![0.0; classes * (FEATURES + 1)];
                learner.export(&mut head).unwrap();
                let mut buffer = [0; 4 * PART];
                let parameters = Floats::pack(head[offset..].iter().copied().take(PART), &mut buffer).unwrap();
                return answer(&Response::Parameters { offset: offset as u32, parameters });
            }
            Op::Write { taken } => Response::Taken { parameters: taken as u32 },
            Op::Save => {
                self.saved = self.learner.clone();
                Response::Done
            }
            Op::Commit { head, push } => match learner.import(&heads[head], STEPS) {
                Ok(()) => {
                    self.pushed = Some(push);
                    Response::Done
                }
                Err(_) => refused(),
            },
            Op::Look => return answer_of_look(learner, window, classes),
            Op::Sense { from } => {
                let mut buffer = [0; 6 * MAX_SAMPLES];
                let (first, samples) = window.since(from);
                return answer(&Response::Sensed { first, samples: Samples::pack(samples, &mut buffer).unwrap() });
            }
            Op::Remove { class } => match learner.remove(usize::from(class)) {
                Ok(true) => Response::Done,
                _ => refused(),
            },
            Op::ReadCheckpoint { offset } => {
                let mut room = vec![0; ROOM];
                let Ok(Some(length)) = learner.checkpoint(&mut room) else { return answer(&refused()) };
                let crc = checksum::of_bytes(&room[..length]);
                let bytes = &room[offset..length.min(offset + 4 * PART)];
                let (offset, total) = (offset as u32, length as u32);
                return answer(&Response::Checkpoint { offset, total, crc, bytes });
            }
            Op::CommitCheckpoint { checkpoint, push } => match learner.restore(&checkpoints[checkpoint]) {
                Ok(true) => {
                    self.pushed = Some(push);
                    Response::Done
                }
                _ => refused(),
            },
        };
        answer(&response)
    }
}

fn answer_of_look<const FEATURES: usize>(
    learner: &mut impl Served<FEATURES>,
    window: &Window,
    classes: usize,
) -> Answer {
    let mut buffers = [[0; 4 * 120]; 3];
    let [counts, probable, numbers] = &mut buffers;
    let learned =
        Floats::pack((0..).map_while(|class| learner.learned(class)).map(|count| count as f32), counts).unwrap();
    let features = Floats::pack(window.features().unwrap(), numbers).unwrap();
    let mut probabilities = vec![0.0; classes];
    let found = features.to_array().and_then(|features| learner.probabilities(&features, &mut probabilities).ok());
    probabilities.truncate(if found.is_some() { learned.len() } else { 0 });
    let seen = found.map(|found| {
        let Prediction { class, probability } = found.prediction();
        let unknown = match found {
            gradient_decay::Answer::Unknown(_, Reason::Far) => Some(Unknown::Far),
            gradient_decay::Answer::Unknown(_, Reason::Between) => Some(Unknown::Between),
            gradient_decay::Answer::Class(_) => None,
        };
        Seen { class: class as u16, probability, unknown }
    });
    let probabilities = Floats::pack(probabilities, probable).unwrap();
    let (at, change, consent) = (window.at(), None, 0);
    answer(&Response::Sight(Sight { at, seen, change, consent, learned, probabilities, features }))
}

/// The request of an operation, but for those of a push. Its numbers lie in `buffer`.
pub fn request<'b, const FEATURES: usize>(
    op: Op,
    samples: &[[f32; FEATURES]],
    buffer: &'b mut [u8; 4 * PART],
) -> Request<'b> {
    let sample = match op {
        Op::Predict { sample } | Op::Learn { sample, .. } | Op::TakeBack { sample, .. } => sample,
        _ => 0,
    };
    let features = Floats::pack(samples[sample], buffer).unwrap();
    match op {
        Op::Describe | Op::Write { .. } | Op::Commit { .. } | Op::CommitCheckpoint { .. } => Request::Describe,
        Op::Predict { .. } => Request::Predict { features },
        Op::Learn { class, .. } => Request::Learn { features, class },
        Op::TakeBack { class, .. } => Request::TakeBack { features, class },
        Op::Calibration => Request::Calibration,
        Op::Read { offset } => Request::ReadHead { offset: offset as u32 },
        Op::Save => Request::Save,
        Op::Look => Request::Look,
        Op::Sense { from } => Request::Sense { from },
        Op::Remove { class } => Request::Remove { class },
        Op::ReadCheckpoint { offset } => Request::ReadCheckpoint { offset: offset as u32 },
    }
}

/// Samples that differ, and one that is refused.
pub fn samples<const FEATURES: usize>() -> Vec<[f32; FEATURES]> {
    let sample = |i: usize| core::array::from_fn(|k| ((i * 7 + k * 5) % 11) as f32 / 5.0 - 1.0);
    (0..5).map(sample).chain([[f32::NAN; FEATURES]]).collect()
}

/// The samples that the device senses all the while.
pub fn window() -> Window {
    let mut window = Window::new();
    (0..100).for_each(|i| window.push([1000 - i % 13, 100 * (i % 7), -i]));
    window
}
