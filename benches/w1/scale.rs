//! How speed, size and look-ups grow with a trail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use contextrail::assembly::Budget;
use contextrail::trail::{Trail, TrailOptions};

use super::looking::look_up;
use super::postgres::{On, SETTINGS, cluster::Cluster};
use super::report::{Latencies, Table, cpu_time, float, memory};
use super::workload::Workload;
use super::{BoxError, Place, drive};

/// Fills a file with contexts of W1 and a decision for each, up to `most`, and measures at each power
/// of ten from 10,000 on; then verifies it, makes its projections anew and copies it.
pub(crate) async fn scale(most: u64) -> Result<(), BoxError> {
    let place = Place::new()?;
    let workload = Arc::new(Workload::new(false));
    let growing = Table::new(
        "W1 with decisions on SQLite, 64 tasks, the last contexts of so many",
        &COLUMNS,
    );
    let mut made = 0;
    let mut target = 10_000.min(most);
    loop {
        let trail = Trail::open(&place.url()).await?;
        // What was filled in is counted with, and the last of them are measured.
        let measured = MEASURED.min(target / 5);
        let filling = (target - made).saturating_sub(measured);
        drive(&trail, &workload, (made, filling), 512, true).await?;
        let first = made + filling;
        let (bytes, cpu, started) = (
            place.settled_bytes(&trail).await?,
            cpu_time()?,
            Instant::now(),
        );
        let latencies = drive(&trail, &workload, (first, target - first), 64, true).await?;
        let (seconds, cpu) = (
            started.elapsed().as_secs_f64(),
            cpu_time()?.saturating_sub(cpu),
        );
        let grown = place.settled_bytes(&trail).await?.saturating_sub(bytes);
        growing.row(
            &target.to_string(),
            &row(
                (target - first, seconds),
                &latencies,
                cpu.as_secs_f64(),
                grown,
            )?,
        );
        trail.close().await;
        made = target;
        let reading = TrailOptions::new().open_for_reading(&place.url()).await?;
        look_up(&reading, target, " and as many decisions on SQLite").await?;
        reading.close().await;
        if made == most {
            break;
        }
        target = (target * 10).min(most);
    }
    whole(&place).await
}

/// What is done with all of a trail.
async fn whole(place: &Place) -> Result<(), BoxError> {
    let trail = Trail::open(&place.url()).await?;
    let entries = trail.status().await?.size;
    let bytes = place.settled_bytes(&trail).await?;
    println!("\n{entries} entries, {bytes} bytes");
    let table = Table::new(
        format!("all of {entries} entries"),
        &["s", "entries/s", "MiB"],
    );
    let started = Instant::now();
    let verified = trail.verify(0, Arc::new(|_| {})).await?;
    if !verified.ok {
        return Err(format!("{:?}", verified.verification.findings).into());
    }
    table.row("verify", &of(entries, started)?);
    let started = Instant::now();
    trail
        .backup(&place.folder().join("copy.backup"), Arc::new(|_| {}))
        .await?;
    table.row("backup", &of(entries, started)?);
    let started = Instant::now();
    trail.rebuild().await?;
    table.row("rebuild", &of(entries, started)?);
    trail.close().await;
    Ok(())
}

/// Fills a server with small contexts, up to `most`, and measures at each power of ten from 10,000 on.
pub(crate) async fn on_postgres(most: u64) -> Result<(), BoxError> {
    let cluster = Cluster::start(SETTINGS);
    let on = On::new(&cluster).await?;
    let growing = Table::new(
        "small contexts on PostgreSQL, 512 tasks, the last of so many",
        &COLUMNS,
    );
    let table = Table::new(
        "inclusion proof among so many on PostgreSQL",
        &["p50 ms", "p99 ms"],
    );
    let trail = on.options().open(&on.url).await?;
    let mut made = 0;
    let mut target = 10_000.min(most);
    loop {
        let filling = (target - made).saturating_sub(MEASURED.min(target / 5));
        small(&trail, (made, filling)).await?;
        let first = made + filling;
        let bytes = trail.status().await?.bytes;
        let (cpu, started) = (cpu_time()?, Instant::now());
        let latencies = small(&trail, (first, target - first)).await?;
        let (seconds, cpu) = (
            started.elapsed().as_secs_f64(),
            cpu_time()?.saturating_sub(cpu),
        );
        let grown = trail.status().await?.bytes.saturating_sub(bytes);
        growing.row(
            &target.to_string(),
            &row(
                (target - first, seconds),
                &latencies,
                cpu.as_secs_f64(),
                grown,
            )?,
        );
        made = target;
        let head = trail.checkpoint().await?;
        let mut proving = Latencies::default();
        for i in 0..1_000_u64 {
            let index = i.wrapping_mul(7_919_777) % made;
            proving
                .time(trail.prove_under(index, &head.checkpoint))
                .await?;
        }
        table.row(&target.to_string(), &[proving.at(50), proving.at(99)]);
        if made == most {
            break;
        }
        target = (target * 10).min(most);
    }
    trail.close().await;
    Ok(())
}

/// Records contexts of one item.
async fn small(trail: &Trail, (first, count): (u64, u64)) -> Result<Latencies, BoxError> {
    let next = Arc::new(AtomicU64::new(first));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..512 {
        let (trail, next) = (trail.clone(), Arc::clone(&next));
        running.spawn(async move {
            let mut latencies = Latencies::default();
            while next.fetch_add(1, Ordering::Relaxed) < first + count {
                let mut cx = trail.context("small").budget(Budget::tokens(100)).begin();
                cx.item("only", "A short context.").required();
                latencies.time(cx.assemble()).await?;
            }
            Ok::<_, BoxError>(latencies)
        });
    }
    let mut all = Latencies::default();
    while let Some(done) = running.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}

fn row(
    (count, seconds): (u64, f64),
    latencies: &Latencies,
    cpu: f64,
    bytes: u64,
) -> Result<[f64; 6], BoxError> {
    let count = float(count);
    Ok([
        count / seconds,
        latencies.at(50),
        latencies.at(99),
        cpu * 1e3 / count,
        float(bytes) / count,
        memory()?,
    ])
}

fn of(entries: u64, started: Instant) -> Result<[f64; 3], BoxError> {
    let seconds = started.elapsed().as_secs_f64();
    Ok([seconds, float(entries) / seconds, memory()?])
}

const COLUMNS: [&str; 6] = [
    "contexts/s",
    "p50 ms",
    "p99 ms",
    "CPU ms/context",
    "bytes/context",
    "MiB",
];
/// How many contexts are measured at each size.
const MEASURED: u64 = 20_000;
