//! What errors say: what, where, and what to try.

use std::path::Path;

use serde_json::{Value, json};

use super::{Folder, Ran, decision, request};

/// Runs `assemble` on the request with `changes`, each member on a line of its own.
fn assemble(folder: &Folder, changes: &Value) -> Ran {
    let mut changed = request("a", "text");
    for (name, value) in changes.as_object().unwrap() {
        changed[name] = value.clone();
    }
    folder.write("r.json", serde_json::to_string_pretty(&changed).unwrap());
    folder.run(&["context", "assemble", "r.json"])
}

#[test]
fn an_error_in_a_request_has_file_and_line() {
    let folder = Folder::new();
    for (changes, what) in [
        (json!({"schema": "contextrail.request/9"}), "`schema`"),
        (
            json!({"items": [{"kind": "feature", "ref": "age"}]}),
            "items[0].ref",
        ),
        (
            json!({"items": [{"kind": "document", "ref": "d"}]}),
            "items[0].ref",
        ),
        (json!({"items": [{"kind": "text"}]}), "items[0].text"),
        (json!({"model": {"name": "unheard-of"}}), "unheard-of"),
        (
            json!({"budget": {"limit": 9, "tokenizer": "guess"}}),
            "guess",
        ),
        (
            json!({"budget": {"limit": 9, "reserve_output": 10}}),
            "10 tokens",
        ),
        (
            json!({"trace": {"trace_id": "xyz", "span_id": "b7"}}),
            "trace.trace_id",
        ),
        (
            json!({"template": {"name": "t", "text": "{{x}}"}, "items": []}),
            "\"t\"",
        ),
    ] {
        let ran = assemble(&folder, &changes);
        ran.refused(2, what);
        let (_, after) = ran.stderr.split_once("r.json: line ").unwrap();
        let line: usize = after.split_once(',').unwrap().0.parse().unwrap();
        assert!(line > 1, "{ran:?}");
    }
}

#[test]
fn a_document_that_is_several_says_how_to_tell_them_apart() {
    let folder = Folder::new();
    let results = json!([{"document": "d", "text": "one"}, {"document": "d", "text": "two"}]);
    let changes = json!({
        "retrievals": [{"retriever": "r", "query": "q", "results": results}],
        "items": [{"kind": "document", "ref": "d"}],
    });
    assemble(&folder, &changes).refused(2, "document#chunk");
}

#[test]
fn a_refusal_for_age_says_how_old_and_how_old_is_allowed() {
    let folder = Folder::new();
    let changes = json!({
        "freshness": {"limit": "5m", "strict": true},
        "features": [{"name": "credit_score", "entity": "applicant:a", "value": 1,
                      "as_of": "2020-01-01T00:00:00Z"}],
    });
    let ran = assemble(&folder, &changes);
    ran.refused(8, "5m are allowed");
    ran.refused(8, "d old");
}

#[test]
fn the_command_to_try_names_the_trail() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("s")).unwrap();
    let mut tight = request("a", "text");
    tight["budget"] = json!({"limit": 2});
    folder.write("tight.json", tight.to_string());
    for trail in ["sqlite://s/t.db", "sqlite://s/with space.db"] {
        let ran = folder.run(&["--trail", trail, "context", "assemble", "tight.json"]);
        ran.refused(8, "--trail ");
        let (_, hint) = ran.stderr.split_once("try: contextrail ").unwrap();
        let (shown, named) = hint.trim().split_once(" --trail ").unwrap();
        assert_eq!(named.trim_matches('\''), trail);
        let shown: Vec<&str> = shown.split(' ').chain(["--trail", trail]).collect();
        folder.run(&shown).done();
    }
    let ran = folder.run(&["context", "assemble", "tight.json"]);
    assert!(ran.code == 8 && !ran.stderr.contains("--trail"), "{ran:?}");
}

#[test]
fn the_doctor_does_not_send_for_the_doctor() {
    let folder = Folder::new();
    folder.assemble("a", "text");
    let mut bytes = std::fs::read(folder.path("contextrail.db")).unwrap();
    bytes[4_096..].fill(0xa5);
    std::fs::write(folder.path("contextrail.db"), bytes).unwrap();
    let ran = folder.run(&["doctor"]);
    ran.refused(6, "backup");
    assert!(!ran.stderr.contains("try: contextrail doctor"), "{ran:?}");
}

#[test]
fn a_whole_id_does_not_begin_anything() {
    let folder = Folder::new();
    folder.assemble("a", "text");
    let whole = "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b";
    let ran = folder.run(&["context", "show", whole]);
    ran.refused(3, "no record has the id 01948c9a");
    let ran = folder.run(&["context", "show", &whole[..13]]);
    ran.refused(3, "an id that begins with");
}

#[test]
fn a_list_of_decisions_that_stops_says_which_are_recorded() {
    let folder = Folder::new();
    let context = folder.assemble("a", "text");
    let earlier = folder.decide(&context, "approved");
    let good = decision(&context, "approved");
    let bad = decision(&earlier, "approved");
    let text = json!([good, good, bad]).to_string();
    let ran = folder.run_with(&["decision", "record", "-"], text.as_bytes());
    let listed = folder.json(&["decision", "list", "--limit", "2"]);
    for recorded in listed.as_array().unwrap() {
        ran.refused(2, recorded["id"].as_str().unwrap());
    }
    ran.refused(2, &format!("try: contextrail decision show {earlier}"));
}

#[test]
fn a_posted_decision_is_refused_where_its_trace_or_its_version_is() {
    let folder = Folder::new();
    let context = folder.assemble("a", "text");
    let mut posted = decision(&context, "approved");
    posted["trace"] = json!({"trace_id": "0".repeat(32), "span_id": "00f067aa0ba902b7"});
    let text = serde_json::to_string_pretty(&posted).unwrap();
    let ran = folder.run_with(&["decision", "record", "-"], text.as_bytes());
    ran.refused(2, "trace.trace_id");
    ran.refused(2, "not all zero");
    let mut posted = decision(&context, "approved");
    posted["governed_by"] = json!({"model": "credit_model"});
    let ran = folder.run_with(&["decision", "record", "-"], posted.to_string().as_bytes());
    ran.refused(2, "name@version");
}

#[test]
fn a_negative_limit_is_refused_as_a_limit() {
    let folder = Folder::new();
    let id = folder.assemble("a", "text");
    folder
        .run(&["context", "list", "--limit", "-1"])
        .refused(2, "--limit");
    folder
        .run(&["context", "what-if", &id, "--limit", "-1"])
        .refused(2, "--limit");
}

#[test]
fn a_format_that_is_not_possible_is_refused_before_the_work() {
    let folder = Folder::new();
    let ran = folder.run(&[
        "context",
        "assemble",
        "not-there.json",
        "--dry-run",
        "-o",
        "id",
    ]);
    ran.refused(2, "-o id");
}

#[test]
fn unknown_members_are_told_the_name_that_was_meant() {
    let folder = Folder::new();
    let context = folder.assemble("a", "text");
    let item = json!({"items": [{"kind": "text", "text": "x", "prio": 1}]});
    assemble(&folder, &item).refused(2, "\"priority\"");
    let budget = json!({"budget": {"limit": 9, "reserve": 1}});
    assemble(&folder, &budget).refused(2, "\"reserve_output\"");
    let mut posted = decision(&context, "approved");
    posted["reson"] = json!([]);
    let ran = folder.run_with(&["decision", "record", "-"], posted.to_string().as_bytes());
    ran.refused(2, "\"reasons\"");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let folder = Folder::new();
    let id = folder.assemble("a", &"text ".repeat(20_000));
    let full = Path::new("/dev/full");
    assert!(full.exists());
    for arguments in [
        &["context", "export", &id][..],
        &["context", "export", "--since", "1h"],
    ] {
        let ran = folder.run(&[arguments, &["--file", "/dev/full"]].concat());
        ran.refused(6, "/dev/full");
    }
    assert!(full.metadata().is_ok_and(|found| !found.is_file()));
}
