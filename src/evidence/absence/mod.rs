//! Whether something was used in the contexts of a bundle: absent, present, or not to be said.
//!
//! What counts as a use is what `contextrail used` finds: see [`uses`]. `docs/evidence.md` has the
//! formula.

mod file;
mod uses;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::bundle::RecordFile;
use super::shown::{Said, ShownRecord};
use super::view::RecordView;
use crate::record::{Kind, RecordId, UsedKind, UsedRef};

pub(super) use file::AbsenceFile;
use uses::Found;

/// The most things that one bundle can be asked about.
pub const MAX_ASKED: usize = 64;

/// What the records of a bundle say about one thing: whether it was used.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// The thing, as it was asked for: `KIND:REF` or `KIND:REF@VERSION`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What can be said of all records together.
    pub outcome: Usage,
    /// What can be said of each record, in the order of the log, and then of those that a decision
    /// names and that are not in the bundle.
    pub records: Vec<RecordUsage>,
}

/// What one record says about a thing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordUsage {
    /// The record: a context, or a decision.
    pub id: String,
    /// What can be said of it.
    pub outcome: Usage,
    /// Where it is used, as JSON pointers; empty unless it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Why nothing can be said; empty when something can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<Unsaid>,
}

/// Whether something was used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// It was not used: the section is complete, and every value that could name it is shown.
    Absent,
    /// It was used.
    Present,
    /// Neither can be said from this bundle.
    CannotBeSaid,
}

impl Usage {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Present => "present",
            Self::CannotBeSaid => "cannot_be_said",
        }
    }
}

/// One reason why it cannot be said whether something was used.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsaid {
    /// What is in the way.
    pub reason: UnsaidReason,
    /// Where, as a JSON pointer into the record; left out for what is about all of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
}

/// What can be in the way of saying that something was not used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsaidReason {
    /// The record has fields of which only a leaf is given.
    HiddenFields,
    /// The section is recorded as something other than complete.
    SectionNotComplete,
    /// How complete the section is, is withheld.
    SectionNotShown,
    /// Redaction took something out of the section before it was recorded.
    RedactedWhenRecorded,
    /// A value that could name it is withheld: redacted in the bundle, erased, or its key is missing.
    NotShown,
    /// It is named, and without the version that was asked for or any other.
    VersionNotRecorded,
    /// The document was retrieved, and no chunk is recorded.
    ChunkNotRecorded,
    /// Something other than a recorded use names it: an item of the text, or the model that answered.
    NamedElsewhere,
    /// A decision names the context, and the bundle does not carry it.
    NotCarried,
    /// A decision does not show which contexts it rests on.
    ContextsNotShown,
    /// No record says whether all that governed a decision was recorded.
    GovernanceNotComplete,
    /// What stands there is not what a record has there.
    Unreadable,
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.words())?;
        match self.path.as_str() {
            "" => Ok(()),
            path => write!(f, " ({path})"),
        }
    }
}

impl UnsaidReason {
    /// The reason in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::HiddenFields => "fields of the record are hidden, and may name it",
            Self::SectionNotComplete => {
                "the section in which it would stand is not recorded as complete"
            }
            Self::SectionNotShown => "how complete the section is, is withheld",
            Self::RedactedWhenRecorded => "redaction took something out before it was recorded",
            Self::NotShown => "a value that may name it is withheld",
            Self::VersionNotRecorded => "it is named, and which version was used was not recorded",
            Self::ChunkNotRecorded => {
                "the document was retrieved, and which part of it was not recorded"
            }
            Self::NamedElsewhere => "it is named where no use of it was recorded",
            Self::NotCarried => "the record is not in the bundle",
            Self::ContextsNotShown => "on which contexts the decision rests is withheld",
            Self::GovernanceNotComplete => {
                "whether all that governed the decision was recorded is not recorded"
            }
            Self::Unreadable => "what is recorded there cannot be read",
        }
    }
}

impl Unsaid {
    fn at(reason: UnsaidReason, path: impl Into<String>) -> Self {
        Self {
            reason,
            path: path.into(),
        }
    }
}

impl Absence {
    /// What `records`, in the order of the log, say about each thing asked for.
    pub(super) fn of_all(asked: &[UsedRef], records: &[RecordView]) -> Vec<Self> {
        if asked.is_empty() {
            return Vec::new();
        }
        let users = [Kind::Context, Kind::Decision];
        let views = records.iter().filter(|it| users.contains(&it.kind));
        let records: Vec<Record<'_>> = views
            .map(|view| Record {
                view,
                shown: ShownRecord::of(view).ok(),
            })
            .collect();
        asked.iter().map(|it| Self::of(it, &records)).collect()
    }

    /// The same of files that were read, in any order.
    pub(super) fn of_files<'f>(
        asked: &[UsedRef],
        files: impl Iterator<Item = &'f RecordFile>,
    ) -> Vec<Self> {
        if asked.is_empty() {
            return Vec::new();
        }
        let mut views: Vec<RecordView> = files.map(RecordView::without_entry).collect();
        views.sort_by_key(|view| (view.index, view.id));
        Self::of_all(asked, &views)
    }

    fn of(asked: &UsedRef, records: &[Record<'_>]) -> Self {
        let mut found: Vec<RecordUsage> = records
            .iter()
            .filter_map(|record| match record.view.kind {
                Kind::Context => Some(record.as_context(asked)),
                _ => record.as_decision(asked),
            })
            .collect();
        found.extend(not_carried(records));
        let has = |outcome| found.iter().any(|it| it.outcome == outcome);
        let outcome = if has(Usage::Present) {
            Usage::Present
        } else if has(Usage::CannotBeSaid) || !has(Usage::Absent) {
            Usage::CannotBeSaid
        } else {
            Usage::Absent
        };
        Self {
            reference: asked.to_string(),
            outcome,
            records: found,
        }
    }
}

/// A context or decision of the bundle; `shown` when its fields can be put together.
struct Record<'r> {
    view: &'r RecordView,
    shown: Option<ShownRecord<'r>>,
}

impl Record<'_> {
    /// Absent needs four things: no field is hidden; the section is complete; nothing was taken out of
    /// it; and every value that could name it is shown and names something else.
    fn as_context(&self, asked: &UsedRef) -> RecordUsage {
        let Some(shown) = &self.shown else {
            return self.unsaid(vec![Unsaid::at(UnsaidReason::Unreadable, "")]);
        };
        let Found { paths, unsaid } = uses::in_context(asked, shown);
        let why = hidden(shown).unwrap_or_else(|| {
            let incomplete = incomplete(asked.kind, shown).into_iter();
            incomplete.chain(unsaid).collect()
        });
        self.usage(paths, why)
    }

    /// Decisions name models and policies that governed them. Nothing says that they name all, so
    /// of a decision it is never said that something was absent.
    fn as_decision(&self, asked: &UsedRef) -> Option<RecordUsage> {
        let Some(shown) = &self.shown else {
            return Some(self.unsaid(vec![Unsaid::at(UnsaidReason::Unreadable, "")]));
        };
        let governed = match asked.kind {
            UsedKind::Model | UsedKind::Policy => Some(uses::in_decision(asked, shown)),
            _ => None,
        };
        let (paths, unsaid) = governed.map_or_else(Default::default, |found| {
            let reason = UnsaidReason::GovernanceNotComplete;
            let mut unsaid = found.unsaid;
            unsaid.push(Unsaid::at(reason, "/governed_by"));
            (found.paths, unsaid)
        });
        let why = hidden(shown).unwrap_or_else(|| {
            let contexts = contexts_not_shown(shown).into_iter();
            contexts.chain(unsaid).collect()
        });
        (!paths.is_empty() || !why.is_empty()).then(|| self.usage(paths, why))
    }

    fn usage(&self, paths: Vec<String>, why: Vec<Unsaid>) -> RecordUsage {
        let (outcome, why) = match (paths.is_empty(), why.is_empty()) {
            (false, _) => (Usage::Present, Vec::new()),
            (true, true) => (Usage::Absent, why),
            (true, false) => (Usage::CannotBeSaid, why),
        };
        RecordUsage {
            id: self.view.id.to_string(),
            outcome,
            paths,
            why,
        }
    }

    fn unsaid(&self, why: Vec<Unsaid>) -> RecordUsage {
        self.usage(Vec::new(), why)
    }
}

/// The one reason that is given where fields are hidden: anything may be among them.
fn hidden(record: &ShownRecord<'_>) -> Option<Vec<Unsaid>> {
    (record.hidden() > 0).then(|| vec![Unsaid::at(UnsaidReason::HiddenFields, "")])
}

/// What is in the way of the section of `kind` being complete.
fn incomplete(kind: UsedKind, context: &ShownRecord<'_>) -> Vec<Unsaid> {
    let section = kind.section().as_str();
    let path = format!("/capture/sections/{section}");
    let mut why = Vec::new();
    match context.at(&path) {
        word if word.string() == Some("complete") => {}
        Said::Withheld(_) | Said::Unsaid => {
            why.push(Unsaid::at(UnsaidReason::SectionNotShown, path));
        }
        Said::Shown(_) | Said::Nothing => {
            why.push(Unsaid::at(UnsaidReason::SectionNotComplete, path));
        }
    }
    for trace in context.elements("/capture/redactions") {
        match context.at(&format!("{trace}/path")).string() {
            Some(path) if path.split('/').nth(1) == Some(section) => {
                why.push(Unsaid::at(UnsaidReason::RedactedWhenRecorded, path));
            }
            Some(_) => {}
            None => why.push(Unsaid::at(UnsaidReason::Unreadable, trace)),
        }
    }
    why
}

/// The places where a decision does not say which context it rests on.
fn contexts_not_shown(decision: &ShownRecord<'_>) -> Vec<Unsaid> {
    let not_shown = |path: &str| Unsaid::at(UnsaidReason::ContextsNotShown, path);
    match decision.at("/contexts") {
        Said::Shown(_) => {}
        Said::Withheld(_) | Said::Unsaid | Said::Nothing => return vec![not_shown("/contexts")],
    }
    let elements = decision.elements("/contexts");
    let unknown = elements.filter(|it| named(decision, it).is_none());
    unknown.map(|it| not_shown(&it)).collect()
}

/// The contexts that decisions name and the bundle does not carry.
fn not_carried(records: &[Record<'_>]) -> Vec<RecordUsage> {
    let carried = records.iter().filter(|it| it.view.kind == Kind::Context);
    let mut seen: BTreeSet<RecordId> = carried.map(|it| it.view.id).collect();
    let decisions = records.iter().filter(|it| it.view.kind == Kind::Decision);
    let mut missing = Vec::new();
    for decision in decisions.filter_map(|it| it.shown.as_ref()) {
        for element in decision.elements("/contexts") {
            let Some(id) = named(decision, &element).filter(|id| seen.insert(*id)) else {
                continue;
            };
            missing.push(RecordUsage {
                id: id.to_string(),
                outcome: Usage::CannotBeSaid,
                paths: Vec::new(),
                why: vec![Unsaid::at(UnsaidReason::NotCarried, "")],
            });
        }
    }
    missing
}

fn named(decision: &ShownRecord<'_>, pointer: &str) -> Option<RecordId> {
    decision.at(pointer).string()?.parse().ok()
}
