//! Files beside a database: read whole, replaced at once, for their owner alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Reads a text file; `None` when it is not there.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts `text` in the place of the file at once: a crash leaves the old file or the new one.
pub(crate) fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    replace_bytes(path, text.as_bytes(), mode)
}

/// Puts `bytes` in the place of the file at once: a crash leaves the old file or the new one.
pub(crate) fn replace_bytes(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    let mut file = create(new, mode)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(new, path)?;
    sync_folder(path)
}

/// Makes a new file in the place of what is there.
pub(crate) fn create(path: &Path, mode: u32) -> io::Result<File> {
    // What a crash left of an earlier try has nothing that is needed.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Makes sure that the name of a file is on disk, not only its bytes.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The permissions of a file when others than its owner have any; `None` when they have none.
#[cfg(unix)]
pub(crate) fn exposed(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// Where files have no such permissions, nobody else is known to have any.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the other one can fail")]
pub(crate) fn exposed(_: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}
