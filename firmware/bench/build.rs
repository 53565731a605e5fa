//! Writes the memory map of the machine that the target stands for; `cargo xtask footprint` starts QEMU with the same.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-env-changed=BENCH_BOARD");
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let board = env::var("BENCH_BOARD").ok();
    // Flash and RAM: the micro:bit's nRF51822, the secure world of Arm's AN505, or any of AN385, AN386 and AN500.
    let (flash, ram) = match board.as_deref().unwrap_or(target.as_str()) {
        "stm32f411" => ("0x08000000, LENGTH = 512K", "0x20000000, LENGTH = 128K"),
        "nrf52833" => ("0x00000000, LENGTH = 512K", "0x20000000, LENGTH = 128K"),
        "thumbv6m-none-eabi" => ("0x00000000, LENGTH = 256K", "0x20000000, LENGTH = 16K"),
        "thumbv8m.main-none-eabihf" => ("0x10000000, LENGTH = 4M", "0x38000000, LENGTH = 2M"),
        // QEMU's machine `virt`.
        _ if target.starts_with("riscv32") => ("0x80000000, LENGTH = 4M", "0x80400000, LENGTH = 4M"),
        _ => ("0x00000000, LENGTH = 4M", "0x20000000, LENGTH = 4M"),
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut memory = format!("MEMORY\n{{\n  FLASH : ORIGIN = {flash}\n  RAM : ORIGIN = {ram}\n}}\n");
    if target.starts_with("riscv32") {
        for (region, place) in
            [("TEXT", "FLASH"), ("RODATA", "FLASH"), ("DATA", "RAM"), ("BSS", "RAM"), ("HEAP", "RAM"), ("STACK", "RAM")]
        {
            memory += &format!("REGION_ALIAS(\"REGION_{region}\", {place});\n");
        }
    }
    fs::write(out.join("memory.x"), memory).expect("memory.x can be written");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=BENCH_TARGET={target}");
    println!("cargo:rustc-env=BENCH_BOARD={}", board.as_deref().unwrap_or("no board named"));
}
