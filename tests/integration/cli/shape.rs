//! What every verb prints.

use serde_json::{Value, json};

use super::{Folder, members, request};

#[test]
fn lists_are_arrays_of_summaries_newest_first() {
    let folder = Folder::new();
    let (a, b) = (folder.assemble("a", "one"), folder.assemble("b", "two"));
    let list = folder.json(&["context", "list"]);
    assert_eq!(list[0]["id"], *b);
    assert_eq!(list[1]["id"], *a);
    for member in [
        "id",
        "name",
        "status",
        "created_at",
        "environment",
        "freshness",
        "entities",
    ] {
        assert!(members(&list[0]).contains(&member), "{member}");
    }
    assert_eq!(
        list[0]["entities"],
        json!([{"type": "applicant", "id": "b"}])
    );
    assert_eq!(
        folder.run(&["context", "list", "-o", "id"]).text(),
        format!("{b}\n{a}\n")
    );
    let rest = folder.json(&["context", "list", "--after", &b, "--limit", "1"]);
    assert_eq!(rest.as_array().unwrap().len(), 1);
    assert_eq!(rest[0]["id"], *a);
    let table = folder.run(&["context", "list", "-o", "table"]).done();
    assert!(table.text().starts_with("ID"));
    assert_eq!(table.text().lines().count(), 3);
}

#[test]
fn jsonl_is_the_default_away_from_a_terminal() {
    let folder = Folder::new();
    folder.assemble("a", "one");
    folder.assemble("a", "two");
    let ran = folder.run(&["context", "list"]).done();
    for line in ran.text().lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    assert_eq!(ran.text().lines().count(), 2);
}

#[test]
fn filters_narrow_a_list() {
    let folder = Folder::new();
    let id = folder.assemble("a", "one");
    folder.assemble("b", "two");
    folder.decide(&id, "approved");
    let count = |arguments: &[&str]| {
        let list = folder.json(&[&["context", "list"], arguments].concat());
        list.as_array().unwrap().len()
    };
    assert_eq!(count(&["--entity", "applicant:a"]), 1);
    assert_eq!(count(&["--decision", "loan_application:12345"]), 1);
    assert_eq!(count(&["--name", "loan_decision", "--status", "sealed"]), 2);
    assert_eq!(count(&["--used", "document:doc_456#c1@7"]), 2);
    assert_eq!(count(&["--used", "document:doc_456@8"]), 0);
    assert_eq!(
        count(&["--environment", "development", "--freshness", "guaranteed"]),
        0
    );
    assert_eq!(count(&["--since", "1h", "--until", "now"]), 2);
    assert_eq!(count(&["--until", "yesterday"]), 0);
}

#[test]
fn a_decision_is_an_object_by_id_and_an_array_by_key() {
    let folder = Folder::new();
    let context = folder.assemble("a", "text");
    let first = folder.decide(&context, "declined");
    let review = folder.json(&[
        "review",
        "add",
        &first,
        "--by",
        "officer_7",
        "--verdict",
        "override",
        "--outcome",
        "approved",
        "--reason",
        "payslip_verified",
        "--note",
        "checked",
        "--role",
        "underwriter",
    ]);
    assert_eq!(review["schema"], "contextrail.review/1");
    assert_eq!(review["original_outcome"], "declined");
    let second = review["new_decision"].as_str().unwrap();

    let one = folder.json(&["decision", "show", &first]);
    assert_eq!(one["outcome"], "declined");
    let all = folder.json(&["decision", "show", "loan_application:12345"]);
    assert_eq!(all[0]["id"], *second);
    assert_eq!(all[0]["supersedes"], *first);
    assert_eq!(all[1]["superseded_by"], *second);
    assert_eq!(all[1]["reviews"][0]["id"], review["id"]);
    assert_eq!(all[0]["reviews"], json!([]));
    assert_eq!(
        folder.json(&["decision", "export", "loan_application:12345"]),
        all
    );
    let exported = folder.json(&["decision", "export", &first]);
    assert_eq!(exported, all[1]);
    for member in members(&one) {
        assert_eq!(exported[member], one[member], "{member}");
    }

    let list = folder.json(&["decision", "list"]);
    for member in [
        "id",
        "subject",
        "outcome",
        "decided_at",
        "created_at",
        "entities",
        "contexts",
    ] {
        assert!(members(&list[0]).contains(&member), "{member}");
    }
}

#[test]
fn a_history_has_what_came_in_through_decisions() {
    let folder = Folder::new();
    let context = folder.assemble("a", "text");
    let decision = folder.decide(&context, "approved");
    let outcome = folder.json(&[
        "outcome",
        "add",
        &decision,
        "--kind",
        "disputed",
        "--value",
        "{\"amount\": \"12.50\"}",
    ]);
    assert_eq!(outcome["value"], json!({"amount": "12.50"}));
    let history = folder.json(&["entity", "show", "applicant:a"]);
    let kinds: Vec<&str> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["context", "decision", "outcome"]);
    let mut names = members(&history[0]);
    names.sort_unstable();
    assert_eq!(names, ["at", "id", "kind", "summary"]);
    let used = folder.json(&["used", "document:doc_456"]);
    assert_eq!(used[0]["kind"], "decision");
    assert_eq!(used[1]["kind"], "context");
}

#[test]
fn a_value_that_is_no_json_is_a_text() {
    let folder = Folder::new();
    let decision = folder.decide(&folder.assemble("a", "text"), "approved");
    let add = |value: &str| {
        folder.run(&[
            "outcome", "add", &decision, "--kind", "k", "--value", value, "-o", "json",
        ])
    };
    let value = |text: &str| {
        serde_json::from_slice::<Value>(&add(text).done().stdout).unwrap()["value"].clone()
    };
    assert_eq!(value("12.5"), json!(12.5));
    assert_eq!(value("paid in full"), json!("paid in full"));
    assert_eq!(value("null"), json!(null));
    add("9007199254740993").refused(2, "");
}

#[test]
fn a_dry_run_records_nothing() {
    let folder = Folder::new();
    folder.write("request.json", request("a", "text").to_string());
    let tried = folder.json(&["context", "assemble", "request.json", "--dry-run"]);
    assert_eq!(tried["schema"], "contextrail.context/1");
    assert!(tried.get("id").is_none() && tried.get("sealed_at").is_none());
    assert!(tried["text"].as_str().unwrap().ends_with("text"));
    assert!(!folder.path("contextrail.db").exists());
    // Everything is as it will be recorded, but for what takes a place in the log or a seed.
    let id = folder
        .run(&["context", "assemble", "request.json", "-o", "id"])
        .out();
    let recorded = folder.json(&["context", "export", id.trim()]);
    let lacking: Vec<&str> = members(&recorded)
        .into_iter()
        .filter(|name| tried.get(name).is_none())
        .collect();
    assert_eq!(lacking, ["id", "sealed_at", "seeds"]);
    assert_eq!(tried["actor"], recorded["actor"]);
    assert_eq!(tried["tenant"], recorded["tenant"]);
    for (digest, text) in tried["texts"].as_object().unwrap() {
        assert_eq!(recorded["texts"][digest], *text);
    }
    assert_eq!(tried["texts"].as_object().unwrap().len(), 2);
    assert!(recorded["assembly"].get("text_digest").is_some());
    assert!(tried["assembly"].get("text_digest").is_none());
}

#[test]
fn what_if_says_before_and_after() {
    let folder = Folder::new();
    let id = folder.assemble("a", &"word ".repeat(200));
    let tried = folder.json(&["context", "what-if", &id, "--limit", "60"]);
    let last = tried["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["before"], &last["verdict"]),
        (&json!("included"), &json!("dropped"))
    );
    assert!(tried["budget"]["used"].as_u64() <= Some(60));
}

#[test]
fn a_comparison_lists_what_differs() {
    let folder = Folder::new();
    let (a, b) = (folder.assemble("a", "one"), folder.assemble("a", "two"));
    let same = folder.json(&["context", "diff", &a, &a]);
    assert_eq!(same["same"], true);
    assert_eq!(same["changes"], json!([]));
    assert_eq!(folder.json(&["context", "diff", &a, &b])["same"], false);
    assert_eq!(
        folder
            .run(&["context", "diff", &a, &a, "-o", "table"])
            .text(),
        "no difference\n"
    );
}

#[test]
fn a_page_shows_what_was_kept_and_why() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    folder.decide(&id, "approved");
    let page = folder.run(&["context", "show", &id, "-o", "table"]).done();
    for part in [
        "loan_decision sealed",
        "credit_score",
        "doc_456#c1",
        "included",
        "budget",
        "loan_application:12345: approved",
    ] {
        assert!(page.text().contains(part), "{part} in {}", page.text());
    }
    let report = folder.json(&["doctor"]);
    assert_eq!(report["ok"], true);
    assert_eq!(report["counts"]["context"], 1);
}

#[test]
fn several_decisions_are_read_before_the_first_is_recorded() {
    let folder = Folder::new();
    let context = folder.assemble("a", "text");
    let good = super::decision(&context, "approved");
    let both = json!([good, {"outcome": "approved"}]).to_string();
    folder
        .run_with(&["decision", "record", "-"], both.as_bytes())
        .refused(2, "");
    assert_eq!(folder.json(&["decision", "list"]), json!([]));
    let both = json!([good, good]).to_string();
    let ran = folder
        .run_with(&["decision", "record", "-", "-o", "json"], both.as_bytes())
        .done();
    let recorded: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(recorded.as_array().unwrap().len(), 2);
}

#[test]
fn an_actor_in_a_file_is_recorded_as_asserted() {
    let folder = Folder::new();
    let mut posted = super::decision(&folder.assemble("a", "text"), "approved");
    posted["actor"] = json!({"id": "officer_7", "kind": "human", "method": "oidc"});
    posted["recorded_at"] = json!("2001-01-01T00:00:00Z");
    let text = posted.to_string();
    let ran = folder
        .run_with(&["decision", "record", "-", "-o", "json"], text.as_bytes())
        .done();
    let recorded: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(recorded["actor"]["method"], "asserted");
    assert_ne!(recorded["recorded_at"], "2001-01-01T00:00:00.000000Z");
}
