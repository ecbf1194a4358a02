//! The archive: where the values of records move when they are no longer hot.
//!
//! What moves are the payloads of slots. The entries, what records are found by and the keys stay in
//! the database, with a stub in the place of each payload, so that records are found, proven, erased
//! and encrypted anew without a segment being changed.

mod choice;
mod error;
#[cfg(feature = "archive")]
mod object;
mod segment;
mod segments;
mod stub;
mod writing;

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;

use crate::record::Digest;

pub use choice::ArchiveChoice;
pub use error::ArchiveError;
#[cfg(feature = "archive")]
pub use object::ObjectArchive;
pub use segments::Segments;
pub use writing::{Archived, NewSegment, SegmentWriter};

pub(super) use stub::{Stub, is_stub, read_stub, write_stub};

/// A place where files are kept that are written once and never changed: segments of the archive, and
/// signed heads.
///
/// Names are relative, with `/` between their parts.
#[async_trait]
pub trait Archive: fmt::Debug + Send + Sync {
    /// Where it is, for people: no secrets.
    fn place(&self) -> String;

    /// Puts a file there, durably; one that has the name already stays as it is.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`].
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), ArchiveError>;

    /// How many bytes a file has; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`] when that cannot be told.
    async fn size(&self, name: &str) -> Result<Option<u64>, ArchiveError>;

    /// These bytes of a file that is there and has them.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`].
    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>, ArchiveError>;

    /// The names of the files in a folder.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`].
    async fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError>;

    /// The names of the folders in a folder; none when it is not there.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Away`].
    async fn folders(&self, folder: &str) -> Result<Vec<String>, ArchiveError>;
}

/// The name of a segment: the SHA-256 of its bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SegmentId(pub [u8; 32]);

impl SegmentId {
    /// The segment that `digest` names; `None` for a keyed digest.
    #[must_use]
    pub const fn of(digest: Digest) -> Option<Self> {
        match digest {
            Digest::Sha256(sha256) => Some(Self(sha256)),
            Digest::HmacSha256(_) => None,
        }
    }

    /// The segment with this name in hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, rest) = text.as_bytes().as_chunks::<2>();
        let bytes = digits.iter().map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            let is_plain = pair
                .bytes()
                .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
            u8::from_str_radix(pair, 16).ok().filter(|_| is_plain)
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        Some(Self(bytes.filter(|_| rest.is_empty())?.try_into().ok()?))
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
