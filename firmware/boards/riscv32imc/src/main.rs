//! The gesture learner on QEMU's `virt`, a RISC-V core without FPU and atomics, its hardware simulated.
#![no_std]
#![no_main]

use board_support::qemu::{Nothing, exit_failure, exit_success};
use board_support::simulated::{self, Sensor, new_learner, store};
use gradient_decay_app::gestures::sampling::RATE;
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};

/// The timer that all cores share (RISC-V ACLINT specification): its count at 10 MHz, and the count of its next interrupt.
const MTIME: *const u32 = 0x0200_bff8 as *const u32;
const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
const PERIOD: u64 = 10_000_000 / RATE as u64;

#[entry]
fn main() -> ! {
    let start = || {
        set_alarm(now() + PERIOD);
        // SAFETY: the interrupt finds all that it needs where `run` left it.
        unsafe {
            riscv::interrupt::enable_interrupt(Interrupt::MachineTimer);
            riscv::interrupt::enable();
        }
    };
    let wait = riscv::asm::wfi;
    // QEMU counts nanoseconds in the cycle counter, and an instruction takes 64 under `-icount shift=6`.
    if simulated::run(new_learner(), store(), Nothing, &mut Nothing, start, wait, |cycles| cycles / 64) {
        exit_success()
    }
    exit_failure()
}

#[core_interrupt(Interrupt::MachineTimer)]
fn timer() {
    static mut SENSOR: Sensor = None;
    set_alarm(now() + PERIOD);
    let sensor = &raw mut SENSOR;
    // SAFETY: nothing else refers to it, and the interrupt does not interrupt itself.
    simulated::sample(unsafe { &mut *sensor });
}

fn now() -> u64 {
    // SAFETY: the registers exist on this machine, and reading them has no effect.
    let [high, low, again] =
        unsafe { [MTIME.add(1).read_volatile(), MTIME.read_volatile(), MTIME.add(1).read_volatile()] };
    // Once in seven minutes the lower half overflows between the reads; it is then about 0.
    (u64::from(again) << 32) | if high == again { u64::from(low) } else { 0 }
}

fn set_alarm(time: u64) {
    // SAFETY: the registers exist on this machine. The upper half is first set to its highest value, so that no interrupt occurs in between.
    unsafe {
        MTIMECMP.add(1).write_volatile(u32::MAX);
        MTIMECMP.write_volatile(time as u32);
        MTIMECMP.add(1).write_volatile((time >> 32) as u32);
    }
}
