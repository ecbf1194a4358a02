//! What differs between two contexts, by meaning and not by lines of text.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Stored;
use crate::record::{Context, ContextId, Feature, Item, Retrieval};

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
/// `None` when either is no context.
#[must_use]
pub fn diff(from: &Stored, to: &Stored) -> Option<Diff> {
    let changes = changes((from.context()?, from), (to.context()?, to));
    Some(Diff {
        schema: "contextrail.diff/1",
        from: from.id().into(),
        to: to.id().into(),
        same: changes.is_empty(),
        changes,
    })
}

fn changes(
    (from, stored_from): (&Context, &Stored),
    (to, stored_to): (&Context, &Stored),
) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", &overall(from), &overall(to), &mut changes);
    compare_keyed("features", &features(from), &features(to), &mut changes);
    compare_keyed(
        "retrievals",
        &retrievals(from),
        &retrievals(to),
        &mut changes,
    );
    compare_keyed("documents", &documents(from), &documents(to), &mut changes);
    compare_keyed("tools", &tools(from), &tools(to), &mut changes);
    compare_keyed(
        "guardrails",
        &guardrails(from),
        &guardrails(to),
        &mut changes,
    );
    compare_keyed(
        "items",
        &items(stored_from),
        &items(stored_to),
        &mut changes,
    );
    changes
}

/// What a context has once.
fn overall(context: &Context) -> Value {
    let mut value = pick(
        context,
        &[
            "name",
            "use_case",
            "retention",
            "status",
            "error",
            "environment",
            "service",
            "recorder",
            "agent",
            "entities",
            "inputs",
            "template",
            "model",
        ],
    );
    if let (Some(assembly), Some(members)) = (&context.assembly, value.as_object_mut()) {
        let assembly = pick(
            assembly,
            &["tokenizer", "budget", "separator", "order", "text_bytes"],
        );
        members.insert("assembly".to_owned(), assembly);
    }
    if let Some(members) = value.as_object_mut() {
        let freshness = json!({
            "status": context.freshness.status,
            "limit_ms": context.freshness.limit_ms,
            "violations": context.freshness.violations.iter()
                .map(|violation| json!({"ref": violation.reference, "reason": violation.reason}))
                .collect::<Vec<_>>(),
        });
        members.insert("freshness".to_owned(), freshness);
        members.insert(
            "capture".to_owned(),
            json!({"sections": context.capture.sections}),
        );
    }
    value
}

/// Things that a context has several of: the value of each by its name, and its place.
type Keyed = BTreeMap<String, (usize, Value)>;

fn features(context: &Context) -> Keyed {
    let twins = |feature: &Feature| {
        context
            .features
            .iter()
            .filter(|it| it.name == feature.name)
            .count()
            > 1
    };
    let key = |feature: &Feature| match &feature.entity {
        Some(entity) if twins(feature) => format!("{}@{entity}", feature.name),
        _ => feature.name.to_string(),
    };
    let members = [
        "version",
        "entity",
        "value",
        "source",
        "origin",
        "transforms",
        "quality",
        "status",
        "error",
        "as_of",
        "max_age_ms",
    ];
    keyed(
        context
            .features
            .iter()
            .map(|it| (key(it), pick(it, &members))),
    )
}

fn retrievals(context: &Context) -> Keyed {
    let members = [
        "class",
        "query",
        "index",
        "top_k",
        "filters",
        "status",
        "error",
        "max_age_ms",
    ];
    keyed(
        context
            .retrievals
            .iter()
            .map(|it| (it.retriever.to_string(), pick(it, &members))),
    )
}

fn documents(context: &Context) -> Keyed {
    let members = [
        "version", "score", "digest", "uri", "as_of", "stale", "used",
    ];
    let of_call = |call: &Retrieval| {
        let retriever = call.retriever.clone();
        let results = call.results.iter().map(move |it| {
            let chunk = it
                .chunk
                .as_ref()
                .map_or_else(String::new, |chunk| format!("#{chunk}"));
            (
                format!("{retriever}.{}{chunk}", it.document),
                pick(it, &members),
            )
        });
        results.collect::<Vec<_>>()
    };
    keyed(context.retrievals.iter().flat_map(of_call))
}

fn tools(context: &Context) -> Keyed {
    let members = [
        "version",
        "arguments",
        "output",
        "status",
        "error",
        "side_effect",
    ];
    keyed(
        context
            .tools
            .iter()
            .map(|it| (it.name.to_string(), pick(it, &members))),
    )
}

fn guardrails(context: &Context) -> Keyed {
    let members = ["version", "policy", "native", "verdict", "action", "error"];
    let key = |it: &crate::record::GuardrailResult| format!("{}.{}", it.name, word(&it.stage));
    keyed(
        context
            .guardrails
            .iter()
            .map(|it| (key(it), pick(it, &members))),
    )
}

fn items(stored: &Stored) -> Keyed {
    // why: an item without a reference has no other name than its kind and its number within it.
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut key = |item: &Item| {
        let kind = word(&item.kind);
        match &item.reference {
            Some(reference) => format!("{kind}.{reference}"),
            None => {
                let number = numbers.entry(kind.clone()).or_default();
                *number += 1;
                format!("{kind}.{number}")
            }
        }
    };
    let members = [
        "role",
        "priority",
        "required",
        "overflow",
        "min_tokens",
        "marker",
        "tokens",
        "used_tokens",
        "verdict",
        "reason",
        "kept",
    ];
    let assembly = stored
        .context()
        .and_then(|context| context.assembly.as_ref());
    let items = assembly.into_iter().flat_map(|assembly| &assembly.items);
    keyed(
        items
            .zip(stored.personal_texts_in_order())
            .map(|(item, text)| {
                let mut value = pick(item, &members);
                // why: a keyed digest says nothing across records; the text itself does.
                if let Some(members) = value.as_object_mut() {
                    match (&item.digest, text) {
                        (_, Some(text)) => members.insert("text".to_owned(), Value::from(&*text)),
                        (Some(digest), None) => {
                            members.insert("digest".to_owned(), Value::from(digest.to_string()))
                        }
                        (None, None) => None,
                    };
                }
                (key(item), value)
            }),
    )
}

fn keyed(named: impl Iterator<Item = (String, Value)>) -> Keyed {
    let mut found = Keyed::new();
    for (place, (name, value)) in named.enumerate() {
        // The same thing used twice is two things.
        let mut key = name.clone();
        let mut number = 1;
        while found.contains_key(&key) {
            number += 1;
            key = format!("{name}[{number}]");
        }
        found.insert(key, (place, value));
    }
    found
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

/// The named members of `value`, those that are there.
fn pick(value: &impl Serialize, names: &[&str]) -> Value {
    let Ok(Value::Object(mut members)) = serde_json::to_value(value) else {
        return Value::Null;
    };
    let picked: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), members.remove(*name)?)))
        .collect();
    Value::Object(picked)
}

fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
