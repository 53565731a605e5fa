//! The native app on a recording, beside which the page's is compared: `reference FOLDER` writes the recordings `lesson.csv` (three gestures,
//! three times each, with labels) and `knock.csv` (a fourth, without), and prints the CRC-32 of the head that was taught by the first.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs, io};

use web_device::{Board, Person};

/// The rows of a stretch.
const ROWS: usize = 96;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args().nth(1).ok_or_else(|| io::Error::other("usage: reference FOLDER"))?);
    let (names, mut ada) = (Person::gestures(), Person::new(0));
    let mut board = Board::new(&[]).map_err(io::Error::other)?;
    let mut lesson = String::from("time_ms,x,y,z,label\n");
    let mut row = 0;
    for gesture in [1, 2, 3].repeat(3) {
        ada.begin(gesture);
        let stretch: Vec<Vec<f32>> = (0..ROWS).map(|_| ada.sample()).collect();
        for g in &stretch {
            // Writing into a String cannot fail.
            let _ = writeln!(lesson, "{},{},{},{},{}", 20 * row, g[0], g[1], g[2], names[usize::from(gesture) - 1]);
            row += 1;
        }
        stretch.iter().for_each(|g| board.reading(g));
        board.teach(gesture);
        while board.busy() {
            board.reading(&stretch[ROWS - 1]);
        }
    }
    ada.begin(5);
    let mut knock = String::from("time_ms,x,y,z\n");
    for row in 0..2 * ROWS {
        let g = ada.sample();
        let _ = writeln!(knock, "{},{},{},{}", 20 * row, g[0], g[1], g[2]);
    }
    fs::write(folder.join("lesson.csv"), lesson)?;
    fs::write(folder.join("knock.csv"), knock)?;
    println!("{:08x}", board.head_crc());
    Ok(())
}
