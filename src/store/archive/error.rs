//! What can go wrong with the archive.

use std::path::PathBuf;

use super::SegmentId;
use crate::store::BoxError;

/// What can go wrong with the archive, by what can be done about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// Values are in the archive, and nobody says where that is.
    #[error(
        "the values are in the segment {segment} of the archive, and no archive is named: say where it is in the file TRAIL.archive beside the trail, as in `folder PATH`"
    )]
    Unnamed {
        /// The segment.
        segment: SegmentId,
    },
    /// The archive cannot be reached.
    #[error("the archive {place} cannot be reached{}", wanted(*segment))]
    Away {
        /// Where it is.
        place: String,
        /// The segment that was wanted.
        segment: Option<SegmentId>,
        /// What was reported.
        #[source]
        source: BoxError,
    },
    /// A segment is gone.
    #[error(
        "the segment {segment} is not in the archive {place}: put it back; the values in it are nowhere else"
    )]
    Missing {
        /// Where it was looked for.
        place: String,
        /// The segment.
        segment: SegmentId,
    },
    /// A segment is not what was put there.
    #[error("the segment {segment} in the archive {place} is damaged: {what}")]
    Damaged {
        /// Where it is.
        place: String,
        /// The segment.
        segment: SegmentId,
        /// What is wrong with it.
        what: String,
    },
    /// The file that says where the archive is makes no sense.
    #[error("{}, line {line}: {what}", path.display())]
    Choice {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The file that says where the archive is cannot be read.
    #[error("{} cannot be read", path.display())]
    ChoiceFile {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
}

impl ArchiveError {
    /// Whether a segment is gone or not what it was: what was moved is lost, and not only away.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Damaged { .. })
    }

    /// Says for which segment the archive was asked.
    #[must_use]
    pub(super) fn wanting(self, wanted: SegmentId) -> Self {
        match self {
            Self::Away { place, source, .. } => Self::Away {
                place,
                source,
                segment: Some(wanted),
            },
            other => other,
        }
    }
}

fn wanted(segment: Option<SegmentId>) -> String {
    segment.map_or_else(String::new, |segment| {
        format!(", and values are in its segment {segment}: make it reachable and try again")
    })
}
