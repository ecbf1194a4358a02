//! What differs between two contexts, by meaning and not by lines of text.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::diff_sections::{Keyed, SECTIONS, Side, TextMap, overall};
use super::{Stored, Trail, TrailError};
use crate::record::ContextId;

/// What differs between two contexts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    schema: &'static str,
    from: ContextId,
    to: ContextId,
    same: bool,
    changes: Vec<Change>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What differs: `features.credit_score.value`, `documents.policy_docs.doc_456#chunk_abc`.
    pub path: String,
    /// How.
    pub kind: ChangeKind,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// How something differs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Only the second context has it.
    Added,
    /// Only the first context has it.
    Removed,
    /// Both have it, and it is not the same.
    Changed,
    /// Both have it, in another place.
    Moved,
}

impl ChangeKind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Moved => "moved",
        }
    }
}

impl Diff {
    /// Whether nothing differs.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.same
    }

    /// The differences, in the order of the sections of a record.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

/// What differs between two contexts: what went in, what was kept, under which budget, template,
/// model, guardrails and code. Ids, times and latencies differ always and are left out.
///
/// Shared texts are compared by their digests; [`Trail::diff`] reads them.
///
/// `None` when either is no context.
#[must_use]
pub fn diff(from: &Stored, to: &Stored) -> Option<Diff> {
    diff_with((from, from.personal_texts()), (to, to.personal_texts()))
}

impl Trail {
    /// As [`diff`], with the shared texts that are stored: those of templates, documents and items.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when a text cannot be read or is not that of its digest.
    pub async fn diff(&self, from: &Stored, to: &Stored) -> Result<Option<Diff>, TrailError> {
        let before = self.all_texts(from).await?;
        let after = self.all_texts(to).await?;
        Ok(diff_with((from, &before), (to, &after)))
    }
}

fn diff_with(
    (from, before): (&Stored, &TextMap),
    (to, after): (&Stored, &TextMap),
) -> Option<Diff> {
    let side = |context, texts| Side { context, texts };
    let changes = changes(&side(from.context()?, before), &side(to.context()?, after));
    Some(Diff {
        schema: "contextrail.diff/1",
        from: from.id().into(),
        to: to.id().into(),
        same: changes.is_empty(),
        changes,
    })
}

fn changes(from: &Side<'_>, to: &Side<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", &overall(from), &overall(to), &mut changes);
    for (section, of) in SECTIONS {
        compare_keyed(section, &of(from), &of(to), &mut changes);
    }
    changes
}

fn compare_keyed(section: &str, from: &Keyed, to: &Keyed, changes: &mut Vec<Change>) {
    let common: BTreeSet<&String> = from.keys().filter(|key| to.contains_key(*key)).collect();
    let order = |side: &Keyed| {
        let mut keys: Vec<_> = common
            .iter()
            .map(|key| (side[*key].0, (*key).clone()))
            .collect();
        keys.sort();
        keys.into_iter().map(|(_, key)| key).collect::<Vec<_>>()
    };
    let (before, after) = (order(from), order(to));
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    for name in names {
        let path = format!("{section}.{name}");
        match (from.get(name), to.get(name)) {
            (Some((_, before)), None) => changes.push(Change {
                path,
                kind: ChangeKind::Removed,
                before: Some(before.clone()),
                after: None,
            }),
            (None, Some((_, after))) => changes.push(Change {
                path,
                kind: ChangeKind::Added,
                before: None,
                after: Some(after.clone()),
            }),
            (Some((_, old)), Some((_, new))) => {
                compare(&path, old, new, changes);
                moved(path, name, &before, &after, changes);
            }
            (None, None) => {}
        }
    }
}

/// A thing has moved when it stands at another place among those both have.
fn moved(path: String, name: &str, before: &[String], after: &[String], changes: &mut Vec<Change>) {
    let place = |order: &[String]| order.iter().position(|it| it == name);
    let (old, new) = (place(before), place(after));
    if old != new {
        changes.push(Change {
            path,
            kind: ChangeKind::Moved,
            before: old.map(Value::from),
            after: new.map(Value::from),
        });
    }
}

/// Compares member by member down to what is no object. `1` and `true` differ, `1` and `1.0` do not.
fn compare(path: &str, from: &Value, to: &Value, changes: &mut Vec<Change>) {
    if let (Value::Object(old), Value::Object(new)) = (from, to) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{name}");
            match (old.get(name), new.get(name)) {
                (Some(old), Some(new)) => compare(&path, old, new, changes),
                (before, after) => changes.push(Change {
                    path,
                    kind: if before.is_some() {
                        ChangeKind::Removed
                    } else {
                        ChangeKind::Added
                    },
                    before: before.cloned(),
                    after: after.cloned(),
                }),
            }
        }
    } else if !equal(from, to) {
        changes.push(Change {
            path: path.to_owned(),
            kind: ChangeKind::Changed,
            before: Some(from.clone()),
            after: Some(to.clone()),
        });
    }
}

fn equal(from: &Value, to: &Value) -> bool {
    match (from, to) {
        (Value::Number(old), Value::Number(new)) => old == new || old.as_f64() == new.as_f64(),
        // A keyed digest differs with the seed of its record, whatever it was taken of.
        (Value::String(old), Value::String(new)) if is_keyed(old) && is_keyed(new) => true,
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| equal(old, new))
        }
        _ => from == to,
    }
}

fn is_keyed(text: &str) -> bool {
    text.starts_with("hmac-sha256:")
}
