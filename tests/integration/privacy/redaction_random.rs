//! Whatever the shape of a record, nothing planted in it is left.

use contextrail::privacy::Redaction;
use contextrail::record::{Draft, RedactionTreatment as Treatment};
use contextrail::trail::{Trail, TrailOptions};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::sample::{context, entity, id};

const PLANTED: [&str; 6] = [
    "canary.ada@example.org",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "86095742719",
    "AKIAIOSFODNN7EXAMPLE",
    "+49 30 901820",
];

/// Texts around a planted value, which they do not run into.
fn text() -> impl Strategy<Value = String> {
    let around = "[a-zé{\"\\\\/~ ]{0,6}";
    (around, 0..PLANTED.len(), around)
        .prop_map(|(before, planted, after)| format!("{before} {} {after}", PLANTED[planted]))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        Just(json!(4_111_111_111_111_111_i64)),
        "[a-z/~* ]{0,8}".prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof!["[a-z/~*]{0,6}", text()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

async fn left(trail: &Trail, value: &Value, note: &str) -> String {
    let members = match value {
        Value::Object(members) => members.clone(),
        other => [("a".to_owned(), other.clone())].into_iter().collect(),
    };
    let more = json!({
        "entities": [entity("applicant:1")],
        "inputs": members,
        "extra": members,
        "agent": {"name": "planner", "state": value},
        "error": {"code": "failed", "message": note},
        "status": "failed",
        "tools": [{"name": "t", "arguments": value, "output": value, "status": "ok"}],
        "retrievals": [{"retriever": "r", "query": note, "filters": members, "status": "empty"}],
        "guardrails": [{"name": "g", "stage": "input", "verdict": "pass", "native": value}],
        "features": [{"name": "f", "value": value, "source": "compute", "status": "ok",
                      "fetched_at": crate::sample::time(0)}],
        "capture": {"door": "native", "sections": {}, "warnings": [note]},
    });
    let id = id(rand_id(value, note));
    trail.record(Draft::new(id, context(more))).await.unwrap();
    let stored = trail.read(id).await.unwrap().unwrap();
    serde_json::to_string(stored.record()).unwrap()
}

/// Another record gets another id; the same one may come again.
fn rand_id(value: &Value, note: &str) -> u64 {
    let digest = contextrail::record::Digest::sha256(format!("{value}{note}").as_bytes());
    let first = digest.as_bytes().first_chunk().unwrap();
    u64::from(u32::from_be_bytes(*first)) + 1
}

#[test]
fn nothing_planted_is_left_in_the_record_or_its_traces() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let treatments = [
        Treatment::Mask,
        Treatment::Hash,
        Treatment::Drop,
        Treatment::Tokenise,
        Treatment::Block,
    ];
    let trails: Vec<Trail> = treatments
        .into_iter()
        .map(|treatment| {
            let options = TrailOptions::new().redaction(Redaction::of_every_kind(treatment));
            runtime.block_on(options.open_in_memory()).unwrap()
        })
        .collect();
    proptest!(ProptestConfig::with_cases(64), |(value in value(), note in text())| {
        for trail in &trails {
            let left = runtime.block_on(left(trail, &value, &note));
            for planted in PLANTED.iter().chain(&["4111111111111111"]) {
                prop_assert!(!left.contains(planted), "{planted} in {left}");
            }
        }
    });
    for trail in trails {
        runtime.block_on(trail.close());
    }
}
