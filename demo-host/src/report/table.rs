//! A table, for the terminal and for a page.

use super::html::{escape, scrolling};

/// A table of texts; all rows as long as the header.
pub struct Table {
    /// The title.
    pub title: String,
    /// The names of the columns.
    pub header: Vec<String>,
    /// The rows; the first column is a name.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The text.
    pub text: String,
    /// Whether it is the best of its column or row, which a page shows in bold and the terminal with a star.
    pub best: bool,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell { text, best: false }
    }
}

impl Table {
    /// For the terminal.
    pub fn text(&self) -> String {
        let marked = |cell: &Cell| if cell.best { format!("{}*", cell.text) } else { cell.text.clone() };
        let header = std::iter::once(self.header.clone());
        let rows: Vec<Vec<String>> =
            header.chain(self.rows.iter().map(|row| row.iter().map(marked).collect())).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let mut text = format!("{}\n", self.title);
        for row in &rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
                0 => format!("  {cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            });
            text.extend(cells);
            text.push('\n');
        }
        text
    }

    /// In Markdown, without its title; the best is in bold.
    pub fn markdown(&self) -> String {
        let escaped = |text: &str| text.replace('|', "\\|");
        let cell = |cell: &Cell| match (escaped(&cell.text), cell.best) {
            (text, true) => format!(" **{text}** |"),
            (text, false) => format!(" {text} |"),
        };
        let header: String = self.header.iter().map(|name| format!(" {} |", escaped(name))).collect();
        let row = |row: &Vec<Cell>| format!("|{}\n", row.iter().map(cell).collect::<String>());
        let rows: String = self.rows.iter().map(row).collect();
        format!("|{header}\n|{}\n{rows}", "---|".repeat(self.header.len()))
    }

    /// For a page.
    pub fn html(&self) -> String {
        let header: String = self.header.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
        let cell = |cell: &Cell| match (escape(&cell.text), cell.best) {
            (text, true) => format!("<td><b>{text}</b></td>"),
            (text, false) => format!("<td>{text}</td>"),
        };
        let row = |row: &Vec<Cell>| format!("<tr>{}</tr>", row.iter().map(cell).collect::<String>());
        let rows: String = self.rows.iter().map(row).collect();
        let title = escape(&self.title);
        scrolling(
            &self.title,
            &format!("<table><caption>{title}</caption><thead><tr>{header}</tr></thead>{rows}</table>"),
        )
    }
}

/// A share in per cent.
pub fn percent(share: f32) -> String {
    format!("{:.1}%", 100.0 * share)
}
