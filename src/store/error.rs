//! What can go wrong between a trail and where it is kept.

use crate::privacy::keys::{EntityHandle, KeyId};
use crate::record::RecordId;

/// An error of some other library, kept as the source of ours.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong between a trail and where it is kept. Every message names the file or host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The address of the trail is not one this build can open.
    #[error(
        "{url:?} is not the address of a trail: use sqlite://PATH, such as sqlite://contextrail.db, sqlite::memory:, postgres://USER@HOST/DATABASE, or https://HOST for a server"
    )]
    Address {
        /// What was given.
        url: String,
    },
    /// What was asked for is done where the trail is, and not where it is asked for.
    #[error("{source}")]
    Elsewhere {
        /// What says so.
        source: BoxError,
    },
    /// There is no trail there.
    #[error(
        "there is no trail at {place}: create one by recording into it, or try `contextrail demo`"
    )]
    Missing {
        /// The file.
        place: String,
    },
    /// The folder of the file is not there.
    #[error("the folder {folder} is not there: create it first")]
    MissingFolder {
        /// The folder.
        folder: String,
    },
    /// The file is something else.
    #[error("{place} is not a Contextrail trail: {reason}")]
    NotATrail {
        /// The file.
        place: String,
        /// How that shows.
        reason: String,
    },
    /// The trail was written by a later version.
    #[error(
        "{place} has schema {found}, newer than {known} which this version knows: upgrade contextrail"
    )]
    NewerSchema {
        /// The file.
        place: String,
        /// The schema it has.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// The trail was written by an earlier version and has to be migrated by a writer.
    #[error(
        "{place} has schema {found}, older than {known}: open it once for writing to migrate it"
    )]
    OlderSchema {
        /// The file.
        place: String,
        /// The schema it has.
        found: i64,
        /// The schema needed.
        known: i64,
    },
    /// Another process writes to the trail.
    #[error(
        "{place} is being written by another {holder}: close it, or write through it; reading is possible meanwhile"
    )]
    InUse {
        /// The file.
        place: String,
        /// What the other process says of itself.
        holder: String,
    },
    /// The database stayed locked for too long.
    #[error("{place} stayed locked for too long: find what holds it, then try again")]
    Busy {
        /// The file.
        place: String,
    },
    /// The server cannot be reached, or let go of the connection.
    #[error(
        "{place} is away: {source}; what was acknowledged before is safe: check that the server runs and can be reached, then try again"
    )]
    Away {
        /// The server and the database.
        place: String,
        /// What was reported.
        #[source]
        source: BoxError,
    },
    /// The server answers, and the trail cannot be used as things are.
    #[error("{place}: {what}: {todo}")]
    Refused {
        /// The server and the database.
        place: String,
        /// What is wrong.
        what: String,
        /// What to do about it.
        todo: String,
    },
    /// The log is shorter than this process has seen it, or another one.
    #[error(
        "the log in {place} has {found} entries, and this process has seen {known}: an older copy took its place, or a standby that lacked the newest; nothing is appended: run `contextrail verify`, then `contextrail log succeed`"
    )]
    RolledBack {
        /// The server and the database.
        place: String,
        /// The size that was committed.
        known: u64,
        /// The size that is there.
        found: u64,
    },
    /// A key that a record is encrypted under was erased or replaced by another process meanwhile.
    #[error(
        "a key that the record {record} is encrypted under is there no longer: record it again"
    )]
    KeyGone {
        /// The record.
        record: RecordId,
        /// The key.
        key: KeyId,
    },
    /// The file cannot be written.
    #[error("{place} is read-only: check the permissions of the file and its folder")]
    ReadOnly {
        /// The file.
        place: String,
    },
    /// The folder cannot be written, and the newest entries are in a write-ahead log.
    #[error(
        "{place} is in a read-only folder, and its newest entries are in the write-ahead log {place}-wal, which cannot be read there: copy both files to a folder that can be written, and read the copy"
    )]
    ReadOnlyFolder {
        /// The file.
        place: String,
    },
    /// There is no room left.
    #[error("the disk of {place} is full: free some space; what was acknowledged before is safe")]
    Full {
        /// The file.
        place: String,
    },
    /// The database file itself is damaged.
    #[error("{place} is damaged: restore it from a backup, and keep the damaged file as evidence")]
    Corrupt {
        /// The file.
        place: String,
        /// What the database says.
        #[source]
        source: BoxError,
    },
    /// A stored record cannot be read back.
    #[error("record {id} in {place} is damaged: {what}")]
    CorruptRecord {
        /// The file.
        place: String,
        /// The record.
        id: RecordId,
        /// What is wrong with it.
        what: String,
    },
    /// A row is not what it should be.
    #[error("{place}: table {table}, row {row} is damaged: {what}")]
    CorruptRow {
        /// The file.
        place: String,
        /// The table.
        table: &'static str,
        /// The key of the row.
        row: String,
        /// What is wrong with it.
        what: String,
    },
    /// A record that came from another store has another entry than the one in its place.
    #[error("{place}: entry {index} is another one than in the log it was to continue")]
    OtherEntry {
        /// The file.
        place: String,
        /// Where, from 0.
        index: u64,
    },
    /// Values that were moved to the archive cannot be read there.
    #[error(transparent)]
    Archive(#[from] super::ArchiveError),
    /// The trail was closed.
    #[error("the trail is closed: open it again to write")]
    Closed,
    /// Anything else the database or the operating system reports.
    #[error("{place} cannot be used: {source}")]
    Backend {
        /// The file.
        place: String,
        /// What was reported.
        #[source]
        source: BoxError,
    },
}

impl StoreError {
    /// Whether the trail itself is damaged, and not what it is reached through.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. } | Self::CorruptRecord { .. } | Self::CorruptRow { .. }
        )
    }

    /// Whether trying again later may succeed without changing anything.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::Full { .. } | Self::Away { .. }
        )
    }

    /// Whose key it was, when a record was encrypted under one that is there no longer.
    #[must_use]
    pub const fn key_gone(&self) -> Option<EntityHandle> {
        match self {
            Self::KeyGone { key, .. } => Some(key.entity),
            _ => None,
        }
    }

    /// Whether trying again at once may succeed.
    #[cfg(feature = "sqlite")]
    pub(super) const fn is_passing_soon(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Away { .. })
    }
}
