//! Writes the memory map of the machine that the target stands for; `cargo xtask footprint` starts QEMU with the same.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    // Flash and RAM: the micro:bit's nRF51822, the secure world of Arm's AN505, or any of AN385, AN386 and AN500.
    let (flash, ram) = match target.as_str() {
        "thumbv6m-none-eabi" => ("0x00000000, LENGTH = 256K", "0x20000000, LENGTH = 16K"),
        "thumbv8m.main-none-eabihf" => ("0x10000000, LENGTH = 4M", "0x38000000, LENGTH = 2M"),
        _ => ("0x00000000, LENGTH = 4M", "0x20000000, LENGTH = 4M"),
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let memory = format!("MEMORY\n{{\n  FLASH : ORIGIN = {flash}\n  RAM : ORIGIN = {ram}\n}}\n");
    fs::write(out.join("memory.x"), memory).expect("memory.x can be written");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=BENCH_TARGET={target}");
}
