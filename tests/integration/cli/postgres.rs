//! The program on a trail on PostgreSQL.

use std::collections::BTreeSet;

use super::Folder;
use crate::postgres::cluster::Cluster;

#[test]
#[ignore = "needs PostgreSQL"]
fn every_verb_works_on_a_server_and_no_password_is_shown() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("state")).unwrap();
    let url = Cluster::shared().url_as("postgres:s3cret", &Cluster::new_schema());
    let set = [
        ("CONTEXTRAIL_TRAIL", url.as_str()),
        ("CONTEXTRAIL_STATE", "state"),
    ];
    let run = |code: i32, arguments: &[&str]| {
        let ran = folder.run_in(&set, arguments, b"");
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        let text = String::from_utf8(ran.stdout).unwrap();
        assert!(
            !ran.stderr.contains("s3cret") && !text.contains("s3cret"),
            "{arguments:?}"
        );
        (text, ran.stderr)
    };
    let (_, said) = run(6, &["context", "list"]);
    assert!(
        said.contains("there is no trail yet") && said.contains("contextrail migrate"),
        "{said}"
    );
    let (made, _) = run(0, &["migrate", "-o", "json"]);
    assert!(
        made.contains("\"from\":0") || made.contains("\"from\": 0"),
        "{made}"
    );
    run(0, &["migrate"]);
    let (said, _) = run(0, &["demo"]);
    assert!(!said.is_empty());
    let (listed, _) = run(0, &["decision", "list", "-o", "id"]);
    let first = listed.lines().next().unwrap();
    run(0, &["decision", "show", first]);
    run(
        0,
        &[
            "evidence",
            "pack",
            "decision",
            first,
            "--file",
            "bundle.zip",
        ],
    );
    folder.write("trail.pub", run(0, &["log", "key", "show"]).0);
    let verify = ["evidence", "verify", "bundle.zip", "--key", "trail.pub"];
    run(0, &verify);
    let (report, _) = run(0, &["doctor", "-o", "json"]);
    assert!(report.contains("PostgreSQL"), "{report}");
    run(0, &["verify"]);
    run(0, &["rebuild"]);
    run(0, &["log", "checkpoint"]);
    let nowhere = [("CONTEXTRAIL_TRAIL", url.as_str())];
    let ran = folder.run_in(&nowhere, &["verify"], b"");
    assert!(ran.code == 6 && ran.stderr.contains("--state"), "{ran:?}");
}

/// A statement that names no tenant would be one of every node, where tenants are spread.
#[test]
#[ignore = "needs PostgreSQL"]
fn every_statement_on_a_log_names_the_tenant() {
    let (folder, cluster) = (Folder::new(), Cluster::start("log_statement = all"));
    std::fs::create_dir(folder.path("state")).unwrap();
    let url = cluster.url(&Cluster::new_schema());
    let set = [
        ("CONTEXTRAIL_TRAIL", url.as_str()),
        ("CONTEXTRAIL_STATE", "state"),
    ];
    let run = |arguments: &[&str]| {
        let ran = folder.run_in(&set, arguments, b"");
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        String::from_utf8(ran.stdout).unwrap()
    };
    run(&["migrate"]);
    let migrated = cluster.log().len();
    run(&["demo"]);
    let listed = run(&["decision", "list", "-o", "id"]);
    let first = listed.lines().next().unwrap();
    run(&["decision", "show", first]);
    run(&["context", "list"]);
    run(&["log", "prove", first]);
    folder.write(
        "request.json",
        super::request("user_77", "an income").to_string(),
    );
    run(&["context", "assemble", "request.json"]);
    let erase = ["subject", "erase", "applicant:user_77", "--reason", "asked"];
    let by = ["--approved-by", "grace", "--approved-by", "joan"];
    run(&[&erase[..], &by].concat());
    run(&["retention", "plan"]);
    run(&["key", "rotate", "--level", "tenant"]);
    run(&["backup", "a.backup"]);
    run(&["verify"]);

    let log = cluster.log();
    let words = |line: &str| -> BTreeSet<String> {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.map(str::to_owned).collect()
    };
    let tables = [
        "record",
        "slot",
        "head",
        "tile",
        "lookup",
        "zone",
        "entity_key",
        "shared_text",
    ];
    let (mut seen, mut without) = (BTreeSet::new(), BTreeSet::new());
    for line in log[migrated..].lines() {
        let Some((_, statement)) = line.split_once("LOG:  execute ") else {
            continue;
        };
        let words = words(statement);
        let of_logs: Vec<&str> = tables
            .into_iter()
            .filter(|it| words.contains(*it))
            .collect();
        // Pages are tidied wherever they lie.
        let is_right = words.contains("tenant") || words.contains("vacuum");
        if !of_logs.is_empty() && !is_right {
            without.insert(statement.split_once(": ").unwrap().1.to_owned());
        }
        seen.extend(of_logs);
    }
    assert_eq!(seen.len(), tables.len(), "{seen:?}");
    assert_eq!(without, BTreeSet::new());
}
