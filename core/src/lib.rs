//! Inference and fine-tuning of classifier heads on microcontrollers, with the *gradient-decay Softmax*.
//!
//! A device runs a frozen feature extractor; this crate holds its last layer, the head, and adapts it to labelled
//! samples as they arrive. `no_std`, no allocation, no hidden buffer: the caller owns every array and every size is a
//! const generic.
//!
//! ```
//! use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Sgd, State};
//!
//! // Settings are constants: beta rises from 0.01 (fast) to 1 (calibrated) over the first 50 steps.
//! const TUNER: FineTuner = FineTuner::new(BetaSchedule::linear(0.01, 1.0, 50), Sgd::new(0.1));
//!
//! // 3 classes, 2 features. In firmware both live in a static.
//! let mut head: LinearHead<3, 2> = LinearHead::new();
//! let mut state = State::new();
//!
//! let samples = [([1.0, 0.0], 0), ([0.0, 1.0], 1), ([-1.0, -1.0], 2)];
//! for _ in 0..100 {
//!     for (features, target) in &samples {
//!         TUNER.step(&mut head, &mut state, features, *target)?;
//!     }
//! }
//! let prediction = head.predict(&[0.9, 0.1])?;
//! assert_eq!(prediction.class, 0);
//! assert!(prediction.probability > 0.8);
//! # Ok::<(), gradient_decay::Error>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`loss`] | the gradient-decay Softmax: probabilities, loss, gradient |
//! | [`target`] | targets beyond a class: distributions, label smoothing, class weights, an ignored class |
//! | [`schedule`] | beta as a function of the step |
//! | [`head`] | the linear head: inference |
//! | [`slice_head`] | a linear head whose shape is known only at run time |
//! | [`mlp`] | a head with one hidden layer |
//! | [`fixed`] | training in integers, for cores without FPU |
//! | [`quantized`] | inference in integers, with TensorFlow Lite's arithmetic |
//! | [`growing`] | a linear head whose classes come and go |
//! | [`optimizer`] | the settings and the velocity of SGD |
//! | [`fine_tune`] | one training step, fused |
//! | [`replay`] | a class-balanced memory of samples, against forgetting |
//! | [`guard`] | when to go back to an earlier head |
//! | [`standardize`] | running standardisation of features |
//! | [`calibration`] | streaming accuracy, NLL, Brier score, ECE, MCE |
//! | [`readout`] | the answer: temperature scaling, and `unknown` below a threshold |
//! | `checkpoint` | a head and its training as bytes, with a CRC (feature `checkpoint`) |
//! | `store` | checkpoints in NOR flash (feature `storage`) |
//! | [`math`] | the backends of `exp`, `ln` and `sqrt` |
//! | [`kernels`] | the loops over slices that all of it is built from |
//! | [`error`] | what can be refused, and why |
//!
//! # Guarantees
//! - **Same bits everywhere.** With the [`Libm`] backend every result has the same f32 bits on x86-64 and on Cortex-M, with
//!   and without assembly: the order of operations is fixed and nothing is contracted to a fused multiply-add.
//! - **Bad input changes nothing.** A NaN, an infinity, a target out of range or a buffer of the wrong length is an
//!   [`Error`] that says what was wrong and what would be right; parameters, velocity, counters and output buffers are
//!   as before the call.
//! - **Finite in, finite out.** For finite input no result is NaN or infinite.
//! - **No panic.** In a release build no function reaches a panic, but the constructors that say so, which are for
//!   consts; a program that calls them all links without a panic handler. Text formatting (`Display`, `Debug`) is
//!   core's own and not part of this.
//!
//! # Features
//! `libm` (default) and `micromath` add the math backend of that name, both can be on; `asm` (default) does the [`kernels`] in
//! assembly on targets with an Arm FPU, with the same bits; `checkpoint` and `storage` add the modules `checkpoint` and `store`; `defmt` adds `defmt::Format` to every public value type.
#![no_std]
// Allowed in one module, `kernels::fpu`, which the feature `asm` adds.
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

pub use heads::{fixed, head, linear, mlp, number, quantized, storage};
pub use learning::{calibration, guard, learner, preprocess, readout, replay, standardize, stored};
pub use numeric::{kernels, math};
pub use objective::{loss, schedule, target};
#[cfg(feature = "checkpoint")]
pub use persistence::checkpoint;
#[cfg(feature = "storage")]
pub use persistence::store;
pub use training::{label, sgd, state, step, train};

pub use calibration::Calibration;
pub use error::Error;
pub use fixed::FixedHead;
pub use guard::Guard;
pub use head::{Classes, Head, Prediction};
pub use label::Label;
pub use learner::{Learner, Parts};
pub use linear::{Linear, LinearHead, LinearView, MomentumHead};
pub use loss::GradientDecay;
pub use math::{Libm, Math};
pub use mlp::{MlpHead, MomentumMlpHead};
pub use number::Number;
pub use preprocess::{Preprocess, Quantizer};
pub use quantized::QuantizedHead;
pub use readout::{Answer, Readout};
pub use replay::{Memory, Replay, ReplayView};
pub use schedule::BetaSchedule;
pub use sgd::{FixedRate, Sgd};
pub use standardize::Standardizer;
pub use state::State;
pub use step::{FineTuner, Step};
pub use storage::{PairView, Velocity};
pub use stored::{Quantized, Stored};
pub use target::{Labelled, Target, TargetOptions};
pub use train::Train;

#[cfg(feature = "checkpoint")]
pub use checkpoint::{Contents, Saved};
#[cfg(feature = "micromath")]
pub use math::Micromath;
#[cfg(feature = "storage")]
pub use store::Store;
