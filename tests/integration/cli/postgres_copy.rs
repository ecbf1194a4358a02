//! `contextrail copy` from a file to a server and back.

use serde_json::{Value, json};

use super::Folder;
use crate::postgres::cluster::Cluster;

/// The program on one trail, with the folder of state.
struct On<'f>(&'f Folder, &'f str);

impl On<'_> {
    fn run(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let set = [
            ("CONTEXTRAIL_TRAIL", self.1),
            ("CONTEXTRAIL_STATE", "state"),
        ];
        let ran = self.0.run_in(&set, arguments, b"");
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
        let text = String::from_utf8(ran.stdout).unwrap();
        assert!(!text.contains("s3cret"), "{text}");
        (text, ran.stderr)
    }

    fn out(&self, arguments: &[&str]) -> String {
        self.run(0, arguments).0
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.out(&[arguments, &["-o", "json"]].concat());
        serde_json::from_str(&text).unwrap()
    }

    fn is_whole(&self) -> u64 {
        let report = self.json(&["verify"]);
        assert_eq!(
            (&report["ok"], &report["findings"]),
            (&json!(true), &json!([]))
        );
        report["entries"].as_u64().unwrap()
    }

    fn shows(&self, bundle: &str) {
        let report = self.json(&["evidence", "verify", bundle, "--key", "trail.pub"]);
        assert_eq!(report["state"], "verified", "{report:#}");
    }

    fn listed(&self) -> [String; 2] {
        [
            self.out(&["context", "list", "-o", "id"]),
            self.out(&["decision", "list", "-o", "id"]),
        ]
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_trail_moves_from_a_file_to_a_server_and_back_with_its_keys_and_proofs() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("state")).unwrap();
    let url = Cluster::shared().url_as("postgres:s3cret", &Cluster::new_schema());
    let file = On(&folder, "sqlite://contextrail.db");
    let server = On(&folder, &url);
    let back = On(&folder, "sqlite://back.db");

    file.out(&["demo", "--count", "4"]);
    let context = folder.assemble("user_77", "an income of 4100");
    let decision = folder.decide(&context, "approved");
    let pack = ["evidence", "pack", "decision", &decision, "--file"];
    file.out(&[&pack[..], &["before.zip"]].concat());
    folder.write("trail.pub", file.out(&["log", "key", "show"]));
    let proof = file.out(&["log", "prove", &decision]);
    let (size, listed) = (file.is_whole(), file.listed());
    let shown = file.out(&["context", "show", &context, "-o", "json"]);

    // A schema is made by `migrate` alone.
    let (_, said) = file.run(6, &["copy", "--to", &url]);
    assert!(said.contains("contextrail migrate"), "{said}");
    server.out(&["migrate"]);
    let copied = file.json(&["copy", "--to", &url]);
    let became = |copied: &Value, holds: &str| {
        let files = copied["files"].as_array().unwrap();
        let of = files.iter().find(|it| it["holds"] == holds);
        of.unwrap_or_else(|| panic!("{holds}: {copied:#}"))["became"].clone()
    };
    assert_eq!(became(&copied, "signing key"), "to_be_moved");
    assert_eq!(became(&copied, "signed heads"), "copied");
    assert!(!folder.path("state/trail.key").exists());
    let copied = file.json(&["copy", "--to", &url, "--hand-over"]);
    assert_eq!(became(&copied, "signing key"), "handed_over");
    let written = copied["logs"][0]["written"].as_u64();
    assert_eq!(written, Some(0), "the second copy found everything there");

    assert_eq!(server.is_whole(), size);
    assert_eq!(server.listed(), listed);
    assert_eq!(server.out(&["log", "prove", &decision]), proof);
    assert_eq!(
        server.out(&["context", "show", &context, "-o", "json"]),
        shown
    );
    server.shows("before.zip");
    // Who gave its key away signs no more.
    let set = [("CONTEXTRAIL_TRAIL", "sqlite://contextrail.db")];
    assert_ne!(folder.run_in(&set, &["demo", "--count", "1"], b"").code, 0);

    server.out(&["demo", "--count", "2"]);
    server.out(&[
        "subject",
        "erase",
        "applicant:user_77",
        "--reason",
        "asked for",
        "--approved-by",
        "grace",
        "--approved-by",
        "joan",
    ]);
    server.out(&["log", "checkpoint"]);
    let (grown, listed) = (server.is_whole(), server.listed());
    assert!(grown > size);
    let backup = server.json(&["backup", "backup.db"]);
    assert_eq!(backup["logs"][0]["entries"], grown);
    let (_, said) = server.run(2, &["copy", "--to", &url]);
    assert!(said.contains("onto itself"), "{said}");

    let copied = server.json(&["copy", "--to", "sqlite://back.db", "--hand-over"]);
    assert_eq!(copied["logs"][0]["entries"], grown);
    assert_eq!(became(&copied, "signing key"), "handed_over");
    assert_eq!(became(&copied, "journal of erasures"), "copied");
    assert_eq!(back.is_whole(), grown);
    assert_eq!(back.listed(), listed);
    back.shows("before.zip");
    back.out(&["log", "consistency", &size.to_string(), &grown.to_string()]);
    let now = back.out(&["context", "show", &context, "-o", "json"]);
    assert!(shown.contains("4100") && !now.contains("4100"), "{now}");
    back.out(&["demo", "--count", "1"]);
    assert!(back.is_whole() > grown);
}
