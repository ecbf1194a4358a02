//! Bundles from which something was left out: what is referred to is named, and what cannot be seen to
//! be missing is said.

use contextrail::evidence::{PackInput, pack};
use serde_json::Value;

use super::both::Both;
use super::sealed_log::{CONTEXT, DECISION, SealedLog};
use super::tamper::{Tampered, record_file};

/// What both verifiers say was not checked; they have to say the same.
fn not_checked(log: &SealedLog, bundle: Vec<u8>) -> Vec<String> {
    let mut both = Both::new(log.keys());
    both.add("bundle", bundle);
    let [library, script] = both.reports().remove(0);
    assert_eq!(library["state"], "verified", "{library:#}");
    let lines = |report: &Value| -> Vec<String> {
        let lines = report["not_checked"].as_array().unwrap().iter();
        lines.map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(lines(&library), lines(&script));
    lines(&library)
}

fn without(mut input: PackInput, index: u64) -> Vec<u8> {
    input.records.retain(|it| it.index != index);
    pack(input).unwrap()
}

#[test]
fn a_record_that_others_refer_to_is_named_when_it_is_left_out() {
    let log = SealedLog::new();
    let context = log.records[CONTEXT].id;
    let said = not_checked(&log, without(log.entity_input(), 1));
    let of_entry =
        "entries/3.json: records that it refers to and that are not in the bundle: refs[0]";
    assert!(said.contains(&of_entry.to_owned()), "{said:#?}");
    let of_record = format!(
        "{}: records that it names and that are not in the bundle: /contexts/0 {context}",
        record_file(&log, DECISION)
    );
    assert!(said.contains(&of_record), "{said:#?}");
}

#[test]
fn the_decision_that_a_review_is_of_is_named_when_it_is_left_out() {
    let log = SealedLog::new();
    let mut input = log.range_input();
    input.claim.scope = contextrail::evidence::Scope::Range { from: 4, to: 5 };
    input.records = vec![log.packed_record(4), log.packed_record(5)];
    let said = not_checked(&log, pack(input).unwrap());
    let decision = log.records[DECISION].id;
    for index in [4, 5] {
        let named = format!(
            "{}: records that it names and that are not in the bundle: /decision {decision}",
            record_file(&log, index)
        );
        assert!(said.contains(&named), "{said:#?}");
        assert!(
            said.iter()
                .any(|it| it.starts_with(&format!("entries/{index}.json: ")))
        );
    }
}

#[test]
fn a_text_whose_digest_is_shown_is_named_when_it_is_left_out() {
    let log = SealedLog::new();
    let bundle = pack(log.decision_input()).unwrap();
    let file = format!("texts/{}.json", log.records[CONTEXT].id);
    let start = format!(
        "{}: texts whose digests it shows and that are not in the bundle: ",
        record_file(&log, CONTEXT)
    );
    let all = not_checked(&log, Tampered::of(&bundle).remove(&file).resealed());
    assert!(
        all.contains(&format!("{start}the text as it was sent, item 0, item 1")),
        "{all:#?}"
    );
    let item = Tampered::of(&bundle).edit(&file, |it| {
        let items = it["items"].as_object_mut().unwrap();
        let first = items
            .keys()
            .find(|it| it.starts_with("sha256:"))
            .unwrap()
            .clone();
        items.remove(&first);
    });
    let one = not_checked(&log, item.resealed());
    assert!(one.contains(&format!("{start}item 0")), "{one:#?}");
    let text = Tampered::of(&bundle).edit(&file, |it| {
        it.as_object_mut().unwrap().remove("text");
    });
    let text = not_checked(&log, text.resealed());
    assert!(
        text.contains(&format!("{start}the text as it was sent")),
        "{text:#?}"
    );
    assert_eq!(not_checked(&log, bundle).len(), 1, "custody alone");
}

#[test]
fn that_what_points_at_a_decision_may_be_held_back_is_in_every_report_on_decisions() {
    let log = SealedLog::new();
    // The review is left out, and nothing in the bundle refers to it.
    let unseen = without(log.decision_input(), 4);
    assert_eq!(not_checked(&log, unseen.clone()).len(), 1);
    let mut both = Both::new(log.keys());
    both.add("decision", pack(log.decision_input()).unwrap());
    both.add("decision without its review", unseen);
    both.add("entity", pack(log.entity_input()).unwrap());
    both.add("range", pack(log.range_input()).unwrap());
    let words = [
        "That there are no further reviews or outcomes is not proved; a range bundle proves that nothing in between was held back.",
        "That there are no further reviews or outcomes is not proved; a range bundle proves that nothing in between was held back.",
        "That there are no further records about the entity is not proved; a range bundle proves that nothing in between was held back.",
        "what the maker of the bundle says.",
    ];
    for (reports, words) in both.reports().into_iter().zip(words) {
        assert_eq!(reports[0]["not_proved"], reports[1]["not_proved"]);
        assert!(
            reports[0]["not_proved"].as_str().unwrap().ends_with(words),
            "{:#}",
            reports[0]
        );
    }
}
