//! Source that `tune` writes for firmware: Rust is as the modules in `generated`, which `BLESS=1` writes anew and `generated_learners.rs` compiles; C is as the
//! headers there, with which `cargo xtask c` compiles a program that must have the bits of the modules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use head_files::{Format, Head, Prior, PriorSettings, Source};
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
fn headers() -> [(&'static str, String); 6] {
    let of = |name, units, host: &HostUnits| c(name, units, host, false);
    [
        ("discriminant", of("discriminant", Units::First(4), &None)),
        ("mixed", c("discriminant", Units::First(4), &host(), true)),
        ("neighbours", of("discriminant+neighbours", Units::Raw, &None)),
        ("mixed_neighbours", c("discriminant+neighbours", Units::Raw, &host(), true)),
        ("replay", of("sgd-replay", Units::First(4), &host())),
        ("warm_up", of("warm-up", Units::Raw, &None)),
    ]
}

fn c(name: &'static str, units: Units, host: &HostUnits, based: bool) -> String {
    firmware::c(&tuned(name, defaults(name), units), host, based, "Written by a test.")
}

/// The trained head and the training set's statistics that the mixed learners start from, in Rust and in C.
fn exported() -> [(&'static str, String); 4] {
    let head = Head::new(vec![1.5, -0.25, -1.0, 0.75, 0.125, -0.5], &[0.1, 0.0, -0.2], 2).unwrap();
    let rows = (0..30_u8).map(|i| (i % 3, f32::from(i * 7 % 10) / 8.0, f32::from(i * 3 % 7) / 8.0));
    let (table, labels): (Vec<_>, Vec<_>) =
        rows.map(|(class, x, y)| ([x + f32::from(class) - 1.0, y - f32::from(class)], usize::from(class))).unzip();
    let settings = PriorSettings { standardize: false, ..PriorSettings::default() };
    let prior = Prior::of_table(table.as_flattened(), 2, &labels, &settings).unwrap();
    let text = |source, format| String::from_utf8(head_files::write(source, format, "a test").unwrap()).unwrap();
    let (head, prior) = (Source::Head(&head), Source::Prior(&prior));
    [
        ("head.rs", text(head, Format::Rust)),
        ("head.h", text(head, Format::C)),
        ("prior.rs", text(prior, Format::Rust)),
        ("prior.h", text(prior, Format::C)),
    ]
}

#[test]
fn modules_and_headers_are_those_that_are_compiled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated");
    let modules = modules().into_iter().map(|(name, text)| (format!("{name}.rs"), text));
    let headers = headers().into_iter().map(|(name, text)| (format!("{name}.h"), text));
    let exported = exported().into_iter().map(|(name, text)| (name.to_owned(), text));
    for (name, text) in modules.chain(headers).chain(exported) {
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
    for (name, text) in exported() {
        fs::write(folder.path().join(name), text).unwrap();
    }
    // `warm-up` is never recommended, but has the settings of a warm-up.
    for name in NAMES.into_iter().filter(|name| *name == "warm-up" || is_in_c(name)) {
        for (units, based) in [(None, false), (host(), false), (host(), true)] {
            let header = c(name, Units::First(4), &units, based);
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
