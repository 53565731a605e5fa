//! The report of the story.

mod page;
mod plots;
mod tables;

pub use page::html as story_html;
pub use tables::text as story_text;
