//! The list of checks.

use anyhow::Result;

use crate::setup::Need::{
    self, ArmCompiler, Browser, Component, Emulators, Nightly, Oldest, Program, Python, PythonTorch, Qemu, Targets,
    Tool,
};
use crate::{c, chips, footprint, images, python, qemu, same_bits, slow, starter, web, workspace};

/// The command that runs a check; each tier includes the tiers before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Core,
    Test,
    Ci,
    /// No tier: the check is run only by its name.
    Apart,
}

impl Tier {
    /// The tiers that are commands.
    pub const ALL: [Tier; 3] = [Tier::Core, Tier::Test, Tier::Ci];

    pub fn name(self) -> &'static str {
        match self {
            Tier::Core => "core",
            Tier::Test => "test",
            Tier::Ci => "ci",
            Tier::Apart => "by name",
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Tier::Core => "All checks of the core: for the inner loop",
            Tier::Test => "These, and the firmware's, the C library's and the host programs'",
            Tier::Ci => "These with --full, and the slow ones",
            Tier::Apart => "",
        }
    }
}

/// The choices of the command line.
#[derive(Clone, Copy)]
pub struct Options {
    pub full: bool,
    pub bless: bool,
    pub offline: bool,
    pub serve: bool,
    pub release: bool,
    pub supply: Option<footprint::Supply>,
}

/// A folder that cargo builds in and locks: checks that share one run one after the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The workspace, with optimisation.
    Release,
    /// The workspace, without.
    Debug,
    Boards,
    Bench,
    CLibrary,
    Python,
    Page,
}

pub struct Check {
    pub name: &'static str,
    about: &'static str,
    tier: Tier,
    /// The folders that it builds in; none if that is one of its own.
    pub places: &'static [Place],
    pub needs: &'static [Need],
    pub run: fn(Options) -> Result<()>,
}

impl Check {
    pub fn is_in(&self, tier: Tier) -> bool {
        self.tier <= tier
    }

    pub fn help(&self) -> String {
        format!("{} [{}]", self.about, self.tier.name())
    }
}

const CLIPPY: Need = Component("clippy");
const CMAKE: Need = Program("cmake", "cmake", "CMake");

/// All checks, in the order in which they start: the core's, then the longest, so that short ones fill the end.
pub const CHECKS: [Check; 35] = [
    Check {
        name: "burn",
        about: "clippy, rustdoc and the tests of the host program with burn, in release",
        tier: Tier::Ci,
        places: &[Place::Release],
        needs: &[CLIPPY],
        run: |_| workspace::burn(),
    },
    Check {
        name: "format",
        about: "rustfmt, in all workspaces",
        tier: Tier::Core,
        places: &[],
        needs: &[Component("rustfmt")],
        run: |_| workspace::format(),
    },
    Check {
        name: "core-lints",
        about: "clippy and rustdoc on the core with all features",
        tier: Tier::Core,
        places: &[Place::Debug],
        needs: &[CLIPPY],
        run: |_| workspace::core_lints(),
    },
    Check {
        name: "features",
        about: "The core compiled for devices in each combination of features",
        tier: Tier::Core,
        places: &[Place::Debug],
        needs: &[Targets(&workspace::TARGETS)],
        run: |_| workspace::features(),
    },
    Check {
        name: "units",
        about: "The core's unit tests in each combination of features",
        tier: Tier::Core,
        places: &[Place::Debug],
        needs: &[],
        run: |_| workspace::units(),
    },
    Check {
        name: "core-tests",
        about: "The core's tests, combinations, examples and documentation with all features, overflow checked",
        tier: Tier::Core,
        places: &[Place::Debug],
        needs: &[],
        run: |_| workspace::core_tests(),
    },
    Check {
        name: "no-panic",
        about: "A program of the whole core links without a panic",
        tier: Tier::Core,
        places: &[],
        needs: &[Targets(&workspace::TARGETS)],
        run: |_| workspace::no_panic(),
    },
    Check {
        name: "system-tests",
        about: "The system tests, and the core's tests, in release",
        tier: Tier::Core,
        places: &[Place::Release],
        needs: &[],
        run: |_| workspace::system_tests(),
    },
    Check {
        name: "host",
        about: "The tests of the host program without burn and of the firmware's libraries, in release",
        tier: Tier::Test,
        places: &[Place::Release],
        needs: &[],
        run: |_| workspace::host(),
    },
    Check {
        name: "web-test",
        about: "The page's tests, in Chromium if it is installed; with --full it is installed, and the page is linted",
        tier: Tier::Test,
        places: &[Place::Page],
        needs: &[CLIPPY, Targets(&web::TARGETS), Browser],
        run: |options| web::test(options.full),
    },
    Check {
        name: "chips-quick",
        about: "The Pico's image in an emulator of its chip: a lesson, a save, a restart; that of the RISC-V core in QEMU",
        tier: Tier::Test,
        places: &[Place::Debug, Place::Boards],
        needs: &[Targets(&qemu::TARGETS), Qemu, Emulators],
        run: |_| chips::quick(),
    },
    Check {
        name: "python",
        about: "The Python package, built as its users do, and its tests except those that need PyTorch",
        tier: Tier::Test,
        places: &[Place::Python],
        needs: &[Python],
        run: |_| python::test(),
    },
    Check {
        name: "boards",
        about: "Boards build, those in QEMU are linted; with --full all, those with large libraries too",
        tier: Tier::Test,
        places: &[Place::Boards],
        needs: &[CLIPPY, Targets(&qemu::TARGETS)],
        run: |options| qemu::check_boards(options.full),
    },
    Check {
        name: "c",
        about: "The C library: its functions and their misuse, its example in QEMU, C++, the recipe for an RTOS, the Arduino library",
        tier: Tier::Test,
        places: &[Place::CLibrary],
        needs: &[CLIPPY, Targets(&c::TARGETS), Qemu, ArmCompiler, CMAKE],
        run: |options| if options.release { c::release() } else { c::test(options.full) },
    },
    Check {
        name: "footprint",
        about: "Instructions, flash, RAM and stack of the core in QEMU, compared with peers and with the committed figures; with --full on all cores",
        tier: Tier::Test,
        places: &[Place::Bench],
        needs: &[CLIPPY, Targets(&footprint::TARGETS), Qemu, ArmCompiler],
        run: |options| footprint::check(options),
    },
    Check {
        name: "lints",
        about: "clippy and rustdoc on the workspace",
        tier: Tier::Test,
        places: &[Place::Release],
        needs: &[CLIPPY],
        run: |_| workspace::lints(),
    },
    Check {
        name: "firmware-tests",
        about: "The tests of the firmware's libraries, overflow checked, and their lints with all features",
        tier: Tier::Test,
        places: &[Place::Debug],
        needs: &[CLIPPY],
        run: |_| workspace::firmware_tests(),
    },
    Check {
        name: "same-bits",
        about: "Training to the same bits on the host and in QEMU on the cores with an FPU, with --full on all",
        tier: Tier::Test,
        places: &[Place::Bench],
        needs: &[Targets(&footprint::TARGETS), Qemu],
        run: |options| same_bits::compare(options.full),
    },
    Check {
        name: "starter",
        about: "The starter project, copied out of the tree, does what its README says",
        tier: Tier::Test,
        places: &[],
        needs: &[CLIPPY, Targets(&starter::TARGETS), Qemu],
        run: |_| starter::run(),
    },
    Check {
        name: "qemu",
        about: "The firmware in QEMU logs what is expected",
        tier: Tier::Test,
        places: &[Place::Boards],
        needs: &[Targets(&qemu::TARGETS), Qemu],
        run: |options| if options.bless { qemu::bless() } else { qemu::compare() },
    },
    Check {
        name: "link",
        about: "The host program teaches a head in QEMU over a serial port",
        tier: Tier::Test,
        places: &[Place::Release, Place::Boards],
        needs: &[Targets(&qemu::TARGETS), Qemu],
        run: |_| qemu::link(),
    },
    Check {
        name: "starter-c",
        about: "The starter project in C, copied out of the tree, by make and by CMake, does what its README says",
        tier: Tier::Test,
        places: &[Place::CLibrary],
        needs: &[Targets(&starter::TARGETS), Qemu, ArmCompiler, CMAKE, Program("make", "make", "Make")],
        run: |_| starter::run_c(),
    },
    Check {
        name: "python-full",
        about: "PyTorch: the Python package's tests that need it, its lints, its way to a head in QEMU, and sweeps that take burn's steps",
        tier: Tier::Ci,
        places: &[Place::Python, Place::Release],
        needs: &[CLIPPY, Python, PythonTorch, Targets(&starter::TARGETS), Qemu],
        run: |_| python::full(),
    },
    Check {
        name: "chips",
        about: "All boards' images in emulators of their chips: also faults of bus and main loop, the display, the host link",
        tier: Tier::Ci,
        places: &[Place::Release, Place::Debug, Place::Boards],
        needs: &[Component("llvm-tools"), Targets(&qemu::TARGETS), Qemu, Emulators],
        run: |_| chips::all(),
    },
    Check {
        name: "candle",
        about: "clippy on the host program with candle",
        tier: Tier::Ci,
        places: &[Place::Release],
        needs: &[CLIPPY],
        run: |_| workspace::candle(),
    },
    Check {
        name: "miri",
        about: "The core's unit tests and those of its views in Miri, on a machine with the other byte order",
        tier: Tier::Ci,
        places: &[],
        needs: &[Nightly(&["miri", "rust-src"])],
        run: |_| slow::miri(),
    },
    Check {
        name: "fuzz",
        about: "The fuzzing corpus, and a search of half a minute by each target",
        tier: Tier::Ci,
        places: &[],
        needs: &[Nightly(&["rust-src"]), Tool("cargo-fuzz", "0.13")],
        run: |_| slow::fuzz(),
    },
    Check {
        name: "coverage",
        about: "The line coverage of the core is not below the figure in the README",
        tier: Tier::Ci,
        places: &[],
        needs: &[Component("llvm-tools"), Tool("cargo-llvm-cov", "0.9")],
        run: |_| slow::coverage(),
    },
    Check {
        name: "oldest",
        about: "The core with the oldest Rust that it supports",
        tier: Tier::Ci,
        places: &[],
        needs: &[Oldest],
        run: |_| slow::oldest_rust(),
    },
    Check {
        name: "deny",
        about: "Licences, sources and advisories of the dependencies",
        tier: Tier::Ci,
        places: &[],
        needs: &[Tool("cargo-deny", "0.20")],
        run: |options| slow::deny(options.offline),
    },
    Check {
        name: "publish",
        about: "A dry run of publishing the core and the link",
        tier: Tier::Ci,
        places: &[Place::Debug],
        needs: &[],
        run: |_| slow::publish(),
    },
    Check {
        name: "mutants",
        about: "Mutation testing: each of 2,400 changes of the core makes a test fail; takes hours",
        tier: Tier::Apart,
        places: &[],
        needs: &[Tool("cargo-mutants", "27.1")],
        run: |_| slow::mutants(),
    },
    Check {
        name: "web",
        about: "Makes the page, a folder of static files in target/web, and serves it on loopback",
        tier: Tier::Apart,
        places: &[Place::Page],
        needs: &[Targets(&web::TARGETS)],
        run: |options| web::web(options.serve),
    },
    Check {
        name: "images",
        about: "Makes files to flash without a toolchain: .hex for the micro:bit, .uf2 for the Pico, .bin and .hex for the STM32F411",
        tier: Tier::Apart,
        places: &[Place::Boards],
        needs: &[Component("llvm-tools"), Targets(&images::TARGETS)],
        run: |_| images::make(),
    },
    Check {
        name: "arduino",
        about: "Makes the Arduino library: a folder to put among the libraries of your sketches",
        tier: Tier::Apart,
        places: &[Place::CLibrary],
        needs: &[Targets(&c::TARGETS)],
        run: |_| c::arduino().map(drop),
    },
];
