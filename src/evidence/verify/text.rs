//! Texts against the digests in their records.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::bundle::{FieldEntry, RecordFile};
use super::super::carried_text::CarriedText;
use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::pack::withholds_text;
use super::super::report::Report;
use super::super::value;
use super::gone::ERASED;
use crate::record::{Class, Digest, Kind, TEMPLATE_TEXT_PATH};

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

/// Lists, by name, the texts that nothing is compared with: those that are not carried though their
/// digest is shown, with the rule that kept them from being stored; those that are withheld with their
/// digest; and that there may be more among hidden fields.
fn name_missing(record: &RecordFile, carried: Option<&CarriedText>, report: &mut Report) {
    let file = FileName::Record(record.id);
    let mut name = |what: &str, texts: &[String]| {
        if !texts.is_empty() {
            let line = format!("{file}: {what}: {}", texts.join(", "));
            report.not_checked.push(line);
        }
    };
    let missing = not_carried(record, carried);
    name(
        "texts whose digests it shows and that are not in the bundle",
        &missing,
    );
    let withheld: Vec<String> = record.fields.iter().filter_map(withheld).collect();
    name(
        "texts that are withheld, or their digests are, so that nothing can be compared",
        &withheld,
    );
    let hides = record.fields.iter().any(|it| it.path().is_none());
    if hides && matches!(record.kind, Kind::Context | Kind::Generation) {
        let what = "whether it has further texts: digests of them may be among its hidden fields";
        report.not_checked.push(format!("{file}: {what}"));
    }
}

fn not_carried(record: &RecordFile, carried: Option<&CarriedText>) -> Vec<String> {
    let traces = traces(record);
    let stored = |name: String, path: &str| match traces.get(path) {
        Some(rule) => format!("{name} (not stored: redaction rule {rule})"),
        None => name,
    };
    let shows = |path| value::at(record, path).is_some();
    let whole = shows("/assembly/text_digest") && carried.is_none_or(|it| it.text.is_none());
    let mut missing: Vec<String> = Vec::new();
    if whole {
        missing.push("the text as it was sent".to_owned());
    }
    for (item, digest) in item_digests(record) {
        if carried.is_none_or(|carried| !carried.items.contains_key(&digest)) {
            let path = format!("/assembly/items/{item}/text");
            missing.push(stored(format!("item {item}"), &path));
        }
    }
    if shows("/template/digest") {
        missing.push(stored("the template".to_owned(), TEMPLATE_TEXT_PATH));
    }
    if record.kind == Kind::Generation && shows("/text_digest") {
        missing.push(stored("the answer".to_owned(), "/text"));
    }
    missing
}

/// The text that is withheld with the field, and whether for good.
fn withheld(field: &FieldEntry) -> Option<String> {
    let FieldEntry::Named {
        path,
        class,
        why,
        gone,
        ..
    } = field
    else {
        return None;
    };
    let item = path.strip_prefix("/assembly/items/");
    let name = match (path.as_str(), item.map(|it| it.split_once('/'))) {
        ("/assembly/text_digest", _) => "the text as it was sent".to_owned(),
        ("/template/digest", _) => "the template".to_owned(),
        ("/text" | "/text_digest", _) => "the answer".to_owned(),
        // Of an item of personal text the digest is a field of its own.
        (_, Some(None)) if *class != Class::Plain => format!("item {}", item?),
        (_, Some(Some((item, "digest")))) => format!("item {item}"),
        _ => return None,
    };
    let is_gone = gone.is_some() || why == ERASED;
    Some(format!(
        "{name} ({})",
        if is_gone { "erased" } else { "withheld" }
    ))
}

/// The rules that took something out of the record before it was sealed, by the path of what they took.
fn traces(record: &RecordFile) -> BTreeMap<String, String> {
    let of_context = value::at(record, "/capture").and_then(|it| it.get("redactions").cloned());
    let list = of_context.or_else(|| value::at(record, "/redactions"));
    let list = list
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let text = |trace: &Value, name: &str| Some(trace.get(name)?.as_str()?.to_owned());
    list.filter_map(|trace| Some((text(trace, "path")?, text(trace, "rule")?)))
        .collect()
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
