//! Source that `tune` writes for firmware: Rust is as the modules in `generated`, which `BLESS=1` writes anew and `generated_learners.rs` compiles; C is as the
//! headers there, with which `cargo xtask c` compiles a program that must have the bits of the modules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use simulation::learner::Settings;
use simulation::tasks::Units;
use simulation::tuning::firmware::{self, HostUnits};
use simulation::tuning::{Tuned, is_in_c};
use simulation::{NAMES, defaults};

/// A learner for three classes of two features.
fn tuned(learner: &'static str, settings: Settings, units: Units) -> Tuned {
    Tuned { learner, settings, units, shape: (3, 2) }
}

/// Units of a host.
fn host() -> HostUnits {
    Some((vec![0.25, -3.0], vec![1.0, 20.5]))
}

/// The modules by name: each with another head, from nothing or based, with units of the host, of the first samples or none.
fn modules() -> [(&'static str, String); 7] {
    let first = Units::First(4);
    let near = tuned("discriminant+neighbours", defaults("discriminant+neighbours"), Units::Raw);
    let of = |tuned: &Tuned, units: &HostUnits, based| firmware::rust(tuned, units, based, "Written by a test.");
    [
        ("discriminant", of(&tuned("discriminant", defaults("discriminant"), first), &None, false)),
        ("mixed", of(&tuned("discriminant", defaults("discriminant"), first), &host(), true)),
        ("neighbours", of(&near, &None, false)),
        ("mixed_neighbours", of(&near, &host(), true)),
        ("residual", of(&tuned("discriminant+residual", defaults("discriminant+residual"), Units::Raw), &None, false)),
        ("replay", of(&tuned("sgd-replay", defaults("sgd-replay"), first), &host(), true)),
        ("warm_up", of(&tuned("warm-up", defaults("warm-up"), Units::Raw), &None, false)),
    ]
}

/// The headers, each with the settings of the module of its name.
fn headers() -> [(&'static str, String); 4] {
    let of =
        |name, units, host: &HostUnits| firmware::c(&tuned(name, defaults(name), units), host, "Written by a test.");
    [
        ("discriminant", of("discriminant", Units::First(4), &None)),
        ("neighbours", of("discriminant+neighbours", Units::Raw, &None)),
        ("replay", of("sgd-replay", Units::First(4), &host())),
        ("warm_up", of("warm-up", Units::Raw, &None)),
    ]
}

#[test]
fn modules_and_headers_are_those_that_are_compiled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated");
    let modules = modules().into_iter().map(|(name, text)| (format!("{name}.rs"), text));
    for (name, text) in modules.chain(headers().into_iter().map(|(name, text)| (format!("{name}.h"), text))) {
        let path: PathBuf = folder.join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{}: BLESS=1 writes it anew", path.display());
    }
}

#[test]
fn the_c_header_compiles_against_that_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/c-api/include");
    // `warm-up` is never recommended, but has the settings of a warm-up.
    for name in NAMES.into_iter().filter(|name| *name == "warm-up" || is_in_c(name, false)) {
        for units in [&None, &host()] {
            let header = firmware::c(&tuned(name, defaults(name), Units::First(4)), units, "Written by a test.");
            fs::write(folder.path().join("tuned.h"), header).unwrap();
            let program = "#include \"tuned.h\"\nstatic gd_learner learner;\nstatic uint64_t memory[GD_TUNED_BYTES / 8];\nint main(void) {\n    \
                           return (int)gd_tuned_init(&learner, memory, sizeof memory) + GD_TUNED_CLASSES + GD_TUNED_FEATURES + \
                           GD_TUNED_REHEARSALS;\n}\n";
            fs::write(folder.path().join("program.c"), program).unwrap();
            let output = Command::new("cc")
                .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"])
                .arg(&include)
                .arg(folder.path().join("program.c"))
                .output()
                .expect("a C compiler is called cc");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
