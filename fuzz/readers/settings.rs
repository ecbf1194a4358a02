//! The files beside a trail that people write: rules of redaction, who keeps keys, who attests, where the
//! archive is. Whatever rules are read, records can be redacted by them.

use std::fs;

use contextrail::notary::Attesters;
use contextrail::privacy::Redaction;
use contextrail::privacy::keys::ProviderChoice;
use contextrail::record::{Door, Request};
use contextrail::store::ArchiveChoice;
use serde_json::json;

use super::ground;

pub(super) fn run(data: &[u8]) {
    let folder = tempfile::tempdir().expect("there is a place for files");
    let path = folder.path().join("settings");
    fs::write(&path, data).expect("there is room");
    let _ = ProviderChoice::read(&path);
    let _ = Attesters::read(&path);
    let _ = ArchiveChoice::read(&path);
    let Ok(rules) = Redaction::parse("rules", data) else {
        return;
    };
    let request: Request = serde_json::from_value(json!({
        "schema": "contextrail.request/1", "name": "loan_decision",
        "entities": [{"type": "applicant", "id": "user_456"}],
        "inputs": {"email": "anna@example.com", "n": 12, "list": ["a", {"b": "4111 1111 1111 1111"}]},
        "budget": {"limit": 400, "tokenizer": "o200k_base"},
        "items": [{"kind": "text", "text": "Call anna@example.com or +49 30 1234567", "required": true}],
    }))
    .expect("it is a request");
    ground::on_trail(ground::options().redaction(rules), |trail| async move {
        let sink: std::sync::Arc<dyn contextrail::capture::Sink> = std::sync::Arc::new(trail);
        let options = contextrail::capture::RequestOptions {
            environment: None,
            service: None,
            actor: None,
        };
        let _ = contextrail::capture::run_request(&sink, request, Door::Http, options).await;
    });
}
