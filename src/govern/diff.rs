//! What is different between two versions, by what it means.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::record::{Artifact, ArtifactKind, Bound, Comparison, Constraint, Objective};

/// What is different between two versions of an artifact.
#[derive(Clone, Debug, Serialize)]
pub struct ArtifactDiff {
    /// `contextrail.artifact_diff/1`
    pub schema: &'static str,
    /// The one version.
    pub from: String,
    /// The other.
    pub to: String,
    /// Whether they say the same.
    pub same: bool,
    /// What is different, in the order of the paths.
    pub changes: Vec<ArtifactChange>,
}

/// One thing that is different.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ArtifactChange {
    /// Where: `parameters.approve_at`, `constraints.fairness.threshold`.
    pub path: String,
    /// What it means, in words: `tightened`, `relaxed`, `added`, `removed`, `changed`.
    pub meaning: &'static str,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// What is different between `from` and `to`.
#[must_use]
pub fn diff(from: &Artifact, to: &Artifact) -> ArtifactDiff {
    let mut changes = Vec::new();
    compare("", &shown(from), &shown(to), &mut changes);
    if from.kind == ArtifactKind::Objective
        && let (Some(before), Some(after)) = (objective(from), objective(to))
    {
        say_limits(&before, &after, &mut changes);
    }
    ArtifactDiff {
        schema: "contextrail.artifact_diff/1",
        from: from.id().to_string(),
        to: to.id().to_string(),
        same: changes.is_empty(),
        changes,
    }
}

fn objective(artifact: &Artifact) -> Option<Objective> {
    serde_json::from_value(artifact.content.clone()?).ok()
}

/// What can be different: not the version, nor what follows from the content.
fn shown(artifact: &Artifact) -> Value {
    let mut members = serde_json::Map::new();
    if let Value::Object(content) = artifact.content.clone().unwrap_or_default() {
        members.extend(content);
        members.remove("objective_version");
    } else if let Some(content) = &artifact.content {
        members.insert("content".to_owned(), content.clone());
    } else {
        members.insert(
            "digest".to_owned(),
            Value::String(artifact.digest.to_string()),
        );
    }
    if let Ok(Value::Object(mut own)) = serde_json::to_value(artifact) {
        for name in [
            "kind",
            "name",
            "version",
            "digest",
            "content",
            "author",
            "changelog",
            "signature",
        ] {
            own.remove(name);
        }
        if members.contains_key("owners") {
            own.remove("owners");
        }
        if members.contains_key("effective_date") {
            own.remove("effective_from");
        }
        members.extend(own);
    }
    Value::Object(members)
}

fn compare(path: &str, before: &Value, after: &Value, changes: &mut Vec<ArtifactChange>) {
    if before == after {
        return;
    }
    match (named(before), named(after)) {
        (Some(before), Some(after)) => {
            let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let at = match path {
                    "" => name.clone(),
                    _ => format!("{path}.{name}"),
                };
                match (before.get(name), after.get(name)) {
                    (Some(before), Some(after)) => compare(&at, before, after, changes),
                    (before, after) => changes.push(ArtifactChange {
                        path: at,
                        meaning: if before.is_none() { "added" } else { "removed" },
                        before: before.cloned(),
                        after: after.cloned(),
                    }),
                }
            }
        }
        _ => changes.push(ArtifactChange {
            path: path.to_owned(),
            meaning: "changed",
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

/// The members of an object; those of a list by the name that each element has.
fn named(value: &Value) -> Option<BTreeMap<String, Value>> {
    match value {
        Value::Object(members) => Some(
            members
                .iter()
                .map(|(name, it)| (name.clone(), it.clone()))
                .collect(),
        ),
        Value::Array(elements) => {
            let mut found = BTreeMap::new();
            for element in elements {
                let name = ["name", "role", "if", "to"].iter().find_map(|key| {
                    let text = element.get(key)?.as_str()?;
                    Some(text.to_owned())
                });
                let name = name.or_else(|| element.as_str().map(str::to_owned))?;
                // Two of one name: they are compared as they stand.
                if found.insert(name, element.clone()).is_some() {
                    return None;
                }
            }
            Some(found)
        }
        _ => None,
    }
}

/// Says of the limits whether they are tighter or looser than before.
fn say_limits(before: &Objective, after: &Objective, changes: &mut [ArtifactChange]) {
    for change in changes {
        let Some(rest) = change.path.strip_prefix("constraints.") else {
            continue;
        };
        let Some(name) = rest.strip_suffix(".threshold") else {
            continue;
        };
        let find = |objective: &Objective| {
            let mut constraints = objective.constraints.iter();
            constraints.find(|it| it.name.as_str() == name).cloned()
        };
        if let (Some(before), Some(after)) = (find(before), find(after)) {
            change.meaning = meaning(&before, &after);
        }
    }
}

fn meaning(before: &Constraint, after: &Constraint) -> &'static str {
    if before.compared() != after.compared() {
        return "changed";
    }
    let tightened = match (before.compared(), before.threshold, after.threshold) {
        (Comparison::AtMost, Bound::One(before), Bound::One(after)) => Some(after < before),
        (Comparison::AtLeast, Bound::One(before), Bound::One(after)) => Some(after > before),
        (Comparison::Between, Bound::Range(before), Bound::Range(after)) => {
            let inside = after[0] >= before[0] && after[1] <= before[1];
            let around = after[0] <= before[0] && after[1] >= before[1];
            (inside != around).then_some(inside)
        }
        _ => None,
    };
    match tightened {
        Some(true) => "tightened",
        Some(false) => "relaxed",
        None => "changed",
    }
}
