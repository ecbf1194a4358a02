//! Where the notary keeps what must not be in the database.

use std::io;
use std::path::{Path, PathBuf};

use super::NotaryError;
use crate::file;

/// The files of the notary of one trail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotaryFiles {
    /// Every head that was signed, newest last. Best kept on another disk than the database.
    pub heads: PathBuf,
    /// The signing key: for its owner alone.
    pub key: PathBuf,
    /// The verification keys, for everybody.
    pub public_keys: PathBuf,
}

impl NotaryFiles {
    /// The files beside the database `path`: `….heads`, `….key` and `….key.pub`.
    #[must_use]
    pub fn beside(path: &Path) -> Self {
        let beside = |end: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        Self {
            heads: beside(".heads"),
            key: beside(".key"),
            public_keys: beside(".key.pub"),
        }
    }
}

impl NotaryFiles {
    /// Looks whether heads are known of a trail whose database `path` is not there.
    ///
    /// # Errors
    ///
    /// [`NotaryError::DatabaseMissing`] if so: a new trail must not take the place of a lost one.
    pub fn check_nothing_is_known(&self, path: &Path) -> Result<(), NotaryError> {
        let heads = super::heads::Heads::open(Some(&self.heads))?;
        match heads.all().last() {
            None => Ok(()),
            Some(newest) => Err(NotaryError::DatabaseMissing {
                path: path.display().to_string(),
                heads: self.heads.display().to_string(),
                entries: newest.head().size,
            }),
        }
    }
}

#[cfg(feature = "sqlite")]
impl NotaryFiles {
    /// Every head in the heads file, oldest first; none when it is not there.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the file cannot be read.
    pub(crate) fn known_heads(&self) -> Result<Vec<super::KnownHead>, NotaryError> {
        let heads = super::heads::Heads::open(Some(&self.heads))?;
        Ok(heads.all().to_vec())
    }

    /// Every verification key of the trail; none when their file is not there.
    ///
    /// # Errors
    ///
    /// [`NotaryError`] when the file cannot be read.
    pub(crate) fn known_keys(&self) -> Result<Vec<crate::log::VerifierKey>, NotaryError> {
        super::keys::published(&self.public_keys)
    }
}

/// Reads a text file; `None` when it is not there.
pub(super) fn read(path: &Path) -> Result<Option<String>, NotaryError> {
    file::read(path).map_err(|source| fault(path, "read", source))
}

/// Puts `text` in the place of the file at once: a crash leaves the old file or the new one.
pub(super) fn replace(path: &Path, text: &str, mode: u32) -> Result<(), NotaryError> {
    file::replace(path, text, mode).map_err(|source| fault(path, "written", source))
}

pub(super) fn fault(path: &Path, verb: &'static str, source: io::Error) -> NotaryError {
    NotaryError::File {
        path: path.display().to_string(),
        verb,
        source,
    }
}
