//! A head as source code: constants for the core in Rust, and for its C library.

mod c;
mod rust;

pub(crate) use c::c;
pub(crate) use rust::rust;

use std::fmt::Display;

/// Lines of numbers, as many in each as fit, each line with an indent and each number with a comma.
fn lines<T: Display>(numbers: impl IntoIterator<Item = T>, indent: usize) -> String {
    const WIDTH: usize = 110;
    let mut text = String::new();
    let mut width = WIDTH;
    for number in numbers {
        let number = format!("{number},");
        if width + 1 + number.len() > WIDTH {
            let line = if text.is_empty() { "" } else { "\n" };
            text += &format!("{line}{:indent$}{number}", "");
            width = indent + number.len();
        } else {
            text += &format!(" {number}");
            width += 1 + number.len();
        }
    }
    text
}

/// A number as both languages read it, to the same bits: the shortest that is nearest to it.
fn float(number: f32) -> String {
    format!("{number:?}")
}

/// The name of the origin, changed so that it cannot end a comment.
fn plain(made_of: &str) -> String {
    made_of.chars().map(|c| if c.is_control() || c == '*' { ' ' } else { c }).collect()
}
