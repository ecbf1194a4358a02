//! What the maker of a bundle says, and nothing commits to: both verifiers say that it is not proved.

use contextrail::evidence::{Redactions, Withheld, pack};
use serde_json::{Value, json};

use super::both::Both;
use super::sealed_log::{DECISION, SealedLog};
use super::tamper::{Tampered, record_file};

fn reports(log: &SealedLog, bundle: Vec<u8>) -> [Value; 2] {
    let mut both = Both::new(log.keys());
    both.add("bundle", bundle);
    both.reports().remove(0)
}

fn line<'r>(report: &'r Value, start: &str) -> Option<&'r str> {
    let mut lines = report["not_checked"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str);
    lines.find(|it| it.starts_with(start))
}

#[test]
fn a_reason_can_be_changed_unseen_and_so_is_said_to_be_the_words_of_the_maker() {
    let log = SealedLog::new();
    let mut input = log.decision_input();
    input.redactions = Redactions::new("asked for by the customer")
        .with(Withheld::Value, "/outcome".parse().unwrap())
        .with(Withheld::Field, "/reasons".parse().unwrap());
    let changed = Tampered::of(&pack(input).unwrap())
        .edit(&record_file(&log, DECISION), |it| {
            for field in it["fields"].as_array_mut().unwrap() {
                if field.get("why").is_some() {
                    field["why"] = json!("erased by law");
                }
            }
        })
        .edit("custody.json", |it| it["why"] = json!("another case"))
        .resealed();
    for report in reports(&log, changed) {
        assert_eq!(report["state"], "verified");
        let reasons = line(
            &report,
            "records/*.json: the reasons why 3 fields are withheld",
        );
        assert!(
            reasons
                .unwrap()
                .contains("what the maker of the bundle says"),
            "{report:#}"
        );
        assert!(line(&report, "custody.json: who made the bundle").is_some());
    }
}

#[test]
fn that_nobody_signs_the_manifest_is_in_every_report() {
    let log = SealedLog::new();
    for (_, bundle) in log.bundles() {
        for report in reports(&log, bundle) {
            let words = report["not_proved"].as_str().unwrap();
            assert!(
                words.contains("Nobody signs manifest.json, custody.json"),
                "{words}"
            );
            assert!(
                line(&report, "records/*.json").is_none(),
                "nothing is withheld"
            );
        }
    }
}
