//! `related.json`: which records of a bundle belong together, by entry hash.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use super::artifact::{Artifact, artifacts};
use super::shown::{ShownBundle, ShownRecord};
use crate::codec::{Layout, WriteError, write_json};
use crate::log::Hash;
use crate::record::Kind;

pub(super) fn json(bundle: &ShownBundle<'_>) -> Result<String, WriteError> {
    let related = Related {
        schema: "contextrail.related/1",
        records: bundle.records.iter().map(|it| member(bundle, it)).collect(),
        artifacts: used(bundle),
    };
    Ok(write_json(&related, Layout::Pretty)? + "\n")
}

#[derive(Serialize)]
struct Related {
    schema: &'static str,
    records: Vec<Member>,
    artifacts: Vec<Used>,
}

/// One record with those it names.
#[derive(Serialize)]
struct Member {
    id: String,
    kind: Kind,
    index: u64,
    entry_hash: String,
    names: Vec<Named>,
    /// Entry hashes that its entry refers to, of records that are not in the bundle.
    refs_elsewhere: Vec<String>,
}

/// A record that another one names.
#[derive(Serialize)]
struct Named {
    /// The member that names it.
    #[serde(rename = "as")]
    part: &'static str,
    id: String,
    /// Absent when it is not in the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_hash: Option<String>,
}

/// An artifact and the entry hashes of the records that used it.
#[derive(Serialize)]
struct Used {
    kind: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    used_by: Vec<String>,
}

fn member(bundle: &ShownBundle<'_>, record: &ShownRecord<'_>) -> Member {
    let is_elsewhere = |hash: &&Hash| bundle.records.iter().all(|it| it.view.entry_hash != **hash);
    let elsewhere = record.view.refs.iter().filter(is_elsewhere);
    Member {
        id: record.view.id.to_string(),
        kind: record.view.kind,
        index: record.view.index,
        entry_hash: BASE64.encode(record.view.entry_hash),
        names: named(record)
            .into_iter()
            .map(|(part, id)| Named {
                part,
                entry_hash: bundle
                    .by_id(&id)
                    .map(|it| BASE64.encode(it.view.entry_hash)),
                id,
            })
            .collect(),
        refs_elsewhere: elsewhere.map(|hash| BASE64.encode(hash)).collect(),
    }
}

/// The records that `record` names, as far as is shown: the member, and the id.
pub(super) fn named(record: &ShownRecord<'_>) -> Vec<(&'static str, String)> {
    let parts: &[&str] = match record.view.kind {
        Kind::Context => &["parents"],
        Kind::Generation => &["context"],
        Kind::Decision => &["contexts", "generations", "caused_by", "supersedes"],
        Kind::Review => &["decision", "new_decision"],
        Kind::Outcome => &["decision"],
        Kind::Hold => &["target/decision"],
        Kind::Release => &["hold"],
        Kind::Approval | Kind::Retirement => &["record"],
        Kind::Deployment => &["rollback_of"],
        Kind::Kpi => &["decision"],
        Kind::Unfreeze => &["freeze"],
        Kind::Import
        | Kind::Key
        | Kind::Succession
        | Kind::Erasure
        | Kind::Policy
        | Kind::Retention
        | Kind::Archive
        | Kind::Access
        | Kind::Artifact
        | Kind::Check
        | Kind::Freeze => &[],
        Kind::Token => &["token_id"],
    };
    let mut found = Vec::new();
    for part in parts {
        let pointer = format!("/{part}");
        let places = std::iter::once(pointer.clone()).chain(record.elements(&pointer));
        let ids = places.filter_map(|place| record.at(&place).string().map(str::to_owned));
        found.extend(ids.map(|id| (*part, id)));
    }
    found
}

fn used(bundle: &ShownBundle<'_>) -> Vec<Used> {
    let mut found: BTreeMap<Artifact, Vec<String>> = BTreeMap::new();
    for record in &bundle.records {
        for artifact in artifacts(record) {
            let hash = BASE64.encode(record.view.entry_hash);
            found.entry(artifact).or_default().push(hash);
        }
    }
    let used = found.into_iter().map(|(artifact, used_by)| {
        let Artifact {
            kind,
            name,
            version,
        } = artifact;
        Used {
            kind,
            name,
            version,
            used_by,
        }
    });
    used.collect()
}
