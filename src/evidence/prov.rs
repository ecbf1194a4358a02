//! `prov.json`: where things came from, in PROV-JSON (W3C member submission of 24 April 2013).
//!
//! Records, and what they used, are entities; what made a record is an activity; people and systems
//! are agents. Nothing stands here that the bundle does not show.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::artifact::{Artifact, artifacts};
use super::related::named;
use super::shown::{ShownBundle, ShownRecord};
use crate::codec::{Layout, WriteError, write_json};
use crate::record::Kind;

pub(super) fn json(bundle: &ShownBundle<'_>) -> Result<String, WriteError> {
    let mut document = Document::default();
    for record in &bundle.records {
        document.record(bundle, record);
    }
    Ok(write_json(&document.finish(), Layout::Pretty)? + "\n")
}

/// The document being written: per kind of statement, the statements by name.
#[derive(Default)]
struct Document {
    statements: BTreeMap<&'static str, Map<String, Value>>,
}

impl Document {
    fn record(&mut self, bundle: &ShownBundle<'_>, record: &ShownRecord<'_>) {
        let view = record.view;
        let id = view.id.to_string();
        let (entity, activity) = (entity_name(&id), activity_name(view.kind, &id));
        let members = json!({
            "prov:type": qualified(&format!("ct:{}", view.kind)),
            "ct:index": view.index,
            "ct:entryHash": BASE64.encode(view.entry_hash),
        });
        self.put("entity", &entity, members);
        self.put("activity", &activity, made(record));
        self.relate(
            "wasGeneratedBy",
            json!({"prov:entity": entity, "prov:activity": activity}),
        );
        for artifact in artifacts(record) {
            let used = self.artifact(&artifact);
            self.relate(
                "used",
                json!({"prov:activity": activity, "prov:entity": used}),
            );
        }
        self.parties(record, &entity, &activity);
        for (part, other) in named(record) {
            self.named(bundle, record, (part, &other));
        }
    }

    /// Who recorded it, and who did what was recorded.
    fn parties(&mut self, record: &ShownRecord<'_>, entity: &str, activity: &str) {
        if let Some(agent) = self.agent(record, "/actor") {
            self.relate(
                "wasAttributedTo",
                json!({"prov:entity": entity, "prov:agent": agent}),
            );
        }
        let by = match record.view.kind {
            Kind::Decision => "/decided_by",
            Kind::Hold => "/placed_by",
            _ => "/actor",
        };
        if let Some(agent) = self.agent(record, by) {
            self.relate(
                "wasAssociatedWith",
                json!({"prov:activity": activity, "prov:agent": agent}),
            );
        }
    }

    /// What it means that `record` names the record `other` as its `part`.
    fn named(
        &mut self,
        bundle: &ShownBundle<'_>,
        record: &ShownRecord<'_>,
        (part, other): (&str, &str),
    ) {
        let id = record.view.id.to_string();
        let (entity, activity) = (entity_name(&id), activity_name(record.view.kind, &id));
        let other_entity = entity_name(other);
        let is_here = bundle.by_id(other);
        if is_here.is_none() {
            self.put("entity", &other_entity, json!({"ct:inBundle": false}));
        }
        match part {
            // The review comes first: the new decision is made because of it.
            "new_decision" => self.derived(&other_entity, &entity, None),
            "supersedes" => self.derived(&entity, &other_entity, Some(qualified("prov:Revision"))),
            _ => {
                self.relate(
                    "used",
                    json!({"prov:activity": activity, "prov:entity": other_entity}),
                );
                self.derived(&entity, &other_entity, None);
            }
        }
        if let Some(there) = is_here.filter(|_| matches!(part, "parents" | "caused_by")) {
            let before = activity_name(there.view.kind, other);
            self.relate(
                "wasInformedBy",
                json!({"prov:informed": activity, "prov:informant": before}),
            );
        }
    }

    fn derived(&mut self, later: &str, earlier: &str, how: Option<Value>) {
        let mut members = json!({"prov:generatedEntity": later, "prov:usedEntity": earlier});
        if let Some(how) = how {
            members["prov:type"] = how;
        }
        self.relate("wasDerivedFrom", members);
    }

    fn artifact(&mut self, artifact: &Artifact) -> String {
        let Artifact {
            kind,
            name,
            version,
        } = artifact;
        let id = format!(
            "ct:used-{}",
            digest(&[kind, name, version.as_deref().unwrap_or_default()])
        );
        let mut members = json!({
            "prov:type": qualified("ct:artifact"),
            "ct:kind": kind,
            "prov:label": name,
        });
        if let Some(version) = version {
            members["ct:version"] = version.as_str().into();
        }
        self.put("entity", &id, members);
        id
    }

    fn agent(&mut self, record: &ShownRecord<'_>, pointer: &str) -> Option<String> {
        let label = record.at(&format!("{pointer}/id")).text()?;
        let is_person = record.at(&format!("{pointer}/kind")).string() == Some("human");
        let kind = if is_person { "Person" } else { "SoftwareAgent" };
        let id = format!("ct:agent-{}", digest(&[kind, &label]));
        let kind = qualified(&format!("prov:{kind}"));
        self.put(
            "agent",
            &id,
            json!({"prov:type": kind, "prov:label": label}),
        );
        Some(id)
    }

    fn put(&mut self, statement: &'static str, name: &str, members: Value) {
        let known = self.statements.entry(statement).or_default();
        known.entry(name.to_owned()).or_insert(members);
    }

    fn relate(&mut self, statement: &'static str, members: Value) {
        let known = self.statements.entry(statement).or_default();
        let name = format!("_:{statement}{:05}", known.len() + 1);
        known.insert(name, members);
    }

    fn finish(self) -> Value {
        let mut document = json!({"prefix": {"ct": "urn:contextrail:"}});
        for (statement, members) in self.statements {
            document[statement] = Value::Object(members);
        }
        document
    }
}

/// What made a record, with the times that are shown.
fn made(record: &ShownRecord<'_>) -> Value {
    let (begun, ended) = match record.view.kind {
        Kind::Context => ("/created_at", "/sealed_at"),
        Kind::Decision => ("", "/decided_at"),
        Kind::Review => ("/presented_at", "/decided_at"),
        Kind::Outcome | Kind::Kpi => ("", "/at"),
        Kind::Generation
        | Kind::Import
        | Kind::Key
        | Kind::Succession
        | Kind::Erasure
        | Kind::Hold
        | Kind::Release
        | Kind::Policy
        | Kind::Retention
        | Kind::Archive
        | Kind::Token
        | Kind::Access
        | Kind::Artifact
        | Kind::Approval
        | Kind::Retirement
        | Kind::Deployment
        | Kind::Check
        | Kind::Freeze
        | Kind::Unfreeze => ("", "/recorded_at"),
    };
    let mut members = json!({"prov:type": qualified(&format!("ct:{}", verb(record.view.kind)))});
    for (name, pointer) in [("prov:startTime", begun), ("prov:endTime", ended)] {
        if let Some(time) = record.at(pointer).time() {
            members[name] = time.to_string().into();
        }
    }
    members
}

fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::Context => "assembling",
        Kind::Generation => "answering",
        Kind::Decision => "deciding",
        Kind::Review => "reviewing",
        Kind::Outcome => "observing",
        Kind::Import => "importing",
        Kind::Key => "changing_a_key",
        Kind::Succession => "beginning_an_epoch",
        Kind::Erasure => "erasing",
        Kind::Hold => "placing_a_hold",
        Kind::Release => "releasing_a_hold",
        Kind::Policy => "setting_a_policy",
        Kind::Token => "granting_access",
        Kind::Access => "looking",
        Kind::Retention => "expiring",
        Kind::Archive => "archiving",
        Kind::Artifact => "registering",
        Kind::Approval => "approving",
        Kind::Retirement => "retiring",
        Kind::Deployment => "deploying",
        Kind::Kpi => "measuring",
        Kind::Check => "checking",
        Kind::Freeze => "freezing",
        Kind::Unfreeze => "lifting_a_freeze",
    }
}

fn entity_name(id: &str) -> String {
    match id.parse::<crate::record::RecordId>() {
        Ok(id) => format!("ct:record-{id}"),
        // Whatever stands in its place may have no form that a name may have.
        Err(_) => format!("ct:record-{}", digest(&[id])),
    }
}

fn activity_name(kind: Kind, id: &str) -> String {
    format!("ct:{}-{id}", verb(kind))
}

fn qualified(name: &str) -> Value {
    json!({"$": name, "type": "prov:QUALIFIED_NAME"})
}

/// A name for anything, in characters that every name may have.
fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0]);
    }
    let hash = hasher.finalize();
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
