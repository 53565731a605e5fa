//! Sets `arm_dsp` for targets with the DSP extension of Arm's microcontrollers: stable Rust does not tell a crate whether there is one.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(arm_dsp)");
    let variable = |name| env::var(name).unwrap_or_default();
    let target = variable("TARGET");
    // Part of every thumbv7em (Cortex-M4 and M7); of others, such as a Cortex-M33, if the compiler says so, which today nightly alone does.
    let told = variable("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "dsp");
    if target.starts_with("thumbv7em") || (target.starts_with("thumb") && told) {
        println!("cargo::rustc-cfg=arm_dsp");
    }
}
