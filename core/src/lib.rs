//! Inference and fine-tuning of classifier heads on microcontrollers, with the *gradient-decay Softmax*.
//!
//! A device runs a frozen feature extractor; this crate holds its last layer, the head, and adapts it to labelled
//! samples as they arrive. `no_std`, no allocation, no hidden buffer: the caller owns every array, and every size is a const generic or
//! that of a slice.
//!
//! ```
//! use gradient_decay::{Answer, BetaSchedule, FineTuner, Learner, LinearHead, Parts, Readout, Replay, Sgd, Standardizer};
//!
//! // Settings are constants: beta rises from 0.1 to 1 over the first 50 steps.
//! const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 50), Sgd::new(0.1));
//!
//! // Room for 4 classes of 2 features, a memory of 8 samples of each, and "unknown" below a probability of 0.6.
//! type Mine = Learner<LinearHead<4, 2>, Parts<Standardizer<2>, Replay<4, 8, [f32; 2]>, (), (), Readout>>;
//! let mut learner = Mine::new(
//!     LinearHead::empty(),
//!     Parts {
//!         preprocess: Standardizer::new(4),
//!         memory: Replay::new(1),
//!         guard: (),
//!         calibration: (),
//!         readout: Readout::new().with_threshold(0.6),
//!     },
//! );
//! // The first samples, labelled or not, fix the units of the features.
//! for x in [[21.0, 0.0], [19.0, 0.0], [20.0, 1.0], [20.0, -1.0]] {
//!     learner.observe(&x)?;
//! }
//! let (left, right) = (learner.add_class()?, learner.add_class()?);
//! for _ in 0..20 {
//!     learner.learn(&TUNER, &[19.0, 0.1], left)?;
//!     learner.learn(&TUNER, &[21.0, -0.1], right)?;
//!     learner.rehearse(&TUNER, 2);
//! }
//! assert!(matches!(learner.answer(&[20.8, 0.0])?, Answer::Class(prediction) if prediction.class == right));
//! assert!(matches!(learner.answer(&[20.0, 0.0])?, Answer::Unknown(..)));
//! # Ok::<(), gradient_decay::Error>(())
//! ```
//!
//! # Which head, when
//!
//! | head | take it if |
//! |---|---|
//! | [`LinearHead`] | in doubt: the features come from a trained network, and the core has an FPU |
//! | [`FixedHead`] | the core has no FPU: it learns in integers, a step in a twelfth of the time, in half of the RAM |
//! | [`MomentumHead`] | you train on with PyTorch's settings: twice the RAM and the time of a step, and no gain in [`settings`] |
//! | [`MlpHead`] | a plane does not part the classes, as exclusive or; on features of a network it is behind in [`settings`] |
//! | [`QuantizedHead`] | it only infers, in i8, made of a trained [`LinearHead`] |
//! | [`LinearView`] | the shape is known only at run time: other languages, heads from a file |
//!
//! All of them want features of mean 0 and deviation 1: put a [`Standardizer`] in front unless the network that makes them ends in a
//! normalisation. With an offset of 20 a head stays at chance, at a probability of 1.00. The page [`settings`] has measured rates,
//! betas, rehearsals and sizes of the memory, [`sharing`] what each call takes and how tasks share a learner.
//!
//! # Which part works with which head
//!
//! | part | [`LinearHead`], [`MomentumHead`], [`MlpHead`] | [`FixedHead`] | [`LinearView`] | [`QuantizedHead`] |
//! |---|---|---|---|---|
//! | a class as the label | yes | yes | yes | does not learn |
//! | [`Target`]: distribution, smoothing, weights, ignored class | yes | no: its loss in fixed point is that of one class | yes | no |
//! | momentum, weight decay, clipping: [`Sgd`] | momentum with `Momentum..` | no: [`FixedRate`] has neither | yes | no |
//! | classes added and removed: [`Classes`] | yes | yes | yes | no |
//! | [`Standardizer`] | yes | behind a [`Quantizer`] | no: it is an array; standardise before | before quantization |
//! | memory: [`Replay`], [`ReplayView`] | `Replay` of `[f32; N]` | `Replay` of `[i8; N]` | `ReplayView` | not needed |
//! | [`Guard`], [`Readout`] and its fit, `unknown` | yes | yes | yes | yes |
//! | [`Calibration`] | yes | yes | yes | by [`Calibration::record`] |
//! | `checkpoint`, `Store` | yes | yes | the head; its memory lies in the caller's slices | no: make it anew of the head |
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
//! | heads | [`head`], [`number`], [`prediction`], [`storage`], [`linear`], [`view`], [`mlp`], [`fixed`], [`quantized`] |
//! | objective | [`loss`], [`target`], [`schedule`] |
//! | training | [`train`], [`step`], [`label`], [`state`], [`sgd`] |
//! | learning | [`learner`], [`preprocess`], [`standardize`], [`replay`], [`stored`], [`guard`], [`calibration`], [`readout`] |
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
//! cost 1,600 bytes of flash in a prototype. Settings are arguments, and so constants: as a field they cost 1,450 there. A head that learns from a label
//! without a gradient needs a trait above [`Train`]; it will be there with the first such head.
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
//! assembly on targets with an Arm FPU, with the same bits; `checkpoint` and `storage` add the modules `checkpoint` and `store`; `defmt`
//! adds `defmt::Format` to every public value type.
#![no_std]
// Allowed in two modules, `numeric::kernels::fpu` and `numeric::sqrt`, which the feature `asm` adds.
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
pub use learning::{calibration, guard, learner, novelty, preprocess, readout, replay, standardize, stored};
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
pub use mixed::MixedHead;
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

#[cfg(feature = "checkpoint")]
pub use checkpoint::{Contents, Saved};
#[cfg(feature = "micromath")]
pub use math::Micromath;
#[cfg(feature = "storage")]
pub use store::Store;
