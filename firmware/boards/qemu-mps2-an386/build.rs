//! Puts the memory map where the linker looks for it, and the digits into the flash image.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use digits::Digit;

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy("memory.x", out.join("memory.x")).expect("memory.x can be copied");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=memory.x");

    let tables = table("STREAM", &digits::device_stream()) + &table("TEST", &digits::device_test());
    fs::write(out.join("digits.rs"), tables).expect("digits.rs can be written");
}

fn table(name: &str, digits: &[Digit]) -> String {
    let mut code = format!("pub static {name}: [Sample; {}] = [\n", digits.len());
    for Digit { pixels, label } in digits {
        writeln!(code, "    Sample {{ pixels: {pixels:?}, label: {label} }},").expect("a String takes all");
    }
    code + "];\n"
}
