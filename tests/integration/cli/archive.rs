//! The archive from the command line, and killed at any moment.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Folder, members};

const POLICY: &str = "{name: hot, version: '1', default_class: all, \
    classes: {all: {floor_days: 0, hot_days: 0, action: keep}}}";

/// A trail with a decision and some contexts, all of them due, and a folder for its archive.
fn due(contexts: u32) -> (Folder, String, String) {
    let folder = Folder::new();
    let context = folder.assemble("user_456", "an income of 4100");
    let decision = folder.decide(&context, "approved");
    for number in 0..contexts {
        folder.assemble(&format!("user_{number}"), &format!("an income of {number}"));
    }
    folder.write("policy.yaml", POLICY);
    folder
        .run(&["retention", "policy", "put", "policy.yaml"])
        .done();
    fs::create_dir(folder.path("archive")).unwrap();
    folder.write("contextrail.db.archive", "folder archive\n");
    (folder, context, decision)
}

fn pack(folder: &Folder, decision: &str, file: &str) {
    folder
        .run(&["evidence", "pack", "decision", decision, "--file", file])
        .done();
}

/// What a bundle has of its records.
fn records_in(folder: &Folder, file: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = fs::read(folder.path(file)).unwrap();
    let limits = contextrail::evidence::container::Limits::default();
    let container = contextrail::evidence::container::read(&bytes, &limits).unwrap();
    let files = container.files.iter();
    let records = files.filter(|(name, _)| name.starts_with("records/"));
    records
        .map(|(name, content)| (name.clone(), content.clone()))
        .collect()
}

#[test]
fn what_is_due_moves_and_is_shown_and_verified_as_before() {
    let (folder, context, decision) = due(3);
    folder.write("keys", folder.run(&["log", "key", "show"]).out());
    pack(&folder, &decision, "before.zip");
    let exported = folder.run(&["decision", "export", &decision]).out();
    let planned = folder.json(&["archive", "apply", "--dry-run"]);
    let planned = planned.as_array().unwrap().clone();
    assert_eq!(planned.len(), 5);
    assert_eq!(
        members(&planned[0]),
        ["at", "class", "due_since", "id", "kind", "log_index"]
    );
    let moved = folder.json(&["archive", "apply"]);
    assert_eq!(moved.as_array().unwrap().len(), 1, "{moved}");
    assert_eq!(moved[0]["records"], 5);
    assert_eq!(folder.json(&["archive", "apply"]), serde_json::json!([]));
    assert_eq!(
        folder
            .run(&["archive", "apply", "--dry-run", "-o", "id"])
            .out(),
        ""
    );

    assert_eq!(
        folder.run(&["decision", "export", &decision]).out(),
        exported
    );
    pack(&folder, &decision, "after.zip");
    for file in ["before.zip", "after.zip"] {
        folder
            .run(&["evidence", "verify", file, "--key", "keys"])
            .done();
    }
    let before = records_in(&folder, "before.zip");
    assert!(!before.is_empty());
    assert_eq!(records_in(&folder, "after.zip"), before);
    let verified = folder.json(&["verify"]);
    assert_eq!(
        (&verified["archived"], &verified["segments"]),
        (&5.into(), &1.into())
    );
    let plan = folder.json(&["retention", "plan"]);
    assert_eq!(plan["lines"][0]["is_archived"], true, "{plan}");
    let table = folder.run(&["retention", "plan", "-o", "table"]).out();
    assert!(table.contains("archived"), "{table}");

    let status = folder.json(&["archive", "status"]);
    assert_eq!(
        (&status["records"], &status["place"]),
        (&5.into(), &"folder archive".into())
    );
    assert!(status["ratio"].as_f64().unwrap() > 0.0, "{status}");
    let table = folder.run(&["archive", "status", "-o", "table"]).out();
    assert!(table.contains("5 records in 1 segments"), "{table}");
    let segment = status["segments"][0]["segment"].as_str().unwrap();
    let one = folder.json(&["archive", "verify", "--segment", segment]);
    assert_eq!(
        (&one["ok"], &one["records"]),
        (&true.into(), &5.into()),
        "{one}"
    );
    folder
        .run(&["archive", "verify", "--segment", &"0".repeat(64)])
        .refused(3, "names no segment");
    folder
        .run(&["archive", "verify", "--segment", "xyz"])
        .refused(2, "64 hexadecimal digits");

    // Gone, it is named by whoever needs it.
    let file = format!(
        "archive/default/{}.segment",
        segment.strip_prefix("sha256:").unwrap()
    );
    let bytes = fs::read(folder.path(&file)).unwrap();
    fs::remove_file(folder.path(&file)).unwrap();
    folder
        .run(&["context", "show", &context])
        .refused(6, "put it back");
    let verified = folder.run(&["archive", "verify", "-o", "table"]);
    verified.code_is(4);
    folder.run(&["verify"]).code_is(4);
    // One byte of it too.
    let mut spoiled = bytes.clone();
    spoiled[30] ^= 1;
    folder.write(&file, spoiled);
    folder.run(&["archive", "verify"]).code_is(4);
    folder.write(&file, bytes);
    folder.run(&["archive", "verify"]).done();
    // An archive that cannot be reached is not damage.
    fs::rename(folder.path("archive"), folder.path("away")).unwrap();
    folder
        .run(&["context", "show", &context])
        .refused(6, "cannot be reached");
    folder
        .run(&["archive", "verify"])
        .refused(6, "cannot be reached");
    let unchecked = folder.run(&["verify"]).done();
    assert!(
        unchecked
            .stderr
            .contains("the values of 5 records were not checked"),
        "{unchecked:?}"
    );
    folder.write("contextrail.db.archive", "drawer\n");
    folder.run(&["verify"]).refused(2, "folder PATH");
    fs::remove_file(folder.path("contextrail.db.archive")).unwrap();
    folder
        .run(&["archive", "apply"])
        .refused(6, "TRAIL.archive");
    folder
        .run(&["archive", "verify"])
        .refused(6, "TRAIL.archive");
}

fn copied(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        if file.path().is_dir() {
            fs::create_dir(&to).unwrap();
            copied(&file.path(), &to);
        } else {
            fs::copy(file.path(), to).unwrap();
        }
    }
}

fn applying(folder: &Folder) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_contextrail"))
        .args(["archive", "apply"])
        .current_dir(folder.0.path())
        .env_remove("CONTEXTRAIL_TRAIL")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A copy of a trail on which the move is begun, and killed after a while.
fn killed_after(base: &Folder, wait: Duration) -> Folder {
    let folder = Folder::new();
    copied(base.0.path(), folder.0.path());
    let mut applying = applying(&folder);
    std::thread::sleep(wait);
    applying.kill().unwrap();
    applying.wait().unwrap();
    folder
}

#[test]
fn a_move_that_is_killed_at_any_moment_loses_nothing() {
    let (base, ..) = due(30);
    let ids = base.run(&["context", "list", "-o", "id"]).out();
    let ids: Vec<&str> = ids.lines().collect();
    let texts = |folder: &Folder| -> Vec<String> {
        let some = ids.iter().step_by(7);
        some.map(|id| folder.run(&["context", "text", id]).out())
            .collect()
    };
    let before = texts(&base);
    let started = Instant::now();
    let whole = Folder::new();
    copied(base.0.path(), whole.0.path());
    assert!(applying(&whole).wait().unwrap().success());
    let takes = started.elapsed();
    for step in 0..STEPS {
        let folder = killed_after(&base, takes * step / STEPS);
        folder.run(&["verify"]).done();
        assert_eq!(texts(&folder), before, "step {step}");
        let status = folder.json(&["archive", "status"]);
        let moved = status["records"].as_u64().unwrap();
        assert!([0, 32].contains(&moved), "step {step}: {status}");
        // What a move left behind is a segment under its name, which the next one finds there.
        let left: Value = folder.json(&["archive", "verify"]);
        assert_eq!(left["ok"], true, "step {step}: {left}");
        folder.run(&["archive", "apply"]).done();
        let after = folder.json(&["archive", "verify"]);
        assert_eq!(
            after["warnings"],
            serde_json::json!([]),
            "step {step}: {after}"
        );
        assert_eq!(after["records"], 32, "step {step}: {after}");
        assert_eq!(texts(&folder), before, "step {step}");
    }
}

const STEPS: u32 = 12;
