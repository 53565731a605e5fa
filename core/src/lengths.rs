//! The lengths of unit tests.

/// The number of steps, or the stride, of a test: `full`, or where Miri interprets the code, a thousand times slower, `short`, with which it still
/// takes every path.
pub(crate) const fn steps<T: Copy>(short: T, full: T) -> T {
    if cfg!(miri) { short } else { full }
}
