//! How large a container may be.

use super::ContainerError;

/// How much a container may hold: what bounds the time and memory of reading it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Files.
    pub files: u64,
    /// Bytes of one file, unpacked.
    pub file_bytes: u64,
    /// Bytes of all files together, unpacked.
    pub total_bytes: u64,
    /// Bytes that may be unpacked whatever the size of the container.
    pub free_bytes: u64,
    /// Bytes unpacked for each byte of the container, beyond [`Self::free_bytes`].
    pub ratio: u64,
}

impl Default for Limits {
    /// 24,000 files, 64 MiB each, 512 MiB together; beyond 64 MiB at most 100 times the container.
    fn default() -> Self {
        Self {
            files: 24_000,
            file_bytes: 64 * MIB,
            total_bytes: 512 * MIB,
            free_bytes: 64 * MIB,
            ratio: 100,
        }
    }
}

impl Limits {
    /// Checks the number of files.
    pub(super) fn check_files(&self, files: usize) -> Result<(), ContainerError> {
        check("too many files", wide(files), self.files.min(MAX_FILES))
    }

    /// Checks what `sizes` unpack to, in a container of `container` bytes.
    pub(super) fn check_sizes(
        &self,
        sizes: impl Iterator<Item = u64>,
        container: usize,
    ) -> Result<(), ContainerError> {
        let mut total = 0_u64;
        for size in sizes {
            check("a file is too large in bytes", size, self.file_bytes)?;
            total = total.saturating_add(size);
        }
        check(
            "the files are too large in bytes together",
            total,
            self.total_bytes,
        )?;
        let expected = wide(container).saturating_mul(self.ratio);
        check(
            "the files unpack to too many bytes for a container of its size",
            total,
            self.free_bytes.max(expected),
        )
    }
}

fn check(what: &'static str, found: u64, limit: u64) -> Result<(), ContainerError> {
    if found > limit {
        return Err(ContainerError::TooLarge { what, found, limit });
    }
    Ok(())
}

/// A length in memory, which always fits.
pub(super) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

const MIB: u64 = 1 << 20;
/// What a zip without zip64 can count.
const MAX_FILES: u64 = 65_534;
