//! Governance over many decisions and as many measured values.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contextrail::codec::read_yaml;
use contextrail::govern::{
    Asked, Direction, ImpactOptions, compare, impact, lineage, read_artifact, report,
};
use contextrail::record::{
    Actor, ActorKind, ActorMethod, ArtifactRef, Clock as _, DecisionId, Governing, Kpi, Measure,
    SystemClock,
};
use contextrail::trail::{Trail, TrailOptions};

use super::postgres::{On, SETTINGS, cluster::Cluster};
use super::report::{Latencies, Table};
use super::{BoxError, Place};

/// Fills a trail with `count` decisions, and a value measured of each, and asks what auditors ask: on a file.
pub(crate) async fn governance(count: u64) -> Result<(), BoxError> {
    let place = Place::new()?;
    measure(&TrailOptions::new(), &place.url(), (count, "SQLite")).await
}

/// The same on a server of its own.
pub(crate) async fn on_postgres(count: u64) -> Result<(), BoxError> {
    let cluster = Cluster::start(SETTINGS);
    let on = On::new(&cluster).await?;
    measure(&on.options(), &on.url, (count, "PostgreSQL")).await
}

async fn measure(
    options: &TrailOptions,
    url: &str,
    (count, on): (u64, &str),
) -> Result<(), BoxError> {
    let trail = options.clone().open(url).await?;
    let without = record_decisions(&trail, 1_000.min(count), 1).await?;
    register(&trail).await?;
    let with = record_decisions(&trail, 1_000.min(count), 1).await?;
    let one = Table::new(
        format!("recording a decision on {on}, one task"),
        &["p50 ms", "p99 ms"],
    );
    one.row("without a registry", &[without.at(50), without.at(99)]);
    one.row("with one", &[with.at(50), with.at(99)]);
    let table = Table::new(
        format!("governance on {on}, {count} decisions and values"),
        &["s"],
    );
    let started = Instant::now();
    record_decisions(&trail, count, 512).await?;
    say(&table, "filling: decisions with checks", started.elapsed());
    let started = Instant::now();
    record_values(&trail, count).await?;
    say(&table, "filling: values", started.elapsed());
    trail.close().await;
    let trail = options.clone().open_for_reading(url).await?;
    ask(&trail, &table).await?;
    trail.close().await;
    Ok(())
}

async fn ask(trail: &Trail, table: &Table) -> Result<(), BoxError> {
    let registry = trail.registry().await?;
    let now = SystemClock.now();
    let asked = Asked::default();
    let (latency, objective) = ("latency_ms_measured".parse()?, "objective:O".parse()?);
    let timed = Instant::now();
    report(trail, &latency, &[], &asked).await?;
    say(table, "kpi report", timed.elapsed());
    let timed = Instant::now();
    report(trail, &latency, &["region".parse()?], &asked).await?;
    say(table, "kpi report by a slice", timed.elapsed());
    let timed = Instant::now();
    let versions = (&"1".parse()?, &"2".parse()?);
    compare(trail, &latency, &objective, versions, (&[], &asked)).await?;
    say(table, "kpi compare", timed.elapsed());
    let timed = Instant::now();
    let model = "model:m@1";
    lineage(trail, &registry, model, (Direction::Up, 2, 50), now).await?;
    say(table, "model to data set", timed.elapsed());
    let timed = Instant::now();
    let versions = BTreeSet::from(["model:m@1".parse::<ArtifactRef>()?]);
    let places = trail.governed_places(&registry, &versions, None).await?;
    let newest = places.last().copied().unwrap_or(0);
    let decision = trail.read_places(&[newest]).await?;
    let id = decision.first().map(|it| it.id().to_string());
    let id = id.ok_or("there is no decision")?;
    let graph = lineage(trail, &registry, &id, (Direction::Up, 16, 50), now).await?;
    say(
        table,
        &format!("full upstream of a decision, {} nodes", graph.nodes.len()),
        timed.elapsed(),
    );
    let timed = Instant::now();
    let options = ImpactOptions {
        limit: 20,
        ..ImpactOptions::default()
    };
    let found = impact(trail, &registry, &"pipeline:p@1".parse()?, &options).await?;
    say(
        table,
        &format!("impact, {} decisions counted", found.count),
        timed.elapsed(),
    );
    Ok(())
}

async fn register(trail: &Trail) -> Result<(), BoxError> {
    for yaml in [
        "kind: dataset\nname: d\nversion: '1'\ncontent: {rows: 1}\n",
        "kind: pipeline\nname: p\nversion: '1'\ncontent: {c: 1}\nlinks: [{rel: uses, to: 'dataset:d@1'}]\n",
        "kind: feature_set\nname: f\nversion: '1'\ncontent: {c: 1}\nlinks: [{rel: derived_from, to: 'pipeline:p@1'}]\n",
        "kind: model\nname: m\nversion: '1'\ncontent: {w: 1}\nlinks: [{rel: trained_on, to: 'dataset:d@1'}, {rel: uses, to: 'feature_set:f@1'}]\n",
        "kind: objective\nname: O\nversion: '1'\ncontent: {objective_version: '1', description: d, optimization_goal: g, parameters: {approve_at: 0.6}}\n",
        "kind: objective\nname: O\nversion: '2'\ncontent: {objective_version: '2', description: d, optimization_goal: g, parameters: {approve_at: 0.5}}\n",
        "kind: use_case\nname: u\nversion: '1'\ncontent: {purpose: p, tier: low}\n",
    ] {
        let artifact =
            read_artifact(&read_yaml(yaml.as_bytes())?, None, &person("anna")?)?.artifact;
        let id = artifact.id();
        trail.register(artifact, None).await?;
        let by = Some(person("ben")?);
        trail
            .approve_artifact(&id, "approver".parse()?, None, by)
            .await?;
    }
    Ok(())
}

fn person(name: &str) -> Result<Actor, BoxError> {
    Ok(Actor {
        id: name.parse()?,
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    })
}

async fn record_decisions(trail: &Trail, count: u64, tasks: u64) -> Result<Latencies, BoxError> {
    let trail = trail.clone();
    in_parallel(count, tasks, move |i| {
        let trail = trail.clone();
        async move {
            let decision = trail
                .decide("loan", i)
                .entity("customer", format!("cust-{}", i % 1_000))
                .outcome(if i.is_multiple_of(3) {
                    "denied"
                } else {
                    "approved"
                })
                .output("score", 0.55)
                .use_case("u@1")
                .governed_by("model", "m@1")
                .governed_by("objective", version(i));
            decision.commit().await?;
            Ok(())
        }
    })
    .await
}

async fn record_values(trail: &Trail, count: u64) -> Result<Latencies, BoxError> {
    let decisions = trail.decisions_on(&"loan:1".parse()?).await?;
    let decision: Option<DecisionId> = decisions.first().map(|it| it.decision.id().into());
    let trail = trail.clone();
    in_parallel(count, 512, move |i| {
        let trail = trail.clone();
        async move {
            #[expect(clippy::cast_precision_loss, reason = "a remainder")]
            let value = (i * 37 % 1_000) as f64;
            let kpi = Kpi {
                name: None,
                metric: "latency_ms_measured".parse()?,
                value: Measure::Number(value),
                slices: [(
                    "region".to_owned(),
                    REGIONS[usize::try_from(i % 3)?].to_owned(),
                )]
                .into(),
                versions: [("objective".to_owned(), Governing::One(version(i).parse()?))].into(),
                at: SystemClock.now(),
                window: None,
                count: None,
                // One in ten is of a decision, and its slices are about somebody.
                decision: decision.filter(|_| i.is_multiple_of(10)),
            };
            trail.log_kpi(kpi, None).await?;
            Ok(())
        }
    })
    .await
}

const fn version(i: u64) -> &'static str {
    if i.is_multiple_of(2) { "O@1" } else { "O@2" }
}

async fn in_parallel<F, D>(count: u64, tasks: u64, one: F) -> Result<Latencies, BoxError>
where
    F: Fn(u64) -> D + Clone + Send + 'static,
    D: Future<Output = Result<(), BoxError>> + Send,
{
    let next = Arc::new(AtomicU64::new(0));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let (next, one) = (Arc::clone(&next), one.clone());
        running.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= count {
                    return Ok::<_, BoxError>(latencies);
                }
                latencies.time(one(i)).await?;
            }
        });
    }
    let mut all = Latencies::default();
    while let Some(done) = running.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}

fn say(table: &Table, what: &str, took: Duration) {
    table.row(what, &[took.as_secs_f64()]);
}

const REGIONS: [&str; 3] = ["EU", "US", "APAC"];
