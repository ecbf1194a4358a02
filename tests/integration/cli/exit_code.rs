//! Every row of the table of exit codes.

use serde_json::json;

use super::{Folder, decision, request};

const UNKNOWN: &str = "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b";

#[test]
fn an_empty_list_is_no_error() {
    let folder = Folder::new();
    folder.assemble("a", "text");
    let ran = folder.run(&[
        "context",
        "list",
        "--entity",
        "applicant:nobody",
        "-o",
        "json",
    ]);
    assert_eq!(ran.done().text(), "[]\n");
    assert!(
        folder
            .run(&["used", "model:none", "-o", "jsonl"])
            .done()
            .stdout
            .is_empty()
    );
}

#[test]
fn differences_are_an_error_only_when_asked_for() {
    let folder = Folder::new();
    let (a, b) = (folder.assemble("a", "one"), folder.assemble("b", "two"));
    assert_eq!(
        folder.run(&["context", "diff", &a, &a, "--exit-code"]).code,
        0
    );
    assert_eq!(folder.run(&["context", "diff", &a, &b]).code, 0);
    let ran = folder.run(&["context", "diff", &a, &b, "--exit-code"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.stdout.is_empty());
}

#[test]
fn usage_errors_are_told_from_others() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    for arguments in [
        &["context", "list", "--bogus"][..],
        &["context", "list", "--status", "bogus"],
        &["context", "list", "--freshness", "bogus"],
        &["context", "list", "-o", "xml"],
        &["context", "list", "--since", "soon"],
        &["context", "list", "--limit", "0"],
        &["context", "list", "--limit", "5", "--all"],
        &["context", "list", "--entity", "nobody"],
        &["context", "list", "--used", "colour:red"],
        &["context", "show", "../../etc/passwd"],
        &["context", "show", "01948c9"],
        &["context", "export"],
        &["context", "export", &id, "-o", "table"],
        &["context", "diff", &id, &id, "-o", "id"],
        &[
            "context",
            "what-if",
            &id,
            "--limit",
            "9",
            "--tokenizer",
            "bogus",
        ],
        &["decision", "show", &id],
        &["decision", "show", "loan_application:"],
        &["--trail", "https://", "doctor"],
    ] {
        folder.run(arguments).refused(2, "");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new();
    for arguments in [
        ["context", "assemble", "missing.json"],
        ["decision", "record", "missing.json"],
        ["context", "assemble", "."],
    ] {
        folder.run(&arguments).refused(6, arguments[2]);
    }
    let import = folder.run(&["import", "missing.json"]);
    import.refused(6, "missing.json");
}

#[test]
fn an_ambiguous_prefix_lists_the_candidates() {
    let folder = Folder::new();
    let (a, b) = (folder.assemble("a", "one"), folder.assemble("a", "two"));
    // Ids made within the same 65 seconds begin alike; these two may lie on both sides of a border.
    if a[..8] == b[..8] {
        let ran = folder.run(&["context", "show", &a[..8]]);
        ran.refused(2, &a);
        ran.refused(2, &b);
    }
    assert_eq!(folder.run(&["context", "show", &a[..30]]).code, 0);
}

#[test]
fn unreadable_documents_are_refused_with_place_and_name() {
    let folder = Folder::new();
    let mut typo = request("a", "text");
    typo["budgt"] = json!(1);
    let cases = [
        ("{\n  \"schema\": oops}".to_owned(), "line 2"),
        ("{\"schema\": 1, \"schema\": 2}".to_owned(), "twice"),
        ("a: &x 1\nb: *x\n".to_owned(), "line 1"),
        ("{\"n\": 9007199254740993}".to_owned(), "line 1"),
        ("budget: {limit: .nan}".to_owned(), ""),
        (typo.to_string(), "budget"),
    ];
    for (text, what) in cases {
        for verb in [
            &["context", "assemble", "-"][..],
            &["decision", "record", "-"],
        ] {
            let ran = folder.run_with(verb, text.as_bytes());
            ran.refused(2, if verb[1] == "assemble" { what } else { "" });
            assert!(!folder.path("contextrail.db").exists());
        }
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let folder = Folder::new();
    let context = folder.assemble("a", "text");
    for arguments in [
        &["context", "show", UNKNOWN][..],
        &["context", "text", UNKNOWN],
        &["context", "export", &context, UNKNOWN],
        &["context", "list", "--after", UNKNOWN],
        &["decision", "show", "01948c9a"],
        &["decision", "show", "loan_application:none"],
        &["outcome", "add", UNKNOWN, "--kind", "repaid"],
    ] {
        folder.run(arguments).refused(3, "");
    }
    let unlinked = decision(UNKNOWN, "approved").to_string();
    let ran = folder.run_with(&["decision", "record", "-"], unlinked.as_bytes());
    ran.refused(3, UNKNOWN);
}

#[test]
fn texts_that_are_not_stored_leave_evidence_incomplete() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    folder
        .run(&["context", "export", &id, "--no-text", "--file", "bare.json"])
        .done();
    let copy = ["--trail", "sqlite://copy.db"];
    let run = |arguments: &[&str]| folder.run(&[&copy[..], arguments].concat());
    run(&["import", "bare.json"]).done();
    run(&["context", "text", &id]).refused(7, &id);
    run(&["context", "what-if", &id, "--limit", "9"]).refused(7, &id);
    let export = run(&["context", "export", &id]);
    assert_eq!(export.code, 7);
    assert!(export.stderr.contains("--no-text"));
    assert!(!export.stdout.is_empty());
    run(&["context", "export", &id, "--no-text"]).done();
}

#[test]
fn a_refusal_names_its_record() {
    let folder = Folder::new();
    let mut tight = request("a", "text");
    tight["budget"] = json!({"limit": 2});
    let text = tight.to_string();
    let ran = folder.run_with(&["context", "assemble", "-"], text.as_bytes());
    let refused = folder.json(&["context", "list", "--status", "refused"]);
    let id = refused[0]["id"].as_str().unwrap();
    ran.refused(8, id);
    folder.run(&["context", "text", id]).refused(7, "refused");
    let id = folder.assemble("a", "text");
    folder
        .run(&["context", "what-if", &id, "--limit", "2"])
        .refused(8, "try: --limit");
}

#[test]
fn strict_freshness_and_a_guardrail_refuse_and_leave_a_record() {
    let folder = Folder::new();
    let score = json!({"name": "credit_score", "entity": "applicant:a", "value": 1,
                       "as_of": "2020-01-01T00:00:00Z"});
    let block = json!({"name": "pii", "version": "2", "stage": "input", "verdict": "block"});
    for (member, value, code) in [
        ("features", json!([score]), "stale"),
        ("guardrails", json!([block]), "guardrail_block"),
    ] {
        let mut asked = request("a", "text");
        asked["freshness"] = json!({"limit": "5m", "strict": code == "stale"});
        asked[member] = value;
        let text = asked.to_string();
        let ran = folder.run_with(&["context", "assemble", "-"], text.as_bytes());
        let newest = folder.json(&["context", "list", "--limit", "1"]);
        let id = newest[0]["id"].as_str().unwrap();
        ran.refused(8, id);
        let record = folder.json(&["context", "show", id]);
        assert_eq!(record["status"], "refused");
        assert_eq!(record["error"]["code"], code);
        let tried = folder.run_with(&["context", "assemble", "-", "--dry-run"], text.as_bytes());
        tried.refused(8, "");
    }
    assert_eq!(
        folder.json(&["context", "list"]).as_array().unwrap().len(),
        2
    );
}

#[test]
fn a_failed_fetch_is_no_value_and_leaves_a_record() {
    let folder = Folder::new();
    let mut asked = request("a", "text");
    asked["features"] = json!([{"name": "credit_score", "status": "failed"}]);
    let ran = folder.run_with(&["context", "assemble", "-"], asked.to_string().as_bytes());
    let failed = folder.json(&["context", "list", "--status", "failed"]);
    ran.refused(2, failed[0]["id"].as_str().unwrap());
    ran.refused(2, "items[1]");
}
