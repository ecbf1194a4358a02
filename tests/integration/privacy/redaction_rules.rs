//! Files of rules: what they say, and where they are wrong.

use contextrail::privacy::redaction::{Redaction, RulesError};
use contextrail::record::Draft;
use contextrail::trail::{TrailError, TrailOptions};
use serde_json::json;

use super::redaction::CANARY;
use crate::sample::{context, id};

const RULES: &str = r"
rules:
  - name: emails
    match: {detector: email, path: /inputs}
    treatment: mask
  - name: customer_number
    match: {detector: {pattern: '\bK-[0-9]{6}\b'}}
    treatment: drop
";

#[tokio::test]
async fn the_file_beside_the_database_is_read_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.db");
    std::fs::write(Redaction::beside(&path), RULES).unwrap();
    let url = format!("sqlite://{}", path.display());
    let trail = TrailOptions::new().open(&url).await.unwrap();
    let inputs = json!({"to": CANARY, "number": "K-123456!"});
    let draft = Draft::new(
        id(1),
        context(json!({"inputs": inputs, "extra": {"e": CANARY}})),
    );
    trail.record(draft).await.unwrap();
    let stored = trail.read(id(1)).await.unwrap().unwrap();
    let left = stored.context().unwrap();
    let inputs = serde_json::to_value(&left.inputs).unwrap();
    assert_eq!(inputs, json!({"to": "[email]", "number": "!"}));
    assert_eq!(left.extra["e"], json!(CANARY));
    trail.close().await;

    std::fs::write(Redaction::beside(&path), "rules: [{}]").unwrap();
    let error = TrailOptions::new().open(&url).await.unwrap_err();
    assert!(matches!(error, TrailError::Rules(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("trail.db.redaction.yaml: line 1")
    );
}

#[test]
fn json_says_the_same() {
    let rules = r#"{"imports": false, "rules": [
        {"name": "a", "match": {"class": "confidential"}, "treatment": "block"}]}"#;
    let redaction = Redaction::parse("r", rules.as_bytes()).unwrap();
    assert!(!redaction.redacts_imports() && !redaction.is_empty());
}

fn refused(rules: &str) -> (String, RulesError) {
    let error = Redaction::parse("r.yaml", rules.as_bytes()).unwrap_err();
    (error.to_string(), error)
}

#[test]
fn an_error_says_where_it_is() {
    let (text, error) = refused(
        "rules:\n  - name: numbers\n    match:\n      detector:\n        pattern: 'K-[0-9'\n    treatment: drop\n",
    );
    assert!(matches!(error, RulesError::Pattern { .. }));
    assert!(
        text.starts_with(
            "r.yaml: line 5, column 18: the rule \"numbers\" does not compile, at character 3"
        ),
        "{text}"
    );
    for (rule, said) in [
        ("{name: a, match: {}, treatment: drop}", "line 2, column 22"),
        (
            "{name: a, match: {path: inputs}, treatment: drop}",
            "line 2, column 29",
        ),
        (
            "{name: a, match: {detector: emial}, treatment: drop}",
            "email",
        ),
        (
            "{name: a, match: {detector: email}, treatment: mask_it}",
            "mask",
        ),
        (
            "{name: a, match: {class: plain}, treatment: mask}",
            "personal",
        ),
        (
            "{name: a, match: {kind: email}, treatment: mask}",
            "unknown member",
        ),
        ("{name: a, match: {class: personal}}", "treatment"),
    ] {
        let (text, _) = refused(&format!("rules:\n  - {rule}\n"));
        assert!(text.starts_with("r.yaml: line 2, column "), "{text}");
        assert!(text.contains(said), "{text}");
    }
    let twice = "{name: a, match: {class: personal}, treatment: drop}";
    let (text, _) = refused(&format!("rules:\n  - {twice}\n  - {twice}\n"));
    assert!(text.contains("line 3") && text.contains("twice"), "{text}");
}
