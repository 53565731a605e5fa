//! Writes files completely or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

/// Writes `content` to a temporary name in the same folder, then renames it: at `path` is the old file or the new
/// one, never a partial one.
///
/// # Errors
/// If the folder does not exist or cannot be written; the message names the path.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = temporary_beside(path)?;
    file.write_all(content).with_context(|| format!("cannot write {}", path.display()))?;
    file.as_file().sync_all().with_context(|| format!("cannot write {}", path.display()))?;
    file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// Refuses a path that cannot be written, before the work whose result goes there.
///
/// # Errors
/// As [`write_whole`].
pub fn check_writable(path: &Path) -> Result<()> {
    temporary_beside(path).map(drop)
}

fn temporary_beside(path: &Path) -> Result<NamedTempFile> {
    ensure!(!path.is_dir(), "cannot write {}: it is a folder, give the name of a file", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // A temporary file is private by default; this one gets the usual permissions, by the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(folder)
        .with_context(|| format!("cannot write {}: its folder must exist and be writable", path.display()))
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read; the message names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unwritable_output_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_whole(folder.path(), b"x").is_err());
        let message = write_whole(&folder.path().join("missing/file"), b"x").unwrap_err().to_string();
        assert!(message.contains("missing/file"), "{message}");
        write_whole(&folder.path().join("file"), b"whole").unwrap();
        assert_eq!(read(&folder.path().join("file")).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
