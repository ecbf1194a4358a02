//! Values that were erased, and the records in a bundle that say so.

use contextrail::evidence::{
    FieldEntry, Gone, PAGES, PackInput, Redactions, Scope, Withheld, pack,
};
use contextrail::record::{Draft, Erasure};
use contextrail::seal::value_commitment;
use serde_json::{Value, json};

use super::both::Both;
use super::sealed_log::SealedLog;
use super::tamper::{Tampered, all_fail, record_file};
use crate::sample::{context, id};

/// A context with an input, an erasure of slot 1 of it, and an erasure of something else.
fn log() -> SealedLog {
    let erasure = |number: u64, slots: Value| {
        let body: Erasure = serde_json::from_value(json!({
            "subject_digest": format!("hmac-sha256:{}", "ab".repeat(32)), "reason": "request of 3 May",
            "approved_by": [{"id": "anna", "kind": "human", "method": "asserted"},
                            {"id": "ben", "kind": "human", "method": "asserted"}],
            "slots": slots, "keys": 2,
        }))
        .unwrap();
        Draft::new(id(number), body)
    };
    let body = context(json!({
        "entities": [{"type": "applicant", "id": "user_1"}], "inputs": {"income": 1000, "town": "Bonn"},
    }));
    SealedLog::of([
        Draft::new(id(1), body),
        erasure(2, json!([[0, 1], [17, 1]])),
        erasure(3, json!([[17, 1]])),
    ])
}

/// The context in a range of its own, its inputs erased by the record at `by`, which is carried.
fn erased(log: &SealedLog, by: usize) -> PackInput {
    let mut input = log.input(Scope::Range { from: 0, to: 0 }, &[0, by]);
    let gone = Gone {
        by: log.records[by].id,
        slot: 1,
    };
    for field in &mut input.records[0].fields {
        erase(field, "/inputs/", Some(gone));
    }
    input
}

fn erase(field: &mut FieldEntry, within: &str, gone: Option<Gone>) {
    let FieldEntry::Shown {
        path,
        class,
        salt,
        value,
    } = &*field
    else {
        return;
    };
    if path.starts_with(within) {
        *field = FieldEntry::Named {
            path: path.clone(),
            class: *class,
            commitment: value_commitment(salt, value),
            why: "erased".to_owned(),
            gone,
        };
    }
}

fn reports(log: &SealedLog, bundle: Vec<u8>) -> [Value; 2] {
    let mut both = Both::new(log.keys());
    both.add("bundle", bundle);
    both.reports().remove(0)
}

fn says(report: &Value, words: &str) -> bool {
    let lines = report["not_checked"].as_array().unwrap().iter();
    lines.filter_map(Value::as_str).any(|it| it.contains(words))
}

#[test]
fn a_value_is_gone_by_the_record_that_says_so() {
    let log = log();
    let mut input = erased(&log, 1);
    input.pages = Some(PAGES);
    for report in reports(&log, pack(input).unwrap()) {
        assert_eq!(report["findings"], json!([]), "{report:#}");
        assert_eq!(report["checked"]["gone"], 2);
        assert!(!says(&report, "said to be erased"));
    }
}

#[test]
fn a_record_that_does_not_say_so_or_is_not_there_is_found_by_both() {
    let log = log();
    let context = record_file(&log, 0);
    let bundle = pack(erased(&log, 1)).unwrap();
    let edited = |edit: &dyn Fn(&mut Value)| {
        let bundle = Tampered::of(&bundle).edit(&context, |it| {
            let fields = it["fields"].as_array_mut().unwrap();
            edit(
                fields
                    .iter_mut()
                    .find(|it| it.get("gone").is_some())
                    .unwrap(),
            );
        });
        bundle.resealed()
    };
    let mut dropped = erased(&log, 1);
    dropped.records.truncate(1);
    let mut plain = erased(&log, 1);
    let gone = Gone {
        by: log.records[1].id,
        slot: 1,
    };
    for field in &mut plain.records[0].fields {
        erase(field, "/environment", Some(gone));
    }
    let other = log.records[2].id;
    all_fail(
        &log,
        vec![
            ("dropped", context.clone(), pack(dropped).unwrap()),
            (
                "replaced by one that has nothing to do with it",
                record_file(&log, 2),
                pack(erased(&log, 2)).unwrap(),
            ),
            (
                "and says nothing of the value",
                context.clone(),
                pack(erased(&log, 2)).unwrap(),
            ),
            ("of a plain value", context.clone(), pack(plain).unwrap()),
            (
                "of another slot",
                context.clone(),
                edited(&|it| it["gone"]["slot"] = json!(2)),
            ),
            (
                "by another record",
                context.clone(),
                edited(&|it| it["gone"]["by"] = json!(other)),
            ),
            (
                "by the record itself",
                context.clone(),
                edited(&|it| it["gone"]["by"] = json!(id(1))),
            ),
            (
                "by nothing",
                context.clone(),
                edited(&|it| it["gone"] = json!({})),
            ),
        ],
    );
}

#[test]
fn a_value_that_is_said_to_be_erased_without_a_record_is_listed() {
    let log = log();
    let mut input = log.input(Scope::Range { from: 0, to: 0 }, &[0]);
    for field in &mut input.records[0].fields {
        erase(field, "/inputs/", None);
    }
    for report in reports(&log, pack(input).unwrap()) {
        assert_eq!(report["findings"], json!([]));
        let line = format!(
            "{}: values that are said to be erased, without the record of that: /inputs/income, /inputs/town",
            record_file(&log, 0)
        );
        assert!(says(&report, &line), "{report:#}");
    }
}

#[test]
fn an_erasure_that_withholds_what_it_took_proves_nothing_of_it() {
    let log = log();
    let mut input = erased(&log, 1);
    input.redactions = Redactions::new("w").with(Withheld::Value, "/slots".parse().unwrap());
    for report in reports(&log, pack(input).unwrap()) {
        assert_eq!(report["findings"], json!([]), "{report:#}");
        assert_eq!(report["checked"]["gone"], 0);
        assert!(says(
            &report,
            "does not show what it took away: /inputs/income, /inputs/town"
        ));
    }
}

#[test]
fn texts_are_listed_by_name_with_what_keeps_them() {
    let log = SealedLog::new();
    let mut input = log.decision_input();
    let context = &mut input.records[0];
    context.text = None;
    for field in &mut context.fields {
        erase(field, "/assembly/text_digest", None);
        erase(field, "/assembly/items/1/digest", None);
    }
    input.redactions =
        Redactions::new("w").with(Withheld::Value, "/assembly/items/0".parse().unwrap());
    let line = format!(
        "{}: texts that are withheld, or their digests are, so that nothing can be compared: item 0 (withheld), \
         item 1 (erased), the text as it was sent (erased)",
        record_file(&log, super::sealed_log::CONTEXT)
    );
    for report in reports(&log, pack(input).unwrap()) {
        assert!(says(&report, &line), "{report:#}");
    }
    let mut hidden = log.decision_input();
    hidden.redactions = Redactions::new("w").with(Withheld::Field, "/inputs".parse().unwrap());
    for report in reports(&log, pack(hidden).unwrap()) {
        assert!(says(&report, "whether it has further texts"), "{report:#}");
    }
}

#[test]
fn texts_that_redaction_kept_from_being_stored_are_listed_with_the_rule() {
    let (assembly, texts) =
        crate::sample::assembled(&[("call +49 30 1234567", contextrail::record::Class::Personal)]);
    let mut draft = Draft::new(
        id(1),
        context(json!({
            "assembly": assembly,
            "capture": {"door": "native", "sections": {}, "warnings": [], "redactions": [
                {"rule": "phones", "path": "/assembly/items/0/text", "kind": "phone", "length": 14,
                 "treatment": "drop"}]},
        })),
    );
    draft.texts = texts;
    let log = SealedLog::of([draft]);
    let mut input = log.whole_input();
    input.records[0].text = None;
    for report in reports(&log, pack(input).unwrap()) {
        let line = "the text as it was sent, item 0 (not stored: redaction rule phones)";
        assert!(says(&report, line), "{report:#}");
    }
}
