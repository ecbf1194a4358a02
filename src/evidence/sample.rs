//! Small records for the tests within this module.

use std::collections::BTreeMap;

use super::bundle::FieldEntry;
use super::view::RecordView;
use crate::record::{Class, Kind, RecordId};

/// A context of the given fields: path and value, or a hidden one.
pub(super) fn record(fields: &[(&str, Option<&str>)]) -> RecordView {
    let field = |(path, value): &(&str, Option<&str>)| match value {
        Some(value) => FieldEntry::Shown {
            path: (*path).to_owned(),
            class: Class::Plain,
            salt: [0; 32],
            value: value.as_bytes().to_vec(),
        },
        None => FieldEntry::Hidden {
            leaf: [0; 32],
            why: String::new(),
        },
    };
    RecordView {
        id: RecordId::from_uuid(uuid::Uuid::nil()),
        kind: Kind::Context,
        index: 0,
        entry_hash: [0; 32],
        refs: Vec::new(),
        fields: fields.iter().map(field).collect(),
        text: None,
        texts: BTreeMap::new(),
    }
}
