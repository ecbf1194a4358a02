//! What a verification found.

use serde::{Serialize, Serializer};

use super::absence::Absence;
use super::manifest::Statement;
use super::view::Scope;
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
    /// What the log lost, when it went on as another epoch after a restore.
    pub successions: Vec<Succeeded>,
    /// What the records say of the things that were asked about: whether they were used. Nothing, where
    /// anything is wrong.
    pub absences: Vec<Absence>,
    /// All that is wrong, in the order in which it was checked.
    pub findings: Vec<Finding>,
    /// What was not checked, and why.
    pub not_checked: Vec<String>,
    /// What no verification of such a bundle can prove.
    pub not_proved: String,
    /// Whether there are derived files that were not compared with the records.
    #[serde(skip)]
    pub(super) has_unread_pages: bool,
}

/// The verdict on a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Nothing is wrong, and the bundle shows something.
    Verified,
    /// The same of the records; the files for people and other tools were not compared with them, and
    /// may say anything.
    RecordsVerified,
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
            Self::RecordsVerified => "records_verified",
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
    /// Missing values of which a record in the bundle says that they are gone.
    pub gone: u64,
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

/// What a record of succession in the bundle says: that the log went on from an earlier head, and
/// which entries were lost. Members that the bundle does not show are absent.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Succeeded {
    /// The file with the record.
    pub file: String,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The epoch that begins.
    pub epoch: Option<u64>,
    /// The first index that is lost.
    pub lost_from: Option<u64>,
    /// The index behind the last one that is lost.
    pub lost_to: Option<u64>,
    /// Why the log goes on all the same.
    pub reason: Option<String>,
    /// Who approved that, by id.
    pub approved_by: Vec<String>,
}

impl std::fmt::Display for Succeeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = |number: Option<u64>| number.map_or("not shown".to_owned(), |it| it.to_string());
        write!(
            f,
            "the log went on as epoch {} at index {}, after a restore; ",
            said(self.epoch),
            self.index
        )?;
        match (self.lost_from, self.lost_to) {
            (Some(from), Some(to)) if from >= to => f.write_str("lost: nothing")?,
            (from, to) => write!(f, "lost: from index {} to before {}", said(from), said(to))?,
        }
        write!(
            f,
            "; reason: {}; approved by: {}",
            self.reason.as_deref().unwrap_or("not shown"),
            match self.approved_by.as_slice() {
                [] => "not shown".to_owned(),
                names => names.join(", "),
            }
        )
    }
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
         in this form and at this place of the log, before the head of the log was signed. Nobody \
         signs manifest.json, custody.json or the reasons for what is withheld: they are what the \
         maker of the bundle says.";
    /// The same of a bundle of decisions: a log cannot prove what nothing in the bundle points at.
    const NOT_PROVED_OF_DECISION: &'static str = "That there are no further reviews or outcomes is \
         not proved; a range bundle proves that nothing in between was held back.";
    /// The same of a bundle about an entity.
    const NOT_PROVED_OF_ENTITY: &'static str = "That there are no further records about the entity \
         is not proved; a range bundle proves that nothing in between was held back.";

    pub(super) fn new(claim: Option<Statement>) -> Self {
        let more = match claim.as_ref().map(|claim| &claim.scope) {
            Some(Scope::Decision { .. }) => Some(Self::NOT_PROVED_OF_DECISION),
            Some(Scope::Entity { .. }) => Some(Self::NOT_PROVED_OF_ENTITY),
            Some(Scope::Range { .. }) | None => None,
        };
        let sentences: Vec<&str> = std::iter::once(Self::NOT_PROVED).chain(more).collect();
        Self {
            schema: Self::SCHEMA,
            state: State::Failed,
            claim,
            checked: Counts::default(),
            signed_by: Vec::new(),
            timestamps: Vec::new(),
            successions: Vec::new(),
            absences: Vec::new(),
            findings: Vec::new(),
            not_checked: Vec::new(),
            not_proved: sentences.join(" "),
            has_unread_pages: false,
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
            (true, _) if self.has_unread_pages => State::RecordsVerified,
            (true, _) => State::Verified,
        };
        if self.state == State::Failed {
            self.absences.clear();
        }
        self
    }

    /// Whether there are files for people or programs that were not compared with the records: they may
    /// say anything.
    #[must_use]
    pub const fn has_unread_pages(&self) -> bool {
        self.has_unread_pages
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.is_empty()
    }
}
