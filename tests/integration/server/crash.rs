//! The program that serves: killed, asked to end, and what it says meanwhile.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use super::{JSON, Reply, on_both, request, send};
use crate::home::Home;
use crate::moments;

/// `contextrail serve` as it runs.
pub(super) struct Process {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Process {
    pub(super) fn start(folder: &Path) -> Self {
        Self::start_at(folder, "127.0.0.1:0")
    }

    pub(super) fn start_at(folder: &Path, listen: &str) -> Self {
        let errors = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"));
        let mut child = contextrail(folder)
            .args(["serve", "--listen", listen])
            .stdout(Stdio::piped())
            .stderr(errors.unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address
            .unwrap_or_else(|| panic!("{line:?}"))
            .parse()
            .unwrap();
        Self { child, address }
    }

    /// Asks it to end as service managers do, and gives its exit code.
    pub(super) fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }

    /// The most memory it ever had, in KiB.
    #[cfg(target_os = "linux")]
    fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|it| it.strip_prefix("VmHWM:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The file that has the address of the trail, where it is not in the folder.
const ADDRESS: &str = "address";

/// Has the program work on the trail of `home` in its folder.
pub(super) fn settled(home: Home) -> Home {
    if home.url().starts_with("postgres") {
        std::fs::write(home.folder().join(ADDRESS), home.url()).unwrap();
    }
    home
}

pub(super) fn contextrail(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contextrail"));
    command
        .current_dir(folder)
        .env_remove("CONTEXTRAIL_TOKEN")
        .env_remove("CONTEXTRAIL_TOKEN_FILE")
        .env_remove("CONTEXTRAIL_PURPOSE")
        .env_remove("CONTEXTRAIL_SERVER_ROOTS")
        .env_remove("CONTEXTRAIL_TRAIL")
        .env_remove("CONTEXTRAIL_ENV")
        .env_remove("CONTEXTRAIL_ATTESTERS")
        .env_remove("CONTEXTRAIL_STATE");
    if let Ok(url) = std::fs::read_to_string(folder.join(ADDRESS)) {
        command.env("CONTEXTRAIL_TRAIL", url);
        command.env("CONTEXTRAIL_STATE", folder);
    }
    command
}

pub(super) fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = contextrail(folder)
        .args(arguments)
        .args(["-o", "json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Many write at once until it is killed: the ids that were acknowledged.
fn write_and_kill(mut process: Process, after: usize) -> Vec<String> {
    let acknowledged = Mutex::new(Vec::new());
    let (count, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let address = process.address;
    std::thread::scope(|scope| {
        for writer in 0..6 {
            let (acknowledged, count, is_over) = (&acknowledged, &count, &is_over);
            scope.spawn(move || {
                let body = request(&format!("user_{writer}"), "a letter").to_string();
                while !is_over.load(Ordering::SeqCst) {
                    let Some(id) = try_assemble(address, &body) else {
                        break;
                    };
                    acknowledged.lock().unwrap().push(id);
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        while count.load(Ordering::SeqCst) < after {
            std::thread::yield_now();
        }
        process.child.kill().unwrap();
        is_over.store(true, Ordering::SeqCst);
    });
    acknowledged.into_inner().unwrap()
}

/// The id, if it is acknowledged whole.
fn try_assemble(address: SocketAddr, body: &str) -> Option<String> {
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(super::PATIENCE)).ok()?;
    let head = format!(
        "POST /v1/contexts:assemble HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut bytes).ok()?;
    if !bytes.windows(4).any(|it| it == b"\r\n\r\n") {
        return None;
    }
    let reply = Reply::of(&bytes);
    let value: Value = serde_json::from_slice(&reply.body).ok()?;
    Some(value["id"].as_str()?.to_owned())
}

on_both!([a_server_that_is_killed_under_load_has_all_that_it_acknowledged]);

fn a_server_that_is_killed_under_load_has_all_that_it_acknowledged(home: Home) {
    let home = settled(home);
    let folder = home.folder();
    let kills = moments::kills(5);
    let mut all = Vec::new();
    for round in 0..kills {
        let process = Process::start(folder);
        let after = usize::try_from(7 + 11 * (round % 5)).unwrap();
        all.extend(write_and_kill(process, after));
    }
    let report = json(folder, &["verify"]);
    assert_eq!(report["ok"], true, "{report}");
    let listed = json(folder, &["context", "list", "--all"]);
    let listed: std::collections::HashSet<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    let count = |len: usize| u64::try_from(len).unwrap();
    assert!(count(all.len()) >= kills * 7);
    for id in &all {
        assert!(
            listed.contains(id.as_str()),
            "{id} was acknowledged and is not there"
        );
    }
    let counts = [
        ("times", kills),
        ("acknowledged", count(all.len())),
        ("stored", count(listed.len())),
    ];
    moments::counted(
        "kill-http",
        &counts,
        "`contextrail serve` killed under load",
    );
}

#[test]
fn a_server_that_is_asked_to_end_finishes_what_it_does() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let body = request("user_1", "a letter").to_string();
    let id = try_assemble(process.address, &body).unwrap();
    // While it runs others may read the file, and are told who writes to it.
    assert_eq!(json(folder.path(), &["context", "show", &id])["id"], *id);
    let output = contextrail(folder.path())
        .args(["token", "create", "--role", "ingest"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    assert_eq!(process.terminate(), Some(0));
    assert_eq!(json(folder.path(), &["verify"])["ok"], true);
}

#[test]
fn the_log_lines_say_nothing_about_anybody_and_have_the_id_of_their_request() {
    let folder = TempDir::new().unwrap();
    let created = json(
        folder.path(),
        &["token", "create", "--role", "ingest", "--for", "loan-api"],
    );
    let admin = json(
        folder.path(),
        &["token", "create", "--role", "auditor", "--for", "zoe"],
    );
    let process = Process::start(folder.path());
    let bearer = format!("Bearer {}", created["token"].as_str().unwrap());
    let headers = [JSON[0], ("Authorization", bearer.as_str())];
    let body = request("user_77", "a letter of user_77").to_string();
    let made = send(
        process.address,
        "POST /v1/contexts:assemble",
        &headers,
        body.as_bytes(),
    )
    .is(201);
    let auditor = format!("Bearer {}", admin["token"].as_str().unwrap());
    for path in [
        "/v1/contexts?entity=applicant:user_77",
        "/v1/entities/applicant/user_77/history",
    ] {
        let asked = [
            ("Authorization", auditor.as_str()),
            ("Contextrail-Purpose", "complaint of user_77"),
        ];
        send(process.address, &format!("GET {path}"), &asked, b"").is(200);
    }
    send(
        process.address,
        "GET /v1/contexts/user_77",
        &[("Authorization", &auditor)],
        b"",
    )
    .is(400);
    assert_eq!(process.terminate(), Some(0));
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains(&made.headers["x-request-id"]), "{log}");
    assert!(
        log.contains("GET /v1/entities/{type}/{id}/history"),
        "{log}"
    );
    for secret in ["user_77", "letter", "complaint", "zoe", "4100", "ctr_"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    let looks = json(
        folder.path(),
        &["access", "list", "--entity", "applicant:user_77"],
    );
    assert_eq!(looks.as_array().unwrap().len(), 2, "{looks}");
    assert_eq!(looks[0]["by"]["id"], "zoe");
    assert_eq!(json(folder.path(), &["verify"])["ok"], true);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_bounded_when_many_send_what_unpacks_to_much() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..200 {
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let headers = [JSON[0], ("Content-Encoding", "gzip")];
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                let reply = send(process.address, "POST /v1/contexts", &headers, &bomb);
                assert!([413, 503].contains(&reply.status), "{}", reply.text());
            });
        }
    });
    // 40 times 200 MiB would be 8 GiB.
    assert!(process.peak_kib() < 600 << 10, "{} KiB", process.peak_kib());
    let body = request("user_1", "a letter").to_string();
    try_assemble(process.address, &body).unwrap();
    assert_eq!(process.terminate(), Some(0));
}
