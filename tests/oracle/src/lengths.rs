//! Two lengths for long tests: a short one for every day, and the full one if the environment variable `FULL_LENGTHS` is set, as
//! `cargo xtask ci` and `cargo xtask --full` do.

/// The environment variable.
pub const FULL_LENGTHS: &str = "FULL_LENGTHS";

/// Whether tests have their full lengths.
pub fn full() -> bool {
    std::env::var_os(FULL_LENGTHS).is_some_and(|value| !value.is_empty())
}

/// The number of steps or the stride of a test: `short`, or with full lengths `long`.
pub fn steps<T>(short: T, long: T) -> T {
    if full() { long } else { short }
}
