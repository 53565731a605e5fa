//! The progress display.

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar with a label; invisible where the output is no terminal.
pub fn progress_bar(length: u64, label: &str) -> ProgressBar {
    bar(length, label, "{msg:36} {bar:32} {pos:>6}/{len} {eta}")
}

/// The same over the bytes of a file.
pub fn bytes_bar(length: u64, label: &str) -> ProgressBar {
    bar(length, label, "{msg:36} {bar:32} {bytes:>10}/{total_bytes} {eta}")
}

fn bar(length: u64, label: &str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(label.to_owned());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
