//! The records that an exported decision carries whole: its reviews, outcomes and generations.

use super::error::{ReadError, ReadErrorKind};
use super::node::{Node, Tree};
use super::record::{ExportedRecord, Unknown, decode_record};
use crate::record::Kind;

/// Decodes an exported record and those that it carries, in the order in which they stand.
///
/// A decision carries records of its own under `reviews`, `outcomes` and `generation_records`;
/// records of other kinds carry none. What several decisions carry comes once for each of them.
///
/// # Errors
///
/// [`ReadError`] with path and place: what [`decode_record`] refuses, and a record of another kind
/// than the member says.
pub fn decode_records(node: &Node, unknown: Unknown) -> Result<Vec<ExportedRecord>, ReadError> {
    let record = decode_record(node, unknown)?;
    let carries = record.record.kind() == Kind::Decision;
    let mut records = vec![record];
    for member in node.members().into_iter().flatten().filter(|_| carries) {
        let Some(kind) = kind_in(&member.name) else {
            continue;
        };
        let carried =
            list(&member.value, kind, unknown).map_err(|error| error.in_member(&member.name))?;
        records.extend(carried);
    }
    Ok(records)
}

/// The kind of the records that a decision carries under `name`.
pub(super) fn kind_in(name: &str) -> Option<Kind> {
    CARRIED
        .iter()
        .find(|(member, _)| *member == name)
        .map(|(_, kind)| *kind)
}

fn list(node: &Node, kind: Kind, unknown: Unknown) -> Result<Vec<ExportedRecord>, ReadError> {
    let Tree::Sequence(elements) = &node.tree else {
        return Err(ReadError::wrong_type("a list of records", &node.tree).or_at(node.at));
    };
    let decoded = elements.iter().enumerate().map(|(index, element)| {
        one(element, kind, unknown).map_err(|error| error.or_at(element.at).in_element(index))
    });
    decoded.collect()
}

fn one(node: &Node, kind: Kind, unknown: Unknown) -> Result<ExportedRecord, ReadError> {
    let record = decode_record(node, unknown)?;
    let found = record.record.kind();
    if found == kind {
        return Ok(record);
    }
    let message = format!("expected a record of kind {kind}, found one of kind {found}");
    Err(ReadError::new(ReadErrorKind::InvalidValue, message).or_at(node.at))
}

const CARRIED: [(&str, Kind); 3] = [
    ("reviews", Kind::Review),
    ("outcomes", Kind::Outcome),
    ("generation_records", Kind::Generation),
];
