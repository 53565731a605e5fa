//! The progress display.

use indicatif::{ProgressBar, ProgressStyle};
use simulation::Watch;

/// A progress bar with a label; invisible where the output is no terminal.
pub fn progress_bar(length: u64, label: &str) -> ProgressBar {
    bar(length, label, "{msg:36} {bar:32} {pos:>6}/{len} {eta}")
}

/// The same over the bytes of a file.
pub fn bytes_bar(length: u64, label: &str) -> ProgressBar {
    bar(length, label, "{msg:36} {bar:32} {bytes:>10}/{total_bytes} {eta}")
}

/// A progress bar over the runs of a simulation.
pub struct RunsBar(ProgressBar);

impl RunsBar {
    /// A bar with a label, whose length the simulation sets.
    pub fn new(label: &str) -> Self {
        RunsBar(progress_bar(0, label))
    }

    /// Takes it off the screen.
    pub fn finish(self) {
        self.0.finish_and_clear();
    }
}

impl Watch for RunsBar {
    fn expect(&self, runs: u64) {
        self.0.set_length(runs);
    }

    fn done(&self) {
        self.0.inc(1);
    }
}

fn bar(length: u64, label: &str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(label.to_owned());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
