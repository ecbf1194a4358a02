//! Moving, backing up and restoring from the command line.

use std::fs;

use serde_json::json;

use super::Folder;
use super::subject::ERASE;

/// A folder with a trail of one decision, a bundle of it, a proof and the key.
fn decided() -> (Folder, String) {
    let folder = Folder::new();
    let context = folder.assemble("user_456", "an income of 4100");
    let decision = folder.decide(&context, "approved");
    folder.write("trail.pub", folder.run(&["log", "key", "show"]).out());
    folder
        .run(&["evidence", "pack", "decision", &decision, "--file", "e.zip"])
        .done();
    folder.write(
        "before.proof",
        folder.run(&["log", "prove", &decision]).out(),
    );
    (folder, decision)
}

const COPY: [&str; 3] = ["copy", "--to", "sqlite://moved/loans.db"];

#[test]
fn a_trail_is_moved_and_what_was_packed_before_holds() {
    let (folder, decision) = decided();
    fs::create_dir(folder.path("moved")).unwrap();
    let ran = folder.run(&[&COPY[..], &["-o", "json"]].concat()).done();
    assert!(ran.stderr.contains("--hand-over"), "{}", ran.stderr);
    let copied: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(copied["verified"]["ok"], json!(true));
    assert_eq!(
        copied["logs"],
        json!([{"tenant": "default", "entries": 2, "written": copied["logs"][0]["written"]}])
    );
    let ran = folder.run(&[&COPY[..], &["--hand-over"]].concat()).done();
    assert_eq!(ran.stderr, "");

    let moved = ["--trail", "sqlite://moved/loans.db"];
    let on_moved = |verb: &[&str]| folder.run(&[&moved[..], verb].concat());
    assert_eq!(
        on_moved(&["log", "prove", &decision]).out(),
        fs::read_to_string(folder.path("before.proof")).unwrap()
    );
    let key = fs::read_to_string(folder.path("trail.pub")).unwrap();
    assert_eq!(on_moved(&["log", "key", "show"]).out(), key);
    folder
        .run(&["evidence", "verify", "e.zip", "--key", "trail.pub"])
        .done();
    on_moved(&["evidence", "pack", "decision", &decision, "--file", "f.zip"]).done();
    folder
        .run(&["evidence", "verify", "f.zip", "--key", "trail.pub"])
        .done();
    on_moved(&["context", "assemble", "request.json"]).done();
    on_moved(&["verify"]).done();
    // Nobody can write to what was moved away; it can be read.
    folder
        .run(&["context", "assemble", "request.json"])
        .refused(6, "key");
    folder.run(&["decision", "show", &decision]).done();
    folder.run(&COPY).refused(6, "gone on");
}

#[test]
fn a_backup_is_restored_and_says_what_is_lost() {
    let (folder, _) = decided();
    let made = folder.json(&["backup", "loans.backup"]);
    assert_eq!(
        (&made["logs"][0]["entries"], &made["signed"]),
        (&json!(2), &json!(2))
    );
    folder
        .run(&["backup", "loans.backup"])
        .refused(2, "loans.backup is there already");
    let later = folder.assemble("user_7", "a later text");
    folder.run(&ERASE).done();

    folder
        .run(&["restore", "loans.backup"])
        .refused(8, "entries 2 to 3 of tenant default");
    folder
        .run(&["restore", "loans.backup", "--reason", "lost"])
        .refused(2, "--approved-by");
    let one = [
        "restore",
        "loans.backup",
        "--reason",
        "lost",
        "--approved-by",
        "anna,Anna",
    ];
    folder.run(&one).refused(2, "two different people");
    folder.run(&["context", "show", &later]).done();
    let restored = folder.json(&[
        "restore",
        "loans.backup",
        "--reason",
        "lost",
        "--approved-by",
        "anna,ben",
    ]);
    let log = &restored["logs"][0];
    assert_eq!(
        (&log["lost"], &log["erased_again"]),
        (&json!([2, 4]), &json!(1))
    );
    folder.run(&["context", "show", &later]).code_is(3);
    folder
        .run(&["evidence", "verify", "e.zip", "--key", "trail.pub"])
        .done();
    let scan = folder.run(&["subject", "scan", "applicant:user_456"]);
    scan.code_is(0);
    folder.assemble("user_8", "the log goes on");
    folder.run(&["verify"]).done();
}

#[test]
fn what_is_no_backup_or_no_trail_is_told_by_its_exit_code() {
    let (folder, _) = decided();
    folder.run(&["backup", "loans.backup"]).done();
    folder
        .run(&["restore", "missing.backup"])
        .refused(6, "missing.backup cannot be read");
    folder.run(&["backup", "bare.backup"]).done();
    fs::remove_file(folder.path("bare.backup.manifest")).unwrap();
    folder
        .run(&["restore", "bare.backup"])
        .refused(4, "bare.backup.manifest");
    folder
        .run(&["copy", "--to", "sqlite://contextrail.db"])
        .refused(2, "onto itself");
    folder
        .run(&["copy", "--to", "sqlite::memory:"])
        .refused(2, "in memory");
    folder
        .run(&[
            "copy",
            "--from",
            "sqlite://none.db",
            "--to",
            "sqlite://b.db",
        ])
        .refused(6, "none.db");
    folder
        .run(&["copy", "--to", "sqlite://nowhere/b.db"])
        .refused(6, "nowhere");
    folder
        .run(&["--trail", "sqlite://none.db", "backup", "b"])
        .refused(6, "none.db");
    folder.run(&["backup", "nowhere/b"]).refused(6, "nowhere");
    folder
        .run(&["restore", "loans.backup", "--to", "https://"])
        .refused(2, "https://");
    let mut bytes = fs::read(folder.path("loans.backup")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    folder.write("loans.backup", bytes);
    folder
        .run(&["restore", "loans.backup"])
        .refused(4, "is damaged");
    folder.run(&["verify"]).done();
}
