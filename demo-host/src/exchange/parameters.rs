//! Parameters of a layer as a file: little-endian f32, the weights row by row, then the biases, as `LinearHead::from_le_bytes` reads them.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::files;

/// Writes the parameters of a layer.
///
/// # Errors
/// If the file cannot be written.
pub fn write_parameters(parameters: &[f32], path: &Path) -> Result<()> {
    let bytes: Vec<u8> = parameters.iter().flat_map(|parameter| parameter.to_le_bytes()).collect();
    files::write_whole(path, &bytes)
}

/// Reads the parameters of a layer from such a file.
///
/// # Errors
/// If the file cannot be read, its length is not a multiple of four bytes, or a number is NaN or infinite.
pub fn read_parameters(path: &Path) -> Result<Vec<f32>> {
    let bytes = files::read(path)?;
    let (chunks, rest) = bytes.as_chunks::<4>();
    let parameters: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    ensure!(
        rest.is_empty() && !parameters.is_empty() && parameters.iter().all(|parameter| parameter.is_finite()),
        "{} does not hold the parameters of a layer, finite f32 of four bytes each: `export` writes such files",
        path.display()
    );
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_anything_else_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.bin");
        write_parameters(&[0.5, -2.0, f32::MAX], &path).unwrap();
        assert_eq!(read_parameters(&path).unwrap(), [0.5, -2.0, f32::MAX]);
        for wrong in [&[][..], &[0, 0, 0], &[0, 0, 0, 0, 1], &f32::NAN.to_le_bytes(), &f32::INFINITY.to_le_bytes()] {
            files::write_whole(&path, wrong).unwrap();
            assert!(read_parameters(&path).unwrap_err().to_string().contains("head.bin does not hold"), "{wrong:?}");
        }
    }
}
