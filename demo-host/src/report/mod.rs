//! The reports of the story and of experiments, each as text for the terminal and as a page.

mod adaptation;
mod chart;
mod experiments;
mod html;
mod story;
mod table;
mod tuning;

pub use adaptation::{adaptation_html, adaptation_text};
pub use experiments::{experiments_html, experiments_markdown, experiments_text};
pub use story::{story_html, story_text};
pub use table::percent;
pub use tuning::tuning_text;
