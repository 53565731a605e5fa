//! Arrays of NumPy: `.npy`, format 1.0 to 3.0 (`numpy.lib.format`), a header of a Python dictionary before the elements; and `.npz`, a zip archive of
//! them.
//!
//! Elements are read in pieces, and no length that a header states is memory that is asked for: only what a file holds takes room. No input makes a
//! reader panic (`tests/fuzz`).

mod archive;
mod element;
mod header;

pub use archive::{Archive, write_archive};
pub use element::{Element, half};
pub use header::Header;

/// An array as a file: its type as NumPy names it, as in `<f4`, its shape, and its elements in C order.
pub fn write(type_name: &str, shape: &[usize], elements: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size},")).collect();
    let mut header = format!("{{'descr': '{type_name}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // Elements begin at a multiple of 64 bytes; the header ends with a new line.
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [header::MAGIC.as_slice(), &[1, 0], &length, header.as_bytes(), elements].concat()
}
