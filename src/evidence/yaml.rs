//! `record/<id>.yaml`: a record as it reads, with marks where values are withheld.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::bundle::FieldEntry;
use super::shown::ShownRecord;
use super::tree::{Shape, Tree};
use crate::codec::{WriteError, write_yaml};

pub(super) fn record(record: &ShownRecord<'_>) -> Result<String, WriteError> {
    let fields = &record.view.fields;
    let yaml = write_yaml(&Document {
        id: record.view.id.to_string(),
        kind: record.view.kind.as_str(),
        index: record.view.index,
        entry_hash: BASE64.encode(record.view.entry_hash),
        record: Members(&record.tree),
        redacted: fields.iter().filter_map(redacted).collect(),
        hidden: fields.iter().filter_map(hidden).collect(),
    })?;
    Ok(format!("{HEADER}{yaml}"))
}

#[derive(Serialize)]
struct Document<'v> {
    id: String,
    kind: &'static str,
    index: u64,
    entry_hash: String,
    record: Members<'v>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redacted: Vec<Redacted<'v>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hidden: Vec<Hidden<'v>>,
}

#[derive(Serialize)]
struct Redacted<'v> {
    path: &'v str,
    class: &'static str,
    commitment: String,
    why: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone_by: Option<String>,
}

#[derive(Serialize)]
struct Hidden<'v> {
    leaf: String,
    why: &'v str,
}

/// The members of a record, those that every record has first.
struct Members<'v>(&'v Tree);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Shape::Object(members) = &self.0.shape else {
            return serializer.collect_map::<&str, (), _>([]);
        };
        let mut map = serializer.serialize_map(None)?;
        for name in HEAD {
            if let Some(tree) = members.get(name) {
                map.serialize_entry(name, tree)?;
            }
        }
        for (name, tree) in members {
            if !HEAD.contains(&name.as_str()) {
                map.serialize_entry(name, tree)?;
            }
        }
        map.end()
    }
}

fn redacted(field: &FieldEntry) -> Option<Redacted<'_>> {
    match field {
        FieldEntry::Named {
            path,
            class,
            commitment,
            why,
            gone,
        } => Some(Redacted {
            path,
            class: class.as_str(),
            commitment: BASE64.encode(commitment),
            why,
            gone_by: gone.map(|it| it.by.to_string()),
        }),
        FieldEntry::Shown { .. } | FieldEntry::Hidden { .. } => None,
    }
}

fn hidden(field: &FieldEntry) -> Option<Hidden<'_>> {
    match field {
        FieldEntry::Hidden { leaf, why } => Some(Hidden {
            leaf: BASE64.encode(leaf),
            why,
        }),
        FieldEntry::Shown { .. } | FieldEntry::Named { .. } => None,
    }
}

const HEADER: &str = "\
# For reading. What is proved are the fields in the folder records/, from which this was made.
# Under `record`, {redacted: CLASS, why: ...} stands where a value is withheld, and {hidden: true} for
# an element of which nothing is known; a record may hold such words itself, so the lists `redacted`
# and `hidden` at the end are what counts.
";
const HEAD: [&str; 5] = ["schema", "id", "tenant", "recorded_at", "actor"];
