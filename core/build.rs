//! Sets `arm_dsp` for targets with Arm's DSP extension: stable Rust does not tell a crate whether the target has it.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(arm_dsp)");
    let variable = |name| env::var(name).unwrap_or_default();
    let target = variable("TARGET");
    // Every thumbv7em target (Cortex-M4 and M7) has it; others, such as a Cortex-M33, if the compiler says so, which today only nightly does.
    let told = variable("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "dsp");
    if target.starts_with("thumbv7em") || (target.starts_with("thumb") && told) {
        println!("cargo::rustc-cfg=arm_dsp");
    }
}
