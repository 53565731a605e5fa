//! Inference and fine-tuning of classifier heads on microcontrollers, with the *gradient-decay Softmax*.
//!
//! A device runs a frozen feature extractor; this crate holds its last layer, the head, and adapts it to labelled
//! samples as they arrive. It is `no_std`, does not allocate and has no hidden buffers: the caller owns every array, and every size is a const
//! generic or the length of a slice.
//!
//! ```
//! use gradient_decay::readout::Reason;
//! use gradient_decay::{Answer, DiscriminantHead, Learner, Novelty, Parts, Readout, Standardizer, StreamingLda, kernels};
//!
//! // Settings are constants.
//! const LDA: StreamingLda = StreamingLda::new();
//!
//! // Room for 4 classes of 3 features, standardised in units that the first 4 samples fix. A sample is unknown if its probability is below
//! // 0.6, or if it is far from every class.
//! type Head = DiscriminantHead<4, 3, { kernels::packed(3) }>;
//! type Mine = Learner<Head, Parts<Standardizer<3>, (), (), (), Novelty<4, 3>>>;
//! let mut learner = Mine::new(
//!     Head::new(),
//!     Parts {
//!         preprocess: Standardizer::new(4),
//!         memory: (),
//!         guard: (),
//!         calibration: (),
//!         readout: Novelty::new(Readout::new().with_threshold(0.6)),
//!     },
//! );
//! // The first samples, labelled or not, fix the units of the features.
//! for x in [[21.0, 0.0, 5.0], [19.0, 0.0, 5.2], [20.0, 1.0, 4.9], [20.0, -1.0, 5.1]] {
//!     learner.observe(&x)?;
//! }
//! // Three labels of each class. The first label of a class makes it known.
//! for x in [[19.0, 0.1, 5.0], [18.8, -0.2, 5.1], [19.3, 0.0, 4.9]] {
//!     learner.learn(&LDA, &x, 0)?;
//! }
//! for x in [[21.0, -0.1, 5.0], [21.2, 0.2, 4.9], [20.7, 0.1, 5.1]] {
//!     learner.learn(&LDA, &x, 1)?;
//! }
//! assert!(matches!(learner.answer(&[20.8, 0.0, 5.0])?, Answer::Class(prediction) if prediction.class == 1));
//! assert!(matches!(learner.answer(&[20.0, 0.0, 5.0])?, Answer::Unknown(..))); // between the two
//! assert!(matches!(learner.answer(&[21.0, 6.0, 9.0])?, Answer::Unknown(_, Reason::Far)));
//!
//! learner.learn(&LDA, &[19.1, 0.0, 5.0], 1)?; // the wrong button:
//! learner.unlearn(&LDA, &[19.1, 0.0, 5.0], 1)?; // taken back
//! # Ok::<(), gradient_decay::Error>(())
//! ```
//!
//! # Which head, when
//!
//! | head | take it if |
//! |---|---|
//! | [`DiscriminantHead`] | you are in doubt: it learns the most from few labels in any order, forgets nothing, and can take a label back; its RAM grows with the square of the features, 13.5 kB for 64 features and 10 classes (64 -> 10) |
//! | [`MixedHead`] | the same, and you have a trained head: better than either from the first label on |
//! | [`Neighbours`] | the same, and no plane may divide your classes: samples that are kept say where the discriminant is wrong, as far as they prove right. On nineteen data sets it was more accurate from 50 labels on, by up to 24 points, or at most 0.6 points behind; 100 kept samples of 64 features, as bytes, take 6.9 kB of RAM and 75,000 instructions an answer |
//! | [`Residual`] | the same, and there are many hundred labels of features that are far from Gaussian: a linear head on top continues by the gradient; up to 300 labels it gained at most 0.3 points on our data, whatever its beta |
//! | [`LinearHead`] | there are many labels, or too many features for a discriminant: 2.6 kB at 64 -> 10, a step in a fifth of the time |
//! | [`FixedHead`] | the core has no FPU and learns all the time: there a step takes a fourteenth to an eighteenth of a linear head's instructions, and a third of these once a sample is learned; half of the RAM |
//! | [`MomentumHead`] | you continue training with PyTorch's settings: twice the RAM and twice the time of a step, and no gain in [`settings`] |
//! | [`MlpHead`] | the classes are not linearly separable, as in exclusive or; on features of a network it is behind the others in [`settings`] |
//! | [`QuantizedHead`] | you only infer, in i8: it is made from a trained [`LinearHead`] or from [`to_linear`](discriminant::Discriminant::to_linear) |
//! | [`LinearView`], [`FrozenView`], [`FixedView`], [`DiscriminantView`], [`MixedView`] | the shape is known only at run time: other languages, heads from a file; all parts have such a view |
//!
//! All of them need features of mean 0 and standard deviation 1: put a [`Standardizer`] in front unless the network that computes them ends in
//! a normalisation. With an offset of 20 a head stays at the accuracy of chance, with a probability of 1.00. The page [`settings`] compares
//! learning rates, betas, rehearsals and memory sizes by measurement; the page [`sharing`] says how long each call takes and how tasks share a
//! learner.
//!
//! # Which part works with which head
//!
//! | part | [`LinearHead`], [`MomentumHead`], [`MlpHead`] | [`DiscriminantHead`], [`MixedHead`], [`Residual`] or [`Neighbours`] of one | [`FixedHead`], [`FixedView`] | [`LinearView`], [`DiscriminantView`] | [`QuantizedHead`] |
//! |---|---|---|---|---|---|
//! | a class as the label | yes | yes | yes | yes | does not learn |
//! | [`Target`]: distribution, smoothing, weights, ignored class | yes | no: a sample belongs to the mean of one class | no: its loss in fixed point takes one class | as with arrays | no |
//! | momentum, weight decay, clipping: [`Sgd`] | momentum with `Momentum..` | in a residual | no: [`FixedRate`] has neither | `LinearView` | no |
//! | rehearsal | yes | in a residual; a discriminant forgets no sample | yes | `LinearView` | no |
//! | a label taken back: [`Learner::unlearn`] | no: a gradient step cannot be undone | yes; a residual's step and the weights of neighbours stay | no | `DiscriminantView` | no |
//! | classes added and removed: [`Classes`] | yes | yes | yes | yes | no |
//! | [`Standardizer`] | yes | yes | inside a [`Quantizer`], for a `FixedHead` | [`StandardizerView`] | before quantization |
//! | memory: [`Replay`], [`ReplayView`] | `Replay` of `[f32; N]` | the same, for a residual | `Replay` of `[i8; N]`, `ReplayView` of i8 | `ReplayView`, [`QuantizedReplayView`] | not needed |
//! | [`Guard`], [`Readout`] and its fit, `unknown` | yes | yes | yes | yes | yes |
//! | [`Novelty`] | yes | yes | `Novelty` and `NoveltyView` of i8 | [`NoveltyView`] | no |
//! | [`Vote`] | after the learner, over any head's answers | | | | |
//! | [`Calibration`] | yes | yes | yes | yes | by [`Calibration::record`] |
//! | `checkpoint`, `Store` | yes | yes | yes | yes | no: make it from the head again |
//!
//! `core/tests/combinations.rs` runs every combination that the table allows. The compiler refuses the others:
//!
//! ```compile_fail,E0277
//! use gradient_decay::{BetaSchedule, FineTuner, FixedHead, FixedRate, State, Target, TargetOptions};
//!
//! let tuner = FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(0.1));
//! let target = Target::Class(0).with(&const { TargetOptions::new() });
//! let (mut head, mut state) = (FixedHead::<2, 2>::new(5, 1), State::new());
//! let _ = tuner.step(&mut head, &mut state, &[1, 2], target); // a target of more than a class
//! ```
//! ```compile_fail,E0271
//! use gradient_decay::{BetaSchedule, FineTuner, FixedHead, Sgd, State};
//!
//! let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1).with_momentum(0.9));
//! let _ = tuner.step(&mut FixedHead::<2, 2>::new(5, 1), &mut State::new(), &[1, 2], 0); // momentum in integers
//! ```
//! ```compile_fail,E0277
//! use gradient_decay::{BetaSchedule, FineTuner, QuantizedHead, Sgd, State};
//!
//! fn learn(head: &mut QuantizedHead<2, 2>) {
//!     let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
//!     let _ = tuner.step(head, &mut State::new(), &[1, 2], 0); // a head that does not learn
//! }
//! ```
//! ```compile_fail,E0277
//! use gradient_decay::{DiscriminantHead, Learner, Parts, StreamingLda, Target, TargetOptions};
//!
//! let mut learner = Learner::new(DiscriminantHead::<2, 2, 1>::new(), Parts::NONE);
//! let target = Target::Class(0).with(&const { TargetOptions::new() });
//! let _ = learner.learn(&StreamingLda::new(), &[1.0, 2.0], target); // a target of more than a class
//! ```
//! ```compile_fail,E0277
//! use gradient_decay::{DiscriminantHead, Learner, Parts, StreamingLda};
//!
//! let mut learner = Learner::new(DiscriminantHead::<2, 2, 1>::new(), Parts::NONE);
//! learner.rehearse(&StreamingLda::new(), 1); // rehearsal of a discriminant, which forgets nothing
//! ```
//! ```compile_fail,E0277
//! use gradient_decay::{BetaSchedule, FineTuner, Learner, LinearHead, Parts, Sgd};
//!
//! let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
//! let mut learner = Learner::new(LinearHead::<2, 2>::new(), Parts::NONE);
//! let _ = learner.unlearn(&tuner, &[1.0, 2.0], 0); // a gradient step cannot be undone
//! ```
//! ```compile_fail,E0277
//! use gradient_decay::{FixedHead, Learner, Parts, Replay};
//!
//! let parts = Parts { preprocess: (), memory: Replay::<2, 4, [f32; 2]>::new(1), guard: (), calibration: (), readout: () };
//! let mut learner = Learner::new(FixedHead::<2, 2>::new(5, 1), parts);
//! let _ = learner.answer(&[1, 2]); // a memory of floats with a head in integers
//! ```
//!
//! # Modules
//!
//! | wing | modules |
//! |---|---|
//! | heads | [`head`], [`number`], [`prediction`], [`storage`], [`linear`], [`view`], [`mlp`], [`discriminant`], [`statistics`], [`mixed`], [`residual`], [`neighbours`], [`fixed`], [`quantized`] |
//! | objective | [`loss`], [`target`], [`schedule`] |
//! | training | [`learn`], [`train`], [`step`], [`label`], [`state`], [`sgd`], [`streaming`] |
//! | learning | [`learner`], [`preprocess`], [`standardize`], [`replay`], [`stored`], [`guard`], [`calibration`], [`readout`], [`novelty`], [`vote`] |
//! | persistence | `checkpoint` (feature `checkpoint`), `store` (feature `storage`) |
//! | numeric | [`math`], [`kernels`] |
//! | | [`error`], and the pages [`limits`], [`settings`] and [`sharing`] |
//!
//! A labelled sample goes through them once: [`preprocess`] prepares the features, and [`head`] maps them to logits; [`readout`] turns the
//! logits into the answer, and [`calibration`] records it; [`label`], [`schedule`] and [`loss`] compute the gradient, and [`train`] applies it;
//! [`replay`] or [`guard`] keeps the sample.
//!
//! # Why these traits
//!
//! [`Head`] has what a read-out, a guard and a temperature need; [`Train`] adds the gradient, and a single implementation of a step uses it,
//! [`FineTuner::step`]. Lasting state that belongs to a class, such as a velocity or the state of stochastic rounding, is in the head, so that
//! it follows when classes are renumbered. Work space is lent by the caller, and a [`Step`] reads the probabilities before the update from it,
//! so the forward pass runs only once for each label. Absent parts of a [`Learner`] are `()`, which costs nothing; as an `Option` they
//! cost 1,600 bytes of flash in a prototype. Settings are arguments, and so can be constants: as a field they cost 1,450 bytes there. [`Learn`]
//! is above [`Train`] for the discriminant, which learns from a label without a gradient; it is implemented once for all heads with a
//! gradient. [`LearnFrom`](learn::LearnFrom), [`Rehearse`](learn::Rehearse) and [`Unlearn`](learn::Unlearn) say which kinds of labels a head
//! takes, whether rehearsal improves it, and whether it can take a label back.
//!
//! # Guarantees
//! - **Same bits everywhere.** With the [`Libm`] backend every result has the same f32 bits on x86-64 and on Cortex-M, with
//!   and without assembly: the order of operations is fixed and nothing is contracted to a fused multiply-add.
//! - **Bad input changes nothing.** A NaN, an infinity, a target out of range or a buffer of the wrong length is an
//!   [`Error`] that says what was wrong and what would be right; parameters, velocity, memory and counters are as before the call. Work
//!   space and output buffers may hold anything after an error, unless a function says that they are unchanged.
//! - **Finite in, finite out.** For finite input no parameter and no result is NaN or infinite; the logits of rows that are not in use are
//!   minus infinity.
//! - **Rows that are not in use take no part** in loss, read-out, guard, temperature or checkpoint; a call that renumbers classes
//!   renumbers them in every part of a [`Learner`].
//! - **No panic.** In a release build no function can panic, except the constructors that say so, which are for
//!   consts; a program that calls all the others links without a panic handler. Text formatting (`Display`, `Debug`) is
//!   that of Rust's `core` and not part of this.
//!
//! # Features
//! `libm` (default) and `micromath` add the math backend of that name; both can be on. `asm` (default) runs the [`kernels`] in
//! assembly on targets with an Arm FPU, and those over integers on targets with Arm's DSP extension, with the same bits. `small` takes kernels of one row at a time, with
//! the same bits in less flash, for `opt-level = "s"`. `checkpoint` and
//! `storage` add the modules `checkpoint` and `store`. `defmt` adds `defmt::Format` to every public value type.
#![no_std]
// Allowed in three modules, `numeric::kernels::fpu`, `numeric::kernels::dsp` and `numeric::sqrt`, which the feature `asm` adds.
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(test)]
extern crate std;

mod heads;
mod learning;
#[cfg(test)]
mod lengths;
mod numeric;
mod objective;
#[cfg(feature = "checkpoint")]
mod persistence;
mod training;

pub mod error;
#[doc = include_str!("../docs/limits.md")]
pub mod limits {}
#[doc = include_str!("../docs/settings.md")]
pub mod settings {}
#[doc = include_str!("../docs/sharing.md")]
pub mod sharing {}

pub use heads::{
    discriminant, fixed, head, linear, mixed, mlp, neighbours, number, prediction, quantized, residual, statistics,
    storage, view,
};
pub use learning::{calibration, guard, learner, novelty, preprocess, readout, replay, standardize, stored, vote};
pub use numeric::{kernels, math};
pub use objective::{loss, schedule, target};
#[cfg(feature = "checkpoint")]
pub use persistence::checkpoint;
#[cfg(feature = "storage")]
pub use persistence::store;
pub use training::{label, learn, sgd, state, step, streaming, train};

pub use calibration::Calibration;
pub use discriminant::{DiscriminantHead, DiscriminantView};
pub use error::Error;
pub use fixed::FixedHead;
pub use guard::Guard;
pub use head::{Classes, Head};
pub use label::Label;
pub use learn::Learn;
pub use learner::{Learner, Parts};
pub use linear::{Linear, LinearHead, MomentumHead};
pub use loss::GradientDecay;
pub use math::{Libm, Math};
pub use mixed::{MixedHead, MixedView};
pub use mlp::{MlpHead, MomentumMlpHead};
pub use neighbours::Neighbours;
pub use novelty::{Novelty, NoveltyView};
pub use number::Number;
pub use prediction::Prediction;
pub use preprocess::{Preprocess, Quantizer};
pub use quantized::QuantizedHead;
pub use readout::{Answer, Readout};
pub use replay::{Memory, QuantizedReplayView, Replay, ReplayView};
pub use residual::Residual;
pub use schedule::BetaSchedule;
pub use sgd::{FixedRate, FixedSettings, Sgd};
pub use standardize::{Standardizer, StandardizerView};
pub use state::State;
pub use step::{FineTuner, FixedStep, Step};
pub use storage::{PairView, Velocity};
pub use stored::{Quantized, Stored};
pub use streaming::StreamingLda;
pub use target::{Labelled, Target, TargetOptions};
pub use train::Train;
pub use view::{FixedView, FrozenView, LinearView};
pub use vote::Vote;

#[cfg(feature = "checkpoint")]
pub use checkpoint::{Contents, Saved};
#[cfg(feature = "micromath")]
pub use math::Micromath;
#[cfg(feature = "storage")]
pub use store::Store;
