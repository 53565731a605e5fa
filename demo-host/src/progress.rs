//! The progress display.

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar with a label; invisible where the output is no terminal.
pub fn progress_bar(length: u64, label: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:36} {bar:32} {pos:>6}/{len} {eta}");
    let bar = ProgressBar::new(length).with_message(label.to_owned());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
