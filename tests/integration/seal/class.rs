//! The class of every field of a full record, and where personal values may never be.

use contextrail::record::{
    Actor, ActorKind, ActorMethod, Body, Class, Draft, EntityRef, Generation, ItemText, Outcome,
    Review, Texts,
};
use contextrail::seal::{Sealed, Source, seal};
use serde_json::{Value, json};

use super::formula::fields_by_slot;
use crate::sample::{context, decision, entity, head, id, time};

/// A text that gives away where it is.
fn secret(place: &str) -> String {
    format!("CANARY-{place}")
}

fn error(place: &str) -> Value {
    json!({"code": "timeout", "message": secret(place)})
}

fn full_context() -> Draft {
    let body = context(json!({
        "status": "failed",
        "error": error("error"),
        "agent": {"name": "underwriter", "role": "planner", "step": 2, "state": secret("agent")},
        "entities": [{"type": "applicant", "id": secret("entity")}],
        "inputs": {"application_id": secret("input")},
        "template": {"name": "loan_prompt", "version": "1", "variables": {"rules": secret("variable")}},
        "model": {"provider": "openai", "name": "gpt-4o", "parameters": {"temperature": 0}},
        "features": [{
            "name": "score", "version": "3", "entity": format!("applicant:{}", secret("entity")),
            "value": secret("value"), "source": "compute", "status": "failed",
            "origin": {"system": "core", "dataset": "scores", "record": secret("record")},
            "error": error("feature-error"), "fetched_at": time(0),
        }],
        "retrievals": [
            {"retriever": "own", "class": "personal", "query": secret("query"),
             "filters": {"f": secret("filter")}, "status": "ok", "error": error("retrieval-error"),
             "results": [{"rank": 1, "document": secret("document"), "chunk": secret("chunk"),
                          "uri": secret("uri"), "used": "included", "version": "7"}]},
            {"retriever": "policy", "class": "shared", "query": secret("shared-query"),
             "filters": {"f": secret("shared-filter")}, "status": "ok",
             "results": [{"rank": 1, "document": "doc_456", "used": "included"}]},
        ],
        "tools": [{"name": "lookup", "arguments": secret("arguments"), "output": secret("output"),
                   "status": "failed", "error": error("tool-error"), "side_effect": false}],
        "guardrails": [{"name": "pii", "stage": "input", "native": secret("native"),
                        "verdict": "flag", "error": error("guardrail-error")}],
        "assembly": {
            "tokenizer": {"name": "o200k_base", "engine": "e"},
            "budget": {"limit": 9, "reserve_output": 0, "available": 9, "used": 4},
            "separator": "\n\n",
            "items": [
                {"index": 0, "kind": "document", "ref": secret("item-ref"), "priority": 0,
                 "required": true, "tokens": 1, "used_tokens": 1, "verdict": "included",
                 "marker": secret("marker")},
                {"index": 1, "kind": "document", "ref": "doc_456", "priority": 0,
                 "required": true, "tokens": 1, "used_tokens": 1, "verdict": "included"},
            ],
        },
        "freshness": {"status": "degraded", "violations": [
            {"ref": "score", "reason": "failed"}, {"ref": secret("violation"), "reason": "too_old"}]},
        "capture": {"door": "native", "sections": {}, "warnings": [secret("warning")]},
        "extra": {"note": secret("extra")},
    }));
    let mut draft = Draft::new(id(1), body);
    let item = |text: &str, class| ItemText {
        text: text.into(),
        class,
        owner: None,
        sha256: None,
    };
    draft.texts = Texts {
        items: vec![
            item(&secret("item-text"), Class::Personal),
            item("shared text", Class::Confidential),
        ],
        text: Some(secret("text").into()),
        template: Some("{{rules}}".into()),
        ..Texts::default()
    };
    draft
}

fn sealed_by(actor: Option<Actor>, draft: Draft) -> Sealed {
    let mut head = head(draft.id);
    head.actor = actor.unwrap_or(head.actor);
    seal(head, draft, &Source::New).unwrap()
}

fn officer() -> Actor {
    Actor {
        id: secret("actor").parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}

/// Nothing personal outside the slots of people, and none of it in a field of another class.
fn assert_nothing_leaks(sealed: &Sealed) {
    for slot in &sealed.slots {
        let shown = String::from_utf8_lossy(&slot.bytes);
        assert!(
            slot.slot.number() > 0 || !shown.contains("CANARY"),
            "slot 0: {shown}"
        );
    }
    for (number, fields) in fields_by_slot(sealed) {
        for (class, path, value) in fields {
            let value = String::from_utf8(value).unwrap();
            assert!(class == 2 || !value.contains("CANARY"), "{path}: {value}");
            assert_eq!(class == 2, number > 0, "{path} is in slot {number}");
        }
    }
    for shared in &sealed.shared {
        assert!(!shared.text.contains("CANARY"));
    }
}

#[test]
fn no_personal_value_of_a_context_is_in_a_field_of_another_class() {
    let sealed = sealed_by(Some(officer()), full_context());
    assert_nothing_leaks(&sealed);
    let all: Vec<u8> = sealed
        .slots
        .iter()
        .flat_map(|it| it.bytes.clone())
        .collect();
    let all = String::from_utf8_lossy(&all);
    for place in [
        "error",
        "agent",
        "input",
        "variable",
        "value",
        "record",
        "query",
        "document",
        "uri",
        "arguments",
        "output",
        "native",
        "item-ref",
        "marker",
        "violation",
        "warning",
        "extra",
        "item-text",
        "actor",
    ] {
        assert!(all.contains(&secret(place)), "{place} is not stored");
    }
}

#[test]
fn no_personal_value_of_the_other_kinds_is_in_a_field_of_another_class() {
    let generation: Generation = serde_json::from_value(json!({
        "context": id(2), "model": {"name": "gpt-4o"}, "text": secret("text"),
        "tool_calls": [{"name": "t", "arguments": secret("arguments"), "status": "ok"}],
        "guardrails": [{"name": "pii", "stage": "output", "native": secret("native"), "verdict": "flag"}],
        "extra": {"x": secret("extra")},
    }))
    .unwrap();
    let review: Review = serde_json::from_value(json!({
        "decision": id(2), "verdict": "override", "note": secret("note"), "decided_at": time(1),
        "original_outcome": secret("original"), "new_outcome": secret("new"),
    }))
    .unwrap();
    let outcome: Outcome = serde_json::from_value(json!({
        "decision": id(2), "kind": secret("kind"), "value": secret("value"), "at": time(1),
        "note": secret("note"),
    }))
    .unwrap();
    let decision = decision(json!({
        "subject": {"type": "loan_application", "id": secret("subject")},
        "entities": [{"type": "applicant", "id": secret("entity")}],
        "output": {"score": secret("output")}, "outcome": secret("outcome"),
        "action": secret("action"),
        "reasons": [{"code": "R01", "text": secret("reason"), "refs": ["feature:score"]}],
        "decided_by": {"kind": "human", "id": secret("decider")}, "input_ref": secret("input_ref"),
        "extra": {"x": secret("extra")},
    }));
    let bodies: [Body; 4] = [
        generation.into(),
        review.into(),
        outcome.into(),
        decision.into(),
    ];
    for body in bodies {
        let mut draft = Draft::new(id(1), body);
        draft.about = vec![entity("applicant:CANARY-about")];
        draft.texts.digested = Some(secret("digested").into_bytes().into());
        assert_nothing_leaks(&sealed_by(Some(officer()), draft));
    }
}

#[test]
fn every_field_of_a_context_has_its_class() {
    let sealed = sealed_by(None, full_context());
    let classes: std::collections::BTreeMap<String, u8> = fields_by_slot(&sealed)
        .into_values()
        .flatten()
        .map(|(class, path, _)| (path, class))
        .collect();
    let (plain, confidential, personal) = (0, 1, 2);
    let expected = [
        ("/actor", plain),
        ("/agent", plain),
        ("/agent/state", personal),
        ("/assembly", plain),
        ("/assembly/items/0", plain),
        ("/assembly/items/0/digest", personal),
        ("/assembly/items/0/marker", personal),
        ("/assembly/items/0/ref", personal),
        ("/assembly/items/1", confidential),
        ("/assembly/text_digest", personal),
        ("/capture", plain),
        ("/capture/warnings/0", personal),
        ("/created_at", plain),
        ("/entities/0", personal),
        ("/environment", plain),
        ("/error", plain),
        ("/error/message", personal),
        ("/extra/note", personal),
        ("/features/0", plain),
        ("/features/0/entity", personal),
        ("/features/0/error", plain),
        ("/features/0/error/message", personal),
        ("/features/0/origin", plain),
        ("/features/0/origin/record", personal),
        ("/features/0/value", personal),
        ("/freshness", plain),
        ("/freshness/violations/0", plain),
        ("/freshness/violations/1", plain),
        ("/freshness/violations/1/ref", personal),
        ("/guardrails/0", plain),
        ("/guardrails/0/error", plain),
        ("/guardrails/0/error/message", personal),
        ("/guardrails/0/native", personal),
        ("/id", plain),
        ("/inputs/application_id", personal),
        ("/model", plain),
        ("/name", plain),
        ("/recorded_at", plain),
        ("/recorder", plain),
        ("/retrievals/0", plain),
        ("/retrievals/0/error", plain),
        ("/retrievals/0/error/message", personal),
        ("/retrievals/0/filters/f", personal),
        ("/retrievals/0/query", personal),
        ("/retrievals/0/results/0", plain),
        ("/retrievals/0/results/0/chunk", personal),
        ("/retrievals/0/results/0/document", personal),
        ("/retrievals/0/results/0/uri", personal),
        ("/retrievals/1", plain),
        ("/retrievals/1/filters/f", personal),
        ("/retrievals/1/query", personal),
        ("/retrievals/1/results/0", confidential),
        ("/schema", plain),
        ("/status", plain),
        ("/template", plain),
        ("/template/digest", confidential),
        ("/template/variables/rules", personal),
        ("/tenant", plain),
        ("/tools/0", plain),
        ("/tools/0/arguments", personal),
        ("/tools/0/error", plain),
        ("/tools/0/error/message", personal),
        ("/tools/0/output", personal),
    ];
    let expected = expected.map(|(path, class)| (path.to_owned(), class));
    assert_eq!(classes, expected.into());
}

#[test]
fn a_value_lies_in_the_slot_of_its_own_entity() {
    let whom = |kind: &str| EntityRef::new(kind, "1").unwrap();
    let feature = |name: &str, of: &str| {
        json!({"name": name, "entity": of, "value": name, "source": "compute", "status": "ok",
               "fetched_at": time(0)})
    };
    let body = context(json!({
        "entities": [whom("a"), whom("b")],
        "features": [feature("one", "a:1"), feature("two", "b:1")],
        "inputs": {"free": "text"},
    }));
    let sealed = sealed_by(None, Draft::new(id(1), body));
    let slots = fields_by_slot(&sealed);
    let slot_of = |path: &str| {
        let found = slots
            .iter()
            .find(|(_, fields)| fields.iter().any(|it| it.1 == path));
        *found.unwrap().0
    };
    assert_eq!(slot_of("/features/0/value"), 1);
    assert_eq!(slot_of("/features/1/value"), 2);
    // Free text may name several people: it has a slot of its own.
    assert_eq!(slot_of("/inputs/free"), 3);
}
