//! Bundles under the head of a log that went on after a restore.

use contextrail::evidence::{PAGES, PackInput, Redactions, Withheld, pack};
use serde_json::{Value, json};

use super::both::Both;
use super::sealed_log::SealedLog;
use super::tamper::record_file;

/// Where the succession stands in the log.
const SUCCESSION: usize = 7;

fn with_succession(log: &SealedLog, mut input: PackInput) -> PackInput {
    input.records.push(log.packed_record(SUCCESSION));
    input.pages = Some(PAGES);
    input
}

fn reports(log: &SealedLog, bundle: Vec<u8>) -> [Value; 2] {
    let mut both = Both::new(log.keys());
    both.add("bundle", bundle);
    both.reports().remove(0)
}

fn misses(report: &Value) -> bool {
    let lines = report["not_checked"].as_array().unwrap().iter();
    let mut lines = lines.filter_map(Value::as_str);
    lines.any(|it| it.starts_with("what the log lost when it went on as epoch 2: no succession"))
}

#[test]
fn a_succession_may_stand_in_every_bundle_and_is_in_the_report() {
    let log = SealedLog::succeeded();
    for input in [log.decision_input(), log.range_input(), log.entity_input()] {
        let input = with_succession(&log, input);
        for report in reports(&log, pack(input).unwrap()) {
            assert_eq!(report["findings"], json!([]));
            let stated = json!([{
                "file": record_file(&log, SUCCESSION), "index": 7, "epoch": 2, "lost_from": 7,
                "lost_to": 10, "reason": "the disk was lost", "approved_by": ["anna", "backup-job"],
            }]);
            assert_eq!(report["successions"], stated);
            assert!(!misses(&report));
        }
    }
}

#[test]
fn an_epoch_whose_succession_is_left_out_or_withheld_is_named() {
    let log = SealedLog::succeeded();
    let mut withheld = with_succession(&log, log.decision_input());
    withheld.redactions = Redactions::default().with(Withheld::Value, "/epoch".parse().unwrap());
    for input in [log.decision_input(), withheld] {
        for report in reports(&log, pack(input).unwrap()) {
            assert_eq!(report["findings"], json!([]), "{report:#}");
            assert!(misses(&report), "{report:#}");
        }
    }
}

#[test]
fn a_log_that_was_never_restored_has_nothing_to_say_of_it() {
    let log = SealedLog::new();
    for report in reports(&log, pack(log.decision_input()).unwrap()) {
        assert_eq!(report["successions"], json!([]));
        assert!(!misses(&report));
    }
}
