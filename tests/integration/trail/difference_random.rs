//! Differences of contexts that a property test makes: nothing but what differs is named, and backwards it is the
//! reverse.

use std::collections::BTreeMap;

use contextrail::trail::{Change, ChangeKind, diff};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::record;
use crate::sample::{id, time};

/// Something that a context has not, or has in one of two ways.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Absent,
    One,
    Two,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Absent), Just(Way::One), Just(Way::Two)]
}

/// Where a part stands, the name of it as a whole, and what of it differs between the two ways.
const PARTS: [(&str, &str, &str); 11] = [
    ("service", "service", "service.commit"),
    ("input", "inputs.amount", "inputs.amount"),
    ("deep", "inputs.deep", "inputs.deep.a.b"),
    ("template", "template", "template.version"),
    ("model", "model", "model.name"),
    ("score", "features.score", "features.score.value"),
    ("income", "features.income", "features.income.version"),
    ("tool", "tools.lookup", "tools.lookup.output"),
    (
        "guardrail",
        "guardrails.pii.input",
        "guardrails.pii.input.verdict",
    ),
    ("document", "documents.r.a", "documents.r.a.version"),
    ("retention", "retention", "retention.class"),
];

fn part(name: &str, way: Way) -> Value {
    let pick = |one: Value, two: Value| if way == Way::One { one } else { two };
    let text = |one: &str, two: &str| pick(json!(one), json!(two));
    match name {
        "service" => json!({"name": "loan-api", "commit": text("c1", "c2")}),
        "input" => pick(json!(1), json!(true)),
        "deep" => json!({"a": {"b": text("x", "y"), "same": [1, 2]}}),
        "template" => json!({"name": "prompt", "version": text("1", "2")}),
        "model" => json!({"name": text("gpt-4o", "gpt-4.1")}),
        "score" => {
            json!({"name": "score", "value": pick(json!(720), json!(721.5)), "source": "compute",
                          "status": "ok", "fetched_at": time(0)})
        }
        "income" => json!({"name": "income", "version": text("1", "2"), "source": "compute",
                           "status": "ok", "fetched_at": time(0)}),
        "tool" => {
            json!({"name": "lookup", "status": "ok", "output": pick(json!([1]), json!([1, 2]))})
        }
        "guardrail" => json!({"name": "pii", "stage": "input", "verdict": text("pass", "flag")}),
        "document" => json!({"document": "a", "version": text("1", "2"), "used": "unused"}),
        _ => json!({"class": text("high_risk", "low_risk")}),
    }
}

/// A context with these parts; two more documents stand in one order or the other.
fn context_of(parts: &BTreeMap<&str, Way>, is_turned: bool) -> Value {
    let get = |name: &'static str| match parts[name] {
        Way::Absent => None,
        way => Some(part(name, way)),
    };
    let list =
        |names: &[&'static str]| -> Vec<Value> { names.iter().filter_map(|it| get(it)).collect() };
    let mut inputs = json!({"same": 1});
    let members = inputs.as_object_mut().unwrap();
    members.extend(get("input").map(|it| ("amount".to_owned(), it)));
    members.extend(get("deep").map(|it| ("deep".to_owned(), it)));
    let other = |name: &str| json!({"document": name, "version": "1", "used": "unused"});
    let mut documents = list(&["document"]);
    documents.extend(if is_turned { ["c", "b"] } else { ["b", "c"] }.map(other));
    for (rank, document) in (1..).zip(&mut documents) {
        document["rank"] = json!(rank);
    }
    let mut context = json!({
        "inputs": inputs,
        "features": list(&["score", "income"]),
        "tools": list(&["tool"]),
        "guardrails": list(&["guardrail"]),
        "retrievals": [{"retriever": "r", "class": "shared", "query": "q", "status": "ok", "results": documents}],
    });
    for name in ["service", "template", "model", "retention"] {
        if let Some(value) = get(name) {
            context[name] = value;
        }
    }
    context
}

/// What has to be named, and how.
fn expected(
    from: &BTreeMap<&str, Way>,
    to: &BTreeMap<&str, Way>,
    is_turned: bool,
) -> BTreeMap<String, ChangeKind> {
    let mut expected = BTreeMap::new();
    for (name, whole, inside) in PARTS {
        let (path, kind) = match (from[name], to[name]) {
            (before, after) if before == after => continue,
            (Way::Absent, _) => (whole, ChangeKind::Added),
            (_, Way::Absent) => (whole, ChangeKind::Removed),
            _ => (inside, ChangeKind::Changed),
        };
        expected.insert(path.to_owned(), kind);
    }
    if is_turned {
        for document in ["b", "c"] {
            expected.insert(format!("documents.r.{document}"), ChangeKind::Moved);
        }
    }
    expected
}

fn reversed(change: &Change) -> Change {
    Change {
        path: change.path.clone(),
        kind: match change.kind {
            ChangeKind::Added => ChangeKind::Removed,
            ChangeKind::Removed => ChangeKind::Added,
            kind => kind,
        },
        before: change.after.clone(),
        after: change.before.clone(),
    }
}

fn parts() -> impl Strategy<Value = BTreeMap<&'static str, Way>> {
    prop::collection::vec(way(), PARTS.len())
        .prop_map(|ways| PARTS.iter().map(|it| it.0).zip(ways).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_differs_is_named_and_nothing_else(
        from in parts(), to in parts(), is_turned in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let opened = super::in_memory().await;
            let trail = &opened.trail;
            record(trail, 1, context_of(&from, false)).await;
            record(trail, 2, context_of(&to, is_turned)).await;
            let one = trail.read(id(1)).await.unwrap().unwrap();
            let two = trail.read(id(2)).await.unwrap().unwrap();
            for side in [&one, &two] {
                assert!(diff(side, side).unwrap().is_same());
            }
            let forth = diff(&one, &two).unwrap();
            let named = forth.changes().iter().map(|it| (it.path.clone(), it.kind));
            let named: BTreeMap<_, _> = named.collect();
            assert_eq!(named.len(), forth.changes().len(), "something is named twice");
            assert_eq!(named, expected(&from, &to, is_turned));
            assert_eq!(forth.is_same(), named.is_empty());
            let back = diff(&two, &one).unwrap();
            let back: Vec<Change> = back.changes().iter().map(reversed).collect();
            assert_eq!(back, forth.changes());
            trail.close().await;
        });
    }
}
