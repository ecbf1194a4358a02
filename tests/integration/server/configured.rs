//! A server that is run with a file: TLS, metrics at an address of their own, and what is wrong with a file.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use contextrail::record::Draft;
use contextrail::trail::{Evidence, Trail, TrailOptions};
use serde_json::json;
use tempfile::TempDir;

use super::crash::{contextrail, json as said};
use super::send;
use crate::sample::{context, id};

/// A certificate of nobody for this machine, and its key, as `NAME.pem` and `NAME.key`.
fn certificate(folder: &Path, name: &str) -> Vec<u8> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-subj", &format!("/CN={name}")])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args([
            "-keyout",
            &format!("{name}.key"),
            "-out",
            &format!("{name}.pem"),
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    std::fs::read(folder.join(format!("{name}.pem"))).unwrap()
}

/// The program as it serves, and the addresses that it says.
struct Configured {
    child: Child,
    main: SocketAddr,
    metrics: SocketAddr,
}

impl Configured {
    fn start(folder: &Path, file: &str) -> Self {
        let errors = std::fs::File::create(folder.join("log")).unwrap();
        let mut child = contextrail(folder)
            .args(["serve", "--config", file])
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = |before: &str| -> SocketAddr {
            let line = lines.next().unwrap().unwrap();
            let address = line.strip_prefix(before);
            address.unwrap_or_else(|| panic!("{line}")).parse().unwrap()
        };
        Self {
            main: address("listening on https://"),
            metrics: address("metrics on http://"),
            child,
        }
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const FILE: &str = "\
trail_file: where   # with a password in it, where there is one
listen: 127.0.0.1:0
metrics_listen: 127.0.0.1:0
tenant: loans
environment: production
tls:
  certificate: now.pem
  key: now.key
";

fn client(roots: &[u8], token: &str) -> TrailOptions {
    TrailOptions::new()
        .server_token(token)
        .server_roots(roots)
        .server_patience(Duration::from_secs(3))
        .evidence(Evidence::Required)
}

async fn recorded(trail: &Trail, number: u64) -> Result<(), String> {
    let draft = Draft::new(id(number), context(json!({"inputs": {"n": number}})));
    let recorded = trail.record(draft).await;
    recorded.map(|_| ()).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_run_with_one_file_and_answers_through_tls() {
    let folder = TempDir::new().unwrap();
    let now = certificate(folder.path(), "now");
    let next = certificate(folder.path(), "next");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("where", "sqlite://loans.db\n");
    write("server.yaml", FILE);
    let create = ["--trail", "sqlite://loans.db", "token", "create"];
    let role = ["--role", "ingest", "--for", "loan-api", "--tenant", "loans"];
    let granted = said(folder.path(), &[create.as_slice(), &role].concat());
    let token = granted["token"].as_str().unwrap();
    let checked = said(folder.path(), &["config", "check", "server.yaml"]);
    assert_eq!(
        checked,
        json!({"trail": "sqlite://loans.db", "tenant": "loans", "listen": "127.0.0.1:0",
               "metrics_listen": "127.0.0.1:0", "environment": "production", "tls": true, "tokens": 1})
    );

    let server = Configured::start(folder.path(), "server.yaml");
    let url = format!("https://localhost:{}", server.main.port());
    let trusting = client(&now, token).open(&url).await.unwrap();
    recorded(&trusting, 1).await.unwrap();
    // Whoever was told of no such authority, or of another one, sends nothing.
    for roots in [&[][..], &next] {
        let trail = client(roots, token).open(&url).await.unwrap();
        let error = recorded(&trail, 2).await.unwrap_err();
        assert!(
            error.contains("away") && error.contains("ertificate"),
            "{error}"
        );
    }
    // Somebody who connects and says nothing, and somebody who speaks no TLS, hold up nobody.
    let _silent = std::net::TcpStream::connect(server.main).unwrap();
    let mut plain = std::net::TcpStream::connect(server.main).unwrap();
    std::io::Write::write_all(&mut plain, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answered = Vec::new();
    std::io::Read::read_to_end(&mut plain, &mut answered).ok();
    assert!(!answered.starts_with(b"HTTP/"), "{answered:?}");
    recorded(&trusting, 3).await.unwrap();

    let metrics = send(server.metrics, "GET /metrics", &[], b"")
        .is(200)
        .text();
    assert!(
        metrics.contains("contextrail_records_acknowledged_total 2"),
        "{metrics}"
    );
    send(server.metrics, "GET /readyz", &[], b"").is(200);
    send(server.metrics, "GET /v1/contexts", &[], b"").is(404);
    let curl = |roots: &str, path: &str| {
        let ran = Command::new("curl")
            .args([
                "-sS",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "--cacert",
                roots,
            ])
            .arg(format!("{url}{path}"))
            .current_dir(folder.path())
            .output()
            .unwrap();
        String::from_utf8(ran.stdout).unwrap()
    };
    assert_eq!(curl("now.pem", "/healthz"), "200");
    assert_eq!(curl("now.pem", "/metrics"), "404");
    assert_eq!(curl("next.pem", "/healthz"), "000");

    // A certificate that cannot be used changes nothing; the next one is taken without a stop.
    write("now.key", "no key");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(curl("now.pem", "/healthz"), "200");
    for end in ["key", "pem"] {
        let from = folder.path().join(format!("next.{end}"));
        std::fs::copy(from, folder.path().join(format!("now.{end}"))).unwrap();
    }
    let until = Instant::now() + Duration::from_secs(30);
    while curl("next.pem", "/healthz") != "200" {
        assert!(
            Instant::now() < until,
            "the new certificate is never served"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(server);
    let list = [
        "--trail",
        "sqlite://loans.db",
        "token",
        "list",
        "--tenant",
        "loans",
    ];
    assert_eq!(said(folder.path(), &list).as_array().unwrap().len(), 1);
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_with_its_place() {
    let folder = TempDir::new().unwrap();
    certificate(folder.path(), "one");
    certificate(folder.path(), "two");
    said(folder.path(), &["token", "create", "--role", "ingest"]);
    for (text, code, wanted) in [
        (
            "listen: 127.0.0.1:0\nlisten_metrics: 127.0.0.1:1\n",
            2,
            "line 2, column 1",
        ),
        ("listen: 127.0.0.1\n", 2, "listen"),
        ("tenant: loans\n", 2, "where to listen"),
        (
            "listen: 127.0.0.1:0\ntrail: a\ntrail_file: b\n",
            2,
            "trail and trail_file",
        ),
        ("listen: 127.0.0.1:0\ntrail_file: nowhere\n", 6, "nowhere"),
        (
            "listen: 127.0.0.1:0\ntrail: sqlite://none.db\n",
            6,
            "none.db",
        ),
        (
            "listen: 127.0.0.1:0\ntrail: https://trail.example\n",
            2,
            "works on the trail itself",
        ),
        (
            "listen: 127.0.0.1:0\ntls: {certificate: one.pem, key: nowhere}\n",
            6,
            "nowhere",
        ),
        (
            "listen: 127.0.0.1:0\ntls: {certificate: one.pem, key: one.pem}\n",
            2,
            "one.pem",
        ),
        (
            "listen: 127.0.0.1:0\ntls: {certificate: one.key, key: one.key}\n",
            2,
            "no certificate",
        ),
        (
            "listen: 127.0.0.1:0\ntls: {certificate: one.pem, key: two.key}\n",
            2,
            "one.pem",
        ),
        ("listen: 127.0.0.1:0\nattesters: nowhere\n", 6, "nowhere"),
        ("listen: 0.0.0.0:0\ntenant: others\n", 8, "without a token"),
    ] {
        std::fs::write(folder.path().join("s.yaml"), text).unwrap();
        for command in [
            vec!["config", "check", "s.yaml"],
            vec!["serve", "--config", "s.yaml"],
        ] {
            let ran = contextrail(folder.path()).args(&command).output().unwrap();
            let error = String::from_utf8(ran.stderr).unwrap();
            assert_eq!(ran.status.code(), Some(code), "{command:?} {text}: {error}");
            assert!(error.contains(wanted), "{command:?} {text}: {error}");
            // A server makes a trail that is not there.
            if wanted == "none.db" {
                break;
            }
        }
    }
    // The command line comes before the environment, and that before the file.
    std::fs::write(
        folder.path().join("s.yaml"),
        "listen: 127.0.0.1:1\nenvironment: test\n",
    )
    .unwrap();
    let check = |arguments: &[&str]| {
        let ran = contextrail(folder.path())
            .env("CONTEXTRAIL_LISTEN", "127.0.0.1:2")
            .env("CONTEXTRAIL_ENV", "production")
            .args(["config", "check", "s.yaml", "-o", "json"])
            .args(arguments)
            .output()
            .unwrap();
        serde_json::from_slice::<serde_json::Value>(&ran.stdout).unwrap()
    };
    assert_eq!(check(&[])["listen"], "127.0.0.1:2");
    assert_eq!(check(&[])["environment"], "production");
    assert_eq!(check(&["--listen", "127.0.0.1:3"])["listen"], "127.0.0.1:3");
}
