//! Finds out which compiler and which burn this program is built with, since a result states them.

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    println!("cargo:rustc-env=DEMO_HOST_RUSTC={}", version.trim());

    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    let packages = std::fs::read_to_string(lock).unwrap_or_default();
    let burn = packages.split("[[package]]").find(|package| package.contains("\nname = \"burn\"\n"));
    let burn = burn.and_then(|package| package.split("version = \"").nth(1)?.split('"').next());
    println!("cargo:rustc-env=DEMO_HOST_BURN={}", burn.unwrap_or("unknown"));
    println!("cargo:rerun-if-changed={lock}");
    println!("cargo:rerun-if-changed=build.rs");
}
