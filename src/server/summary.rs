//! Records as the lines of a list.

use serde_json::{Value, json};

use super::mask::MASKED;
use crate::record::{Body, EntityRef};
use crate::trail::Stored;

/// A record as the line of a list; personal values in it are masked unless they may be seen.
pub(super) fn line(stored: &Stored, personal: bool) -> Value {
    let show = |value: Value| if personal { value } else { MASKED.into() };
    let all =
        |entities: &[EntityRef]| -> Value { entities.iter().map(|it| show(json!(it))).collect() };
    let record = stored.record();
    let id = stored.id();
    match &record.body {
        Body::Context(context) => json!({
            "id": id,
            "name": context.name,
            "status": context.status,
            "created_at": context.created_at,
            "environment": context.environment,
            "freshness": context.freshness.status,
            "entities": all(&context.entities),
        }),
        Body::Decision(decision) => json!({
            "id": id,
            "subject": show(json!(decision.subject)),
            "outcome": show(json!(decision.outcome)),
            "decided_at": decision.decided_at,
            "created_at": decision.decided_at,
            "entities": all(&decision.entities),
        }),
        Body::Generation(generation) => json!({
            "id": id,
            "context": generation.context,
            "model": generation.model.name,
            "created_at": record.head.recorded_at,
        }),
        Body::Review(review) => json!({
            "id": id,
            "decision": review.decision,
            "verdict": review.verdict,
            "decided_at": review.decided_at,
            "created_at": review.decided_at,
        }),
        Body::Outcome(outcome) => json!({
            "id": id,
            "decision": outcome.decision,
            "kind": show(json!(outcome.kind)),
            "at": outcome.at,
            "created_at": outcome.at,
        }),
        Body::Check(check) => json!({
            "id": id,
            "of": check.of,
            "ref": check.reference,
            "passed": check.passed,
            "created_at": record.head.recorded_at,
        }),
        body => json!({
            "id": id,
            "kind": body.kind(),
            "created_at": record.head.recorded_at,
        }),
    }
}
