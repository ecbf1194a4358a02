//! The files that a server is run with, and what they name.

use std::collections::BTreeSet;
use std::path::Path;

use contextrail::codec::{decode, read_yaml};
use serde_json::Value;

use super::Server;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The names of the metrics in a text.
fn named(text: &str) -> BTreeSet<String> {
    text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'))
        .filter(|word| word.starts_with("contextrail_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn metrics_are_well_formed_and_what_watches_them_names_only_what_there_is() {
    let server = Server::start();
    for number in 0..3 {
        server.context("user_1", &format!("letter {number}"));
    }
    // Routes that are none, and ids, make no labels.
    for path in ["/v1/nothing/a", "/v1/nothing/b", "/v1/contexts/user_1"] {
        server.get("investigator", path);
    }
    // Heads are signed within a second or so.
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let text = loop {
        let text = server.send("", "GET /metrics", &[], b"").is(200).text();
        if text.contains("contextrail_attested_entries{level=\"checkpointed\"}") {
            break text;
        }
        assert!(std::time::Instant::now() < until, "{text}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let mut described = BTreeSet::new();
    let mut given = BTreeSet::new();
    for line in text.lines() {
        if let Some(about) = line.strip_prefix("# TYPE ") {
            let (name, kind) = about.split_once(' ').unwrap();
            assert!(
                described.insert(name.to_owned()),
                "{name} is described twice"
            );
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        value.parse::<f64>().unwrap();
        let name = series.split('{').next().unwrap();
        let of = ["_bucket", "_sum", "_count"];
        let base = of.iter().find_map(|it| name.strip_suffix(it));
        let base = base.filter(|it| described.contains(*it)).unwrap_or(name);
        assert!(described.contains(base), "{line} is not described");
        assert!(
            !series.contains("user_1") && !series.contains("nothing"),
            "{line}"
        );
        given.insert(name.to_owned());
    }
    let count = |name: &str| -> f64 {
        let line = text.lines().find(|it| it.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("{name} in {text}"));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    assert!(count("contextrail_commit_records_sum") >= 3.0);
    assert!(count("contextrail_commit_duration_seconds_count") >= 1.0);
    assert_eq!(count("contextrail_append_failures_total"), 0.0);
    assert_eq!(count("contextrail_queue_limit_bytes"), f64::from(64 << 20));
    for name in ["run/alerts.yaml", "run/dashboard.json", "runbook.md"] {
        let text = file(name);
        let names = named(&text);
        assert!(names.len() > 5, "{name}: {names:?}");
        for metric in names {
            let is_there = given.contains(&metric) || described.contains(&metric);
            assert!(is_there, "{name} names {metric}, which there is not");
        }
    }
    server.verified();
}

#[test]
fn the_rules_lead_to_headings_of_the_runbook_and_the_files_can_be_read() {
    let rules: Value = decode(&read_yaml(file("run/alerts.yaml").as_bytes()).unwrap()).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() >= 10);
    let runbook = file("runbook.md");
    let headings: Vec<String> = runbook
        .lines()
        .filter_map(|it| it.strip_prefix("## "))
        .map(|it| it.to_lowercase().replace(',', "").replace(' ', "-"))
        .collect();
    for rule in rules {
        let leads = rule["annotations"]["runbook"].as_str().unwrap();
        let heading = leads.strip_prefix("docs/runbook.md#").unwrap();
        assert!(headings.iter().any(|it| it == heading), "{leads}");
    }
    let board: Value = serde_json::from_str(&file("run/dashboard.json")).unwrap();
    assert!(board["panels"].as_array().unwrap().len() >= 10);
    // Where it listens, and the names of its members, are those of the program.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("server.yaml"), file("run/server.yaml")).unwrap();
    let checked = super::crash::contextrail(folder.path())
        .args(["config", "check", "server.yaml"])
        .output()
        .unwrap();
    let error = String::from_utf8(checked.stderr).unwrap();
    // Everything is read; what it names is not on this machine.
    assert_eq!(checked.status.code(), Some(6), "{error}");
    assert!(error.contains("/etc/contextrail/tls/server.pem"), "{error}");
}
