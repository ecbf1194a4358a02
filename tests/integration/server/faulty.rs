//! A client and a server with a line between them that is cut where a seed says: before a request, within it, and
//! before or within its answer. What is recorded is there once and in its order.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contextrail::record::{Acknowledged, Draft, Kind, RecordId};
use contextrail::trail::{Evidence, RemoteError, Search, Stored, Trail, TrailError, TrailOptions};
use serde_json::json;

use super::Server;
use crate::sample::{context, id};
use crate::schedule::seed::{Chance, Named, seeds};

/// A line to the server, until the test ends.
struct Line {
    address: SocketAddr,
    /// How many connections still go wrong.
    faults: Arc<Mutex<u64>>,
}

impl Line {
    fn to(server: SocketAddr, mut chance: Chance) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let faults = Arc::new(Mutex::new(u64::MAX));
        let left = Arc::clone(&faults);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let is_faulty = {
                    let mut left = left.lock().unwrap();
                    let is_faulty = *left > 0 && chance.below(4) > 0;
                    *left -= u64::from(is_faulty);
                    is_faulty
                };
                let bounds = is_faulty.then(|| some_bounds(&mut chance));
                let client = client.unwrap();
                std::thread::spawn(move || pass(&client, server, bounds));
            }
        });
        Self { address, faults }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Nothing goes wrong from now on.
    fn mend(&self) {
        *self.faults.lock().unwrap() = 0;
    }
}

/// Bytes of requests and of answers that come through before the line is cut.
fn some_bounds(chance: &mut Chance) -> (u64, u64) {
    match chance.below(4) {
        0 => (0, 0),
        1 => (chance.below(2_000), u64::MAX),
        // The server has done it, and nobody is told.
        2 => (u64::MAX, 1),
        _ => (u64::MAX, chance.below(1_500)),
    }
}

fn pass(client: &TcpStream, server: SocketAddr, bounds: Option<(u64, u64)>) {
    let (up, down) = bounds.unwrap_or((u64::MAX, u64::MAX));
    let Ok(server) = TcpStream::connect(server) else {
        return;
    };
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let requests = std::thread::spawn(move || copied(&from, &to, up));
    copied(&server, client, down);
    requests.join().unwrap();
}

/// Copies so many bytes, and cuts both ends off.
fn copied(from: &TcpStream, mut to: &TcpStream, most: u64) {
    // An end that is gone is what this is about.
    drop(io::copy(&mut from.take(most), &mut to));
    drop(to.flush());
    for end in [from, to] {
        drop(end.shutdown(Shutdown::Both));
    }
}

fn options(folder: &Path) -> TrailOptions {
    TrailOptions::new()
        .server_patience(Duration::from_millis(700))
        .server_spool(folder.join("client.spool"))
}

fn draft(number: u64) -> Draft {
    let whom = json!([{"type": "person", "id": (number % 4).to_string()}]);
    let more = json!({"inputs": {"n": number}, "entities": whom});
    Draft::new(id(number), context(more))
}

async fn recorded(trail: &Trail) -> Vec<RecordId> {
    let search = Search {
        kind: Some(Kind::Context),
        ..Search::default()
    };
    let found = trail.search(search).await.unwrap().all().await;
    let mut ids: Vec<RecordId> = found.unwrap().iter().map(Stored::id).collect();
    ids.reverse();
    ids
}

#[test]
fn what_waits_comes_through_a_faulty_line_once_and_in_order() {
    for seed in seeds(4) {
        let _named = Named(format!("CONTEXTRAIL_TEST_SEED={seed}"));
        let mut chance = Chance::new(seed);
        let server = Server::open();
        let line = Line::to(server.address, chance.fork());
        let folder = tempfile::tempdir().unwrap();
        let options = || options(folder.path()).evidence(Evidence::BestEffort);
        let mut number = 0;
        server.runtime.block_on(async {
            // Clients come and go, and each sends what the one before it left.
            for _ in 0..5 {
                let trail = options().open(&line.url()).await.unwrap();
                for _ in 0..chance.below(30) {
                    number += 1;
                    let receipt = trail.record(draft(number)).await.unwrap();
                    assert_eq!(receipt.acknowledged, Acknowledged::Queued);
                    tokio::time::sleep(chance.millis(4)).await;
                }
                trail.close().await;
            }
            line.mend();
            let trail = options().open(&line.url()).await.unwrap();
            trail.close().await;
            let expected: Vec<RecordId> = (1..=number).map(id).collect();
            assert_eq!(recorded(&server.trail).await, expected);
        });
        let left = std::fs::metadata(folder.path().join("client.spool"));
        assert_eq!(left.unwrap().len(), 0);
        for end in ["refused", "damaged"] {
            let beside = folder.path().join(format!("client.spool.{end}"));
            assert!(!beside.exists(), "{end}");
        }
        server.verified();
    }
}

#[test]
fn what_is_acknowledged_through_a_faulty_line_is_there_once() {
    for seed in seeds(4) {
        let _named = Named(format!("CONTEXTRAIL_TEST_SEED={seed}"));
        let mut chance = Chance::new(seed);
        let server = Server::open();
        let line = Line::to(server.address, chance.fork());
        let folder = tempfile::tempdir().unwrap();
        server.runtime.block_on(async {
            let trail = options(folder.path()).open(&line.url()).await.unwrap();
            for number in 1..=25 {
                let mut tries = 0;
                let receipt = loop {
                    match trail.record(draft(number)).await {
                        Ok(receipt) => break receipt,
                        Err(TrailError::Remote(error)) => {
                            let is_away = matches!(*error, RemoteError::Away { .. });
                            assert!(is_away, "{error}");
                        }
                        Err(error) => panic!("nothing gives {error}"),
                    }
                    tries += 1;
                    assert!(tries < 50, "it never comes through");
                };
                let stored = server.trail.read(id(number)).await.unwrap().unwrap();
                assert_eq!(Some(stored.log_index()), receipt.log_index);
            }
            trail.close().await;
            let expected: Vec<RecordId> = (1..=25).map(id).collect();
            assert_eq!(recorded(&server.trail).await, expected);
        });
        server.verified();
    }
}
