//! Where the archive is, or the second place of signed heads, and the file that says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Archive, ArchiveError};
use crate::file;

/// Where the archive is, as a file names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ArchiveChoice {
    /// A folder.
    Folder(PathBuf),
    /// A bucket of S3, or of a store that speaks its protocol: `s3://BUCKET/PREFIX`.
    Bucket(String),
}

impl ArchiveChoice {
    /// The file beside the database `path` that names a second place for signed heads: `….heads.place`.
    #[must_use]
    pub fn of_heads_beside(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".heads.place");
        name.into()
    }

    /// The file beside the database `path`: `….archive`.
    #[must_use]
    pub fn beside(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".archive");
        name.into()
    }

    /// Reads the file `path`; `None` when it is not there.
    ///
    /// It has one line: `folder PATH`, relative to the folder of `path`, or `bucket s3://BUCKET/PREFIX`. Empty
    /// lines, and those that begin with `#`, say nothing.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Choice`] with the line that is wrong; [`ArchiveError::ChoiceFile`] when it
    /// cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>, ArchiveError> {
        let unreadable = |source| ArchiveError::ChoiceFile {
            path: path.to_owned(),
            source,
        };
        let Some(text) = file::read(path).map_err(unreadable)? else {
            return Ok(None);
        };
        let wrong = |line: usize, what: &str| ArchiveError::Choice {
            path: path.to_owned(),
            line,
            what: what.to_owned(),
        };
        let (mut chosen, mut last) = (None, 1);
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            last = line;
            if chosen.is_some() {
                return Err(wrong(line, "there is one place: leave one line"));
            }
            let choice = Self::parse(text, path.parent());
            chosen = Some(choice.ok_or_else(|| wrong(line, FORM))?);
        }
        chosen.map(Some).ok_or_else(|| wrong(last, FORM))
    }

    fn parse(line: &str, folder: Option<&Path>) -> Option<Self> {
        let (kind, rest) = line.split_once(char::is_whitespace)?;
        let rest = rest.trim();
        let folder = folder.unwrap_or(Path::new(""));
        match kind {
            "folder" if !rest.is_empty() => Some(Self::Folder(folder.join(rest))),
            "bucket" if is_bucket(rest) => Some(Self::Bucket(rest.to_owned())),
            _ => None,
        }
    }

    /// The archive. Whether it can be reached shows when it is used.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`] when this build cannot use such a place, or the environment does not say how
    /// to get at a bucket.
    pub fn open(self) -> Result<Arc<dyn Archive>, ArchiveError> {
        match self {
            #[cfg(feature = "archive")]
            Self::Folder(path) => Ok(Arc::new(super::ObjectArchive::folder(path))),
            #[cfg(not(feature = "archive"))]
            Self::Folder(path) => Err(unbuilt(path.display().to_string(), "archive")),
            #[cfg(feature = "s3")]
            Self::Bucket(url) => Ok(Arc::new(super::ObjectArchive::bucket(&url)?)),
            #[cfg(not(feature = "s3"))]
            Self::Bucket(url) => Err(unbuilt(url, "s3")),
        }
    }
}

#[cfg(not(feature = "s3"))]
fn unbuilt(place: String, feature: &str) -> ArchiveError {
    ArchiveError::Away {
        place,
        segment: None,
        source: format!("this program was built without the feature `{feature}`").into(),
    }
}

/// Whether it is `s3://BUCKET` or `s3://BUCKET/PREFIX`, without anything that is nobody's to see.
fn is_bucket(url: &str) -> bool {
    let rest = url.strip_prefix("s3://");
    rest.is_some_and(|rest| {
        !rest.starts_with('/') && !rest.is_empty() && !rest.contains(['@', '?', '#', ' '])
    })
}

const FORM: &str = "expected `folder PATH` or `bucket s3://BUCKET/PREFIX`";
