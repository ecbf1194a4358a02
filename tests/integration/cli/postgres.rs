//! The program on a trail on PostgreSQL.

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
