//! `cargo bench`: W1 on this machine, as a table.
//!
//! `cargo bench -- --quick` takes a tenth of the records; `--only NAME` runs one part.
//! `--only soak` goes on for minutes or hours, with kills: it is run only when it is asked for.
//! `--only governance`, `governance-postgres`, `scale` and `scale-postgres` take millions of records, or as many as `--records N` says.
//!
//! The figures are written to a file (`--json FILE`, else one in the target folder), and printed beside
//! those that were in it, or in the one that `--against FILE` names.

#![expect(
    clippy::print_stdout,
    reason = "the table is what a benchmark is run for"
)]

mod draft;
mod erasing;
mod governance;
mod looking;
mod postgres;
mod proof;
mod report;
mod retention;
mod scale;
mod sealing;
mod server;
mod soak;
mod workload;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use contextrail::trail::Trail;

use report::{Latencies, Table, cpu_time, float};
use workload::Workload;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// As the `contextrail` command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WARM_UP: u64 = 1_000;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().collect();
    let quick = arguments.iter().any(|it| it == "--quick");
    let value = |name: &str| value(&arguments, name);
    if let Some(child) = postgres::Child::of(&arguments) {
        return child.run();
    }
    if let Some(child) = soak::child::Child::of(&arguments) {
        return child.run();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if value("--only") == Some("soak") {
        return runtime.block_on(soak::Soak::of(&arguments)?.run());
    }
    let plan = Plan {
        scale: if quick { 10 } else { 1 },
        records: value("--records").map(str::parse).transpose()?,
        only: value("--only").map(str::to_owned),
    };
    runtime.block_on(plan.run())?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = value("--json").map_or_else(|| target.join("w1.json"), PathBuf::from);
    report::keep(&file, value("--against").map(Path::new))
}

/// What stands behind `name`.
fn value<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let place = arguments.iter().position(|it| it == name)?;
    arguments.get(place + 1).map(String::as_str)
}

/// One line of the table.
struct Case {
    part: &'static str,
    form: Form,
    tasks: u64,
    contexts: u64,
    decision: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    /// The steady state.
    Warm,
    /// Every document is used for the first time.
    Cold,
    /// No text repeats.
    Unique,
}

impl Case {
    fn name(&self) -> String {
        let with = if self.decision { ", with decision" } else { "" };
        let tasks = if self.tasks == 1 { "task" } else { "tasks" };
        format!("{:?}{with}, {} {tasks}", self.form, self.tasks)
    }
}

const CASES: [Case; 6] = [
    case("warm", Form::Warm, 1, 10_000),
    case("warm", Form::Warm, 64, 40_000),
    case("warm", Form::Warm, 512, 60_000),
    Case {
        decision: true,
        ..case("decision", Form::Warm, 64, 20_000)
    },
    case("cold", Form::Cold, 1, 200),
    case("unique", Form::Unique, 64, 4_000),
];

const fn case(part: &'static str, form: Form, tasks: u64, contexts: u64) -> Case {
    Case {
        part,
        form,
        tasks,
        contexts,
        decision: false,
    }
}

struct Plan {
    scale: u64,
    only: Option<String>,
    /// How many records governance and growth are measured on.
    records: Option<u64>,
}

impl Plan {
    fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }

    async fn run(&self) -> Result<(), BoxError> {
        let cases: Vec<Case> = CASES.into_iter().filter(|it| self.wants(it.part)).collect();
        if !cases.is_empty() {
            let table = Table::new(
                "W1 on SQLite",
                &[
                    "contexts",
                    "contexts/s",
                    "p50 ms",
                    "p99 ms",
                    "CPU ms/context",
                    "bytes/context",
                ],
            );
            for case in cases {
                self.measure(&table, &case).await?;
            }
        }
        if self.wants("queries") {
            self.queries(200_000 / self.scale).await?;
        }
        if self.wants("sealing") {
            sealing::sealing(1_000 / u32::try_from(self.scale)?).await?;
        }
        if self.wants("evidence") {
            proof::evidence(20_000 / self.scale).await?;
        }
        if self.wants("erasing") {
            erasing::erasing(1_000 / self.scale).await?;
        }
        if self.wants("retention") {
            // Two parts of the log are enough to see that it works.
            let contexts = if self.scale == 1 { 100_000 } else { 2_000 };
            retention::retention(contexts).await?;
        }
        // A million of each takes minutes to record: only when it is asked for.
        if self.only.as_deref() == Some("governance") {
            let records = self.records.unwrap_or(1_000_000 / self.scale);
            governance::governance(records).await?;
        }
        if self.only.as_deref() == Some("governance-postgres") {
            let records = self.records.unwrap_or(1_000_000 / self.scale);
            governance::on_postgres(records).await?;
        }
        // As long, and gigabytes on disk.
        if self.only.as_deref() == Some("scale") {
            scale::scale(self.records.unwrap_or(1_000_000 / self.scale)).await?;
        }
        if self.only.as_deref() == Some("scale-postgres") {
            scale::on_postgres(self.records.unwrap_or(5_000_000 / self.scale)).await?;
        }
        if self.wants("postgres") {
            postgres::postgres(self.scale).await?;
        }
        if self.wants("server") {
            server::server(self.scale).await?;
        }
        if self.wants("proofs") {
            proof::inclusion(1_000_000 / self.scale).await?;
        }
        Ok(())
    }

    async fn measure(&self, table: &Table, case: &Case) -> Result<(), BoxError> {
        let contexts = (case.contexts / self.scale).max(case.tasks);
        let place = Place::new()?;
        let trail = Trail::open(&place.url()).await?;
        let workload = Arc::new(Workload::new(case.form == Form::Unique));
        if case.form == Form::Warm {
            // Every customer and document once, so that counts and texts are known.
            drive(&trail, &workload, (0, WARM_UP), 64, false).await?;
        } else {
            contextrail::assembly::tokenizer("cl100k_base")?.count("load the vocabulary")?;
        }
        let bytes_before = place.settled_bytes(&trail).await?;
        let cpu = cpu_time()?;
        let started = Instant::now();
        let range = (WARM_UP, contexts);
        let latencies = drive(&trail, &workload, range, case.tasks, case.decision).await?;
        let (elapsed, cpu) = (started.elapsed(), cpu_time()?.saturating_sub(cpu));
        let bytes = place.settled_bytes(&trail).await?;
        let bytes = bytes.saturating_sub(bytes_before);
        let count = float(contexts);
        table.row(
            &case.name(),
            &[
                count,
                count / elapsed.as_secs_f64(),
                latencies.at(50),
                latencies.at(99),
                cpu.as_secs_f64() * 1e3 / count,
                float(bytes) / count,
            ],
        );
        trail.close().await;
        Ok(())
    }

    /// Fills a trail and looks things up in it.
    async fn queries(&self, contexts: u64) -> Result<(), BoxError> {
        let place = Place::new()?;
        let trail = Trail::open(&place.url()).await?;
        let workload = Arc::new(Workload::new(false));
        drive(&trail, &workload, (0, contexts), 512, false).await?;
        trail.close().await;
        let trail = contextrail::trail::TrailOptions::new()
            .open_for_reading(&place.url())
            .await?;
        looking::look_up(&trail, contexts, " on SQLite").await?;
        trail.close().await;
        Ok(())
    }
}

async fn drive(
    trail: &Trail,
    workload: &Arc<Workload>,
    (first, count): (u64, u64),
    tasks: u64,
    decision: bool,
) -> Result<Latencies, BoxError> {
    let next = Arc::new(AtomicU64::new(first));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let (trail, workload, next) = (trail.clone(), Arc::clone(workload), Arc::clone(&next));
        running.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= first + count {
                    return Ok::<_, BoxError>(latencies);
                }
                latencies.time(workload.record(&trail, i, decision)).await?;
            }
        });
    }
    let mut all = Latencies::default();
    while let Some(done) = running.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}

/// A folder of its own on the disk the benchmark runs from, for the file of one trail.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Result<Self, BoxError> {
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        Ok(Self(tempfile::TempDir::new_in(target)?))
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.0.path().join("w1.db").display())
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Bytes of the database file once the write-ahead log is in it.
    async fn settled_bytes(&self, trail: &Trail) -> Result<u64, BoxError> {
        trail.settle().await?;
        Ok(std::fs::metadata(self.0.path().join("w1.db"))?.len())
    }
}
