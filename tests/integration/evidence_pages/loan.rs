//! The records of a loan that a model declined and a person approved.

use contextrail::record::{
    Actor, ActorKind, ActorMethod, Body, Class, Decision, Generation, ItemText, Outcome, Review,
    Texts,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::sample::{context, decision, id, time};

pub(super) fn loan_context() -> Body {
    let items = json!([
        {"index": 0, "kind": "template", "ref": "loan_prompt@1.3.0", "role": "system", "priority": 0,
         "required": true, "tokens": 8, "used_tokens": 8, "verdict": "included"},
        {"index": 1, "kind": "feature", "ref": "credit_score", "priority": 0, "required": true,
         "tokens": 5, "used_tokens": 5, "verdict": "included"},
        {"index": 2, "kind": "document", "ref": "doc_456#chunk_abc", "priority": 1, "required": false,
         "overflow": "keep_head", "tokens": 12, "used_tokens": 6, "verdict": "truncated",
         "reason": "budget", "kept": [[0, 30]]},
        {"index": 3, "kind": "document", "ref": "doc_9#c1", "priority": 3, "required": false,
         "tokens": 498, "used_tokens": 0, "verdict": "dropped", "reason": "budget"},
    ]);
    let result = |rank: u64, document: &str, chunk: &str, used: &str| {
        json!({"rank": rank, "document": document, "chunk": chunk, "version": "7", "score": 0.89,
               "as_of": time(-345_600), "freshness_ms": 345_600_000, "used": used})
    };
    let more = json!({
        "sealed_at": time(1),
        "environment": "production",
        "service": {"name": "loan-api", "version": "1.4.2"},
        "entities": [{"type": "applicant", "id": "user_456"}],
        "inputs": {"application_id": "12345"},
        "template": {"name": "loan_prompt", "version": "1.3.0"},
        "model": {"provider": "openai", "name": "gpt-4o", "parameters": {"temperature": 0}},
        "features": [
            {"name": "credit_score", "version": "3", "entity": "applicant:user_456", "value": 612,
             "source": "cache", "origin": {"system": "core_banking", "dataset": "scores@2025-11-12"},
             "status": "ok", "as_of": time(-5), "fetched_at": time(0), "freshness_ms": 5000,
             "max_age_ms": 300_000},
            {"name": "payslip", "entity": "applicant:user_456", "source": "compute", "status": "missing",
             "fetched_at": time(0)},
        ],
        "retrievals": [{
            "retriever": "policy_docs", "class": "shared", "query": "loan eligibility requirements",
            "index": {"name": "lending_policies", "version": "snapshot-2025-11-10"}, "top_k": 2,
            "status": "ok",
            "results": [result(1, "doc_456", "chunk_abc", "truncated"), result(2, "doc_9", "c1", "dropped")],
        }],
        "guardrails": [{"name": "pii", "version": "2", "stage": "input", "verdict": "pass", "action": "allowed"}],
        "assembly": {
            "tokenizer": {"name": "o200k_base", "engine": "tiktoken-rs 0.12.1"},
            "budget": {"limit": 40, "reserve_output": 20, "available": 20, "used": 19},
            "separator": "\n\n", "order": "added", "items": items,
            "messages": [{"role": "system", "range": [0, 26]}, {"role": "user", "range": [28, 77]}],
            "text_bytes": 77,
        },
        "freshness": {"status": "degraded", "limit_ms": 300_000,
                      "violations": [{"ref": "payslip", "reason": "missing"}]},
        "capture": {"door": "native", "warnings": [], "sections": {
            "inputs": "complete", "template": "complete", "model": "complete", "features": "complete",
            "retrievals": "complete", "tools": "complete", "guardrails": "partial", "assembly": "complete"}},
    });
    context(more).into()
}

pub(super) fn loan_texts() -> Texts {
    let item = |text: &str, class| ItemText {
        text: text.into(),
        class,
        owner: None,
        sha256: None,
    };
    let policy = "Income must be shown by payslip. Scores under 640 are declined.";
    Texts {
        items: vec![
            item("You assist a loan officer.", Class::Confidential),
            item("credit_score: 612", Class::Personal),
            item(policy, Class::Confidential),
            item("Branches open at nine.", Class::Confidential),
        ],
        text: Some(
            format!(
                "You assist a loan officer.\n\ncredit_score: 612\n\n{}",
                &policy[..30]
            )
            .into(),
        ),
        ..Texts::default()
    }
}

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(super) fn answer() -> Generation {
    read(json!({
        "context": id(1),
        "model": {"provider": "openai", "name": "gpt-4o", "served": "gpt-4o-2024-08-06"},
        "text": "Decline: the score of 612 is under 640.",
        "finish_reason": "stop",
        "usage": {"input_tokens": 3480, "output_tokens": 12},
    }))
}

pub(super) fn declined() -> Decision {
    decision(json!({
        "entities": [{"type": "applicant", "id": "user_456"}],
        "contexts": [id(1)],
        "generations": [id(2)],
        "output": {"score": 0.41},
        "threshold": {"name": "approve_at", "value": 0.58},
        "outcome": "declined",
        "reasons": [{"code": "R07", "text": "score under the limit", "refs": ["feature:credit_score"]}],
        "rationale": [{"signal": "credit_score", "contribution": -0.31, "method": "shap"}],
        "automation": "assisted",
        "risk_tier": "high",
        "governed_by": {"model": "credit_model@2.1.0", "constraints": ["fairness@2.0.1"]},
        "checks": [{"constraint": "max_latency", "metric": "latency_ms", "value": 120,
                    "comparison": "at_most", "threshold": 150, "result": "pass"}],
        "decided_at": time(2),
    }))
}

pub(super) fn approved() -> Decision {
    decision(json!({
        "entities": [{"type": "applicant", "id": "user_456"}],
        "outcome": "approved",
        "decided_by": {"kind": "human", "id": "officer_7"},
        "automation": "none",
        "supersedes": id(3),
        "decided_at": time(3_600),
    }))
}

pub(super) fn override_review() -> Review {
    read(json!({
        "decision": id(3),
        "role": "underwriter",
        "verdict": "override",
        "reason_code": "payslip_verified",
        "policy": "overrides@4",
        "note": "Payslip seen; income is enough.",
        "presented_at": time(3_300),
        "decided_at": time(3_600),
        "original_outcome": "declined",
        "new_outcome": "approved",
        "new_decision": id(5),
    }))
}

pub(super) fn officer() -> Actor {
    Actor {
        id: "officer_7".parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Oidc,
    }
}

pub(super) fn repaid() -> Outcome {
    read(json!({
        "decision": id(5), "kind": "repaid", "value": {"amount": "12000.00"}, "at": time(31_536_000),
    }))
}
