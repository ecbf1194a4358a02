//! What a verification found.

use serde::{Serialize, Serializer};

use super::manifest::Statement;
use crate::record::Timestamp;

/// The result of verifying a bundle: what was checked, what is wrong, and what cannot be said.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The form of this report.
    pub schema: &'static str,
    /// The verdict.
    pub state: State,
    /// What the bundle is said to be evidence of; `None` when that cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Statement>,
    /// How much was checked.
    pub checked: Counts,
    /// Who signed the head of the log that the records are proved against, of those who are trusted.
    pub signed_by: Vec<String>,
    /// When trusted timestamp authorities saw that head.
    pub timestamps: Vec<Proven>,
    /// All that is wrong, in the order in which it was checked.
    pub findings: Vec<Finding>,
    /// What was not checked, and why.
    pub not_checked: Vec<String>,
    /// What no verification of a bundle can prove.
    pub not_proved: &'static str,
}

/// The verdict on a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Nothing is wrong, and the bundle shows something.
    Verified,
    /// Nothing is wrong, and no field is shown: there is nothing to learn from it.
    ValidButEmpty,
    /// Something is wrong.
    Failed,
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::ValidButEmpty => "valid_but_empty",
            Self::Failed => "failed",
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How much was checked: counts of what was looked at, whether or not it was in order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Files whose digest was compared with the manifest.
    pub files: u64,
    /// Records whose root was computed and compared with their entry.
    pub records: u64,
    /// Fields shown, whose commitment was computed from the value.
    pub fields_shown: u64,
    /// Fields redacted by name.
    pub fields_named: u64,
    /// Fields of which only the leaf is given.
    pub fields_hidden: u64,
    /// Inclusion proofs of entries in the log.
    pub proofs: u64,
    /// Signatures of trusted log keys.
    pub signatures: u64,
    /// Cosignatures of trusted witnesses.
    pub cosignatures: u64,
    /// Timestamps that stand under a trusted root.
    pub timestamps: u64,
    /// Texts compared with the digest in their record.
    pub texts: u64,
    /// References between records that were followed.
    pub references: u64,
    /// Derived files that were derived again and compared.
    pub pages: u64,
}

/// What a timestamp proves: its authority saw the head of the log, and with it every record in the
/// bundle, no later than this.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Proven {
    /// The file with the token.
    pub file: String,
    /// When the head was seen.
    pub at: Timestamp,
    /// How far that may be off in both directions, in microseconds, if the token says so.
    pub accuracy_us: Option<u64>,
    /// Who signed the token.
    pub by: String,
    /// The trusted root behind it.
    pub root: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The file; empty for the container itself, or what the caller gave.
    pub file: String,
    /// Where in it: a path of the record, a member, a line; empty for the whole.
    #[serde(rename = "where")]
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// The bytes are no bundle at all, not even a damaged one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not an evidence bundle: {why}")]
pub struct NotABundle {
    pub(super) why: &'static str,
}

impl Report {
    /// The form of reports that this version writes.
    pub const SCHEMA: &'static str = "contextrail.evidence-report/1";

    /// What no verification of a bundle can prove.
    pub const NOT_PROVED: &'static str = "It is not proved that what was captured was true, nor \
         that everything that happened was captured; it is proved that what is shown was recorded, \
         in this form and at this place of the log, before the head of the log was signed.";

    pub(super) fn new(claim: Option<Statement>) -> Self {
        Self {
            schema: Self::SCHEMA,
            state: State::Failed,
            claim,
            checked: Counts::default(),
            signed_by: Vec::new(),
            timestamps: Vec::new(),
            findings: Vec::new(),
            not_checked: Vec::new(),
            not_proved: Self::NOT_PROVED,
        }
    }

    /// Adds a finding.
    pub(super) fn find(
        &mut self,
        file: impl std::fmt::Display,
        place: impl Into<String>,
        what: impl Into<String>,
    ) {
        self.findings.push(Finding {
            file: file.to_string(),
            place: place.into(),
            what: what.into(),
        });
    }

    /// Works the verdict out.
    pub(super) fn concluded(mut self) -> Self {
        self.state = match (self.findings.is_empty(), self.checked.fields_shown) {
            (false, _) => State::Failed,
            (true, 0) => State::ValidButEmpty,
            (true, _) => State::Verified,
        };
        self
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.is_empty()
    }
}
