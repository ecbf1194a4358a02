//! A version as it is shown: what it says, how it stands, and who approved it.

use serde::Serialize;

use crate::record::{Actor, Artifact, Name, RecordId, RiskTier, Timestamp};
use crate::trail::{Registered, Registry, VersionState};

/// A version with what was recorded about it.
#[derive(Clone, Debug, Serialize)]
pub struct ArtifactView {
    /// Its reference: `objective:OBJ.credit@1.3`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its record.
    pub record: RecordId,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// The time that `state` is of.
    pub at: Timestamp,
    /// How it stands.
    #[serde(flatten)]
    pub state: VersionState,
    /// How many of its approvals count.
    pub counting: usize,
    /// Its approvals, oldest first.
    pub approvals: Vec<ApprovalView>,
    /// Why it was retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_because: Option<String>,
    /// What it says.
    pub artifact: Artifact,
}

/// A version as the line of a list.
#[derive(Clone, Debug, Serialize)]
pub struct ArtifactLine {
    /// Its reference.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its record.
    pub record: RecordId,
    /// How it stands.
    #[serde(flatten)]
    pub state: VersionState,
    /// How much is at stake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_rating: Option<RiskTier>,
    /// How many approved it.
    pub approvals: usize,
    /// How many of these count.
    pub counting: usize,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// From when on it is effective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Timestamp>,
}

impl ArtifactLine {
    /// How `version` stands at `at`.
    #[must_use]
    pub fn of(registry: &Registry, version: &Registered, at: Timestamp) -> Self {
        Self {
            reference: version.id().to_string(),
            record: version.record,
            state: registry.state(version, at),
            risk_rating: version.artifact.risk_rating,
            approvals: version.approvals.len(),
            counting: version.counting(at).len(),
            registered_at: version.registered_at,
            effective_from: version.artifact.effective_from,
        }
    }
}

/// An approval as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovalView {
    /// Its record.
    pub record: RecordId,
    /// Who.
    pub by: Actor,
    /// In what role.
    pub role: Name,
    /// When.
    pub at: Timestamp,
    /// A note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether it counts.
    pub counts: bool,
}

impl ArtifactView {
    /// How `version` stands at `at`.
    #[must_use]
    pub fn of(registry: &Registry, version: &Registered, at: Timestamp) -> Self {
        let counting = version.counting(at);
        let approvals = version.approvals.iter().map(|it| ApprovalView {
            record: it.record,
            by: it.by.clone(),
            role: it.role.clone(),
            at: it.at,
            note: it.note.clone(),
            counts: counting.iter().any(|other| other.record == it.record),
        });
        Self {
            reference: version.id().to_string(),
            record: version.record,
            registered_at: version.registered_at,
            at,
            state: registry.state(version, at),
            counting: counting.len(),
            approvals: approvals.collect(),
            retired_because: version.retired.as_ref().map(|it| it.reason.clone()),
            artifact: version.artifact.clone(),
        }
    }
}
