//! The training runs of `training`: the fingerprint of each step, a line each.
#![no_std]
#![no_main]

use core::fmt::Write;

use bench::exit_success;
use cortex_m_rt::entry;
use semihosting::io::{Write as _, stdout};
use training::{SEEDS, train};

/// Lines that are printed at once, since each call stops the machine.
const LINES: usize = 32;

#[entry]
fn main() -> ! {
    let mut stdout = stdout().expect("QEMU has a standard output");
    let mut text = Text { bytes: [0; 9 * LINES], length: 0 };
    for seed in 0..SEEDS {
        train(seed, |fingerprint| {
            writeln!(text, "{fingerprint:08x}").expect("there is room for a line");
            if text.length == text.bytes.len() {
                stdout.write_all(&text.bytes).expect("QEMU's standard output takes it");
                text.length = 0;
            }
        })
        .expect("the settings are good");
    }
    stdout.write_all(&text.bytes[..text.length]).expect("QEMU's standard output takes it");
    exit_success()
}

struct Text {
    bytes: [u8; 9 * LINES],
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
