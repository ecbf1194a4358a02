//! `context diff`, from the command line.

use serde_json::{Value, json};

use super::{Folder, request};

/// Records the request with the value at each pointer put in place, and gives the id.
fn assemble(folder: &Folder, changes: &[(&str, Value)]) -> String {
    let mut changed = request("a", "text");
    for (pointer, value) in changes {
        *changed.pointer_mut(pointer).unwrap() = value.clone();
    }
    folder.write("request.json", changed.to_string());
    let ran = folder.run(&["context", "assemble", "request.json", "-o", "id"]);
    ran.out().trim().to_owned()
}

/// The changes between a request and one with these changes, by path.
fn changes(folder: &Folder, changes: &[(&str, Value)]) -> Vec<(String, Value)> {
    let (a, b) = (assemble(folder, &[]), assemble(folder, changes));
    let found = folder.json(&["context", "diff", &a, &b]);
    let found = found["changes"].as_array().unwrap();
    let path = |it: &Value| it["path"].as_str().unwrap().to_owned();
    found.iter().map(|it| (path(it), it.clone())).collect()
}

#[test]
fn a_new_version_of_the_same_template_is_one_change() {
    let found = changes(&Folder::new(), &[("/template/version", json!("1.3.1"))]);
    assert_eq!(found.len(), 1, "{found:?}");
    let (path, change) = &found[0];
    assert_eq!(path, "template.version");
    assert_eq!(
        (&change["before"], &change["after"]),
        (&json!("1.3.0"), &json!("1.3.1"))
    );
}

#[test]
fn texts_of_templates_and_documents_are_shown_before_and_after() {
    let folder = Folder::new();
    let new = [
        ("/template/text", json!("You serve {{who}}.")),
        ("/retrievals/0/results/0/text", json!("Everybody.")),
    ];
    let found = changes(&folder, &new);
    for (path, before, after) in [
        ("template.text", "You assist {{who}}.", "You serve {{who}}."),
        (
            "documents.policy_docs.doc_456#c1.text",
            "Adults only.",
            "Everybody.",
        ),
        (
            "items.document.doc_456#c1.text",
            "Adults only.",
            "Everybody.",
        ),
    ] {
        let (_, change) = found.iter().find(|(it, _)| it == path).unwrap();
        assert_eq!(
            (&change["before"], &change["after"]),
            (&json!(before), &json!(after))
        );
    }
    assert!(
        found.iter().all(|(path, _)| !path.ends_with("digest")),
        "{found:?}"
    );
}

#[test]
fn a_table_tells_a_number_from_a_text_and_shows_where_long_texts_part() {
    let folder = Folder::new();
    let long = "word ".repeat(50);
    let feature = "/features/0/value";
    let item = "/items/3/text";
    let one = assemble(
        &folder,
        &[(feature, json!(1)), (item, json!(format!("{long}one")))],
    );
    let two = assemble(
        &folder,
        &[(feature, json!("1")), (item, json!(format!("{long}two")))],
    );
    let table = folder
        .run(&["context", "diff", &one, &two, "-o", "table"])
        .out();
    assert!(
        table.contains("features.credit_score.value: 1 -> \"1\""),
        "{table}"
    );
    assert!(
        table.contains("one\" -> \"…") && table.contains("two\""),
        "{table}"
    );
}

#[test]
fn differences_and_failures_have_codes_of_their_own() {
    let folder = Folder::new();
    let (a, b) = (folder.assemble("a", "one"), folder.assemble("a", "two"));
    let diff = |from: &str, to: &str| folder.run(&["context", "diff", from, to, "--exit-code"]);
    diff(&a, &a).code_is(0);
    diff(&a, &b).code_is(1);
    diff(&a, "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b").refused(3, "");
    let mut bytes = std::fs::read(folder.path("contextrail.db")).unwrap();
    bytes[4_096..].fill(0xa5);
    std::fs::write(folder.path("contextrail.db"), bytes).unwrap();
    diff(&a, &b).refused(6, "contextrail.db");
}
