//! What can go wrong with a trail, by what a caller can do about it.

use std::sync::Arc;

use super::Kept;
use crate::capture::SinkError;
use crate::notary::{Frozen, NotaryError};
use crate::privacy::keys::KeyError;
use crate::privacy::redaction::{Blocked, RedactError, RulesError};
use crate::record::{
    Acknowledged, EntityRef, InvalidValue, Kind, Name, RecordId, Tenant, Timestamp,
};
use crate::seal::SealError;
use crate::store::{PrepareError, SegmentId, StoreError};

/// What can go wrong with a trail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrailError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
    /// The record cannot be sealed as it is.
    #[error("the record cannot be sealed: {0}")]
    Seal(#[from] SealError),
    /// A value does not have the form it should have.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// A record with this id and other content is there already; the first stays.
    #[error("a different record with the id {0} is there already, and stays: use a new id")]
    Conflict(RecordId),
    /// An imported record differs from the one with its id that is there already.
    #[error(
        "the record {0} of the file differs from the one with this id that is there already, and nothing of the file is imported: leave the record out, or import into another trail"
    )]
    OtherContent(RecordId),
    /// An exported record of which values are not there cannot be what was recorded.
    #[error(
        "the record {id} of the file lacks values that were recorded, such as {path} ({why}), and nothing of the file is imported: leave the record out"
    )]
    Withheld {
        /// The id of the record.
        id: RecordId,
        /// The first path without its value.
        path: String,
        /// Why it is not there.
        why: String,
    },
    /// A record was imported without its texts and seeds before, and now comes with them.
    #[error(
        "the record {0} is there already as it was imported before, without its texts and seeds; a record never changes, so nothing of the file is imported: import it into another trail to have it whole"
    )]
    BareCopy(RecordId),
    /// An import that had begun could not go on.
    #[error(
        "the import stopped: {stored} of {total} records are stored and stay{}; remove the cause and import the same file again, which leaves them as they are",
        import.map_or_else(String::new, |id| format!(", recorded as the import {id}"))
    )]
    ImportStopped {
        /// How many were stored.
        stored: u64,
        /// How many the document held.
        total: u64,
        /// The record of the import that says so, if the store took it.
        import: Option<RecordId>,
        /// Why.
        #[source]
        source: Box<TrailError>,
    },
    /// A document holds two records with this id that are not the same.
    #[error(
        "the file holds two different records with the id {0}, and nothing of it is imported: leave one of them out"
    )]
    TwiceInFile(RecordId),
    /// A record names one that is not there.
    #[error("the {named_as} {id} is not in this trail: record it first, or correct the id")]
    UnknownRecord {
        /// What it was named as: `context`, `decision`.
        named_as: &'static str,
        /// The id.
        id: RecordId,
    },
    /// A record is named as what it is not.
    #[error("{id} is a {found}, not a {named_as}: correct the id")]
    WrongKind {
        /// What it was named as.
        named_as: &'static str,
        /// The id.
        id: RecordId,
        /// What it is.
        found: Kind,
    },
    /// No record has an id that begins so.
    #[error("no record has {}: see `contextrail context list -o id`", id_or_beginning(.prefix))]
    NotFound {
        /// The id, or the beginning of one.
        prefix: String,
    },
    /// Several records have ids that begin so.
    #[error(
        "several records have ids that begin with {prefix}, among them {candidates}: give more of the id"
    )]
    Ambiguous {
        /// The beginning of an id.
        prefix: String,
        /// Some of the ids.
        candidates: String,
    },
    /// The log does not contain the newest head known of it: it is read, and not written.
    #[error(transparent)]
    Frozen(Box<Frozen>),
    /// Heads cannot be signed or checked.
    #[error(transparent)]
    Notary(Arc<NotaryError>),
    /// Nobody has values of the entity.
    #[error(
        "no record has values of {0}: check the type and the id, as in `contextrail entity show`"
    )]
    NothingHeld(EntityRef),
    /// They were erased before, and nothing was recorded about them since.
    #[error(
        "they were erased on {at} by {by}, and nothing was recorded about them since: the certificate is the record {id}"
    )]
    Erased {
        /// The record of the erasure.
        id: RecordId,
        /// When.
        at: Timestamp,
        /// Who asked for it.
        by: Name,
    },
    /// A legal hold or a retention floor keeps everything that was to be erased.
    #[error("restricted: nothing is erased, for it is kept by {0}")]
    Kept(Box<Kept>),
    /// Those who approve are not two different people, or one of them asks for it.
    #[error("{0}: name two others with --approved-by A --approved-by B")]
    Approvers(String),
    /// Keys cannot be used: what is encrypted under them is not read or written.
    #[error(transparent)]
    Key(Arc<KeyError>),
    /// Nothing is encrypted under a key of the entity.
    #[error("no values of {0} are here that are encrypted under a key of its own")]
    NoKeys(EntityRef),
    /// A redaction rule refuses the record.
    #[error(transparent)]
    Blocked(Box<Blocked>),
    /// A record cannot be redacted as a rule says.
    #[error(transparent)]
    Redact(Arc<RedactError>),
    /// The rules that records are redacted by cannot be read.
    #[error(transparent)]
    Rules(Arc<RulesError>),
    /// No signed head reaches the record yet.
    #[error(
        "no signed head reaches it yet: a head is signed within a second while the trail is open for writing, and by `contextrail log checkpoint`"
    )]
    NotSigned,
    /// A record has not reached the level that was asked for.
    #[error("the record {id} is {reached}, and not {wanted}: {why}")]
    NotAttested {
        /// The record.
        id: RecordId,
        /// The level asked for.
        wanted: Acknowledged,
        /// The highest level it has reached.
        reached: Acknowledged,
        /// Why, and what to do.
        why: &'static str,
    },
    /// The trail was opened for reading.
    #[error("the trail was opened for reading alone: open it for writing")]
    ReadOnly,
    /// The record belongs to another tenant.
    #[error("the record belongs to tenant {found}, the trail was opened for {expected}")]
    OtherTenant {
        /// The tenant of the record.
        found: Tenant,
        /// The tenant of the trail.
        expected: Tenant,
    },
    /// A member of a decision or review that has to be there is not.
    #[error("{0}")]
    Incomplete(String),
    /// A legal hold that would cover nothing that is there.
    #[error(
        "nothing in this trail is about {target}, and a hold on it would keep nothing: correct it, or place a hold on a query, which covers what comes later too"
    )]
    NothingToHold {
        /// What it was to be placed on.
        target: String,
    },
    /// Nobody said where the archive is.
    #[error(
        "no archive is named: say where it is in the file TRAIL.archive beside the trail, as in `folder PATH`"
    )]
    NoArchive,
    /// The log does not name the segment.
    #[error("the log names no segment {0}: see `contextrail archive status`")]
    NoSegment(SegmentId),
    /// A hold is released already.
    #[error("the hold {0} is released already")]
    AlreadyReleased(crate::record::HoldId),
    /// A rule refuses it that no more input makes good but other people.
    #[error("a hold is released by two people: {0}")]
    NotApproved(#[source] InvalidValue),
    /// A token lacks the approvals that its role needs.
    #[error("no token is granted: {0}")]
    NotGranted(#[source] InvalidValue),
    /// A token is revoked already.
    #[error("the token {0} is revoked already")]
    AlreadyRevoked(RecordId),
    /// A version of a retention policy is there already, and says something else.
    #[error(
        "the retention policy {0} is there already, and a version never changes: give this one a version of its own"
    )]
    PolicyExists(crate::record::VersionedName),
    /// Something does not go with what is registered, approved or in force.
    #[error(transparent)]
    Govern(Box<super::GovernError>),
    /// A text of an imported record is not the one its digest was taken of.
    #[error(
        "record {id}: {member} does not match its digest: the file was altered, or is not an export"
    )]
    DigestMismatch {
        /// The record.
        id: RecordId,
        /// Which text.
        member: String,
    },
    /// A trail is not copied, backed up or restored.
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Move(Box<super::MoveError>),
    /// The server that the trail is behind is away, or refuses it.
    #[cfg(feature = "network")]
    #[error(transparent)]
    Remote(Box<super::RemoteError>),
    /// The spool cannot take a record that the queue has no room for.
    #[error("neither the queue nor the spool {path} takes the record")]
    Spool {
        /// The file.
        path: String,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
}

impl TrailError {
    /// Whether the same record will be refused however often it is tried.
    pub(super) const fn is_final(&self) -> bool {
        #[cfg(feature = "network")]
        if matches!(self, Self::Remote(_)) {
            return false;
        }
        !matches!(
            self,
            Self::Store(_)
                | Self::Spool { .. }
                | Self::ReadOnly
                | Self::Frozen(_)
                | Self::Notary(_)
                | Self::Key(_)
        )
    }
}

impl From<NotaryError> for TrailError {
    fn from(error: NotaryError) -> Self {
        match error {
            NotaryError::Frozen(frozen) => Self::Frozen(frozen),
            NotaryError::Store(error) => error.into(),
            error => Self::Notary(Arc::new(error)),
        }
    }
}

#[cfg(feature = "sqlite")]
impl From<super::MoveError> for TrailError {
    fn from(error: super::MoveError) -> Self {
        Self::Move(Box::new(error))
    }
}

#[cfg(feature = "network")]
impl From<super::RemoteError> for TrailError {
    fn from(error: super::RemoteError) -> Self {
        Self::Remote(Box::new(error))
    }
}

impl From<super::GovernError> for TrailError {
    fn from(error: super::GovernError) -> Self {
        Self::Govern(Box::new(error))
    }
}

impl From<KeyError> for TrailError {
    fn from(error: KeyError) -> Self {
        Self::Key(Arc::new(error))
    }
}

impl From<RedactError> for TrailError {
    fn from(error: RedactError) -> Self {
        match error {
            RedactError::Blocked(blocked) => Self::Blocked(Box::new(blocked)),
            RedactError::Key(error) => error.into(),
            error @ RedactError::NoOwner { .. } => Self::Redact(Arc::new(error)),
        }
    }
}

impl From<RulesError> for TrailError {
    fn from(error: RulesError) -> Self {
        Self::Rules(Arc::new(error))
    }
}

impl From<PrepareError> for TrailError {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Seal(error) => error.into(),
            PrepareError::Key(error) => error.into(),
        }
    }
}

impl From<StoreError> for TrailError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<TrailError> for SinkError {
    fn from(error: TrailError) -> Self {
        match error {
            TrailError::Conflict(id) => Self::Conflict(id),
            TrailError::UnknownRecord { named_as, id } => {
                Self::UnknownRecord { what: named_as, id }
            }
            TrailError::Seal(source) => Self::Unsealable {
                source: source.into(),
            },
            TrailError::Blocked(ref blocked) => Self::Refused {
                id: blocked.recorded,
                source: error.into(),
            },
            TrailError::Store(ref source) if matches!(**source, StoreError::Closed) => Self::Closed,
            other => Self::Unavailable {
                source: other.into(),
            },
        }
    }
}

fn id_or_beginning(prefix: &str) -> String {
    match prefix.parse::<RecordId>() {
        Ok(id) => format!("the id {id}"),
        Err(_) => format!("an id that begins with {prefix}"),
    }
}
