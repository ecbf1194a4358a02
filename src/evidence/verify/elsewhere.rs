//! Records that those of a bundle name, and that are not in it.

use super::super::bundle::{FieldEntry, RecordFile};
use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::report::Report;
use super::super::value;
use crate::record::Kind;

/// Lists, record by record, the ids it shows of records that the bundle does not carry.
pub(super) fn check(contents: &Contents, report: &mut Report) {
    for record in contents.records.values() {
        let missing: Vec<String> = named(record)
            .filter(|(_, id)| {
                let id = id.parse();
                !id.is_ok_and(|id| contents.records.contains_key(&id))
            })
            .map(|(path, id)| format!("{path} {id}"))
            .collect();
        if !missing.is_empty() {
            report.not_checked.push(format!(
                "{}: records that it names and that are not in the bundle: {}",
                FileName::Record(record.id),
                missing.join(", ")
            ));
        }
    }
}

/// The paths at which `record` shows the id of a record, with the ids.
fn named(record: &RecordFile) -> impl Iterator<Item = (&str, String)> {
    let (one, many) = members(record.kind);
    record.fields.iter().filter_map(move |field| {
        let FieldEntry::Shown { path, value, .. } = field else {
            return None;
        };
        let member = path.strip_prefix('/')?;
        let names = one.contains(&member)
            || member
                .split_once('/')
                .is_some_and(|(list, _)| many.contains(&list));
        let value = value::read(value).filter(|_| names)?;
        Some((path.as_str(), value.as_str()?.to_owned()))
    })
}

/// The members that name one record, and those that list some.
const fn members(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::Context => (&[], &["parents"]),
        Kind::Generation => (&["context"], &[]),
        Kind::Decision => (&["supersedes"], &["contexts", "generations", "caused_by"]),
        Kind::Review => (&["decision", "new_decision"], &[]),
        Kind::Outcome => (&["decision"], &[]),
        Kind::Hold => (&["target/decision"], &[]),
        Kind::Release => (&["hold"], &[]),
        Kind::Approval | Kind::Retirement => (&["record"], &[]),
        Kind::Deployment => (&["rollback_of"], &[]),
        Kind::Kpi => (&["decision"], &[]),
        Kind::Unfreeze => (&["freeze"], &[]),
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
        | Kind::Freeze => (&[], &[]),
        Kind::Token => (&["token_id"], &[]),
    }
}
