//! Values that are gone: the records that say so.

use std::collections::BTreeMap;

use super::super::bundle::{FieldEntry, Gone, RecordFile};
use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::report::Report;
use super::super::value;
use crate::record::Class;

/// Every value that is said to be gone is in a slot that a record of the bundle says is gone. Those of
/// which no record is named are listed: why they are missing is what the maker of the bundle says.
pub(super) fn check(contents: &Contents, report: &mut Report) {
    for record in contents.records.values() {
        let mut unnamed = Vec::new();
        let mut unsaid: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for field in &record.fields {
            let FieldEntry::Named {
                path,
                class,
                why,
                gone,
                ..
            } = field
            else {
                continue;
            };
            match gone {
                Some(gone) => match judged(record, (*class, *gone), contents) {
                    Ok(true) => report.checked.gone += 1,
                    Ok(false) => unsaid.entry(gone.by.to_string()).or_default().push(path),
                    Err(what) => report.find(FileName::Record(record.id), path, what),
                },
                None if why == ERASED => unnamed.push(path.as_str()),
                None => {}
            }
        }
        let file = FileName::Record(record.id);
        if !unnamed.is_empty() {
            report.not_checked.push(format!(
                "{file}: values that are said to be erased, without the record of that: {}",
                unnamed.join(", ")
            ));
        }
        for (by, paths) in unsaid {
            report.not_checked.push(format!(
                "{file}: values that are said to be gone, of which {by} does not show what it took away: {}",
                paths.join(", ")
            ));
        }
    }
}

/// Whether the record named says that the slot is gone; `false` when it does not show what it says.
fn judged(
    record: &RecordFile,
    (class, gone): (Class, Gone),
    contents: &Contents,
) -> Result<bool, String> {
    if class != Class::Personal {
        return Err("it is said to be gone, and only values about people can go".to_owned());
    }
    let by = contents
        .records
        .get(&gone.by)
        .filter(|it| it.kind.takes_away());
    let Some(by) = by else {
        let what = "it is said to be gone, and the record that is to say so is not in the bundle";
        return Err(format!("{what}: {}", gone.by));
    };
    match slots(by) {
        None => Ok(false),
        Some(slots) if slots.contains(&[record.index, gone.slot.into()]) => Ok(true),
        Some(_) => Err(format!(
            "it is said to be gone, and the record {} does not say that of slot {}",
            gone.by, gone.slot
        )),
    }
}

/// The slots that a record says are gone, by index and number; `None` when it does not show them.
pub(super) fn slots(record: &RecordFile) -> Option<Vec<[u64; 2]>> {
    serde_json::from_value(value::at(record, "/slots")?).ok()
}

/// The reason that is given for values that were erased.
pub(super) const ERASED: &str = "erased";
