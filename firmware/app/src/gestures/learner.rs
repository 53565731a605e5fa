//! The gesture learner: a discriminant, which learns from one to three examples of each gesture, and a read-out that refuses windows far from
//! all of them.

use gradient_decay::calibration::Summary;
use gradient_decay::{
    Answer, Calibration, Contents, DiscriminantHead, Error, Novelty, Parts, Readout, StreamingLda, checkpoint, kernels,
};

use super::GESTURES;
use super::features::FEATURES;
use super::units::Units;
use crate::link::{Import, Learned, Served};

/// The head of a gesture learner: 2,816 bytes.
pub type Head = DiscriminantHead<GESTURES, FEATURES, { kernels::packed(FEATURES) }>;

/// A gesture learner: 4,752 bytes, 1,688 of them the read-out. It is the same on cores with an FPU and without, to the bit.
pub type Learner = gradient_decay::Learner<Head, Parts<Units, (), (), Calibration<10>, Novelty<GESTURES, FEATURES>>>;

/// How it learns.
pub const LDA: StreamingLda = StreamingLda::new();

/// Below this probability an answer is `unknown`. It is low because few examples determine the means only roughly, so no probability is large.
const THRESHOLD: f32 = 0.4;

/// A window is `unknown` if its score is this many standard deviations above the mean of the known windows' scores. With this value nine of
/// ten real windows of known gestures pass.
const DEVIATIONS: f32 = 0.6;

/// A learner that knows no gesture yet. It is large: put it in a static.
pub const fn learner() -> Learner {
    let readout = Novelty::new(Readout::new().with_threshold(THRESHOLD)).with_deviations(DEVIATIONS);
    let parts = Parts { preprocess: Units, memory: (), guard: (), calibration: Calibration::new(), readout };
    Learner::new(Head::empty(), parts)
}

/// Learns the features of a window as a gesture, from 0 on; one more than there are is a new one.
///
/// # Errors
/// [`Error::Target`] if the gesture is beyond the next new one, [`Error::NoRoom`] if there are [`GESTURES`] already; as
/// [`Learner::learn`](gradient_decay::Learner::learn). The learner is then as it was.
pub fn learn(learner: &mut Learner, features: &[f32; FEATURES], gesture: usize) -> Result<Learned, Error> {
    let known = learner.classes();
    if gesture > known {
        return Err(Error::Target { target: gesture, classes: GESTURES.min(known + 1) });
    }
    if gesture == known {
        learner.add_class()?;
    }
    let learned = learner.learn(&LDA, features, gesture).map(|step| Learned::from(&step));
    if learned.is_err() && gesture == known {
        learner.remove_class(gesture)?;
    }
    learned
}

/// Takes back what was learned of a window. A gesture that had only this one, and is the last, goes.
///
/// # Errors
/// As [`Learner::unlearn`](gradient_decay::Learner::unlearn); the learner is then as it was.
pub fn take_back(learner: &mut Learner, features: &[f32; FEATURES], gesture: usize) -> Result<(), Error> {
    learner.unlearn(&LDA, features, gesture)?;
    if gesture + 1 == learner.classes() && learner.head().samples(gesture) == 0 {
        learner.remove_class(gesture)?;
    }
    Ok(())
}

/// Forgets a gesture; those above it move down by one. With the last one all is forgotten.
///
/// # Errors
/// [`Error::Target`] if it is not known; the learner is then as it was.
pub fn remove(learner: &mut Learner, gesture: usize) -> Result<(), Error> {
    learner.remove_class(gesture)?;
    if learner.classes() == 0 {
        renew(learner);
    }
    Ok(())
}

/// Resets a learner. Removed gestures leave their contribution in the scatter that all share; this leaves nothing.
// Not inlined: it is large, and called where there is little stack.
#[inline(never)]
fn renew(learner: &mut Learner) {
    *learner = self::learner();
}

impl Served<FEATURES> for Learner {
    fn steps(&self) -> u32 {
        self.head().labels()
    }

    fn readout(&self) -> &Readout {
        self.parts().readout.readout()
    }

    fn calibration(&self) -> Option<Summary> {
        self.parts().calibration.summary()
    }

    fn answer(&mut self, features: &[f32; FEATURES]) -> Result<Answer, Error> {
        Self::answer(self, features)
    }

    fn probabilities(&mut self, features: &[f32; FEATURES], probabilities: &mut [f32]) -> Result<Answer, Error> {
        Self::probabilities(self, features, probabilities)
    }

    fn learned(&self, class: usize) -> Option<u32> {
        (class < self.classes()).then(|| self.head().samples(class))
    }

    fn learn(&mut self, features: &[f32; FEATURES], class: usize) -> Result<Learned, Error> {
        learn(self, features, class)
    }

    fn take_back(&mut self, features: &[f32; FEATURES], class: usize) -> Result<bool, Error> {
        take_back(self, features, class).map(|()| true)
    }

    fn remove(&mut self, class: usize) -> Result<bool, Error> {
        remove(self, class).map(|()| true)
    }

    // Compiled where the store is, which reads and writes checkpoints too: else there were two copies of 6 kB.
    #[inline]
    fn checkpoint(&self, bytes: &mut [u8]) -> Result<Option<usize>, Error> {
        checkpoint::write(self, Contents::ALL, bytes).map(Some)
    }

    #[inline]
    fn restore(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        checkpoint::read(bytes, self).map(|()| true)
    }

    /// In the units of [`Units`].
    // Not inlined: two linear heads of 800 bytes should not be on the stack of other calls.
    #[inline(never)]
    fn export(&self, parameters: &mut [f32]) -> Result<(), Error> {
        self.head().to_linear(1.0)?.export(parameters)
    }

    /// Means and scatter cannot be computed from a linear head: only the head of a new learner, all zeros, is accepted, and resets this one.
    fn import(&mut self, parameters: &[f32], _: u32) -> Result<(), Import> {
        if parameters.iter().any(|parameter| *parameter != 0.0) {
            return Err(Import::ReadOnly);
        }
        renew(self);
        Ok(())
    }
}
