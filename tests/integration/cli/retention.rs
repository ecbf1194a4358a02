//! Retention carried out from the command line.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use contextrail::record::Draft;
use contextrail::trail::Trail;
use serde_json::{Value, json};

use super::proof::python;
use super::{Folder, trail_of};
use crate::sample::{context, id};

const CLASSES: u64 = 6;
const RECORDS: u64 = 240;
const STEPS: u32 = 10;

/// A folder with a trail of contexts in several classes, all of which are due.
fn due() -> Folder {
    let folder = Folder::new();
    let path = folder.path("contextrail.db");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let trail = Trail::open(&trail_of(&path)).await.unwrap();
        let mut recording = tokio::task::JoinSet::new();
        for number in 0..RECORDS {
            let whom = json!([{"type": "applicant", "id": format!("user_{}", number % 9)}]);
            let body = context(json!({"entities": whom, "inputs": {"income": number},
                "retention": {"class": format!("c{}", number % CLASSES)}}));
            let trail = trail.clone();
            recording.spawn(async move { trail.record(Draft::new(id(number), body)).await });
        }
        recording
            .join_all()
            .await
            .into_iter()
            .for_each(|it| drop(it.unwrap()));
        trail.close().await;
    });
    let classes: String = (0..CLASSES)
        .map(|class| {
            format!(
                "  c{class}: {{floor_days: 1, action: {}}}\n",
                match class {
                    0 => "aggregate",
                    _ => "erase",
                }
            )
        })
        .collect();
    folder.write(
        "p.yaml",
        format!("name: house\nversion: '1'\nclasses:\n{classes}"),
    );
    folder.run(&["retention", "policy", "put", "p.yaml"]).done();
    folder
}

/// How many records are in each state, by the plan.
fn states(folder: &Folder) -> BTreeMap<String, u64> {
    let plan = folder.json(&["retention", "plan"]);
    let mut states = BTreeMap::new();
    for line in plan["lines"].as_array().unwrap() {
        let state = line["state"].as_str().unwrap().to_owned();
        *states.entry(state).or_default() += 1;
    }
    states
}

fn records(applied: &Value) -> u64 {
    let classes = applied["classes"].as_array().unwrap();
    classes
        .iter()
        .map(|it| it["records"].as_u64().unwrap())
        .sum()
}

#[test]
fn what_is_due_goes_and_is_recorded() {
    let folder = due();
    let hold = [
        "hold",
        "place",
        "applicant:user_3",
        "--matter",
        "LIT-7",
        "--by",
        "anna",
    ];
    folder.run(&hold).done();
    let held = states(&folder)["restricted"];
    let dry = folder.json(&["retention", "apply", "--dry-run"]);
    assert_eq!(records(&dry), RECORDS - held);
    assert_eq!(states(&folder)["due"], RECORDS - held, "nothing went");

    let one = folder.json(&["retention", "apply", "--class", "c0"]);
    assert_eq!(one["policy"], "house@1");
    let classes = one["classes"].as_array().unwrap();
    assert_eq!((classes.len(), &classes[0]["class"]), (1, &json!("c0")));
    let table = folder.run(&["retention", "apply", "-o", "table"]).out();
    assert!(table.contains("c5") && table.contains("erase"), "{table}");
    let states = states(&folder);
    assert_eq!(states["expired"], RECORDS - held);
    assert_eq!(states["restricted"], held);
    assert_eq!(folder.json(&["verify"])["ok"], true);
    folder.run(&["rebuild"]).done();
    assert_eq!(folder.json(&["verify"])["ok"], true);
    assert_eq!(folder.run(&["retention", "apply", "-o", "id"]).out(), "");

    // What is left shows what it is.
    let gone = id(0).to_string();
    let shown = folder.json(&["context", "export", &gone, "--no-text"]);
    assert_eq!(shown["withheld"]["/inputs/income"], "erased");
    folder.run(&["context", "show", &gone]).done();
    let exported = folder.run(&["subject", "export", "applicant:user_3"]).out();
    assert!(exported.contains("user_3"), "{exported}");
    let scanned = folder.run(&["subject", "scan", "applicant:user_1"]);
    assert!(scanned.text().contains("keys"), "{scanned:?}");
}

#[test]
fn a_bundle_with_what_expired_and_who_was_erased_verifies_anywhere() {
    let folder = due();
    folder.run(&["retention", "apply", "--class", "c0"]).done();
    let erase = ["subject", "erase", "applicant:user_1", "--reason", "asked"];
    let approved = ["--approved-by", "anna", "--approved-by", "ben"];
    folder.run(&[&erase[..], &approved].concat()).done();
    folder.run(&["log", "checkpoint"]).done();
    folder.write("trail.pub", folder.run(&["log", "key", "show"]).out());
    let last = (RECORDS + 2).to_string();
    folder
        .run(&["evidence", "pack", "range", "230", &last, "--file", "r.zip"])
        .done();
    let verify = ["evidence", "verify", "r.zip", "--key", "trail.pub"];
    let report = folder.json(&verify);
    assert_eq!(report["findings"], json!([]), "{report:#}");
    assert_eq!(report["checked"]["records"], 13);
    assert_eq!(python(&folder, &["r.zip", "--key", "trail.pub"]), 0);
    let page = folder.run(&["evidence", "show", "r.zip"]).out();
    assert!(page.contains("expired by the retention policy"), "{page}");
}

#[test]
fn a_policy_is_not_carried_out_where_it_cannot_be() {
    let folder = due();
    let class = ["retention", "apply", "--class", "c9"];
    folder
        .run(&class)
        .refused(2, "one of the classes of the policy house@1");
    let dry = ["retention", "apply", "--class", "c9", "--dry-run"];
    folder.run(&dry).refused(2, "one of the classes");
    let elsewhere = Folder::new();
    elsewhere
        .run(&["retention", "apply"])
        .refused(6, "contextrail.db");
    fs::rename(
        folder.path("contextrail.db.keyring"),
        folder.path("elsewhere"),
    )
    .unwrap();
    folder.run(&["retention", "apply"]).refused(6, "keyring");
    assert_eq!(
        states(&folder)["due"],
        RECORDS,
        "what is due is said without keys"
    );
}

fn copied(base: &Folder) -> Folder {
    let folder = Folder::new();
    for file in fs::read_dir(base.0.path()).unwrap() {
        let file = file.unwrap();
        let name = file.file_name();
        fs::copy(file.path(), folder.path(&name.to_string_lossy())).unwrap();
    }
    folder
}

/// A copy of a trail whose retention is begun, and killed after a while.
fn killed_after(base: &Folder, wait: Duration) -> Folder {
    let folder = copied(base);
    let mut applying = Command::new(env!("CARGO_BIN_EXE_contextrail"))
        .args(["retention", "apply"])
        .current_dir(folder.0.path())
        .env_remove("CONTEXTRAIL_TRAIL")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    applying.kill().unwrap();
    applying.wait().unwrap();
    folder
}

#[test]
fn retention_that_is_killed_at_any_moment_goes_on_where_it_was() {
    let base = due();
    let started = Instant::now();
    copied(&base).run(&["retention", "apply"]).done();
    let takes = started.elapsed();
    for step in 0..STEPS {
        let folder = killed_after(&base, takes * step / STEPS);
        assert_eq!(folder.json(&["verify"])["ok"], true, "step {step}");
        let states = states(&folder);
        let state = |name: &str| states.get(name).copied().unwrap_or(0);
        // Every class is one batch.
        assert_eq!(
            state("expired") % (RECORDS / CLASSES),
            0,
            "step {step}: {states:?}"
        );
        assert_eq!(
            state("expired") + state("due"),
            RECORDS,
            "step {step}: {states:?}"
        );
        let applied = folder.json(&["retention", "apply"]);
        assert_eq!(records(&applied), state("due"), "step {step}");
        assert_eq!(folder.json(&["verify"])["ok"], true, "step {step}");
        assert_eq!(records(&folder.json(&["retention", "apply"])), 0);
    }
}
