//! The report of the story: as text for the terminal, as a self-contained page.

mod page;
mod plots;
mod tables;

pub use page::html;
pub use tables::text;
