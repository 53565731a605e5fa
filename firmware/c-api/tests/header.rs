//! The header is the one that cbindgen makes of the sources, and its macros have the core's sizes.

use std::mem::zeroed;
use std::path::Path;
use std::process::Command;
use std::ptr;

use gradient_decay::statistics::StatisticsView;
use gradient_decay::{DiscriminantHead, FixedHead, Learner, Parts, checkpoint};
use gradient_decay_c::*;

#[test]
fn the_header_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    let mut made = Vec::new();
    cbindgen::generate_with_config(folder, config).unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    let path = folder.join("include/gradient_decay.h");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(made == committed, "include/gradient_decay.h is not that of the sources: BLESS=1 cargo test --test header");
}

/// The macros are C, which a compiler has to evaluate: the one that Rust links with.
#[test]
fn the_sizes_of_the_macros_are_those_of_the_core() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sizes");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]).arg(folder.join("include"));
    compiler.arg(folder.join("tests").join("c").join("sizes.c")).arg("-o").arg(&program);
    assert!(compiler.status().unwrap().success());
    let printed = Command::new(&program).output().unwrap();
    assert!(printed.status.success());
    let shapes = (1..=20).flat_map(|classes| (1..=20).map(move |features| (classes, features)));
    let expected: Vec<String> = shapes
        .chain([(65_535, 65_535)])
        .map(|(classes, features)| {
            let numbers = StatisticsView::numbers_of(classes, features);
            let scratch = StatisticsView::scratch_of(classes, features);
            let bytes = checkpoint::bytes::<DiscriminantHead<1, 1, 0>>() + 4 * (numbers + classes - 5);
            let fixed = gd_fixed_bytes(classes as u16, features as u16);
            let smallest = checkpoint::bytes::<Learner<FixedHead<1, 1>, Parts>>();
            let fixed_bytes = smallest + 2 * (classes * (features + 2) - 3);
            let line = format!("{classes} {features} {numbers} {scratch} {bytes} {fixed} {fixed_bytes}");
            if classes <= 20 { format!("{line}\n{}", learners(classes as u16, features as u16)) } else { line }
        })
        .collect();
    let expected: Vec<&str> = expected.iter().flat_map(|lines| lines.lines()).collect();
    assert_eq!(String::from_utf8(printed.stdout).unwrap().lines().collect::<Vec<_>>(), expected);
}

/// The bytes of a linear learner, of one with each of the other heads, and of the first with each part.
fn learners(classes: u16, features: u16) -> String {
    let slots = (classes + 3 * features) % 5 + 1;
    let numbers = vec![0.0; 2 * (usize::from(features) + 1)];
    let trained = gd_trained { parameters: numbers.as_ptr(), map: ptr::null(), classes: 2 };
    let bytes = |change: &dyn Fn(&mut gd_learner_config)| {
        // SAFETY: numbers, and pointers that may be null.
        let zeros: gd_learner_config = unsafe { zeroed() };
        let head = &raw const gd_head_linear;
        let mut config = gd_learner_config { head, classes, features, slots, held_out_slots: slots, ..zeros };
        change(&mut config);
        // SAFETY: pointers of the library, or null.
        unsafe { gd_learner_bytes(&config) }
    };
    let near = |head, trained| {
        bytes(&|config| (config.head, config.kept_slots, config.trained) = (head, config.slots, trained))
    };
    let all = [
        bytes(&|_| {}),
        bytes(&|config| config.head = &raw const gd_head_discriminant),
        near(&raw const gd_head_neighbours_i8, ptr::null()),
        near(&raw const gd_head_neighbours_f32, ptr::null()),
        bytes(&|config| (config.head, config.trained) = (&raw const gd_head_mixed, &trained)),
        near(&raw const gd_head_mixed_neighbours_i8, &trained),
        near(&raw const gd_head_mixed_neighbours_f32, &trained),
        bytes(&|config| config.standardizer = &raw const gd_part_standardizer),
        bytes(&|config| config.memory = &raw const gd_part_memory_f32),
        bytes(&|config| config.held_out = &raw const gd_part_memory_i8),
        bytes(&|config| config.novelty = &raw const gd_part_novelty),
        bytes(&|config| config.calibration = &raw const gd_part_calibration),
    ];
    all.map(|bytes| bytes.to_string()).join(" ")
}
