//! Artifacts: anything with a governed version, who approved it, and what was deployed.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Actor, Digest, Governing, InvalidValue, Name, RecordId, RiskTier, Timestamp, Version,
    VersionedName,
};

/// What an artifact is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactKind {
    /// What decisions are made for, and how much is at stake.
    UseCase,
    /// A prompt template.
    Template,
    /// A model.
    Model,
    /// What is optimised, and within which limits.
    Objective,
    /// One limit by itself.
    Constraint,
    /// A policy: of guardrails, of overrides, of approvals.
    Policy,
    /// A guardrail.
    Guardrail,
    /// What may be retrieved, and how.
    RetrievalPolicy,
    /// A feature.
    Feature,
    /// A set of features.
    FeatureSet,
    /// A snapshot of data.
    Dataset,
    /// A snapshot of an index.
    Index,
    /// A pipeline that makes features, data or models.
    Pipeline,
    /// One run of a training.
    TrainingRun,
    /// What a model did on data it was held against.
    Evaluation,
    /// By what people review decisions.
    ReviewCriteria,
    /// A state of source code.
    Code,
}

impl ArtifactKind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::UseCase,
        Self::Template,
        Self::Model,
        Self::Objective,
        Self::Constraint,
        Self::Policy,
        Self::Guardrail,
        Self::RetrievalPolicy,
        Self::Feature,
        Self::FeatureSet,
        Self::Dataset,
        Self::Index,
        Self::Pipeline,
        Self::TrainingRun,
        Self::Evaluation,
        Self::ReviewCriteria,
        Self::Code,
    ];

    /// The word for the kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UseCase => "use_case",
            Self::Template => "template",
            Self::Model => "model",
            Self::Objective => "objective",
            Self::Constraint => "constraint",
            Self::Policy => "policy",
            Self::Guardrail => "guardrail",
            Self::RetrievalPolicy => "retrieval_policy",
            Self::Feature => "feature",
            Self::FeatureSet => "feature_set",
            Self::Dataset => "dataset",
            Self::Index => "index",
            Self::Pipeline => "pipeline",
            Self::TrainingRun => "training_run",
            Self::Evaluation => "evaluation",
            Self::ReviewCriteria => "review_criteria",
            Self::Code => "code",
        }
    }

    /// The kind of the versions that `governed_by` or a manifest names under `role`: `objective`, or
    /// the plural of a kind for a list of them; `None` for a role that no kind has.
    #[must_use]
    pub fn of_role(role: &str) -> Option<Self> {
        let mut kinds = Self::ALL.into_iter();
        kinds.find(|kind| {
            let word = kind.as_str();
            role == word || role.strip_suffix('s') == Some(word)
        })
    }
}

impl fmt::Display for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ArtifactKind {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let mut kinds = Self::ALL.into_iter();
        kinds.find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            InvalidValue::new("kind of artifact", text, format!("one of {known}"))
        })
    }
}

/// An artifact, whatever its version: `objective:OBJ.credit`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArtifactName {
    /// What it is.
    pub kind: ArtifactKind,
    /// Its name.
    pub name: Name,
}

impl ArtifactName {
    /// A version of it.
    #[must_use]
    pub fn at(&self, version: Version) -> ArtifactRef {
        ArtifactRef {
            of: self.clone(),
            version,
        }
    }
}

impl fmt::Display for ArtifactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

impl FromStr for ArtifactName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (kind, name) = text
            .split_once(':')
            .ok_or_else(|| InvalidValue::new("artifact", text, "KIND:NAME"))?;
        Ok(Self {
            kind: kind.parse()?,
            name: name.parse()?,
        })
    }
}

impl TryFrom<String> for ArtifactName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<ArtifactName> for String {
    fn from(name: ArtifactName) -> String {
        name.to_string()
    }
}

/// A version of an artifact: `objective:OBJ.credit@1.3`.
///
/// ```
/// use contextrail::record::{ArtifactKind, ArtifactRef};
/// let version: ArtifactRef = "objective:OBJ.credit@1.3".parse().unwrap();
/// assert_eq!(version.of.kind, ArtifactKind::Objective);
/// assert_eq!(version.version.as_str(), "1.3");
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArtifactRef {
    /// The artifact.
    pub of: ArtifactName,
    /// Which version of it.
    pub version: Version,
}

impl ArtifactRef {
    /// The version `versioned` of an artifact of this kind.
    #[must_use]
    pub fn new(kind: ArtifactKind, versioned: &VersionedName) -> Self {
        Self {
            of: ArtifactName {
                kind,
                name: versioned.name.clone(),
            },
            version: versioned.version.clone(),
        }
    }
}

impl fmt::Display for ArtifactRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.of, self.version)
    }
}

impl FromStr for ArtifactRef {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (of, version) = text
            .rsplit_once('@')
            .ok_or_else(|| InvalidValue::new("artifact version", text, "KIND:NAME@VERSION"))?;
        Ok(Self {
            of: of.parse()?,
            version: version.parse()?,
        })
    }
}

impl TryFrom<String> for ArtifactRef {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<ArtifactRef> for String {
    fn from(version: ArtifactRef) -> String {
        version.to_string()
    }
}

/// A version of an artifact. It never changes: the next one is a record of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// What it is.
    pub kind: ArtifactKind,
    /// Its name.
    pub name: Name,
    /// Which version this is.
    pub version: Version,
    /// SHA-256 of the content in RFC 8785 form, or of what the reference points at.
    pub digest: Digest,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Value>,
    /// Where it is, when it is kept elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<ArtifactReference>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<ArtifactOwner>,
    /// Who wrote it, and so cannot approve it.
    pub author: Actor,
    /// What is new in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changelog: Option<String>,
    /// How much is at stake: what decides how many have to approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_rating: Option<RiskTier>,
    /// From when on it may be in force; at once when left out. A date is its midnight in UTC.
    #[serde(
        default,
        deserialize_with = "super::time::time_or_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub effective_from: Option<Timestamp>,
    /// Until when, exclusive; without end when left out.
    #[serde(
        default,
        deserialize_with = "super::time::time_or_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub effective_until: Option<Timestamp>,
    /// What it has to do with other versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<ArtifactLink>,
    /// Who does what with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raci: Option<Raci>,
    /// What its author signed it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<ArtifactSignature>,
}

/// Where an artifact is kept.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactReference {
    /// The address of it.
    pub uri: String,
}

/// Somebody who answers for an artifact.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactOwner {
    /// The name of the person.
    pub name: Name,
    /// In what role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Name>,
}

/// What a version has to do with another.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactLink {
    /// How.
    pub rel: LinkRelation,
    /// With which version.
    pub to: ArtifactRef,
}

/// How two versions belong together.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkRelation {
    /// It was trained on the other.
    TrainedOn,
    /// The other says what it may do.
    GovernedBy,
    /// It uses the other.
    Uses,
    /// It was made of the other.
    DerivedFrom,
    /// The other says how well it does.
    EvaluatedBy,
}

impl LinkRelation {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrainedOn => "trained_on",
            Self::GovernedBy => "governed_by",
            Self::Uses => "uses",
            Self::DerivedFrom => "derived_from",
            Self::EvaluatedBy => "evaluated_by",
        }
    }
}

/// Who does what with an artifact: roles or teams.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Raci {
    /// Who drafts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drafts: Option<Name>,
    /// Who approves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approves: Option<Name>,
    /// Who deploys it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deploys: Option<Name>,
    /// Who may override decisions made with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Name>,
    /// Who audits it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audits: Option<Name>,
    /// Who is called when it goes wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_call: Option<Name>,
}

/// The signature of an author.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactSignature {
    /// The verification key in signed-note form: `name+hash+key`.
    pub key_id: String,
    /// The Ed25519 signature over what [`Artifact::signed_text`] gives, in base64.
    pub ed25519: String,
}

impl Artifact {
    /// Which version of what it is.
    #[must_use]
    pub fn id(&self) -> ArtifactRef {
        ArtifactRef {
            of: self.artifact(),
            version: self.version.clone(),
        }
    }

    /// What it is a version of.
    #[must_use]
    pub fn artifact(&self) -> ArtifactName {
        ArtifactName {
            kind: self.kind,
            name: self.name.clone(),
        }
    }

    /// The text that its author signs: two lines, its reference and its digest, each with a line feed.
    #[must_use]
    pub fn signed_text(&self) -> String {
        format!("{}\n{}\n", self.id(), self.digest)
    }
}

/// Somebody approved a version of an artifact: the actor of the record.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The version.
    pub artifact: ArtifactRef,
    /// The record of it.
    pub record: RecordId,
    /// In what role.
    pub role: Name,
    /// When, as the approver says. What counts is when it was recorded.
    pub approved_at: Timestamp,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A version of an artifact is not to be used any longer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retirement {
    /// The version.
    pub artifact: ArtifactRef,
    /// The record of it.
    pub record: RecordId,
    /// Why.
    pub reason: String,
    /// From when on.
    pub at: Timestamp,
}

/// Which versions run together somewhere.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The versions by role: `model`, `objective`.
    pub manifest: BTreeMap<String, Governing>,
    /// Where.
    pub environment: Name,
    /// From when on. It ends the one before it in the same environment.
    pub from: Timestamp,
    /// Until when, exclusive; until the next one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The deployment that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_of: Option<RecordId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_kind_a_name_and_a_version() {
        let version: ArtifactRef = "dataset:loans@eu@2025-04".parse().unwrap();
        assert_eq!(version.of.name.as_str(), "loans@eu");
        assert_eq!(version.to_string(), "dataset:loans@eu@2025-04");
        for bad in ["loans@1", "thing:loans@1", "dataset:@1", "dataset:loans"] {
            assert!(bad.parse::<ArtifactRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_name_kinds_and_lists_of_them() {
        let kind = ArtifactKind::of_role;
        assert_eq!(kind("constraints"), Some(ArtifactKind::Constraint));
        assert_eq!(kind("use_case"), Some(ArtifactKind::UseCase));
        assert_eq!(kind("shadow"), None);
    }
}
