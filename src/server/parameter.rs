//! What parameters and bodies look like, for the OpenAPI document.

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

use super::call::MOST;
use super::route::{Op, Route};
use crate::record::{ContextStatus, FreshnessStatus, UsedKind};

/// What a parameter of a route may be.
pub(super) fn schema(route: &Route, name: &str) -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let of_one = |words: Vec<&'static str>| text().enum_values(Some(words));
    let like = |pattern: String| text().pattern(Some(pattern));
    let is_entity = route.path.contains("/{type}/{id}");
    match name {
        "limit" => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(MOST)),
        "since" | "until" => text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
        "status" => of_one(ContextStatus::ALL.map(ContextStatus::as_str).to_vec()),
        "freshness" => of_one(FreshnessStatus::ALL.map(FreshnessStatus::as_str).to_vec()),
        "entity" | "subject" => like("^[A-Za-z0-9_.-]+:.+$".to_owned()),
        "ref" | "used" => {
            let kinds = UsedKind::ALL.map(UsedKind::as_str).join("|");
            like(format!("^({kinds}):.+$"))
        }
        "id" | "other" if !is_entity => like(ID.to_owned()),
        "decision" => like(ID.to_owned()),
        _ => text(),
    }
    .into()
}

/// A body that a route takes.
pub(super) fn example(route: &Route) -> Option<Value> {
    let id = "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b";
    let example = match route.op {
        Op::AssembleContext => json!({
            "schema": "contextrail.request/1", "name": "loan_decision",
            "entities": [{"type": "applicant", "id": "user_456"}],
            "budget": {"limit": 4000, "tokenizer": "o200k_base"},
            "items": [{"kind": "text", "text": "Credit score: 720", "required": true}],
        }),
        Op::RecordDecision => json!({
            "subject": {"type": "loan_application", "id": "12345"}, "contexts": [id],
            "outcome": "approved", "decided_by": {"kind": "system", "id": "loan-api"},
        }),
        Op::RecordReview => json!({"decision": id, "verdict": "approve"}),
        Op::PlaceHold => json!({
            "matter": "LIT-7", "target": {"entity": {"type": "applicant", "id": "user_1"}},
        }),
        Op::GrantToken => json!({"role": "analyst", "holder": {"id": "dora", "kind": "human"}}),
        Op::Erase | Op::LiftHold => json!({"reason": "on request"}),
        _ => return None,
    };
    Some(example)
}

/// A UUID of version 7.
const ID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
