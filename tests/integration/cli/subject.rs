//! `contextrail subject`: erasing somebody, and looking for what is left.

use super::Folder;

const ERASE: [&str; 9] = [
    "subject",
    "erase",
    "applicant:user_456",
    "--reason",
    "on request",
    "--approved-by",
    "anna",
    "--approved-by",
    "ben",
];

fn decided() -> (Folder, String, String) {
    let folder = Folder::new();
    let context = folder.assemble("user_456", "a text about user_456");
    let decision = folder.decide(&context, "approved");
    folder.assemble("user_7", "another text");
    (folder, context, decision)
}

#[test]
fn what_would_go_is_shown_and_stays() {
    let (folder, context, _) = decided();
    let plan = folder.json(&["subject", "erase", "applicant:user_456", "--dry-run"]);
    assert_eq!(plan.as_array().unwrap().len(), 2);
    assert_eq!(plan[0]["id"], context);
    assert!(
        plan[0]["paths"]
            .as_array()
            .unwrap()
            .contains(&"/entities/0".into())
    );
    folder.run(&["context", "text", &context]).done();
}

#[test]
fn an_erasure_gives_a_certificate_and_leaves_nothing_but_what_proves() {
    let (folder, context, decision) = decided();
    folder.run(&["log", "key", "show"]).done();
    let keys = folder.run(&["log", "key", "show"]).out();
    folder.write("keys", &keys);
    let pack = [
        "evidence",
        "pack",
        "decision",
        &decision,
        "--file",
        "before.zip",
    ];
    folder.run(&pack).done();
    let scan = ["subject", "scan", "applicant:user_456"];
    folder.run(&scan).code_is(4);

    let certificate = folder.json(&ERASE);
    assert_eq!(
        certificate["certificate"],
        "contextrail.erasure-certificate/1"
    );
    assert_eq!(certificate["record"]["approved_by"][1]["id"], "ben");
    assert_eq!(
        certificate["record"]["approved_by"][1]["method"],
        "asserted"
    );
    assert!(
        certificate["proof"]
            .as_str()
            .unwrap()
            .starts_with("c2sp.org/tlog-proof@v1")
    );
    let id = certificate["receipt"]["id"].as_str().unwrap();

    folder.run(&scan).done();
    folder.run(&["verify"]).done();
    folder
        .run(&["evidence", "verify", "before.zip", "--key", "keys"])
        .done();
    let pack = [
        "evidence",
        "pack",
        "decision",
        &decision,
        "--file",
        "after.zip",
    ];
    folder.run(&pack).done();
    folder
        .run(&["evidence", "verify", "after.zip", "--key", "keys"])
        .done();
    folder
        .run(&["context", "text", &context])
        .refused(7, "erased");
    let shown = folder.json(&["context", "export", &context, "--no-text"]);
    assert_eq!(shown["withheld"]["/entities/0"], "erased");
    folder.write("copy.json", shown.to_string());
    let other = ["--trail", "sqlite://other.db", "import", "copy.json"];
    folder
        .run(&other)
        .refused(2, "lacks values that were recorded");
    assert_eq!(
        folder.json(&["context", "list", "--entity", "applicant:user_456"]),
        serde_json::json!([])
    );

    // Again: it says when, by whom, and where the certificate is.
    folder.run(&ERASE).refused(3, id);
    folder
        .run(&["subject", "erase", "applicant:nobody", "--dry-run"])
        .refused(3, "no record has values");
}

#[test]
fn two_people_approve() {
    let (folder, ..) = decided();
    folder.run(&ERASE[..7]).refused(8, "two different people");
    let twice = [&ERASE[..7], &["--approved-by", "Anna"]].concat();
    folder.run(&twice).refused(8, "two different people");
    folder.run(&ERASE[..5]).code_is(2);
}
