//! Proof from the command line: verify, log, evidence.

use std::fs;
use std::process::Command;

use contextrail::evidence::container::{self, Limits};
use serde_json::json;

use super::{Folder, decision};

/// A folder with a trail of three contexts and one decision, and the key in `trail.pub`.
fn decided() -> (Folder, String) {
    let folder = Folder::new();
    let context = folder.assemble("user_1", "an income of 4100");
    folder.assemble("user_2", "another text");
    folder.write("decision.json", decision(&context, "approved").to_string());
    let ran = folder.run(&["decision", "record", "decision.json", "-o", "id"]);
    let id = ran.done().text().trim().to_owned();
    folder.assemble("user_3", "a later text");
    let key = folder.run(&["log", "key", "show"]).out();
    folder.write("trail.pub", key);
    (folder, id)
}

/// Runs the verifier that shares no code with the program.
pub(super) fn python(folder: &Folder, arguments: &[&str]) -> i32 {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify/verify.py");
    let ran = Command::new(crate::python::python())
        .arg(script)
        .args(arguments)
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    ran.status.code().unwrap()
}

#[test]
fn an_untouched_trail_verifies_and_a_changed_one_gives_4_with_the_list() {
    let (folder, _) = decided();
    let report = folder.json(&["verify"]);
    assert_eq!(
        (&report["ok"], &report["findings"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(report["entries"], 4);
    assert!(report["heads"].as_u64().unwrap() >= 1);

    let path = folder.path("contextrail.db");
    let mut bytes = fs::read(&path).unwrap();
    // The last page holds rows; every byte of it that belongs to one is checked.
    let entry = b"contextrail.decision/1";
    let at = bytes
        .windows(entry.len())
        .rposition(|it| it == entry)
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let ran = folder.run(&["verify", "-o", "json"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.text().contains("\"table\": \"record\""),
        "{}",
        ran.text()
    );
}

#[test]
fn damage_to_the_database_is_a_finding_and_not_a_failure() {
    let (folder, _) = decided();
    let path = folder.path("contextrail.db");
    let whole = fs::read(&path).unwrap();
    folder.run(&["verify"]).done();
    // The size of a page stands in the header of the file.
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let pages = |from: usize| from * page..(from + 1) * page;
    for lost in [100..page, pages(1), pages(2), pages(5)] {
        let mut bytes = whole.clone();
        bytes[lost.clone()].fill(0xff);
        fs::write(&path, bytes).unwrap();
        let ran = folder.run(&["verify"]);
        assert_eq!(ran.code, 4, "{lost:?}: {}{}", ran.text(), ran.stderr);
        assert!(ran.text().contains("\"table\":\"sqlite"), "{}", ran.text());
    }
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    folder.run(&["verify"]).code_is(4);
    fs::write(&path, whole).unwrap();
    folder.run(&["verify"]).done();
}

#[test]
fn an_older_copy_of_the_database_is_frozen_until_a_new_epoch_begins() {
    let (folder, id) = decided();
    let (path, old) = (folder.path("contextrail.db"), folder.path("old.db"));
    fs::copy(&path, &old).unwrap();
    folder.assemble("user_4", "lost with the disk");
    fs::copy(&old, &path).unwrap();

    let status = folder.run(&["log", "status", "-o", "json"]);
    assert_eq!(status.code, 4);
    assert!(status.text().contains("\"frozen\": true"));
    folder.write("request.json", super::request("user_5", "text").to_string());
    let ran = folder.run(&["context", "assemble", "request.json"]);
    ran.refused(4, "frozen");
    folder.run(&["log", "checkpoint"]).refused(4, "frozen");
    folder.run(&["verify"]).code_is(4);
    folder.run(&["doctor"]).code_is(4);
    folder.run(&["demo", "--count", "1"]).refused(4, "frozen");
    folder.run(&["log", "prove", &id]).refused(4, "5 entries");
    let pack = ["evidence", "pack", "decision", &id, "--file", "lost.zip"];
    folder.run(&pack).refused(4, "frozen");
    folder.run(&["context", "list"]).done();
    folder
        .run(&[
            "log",
            "succeed",
            "--reason",
            "lost",
            "--approved-by",
            "anna",
        ])
        .refused(2, "two different people");
    let twice = [
        "log",
        "succeed",
        "--reason",
        "lost",
        "--approved-by",
        "anna,Anna",
    ];
    folder.run(&twice).refused(2, "two different people");
    let succession = folder.json(&[
        "log",
        "succeed",
        "--reason",
        "lost",
        "--approved-by",
        "anna,ben",
    ]);
    assert_eq!(succession["epoch"], 2);
    folder.assemble("user_5", "text");
    folder.run(&["verify"]).done();
    assert_eq!(folder.json(&["log", "status"])["epoch"], 2);
}

#[test]
fn proofs_and_heads_have_their_text_forms() {
    let (folder, id) = decided();
    let head = folder.run(&["log", "checkpoint"]).out();
    assert!(
        head.starts_with("contextrail/") && head.contains("\n4\n"),
        "{head}"
    );
    let proof = folder.run(&["log", "prove", &id]).out();
    assert!(
        proof.starts_with("c2sp.org/tlog-proof@v1\nindex 2\n"),
        "{proof}"
    );
    assert!(proof.ends_with(&head), "it ends with the checkpoint");
    let path = folder.json(&["log", "consistency", "2", "4"]);
    assert_eq!(path["path"].as_array().unwrap().len(), 1);
    folder.run(&["log", "consistency", "4", "2"]).code_is(2);
    folder
        .run(&["log", "prove", "01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b"])
        .code_is(3);
    let keys = folder.run(&["log", "key", "rotate"]).out();
    let all = folder.run(&["log", "key", "show", "--all"]).out();
    assert_eq!(all.lines().count(), 2);
    assert!(all.ends_with(&keys));
    folder.run(&["verify"]).done();
    assert_eq!(folder.json(&["rebuild"])["records"], 5);
    folder.run(&["verify"]).done();
}

#[test]
fn a_decision_is_proved_to_a_stranger_by_one_file() {
    let (folder, id) = decided();
    for (reference, name) in [
        (id.as_str(), "one.zip"),
        ("loan_application:12345", "key.zip"),
    ] {
        let at = [
            "--at",
            "2026-11-23T04:00:00Z",
            "--by",
            "auditor",
            "--for",
            "the court",
        ];
        let pack = ["evidence", "pack", "decision", reference, "--file", name];
        let packed = folder.json(&[&pack[..], &at[..]].concat());
        assert_eq!(packed["records"], 2, "the decision and its context");
        let first = fs::read(folder.path(name)).unwrap();
        folder.run(&[&pack[..], &at[..]].concat()).done();
        assert_eq!(
            first,
            fs::read(folder.path(name)).unwrap(),
            "same input, same bytes"
        );
        let report = folder.json(&["evidence", "verify", name, "--key", "trail.pub"]);
        assert_eq!(report["state"], "verified", "{report}");
        assert_eq!(report["successions"], json!([]));
        assert_eq!(python(&folder, &[name, "--key", "trail.pub"]), 0);
    }
    let summary = folder.run(&["evidence", "show", "key.zip"]).out();
    assert!(summary.contains("approved"), "{summary}");
    // A trail of which nothing but the bundle is left is no hindrance.
    fs::remove_file(folder.path("contextrail.db")).unwrap();
    folder
        .run(&["evidence", "verify", "key.zip", "--key", "trail.pub"])
        .done();
}

#[test]
fn a_range_over_a_rotated_key_and_a_succession_is_verified_by_both() {
    let (folder, _) = decided();
    folder.run(&["log", "key", "rotate"]).done();
    let (path, old) = (folder.path("contextrail.db"), folder.path("old.db"));
    fs::copy(&path, &old).unwrap();
    folder.assemble("user_4", "lost with the disk");
    fs::copy(&old, &path).unwrap();
    let approved = ["--reason", "lost", "--approved-by", "anna,ben"];
    folder
        .run(&[&["log", "succeed"], &approved[..]].concat())
        .done();
    let size = folder.json(&["log", "status"])["size"].as_u64().unwrap();
    let last = (size - 1).to_string();
    let key = folder.run(&["log", "key", "show"]).out();
    folder.write("now.pub", key);
    folder
        .run(&["evidence", "pack", "range", "0", &last, "--file", "r.zip"])
        .done();
    let verify = ["evidence", "verify", "r.zip", "--key", "now.pub"];
    assert_eq!(folder.json(&verify)["state"], "verified");
    assert_eq!(python(&folder, &["--key", "now.pub", "r.zip"]), 0);
}

#[test]
fn a_bundle_of_a_later_epoch_says_what_the_log_lost() {
    let (folder, id) = decided();
    let (path, old) = (folder.path("contextrail.db"), folder.path("old.db"));
    fs::copy(&path, &old).unwrap();
    folder.assemble("user_4", "lost with the disk");
    fs::copy(&old, &path).unwrap();
    let approved = ["--reason", "the disk burned", "--approved-by", "anna,ben"];
    folder
        .run(&[&["log", "succeed"], &approved[..]].concat())
        .done();
    let context = folder.assemble("user_5", "in the new epoch");
    folder.write("later.json", decision(&context, "approved").to_string());
    let ran = folder.run(&["decision", "record", "later.json", "-o", "id"]);
    let later = ran.done().text().trim().to_owned();
    let key = folder.run(&["log", "key", "show"]).out();
    folder.write("now.pub", key);

    for what in [
        &["decision", &id][..],
        &["decision", &later],
        &["range", "6", "6"],
        &["entity", "applicant:user_5"],
    ] {
        folder
            .run(&[&["evidence", "pack"], what, &["--file", "e.zip"]].concat())
            .done();
        let report = folder.json(&["evidence", "verify", "e.zip", "--key", "now.pub"]);
        assert_eq!(report["state"], "verified", "{report:#}");
        assert_eq!(python(&folder, &["--key", "now.pub", "e.zip"]), 0);
        let said = &report["successions"][0];
        assert_eq!(said["reason"], "the disk burned", "{report:#}");
        assert_eq!(said["approved_by"], json!(["anna", "ben"]));
        assert_eq!(said["lost_from"], 4);
        let page = folder.run(&["evidence", "show", "e.zip"]).out();
        assert!(
            page.contains("The log went on as epoch `2` after a restore."),
            "{page}"
        );
        assert!(
            page.contains("the disk burned") && page.contains("`anna` (person)"),
            "{page}"
        );
        let verify = [
            "evidence", "verify", "e.zip", "--key", "now.pub", "-o", "table",
        ];
        let text = folder.run(&verify).out();
        assert!(
            text.contains("succession: the log went on as epoch 2"),
            "{text}"
        );
    }
}

#[test]
fn ranges_and_entities_are_packed_with_values_withheld() {
    let (folder, _) = decided();
    for (what, redact, shown) in [
        (&["range", "0", "3"][..], "personal", 4),
        (&["entity", "applicant:user_1"], "/assembly", 2),
    ] {
        let pack = [&["evidence", "pack"], what, &["--file", "w.zip"]].concat();
        let redacted = [&pack[..], &["--redact", redact, "--hide", "/environment"]].concat();
        assert_eq!(folder.json(&redacted)["records"], shown);
        let report = folder.json(&["evidence", "verify", "w.zip", "--key", "trail.pub"]);
        assert_eq!(report["state"], "verified", "{report}");
        assert!(report["checked"]["fields_named"].as_u64().unwrap() > 0);
        assert!(report["checked"]["fields_hidden"].as_u64().unwrap() > 0);
        let bytes = fs::read(folder.path("w.zip")).unwrap();
        let files = container::read(&bytes, &Limits::default()).unwrap().files;
        let secret = b"an income of 4100";
        let tells = |content: &Vec<u8>| content.windows(secret.len()).any(|it| it == secret);
        assert!(
            !files.values().any(tells),
            "a withheld value is in the bundle"
        );
        assert_eq!(python(&folder, &["w.zip", "--key", "trail.pub"]), 0);
        let nothing = [
            "--hide",
            "plain",
            "--hide",
            "confidential",
            "--hide",
            "personal",
        ];
        if what[0] == "entity" {
            // Nothing would show whom it is about.
            folder
                .run(&[&pack[..], &nothing[..]].concat())
                .refused(2, "applicant:user_1");
            continue;
        }
        folder.run(&[&pack[..], &nothing[..]].concat()).done();
        let report = folder.json(&["evidence", "verify", "w.zip", "--key", "trail.pub"]);
        assert_eq!(report["state"], "valid_but_empty", "{report}");
    }
    folder
        .run(&["evidence", "pack", "range", "0", "9", "--file", "x.zip"])
        .refused(2, "the log has no index 9");
    let backwards = folder.run(&["evidence", "pack", "range", "5", "3", "--file", "x.zip"]);
    backwards.refused(2, "the first index, 5, is after the last, 3");
    backwards.refused(2, "evidence pack range 3 5");
    folder
        .run(&[
            "evidence",
            "pack",
            "entity",
            "applicant:nobody",
            "--file",
            "x.zip",
        ])
        .refused(3, "");
    folder
        .run(&[
            "evidence", "pack", "range", "0", "1", "--file", "x.zip", "--redact", "/incomes",
        ])
        .refused(2, "/incomes");
    assert!(!folder.path("x.zip").exists());
}

#[test]
fn what_is_wrong_with_a_bundle_is_told_apart() {
    let (folder, id) = decided();
    folder
        .run(&["evidence", "pack", "decision", &id, "--file", "d.zip"])
        .done();
    let bytes = fs::read(folder.path("d.zip")).unwrap();
    let verify = |name: &str| {
        folder.run(&[
            "evidence",
            "verify",
            name,
            "--key",
            "trail.pub",
            "-o",
            "json",
        ])
    };

    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    folder.write("flipped.zip", flipped);
    folder.write("short.zip", &bytes[..bytes.len() - 30]);
    for name in ["flipped.zip", "short.zip"] {
        assert_eq!(verify(name).code, 4, "{name}");
        assert_eq!(python(&folder, &[name, "--key", "trail.pub"]), 4, "{name}");
    }
    folder.write("text.zip", "no bundle at all");
    verify("text.zip").refused(2, "not an evidence bundle");
    folder
        .run(&["evidence", "verify", "gone.zip", "--key", "trail.pub"])
        .refused(6, "gone.zip");
    folder
        .run(&["evidence", "verify", "d.zip"])
        .refused(2, "--key");

    let other = Folder::new();
    other.assemble("user_1", "text");
    let key = other.run(&["log", "key", "show"]).out();
    folder.write("other.pub", key);
    let ran = folder.run(&[
        "evidence",
        "verify",
        "d.zip",
        "--key",
        "other.pub",
        "-o",
        "json",
    ]);
    assert_eq!(ran.code, 4, "a bundle signed by nobody who is trusted");
    folder.write("broken.pub", "not a key\n");
    folder
        .run(&["evidence", "verify", "d.zip", "--key", "broken.pub"])
        .refused(2, "line 1");

    // A head of a log with another history contradicts the bundle.
    let head = folder.run(&["log", "checkpoint"]).out();
    folder.write("head.txt", head);
    let with_head = [
        "evidence",
        "verify",
        "d.zip",
        "--key",
        "trail.pub",
        "--head",
        "head.txt",
    ];
    folder.run(&with_head).done();
    let theirs = other.run(&["log", "checkpoint"]).out();
    folder.write("head.txt", theirs);
    folder.run(&with_head).code_is(4);
}
