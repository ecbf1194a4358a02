//! Records: fields, commitments, root, and what they say of themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::bundle::{FieldEntry, RecordFile};
use super::super::contents::{Contents, EntryFile};
use super::super::file_name::FileName;
use super::super::report::Report;
use super::super::value;
use crate::log::{Hash, root};

pub(super) fn check(contents: &Contents, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for record in contents.records.values() {
        let file = FileName::Record(record.id).to_string();
        if !seen.insert(record.index) {
            report.find(&file, "index", "another record of the bundle has it too");
        }
        let values = check_fields(record, &file, report);
        check_disjoint(record, &values, &file, report);
        if let Some(entry) = contents.entries.get(&record.index) {
            check_entry(record, entry, &values, &file, report);
        }
    }
}

/// The values that are shown, by path, after a check of each field by itself.
fn check_fields<'r>(
    record: &'r RecordFile,
    file: &str,
    report: &mut Report,
) -> BTreeMap<&'r str, Value> {
    let mut values = BTreeMap::new();
    let mut last: Option<&str> = None;
    for (at, field) in record.fields.iter().enumerate() {
        let counts = &mut report.checked;
        *match field {
            FieldEntry::Shown { .. } => &mut counts.fields_shown,
            FieldEntry::Named { .. } => &mut counts.fields_named,
            FieldEntry::Hidden { .. } => &mut counts.fields_hidden,
        } += 1;
        if let FieldEntry::Named { why, .. } | FieldEntry::Hidden { why, .. } = field
            && why.trim().is_empty()
        {
            report.find(
                file,
                format!("fields[{at}]"),
                "it does not say why it is withheld",
            );
        }
        let Some(path) = field.path() else { continue };
        if !value::is_pointer(path) || path.matches('/').count() > MAX_DEPTH {
            report.find(file, path, "it is not a path of a record");
        }
        if last.is_some_and(|last| last >= path) {
            report.find(
                file,
                path,
                "the fields are not in order of path, or one is there twice",
            );
        }
        last = Some(path);
        if let FieldEntry::Shown { value: bytes, .. } = field {
            match value::read(bytes) {
                Some(value) => drop(values.insert(path, value)),
                None => report.find(file, path, "the value is not JSON with one meaning"),
            }
        }
    }
    values
}

/// No field lies within the value of another.
fn check_disjoint(
    record: &RecordFile,
    values: &BTreeMap<&str, Value>,
    file: &str,
    report: &mut Report,
) {
    for path in record.fields.iter().filter_map(FieldEntry::path) {
        let steps = path.match_indices('/').map(|(at, _)| at).skip(1);
        for at in steps.take(MAX_DEPTH) {
            let (above, below) = path.split_at(at);
            let overlaps = values
                .get(above)
                .is_some_and(|value| !value::has_room(value, below));
            if overlaps {
                report.find(file, path, format!("it lies within the value of {above}"));
            }
        }
    }
}

/// The record is the one that its entry commits to.
fn check_entry(
    record: &RecordFile,
    file_of_entry: &EntryFile,
    values: &BTreeMap<&str, Value>,
    file: &str,
    report: &mut Report,
) {
    let entry = &file_of_entry.entry;
    report.checked.records += 1;
    if u64::try_from(record.fields.len()).ok() != Some(entry.n) {
        let what = format!(
            "there are {} fields, the entry has {}",
            record.fields.len(),
            entry.n
        );
        report.find(file, "fields", what);
    }
    let leaves: Vec<Hash> = record.fields.iter().map(FieldEntry::leaf).collect();
    if entry.root_hash() != Some(root(&leaves)) {
        let what = "the fields are not those that were recorded: their root is not the entry's";
        report.find(file, "fields", what);
    }
    if record.id != entry.id {
        report.find(
            file,
            "id",
            format!("the entry is of another record, {}", entry.id),
        );
    }
    if record.kind != entry.kind {
        report.find(file, "kind", format!("the entry is of a {}", entry.kind));
    }
    let id = entry.id.to_string();
    for (path, said) in [("/id", id.as_str()), ("/schema", entry.schema.as_str())] {
        if values
            .get(path)
            .is_some_and(|value| value.as_str() != Some(said))
        {
            report.find(file, path, format!("the entry says {said}"));
        }
    }
}

/// Deeper than any field of a record is.
const MAX_DEPTH: usize = 40;
