//! What differs between two contexts.

use contextrail::record::Class;
use contextrail::trail::{ChangeKind, Diff, Trail, diff};
use serde_json::{Value, json};

use super::{record, with_texts};
use crate::sample::{id, time};

async fn between(trail: &Trail, one: Value, two: Value) -> Diff {
    record(trail, 1, one).await;
    record(trail, 2, two).await;
    stored_diff(trail).await
}

async fn stored_diff(trail: &Trail) -> Diff {
    let one = trail.read(id(1)).await.unwrap().unwrap();
    let two = trail.read(id(2)).await.unwrap().unwrap();
    assert!(diff(&one, &one).unwrap().is_same());
    let back = diff(&two, &one).unwrap();
    let forth = diff(&one, &two).unwrap();
    assert_eq!(back.changes().len(), forth.changes().len());
    forth
}

fn named(diff: &Diff) -> Vec<(&str, ChangeKind)> {
    diff.changes()
        .iter()
        .map(|it| (it.path.as_str(), it.kind))
        .collect()
}

pub(super) async fn contexts_that_say_the_same_do_not_differ(trail: Trail) {
    let texts = [
        ("Policy", Class::Confidential),
        ("Score: 720", Class::Personal),
    ];
    for number in [1, 2] {
        trail
            .record(with_texts(number, "applicant:1", &texts))
            .await
            .unwrap();
    }
    let same = stored_diff(&trail).await;
    assert!(same.is_same() && same.changes().is_empty(), "{same:?}");
    let texts = [
        ("Policy", Class::Confidential),
        ("Score: 721", Class::Personal),
    ];
    trail
        .record(with_texts(3, "applicant:1", &texts))
        .await
        .unwrap();
    let one = trail.read(id(1)).await.unwrap().unwrap();
    let three = trail.read(id(3)).await.unwrap().unwrap();
    let other = diff(&one, &three).unwrap();
    assert_eq!(other.changes().len(), 1, "{other:?}");
    assert_eq!(other.changes()[0].after, Some(json!("Score: 721")));
}

fn whole(changed: bool) -> Value {
    let pick = |one: &str, two: &str| json!(if changed { two } else { one });
    let number = |one: u64, two: u64| json!(if changed { two } else { one });
    json!({
        "environment": pick("test", "production"),
        "service": {"name": "loan-api", "commit": pick("c1", "c2")},
        "inputs": {"amount": number(1, 2)},
        "template": {"name": "prompt", "version": pick("1", "2")},
        "model": {"name": pick("gpt-4o", "gpt-4.1")},
        "features": [{"name": "score", "version": pick("1", "2"), "value": number(720, 721),
                      "source": pick("compute", "cache"), "status": "ok", "fetched_at": time(0),
                      "as_of": if changed { time(-5) } else { time(-9) }}],
        "guardrails": [{"name": "pii", "stage": "input", "verdict": pick("pass", "flag")}],
        "freshness": {"status": pick("guaranteed", "degraded"), "violations": []},
        "assembly": {
            "tokenizer": {"name": pick("o200k_base", "cl100k_base"), "engine": "e"},
            "budget": {"limit": number(100, 200), "reserve_output": 0, "available": 100, "used": 4},
            "separator": "\n",
            "items": [{"index": 0, "kind": "feature", "ref": "score", "priority": 0,
                       "required": true, "tokens": 4, "used_tokens": 4,
                       "verdict": pick("included", "truncated")}],
        },
    })
}

pub(super) async fn changes_are_named_by_what_they_mean(trail: Trail) {
    let diff = between(&trail, whole(false), whole(true)).await;
    let changed = [
        "environment",
        "service.commit",
        "inputs.amount",
        "template.version",
        "model.name",
        "features.score.version",
        "features.score.value",
        "features.score.source",
        "features.score.as_of",
        "guardrails.pii.input.verdict",
        "freshness.status",
        "assembly.tokenizer.name",
        "assembly.budget.limit",
        "items.feature.score.verdict",
    ];
    let named = named(&diff);
    for path in changed {
        assert!(
            named.contains(&(path, ChangeKind::Changed)),
            "{path} in {named:?}"
        );
    }
    assert_eq!(named.len(), changed.len(), "{named:?}");
    let value = diff
        .changes()
        .iter()
        .find(|it| it.path == "features.score.value")
        .unwrap();
    assert_eq!(
        (&value.before, &value.after),
        (&Some(json!(720)), &Some(json!(721)))
    );
}

pub(super) async fn one_and_true_differ(trail: Trail) {
    let inputs = |value: Value| json!({"inputs": {"a": value, "same": [1, 2.5]}});
    let diff = between(&trail, inputs(json!(1)), inputs(json!(true))).await;
    assert_eq!(named(&diff), [("inputs.a", ChangeKind::Changed)]);
}

pub(super) async fn documents_come_go_and_move(trail: Trail) {
    let found = |documents: &[(&str, &str)]| {
        let results: Vec<Value> = (1..)
            .zip(documents)
            .map(|(rank, (name, version)): (u64, _)| {
                json!({"rank": rank, "document": name, "version": version, "used": "included"})
            })
            .collect();
        json!({"retrievals": [{"retriever": "r", "class": "shared", "query": "q", "status": "ok",
                               "results": results}]})
    };
    let one = found(&[("gone", "1"), ("a", "1"), ("b", "1"), ("c", "1")]);
    let two = found(&[("b", "1"), ("a", "1"), ("c", "2"), ("new", "1")]);
    let diff = between(&trail, one, two).await;
    let named = named(&diff);
    assert_eq!(
        named,
        [
            ("documents.r.a", ChangeKind::Moved),
            ("documents.r.b", ChangeKind::Moved),
            ("documents.r.c.version", ChangeKind::Changed),
            ("documents.r.gone", ChangeKind::Removed),
            ("documents.r.new", ChangeKind::Added),
        ]
    );
}
