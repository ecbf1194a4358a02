//! Random contexts, randomly withheld: `absent` is never said of what is in the record, and what is shown
//! whole is what `contextrail used` finds.

use contextrail::evidence::{PackInput, Redactions, Withheld, pack};
use contextrail::record::{Context, Draft, UsedRef};
use contextrail::store::{Handle, handles};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};

use super::both::Both;
use super::sealed_log::SealedLog;
use crate::sample::{context, id, sealed, time};

/// Few names, so that what is asked for is often there.
fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "a#b", "a@1"]).prop_map(str::to_owned)
}

fn version() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(vec!["1", "2"]).prop_map(str::to_owned))
}

fn named(more: Value) -> impl Strategy<Value = Value> {
    (name(), version()).prop_map(move |(name, version)| {
        let mut value = more.clone();
        value["name"] = json!(name);
        if let Some(version) = version {
            value["version"] = json!(version);
        }
        value
    })
}

fn result() -> impl Strategy<Value = Value> {
    (name(), prop::option::of(name()), version()).prop_map(|(document, chunk, version)| {
        let mut value = json!({"rank": 1, "document": document, "used": "unused"});
        if let Some(chunk) = chunk {
            value["chunk"] = json!(chunk);
        }
        if let Some(version) = version {
            value["version"] = json!(version);
        }
        value
    })
}

fn retrieval() -> impl Strategy<Value = Value> {
    let class = prop::sample::select(vec!["shared", "personal"]);
    let index = prop::option::of(named(json!({})));
    (class, index, prop::collection::vec(result(), 0..3)).prop_map(|(class, index, results)| {
        let mut value = json!({"retriever": "r", "class": class, "query": "q", "status": "ok", "results": results});
        if let Some(index) = index {
            value["index"] = index;
        }
        value
    })
}

fn sections() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        4 => Just("complete"),
        1 => prop::sample::select(vec!["partial", "not_captured", "redacted", "truncated"]),
    ];
    prop::collection::vec(word, 8).prop_map(|words| {
        let names = [
            "inputs",
            "template",
            "model",
            "features",
            "retrievals",
            "tools",
            "guardrails",
            "assembly",
        ];
        names
            .into_iter()
            .zip(words)
            .map(|(name, word)| (name.to_owned(), json!(word)))
            .collect()
    })
}

fn contexts() -> impl Strategy<Value = Context> {
    let feature =
        named(json!({"value": 1, "source": "compute", "status": "ok", "fetched_at": time(0)}));
    let guardrail = (
        named(json!({"stage": "input", "verdict": "pass"})),
        prop::option::of(named(json!({}))),
    )
        .prop_map(|(mut guardrail, policy)| {
            if let Some(policy) = policy {
                guardrail["policy"] = policy;
            }
            guardrail
        });
    (
        prop::option::of(named(json!({}))),
        prop::option::of((name(), prop::option::of(name()))),
        prop::collection::vec(feature, 0..3),
        prop::collection::vec(retrieval(), 0..3),
        prop::collection::vec(guardrail, 0..3),
        sections(),
    )
        .prop_map(
            |(template, model, features, retrievals, guardrails, sections)| {
                let mut body = json!({
                    "features": features, "retrievals": retrievals, "guardrails": guardrails,
                    "inputs": {"x": 1},
                    "capture": {"door": "native", "sections": sections, "warnings": []},
                });
                if let Some(template) = template {
                    body["template"] = template;
                }
                if let Some((name, served)) = model {
                    body["model"] = json!({"name": name});
                    if let Some(served) = served {
                        body["model"]["served"] = json!(served);
                    }
                }
                context(body)
            },
        )
}

fn asked() -> impl Strategy<Value = UsedRef> {
    let kinds = [
        "feature",
        "document",
        "document",
        "index",
        "template",
        "model",
        "guardrail",
        "policy",
    ];
    let kind = prop::sample::select(kinds.to_vec());
    (kind, name(), version()).prop_map(|(kind, name, version)| {
        let version = version.map_or_else(String::new, |it| format!("@{it}"));
        format!("{kind}:{name}{version}").parse().unwrap()
    })
}

/// Places in the list of fields, with how much of each is withheld.
fn withheld() -> impl Strategy<Value = Vec<(prop::sample::Index, Withheld)>> {
    let depth = prop_oneof![6 => Just(Withheld::Value), 1 => Just(Withheld::Field)];
    prop::collection::vec((any::<prop::sample::Index>(), depth), 0..4)
}

/// A log of the context, and a bundle of it in which some fields are withheld.
fn bundle(
    body: &Context,
    asked: &[UsedRef],
    withheld: &[(prop::sample::Index, Withheld)],
) -> (SealedLog, PackInput) {
    let log = SealedLog::of([Draft::new(id(1), body.clone())]);
    let mut input = log.whole_input();
    input.absent = asked.to_vec();
    let paths: Vec<String> = {
        let fields = input.records[0].fields.iter();
        fields
            .filter_map(|it| it.path().map(str::to_owned))
            .collect()
    };
    input.redactions = withheld
        .iter()
        .fold(Redactions::default(), |all, (at, depth)| {
            all.with(*depth, at.get(&paths).parse().unwrap())
        });
    (log, input)
}

/// Whether `contextrail used` finds the context by `asked`.
fn is_used(body: &Context, asked: &UsedRef) -> bool {
    let record = sealed(Draft::new(id(1), body.clone())).record;
    let wanted = Handle::search_used(asked);
    handles(&record, &[]).iter().any(|own| wanted.matches(own))
}

fn outcomes(report: &Value) -> Vec<(UsedRef, String)> {
    let claims = report["absences"].as_array().unwrap().iter();
    let claims = claims.map(|it| {
        let asked = it["ref"].as_str().unwrap().parse().unwrap();
        (asked, it["outcome"].as_str().unwrap().to_owned())
    });
    claims.collect()
}

/// The claim that the packer writes, as it stands in the file.
fn packed_claims(bundle: &[u8]) -> Value {
    let limits = contextrail::evidence::container::Limits::default();
    let files = contextrail::evidence::container::read(bundle, &limits)
        .unwrap()
        .files;
    let file: Value = serde_json::from_slice(&files["absence.json"]).unwrap();
    json!({"absences": file["claims"]})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn absent_is_never_said_of_what_is_in_the_record(
        body in contexts(), asked in prop::collection::vec(asked(), 1..6), withheld in withheld(),
    ) {
        let (log, input) = bundle(&body, &asked, &withheld);
        let bundle = pack(input).unwrap();
        let report = contextrail::evidence::Verifier::new(log.keys()).verify(&bundle).unwrap();
        prop_assert!(report.findings.is_empty(), "{:?}", report.findings);
        let report = serde_json::to_value(report).unwrap();
        for said in [&report, &packed_claims(&bundle)] {
            for (asked, outcome) in outcomes(said) {
                let used = is_used(&body, &asked);
                prop_assert!(!used || outcome != "absent", "{} is used, and said to be {}", asked, outcome);
            }
        }
    }

    #[test]
    fn what_is_shown_whole_is_what_used_finds(body in contexts(), asked in asked()) {
        let (log, input) = bundle(&body, std::slice::from_ref(&asked), &[]);
        let bundle = pack(input).unwrap();
        let report = contextrail::evidence::Verifier::new(log.keys()).verify(&bundle).unwrap();
        let (_, outcome) = outcomes(&serde_json::to_value(report).unwrap()).remove(0);
        if is_used(&body, &asked) {
            prop_assert_eq!(outcome, "present", "{}", asked);
        } else if outcome == "present" {
            // Only what `used` cannot ask for: a document whose own name has a `#` in it.
            prop_assert!(asked.chunk().is_some(), "{}", asked);
        }
    }
}

#[test]
fn both_verifiers_say_the_same_of_random_contexts() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut logs = Vec::new();
    for _ in 0..48 {
        let (body, asked, withheld) =
            (contexts(), prop::collection::vec(asked(), 1..8), withheld())
                .new_tree(&mut runner)
                .unwrap()
                .current();
        let (log, input) = bundle(&body, &asked, &withheld);
        logs.push((body, log.keys(), pack(input).unwrap()));
    }
    let mut both = Both::new(logs[0].1.clone());
    for (round, (_, _, bundle)) in logs.iter().enumerate() {
        both.add(format!("{round}"), bundle.clone());
    }
    let mut seen = std::collections::BTreeSet::new();
    for ((body, ..), [library, script]) in logs.iter().zip(both.reports()) {
        assert_eq!(library["findings"], json!([]));
        assert_eq!(script["findings"], json!([]), "{script:#}");
        assert_eq!(library["absences"], script["absences"]);
        for (asked, outcome) in outcomes(&script) {
            assert!(!is_used(body, &asked) || outcome != "absent", "{asked}");
            seen.insert(outcome);
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}
