//! Inference and fine-tuning of classifier heads on microcontrollers, with the *gradient-decay Softmax*.
//!
//! A device runs a frozen feature extractor; this crate holds its last layer, the head, and adapts it to labelled
//! samples as they arrive. `no_std`, no allocation, no hidden buffer: the caller owns every array, and every size is a const generic or
//! that of a slice.
//!
//! ```
//! use gradient_decay::readout::Reason;
//! use gradient_decay::{Answer, DiscriminantHead, Learner, Novelty, Parts, Readout, Standardizer, StreamingLda, kernels};
//!
//! // Settings are constants.
//! const LDA: StreamingLda = StreamingLda::new();
//!
//! // Room for 4 classes of 3 features, in units that the first 4 samples fix; "unknown" below a probability of 0.6, and far from everything.
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
//! // Three labels of each class. A class comes by being labelled.
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
//! | [`DiscriminantHead`] | in doubt: it learns the most from few labels, forgets nothing, minds no order, and takes a label back; RAM grows with the square of the features, 13.5 kB at 64 -> 10 |
//! | [`MixedHead`] | the same, and there is a trained head: better than either from the first label on |
//! | [`Residual`] | the same, and there are many hundred labels of features that are far from Gaussian: a linear head on top goes on by the gradient; up to 300 labels it gained at most 0.3 points on our data, whatever its beta |
//! | [`LinearHead`] | many labels, or too many features for a discriminant: 2.6 kB at 64 -> 10, a step in a fifth of the time |
//! | [`FixedHead`] | the core has no FPU and learns all the time: a step in a fourteenth to an eighteenth of a linear head's instructions there, and a third of these once a sample is learned; half of the RAM |
//! | [`MomentumHead`] | you train on with PyTorch's settings: twice the RAM and the time of a step, and no gain in [`settings`] |
//! | [`MlpHead`] | a plane does not part the classes, as exclusive or; on features of a network it is behind in [`settings`] |
//! | [`QuantizedHead`] | it only infers, in i8, made of a trained [`LinearHead`] or of [`to_linear`](discriminant::Discriminant::to_linear) |
//! | [`LinearView`], [`DiscriminantView`], [`MixedView`] | the shape is known only at run time: other languages, heads from a file |
//!
//! All of them want features of mean 0 and deviation 1: put a [`Standardizer`] in front unless the network that makes them ends in a
//! normalisation. With an offset of 20 a head stays at chance, at a probability of 1.00. The page [`settings`] has measured rates,
//! betas, rehearsals and sizes of the memory, [`sharing`] what each call takes and how tasks share a learner.
//!
//! # Which part works with which head
//!
//! | part | [`LinearHead`], [`MomentumHead`], [`MlpHead`] | [`DiscriminantHead`], [`MixedHead`], [`Residual`] of one | [`FixedHead`] | [`LinearView`], [`DiscriminantView`] | [`QuantizedHead`] |
//! |---|---|---|---|---|---|
//! | a class as the label | yes | yes | yes | yes | does not learn |
//! | [`Target`]: distribution, smoothing, weights, ignored class | yes | no: a mean is that of a class's samples | no: its loss in fixed point is that of one class | as with arrays | no |
//! | momentum, weight decay, clipping: [`Sgd`] | momentum with `Momentum..` | in a residual | no: [`FixedRate`] has neither | `LinearView` | no |
//! | rehearsal | yes | in a residual; the discriminant has forgotten none | yes | `LinearView` | no |
//! | a label taken back: [`Learner::unlearn`] | no: a step cannot be undone | yes; a residual's step stays | no | `DiscriminantView` | no |
//! | classes added and removed: [`Classes`] | yes | yes | yes | yes | no |
//! | [`Standardizer`] | yes | yes | behind a [`Quantizer`] | no: it is an array; standardise before | before quantization |
//! | memory: [`Replay`], [`ReplayView`] | `Replay` of `[f32; N]` | the same, for a residual | `Replay` of `[i8; N]` | `ReplayView` | not needed |
//! | [`Guard`], [`Readout`] and its fit, `unknown` | yes | yes | yes | yes | yes |
//! | [`Novelty`] | yes | yes | `Novelty` of i8 | no: it is an array | no |
//! | [`Vote`] | behind the learner, of any head's answers | | | | |
//! | [`Calibration`] | yes | yes | yes | yes | by [`Calibration::record`] |
//! | `checkpoint`, `Store` | yes | yes | yes | the head; a memory lies in the caller's slices | no: make it anew of the head |
//!
//! `core/tests/combinations.rs` runs every combination that this allows. Those that it does not are refused by the compiler:
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
//!     let _ = tuner.step(head, &mut State::new(), &[1, 2], 0); // it does not learn
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
//! learner.rehearse(&StreamingLda::new(), 1); // it has forgotten nothing
//! ```
//! ```compile_fail,E0277
//! use gradient_decay::{BetaSchedule, FineTuner, Learner, LinearHead, Parts, Sgd};
//!
//! let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
//! let mut learner = Learner::new(LinearHead::<2, 2>::new(), Parts::NONE);
//! let _ = learner.unlearn(&tuner, &[1.0, 2.0], 0); // a step cannot be undone
//! ```
//! ```compile_fail,E0277
//! use gradient_decay::{FixedHead, Learner, Parts, Replay};
//!
//! let parts = Parts { preprocess: (), memory: Replay::<2, 4, [f32; 2]>::new(1), guard: (), calibration: (), readout: () };
//! let mut learner = Learner::new(FixedHead::<2, 2>::new(5, 1), parts);
//! let _ = learner.answer(&[1, 2]); // a memory of floats behind a head in integers
//! ```
//!
//! # Modules
//!
//! | wing | modules |
//! |---|---|
//! | heads | [`head`], [`number`], [`prediction`], [`storage`], [`linear`], [`view`], [`mlp`], [`discriminant`], [`statistics`], [`mixed`], [`residual`], [`fixed`], [`quantized`] |
//! | objective | [`loss`], [`target`], [`schedule`] |
//! | training | [`learn`], [`train`], [`step`], [`label`], [`state`], [`sgd`], [`streaming`] |
//! | learning | [`learner`], [`preprocess`], [`standardize`], [`replay`], [`stored`], [`guard`], [`calibration`], [`readout`], [`novelty`], [`vote`] |
//! | persistence | `checkpoint` (feature `checkpoint`), `store` (feature `storage`) |
//! | numeric | [`math`], [`kernels`] |
//! | | [`error`], and the pages [`settings`] and [`sharing`] |
//!
//! A labelled sample goes through them once: features by [`preprocess`] to [`head`], which gives logits; [`readout`] makes the answer of
//! them and [`calibration`] counts it; [`label`], [`schedule`] and [`loss`] make their gradient, [`train`] applies it; [`replay`] or
//! [`guard`] keeps the sample.
//!
//! # Why the traits are these
//!
//! [`Head`] is what a read-out, a guard and a temperature need; [`Train`] adds the gradient, and has one body of a step over it,
//! [`FineTuner::step`]. What belongs to a class and lasts, such as a velocity or the state that rounds, lives in the head, so that
//! whatever renumbers classes finds it; work space is lent, and a [`Step`] reads the probabilities before the update from it, so that
//! nobody runs the forward pass twice for one label. Absent parts of a [`Learner`] are `()`, which costs nothing; as an `Option` they
//! cost 1,600 bytes of flash in a prototype. Settings are arguments, and so constants: as a field they cost 1,450 there. [`Learn`] stands above
//! [`Train`] for what learns from a label without a gradient, the discriminant, and is implemented once for all that have one;
//! [`LearnFrom`](learn::LearnFrom), [`Rehearse`](learn::Rehearse) and [`Unlearn`](learn::Unlearn) say what kinds of labels a head takes, whether it
//! gains by going over old ones, and whether it can take one back.
//!
//! # Guarantees
//! - **Same bits everywhere.** With the [`Libm`] backend every result has the same f32 bits on x86-64 and on Cortex-M, with
//!   and without assembly: the order of operations is fixed and nothing is contracted to a fused multiply-add.
//! - **Bad input changes nothing.** A NaN, an infinity, a target out of range or a buffer of the wrong length is an
//!   [`Error`] that says what was wrong and what would be right; parameters, velocity, memory and counters are as before the call. Room
//!   to work in and output buffers may hold anything after an error, unless a function says that they are unchanged.
//! - **Finite in, finite out.** For finite input no parameter and no result is NaN or infinite; the logits of rows that are not in use are
//!   minus infinity.
//! - **Rows that are not in use take no part**, neither in loss, read-out, guard and temperature nor in a checkpoint; what renumbers classes
//!   renumbers them in every part of a [`Learner`].
//! - **No panic.** In a release build no function reaches a panic, but the constructors that say so, which are for
//!   consts; a program that calls them all links without a panic handler. Text formatting (`Display`, `Debug`) is
//!   core's own and not part of this.
//!
//! # Features
//! `libm` (default) and `micromath` add the math backend of that name, both can be on; `asm` (default) does the [`kernels`] in
//! assembly on targets with an Arm FPU, and those over integers on targets with Arm's DSP extension, with the same bits; `small` takes kernels of one row at a time, with the
//! same bits in less flash, for `opt-level = "s"`; `checkpoint` and `storage` add the modules `checkpoint` and `store`; `defmt`
//! adds `defmt::Format` to every public value type.
#![no_std]
// Allowed in three modules, `numeric::kernels::fpu`, `numeric::kernels::dsp` and `numeric::sqrt`, which the feature `asm` adds.
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(test)]
extern crate std;

mod heads;
mod learning;
mod numeric;
mod objective;
#[cfg(feature = "checkpoint")]
mod persistence;
mod training;

pub mod error;
#[doc = include_str!("../docs/settings.md")]
pub mod settings {}
#[doc = include_str!("../docs/sharing.md")]
pub mod sharing {}

pub use heads::{
    discriminant, fixed, head, linear, mixed, mlp, number, prediction, quantized, residual, statistics, storage, view,
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
pub use novelty::Novelty;
pub use number::Number;
pub use prediction::Prediction;
pub use preprocess::{Preprocess, Quantizer};
pub use quantized::QuantizedHead;
pub use readout::{Answer, Readout};
pub use replay::{Memory, Replay, ReplayView};
pub use residual::Residual;
pub use schedule::BetaSchedule;
pub use sgd::{FixedRate, Sgd};
pub use standardize::Standardizer;
pub use state::State;
pub use step::{FineTuner, Step};
pub use storage::{PairView, Velocity};
pub use stored::{Quantized, Stored};
pub use streaming::StreamingLda;
pub use target::{Labelled, Target, TargetOptions};
pub use train::Train;
pub use view::LinearView;
pub use vote::Vote;

#[cfg(feature = "checkpoint")]
pub use checkpoint::{Contents, Saved};
#[cfg(feature = "micromath")]
pub use math::Micromath;
#[cfg(feature = "storage")]
pub use store::Store;
