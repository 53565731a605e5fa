//! The reports of the story and of experiments, each as text for the terminal and as a page.

mod adaptation;
mod chart;
mod experiments;
mod html;
pub mod record;
mod story;
mod table;

pub use adaptation::{adaptation_html, adaptation_text};
pub use experiments::{experiments_beside, experiments_html, experiments_markdown, experiments_text};
pub use story::{story_html, story_text};
pub use table::percent;
