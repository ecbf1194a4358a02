//! Redaction rules beside the trail, and tokens.

use std::fs;

use serde_json::json;

use super::{Folder, request};

const CANARY: &str = "canary.ada@example.org";

fn with_rules(treatment: &str) -> Folder {
    let folder = Folder::new();
    let rules = format!(
        "rules:\n  - name: emails\n    match: {{detector: email}}\n    treatment: {treatment}\n"
    );
    folder.write("contextrail.db.redaction.yaml", rules);
    let mut request = request("a", "text");
    request["inputs"] = json!({"to": CANARY});
    folder.write("r.json", request.to_string());
    folder
}

#[test]
fn a_token_of_an_assembled_request_is_revealed() {
    let folder = with_rules("tokenise");
    let ran = folder.run(&["context", "assemble", "r.json", "-o", "id"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = folder.run(&["context", "list", "-o", "id"]);
    let id = String::from_utf8(ran.stdout).unwrap();
    let ran = folder.run(&["context", "show", id.trim(), "-o", "json"]);
    let shown = String::from_utf8(ran.stdout).unwrap();
    assert!(!shown.contains(CANARY), "{shown}");
    let (_, rest) = shown.split_once("[tok:").unwrap();
    let token = format!("[tok:{}]", rest.split_once(']').unwrap().0);
    let ran = folder.run(&["privacy", "reveal", &token, "-o", "table"]);
    assert_eq!(
        (ran.code, ran.stdout),
        (0, format!("{CANARY}\n").into_bytes())
    );
    let ran = folder.run(&["privacy", "reveal", &token, "-o", "json"]);
    let revealed: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(revealed, json!({"value": CANARY}));

    let (begin, end) = token.split_at(token.len() - 9);
    let other = if end.starts_with('A') { "B" } else { "A" };
    let changed = format!("{begin}{other}{}", &end[1..]);
    let ran = folder.run(&["privacy", "reveal", &changed]);
    assert!(
        ran.stderr.contains("the token is damaged"),
        "{}",
        ran.stderr
    );
    let ran = folder.run(&["privacy", "reveal", "[tok:abc]"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);

    fs::remove_file(folder.path("contextrail.db.keyring")).unwrap();
    let ran = folder.run(&["privacy", "reveal", &token]);
    assert_ne!(ran.code, 0);
    assert!(ran.stderr.contains("keyring is missing"), "{}", ran.stderr);
}

#[test]
fn a_token_of_another_trail_is_not_found() {
    let folder = with_rules("tokenise");
    assert_eq!(folder.run(&["context", "assemble", "r.json"]).code, 0);
    let ran = folder.run(&["context", "export", "--since", "7d"]);
    let exported = String::from_utf8(ran.stdout).unwrap();
    let (_, rest) = exported.split_once("[tok:").unwrap();
    let token = rest.split_once(']').unwrap().0;
    let other = with_rules("mask");
    assert_eq!(other.run(&["context", "assemble", "r.json"]).code, 0);
    let ran = other.run(&["privacy", "reveal", token]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
}

#[test]
fn what_a_rule_blocks_is_refused_by_policy() {
    let folder = with_rules("block");
    let ran = folder.run(&["context", "assemble", "r.json"]);
    assert_eq!(ran.code, 8, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("emails blocks email at /inputs/to"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("try: contextrail context show "),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains(CANARY), "{}", ran.stderr);
    let ran = folder.run(&["context", "list", "-o", "json"]);
    let listed = String::from_utf8(ran.stdout).unwrap();
    assert!(listed.contains("refused"), "{listed}");
}

#[test]
fn rules_that_cannot_be_read_say_where_before_anything_is_written() {
    let folder = with_rules("forget");
    let ran = folder.run(&["context", "assemble", "r.json"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("redaction.yaml: line 4, column 16"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path("contextrail.db").exists());
}
