//! Long tests in two lengths: a short one for every day, and the full one where the environment variable `FULL_LENGTHS` is set, as it is
//! by `cargo xtask ci` and `cargo xtask --full`.

/// The environment variable.
pub const FULL_LENGTHS: &str = "FULL_LENGTHS";

/// Whether tests have their full lengths.
pub fn full() -> bool {
    std::env::var_os(FULL_LENGTHS).is_some_and(|value| !value.is_empty())
}

/// How many steps a test takes, or by what stride it walks: `short`, or in full lengths `long`.
pub fn steps<T>(short: T, long: T) -> T {
    if full() { long } else { short }
}
