//! What proofs cost: inclusion proofs, verification, bundles.

use std::sync::Arc;
use std::time::Instant;

use contextrail::assembly::Budget;
use contextrail::evidence::{Custody, Redactions, What, gather};
use contextrail::record::{Clock, Kind, SystemClock};
use contextrail::trail::{Search, Trail, TrailOptions};

use super::report::{Latencies, Table, cpu_time, float};
use super::workload::Workload;
use super::{BoxError, Place, drive};

/// Verifies a trail of `contexts` with their decisions, and packs decisions of it.
pub(crate) async fn evidence(contexts: u64) -> Result<(), BoxError> {
    let place = Place::new()?;
    let trail = Trail::open(&place.url()).await?;
    let workload = Arc::new(Workload::new(false));
    drive(&trail, &workload, (0, contexts), 512, true).await?;
    trail.close().await;
    let trail = TrailOptions::new().open_for_reading(&place.url()).await?;
    verify(&trail, "W1 with decisions").await?;
    let mut packing = Latencies::default();
    let mut largest = 0;
    let decisions = Search {
        kind: Some(Kind::Decision),
        ..Search::default()
    };
    let newest = trail.search(decisions).await?.take(50).await?;
    for decision in &newest {
        let what = What::Decision(decision.id().into());
        let custody = Custody {
            by: None,
            made_for: None,
            at: SystemClock.now(),
            why: None,
        };
        let gathered = packing
            .time(gather(
                &trail,
                what,
                Redactions::default(),
                custody,
                Vec::new(),
            ))
            .await?;
        largest = largest.max(gathered.bundle.len());
    }
    Table::new(
        "bundle of one decision",
        &["p50 ms", "p99 ms", "bytes, largest"],
    )
    .row(
        "W1",
        &[
            packing.at(50),
            packing.at(99),
            float(u64::try_from(largest)?),
        ],
    );
    trail.close().await;
    Ok(())
}

/// Verifies all of a trail.
async fn verify(trail: &Trail, name: &str) -> Result<(), BoxError> {
    let entries = trail.status().await?.size;
    let (cpu, started) = (cpu_time()?, Instant::now());
    let verified = trail.verify(0, Arc::new(|_| {})).await?;
    let (cpu, seconds) = (
        cpu_time()?.saturating_sub(cpu),
        started.elapsed().as_secs_f64(),
    );
    if !verified.ok {
        return Err(format!("{:?}", verified.verification.findings).into());
    }
    let (count, bytes) = (
        float(verified.verification.entries),
        float(verified.verification.bytes) / 1e6,
    );
    let cpu = cpu.as_secs_f64();
    Table::new(
        format!("verification of {entries} entries"),
        &["entries/s", "MB/s", "entries/CPU-s", "MB/CPU-s", "s"],
    )
    .row(
        name,
        &[
            count / seconds,
            bytes / seconds,
            count / cpu,
            bytes / cpu,
            seconds,
        ],
    );
    Ok(())
}

/// Proves entries of a log with `entries` of them, and verifies it.
pub(crate) async fn inclusion(entries: u64) -> Result<(), BoxError> {
    let place = Place::new()?;
    let trail = Trail::open(&place.url()).await?;
    let mut running = tokio::task::JoinSet::new();
    for task in 0..512 {
        let trail = trail.clone();
        running.spawn(async move {
            for _ in (task..entries).step_by(512) {
                let mut cx = trail.context("small").budget(Budget::tokens(100)).begin();
                cx.item("only", "A short context.").required();
                cx.assemble().await?;
            }
            Ok::<_, BoxError>(())
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    let head = trail.checkpoint().await?;
    let mut proving = Latencies::default();
    for i in 0..1_000_u64 {
        let index = i.wrapping_mul(7_919_777) % entries;
        proving
            .time(trail.prove_under(index, &head.checkpoint))
            .await?;
    }
    Table::new(
        format!("inclusion proof among {entries} entries"),
        &["p50 ms", "p99 ms"],
    )
    .row("any", &[proving.at(50), proving.at(99)]);
    trail.close().await;
    Ok(())
}
