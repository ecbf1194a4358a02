//! Why a trail is not copied, backed up or restored.

use crate::record::{Tenant, TrailId};

/// Why a trail is not copied, backed up or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// A trail cannot be copied onto itself.
    #[error("{place} cannot be copied onto itself: name another place with --to")]
    Same {
        /// The place.
        place: String,
    },
    /// A trail in memory goes with the process.
    #[error("{place} is in memory and goes with this process: name a file or a server")]
    InMemory {
        /// The address.
        place: String,
    },
    /// The place holds another trail.
    #[error("{place} is of the trail {found}, not of {expected}: name a place that is new")]
    OtherTrail {
        /// The place.
        place: String,
        /// The trail that is there.
        found: TrailId,
        /// The trail that was to come there.
        expected: TrailId,
    },
    /// The log that is there is not the beginning of the one that was to come.
    #[error(
        "{place} is another log of the same trail: entry {index} of tenant {tenant} is the first that differs. Nothing was changed: keep both, find out who wrote where, and copy to a new place"
    )]
    Differs {
        /// The place.
        place: String,
        /// Whose log.
        tenant: Tenant,
        /// The first index at which they differ.
        index: u64,
    },
    /// The log that is there has gone on.
    #[error(
        "{place} has {found} entries of tenant {tenant}, more than the {size} that were to come: it has gone on, and nothing was changed"
    )]
    Ahead {
        /// The place.
        place: String,
        /// Whose log.
        tenant: Tenant,
        /// How many entries are there.
        found: u64,
        /// How many were to come.
        size: u64,
    },
    /// The entries that were read do not have the root that the head says.
    #[error(
        "the entries of tenant {tenant} in {place} do not have the root of its head: run `contextrail verify` on it"
    )]
    Root {
        /// Where they were read.
        place: String,
        /// Whose log.
        tenant: Tenant,
    },
    /// Records wait beside the database.
    #[error(
        "{bytes} bytes of records wait in {spool}: open the trail for writing once, as `contextrail log checkpoint` does, to append them first"
    )]
    Spool {
        /// The file.
        spool: String,
        /// Its size.
        bytes: u64,
    },
    /// Something is wrong with what was to be kept.
    #[error(
        "{place} is not what its log commits to, in {findings} places, first {first}: run `contextrail verify`, and keep a copy of the file itself as evidence"
    )]
    Unsound {
        /// What was looked at.
        place: String,
        /// How many findings there are.
        findings: usize,
        /// The first of them.
        first: String,
    },
    /// The file is there already.
    #[error("{path} is there already, and a backup takes the place of nothing: name a new file")]
    Exists {
        /// The file.
        path: String,
    },
    /// The backup is not what was written.
    #[error("the backup {path} is damaged: {what}. Nothing was changed: take another backup")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// The restored log would lack entries that are known.
    #[error(
        "the backup lacks what was recorded since it was made: {lost}. When the newest database is lost or to be given up, say so with --reason TEXT --approved-by A,B, and the log goes on in a new epoch that names what is lost"
    )]
    Newer {
        /// Which entries, by tenant.
        lost: String,
    },
    /// Another restore has begun and is not finished.
    #[error(
        "a restore of another backup has begun, of {backup}: finish that with `contextrail restore {backup}`"
    )]
    Unfinished {
        /// The backup.
        backup: String,
    },
    /// A file cannot be used.
    #[error("{path} cannot be {verb}: {source}")]
    File {
        /// The file.
        path: String,
        /// What was tried: `read`, `written`.
        verb: &'static str,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
}

/// What the operating system says of `path`.
pub(super) fn fault(
    path: &std::path::Path,
    verb: &'static str,
) -> impl FnOnce(std::io::Error) -> MoveError {
    let path = path.display().to_string();
    move |source| MoveError::File { path, verb, source }
}
