//! Simulates devices on the digits, trains full models with gradient decay, checks the core against references, exports heads and
//! reports. Full models are behind the feature `burn`.

#[cfg(feature = "burn")]
pub mod benchmark;
pub mod cli;
pub mod compute;
pub mod data;
pub mod evaluation;
pub mod exchange;
pub mod experiments;
pub mod files;
pub mod link;
pub mod models;
pub mod progress;
pub mod report;
pub mod statistics;
pub mod story;
pub mod tasks;
#[cfg(feature = "burn")]
pub mod torch;
pub mod training;
pub mod verification;

/// The Rust of `docs/your-model.md`, as a test.
#[cfg(doctest)]
#[doc = include_str!("../docs/your-model.md")]
mod your_model {}

/// The error for a request that needs full models in a program without them; it names the command that has them.
#[cfg(not(feature = "burn"))]
fn needs_burn(what: &str, command: &str) -> String {
    format!(
        "{what} needs full models, which this program was built without: run `cargo run --release -p demo-host --features burn -- \
         {command}`, whose first build takes minutes"
    )
}
