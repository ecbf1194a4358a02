//! W1 over HTTP: `contextrail serve` on this machine, and 64 connections to it, each of which posts a
//! request with all its texts and then the decision.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contextrail::trail::TrailOptions;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::postgres::{On, SETTINGS, cluster::Cluster};
use super::report::{Latencies, Table, float};
use super::workload::Workload;
use super::{BoxError, Place, drive};

/// Measures a server on a file and one on PostgreSQL, and look-ups among many contexts.
pub(crate) async fn server(scale: u64) -> Result<(), BoxError> {
    // The client wants one to be named, though nothing here is encrypted.
    drop(rustls::crypto::ring::default_provider().install_default());
    let table = Table::new(
        format!("server, {CONNECTIONS} connections, each context with a decision"),
        &[
            "contexts",
            "contexts/s",
            "p50 ms",
            "p99 ms",
            "half of it, contexts/s",
            "p99 ms at half",
            "MiB idle",
            "MiB at most",
        ],
    );
    let place = Place::new()?;
    measure(
        &table,
        "SQLite",
        &Served::start(&place.url(), place.folder())?,
        scale,
    )
    .await?;
    let cluster = Cluster::start(SETTINGS);
    let on = On::new(&cluster).await?;
    measure(
        &table,
        "PostgreSQL",
        &Served::start(&on.url, on.state.path())?,
        scale,
    )
    .await?;

    let contexts = 200_000 / scale;
    let table = Table::new(
        format!("history over HTTP among {contexts} contexts, 10 oldest of an entity"),
        &["p50 ms", "p99 ms"],
    );
    let place = Place::new()?;
    fill(&TrailOptions::new(), &place.url(), contexts).await?;
    let served = Served::start(&place.url(), place.folder())?;
    table.row("SQLite", &history(&served).await?);
    let on = On::new(&cluster).await?;
    fill(&on.options(), &on.url, contexts).await?;
    let served = Served::start(&on.url, on.state.path())?;
    table.row("PostgreSQL", &history(&served).await?);
    Ok(())
}

async fn fill(options: &TrailOptions, url: &str, contexts: u64) -> Result<(), BoxError> {
    let trail = options.clone().open(url).await?;
    drive(
        &trail,
        &Arc::new(Workload::new(false)),
        (0, contexts),
        512,
        false,
    )
    .await?;
    trail.close().await;
    Ok(())
}

async fn measure(table: &Table, name: &str, served: &Served, scale: u64) -> Result<(), BoxError> {
    let idle = served.memory("VmRSS")?;
    let posting = Posting {
        client: Client::new(),
        url: served.url.clone(),
        workload: Workload::new(false),
    };
    let posting = Arc::new(posting);
    posting.as_many_as_go((0, 1_000)).await?;
    let contexts = 20_000 / scale;
    let started = Instant::now();
    let full = posting.as_many_as_go((1_000, contexts)).await?;
    let rate = float(contexts) / started.elapsed().as_secs_f64();
    // Twenty seconds of half as many, each at its time whether those before are answered or not.
    let half = rate / 2.0;
    let pause = Duration::from_secs_f64(1.0 / half);
    let paced = posting.paced((100_000, contexts / 2), pause).await?;
    let (idle, most) = (float(idle), float(served.memory("VmHWM")?));
    let (middle, late, paced) = (full.at(50), full.at(99), paced.at(99));
    table.row(
        name,
        &[float(contexts), rate, middle, late, half, paced, idle, most],
    );
    Ok(())
}

/// p50 and p99 of the first page of what is known of an entity.
async fn history(served: &Served) -> Result<[f64; 2], BoxError> {
    let client = Client::new();
    let mut latencies = Latencies::default();
    for i in 0..200_u64 {
        let url = format!(
            "{}/v1/entities/customer/cust-{}/history?limit=10",
            served.url,
            i * 7 % 1_000
        );
        let call = ask(client.get(url));
        let page = latencies.time(call).await?;
        if page["items"].as_array().is_none_or(Vec::is_empty) {
            return Err(format!("nothing is found: {page}").into());
        }
    }
    Ok([latencies.at(50), latencies.at(99)])
}

/// Requests of W1 to one server.
struct Posting {
    client: Client,
    url: String,
    workload: Workload,
}

impl Posting {
    /// Context `i` and its decision; the time is that until the context is durable.
    async fn post(&self, i: u64) -> Result<Duration, BoxError> {
        let body = serde_json::to_vec(&self.workload.request(i))?;
        let started = Instant::now();
        let context = self.send("/v1/contexts:assemble", body).await?;
        let durable = started.elapsed();
        let decision = json!({
            "subject": {"type": "loan_application", "id": i.to_string()},
            "contexts": [context["id"]],
            "outcome": "approved",
            "reasons": [{"code": "R01", "text": "score above threshold"}],
            "decided_by": {"kind": "system", "id": "loan-api"},
        });
        self.send("/v1/decisions", serde_json::to_vec(&decision)?)
            .await?;
        Ok(durable)
    }

    async fn send(&self, path: &str, body: Vec<u8>) -> Result<Value, BoxError> {
        let request = self
            .client
            .request(Method::POST, format!("{}{path}", self.url))
            .header("content-type", "application/json");
        ask(request.body(body)).await
    }

    /// So many contexts from `first` on, a connection after the other as each is answered.
    async fn as_many_as_go(
        self: &Arc<Self>,
        (first, count): (u64, u64),
    ) -> Result<Latencies, BoxError> {
        let next = Arc::new(AtomicU64::new(first));
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (posting, next) = (Arc::clone(self), Arc::clone(&next));
            running.spawn(async move {
                let mut took = Vec::new();
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= first + count {
                        return Ok::<_, BoxError>(took);
                    }
                    took.push(posting.post(i).await?);
                }
            });
        }
        let mut all = Vec::new();
        while let Some(done) = running.join_next().await {
            all.extend(done??);
        }
        Ok(all.into())
    }

    /// One context each `pause`; what waits for its turn counts from when it was due.
    async fn paced(
        self: &Arc<Self>,
        (first, count): (u64, u64),
        pause: Duration,
    ) -> Result<Latencies, BoxError> {
        let mut running = tokio::task::JoinSet::new();
        let mut ticks = tokio::time::interval(pause);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        for i in first..first + count {
            let due = ticks.tick().await;
            let posting = Arc::clone(self);
            running.spawn(async move {
                let late = due.elapsed();
                Ok::<_, BoxError>(late + posting.post(i).await?)
            });
        }
        let mut all = Vec::new();
        while let Some(done) = running.join_next().await {
            all.push(done??);
        }
        Ok(all.into())
    }
}

async fn ask(request: reqwest::RequestBuilder) -> Result<Value, BoxError> {
    let answer = request.send().await?;
    let status = answer.status();
    let body = answer.bytes().await?;
    if !status.is_success() {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(serde_json::from_slice(&body)?)
}

/// `contextrail serve`, ended when this is dropped.
struct Served {
    process: Child,
    url: String,
}

impl Served {
    fn start(trail: &str, state: &Path) -> Result<Self, BoxError> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contextrail"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--trail", trail])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if trail.starts_with("postgres") {
            command.env("CONTEXTRAIL_STATE", state);
        }
        let mut process = command.spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .ok_or(line.clone())?;
        Ok(Self {
            process,
            url: address.to_owned(),
        })
    }

    /// A line of `/proc/PID/status`, in MiB.
    fn memory(&self, line: &str) -> Result<u64, BoxError> {
        let path = PathBuf::from(format!("/proc/{}/status", self.process.id()));
        let status = std::fs::read_to_string(path)?;
        let found = status.lines().find_map(|it| it.strip_prefix(line));
        let kib = found
            .ok_or("no such line")?
            .trim_matches([':', ' ', '\t', 'k', 'B']);
        Ok(kib.parse::<u64>()? / 1_024)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

const CONNECTIONS: u64 = 64;
