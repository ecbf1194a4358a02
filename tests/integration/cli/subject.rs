//! `contextrail subject`: erasing somebody, and looking for what is left.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Folder;

/// Erases the applicant that the records of these tests are about.
pub(super) const ERASE: [&str; 9] = [
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

fn copied(base: &Folder) -> Folder {
    let folder = Folder::new();
    for file in fs::read_dir(base.0.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(
            file.path(),
            folder.path(&file.file_name().to_string_lossy()),
        )
        .unwrap();
    }
    folder
}

fn erased(base: &Folder) -> Folder {
    let folder = copied(base);
    folder.run(&ERASE).done();
    folder
}

/// A copy of a trail on which an erasure is begun, and killed after a while.
fn killed_after(base: &Folder, wait: Duration) -> Folder {
    let folder = copied(base);
    let mut erasing = Command::new(env!("CARGO_BIN_EXE_contextrail"))
        .args(ERASE)
        .current_dir(folder.0.path())
        .env_remove("CONTEXTRAIL_TRAIL")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    erasing.kill().unwrap();
    erasing.wait().unwrap();
    folder
}

#[test]
fn an_erasure_that_is_killed_at_any_moment_is_done_or_not_begun() {
    let (base, context, _) = decided();
    for number in 0..20 {
        base.assemble("user_456", &format!("text {number}"));
    }
    // As long as one takes here, so that the moments lie all over it.
    let started = Instant::now();
    let whole = erased(&base);
    let takes = started.elapsed();
    whole.run(&["subject", "scan", "applicant:user_456"]).done();
    let mut done = 0;
    for step in 0..STEPS {
        let folder = killed_after(&base, takes * step / STEPS);
        let promised = fs::read_to_string(folder.path("contextrail.db.erasures"));
        let promised = promised.is_ok_and(|text| text.ends_with('\n'));
        // The next open for writing finishes what was promised.
        folder.run(&["log", "checkpoint"]).done();
        folder.run(&["verify"]).done();
        let scanned = folder.run(&["subject", "scan", "applicant:user_456"]).code;
        let text = folder.run(&["context", "text", &context]).code;
        if promised {
            assert_eq!((scanned, text), (0, 7), "step {step}");
            done += 1;
        } else {
            assert_eq!((scanned, text), (4, 0), "step {step}");
        }
    }
    assert!(
        done > 0,
        "no erasure had begun: the waits are too short for this machine"
    );
}

const STEPS: u32 = 40;

#[test]
fn a_decision_is_explained_by_its_business_key_where_there_is_one() {
    let (folder, context, decision) = decided();
    let key = "loan_application:12345";
    let by_key = folder.json(&["subject", "explain", key]);
    assert_eq!(by_key["decision"], decision.as_str());
    let second = folder.decide(&context, "declined");
    let several = folder.run(&["subject", "explain", key]);
    several.refused(2, &decision);
    several.refused(2, &second);
    let none = folder.run(&["subject", "explain", "loan_application:none"]);
    none.refused(3, "loan_application:none");
}
