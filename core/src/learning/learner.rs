//! The learning loop of a device in one place: standardise, infer, answer, learn, remember, judge, calibrate.

use crate::error::{Error, Slice, check_classes, check_length};
use crate::heads::head::Classes;
use crate::heads::number::Number as _;
use crate::heads::storage::{Empty, Work};
use crate::learning::calibration::Record;
use crate::learning::guard::{Judge, Verdict};
use crate::learning::novelty::Distances;
use crate::learning::preprocess::Preprocess;
use crate::learning::readout::{self, Answer, Read, Readout, answer};
use crate::learning::replay::Memory;
use crate::numeric::math::Math;
use crate::training::label::Label;
use crate::training::learn::{Learn, LearnFrom, Rehearse, Unlearn};
use crate::training::state::State;
use crate::training::step::Step;

/// The parts of a [`Learner`] besides its head. Each may be `()`, which means that the part is absent and costs nothing.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Parts<P = (), R = (), G = (), C = (), A = ()> {
    /// The step in front of the head: a [`Standardizer`](crate::Standardizer) or a [`Quantizer`](crate::Quantizer).
    pub preprocess: P,
    /// The samples that are rehearsed: a [`Replay`](crate::Replay).
    pub memory: R,
    /// The part that holds samples out: a [`Guard`](crate::guard::Guard).
    pub guard: G,
    /// The record of how good the answers were: a [`Calibration`](crate::Calibration).
    pub calibration: C,
    /// The part that turns logits into an answer: a [`Readout`] or a [`Novelty`](crate::Novelty).
    pub readout: A,
}

impl Parts {
    /// No parts. It cannot be the base of a struct update (`..Parts::NONE`): an absent part has a type of its own, so where one part is
    /// present, write all five.
    pub const NONE: Parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: () };
}

/// A head with its training and its parts.
///
/// It uses no globals, and no interior mutability except the work space of the views, so Rust's borrow rules say who may use it when.
/// Settings are arguments, so that they can be constants.
///
/// ```
/// use gradient_decay::{Answer, BetaSchedule, Calibration, FineTuner, Learner, LinearHead, Parts, Readout, Replay, Sgd, Standardizer};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
/// type Mine = Learner<LinearHead<4, 2>, Parts<Standardizer<2>, Replay<4, 8, [f32; 2]>, (), Calibration<10>, Readout>>;
///
/// let mut learner = Mine::new(
///     LinearHead::empty(),
///     Parts {
///         preprocess: Standardizer::from_statistics(&[20.0, 0.0], &[2.0, 1.0]),
///         memory: Replay::new(1),
///         guard: (),
///         calibration: Calibration::new(),
///         readout: Readout::new().with_threshold(0.6),
///     },
/// );
/// let (cold, warm) = (learner.add_class()?, learner.add_class()?);
/// for _ in 0..20 {
///     learner.learn(&TUNER, &[18.0, 0.1], cold)?;
///     learner.learn(&TUNER, &[22.0, -0.1], warm)?;
///     learner.rehearse(&TUNER, 2); // or later, when the device is idle
/// }
/// assert!(matches!(learner.answer(&[21.5, 0.0])?, Answer::Class(prediction) if prediction.class == warm));
/// assert!(matches!(learner.answer(&[20.0, 0.0])?, Answer::Unknown(..))); // between the two
/// assert_eq!(learner.parts().calibration.summary().unwrap().count, 40); // its predictions before each label
///
/// learner.remove_class(cold)?; // from the head and from the memory
/// assert_eq!((learner.classes(), learner.parts().memory.len(0)), (1, 8));
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Learner<H: Learn, P = Parts> {
    pub(crate) head: H,
    pub(crate) state: State<H::Room>,
    pub(crate) parts: P,
}

impl<H: Learn<Room: Empty>, P> Learner<H, P> {
    /// The size in RAM, in bytes.
    pub const BYTES: usize = size_of::<Self>();

    /// A learner of a head and parts, before the first step.
    pub const fn new(head: H, parts: P) -> Self {
        Learner { head, state: State::new(), parts }
    }
}

impl<H: Learn, P> Learner<H, P> {
    /// A learner of a head over the caller's memory, with a state that holds the work space.
    pub const fn with_state(head: H, state: State<H::Room>, parts: P) -> Self {
        Learner { head, state, parts }
    }

    /// Returns head, state and parts, for a learner that exists for one call only.
    pub fn into_parts(self) -> (H, State<H::Room>, P) {
        let Learner { head, state, parts } = self;
        (head, state, parts)
    }

    /// The head. Add and remove classes by the learner's methods, so that the other parts follow.
    pub const fn head(&self) -> &H {
        &self.head
    }

    /// The parts.
    pub const fn parts(&self) -> &P {
        &self.parts
    }

    /// The parts, mutably, to set them. Whatever renumbers classes must be called on the learner, here as well.
    pub const fn parts_mut(&mut self) -> &mut P {
        &mut self.parts
    }

    /// The number of classes in use.
    pub fn classes(&self) -> usize {
        self.head.classes()
    }

    /// The number of steps taken, rehearsals included; it saturates at [`u32::MAX`].
    pub const fn steps(&self) -> u32 {
        self.state.steps()
    }

    /// Sets the number of steps taken: 0 starts the warm-up again.
    pub const fn set_steps(&mut self, steps: u32) {
        self.state.set_steps(steps);
    }
}

impl<H, P, R, G, C, A> Learner<H, Parts<P, R, G, C, A>>
where
    H: Learn,
    P: Preprocess<H::Features>,
    R: Memory<H::Features>,
    G: Judge<H::Features>,
    C: Record,
    A: Read<H::Features>,
{
    /// The most probable class of a sample, or unknown. It borrows mutably only for its work space, and changes nothing that lasts.
    ///
    /// # Errors
    /// Those of the [`Preprocess`] part; those of [`logits`](crate::Head::logits); [`Error::NoClasses`] if no class is in use.
    #[inline]
    pub fn answer(&mut self, features: &P::Input) -> Result<Answer, Error> {
        let Learner { head, state, parts } = self;
        parts.preprocess.apply(features, |x| answer(&parts.readout, head, x, state.work.pair().0))?
    }

    /// The answer for a sample, and the probability of each class that there is room for; 0 for a class that is not in use.
    ///
    /// # Errors
    /// As [`answer`](Self::answer); [`Error::Length`] if `probabilities` does not have one number for each class that the head has room for. It is
    /// then unchanged.
    ///
    /// ```
    /// use gradient_decay::{Learner, LinearHead, Parts};
    ///
    /// let mut learner = Learner::new(LinearHead::<3, 1>::new(), Parts::NONE);
    /// learner.replace(0, |head| head.truncate(2))?;
    /// let mut p = [0.0; 3];
    /// learner.probabilities(&[1.0], &mut p)?;
    /// assert_eq!(p, [0.5, 0.5, 0.0]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn probabilities(&mut self, features: &P::Input, probabilities: &mut [f32]) -> Result<Answer, Error> {
        let Learner { head, state, parts } = self;
        check_length(Slice::Probabilities, head.room(), probabilities.len())?;
        if head.classes() == 0 {
            return Err(Error::NoClasses);
        }
        parts.preprocess.apply(features, |x| {
            head.logits(x, state.work.pair().0)?;
            let top = H::Number::top(state.work.seen());
            probabilities.iter_mut().zip(state.work.seen()).for_each(|(p, z)| *p = z.above(top));
            let prediction = readout::probabilities::<H::Math>(parts.readout.temperature(), probabilities);
            Ok(parts.readout.read(x, prediction))
        })?
    }

    /// Learns a labelled sample and remembers it; or holds it out, if the guard is due, has a slot for it and the head
    /// [knows](crate::Head::knows) its class ([`Step::learned`] tells which). The calibration records the answer that the learner would have given before. It takes one forward pass.
    /// The returned step borrows the learner: read what you need of it before the next call.
    ///
    /// A sample whose label is not a single class is learned, but neither held out, nor remembered, nor recorded; one whose label is ignored
    /// changes nothing.
    ///
    /// # Errors
    /// Those of the [`Preprocess`] part; those of [`FineTuner::step`](crate::FineTuner::step), or of
    /// [`Discriminant::learn`](crate::discriminant::Discriminant::learn); [`Error::TooManyClasses`] if a part has no room
    /// for the class. After an error all is as before.
    #[inline]
    pub fn learn<L: Label<H::Number>>(
        &mut self,
        settings: &H::Settings,
        features: &P::Input,
        label: L,
    ) -> Result<Step<'_, H::Number>, Error>
    where
        H: LearnFrom<L>,
    {
        let Learner { head, state, parts } = self;
        let Parts { preprocess, memory, guard, calibration, readout } = parts;
        label.check(head.classes())?;
        if let Some(class) = label.class() {
            check_classes(memory.room().min(guard.held_out().room()).min(readout.room()), class.saturating_add(1))?;
        }
        preprocess.apply(features, |x| {
            head.look(x, &mut state.work)?;
            let Some(class) = label.class() else { return head.learn_from(settings, state, x, label) };
            // For a class that the head does not know there is no prediction that could be right or wrong.
            let known = head.knows(class);
            let said = readout.said(state.work.seen());
            let score = if known { calibration.score(state.work.seen(), readout.temperature(), class) } else { None };
            let is_due = known && guard.is_due();
            let step = if is_due && guard.held_out().will_remember(class) {
                head.report(settings, state, label)
            } else {
                let step = head.learn_from(settings, state, x, label)?;
                memory.remember(x, class);
                readout.observe(x, class, said);
                step
            };
            if is_due {
                // The best loss stays: if it were forgotten here, a head that has become worse would count as the best again.
                guard.held_out_mut().remember(x, class);
            }
            guard.count();
            if known {
                calibration.record(&step, score, class);
            }
            Ok(step)
        })?
    }

    /// Shows a sample, labelled or not, to a preprocess part that derives its units from the first samples; otherwise it does nothing.
    ///
    /// # Errors
    /// Those of the [`Preprocess`] part; nothing is then counted.
    pub fn observe(&mut self, features: &P::Input) -> Result<(), Error> {
        self.parts.preprocess.observe(features)
    }

    /// Takes `count` steps on remembered samples, possibly the newest; returns the number of steps taken. A step that is refused because
    /// training has diverged is skipped. Call it whenever the device is idle.
    pub fn rehearse(&mut self, settings: &H::Settings, count: u32) -> u32
    where
        H: Rehearse,
    {
        let Learner { head, state, parts } = self;
        parts.memory.rehearse(count, |x, class| head.rehearse(settings, state, x, class))
    }

    /// Takes back a sample that was learned with the label `class`, for example because the label was wrong, and removes it from the memory; one that
    /// was held out is removed from there, and the head, which has not learned it, stays as it is. The prediction that the calibration recorded for it
    /// stays. Whoever takes back a sample long after its label must know whether it was learned ([`Step::learned`]): one that was held out may have
    /// given its slot to another.
    ///
    /// # Errors
    /// Those of the [`Preprocess`] part; those of [`Discriminant::unlearn`](crate::discriminant::Discriminant::unlearn). Nothing is then
    /// changed.
    ///
    /// ```
    /// use gradient_decay::{DiscriminantHead, Learner, Parts, StreamingLda};
    ///
    /// const LDA: StreamingLda = StreamingLda::new();
    /// let mut learner = Learner::new(DiscriminantHead::<2, 2, 1>::new(), Parts::NONE);
    /// learner.learn(&LDA, &[1.0, 0.0], 0)?;
    /// learner.learn(&LDA, &[-1.0, 0.0], 1)?;
    /// learner.learn(&LDA, &[0.8, 0.1], 1)?; // the wrong button
    /// learner.unlearn(&LDA, &[0.8, 0.1], 1)?;
    /// learner.learn(&LDA, &[0.8, 0.1], 0)?;
    /// assert_eq!(learner.answer(&[0.9, 0.0])?.class(), Some(0));
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn unlearn(&mut self, settings: &H::Settings, features: &P::Input, class: usize) -> Result<(), Error>
    where
        H: Unlearn,
    {
        let Learner { head, state, parts } = self;
        parts.preprocess.apply(features, |x| {
            if parts.guard.held_out_mut().forget_sample(x, class) {
                return Ok(());
            }
            head.unlearn(settings, x, class)?;
            parts.memory.forget_sample(x, class);
            let said = head.look(x, &mut state.work).map_or(1.0, |()| parts.readout.said(state.work.seen()));
            parts.readout.take_back(x, class, said);
            Ok(())
        })?
    }

    /// Measures the head on the samples held out: see [`Guard`](crate::Guard).
    pub fn judge(&mut self) -> Verdict {
        self.parts.guard.judge(&self.head, self.state.work.pair().0)
    }

    /// Forgets the samples: the memory, those held out, the calibration, and the distances of a [`Novelty`](crate::Novelty). The head stays.
    pub fn forget(&mut self) {
        self.parts.memory.clear();
        self.parts.guard.held_out_mut().clear();
        self.parts.guard.reset();
        self.parts.calibration.reset();
        self.parts.readout.clear();
    }

    /// Lets `change` replace the head or its parameters, and then forgets what belonged to the old head: see
    /// [`forget`](Self::forget). `steps` is the position in the warm-up from which training continues.
    ///
    /// # Errors
    /// Those of `change`, which must then leave the head as it was; everything is then as before.
    ///
    /// ```
    /// use gradient_decay::{Learner, LinearHead, Parts};
    ///
    /// let mut learner = Learner::new(LinearHead::<2, 1>::new(), Parts::NONE);
    /// learner.replace(0, |head| head.import(&[1.0, -1.0, 0.0, 0.0]))?;
    /// assert_eq!(learner.head().predict(&[3.0])?.class, 0);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn replace<E>(&mut self, steps: u32, change: impl FnOnce(&mut H) -> Result<(), E>) -> Result<(), E> {
        change(&mut self.head)?;
        self.state.set_steps(steps);
        self.forget();
        Ok(())
    }
}

impl<H, P, R, G, C, A> Learner<H, Parts<P, R, G, C, A>>
where
    H: Learn + Classes,
    R: Memory<H::Features>,
    G: Judge<H::Features>,
    A: Read<H::Features>,
{
    /// Takes one more class into use and returns its index, which is the number of classes before. Nothing is learned of it yet.
    ///
    /// # Errors
    /// [`Error::NoRoom`] if the head or a part has no room for another class.
    pub fn add_class(&mut self) -> Result<usize, Error> {
        let Parts { memory, guard, readout, .. } = &self.parts;
        let room = memory.room().min(guard.held_out().room()).min(readout.room());
        if self.head.classes() >= room {
            return Err(Error::NoRoom { classes: room });
        }
        self.head.add_class()
    }

    /// Removes a class; those above it move down by one, in the head, the memory and the samples held out. The class is never answered again,
    /// and its remembered samples are overwritten; the effect that its samples had on the rows of other classes stays.
    ///
    /// # Errors
    /// [`Error::Target`] if the class is not in use; nothing is then changed.
    pub fn remove_class(&mut self, class: usize) -> Result<(), Error> {
        self.head.remove_class(class)?;
        self.parts.memory.remove_class(class);
        self.parts.guard.held_out_mut().remove_class(class);
        self.parts.guard.reset();
        self.parts.readout.remove_class(class);
        Ok(())
    }
}

impl<H, P, R, G, C, S, M> Learner<H, Parts<P, R, G, C, Distances<S, M>>>
where
    H: Learn,
    M: Copy,
{
    /// Replaces the read-out that is used where a sample is not unknown by its distance, for example to set another threshold after loading.
    pub const fn set_readout(&mut self, readout: Readout<M>) {
        *self.parts.readout.readout_mut() = readout;
    }

    /// Sets the number of standard deviations beyond which a sample is unknown: see [`Novelty::with_deviations`](crate::Novelty::with_deviations).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it is not in [-3, 30]; nothing is then changed.
    pub const fn set_deviations(&mut self, deviations: f32) -> Result<(), Error> {
        self.parts.readout.set_deviations(deviations)
    }
}

impl<H, P, R, G, C, M> Learner<H, Parts<P, R, G, C, Readout<M>>>
where
    H: Learn,
    G: Judge<H::Features>,
    M: Math,
{
    /// Replaces the read-out.
    pub const fn set_readout(&mut self, readout: Readout<M>) {
        self.parts.readout = readout;
    }

    /// Fits the temperature to the samples held out: see [`Readout::fitted`]. Call it whenever the device is idle.
    ///
    /// # Errors
    /// As [`logits`](crate::Head::logits); the temperature is then as before.
    pub fn fit_temperature(&mut self, steps: u32) -> Result<(), Error> {
        let Learner { head, state, parts } = self;
        parts.readout = parts.readout.fitted(head, parts.guard.held_out(), steps, state.work.pair().0)?;
        Ok(())
    }
}
