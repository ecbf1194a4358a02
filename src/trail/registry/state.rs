//! What stands against a version at some time.

use std::fmt;

use serde::Serialize;

use crate::record::{ArtifactRef, Timestamp, Version};

/// How a version stands at some time.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum VersionState {
    /// It is in force.
    InForce,
    /// It would be, were not a later one.
    Superseded {
        /// The later one.
        by: Version,
    },
    /// It was registered later.
    NotRegistered {
        /// When.
        registered_at: Timestamp,
    },
    /// It lacks approvals.
    Unapproved {
        /// How many counted.
        have: u32,
        /// How many are needed.
        need: u32,
        /// What else is missing.
        #[serde(skip_serializing_if = "Option::is_none")]
        missing: Option<String>,
    },
    /// Its time had not come.
    NotYetEffective {
        /// When it comes.
        from: Timestamp,
    },
    /// Its time was over.
    Expired {
        /// Since when.
        until: Timestamp,
    },
    /// It was retired.
    Retired {
        /// When.
        at: Timestamp,
    },
}

impl VersionState {
    /// The word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Superseded { .. } => "superseded",
            Self::NotRegistered { .. } => "not_registered",
            Self::Unapproved { .. } => "unapproved",
            Self::NotYetEffective { .. } => "not_yet_effective",
            Self::Expired { .. } => "expired",
            Self::Retired { .. } => "retired",
        }
    }
}

impl fmt::Display for VersionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InForce => f.write_str("in force"),
            Self::Superseded { by } => write!(f, "superseded by {by}"),
            Self::NotRegistered { registered_at } => {
                write!(f, "not registered before {registered_at}")
            }
            Self::Unapproved {
                have,
                need,
                missing,
            } => {
                write!(f, "not approved: {have} of {need} approvals count")?;
                match missing {
                    Some(missing) => write!(f, ", {missing}"),
                    None => Ok(()),
                }
            }
            Self::NotYetEffective { from } => write!(f, "not effective before {from}"),
            Self::Expired { until } => write!(f, "effective until {until}"),
            Self::Retired { at } => write!(f, "retired at {at}"),
        }
    }
}

/// Why an artifact is not taken in, or not used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GovernError {
    /// The version is there with other content.
    #[error(
        "{0} is registered already with other content, and a version never changes: give this one a version of its own"
    )]
    OtherContent(ArtifactRef),
    /// Nobody registered the artifact, or this version of it.
    #[error("{0} is not registered: see `contextrail artifact list`")]
    Unknown(String),
    /// The digest that the file states is not that of its content.
    #[error("the digest of {artifact} is not that of its content: stated {stated}, found {found}")]
    Altered {
        /// The version.
        artifact: ArtifactRef,
        /// What the file says.
        stated: String,
        /// What it is.
        found: String,
    },
    /// It has neither content nor a reference, or both.
    #[error("{0} needs either `content`, or `reference` with the `digest` of what it points at")]
    NoContent(ArtifactRef),
    /// What it says is not what its kind has to say.
    #[error("the content of {artifact} is not that of its kind: {what}")]
    Content {
        /// The version.
        artifact: ArtifactRef,
        /// What is wrong.
        what: String,
    },
    /// It ends before it begins.
    #[error("{artifact} is effective until {until}, which is not after {from}, when it begins")]
    NoTime {
        /// The version.
        artifact: ArtifactRef,
        /// When it begins.
        from: Timestamp,
        /// When it ends.
        until: Timestamp,
    },
    /// Its time overlaps that of another version.
    #[error(
        "the effective dates of {artifact} overlap those of {other}, so that two would be in force: end one before the other begins, or leave `effective_until` out"
    )]
    Overlap {
        /// The version.
        artifact: ArtifactRef,
        /// The other one.
        other: ArtifactRef,
    },
    /// Its links lead back to it.
    #[error("the links of {artifact} lead back to it: {path}")]
    Circular {
        /// The version.
        artifact: ArtifactRef,
        /// The way round.
        path: String,
    },
    /// Who approves it wrote it.
    #[error("{0} cannot be approved by its author: somebody else has to")]
    ByAuthor(ArtifactRef),
    /// Who approves it did so already.
    #[error("{0} was approved by the same person already, and a second time counts nothing")]
    Twice(ArtifactRef),
    /// It is retired, and so not approved or retired any more.
    #[error("{artifact} was retired at {at}")]
    Retired {
        /// The version.
        artifact: ArtifactRef,
        /// When.
        at: Timestamp,
    },
    /// A policy asks for a signature that is not there or does not hold.
    #[error("{artifact} has to be signed by one of the signers of policy:approvals: {what}")]
    Unsigned {
        /// The version.
        artifact: ArtifactRef,
        /// What is wrong.
        what: String,
    },
    /// A deployment says nothing, or ends before it begins, or takes back what is none.
    #[error("the deployment makes no sense: {0}")]
    Deployment(String),
    /// A freeze is lifted by the role that its rule names alone.
    #[error("the freeze is lifted by the role {needed}, not {given}")]
    WrongRole {
        /// The role that may.
        needed: String,
        /// The role that was given.
        given: String,
    },
    /// A freeze was lifted before.
    #[error("the freeze is lifted already")]
    AlreadyLifted,
    /// A decision is not governed as its use case asks for.
    #[error("the decision is refused: {reasons}; the refusal is recorded as {check}")]
    Ungoverned {
        /// What stands against it.
        reasons: String,
        /// The record of the refusal.
        check: crate::record::RecordId,
    },
}
