//! Each thing that can be in the way of a trail on PostgreSQL: the program says what is wrong and
//! what to do, ends with exit code 6, and never shows a password.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{Folder, Ran};
use crate::postgres::cluster::{Cluster, WITH_PASSWORD};

/// Runs `arguments` on the trail at `url`, with the folder of state beside.
fn run(folder: &Folder, url: &str, arguments: &[&str]) -> Ran {
    let state = folder.path("state");
    std::fs::create_dir_all(&state).unwrap();
    let set = [
        ("CONTEXTRAIL_TRAIL", url),
        ("CONTEXTRAIL_STATE", state.to_str().unwrap()),
    ];
    folder.run_in(&set, arguments, b"")
}

/// Has `arguments` refused with exit code 6, and every one of `said` in the message.
fn refused(folder: &Folder, url: &str, arguments: &[&str], said: &[&str]) {
    let ran = run(folder, url, arguments);
    let shown = format!("{url}: {ran:?}");
    assert_eq!(ran.code, 6, "{shown}");
    assert!(ran.stdout.is_empty(), "{shown}");
    for part in said {
        assert!(ran.stderr.contains(part), "{part:?} is not in {shown}");
    }
    assert!(!ran.stderr.contains("s3cret"), "{shown}");
}

/// A trail of its own on the shared server: its schema.
fn made(folder: &Folder, cluster: &Cluster) -> String {
    let schema = Cluster::new_schema();
    let ran = run(folder, &cluster.url(&schema), &["migrate"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    schema
}

#[test]
#[ignore = "needs PostgreSQL"]
fn an_address_that_is_wrong_is_refused() {
    let folder = Folder::new();
    let url = Cluster::shared().url("x");
    let cases = [
        ("postgres:loans", "it has no // before the host"),
        ("postgres://u:s3cret/x@127.0.0.1/trails", "before the @"),
        (
            "postgres://u:s3cret@127.0.0.1:99999/trails",
            "cannot be read",
        ),
        (&*format!("{url}&shcema=loans"), "\"shcema\""),
        (
            &*url.replace("schema=x", "schema=a-b"),
            "the name of a schema",
        ),
    ];
    for (url, what) in cases {
        refused(&folder, url, &["verify"], &[what, "postgres://USER@HOST"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_server_that_cannot_be_entered_is_refused() {
    let (folder, cluster) = (Folder::new(), Cluster::shared());
    cluster.user_with_password().await;
    let port = cluster.port();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = closed.local_addr().unwrap().port();
    let cases = [
        (
            format!("postgres://{WITH_PASSWORD}:s3cret@127.0.0.1:{port}/postgres"),
            ["password authentication failed", "check user and password"],
        ),
        (
            format!("postgres://nobody:s3cret@127.0.0.1:{port}/postgres"),
            ["role \"nobody\" does not exist", "check user"],
        ),
        (
            format!("postgres://postgres:s3cret@127.0.0.1:{port}/nowhere"),
            ["database \"nowhere\" does not exist", "createdb"],
        ),
        (
            format!("postgres://postgres:s3cret@127.0.0.1:{closed}/postgres"),
            ["is away", "check that the server runs"],
        ),
        (
            format!("postgres://postgres:s3cret@no-such-host.invalid:{port}/postgres"),
            ["is away", "check that the server runs"],
        ),
    ];
    for (url, said) in &cases {
        for arguments in [&["demo"][..], &["verify"], &["migrate"]] {
            refused(&folder, url, arguments, said);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_user_without_the_rights_is_refused() {
    let (folder, cluster) = (Folder::new(), Cluster::shared());
    let schema = made(&folder, cluster);
    let user = format!("reader_of_{schema}");
    cluster
        .execute(&format!(
            "create role {user} login; grant usage on schema {schema} to {user}; \
             grant select on all tables in schema {schema} to {user}"
        ))
        .await;
    let url = cluster.url_as(&user, &schema);
    let said = ["lacks rights", "insert on record", "owner of the tables"];
    refused(&folder, &url, &["demo"], &said);
    assert_eq!(run(&folder, &url, &["verify"]).code, 0);
    let elsewhere = cluster.url_as(&user, &Cluster::new_schema());
    let said = ["permission denied", "create on the schema"];
    refused(&folder, &elsewhere, &["migrate"], &said);
}

/// The server answers as one of version 13 would: a function of another schema stands before its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn an_old_server_is_refused() {
    let (folder, cluster) = (Folder::new(), Cluster::shared());
    let schema = Cluster::new_schema();
    cluster
        .execute(&format!(
            "create schema {schema}; create function {schema}.current_setting(text) returns text language sql as \
             'select case $1 when ''server_version'' then ''13.11'' when ''server_version_num'' then ''130011'' \
             else pg_catalog.current_setting($1) end'"
        ))
        .await;
    let path = format!("options=-c%20search_path%3D{schema},pg_catalog");
    let url = cluster.url("").replace("schema=", &path);
    for arguments in [&["demo"][..], &["verify"], &["migrate"]] {
        let said = ["PostgreSQL 13.11", "PostgreSQL 14 or later: upgrade it"];
        refused(&folder, &url, arguments, &said);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_schema_of_something_else_is_refused() {
    let (folder, cluster) = (Folder::new(), Cluster::shared());
    let newer = made(&folder, cluster);
    cluster
        .execute(&format!("update {newer}._sqlx_migrations set version = 7"))
        .await;
    let foreign = Cluster::new_schema();
    cluster
        .execute(&format!(
            "create schema {foreign}; create table {foreign}.customer (id bigint)"
        ))
        .await;
    for arguments in [&["demo"][..], &["verify"], &["migrate"]] {
        let said = ["has schema 7, newer than 1", "upgrade contextrail"];
        refused(&folder, &cluster.url(&newer), arguments, &said);
        let said = ["another application (customer)", "?schema=NAME"];
        refused(&folder, &cluster.url(&foreign), arguments, &said);
    }
    let none = cluster.url(&Cluster::new_schema());
    let said = ["there is no trail yet", "contextrail migrate"];
    refused(&folder, &none, &["verify"], &said);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn commits_that_a_crash_could_take_back_are_refused() {
    let (folder, cluster) = (Folder::new(), Cluster::shared());
    let schema = made(&folder, cluster);
    let user = format!("hasty_{schema}");
    cluster
        .execute(&format!(
            "create role {user} login superuser; alter role {user} set synchronous_commit = off"
        ))
        .await;
    let url = cluster.url_as(&user, &schema);
    for arguments in [&["demo"][..], &["migrate"]] {
        let said = ["synchronous_commit is off (set by: user)", "turn it on"];
        refused(&folder, &url, arguments, &said);
    }
}

/// Connections are cut, each one and every later one, when so many bytes have been sent in all.
struct Cut {
    port: u16,
    left: Arc<AtomicU64>,
}

impl Cut {
    fn before(cluster: &Cluster, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicU64::new(bytes));
        let (to, counted) = (cluster.port(), Arc::clone(&left));
        std::thread::spawn(move || {
            let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
            for client in listener.incoming() {
                let client = client.unwrap();
                if counted.load(Ordering::SeqCst) == 0 {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
                for end in [&client, &server] {
                    open.lock().unwrap().push(end.try_clone().unwrap());
                }
                let (from, into) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || passed(from, into, |_| true));
                let (open, counted) = (Arc::clone(&open), Arc::clone(&counted));
                std::thread::spawn(move || {
                    let cut = |sent: u64| {
                        let take = |left: u64| Some(left.saturating_sub(sent));
                        let (now, then) = (Ordering::SeqCst, Ordering::SeqCst);
                        if counted.fetch_update(now, then, take).unwrap() > sent {
                            return true;
                        }
                        for end in open.lock().unwrap().drain(..) {
                            drop(end.shutdown(std::net::Shutdown::Both));
                        }
                        false
                    };
                    passed(client, server, cut);
                });
            }
        });
        Self { port, left }
    }
}

/// Passes on what comes, as long as `goes_on` with the number of bytes that came.
fn passed(mut from: TcpStream, mut to: TcpStream, goes_on: impl Fn(u64) -> bool) {
    use std::io::{Read as _, Write as _};
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if !goes_on(u64::try_from(count).unwrap()) || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    for end in [from, to] {
        drop(end.shutdown(std::net::Shutdown::Both));
    }
}

/// Killed at the greeting, in the middle of opening, and in the middle of writing, for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL"]
async fn a_connection_that_is_killed_for_good_is_said_and_loses_nothing() {
    let (folder, cluster) = (Folder::new(), Cluster::shared());
    let schema = made(&folder, cluster);
    let direct = cluster.url(&schema);
    let through = |cut: &Cut| {
        let port = |port: u16| format!("127.0.0.1:{port}/");
        direct.replace(&port(cluster.port()), &port(cut.port))
    };
    let uncut = Cut::before(cluster, u64::MAX);
    let ran = run(&folder, &through(&uncut), &["demo", "--count", "2"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let whole = u64::MAX - uncut.left.load(Ordering::SeqCst);
    for bytes in [1, whole / 20, whole / 3, whole / 2] {
        let url = through(&Cut::before(cluster, bytes));
        let said = ["is away", "check that the server runs"];
        let ran = run(&folder, &url, &["demo", "--count", "2"]);
        assert_eq!(ran.code, 6, "{bytes} of {whole}: {ran:?}");
        for part in said {
            assert!(ran.stderr.contains(part), "{bytes} of {whole}: {ran:?}");
        }
    }
    let ran = run(&folder, &direct, &["verify"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// A part of the file system on which a server stores its tables is full.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL, and CONTEXTRAIL_TEST_SMALL_SERVER_DISK: an empty folder on a file system of about 8 MiB"]
#[expect(clippy::disallowed_methods, reason = "where the small disk is")]
async fn a_full_disk_of_the_server_is_said_and_loses_nothing() {
    let small = std::env::var("CONTEXTRAIL_TEST_SMALL_SERVER_DISK").unwrap();
    let (folder, cluster) = (Folder::new(), Cluster::start(""));
    Cluster::give(Path::new(&small));
    // One by one: a tablespace is not made in a transaction.
    for sql in [
        format!("create tablespace small location '{small}'"),
        "alter role postgres set default_tablespace = small".to_owned(),
    ] {
        cluster.execute(&sql).await;
    }
    let ballast = Path::new(&small).join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let url = cluster.url(&made(&folder, &cluster));
    let mut rounds = 0;
    let full = loop {
        let ran = run(&folder, &url, &["demo", "--count", "40"]);
        if ran.code != 0 {
            break ran;
        }
        rounds += 1;
        assert!(rounds < 100, "the disk is not small");
    };
    assert_eq!(full.code, 6, "{full:?}");
    for part in ["the disk of postgres://", "is full", "free some space"] {
        assert!(full.stderr.contains(part), "{full:?}");
    }
    std::fs::remove_file(&ballast).unwrap();
    for arguments in [&["verify"][..], &["demo", "--count", "1"], &["verify"]] {
        let ran = run(&folder, &url, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
    }
}
