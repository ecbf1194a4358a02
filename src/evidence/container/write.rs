//! Writing a container.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::layout::{Packed, container, small};
use super::{ContainerError, Limits, name};

/// The canonical container of `files`: the same files give the same bytes.
///
/// # Errors
///
/// [`ContainerError`] for a name that is refused, and for more than `limits` allow: it could not be
/// read again.
///
/// ```
/// use std::collections::BTreeMap;
/// use contextrail::evidence::container::{Limits, read, write};
///
/// let files = BTreeMap::from([("a.txt".to_owned(), b"aaaa".to_vec())]);
/// let bytes = write(&files, &Limits::default())?;
/// let back = read(&bytes, &Limits::default())?;
/// assert_eq!(back.files, files);
/// assert!(back.form.is_ok());
/// # Ok::<(), contextrail::evidence::container::ContainerError>(())
/// ```
pub fn write(
    files: &BTreeMap<String, Vec<u8>>,
    limits: &Limits,
) -> Result<Vec<u8>, ContainerError> {
    limits.check_files(files.len())?;
    let mut deflated = Vec::with_capacity(files.len());
    for (file, content) in files {
        let checked = name::checked(file.as_bytes())?;
        if name::is_folder(checked) {
            return Err(ContainerError::Name {
                name: checked.to_owned(),
                why: "it is a folder's",
            });
        }
        let mut crc = Crc::new();
        crc.update(content);
        deflated.push((checked, crc.sum(), small(content.len())?, deflate(content)));
    }
    let bytes = container(deflated.iter().map(|(name, crc, size, deflated)| Packed {
        name,
        crc: *crc,
        size: *size,
        deflated,
    }))?;
    limits.check_sizes(
        deflated.iter().map(|(_, _, size, _)| u64::from(*size)),
        bytes.len(),
    )?;
    Ok(bytes)
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(content)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}
