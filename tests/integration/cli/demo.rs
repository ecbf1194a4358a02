//! The demonstration, as it is run from any folder.

use serde_json::Value;

use super::Folder;

#[test]
fn as_many_applications_are_decided_as_were_asked_for() {
    let folder = Folder::new();
    let told = folder.run(&["demo", "--count", "3"]).out();
    assert!(told.contains("Recorded 3 loan applications"), "{told}");
    assert!(told.contains("guaranteed"), "{told}");
    let contexts = folder.json(&["context", "list", "--all"]);
    assert_eq!(contexts.as_array().unwrap().len(), 3);
    for count in ["0", "1001", "-1", "many"] {
        folder
            .run(&["demo", "--count", count])
            .refused(2, "--count");
    }
}

#[test]
fn the_commands_it_names_work() {
    let folder = Folder::new();
    for trail in [&[][..], &["--trail", "sqlite://loans.db"]] {
        let told = folder
            .run(&[&["demo", "--count", "2"], trail].concat())
            .out();
        let (_, commands) = told.split_once("Try next:\n").unwrap();
        for command in commands.lines() {
            let words: Vec<&str> = command.split_whitespace().skip(1).collect();
            folder.run(&words).done();
        }
    }
    let told = folder
        .run(&["demo", "--count", "2", "--trail", "sqlite::memory:"])
        .out();
    assert!(!told.contains("contextrail context show"), "{told}");
}

#[test]
fn every_format_lists_what_was_recorded() {
    let folder = Folder::new();
    folder.run(&["demo", "--count", "2"]).done();
    let listed = folder.json(&["demo", "--count", "2"]);
    let listed = listed.as_array().unwrap();
    let of_kind = |kind: &str| listed.iter().filter(|it| it["kind"] == kind).count();
    assert_eq!(of_kind("context"), 2);
    assert!(of_kind("decision") >= 2 && of_kind("generation") == 2);
    let newest = folder.json(&["decision", "list", "--limit", "1"]);
    let first = listed.iter().find(|it| it["kind"] == "decision").unwrap();
    assert_eq!(first["id"], newest[0]["id"]);

    let lines = folder.run(&["demo", "--count", "1", "-o", "jsonl"]).out();
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    let ids = folder.run(&["demo", "--count", "1", "-o", "id"]).out();
    assert!(
        ids.lines().count() >= 3 && ids.lines().all(|id| id.len() == 36),
        "{ids}"
    );
    let yaml = folder.run(&["demo", "--count", "1", "-o", "yaml"]).out();
    assert!(yaml.starts_with("- kind: "), "{yaml}");
}

#[test]
fn its_records_have_every_member_that_applies() {
    let folder = Folder::new();
    folder.run(&["demo", "--count", "1"]).done();
    let id = folder.run(&["context", "list", "-o", "id"]).out();
    let context = folder.json(&["context", "export", id.trim()]);
    assert_eq!(context["retention"]["policy"], "default@1");
    for tool in context["tools"].as_array().unwrap() {
        assert!(tool["call_id"].is_string(), "{tool}");
    }
    let decision = folder.json(&["decision", "list", "--limit", "1"]);
    let decision = folder.json(&["decision", "show", decision[0]["id"].as_str().unwrap()]);
    assert_eq!(decision["retention"]["policy"], "default@1");
}
