//! What is exported comes back byte for byte.

use std::fs;

use super::Folder;

#[test]
fn every_format_comes_back_the_same() {
    let folder = Folder::new();
    let ids = [
        folder.assemble("a", "yes: 12:30\n\t- no"),
        folder.assemble("b", "~ null 1e3 \u{85}🙂"),
    ];
    folder.decide(&ids[0], "approved");
    let whole = |trail: &str| {
        let run = |arguments: &[&str]| {
            folder
                .run(&[&["--trail", trail], arguments].concat())
                .done()
                .stdout
        };
        (
            run(&["context", "export", "--since", "1h"]),
            run(&["decision", "export", "loan_application:12345"]),
        )
    };
    let before = whole("sqlite://contextrail.db");
    for format in ["json", "jsonl", "yaml"] {
        let copy = format!("sqlite://{format}.db");
        let contexts = folder
            .run(&["context", "export", "--since", "1h", "-o", format])
            .done()
            .stdout;
        let decisions = folder
            .run(&["decision", "export", "loan_application:12345", "-o", format])
            .done()
            .stdout;
        for document in [&contexts, &decisions, &contexts] {
            folder
                .run_with(&["--trail", &copy, "import", "-"], document)
                .done();
        }
        assert!(whole(&copy) == before, "{format}");
    }
}

#[test]
fn one_id_gives_an_object_and_a_search_an_array() {
    let folder = Folder::new();
    let (a, b) = (folder.assemble("a", "one"), folder.assemble("b", "two"));
    assert!(folder.json(&["context", "export", &a]).is_object());
    assert_eq!(
        folder
            .json(&["context", "export", &a, &b])
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        folder
            .json(&["context", "export", "--entity", "applicant:a"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        folder
            .run(&["context", "export", "--entity", "applicant:c", "-o", "yaml"])
            .text(),
        "[]\n"
    );
    let bare = folder.json(&["context", "export", &a, "--no-text"]);
    for member in ["text", "texts", "seeds"] {
        assert!(bare.get(member).is_none(), "{member}");
    }
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    let folder = Folder::new();
    let id = folder.assemble("a", "one");
    let printed = folder.run(&["context", "export", &id]).done();
    let ran = folder
        .run(&["context", "export", &id, "--file", "out.json"])
        .done();
    assert!(ran.stdout.is_empty());
    assert_eq!(fs::read(folder.path("out.json")).unwrap(), printed.stdout);
    assert!(!folder.path("out.json.partial").exists());
    folder
        .run(&["context", "export", &id, "--file", "no/out.json"])
        .refused(6, "no/out.json");
    folder
        .run(&["context", "export", &id, "--file", "."])
        .refused(6, "");
}

#[test]
fn the_text_is_given_byte_for_byte() {
    let folder = Folder::new();
    let id = folder.assemble("a", "no line feed at the end");
    let text = folder.run(&["context", "text", &id]).done();
    let exported = folder.json(&["context", "export", &id]);
    assert_eq!(exported["text"].as_str().unwrap(), text.text());
    assert!(text.text().ends_with("end"));
}

#[test]
fn an_altered_text_is_not_imported() {
    let folder = Folder::new();
    let id = folder.assemble("a", "one");
    let exported = folder.run(&["context", "export", &id]).done();
    let altered = exported.text().replace("Adults only.", "Anybody.");
    let ran = folder.run_with(
        &["--trail", "sqlite://copy.db", "import", "-"],
        altered.as_bytes(),
    );
    ran.refused(2, &id);
}
