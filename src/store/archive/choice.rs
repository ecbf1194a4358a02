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
    /// It has one line: `folder PATH`, relative to the folder of `path`. Empty lines, and those that
    /// begin with `#`, say nothing.
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
        (kind == "folder" && !rest.is_empty()).then(|| Self::Folder(folder.join(rest)))
    }

    /// The archive. Whether it can be reached shows when it is used.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`] when this build cannot use such a place.
    pub fn open(self) -> Result<Arc<dyn Archive>, ArchiveError> {
        match self {
            #[cfg(feature = "archive")]
            Self::Folder(path) => Ok(Arc::new(super::ObjectArchive::folder(path))),
            #[cfg(not(feature = "archive"))]
            Self::Folder(path) => Err(ArchiveError::Away {
                place: path.display().to_string(),
                segment: None,
                source: "this program was built without the feature `archive`".into(),
            }),
        }
    }
}

const FORM: &str = "expected `folder PATH`";
