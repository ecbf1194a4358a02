//! The example `credit_threshold`, and the commands it prints: each question has its answer.

// Mounted as the example does it.
#[path = "../../../examples/credit_threshold/story.rs"]
mod told;

use std::process::{Command, Output};
use std::sync::Arc;

use contextrail::evidence::Verifier;
use contextrail::record::ManualClock;
use serde_json::Value;

use crate::home::{Home, on_both};

async fn every_question_of_the_example_is_answered_by_its_command(home: Home) {
    let clock = Arc::new(ManualClock::new(told::BEGIN.parse().unwrap()));
    let trail = home
        .options()
        .clock(Arc::clone(&clock) as Arc<_>)
        .open(&home.url())
        .await
        .unwrap();
    let dispute = told::tell(&trail, &clock, APPLICATIONS).await.unwrap();
    let mut said = Vec::new();
    let mut say = |line: String| said.push(line);
    let bundle = told::answers(&trail, &dispute, &home.url(), &mut say)
        .await
        .unwrap();
    let keys = trail.notary().verifier_keys().await.unwrap();
    let key_file: String = keys.iter().map(|it| format!("{it}\n")).collect();
    trail.close().await;

    let report = Verifier::new(keys).verify(&bundle).unwrap();
    assert!(report.findings.is_empty(), "{report:?}");
    let (bundle_path, key_path) = (home.folder().join("d.zip"), home.folder().join("key"));
    std::fs::write(&bundle_path, bundle).unwrap();
    std::fs::write(&key_path, key_file).unwrap();
    let mut python = Command::new(crate::python::python());
    python.arg("docs/verify/verify.py").arg("--key");
    let checked = python.arg(key_path).arg(&bundle_path).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let page = unpacked(&bundle_path, "summary.md");
    for expected in ["rita", "risk_owner", "credit_model", "What was deployed"] {
        assert!(page.contains(expected), "{expected} in {page}");
    }

    let commands = said
        .iter()
        .filter_map(|it| it.strip_prefix("  $ contextrail "));
    let commands: Vec<String> = commands.map(str::to_owned).collect();
    assert_eq!(commands.len(), 14, "{said:?}");
    for command in &commands {
        let command = command.split(" > ").next().unwrap();
        let words: Vec<&str> = command.split(' ').collect();
        let ran = run(&home, &words);
        let expected = match words[0] {
            "check" => passed_or_refused(&ran),
            _ => 0,
        };
        assert_eq!(ran.status.code(), Some(expected), "{command}: {ran:?}");
    }
    let change = json(&home, "impact change objective:OBJ.credit 1.2 1.3");
    let decided = |of: &str| change[of].as_u64().unwrap();
    assert_eq!(
        decided("decided_before") + decided("decided_after"),
        APPLICATIONS as u64
    );
    let differing = change["would_differ"].as_array().unwrap();
    let scores = differing.iter().map(|it| it["score"].as_f64().unwrap());
    assert!(scores.clone().count() > 0);
    assert!(scores.clone().all(|it| (0.58..0.62).contains(&it)));
    let impact = json(&home, "impact pipeline:features@3f2a91c --by outcome");
    assert_eq!(impact["count"], APPLICATIONS as u64 * 11 / 30);
    let groups = impact["groups"].as_array().unwrap().iter();
    let counted: u64 = groups.map(|it| it["count"].as_u64().unwrap()).sum();
    assert_eq!(impact["count"], counted);
}

fn run(home: &Home, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contextrail"))
        .args(words)
        .current_dir(home.folder())
        .env("CONTEXTRAIL_TRAIL", home.url())
        .env("CONTEXTRAIL_STATE", home.folder())
        .output()
        .unwrap()
}

/// The exit code that goes with what a check printed: few applications make rough rates.
fn passed_or_refused(ran: &Output) -> i32 {
    let check: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let results = check["results"].as_array().unwrap();
    assert_eq!(results.len(), 4, "{check}");
    assert!(results.iter().all(|it| it["result"] != "not_measured"));
    if check["passed"] == true { 0 } else { 8 }
}

fn json(home: &Home, command: &str) -> Value {
    let words: Vec<&str> = command.split(' ').chain(["-o", "json"]).collect();
    serde_json::from_slice(&run(home, &words).stdout).unwrap()
}

fn unpacked(bundle: &std::path::Path, name: &str) -> String {
    let mut python = Command::new("python3");
    python.args(["-m", "zipfile", "-e"]).arg(bundle);
    let folder = bundle.with_extension("unpacked");
    assert!(python.arg(&folder).status().unwrap().success());
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// As many on each of the 30 days.
const APPLICATIONS: usize = 150;

on_both! {[
    every_question_of_the_example_is_answered_by_its_command,
]}
