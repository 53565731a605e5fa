//! The loop of a device that learns: standardise, infer, answer, learn, remember, judge, calibrate, in one place.

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

/// The parts that a [`Learner`] has beside its head. Each may be `()`, which is: not there, at no cost.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Parts<P = (), R = (), G = (), C = (), A = ()> {
    /// The step in front of the head: a [`Standardizer`](crate::Standardizer), a [`Quantizer`](crate::Quantizer).
    pub preprocess: P,
    /// The samples that are rehearsed: a [`Replay`](crate::Replay).
    pub memory: R,
    /// The part that holds samples out: a [`Guard`](crate::guard::Guard).
    pub guard: G,
    /// The count of how good the answers were: a [`Calibration`](crate::Calibration).
    pub calibration: C,
    /// How logits become an answer: a [`Readout`].
    pub readout: A,
}

impl Parts {
    /// None of them. It is no base for `..`: absent parts are types of their own, so all five are written out where there is one.
    pub const NONE: Parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: () };
}

/// A head with its training and its parts.
///
/// It holds no globals, and no interior mutability but the room that views work in: who may use it when is what Rust's borrows say. Settings are
/// an argument, so that they stay constants.
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
///     learner.rehearse(&TUNER, 2); // or later, when there is time
/// }
/// assert!(matches!(learner.answer(&[21.5, 0.0])?, Answer::Class(prediction) if prediction.class == warm));
/// assert!(matches!(learner.answer(&[20.0, 0.0])?, Answer::Unknown(..))); // between the two
/// assert_eq!(learner.parts().calibration.summary().unwrap().count, 40); // what it said before it learned
///
/// learner.remove_class(cold)?; // everywhere: the head, the memory
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
    /// The bytes in memory.
    pub const BYTES: usize = size_of::<Self>();

    /// A head before its first step, and parts.
    pub const fn new(head: H, parts: P) -> Self {
        Learner { head, state: State::new(), parts }
    }
}

impl<H: Learn, P> Learner<H, P> {
    /// A head over the caller's memory, with a state that has the room to work in.
    pub const fn with_state(head: H, state: State<H::Room>, parts: P) -> Self {
        Learner { head, state, parts }
    }

    /// Gives back head, state and parts, as of a learner that lived for one call.
    pub fn into_parts(self) -> (H, State<H::Room>, P) {
        let Learner { head, state, parts } = self;
        (head, state, parts)
    }

    /// The head. What renumbers classes goes by the learner, so that it finds the other parts.
    pub const fn head(&self) -> &H {
        &self.head
    }

    /// The parts.
    pub const fn parts(&self) -> &P {
        &self.parts
    }

    /// The parts, to set them. What renumbers classes goes by the learner here as well.
    pub const fn parts_mut(&mut self) -> &mut P {
        &mut self.parts
    }

    /// The number of classes in use.
    pub fn classes(&self) -> usize {
        self.head.classes()
    }

    /// The number of steps taken, rehearsals included; it stays at [`u32::MAX`].
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
    /// The most probable class of a sample, or unknown. It borrows mutably for room to work in alone, and changes nothing that lasts.
    ///
    /// # Errors
    /// Those of the [`Preprocess`] part; those of [`logits`](crate::Head::logits); [`Error::NoClasses`] if no class is in use.
    #[inline]
    pub fn answer(&mut self, features: &P::Input) -> Result<Answer, Error> {
        let Learner { head, state, parts } = self;
        parts.preprocess.apply(features, |x| answer(&parts.readout, head, x, state.work.pair().0))?
    }

    /// The answer for a sample with the probabilities behind it, one for each class that there is room for; 0 of one that is not in use.
    ///
    /// # Errors
    /// As [`answer`](Self::answer); [`Error::Length`] if there are not as many probabilities as the head has room for classes. They are
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

    /// Learns a labelled sample, or holds it out if that is due and the head knows its class ([`Step::learned`] tells), and remembers it. What the learner would
    /// have answered before counts for the calibration. One forward pass is all that it takes. The step borrows the learner: read what you
    /// want of it before the next call.
    ///
    /// A sample whose label is not one class is learned, but neither held out nor remembered nor counted; one whose label is ignored
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
            // Of a class that it does not know the head has said nothing that could be right or wrong.
            let known = head.knows(class);
            let said = readout.said(state.work.seen());
            let score = if known { calibration.score(state.work.seen(), readout.temperature(), class) } else { None };
            let step = if known && guard.is_due() {
                // The best loss stays: forgotten here, a head that has gone bad would be the best of the next few labels.
                guard.held_out_mut().remember(x, class);
                head.report(settings, state, label)
            } else {
                let step = head.learn_from(settings, state, x, label)?;
                memory.remember(x, class);
                readout.observe(x, class, said);
                step
            };
            guard.count();
            if known {
                calibration.record(&step, score, class);
            }
            Ok(step)
        })?
    }

    /// Counts features, with a label or without, where their units follow from the first samples; else does nothing.
    ///
    /// # Errors
    /// Those of the [`Preprocess`] part; nothing is then counted.
    pub fn observe(&mut self, features: &P::Input) -> Result<(), Error> {
        self.parts.preprocess.observe(features)
    }

    /// `count` steps on remembered samples, the newest among them; returns how many were taken. One whose step is refused, since training
    /// has diverged, is left out. It can wait for an idle moment.
    pub fn rehearse(&mut self, settings: &H::Settings, count: u32) -> u32
    where
        H: Rehearse,
    {
        let Learner { head, state, parts } = self;
        parts.memory.rehearse(count, |x, class| head.rehearse(settings, state, x, class))
    }

    /// Takes a labelled sample back that was learned, as one whose label was wrong, and forgets it if it is remembered. What the
    /// calibration counted before it was learned stays: it was said.
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
            head.unlearn(settings, x, class)?;
            parts.memory.forget_sample(x, class);
            let said = head.look(x, &mut state.work).map_or(1.0, |()| parts.readout.said(state.work.seen()));
            parts.readout.take_back(x, class, said);
            Ok(())
        })?
    }

    /// Measures the head on the samples held out.
    pub fn judge(&mut self) -> Verdict {
        self.parts.guard.judge(&self.head, self.state.work.pair().0)
    }

    /// Forgets what the learner knows of its samples: the memory, those held out, the calibration, distances. The head stays.
    pub fn forget(&mut self) {
        self.parts.memory.clear();
        self.parts.guard.held_out_mut().clear();
        self.parts.guard.reset();
        self.parts.calibration.reset();
        self.parts.readout.clear();
    }

    /// Puts another head, or other parameters, in place of the head's, and forgets what belonged to the old one: see
    /// [`forget`](Self::forget). `steps` is the position in the warm-up that it goes on from.
    ///
    /// # Errors
    /// Those of `change`, which must leave the head as it was; all is then as before.
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
    /// Takes one more class into use and returns its number, the count of classes before. It knows nothing yet.
    ///
    /// # Errors
    /// [`Error::NoRoom`] if all classes are in use that the head and the parts have room for.
    pub fn add_class(&mut self) -> Result<usize, Error> {
        let Parts { memory, guard, readout, .. } = &self.parts;
        let room = memory.room().min(guard.held_out().room()).min(readout.room());
        if self.head.classes() >= room {
            return Err(Error::NoRoom { classes: room });
        }
        self.head.add_class()
    }

    /// Removes a class; those above it move down by one, in the head, the memory and among the samples held out. It is never
    /// answered again, and what was remembered of it is overwritten; what its samples did to the rows of other classes stays.
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
    /// Sets how logits become an answer, where a sample is not unknown by its distance: after loading, another threshold.
    pub const fn set_readout(&mut self, readout: Readout<M>) {
        *self.parts.readout.readout_mut() = readout;
    }

    /// Sets beyond how many deviations a sample is unknown: see [`Novelty::with_deviations`](crate::Novelty::with_deviations).
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
    /// Sets how logits become an answer.
    pub const fn set_readout(&mut self, readout: Readout<M>) {
        self.parts.readout = readout;
    }

    /// Fits the temperature to the samples held out: see [`Readout::fitted`]. It can wait for an idle moment.
    ///
    /// # Errors
    /// As [`logits`](crate::Head::logits); the temperature is then as before.
    pub fn fit_temperature(&mut self, steps: u32) -> Result<(), Error> {
        let Learner { head, state, parts } = self;
        parts.readout = parts.readout.fitted(head, parts.guard.held_out(), steps, state.work.pair().0)?;
        Ok(())
    }
}
