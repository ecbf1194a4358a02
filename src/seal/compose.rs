//! From fields back to a record.

use serde::de::DeserializeOwned;

use super::OpenError;
use super::field::Fields;
use super::joined::Tree;
use crate::record::{Body, Head, Kind, Record};

/// The record that `fields` make up.
pub(super) fn compose(fields: &Fields) -> Result<Record, OpenError> {
    let misplaced = |path: &str| OpenError::Field {
        path: path.to_owned(),
    };
    let tree = Tree::of(fields).map_err(misplaced)?;
    let schema: String = take(&tree, "schema")?;
    let kind = Kind::of_schema(&schema).ok_or_else(|| OpenError::Shape {
        kind: "known",
        reason: format!("its schema is {schema:?}, which this version does not know"),
    })?;
    let head = Head {
        id: take(&tree, "id")?,
        tenant: take(&tree, "tenant")?,
        recorded_at: take(&tree, "recorded_at")?,
        actor: take(&tree, "actor")?,
    };
    let members = tree.text_without(&HEAD);
    let members = members.ok_or_else(|| misplaced("/"))?;
    Ok(Record {
        head,
        body: body(kind, &members)?,
    })
}

fn take<T: DeserializeOwned>(tree: &Tree<'_>, name: &str) -> Result<T, OpenError> {
    let text = tree.text_of(name);
    text.and_then(|text| serde_json::from_slice(&text).ok())
        .ok_or_else(|| OpenError::Field {
            path: format!("/{name}"),
        })
}

fn body(kind: Kind, members: &[u8]) -> Result<Body, OpenError> {
    fn read<T: DeserializeOwned>(kind: Kind, members: &[u8]) -> Result<Box<T>, OpenError> {
        let shape = |reason: &dyn std::fmt::Display| OpenError::Shape {
            kind: kind.as_str(),
            reason: reason.to_string(),
        };
        // why: serde_json looks into every string of bytes for UTF-8, and into no string of a text.
        let members = std::str::from_utf8(members).map_err(|error| shape(&error))?;
        serde_json::from_str(members)
            .map(Box::new)
            .map_err(|error| shape(&error))
    }
    Ok(match kind {
        Kind::Context => Body::Context(read(kind, members)?),
        Kind::Generation => Body::Generation(read(kind, members)?),
        Kind::Decision => Body::Decision(read(kind, members)?),
        Kind::Review => Body::Review(read(kind, members)?),
        Kind::Outcome => Body::Outcome(read(kind, members)?),
        Kind::Import => Body::Import(read(kind, members)?),
        Kind::Key => Body::Key(read(kind, members)?),
        Kind::Succession => Body::Succession(read(kind, members)?),
        Kind::Erasure => Body::Erasure(read(kind, members)?),
        Kind::Hold => Body::Hold(read(kind, members)?),
        Kind::Release => Body::Release(read(kind, members)?),
        Kind::Policy => Body::Policy(read(kind, members)?),
        Kind::Token => Body::Token(read(kind, members)?),
        Kind::Access => Body::Access(read(kind, members)?),
        Kind::Retention => Body::Retention(read(kind, members)?),
        Kind::Archive => Body::Archive(read(kind, members)?),
        Kind::Artifact => Body::Artifact(read(kind, members)?),
        Kind::Approval => Body::Approval(read(kind, members)?),
        Kind::Retirement => Body::Retirement(read(kind, members)?),
        Kind::Deployment => Body::Deployment(read(kind, members)?),
        Kind::Kpi => Body::Kpi(read(kind, members)?),
        Kind::Check => Body::Check(read(kind, members)?),
        Kind::Freeze => Body::Freeze(read(kind, members)?),
        Kind::Unfreeze => Body::Unfreeze(read(kind, members)?),
    })
}

/// The members every kind has.
const HEAD: [&str; 5] = ["schema", "id", "tenant", "recorded_at", "actor"];
/// Members that are lists cut into their elements.
pub(crate) const LISTS: [&str; 19] = [
    "approved_by",
    "caused_by",
    "checks",
    "contexts",
    "entities",
    "features",
    "generations",
    "guardrails",
    "items",
    "owners",
    "parents",
    "rationale",
    "reasons",
    "results",
    "retrievals",
    "tool_calls",
    "tools",
    "violations",
    "warnings",
];
/// Members that are maps cut into their members, whose names are the caller's.
pub(crate) const MAPS: [&str; 8] = [
    "extra",
    "filters",
    "governed_by",
    "inputs",
    "kpis",
    "output",
    "slices",
    "variables",
];
