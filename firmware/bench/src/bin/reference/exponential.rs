//! The exponential: the largest count of a call over the domain, call and return included.

use core::hint::black_box;

use bench::InstructionCounter;
use gradient_decay::{Libm, Math, Micromath};
use semihosting::println;

/// The calls that a count is the mean of.
const CALLS: u32 = 64;

/// Arguments from every part of the domain; below -87.3 the result is subnormal, below -104 it is 0.
const ARGUMENTS: [f32; 11] = [-0.0, -1e-9, -0.3, -0.7, -5.0, -50.0, -86.9, -88.0, -100.0, -103.9, -104.1];

#[inline(never)]
fn own(x: f32) -> f32 {
    Libm::exp(x)
}

#[inline(never)]
fn of_libm(x: f32) -> f32 {
    libm::expf(x)
}

#[inline(never)]
fn of_micromath(x: f32) -> f32 {
    Micromath::exp(x)
}

#[inline(never)]
fn nothing(x: f32) -> f32 {
    x
}

/// What is counted.
type Function = fn(f32) -> f32;

/// Counts each function.
pub fn count(counter: &mut InstructionCounter) {
    let mut calls = |function: Function, x: f32| {
        let function = black_box(function);
        counter.count(|| (0..CALLS).for_each(|_| _ = black_box(function(black_box(x))))).1
    };
    let functions: [(&str, Function); 3] = [("exp", own), ("exp-libm", of_libm), ("exp-micromath", of_micromath)];
    for (name, function) in functions {
        // `nothing` is a return alone; the other instruction is the call.
        let counts = ARGUMENTS.map(|x| calls(function, x).saturating_sub(calls(nothing, x)).div_ceil(CALLS) + 2);
        println!("count {name} {}", counts.into_iter().max().unwrap_or_default());
    }
}
