//! What the measuring programs share: a counter of instructions, the stack's high-water mark, random numbers, the way out.
//!
//! Their output is lines of words, which `cargo xtask footprint` reads.
#![no_std]

pub mod calls;
pub mod case;
mod counts;
pub mod discriminant;
pub mod integers;
mod optimizers;
pub mod trainer;

#[cfg(target_arch = "arm")]
mod arm;
#[cfg(target_arch = "riscv32")]
mod riscv;
mod stack;

#[cfg(target_arch = "arm")]
pub use arm::InstructionCounter;
#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
pub use riscv::InstructionCounter;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;
pub use stack::stack_of;

use gradient_decay::{Error, Number, Prediction, Step};

/// All that a step reports of its sample, reckoned: loss, beta, prediction.
#[inline(always)]
pub fn reported<N: Number>(step: &Result<Step<'_, N>, Error>) -> Result<(f32, f32, Prediction), Error> {
    match step {
        Ok(step) => Ok((step.loss(), step.beta(), step.prediction())),
        Err(error) => Err(*error),
    }
}

/// A generator of random numbers (xorshift32).
pub struct Random(pub u32);

impl Random {
    /// The next 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A random number in [-1, 1), in steps of 2^-23.
    pub fn symmetric(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

/// Ends QEMU with exit code 0.
pub fn exit_success() -> ! {
    semihosting::process::exit(0)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    semihosting::println!("{info}");
    semihosting::process::exit(1)
}
