//! The C library: its tests, the lessons in QEMU, the lesson in C++, the recipe for an RTOS, Zephyr's sample, and the Arduino library.

mod bare;
mod integers;
mod parts;
mod release;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::shell::{cargo, has, output, root, run};
pub use bare::in_qemu;
pub use integers::{CORE_NAMES, INTEGERS, integers};
pub use parts::{ALL_CALLS, HEADS, PARTS, TRAINER_CALLS, TRAINERS, sizes, trainer_calls, trainers};
pub use release::release;

/// The static library for an Arduino, by its processor and the options of its compiler, and the Rust target.
const ARDUINOS: [(&str, &str); 4] = [
    ("cortex-m0plus", "thumbv6m-none-eabi"),
    ("cortex-m4/fpv4-sp-d16-hard", "thumbv7em-none-eabihf"),
    ("cortex-m4/fpv4-sp-d16-softfp", "thumbv7em-none-eabi"),
    ("cortex-m7/fpv5-d16-softfp", "thumbv7em-none-eabi"),
];

/// The targets that the library is built for.
pub const TARGETS: [&str; 4] =
    ["thumbv6m-none-eabi", "thumbv7m-none-eabi", "thumbv7em-none-eabi", "thumbv7em-none-eabihf"];

/// The sketches of the Arduino library.
const EXAMPLES: [&str; 2] = ["Learn", "Save"];

/// The learners that `demo-host tune` writes in C.
const TUNED: [&str; 4] = ["discriminant", "neighbours", "replay", "warm_up"];

/// The library's file.
const ARCHIVE: &str = "libgradient_decay_c.a";

/// The package of the library.
pub fn package() -> PathBuf {
    root().join("firmware").join("c-api")
}

/// All checks of the library; with `full` ten times as many random calls, and on more cores.
pub fn test(full: bool) -> Result<()> {
    cargo(&package(), &["clippy", "--all-targets", "--", "-D", "warnings"])?;
    cargo(&package(), &["test"])?;
    bare::test(full)?;
    // For the host, unoptimised: it checks its own arithmetic.
    cargo(&package(), &["build"])?;
    cpp()?;
    tuned()?;
    misuse(if full { "1000000" } else { "100000" })?;
    rtos()?;
    zephyr()?;
    let folder = arduino()?;
    EXAMPLES.iter().try_for_each(|name| arduino_example(&folder, name))
}

/// The recipe for an RTOS, which the library's README shows, compiled for the host and taught there; and the flash of two RTOSes.
fn rtos() -> Result<()> {
    let (folder, target) = (root().join("tests").join("rtos"), package().join("target"));
    let [recipe, readme] = [folder.join("recipe.c"), package().join("README.md")];
    let shown = text(&readme)?.contains(&text(&recipe)?);
    ensure!(shown, "{} has another recipe than {}", readme.display(), recipe.display());
    let programs = [("rtos", &["recipe.c", "freertos.c", "lesson.c"][..]), ("flash", &["flash.c"])];
    for (name, sources) in programs {
        let program = target.join(name);
        let mut compiler = Command::new("gcc");
        compiler.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2"]);
        let headers = ["include", "esp-idf/include", "zephyr/include"].map(|headers| package().join(headers));
        for headers in headers.iter().chain([&folder, &folder.join("stand-ins")]) {
            compiler.arg("-I").arg(headers);
        }
        compiler.args(sources.iter().map(|source| folder.join(source)));
        link_host_library(&mut compiler);
        run(compiler.arg("-o").arg(&program))?;
        run(&mut Command::new(&program))?;
    }
    Ok(())
}

/// Zephyr's module and its sample, by their own CMake files, over stand-ins for Zephyr: the second run has what the first saved.
fn zephyr() -> Result<()> {
    let folder = fresh(package().join("target").join("zephyr"))?;
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(package().join("zephyr").join("samples").join("learn")).arg("-B").arg(&folder);
    configure.arg(define("Zephyr_DIR", &root().join("tests").join("rtos").join("stand-ins")));
    run(configure.arg(define("GRADIENT_DECAY_ARCHIVE", &host_library())))?;
    run(Command::new("cmake").arg("--build").arg(&folder))?;
    for first in ["Learned from 60 labels and saved", "Loaded what was learned before"] {
        let printed = output(Command::new(folder.join("app")).current_dir(&folder))?;
        ensure!(
            printed.starts_with(first) && printed.trim_end().ends_with("unknown"),
            "Zephyr's sample printed\n{printed}"
        );
    }
    Ok(())
}

/// A folder to build in, empty: CMake refuses one of a tree that was moved.
fn fresh(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// A variable of CMake.
fn define(name: &str, path: &Path) -> String {
    format!("-D{name}={}", path.display())
}

/// The library that was built for the host.
fn host_library() -> PathBuf {
    package().join("target").join("debug").join(ARCHIVE)
}

/// Makes the compiler link the library, and the libraries that Rust's standard library needs.
fn link_host_library(compiler: &mut Command) {
    compiler.arg(host_library()).args(["-lm", "-lpthread", "-ldl"]);
}

/// So many random calls, a third of them wrong, under the sanitizers for addresses and undefined behaviour.
fn misuse(calls: &str) -> Result<()> {
    for name in ["misuse", "misuse_fixed", "misuse_learner"] {
        let program = package().join("target").join(name);
        let mut compiler = Command::new("gcc");
        compiler.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-g", "-I"]);
        compiler.arg(package().join("include")).args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
        compiler.arg(package().join("tests").join("c").join(name).with_extension("c"));
        link_host_library(&mut compiler);
        run(compiler.arg("-o").arg(&program))?;
        run(Command::new(&program).arg(calls))?;
    }
    Ok(())
}

/// The lesson in C++, on the host: the bits of the bare example in C. By clang as well where it is installed, and by CMake's package.
fn cpp() -> Result<()> {
    let lesson = package().join("examples").join("cpp");
    let same = |program: &Path| -> Result<()> {
        let expected = bare::expected()?;
        let printed = output(&mut Command::new(program))?;
        ensure!(printed == expected, "{} printed\n{printed}\nbut in C it is\n{expected}", program.display());
        println!("The lesson in C++ has the bits of the one in C.");
        Ok(())
    };
    for name in ["g++", "clang++"] {
        if name == "clang++" && !has(name) {
            println!("clang++ is not installed: the C++ header was compiled by g++ alone.");
            continue;
        }
        let program = package().join("target").join(format!("lesson-{name}"));
        let mut compiler = Command::new(name);
        compiler.args(["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-ffp-contract=off"]);
        compiler.args(["-fno-exceptions", "-fno-rtti", "-I"]).arg(package().join("include"));
        compiler.args(["lesson.cpp", "learner.cpp", "integers.cpp"].map(|source| lesson.join(source)));
        link_host_library(&mut compiler);
        run(compiler.arg("-o").arg(&program))?;
        same(&program)?;
    }
    let folder = fresh(package().join("target").join("cmake"))?;
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&lesson).arg("-B").arg(&folder).arg(define("gradient_decay_DIR", &package()));
    run(configure.arg(define("GRADIENT_DECAY_ARCHIVE", &host_library())))?;
    run(Command::new("cmake").arg("--build").arg(&folder))?;
    same(&folder.join("lesson"))
}

/// The learners of headers as `demo-host tune --c` writes them have the bits of those that it writes in Rust.
fn tuned() -> Result<()> {
    let folder = root().join("demo-host").join("tests").join("generated");
    for name in TUNED {
        let program = package().join("target").join("tuned");
        let mut compiler = Command::new("gcc");
        compiler.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-ffp-contract=off"]);
        compiler.arg("-I").arg(package().join("include")).arg("-include").arg(folder.join(name).with_extension("h"));
        compiler.arg(package().join("tests").join("c").join("tuned.c"));
        link_host_library(&mut compiler);
        run(compiler.arg("-o").arg(&program))?;
        let (printed, expected) =
            (output(&mut Command::new(&program))?, text(&folder.join(name).with_extension("log"))?);
        ensure!(printed == expected, "{name} in C printed\n{printed}\nbut in Rust it is\n{expected}");
    }
    println!("The learners that `tune` writes in C have the bits of those in Rust.");
    Ok(())
}

/// Builds the library for a target, optimised over all of its crates, which it is only as a static library alone; where it lies.
fn archive(target: &str) -> Result<PathBuf> {
    archive_with(target, "")
}

/// The same with features, in a folder of their own.
fn archive_with(target: &str, features: &str) -> Result<PathBuf> {
    let folder = package().join("target").join(features);
    let build = ["rustc", "--release", "--crate-type", "staticlib", "--target", target, "--features", features];
    cargo(&package(), &[&build[..], &["--target-dir", &folder.to_string_lossy()]].concat())?;
    Ok(folder.join(target).join("release").join(ARCHIVE))
}

/// Makes the folder of the Arduino library, with the library built for the usual processors.
pub fn arduino() -> Result<PathBuf> {
    let folder = root().join("target").join("arduino").join("GradientDecay");
    let from = package().join("arduino");
    copy(&from.join("library.properties"), &folder.join("library.properties"))?;
    copy(&from.join("GradientDecay.h"), &folder.join("src").join("GradientDecay.h"))?;
    for header in [
        "gradient_decay.h",
        "gradient_decay.hpp",
        "gradient_decay_fixed.hpp",
        "gradient_decay_learner.hpp",
        "gradient_decay_parts.hpp",
    ] {
        copy(&package().join("include").join(header), &folder.join("src").join(header))?;
    }
    for example in EXAMPLES.map(|name| Path::new("examples").join(name).join(format!("{name}.ino"))) {
        copy(&from.join(&example), &folder.join(&example))?;
    }
    for (processor, target) in ARDUINOS {
        copy(&archive(target)?, &folder.join("src").join(processor).join(ARCHIVE))?;
    }
    println!("The Arduino library is in {}: put it into the folder `libraries` of your sketches.", folder.display());
    Ok(folder)
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::copy(from, to).map(|_| ()).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// A sketch against as much of Arduino's core as it uses: for each processor it must compile and link.
fn arduino_example(folder: &Path, name: &str) -> Result<()> {
    let starter = root().join("firmware").join("starter-c");
    let sketch = root().join("target").join("arduino").join(name).with_extension("o");
    for (processor, _) in ARDUINOS {
        let (cpu, fpu) = processor.split_once('/').unwrap_or((processor, ""));
        let mut machine = vec!["-mthumb".to_owned(), format!("-mcpu={cpu}")];
        if let Some((fpu, abi)) = fpu.rsplit_once('-') {
            machine.extend([format!("-mfpu={fpu}"), format!("-mfloat-abi={abi}")]);
        }
        let mut compiler = Command::new("arm-none-eabi-g++");
        // The oldest standard that one of Arduino's cores for Arm compiles by.
        compiler.args(&machine).args(["-std=gnu++11", "-Wall", "-Wextra", "-Werror", "-Os", "-ffreestanding"]);
        compiler.args([
            "-fno-exceptions",
            "-fno-rtti",
            "-ffunction-sections",
            "-c",
            "-x",
            "c++",
            "-include",
            "Arduino.h",
        ]);
        compiler.arg("-I").arg(folder.join("src")).arg("-I").arg(root().join("tests").join("arduino"));
        compiler.arg(folder.join("examples").join(name).join(format!("{name}.ino"))).arg("-o").arg(&sketch);
        run(&mut compiler)?;
        let mut linker = Command::new("arm-none-eabi-gcc");
        linker.args(&machine).args(["-Os", "-ffreestanding", "-nostdlib", "-Wl,--gc-sections,-z,noexecstack", "-T"]);
        linker.arg(starter.join("mps2-an386.ld")).arg(starter.join("start.c")).arg(&sketch);
        linker.arg("-L").arg(folder.join("src").join(processor)).args(["-lgradient_decay_c", "-lgcc"]);
        run(linker.arg("-o").arg(sketch.with_extension("elf")))?;
    }
    Ok(())
}
