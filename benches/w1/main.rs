//! `cargo bench`: W1 on this machine, as a table.
//!
//! `cargo bench -- --quick` takes a tenth of the records; `--only NAME` runs one part.
//! `--only soak` goes on for minutes or hours, with kills: it is run only when it is asked for.
//! `--only governance` takes a million decisions and values, or as many as `--records N` says.

#![expect(
    clippy::print_stdout,
    reason = "the table is what a benchmark is run for"
)]

mod erasing;
mod governance;
mod postgres;
mod proof;
mod report;
mod retention;
mod sealing;
mod server;
mod soak;
mod workload;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contextrail::record::{EntityRef, UsedRef};
use contextrail::trail::{ContextFilter, Trail};

use report::{Latencies, cpu_time};
use workload::Workload;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const WARM_UP: u64 = 1_000;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().collect();
    let quick = arguments.iter().any(|it| it == "--quick");
    let only = value(&arguments, "--only");
    if let Some(child) = postgres::Child::of(&arguments) {
        return child.run();
    }
    if let Some(child) = soak::child::Child::of(&arguments) {
        return child.run();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if only == Some("soak") {
        return runtime.block_on(soak::Soak::of(&arguments)?.run());
    }
    let records = value(&arguments, "--records").map(str::parse).transpose()?;
    let plan = Plan {
        scale: if quick { 10 } else { 1 },
        records,
        only: only.map(str::to_owned),
    };
    runtime.block_on(plan.run())
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
    /// How many decisions and values governance is measured on.
    records: Option<u64>,
}

impl Plan {
    fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }

    async fn run(&self) -> Result<(), BoxError> {
        report::header();
        for case in CASES {
            if self.wants(case.part) {
                self.measure(&case).await?;
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

    async fn measure(&self, case: &Case) -> Result<(), BoxError> {
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
        report::row(
            case,
            &report::Run {
                contexts,
                elapsed: started.elapsed(),
                cpu: cpu_time()?.saturating_sub(cpu),
                bytes: place
                    .settled_bytes(&trail)
                    .await?
                    .saturating_sub(bytes_before),
                latencies,
            },
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
        look_up(&trail, contexts).await?;
        trail.close().await;
        Ok(())
    }
}

/// Looks things up in a trail of so many contexts.
async fn look_up(trail: &Trail, contexts: u64) -> Result<(), BoxError> {
    let newest = trail
        .contexts(ContextFilter::default())
        .await?
        .take(64)
        .await?;
    println!("\n| look-up among {contexts} contexts | p50 ms | p99 ms |\n|---|---|---|");
    let mut entity = Latencies::default();
    let mut page = Latencies::default();
    let mut used = Latencies::default();
    let mut id = Latencies::default();
    for i in 0..200_u64 {
        let who: EntityRef = format!("customer:cust-{}", i * 7 % 1_000).parse()?;
        let filter = ContextFilter {
            entity: Some(who),
            ..ContextFilter::default()
        };
        entity
            .time(async { trail.contexts(filter).await?.take(10).await })
            .await?;
        let since = newest[0]
            .record()
            .at()
            .saturating_sub(Duration::from_secs(3_600));
        let filter = ContextFilter {
            since: Some(since),
            ..ContextFilter::default()
        };
        page.time(async { trail.contexts(filter).await?.take(50).await })
            .await?;
        let what: UsedRef =
            format!("document:r1-d{}#r1-c{}", i * 3 % 1_000, i * 3 % 1_000).parse()?;
        used.time(trail.used(&what, None, 10)).await?;
        let one = newest[usize::try_from(i % 64)?].id();
        id.time(trail.read(one)).await?;
    }
    for (name, latencies) in [
        ("entity, 10 newest", entity),
        ("time page, 50 of the last hour", page),
        ("used: a document chunk, 10 newest, with decisions", used),
        ("id", id),
    ] {
        println!(
            "| {name} | {:.2} | {:.2} |",
            latencies.at(50),
            latencies.at(99)
        );
    }
    Ok(())
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
