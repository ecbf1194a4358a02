//! Texts against the digests in their records.

use serde_json::Value;

use super::super::bundle::{FieldEntry, RecordFile};
use super::super::carried_text::CarriedText;
use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::pack::withholds_text;
use super::super::report::Report;
use super::super::value;
use crate::record::Digest;

pub(super) fn check(contents: &Contents, report: &mut Report) {
    for (id, carried) in &contents.texts {
        let file = FileName::Text(*id).to_string();
        let Some(record) = contents.records.get(id) else {
            report.find(&file, "", "there is no readable record of this text");
            continue;
        };
        if withholds_text(&record.fields) {
            let what = "the text is given although fields it came from are withheld";
            report.find(&file, "", what);
        }
        if let Some(text) = &carried.text {
            report.checked.texts += 1;
            let digest = value::at(record, "/assembly/text_digest").and_then(|it| digest(&it));
            if !digest.is_some_and(|digest| carried.fits(text, &digest)) {
                report.find(
                    &file,
                    "text",
                    "it is not the text that the record commits to",
                );
            }
        }
        check_items(record, carried, &file, report);
    }
    for record in contents.records.values() {
        name_missing(record, contents.texts.get(&record.id), report);
    }
}

/// Lists the texts whose digest the record shows and which the bundle does not carry.
fn name_missing(record: &RecordFile, carried: Option<&CarriedText>, report: &mut Report) {
    let whole =
        value::at(record, "/assembly/text_digest").map(|_| "the text as it was sent".to_owned());
    let whole = whole.filter(|_| carried.is_none_or(|it| it.text.is_none()));
    let items = item_digests(record);
    let items =
        items.filter(|(_, it)| carried.is_none_or(|carried| !carried.items.contains_key(it)));
    let items = items.map(|(item, _)| format!("item {item}"));
    let missing: Vec<String> = whole.into_iter().chain(items).collect();
    if !missing.is_empty() {
        report.not_checked.push(format!(
            "{}: texts whose digests it shows and that are not in the bundle: {}",
            FileName::Record(record.id),
            missing.join(", ")
        ));
    }
}

fn check_items(record: &RecordFile, carried: &CarriedText, file: &str, report: &mut Report) {
    let committed: Vec<Digest> = item_digests(record).map(|(_, it)| it).collect();
    for (digest, text) in &carried.items {
        report.checked.texts += 1;
        let place = format!("items[\"{digest}\"]");
        if !committed.contains(digest) {
            report.find(file, place, "no item of the record has this digest");
        } else if !carried.fits(text, digest) {
            report.find(file, place, "it is not the text of this digest");
        }
    }
}

/// The digests of the items that the record shows, each with the number of its item.
fn item_digests(record: &RecordFile) -> impl Iterator<Item = (&str, Digest)> {
    let fields = record.fields.iter();
    fields.filter_map(|field| {
        let FieldEntry::Shown { path, value, .. } = field else {
            return None;
        };
        let rest = path.strip_prefix("/assembly/items/")?;
        let value = value::read(value)?;
        match rest.split_once('/') {
            None => Some((rest, digest(value.get("digest")?)?)),
            Some((item, "digest")) => Some((item, digest(&value)?)),
            Some(_) => None,
        }
    })
}

fn digest(value: &Value) -> Option<Digest> {
    value.as_str()?.parse().ok()
}
