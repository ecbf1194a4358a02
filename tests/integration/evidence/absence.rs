//! Whether a thing was used: said only where it can be, and worked out again by both verifiers.

use contextrail::evidence::{PAGES, PackInput, Redactions, Withheld, pack};
use contextrail::record::{Context, Draft};
use serde_json::{Value, json};

use super::both::Both;
use super::sealed_log::{CONTEXT, DECISION, SealedLog};
use super::tamper::{Tampered, all_fail, record_file};
use crate::sample::{context, decision, id, time};

/// A context that used something of every kind, each section complete.
fn used() -> Value {
    json!({
        "template": {"name": "loan_prompt", "version": "3"},
        "model": {"provider": "test", "name": "gpt", "served": "gpt-0613"},
        "features": [
            {"name": "score", "version": "2", "value": 720, "source": "compute", "status": "ok", "fetched_at": time(0)},
            {"name": "income", "value": 1000, "source": "compute", "status": "ok", "fetched_at": time(0)},
        ],
        "retrievals": [
            {"retriever": "policies", "class": "shared", "query": "q", "status": "ok",
             "index": {"name": "policies", "version": "9"},
             "results": [{"rank": 1, "document": "doc_1", "chunk": "c1", "version": "7", "used": "included"},
                         {"rank": 2, "document": "doc_2", "version": "1", "used": "unused"}]},
            {"retriever": "letters", "class": "personal", "query": "q", "status": "ok",
             "results": [{"rank": 1, "document": "letter_1", "used": "unused"}]},
        ],
        "guardrails": [{"name": "pii", "version": "1", "stage": "input", "verdict": "pass",
                        "policy": {"name": "gdpr", "version": "4"}}],
        "capture": capture(&json!({})),
    })
}

fn capture(more: &Value) -> Value {
    let mut sections = json!({
        "inputs": "complete", "template": "complete", "model": "complete", "features": "complete",
        "retrievals": "complete", "tools": "complete", "guardrails": "complete", "assembly": "complete",
    });
    for (name, word) in more.as_object().unwrap() {
        sections[name] = word.clone();
    }
    json!({"door": "native", "sections": sections, "warnings": []})
}

fn log_of(body: Context) -> SealedLog {
    SealedLog::of([Draft::new(id(1), body)])
}

fn asking(mut input: PackInput, asked: &[&str]) -> PackInput {
    input.absent = asked.iter().map(|it| it.parse().unwrap()).collect();
    input.pages = Some(PAGES);
    input
}

/// What both verifiers work out, which has to be the same.
fn absences(log: &SealedLog, bundle: Vec<u8>) -> Vec<Value> {
    let mut both = Both::new(log.keys());
    both.add("bundle", bundle);
    let [library, script] = both.reports().remove(0);
    assert_eq!(library["state"], "verified", "{library:#}");
    assert_eq!(script["state"], "records_verified", "{script:#}");
    assert_eq!(library["absences"], script["absences"]);
    library["absences"].as_array().unwrap().clone()
}

/// The outcome of one thing of the one context, with where it is used or why that cannot be said.
fn outcome(log: &SealedLog, input: PackInput, asked: &str) -> (String, Value) {
    let found = absences(log, pack(asking(input, &[asked])).unwrap()).remove(0);
    let of_record = &found["records"][0];
    assert_eq!(found["ref"], asked);
    let details = match &of_record["paths"] {
        Value::Null => &of_record["why"],
        paths => paths,
    };
    (
        found["outcome"].as_str().unwrap().to_owned(),
        details.clone(),
    )
}

#[test]
fn what_was_used_is_present_and_what_was_not_is_absent() {
    let log = log_of(context(used()));
    for (asked, expected) in [
        ("feature:score", Some("/features/0")),
        ("feature:score@2", Some("/features/0")),
        ("feature:score@3", None),
        ("feature:postcode", None),
        ("document:doc_1", Some("/retrievals/0/results/0")),
        ("document:doc_1@7", Some("/retrievals/0/results/0")),
        ("document:doc_1#c1@7", Some("/retrievals/0/results/0")),
        ("document:doc_1#c2", None),
        ("document:doc_1@8", None),
        ("document:letter_1", Some("/retrievals/1/results/0")),
        ("document:doc_3", None),
        ("index:policies@9", Some("/retrievals/0/index")),
        ("index:policies@8", None),
        ("template:loan_prompt", Some("/template")),
        ("template:loan_prompt@2", None),
        ("model:gpt", Some("/model")),
        ("model:other", None),
        ("guardrail:pii@1", Some("/guardrails/0")),
        ("guardrail:other", None),
        ("policy:gdpr", Some("/guardrails/0/policy")),
        ("policy:gdpr@5", None),
    ] {
        let (outcome, details) = outcome(&log, log.whole_input(), asked);
        match expected {
            Some(path) => assert_eq!((outcome, details), ("present".to_owned(), json!([path]))),
            None => assert_eq!(outcome, "absent", "{asked}: {details}"),
        }
    }
}

#[test]
fn what_was_recorded_without_a_version_or_a_chunk_may_be_any() {
    let log = log_of(context(used()));
    for (asked, reason, path) in [
        ("feature:income@1", "version_not_recorded", "/features/1"),
        ("model:gpt@0613", "version_not_recorded", "/model"),
        ("model:gpt-0613", "named_elsewhere", "/model/served"),
        (
            "document:doc_2#c1",
            "chunk_not_recorded",
            "/retrievals/0/results/1",
        ),
        (
            "document:letter_1@2",
            "version_not_recorded",
            "/retrievals/1/results/0",
        ),
    ] {
        let found = outcome(&log, log.whole_input(), asked);
        let why = json!([{"reason": reason, "path": path}]);
        assert_eq!(found, ("cannot_be_said".to_owned(), why), "{asked}");
    }
}

#[test]
fn a_section_that_is_not_complete_says_nothing_of_what_is_not_in_it() {
    for word in ["partial", "not_captured", "redacted", "truncated"] {
        let mut body = used();
        body["capture"] = capture(&json!({"features": word}));
        let log = log_of(context(body));
        let path = "/capture/sections/features";
        let why = json!([{"reason": "section_not_complete", "path": path}]);
        let found = outcome(&log, log.whole_input(), "feature:postcode");
        assert_eq!(found, ("cannot_be_said".to_owned(), why));
        // What is there is there, and another section has nothing to do with it.
        assert_eq!(
            outcome(&log, log.whole_input(), "feature:score").0,
            "present"
        );
        assert_eq!(
            outcome(&log, log.whole_input(), "document:doc_3").0,
            "absent"
        );
    }
}

#[test]
fn what_redaction_took_out_of_a_section_may_have_named_it() {
    let mut body = used();
    body["capture"]["redactions"] = json!([
        {"rule": "letters", "path": "/retrievals/1/results/0/document", "kind": "value", "length": 9,
         "treatment": "mask"},
        {"rule": "emails", "path": "/inputs/question", "kind": "email", "length": 22, "treatment": "hash"},
    ]);
    let log = log_of(context(body));
    let why =
        json!([{"reason": "redacted_when_recorded", "path": "/retrievals/1/results/0/document"}]);
    let found = outcome(&log, log.whole_input(), "document:doc_3");
    assert_eq!(found, ("cannot_be_said".to_owned(), why));
    assert_eq!(
        outcome(&log, log.whole_input(), "feature:postcode").0,
        "absent"
    );
}

#[test]
fn a_value_that_is_withheld_may_be_the_one_that_names_it() {
    let log = log_of(context(used()));
    let withholding = |depth, path: &str| {
        let mut input = log.whole_input();
        input.redactions = Redactions::new("not asked for").with(depth, path.parse().unwrap());
        input
    };
    for (path, asked, reason) in [
        ("/features/1", "feature:postcode", "not_shown"),
        ("/retrievals/0/results/1", "document:doc_3", "not_shown"),
        (
            "/retrievals/1/results/0/document",
            "document:doc_3",
            "not_shown",
        ),
        ("personal", "document:doc_3", "not_shown"),
        ("/retrievals/0", "index:other", "not_shown"),
        ("/model", "model:other", "not_shown"),
        ("/template", "template:other", "not_shown"),
        ("/capture", "feature:postcode", "section_not_shown"),
    ] {
        let (outcome, why) = outcome(&log, withholding(Withheld::Value, path), asked);
        assert_eq!(outcome, "cannot_be_said", "{path} {asked}");
        assert!(
            why.as_array()
                .unwrap()
                .iter()
                .any(|it| it["reason"] == reason),
            "{path} {asked}: {why}"
        );
    }
    // A value that names nothing may be withheld.
    for path in ["/features/0/value", "/retrievals/0/query", "/name"] {
        for asked in ["feature:postcode", "document:doc_3"] {
            let found = outcome(&log, withholding(Withheld::Value, path), asked);
            assert_eq!(found.0, "absent", "{path}");
        }
    }
    // Of a hidden field not even the place is known.
    let found = outcome(
        &log,
        withholding(Withheld::Field, "/environment"),
        "feature:postcode",
    );
    let why = json!([{"reason": "hidden_fields"}]);
    assert_eq!(found, ("cannot_be_said".to_owned(), why));
}

#[test]
fn an_item_of_the_text_that_no_use_explains_is_in_the_way() {
    let (mut assembly, texts) =
        crate::sample::assembled(&[("x", contextrail::record::Class::Personal)]);
    assembly["items"][0]["kind"] = json!("document");
    assembly["items"][0]["ref"] = json!("memo#c1");
    let mut body = used();
    body["assembly"] = assembly;
    let mut draft = Draft::new(id(1), context(body));
    draft.texts = texts;
    let log = SealedLog::of([draft]);
    for asked in ["document:memo", "document:memo#c1"] {
        let why = json!([{"reason": "named_elsewhere", "path": "/assembly/items/0"}]);
        let found = outcome(&log, log.whole_input(), asked);
        assert_eq!(found, ("cannot_be_said".to_owned(), why));
    }
    assert_eq!(
        outcome(&log, log.whole_input(), "document:memo#c2").0,
        "absent"
    );
}

#[test]
fn a_context_that_is_not_carried_says_nothing() {
    let log = SealedLog::new();
    let mut input = asking(log.range_input(), &["feature:postcode"]);
    input.records.retain(|it| it.index > 1);
    input.claim.scope = contextrail::evidence::Scope::Range { from: 2, to: 4 };
    let found = absences(&log, pack(input).unwrap()).remove(0);
    assert_eq!(found["outcome"], "cannot_be_said");
    let missing = json!([{"id": log.records[CONTEXT].id, "outcome": "cannot_be_said",
                          "why": [{"reason": "not_carried"}]}]);
    assert_eq!(found["records"], missing);

    let mut withheld = asking(log.decision_input(), &["feature:postcode"]);
    let rule = "/contexts".parse().unwrap();
    withheld.redactions = Redactions::default().with(Withheld::Value, rule);
    let found = absences(&log, pack(withheld).unwrap()).remove(0);
    assert_eq!(found["records"][1]["id"], json!(log.records[DECISION].id));
    let why = json!([{"reason": "contexts_not_shown", "path": "/contexts/0"}]);
    assert_eq!(found["records"][1]["why"], why);
}

#[test]
fn what_governed_a_decision_is_never_said_to_be_all() {
    let body =
        decision(json!({"governed_by": {"policy": ["lending@4", "gdpr@1"], "model": "gpt@1"}}));
    let log = SealedLog::of([Draft::new(id(1), context(used())), Draft::new(id(2), body)]);
    for (asked, outcome, paths) in [
        (
            "policy:lending",
            "present",
            json!(["/governed_by/policy/0"]),
        ),
        ("model:gpt@1", "present", json!(["/governed_by/model"])),
        ("policy:other", "cannot_be_said", json!(null)),
    ] {
        let bundle = pack(asking(log.whole_input(), &[asked])).unwrap();
        let found = absences(&log, bundle).remove(0);
        assert_eq!(found["outcome"], outcome, "{asked}");
        assert_eq!(found["records"][1]["paths"], paths, "{asked}");
    }
}

#[test]
fn the_same_questions_give_the_same_bytes_in_whatever_order() {
    let log = log_of(context(used()));
    let asked = ["model:other", "feature:postcode", "model:other"];
    let bundle = pack(asking(log.whole_input(), &asked)).unwrap();
    let again = pack(asking(
        log.whole_input(),
        &["feature:postcode", "model:other"],
    ))
    .unwrap();
    assert!(bundle == again);
    let many: Vec<String> = (0..65).map(|it| format!("feature:f{it}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(pack(asking(log.whole_input(), &many)).is_err());
}

#[test]
fn a_forged_claim_is_found_by_both() {
    let mut body = used();
    body["capture"] = capture(&json!({"guardrails": "partial"}));
    let log = log_of(context(body));
    let asked = ["feature:postcode", "guardrail:other", "model:gpt"];
    let mut input = asking(log.whole_input(), &asked);
    // The script does not derive pages, and the two are to find the same.
    input.pages = None;
    let bundle = pack(input).unwrap();
    let file = "absence.json".to_owned();
    let forged = |edit: &dyn Fn(&mut Value)| Tampered::of(&bundle).edit(&file, edit).resealed();
    let absent = |at: usize| {
        forged(&move |it| {
            let claim = &mut it["claims"][at];
            claim["outcome"] = json!("absent");
            let record = claim["records"][0].as_object_mut().unwrap();
            record["outcome"] = json!("absent");
            record.remove("why");
            record.remove("paths");
        })
    };
    let cases = vec![
        ("of a section that is partial", file.clone(), absent(1)),
        ("of what was used", file.clone(), absent(2)),
        (
            "of all, and of none",
            file.clone(),
            forged(&|it| it["claims"][1]["outcome"] = json!("absent")),
        ),
        (
            "of another thing",
            file.clone(),
            forged(&|it| it["claims"][0]["ref"] = json!("model:gpt@1")),
        ),
        (
            "of nothing that is known",
            file.clone(),
            forged(&|it| it["claims"][0]["ref"] = json!("tool:calculator")),
        ),
        (
            "of a record less",
            file.clone(),
            forged(&|it| it["claims"][0]["records"] = json!([])),
        ),
        (
            "without a reason",
            file.clone(),
            forged(&|it| it["claims"][1]["records"][0]["why"][0]["reason"] = json!("not_shown")),
        ),
        (
            "with a word of its own",
            file.clone(),
            forged(&|it| it["claims"][0]["outcome"] = json!("never")),
        ),
        (
            "twice",
            file.clone(),
            forged(&|it| it["claims"][1]["ref"] = it["claims"][0]["ref"].clone()),
        ),
        (
            "of no claim",
            file.clone(),
            forged(&|it| it["claims"] = json!([])),
        ),
        (
            "of another schema",
            file.clone(),
            forged(&|it| it["schema"] = json!("contextrail.absence/2")),
        ),
    ];
    all_fail(&log, cases);
}

#[test]
fn a_leaf_that_is_dropped_or_changed_leaves_nothing_to_say() {
    let log = log_of(context(used()));
    let bundle = pack(asking(log.whole_input(), &["feature:income"])).unwrap();
    let file = record_file(&log, 0);
    let at = |it: &mut Value, path: &str| {
        let fields = it["fields"].as_array_mut().unwrap();
        fields.iter().position(|it| it["path"] == path).unwrap()
    };
    let dropped = Tampered::of(&bundle).edit(&file, |it| {
        let at = at(it, "/features/1");
        it["fields"].as_array_mut().unwrap().remove(at);
    });
    let changed = Tampered::of(&bundle).edit(&file, |it| {
        let at = at(it, "/features/1");
        it["fields"][at]["value"] = it["fields"][at - 1]["value"].clone();
    });
    let mut both = Both::new(log.keys());
    both.add("dropped", dropped.resealed());
    both.add("changed", changed.resealed());
    for reports in both.reports() {
        for report in reports {
            assert_eq!(report["state"], "failed");
            assert_eq!(report["absences"], json!([]));
        }
    }
}

#[test]
fn a_bundle_that_was_asked_nothing_has_no_such_file() {
    let log = log_of(context(used()));
    let bundle = pack(asking(log.whole_input(), &[])).unwrap();
    assert!(absences(&log, bundle.clone()).is_empty());
    let added = Tampered::of(&bundle).replace("absence.json", b"{}".to_vec());
    all_fail(
        &log,
        vec![("added", "absence.json".to_owned(), added.resealed())],
    );
}
