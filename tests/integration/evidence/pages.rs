//! Derived files: what each verifier compares, and what it says that it did not.

use contextrail::evidence::{PAGES, PackInput, Redactions, Withheld, pack};
use serde_json::{Value, json};

use super::both::Both;
use super::sealed_log::SealedLog;
use super::tamper::{Tampered, all_fail};

fn with_pages(mut input: PackInput) -> PackInput {
    input.pages = Some(PAGES);
    input
}

fn bundle(log: &SealedLog) -> Vec<u8> {
    pack(with_pages(log.decision_input())).unwrap()
}

/// The reports of the library and of the script.
fn reports(log: &SealedLog, bundle: Vec<u8>) -> [Value; 2] {
    let mut both = Both::new(log.keys());
    both.add("bundle", bundle);
    both.reports().remove(0)
}

fn says(report: &Value, words: &[&str]) -> bool {
    let lines = report["not_checked"].as_array().unwrap().iter();
    let mut lines = lines.filter_map(Value::as_str);
    lines.any(|line| words.iter().all(|word| line.contains(word)))
}

#[test]
fn the_script_derives_what_is_for_programs_and_says_that_it_does_not_derive_the_rest() {
    let log = SealedLog::new();
    let [library, script] = reports(&log, bundle(&log));
    assert_eq!(library["state"], "verified", "{library:#}");
    assert_eq!(script["state"], "records_verified", "{script:#}");
    assert_eq!(script["checked"]["pages"], 2);
    let unread = ["summary.html", "summary.md", "VERIFY.md", "record/*.yaml"];
    assert!(
        says(&script, &unread) && !says(&script, &["related.json"]),
        "{script:#}"
    );
}

#[test]
fn both_derive_the_same_of_what_is_withheld() {
    let log = SealedLog::succeeded();
    let mut both = Both::new(log.keys());
    let inputs = [log.decision_input(), log.range_input(), log.entity_input()];
    for (at, input) in inputs.into_iter().enumerate() {
        let paths = [
            "/contexts",
            "/model",
            "/actor",
            "/features/0",
            "/features/0/entity",
            "/decided_by",
        ];
        for depth in [Withheld::Value, Withheld::Field] {
            let mut input = with_pages(input.clone());
            input.redactions = paths.iter().fold(Redactions::default(), |all, path| {
                all.with(depth, path.parse().unwrap())
            });
            both.add(format!("{at} {depth:?}"), pack(input).unwrap());
        }
        both.add(format!("{at} whole"), pack(with_pages(input)).unwrap());
    }
    for (name, verdict) in both.judge() {
        assert_eq!(verdict.state, "verified", "{name}: {verdict:?}");
    }
}

#[test]
fn relations_that_the_records_do_not_state_are_found_by_both() {
    let log = SealedLog::new();
    let bundle = bundle(&log);
    let (related, prov) = ("related.json", "prov.json");
    let edited =
        |name: &str, edit: &dyn Fn(&mut Value)| Tampered::of(&bundle).edit(name, edit).resealed();
    all_fail(
        &log,
        vec![
            (
                "another decision",
                related.to_owned(),
                edited(related, &|it| {
                    it["records"][3]["names"][0]["id"] = json!(crate::sample::id(6));
                }),
            ),
            (
                "a record less",
                related.to_owned(),
                edited(related, &|it| {
                    drop(it["records"].as_array_mut().unwrap().pop());
                }),
            ),
            (
                "an artifact more",
                related.to_owned(),
                edited(related, &|it| {
                    let more = json!({"kind": "model", "name": "another", "used_by": []});
                    it["artifacts"].as_array_mut().unwrap().push(more);
                }),
            ),
            (
                "another agent",
                prov.to_owned(),
                edited(prov, &|it| {
                    for agent in it["agent"].as_object_mut().unwrap().values_mut() {
                        agent["prov:label"] = json!("somebody else");
                    }
                }),
            ),
            (
                "an id that is not in the bundle",
                prov.to_owned(),
                edited(prov, &|it| {
                    let name = format!("ct:record-{}", crate::sample::id(99));
                    it["entity"][name] = json!({"ct:inBundle": false});
                }),
            ),
            (
                "missing",
                prov.to_owned(),
                Tampered::of(&bundle).remove(prov).resealed(),
            ),
        ],
    );
}

#[test]
fn a_summary_that_says_something_else_is_found_by_deriving_it() {
    let log = SealedLog::new();
    for name in ["summary.md", "summary.html", "VERIFY.md"] {
        let forged = Tampered::of(&bundle(&log)).replace(name, b"approved".to_vec());
        let [library, script] = reports(&log, forged.resealed());
        assert_eq!(library["state"], "failed");
        assert_eq!(library["findings"][0]["file"], name);
        // Who does not derive it says so, and does not say that all is verified.
        assert_eq!(script["state"], "records_verified");
        assert!(says(&script, &[name]));
    }
}

#[test]
fn a_version_of_the_pages_that_nobody_knows_hides_no_forged_page() {
    let log = SealedLog::new();
    let forged = |version: u64| {
        Tampered::of(&bundle(&log))
            .replace("summary.md", b"approved".to_vec())
            .edit("manifest.json", |it| it["pages"] = json!(version))
            .resealed()
    };
    let newer = PAGES.version + 1;
    all_fail(
        &log,
        vec![
            ("none", "summary.md".to_owned(), forged(0)),
            ("newer", "manifest.json".to_owned(), forged(newer)),
            ("absurd", "manifest.json".to_owned(), forged((1 << 53) - 1)),
        ],
    );
}

#[test]
fn pages_of_an_earlier_version_are_not_said_to_be_verified() {
    let log = SealedLog::new();
    let older = Tampered::of(&bundle(&log))
        .replace("summary.md", b"approved".to_vec())
        .edit("manifest.json", |it| it["pages"] = json!(1))
        .resealed();
    for report in reports(&log, older) {
        assert_eq!(report["state"], "records_verified", "{report:#}");
        assert!(
            says(&report, &["summary.html", "summary.md", "record/*.yaml"]),
            "{report:#}"
        );
    }
}
