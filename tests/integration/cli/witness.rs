//! Witnesses and timestamp authorities from the command line.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::Folder;
use crate::timestamp::tsa::{self, Kind};

/// `contextrail log witness` as it runs.
struct Witness {
    process: Child,
    url: String,
    key: String,
}

impl Witness {
    /// Runs the witness in the folder `witness`, which trusts `trail.pub`.
    fn start(folder: &Folder) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_contextrail"))
            .args([
                "log",
                "witness",
                "--listen",
                "127.0.0.1:0",
                "--dir",
                "witness",
            ])
            .args(["--log-key", "trail.pub", "--name", "auditor.example"])
            .current_dir(folder.path(""))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        Self {
            url: line().strip_prefix("listening on ").unwrap().to_owned(),
            key: line(),
            process,
        }
    }

    /// Asks it to end as service managers do, and gives its exit code.
    fn terminate(mut self) -> Option<i32> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Witness {
    /// A test that fails leaves nothing behind that runs.
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A folder with a trail of one context, and the key of its log in `trail.pub`.
fn begun() -> Folder {
    let folder = Folder::new();
    folder.assemble("user_1", "an income of 4100");
    let key = folder.run(&["log", "key", "show"]).out();
    folder.write("trail.pub", key);
    folder
}

#[test]
fn a_trail_is_witnessed_stamped_and_proved_from_the_command_line() {
    let folder = begun();
    let witness = Witness::start(&folder);
    let tsa = tsa::start(Kind::P256);
    folder.write("tsa.pem", &tsa.ca_pem);
    folder.write("witness.pub", format!("{}\n", witness.key));
    folder.write(
        "contextrail.db.attesters",
        format!(
            "witness {} {}\ntimestamp {} tsa.pem\n",
            witness.url, witness.key, tsa.url
        ),
    );
    let context = folder.assemble("user_2", "another text");
    let decision = folder.decide(&context, "approved");

    let status = folder.json(&["log", "status"]);
    assert_eq!(status["signed"]["level"], "timestamped", "{status}");
    for level in ["checkpointed", "witnessed", "timestamped"] {
        assert_eq!(status["reached"][level], 3, "{status}");
    }
    assert_eq!(status["witnesses"][0]["agrees"], true, "{status}");
    let table = folder.run(&["log", "status", "-o", "table"]).out();
    assert!(
        table.contains("3 signed, 3 witnessed, 3 timestamped"),
        "{table}"
    );

    let proof = folder
        .run(&["log", "prove", &decision, "--level", "witnessed"])
        .out();
    assert!(proof.contains("\n— auditor.example "), "{proof}");
    let proof = folder.json(&["log", "prove", &decision, "--level", "timestamped"]);
    assert_eq!(proof["level"], "timestamped", "{proof}");

    folder
        .run(&["evidence", "pack", "decision", &decision, "--file", "d.zip"])
        .done();
    let verify = [
        "evidence",
        "verify",
        "d.zip",
        "--key",
        "trail.pub",
        "--key",
        "witness.pub",
    ];
    let report = folder.json(&[&verify[..], &["--tsa-root", "tsa.pem"]].concat());
    assert_eq!(report["state"], "verified", "{report}");
    assert_eq!(report["checked"]["cosignatures"], 1, "{report}");
    assert_eq!(report["checked"]["timestamps"], 1, "{report}");
    assert_eq!(report["timestamps"][0]["file"], "tokens/3.tsr", "{report}");
    let without = folder.json(&verify);
    assert!(
        without["not_checked"].to_string().contains("tokens/3.tsr"),
        "{without}"
    );
    let page = folder.run(&[&verify[..], &["--tsa-root", "tsa.pem", "-o", "table"]].concat());
    assert!(page.out().contains("timestamp: CN=Authority P256"));
    let summary = folder.run(&["evidence", "show", "d.zip"]).out();
    assert!(
        summary.contains("`auditor.example` (a witness, "),
        "{summary}"
    );
    assert!(summary.contains("timestamped by"), "{summary}");
    folder.write("not.pem", "no certificate\n");
    folder
        .run(&[&verify[..], &["--tsa-root", "not.pem"]].concat())
        .refused(2, "not.pem");
    assert_eq!(witness.terminate(), Some(0));
}

#[test]
fn a_witness_run_for_real_finds_an_older_copy_and_keeps_its_state() {
    let folder = begun();
    let witness = Witness::start(&folder);
    let first_key = witness.key.clone();
    let name = |witness: &Witness| {
        let line = format!("witness {} {}\n", witness.url, witness.key);
        folder.write("seen.attesters", line);
    };
    name(&witness);
    let with = |arguments: &[&str]| {
        let option = ["--attesters", "seen.attesters"];
        folder.run(&[arguments, &option[..]].concat())
    };
    let copy = |from: &str, to: &str| {
        for end in ["", ".heads"] {
            let path = |name: &str| folder.path(&format!("{name}{end}"));
            std::fs::copy(path(from), path(to)).unwrap();
        }
    };
    copy("contextrail.db", "old.db");
    folder.write("request.json", super::request("user_2", "text").to_string());
    with(&["context", "assemble", "request.json"]).done();
    assert_eq!(witness.terminate(), Some(0));

    let witness = Witness::start(&folder);
    assert_eq!(witness.key, first_key, "its key stays");
    name(&witness);
    copy("old.db", "contextrail.db");
    with(&["context", "assemble", "request.json"]).refused(4, "2 entries, says the witness");
    with(&["log", "checkpoint"]).refused(4, "frozen");
    let status = with(&["log", "status", "-o", "json"]);
    assert_eq!(status.code, 4, "{status:?}");
    assert!(status.text().contains("\"agrees\": false"), "{status:?}");
    with(&["context", "list"]).done();
    assert_eq!(witness.terminate(), Some(0));
}

#[test]
fn levels_that_were_not_reached_and_files_that_make_no_sense_are_told_apart() {
    let folder = begun();
    let id = folder.run(&["context", "list", "-o", "id"]).out();
    let prove = ["log", "prove", id.trim(), "--level"];
    folder.run(&[&prove[..], &["checkpointed"]].concat()).done();
    folder
        .run(&[&prove[..], &["witnessed"]].concat())
        .refused(3, "is checkpointed, and not witnessed");
    folder
        .run(&[&prove[..], &["blessed"]].concat())
        .refused(2, "blessed");

    folder.write("contextrail.db.attesters", "witness nowhere\n");
    folder.write("request.json", super::request("user_2", "text").to_string());
    folder
        .run(&["context", "assemble", "request.json"])
        .refused(2, "contextrail.db.attesters, line 1");
    folder
        .run(&["log", "checkpoint", "--attesters", "gone"])
        .refused(6, "gone");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    folder
        .run(&["log", "witness", "--listen", &address, "--dir", "w"])
        .refused(6, &address);
}
