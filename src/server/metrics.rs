//! Metrics in the text format of Prometheus. Labels are routes and statuses, which are few.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::trail::{COMMIT_BOUNDS_US, GROUP_BOUNDS, Load};

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(String, u16), u64>>,
    latency: Mutex<BTreeMap<String, Histogram>>,
    pub(super) connections: AtomicI64,
    pub(super) in_flight: AtomicI64,
    /// Records that were acknowledged.
    pub(super) recorded: AtomicU64,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    sum_us: u64,
    count: u64,
}

/// What is asked for when the metrics are.
pub(super) struct Standing {
    pub(super) entries: u64,
    pub(super) frozen: bool,
    /// How old the newest signed head is, its size, and the highest level it has reached.
    pub(super) head: Option<(i64, u64, &'static str)>,
    pub(super) tokens_open: bool,
    pub(super) load: Option<Load>,
    pub(super) spooled_bytes: u64,
    /// What has reached each level: entries, and the age of the head in seconds.
    pub(super) reached: Vec<(&'static str, u64, i64)>,
}

impl Metrics {
    pub(super) fn count(&self, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route.to_owned(), status)).or_default() += 1;
        drop(requests);
        let mut latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        let histogram = latency.entry(route.to_owned()).or_default();
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        for (bucket, (bound_us, _)) in histogram.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(us <= bound_us);
        }
        histogram.sum_us = histogram.sum_us.saturating_add(us);
        histogram.count += 1;
    }

    /// All of it as text.
    pub(super) fn text(&self, standing: Option<&Standing>) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        self.write(&mut text, standing).ok();
        text
    }

    fn write(&self, out: &mut String, standing: Option<&Standing>) -> std::fmt::Result {
        head(
            out,
            "http_requests_total",
            "counter",
            "Requests, by route and status.",
        )?;
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, status), count) in &*requests {
            writeln!(
                out,
                "contextrail_http_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}"
            )?;
        }
        drop(requests);
        let name = "http_request_duration_seconds";
        head(out, name, "histogram", "How long requests took, by route.")?;
        let latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        for (route, histogram) in &*latency {
            for (count, (_, bound)) in histogram.buckets.iter().zip(BOUNDS) {
                writeln!(
                    out,
                    "contextrail_{name}_bucket{{route=\"{route}\",le=\"{bound}\"}} {count}"
                )?;
            }
            let Histogram { count, sum_us, .. } = histogram;
            let seconds = Duration::from_micros(*sum_us).as_secs_f64();
            writeln!(
                out,
                "contextrail_{name}_bucket{{route=\"{route}\",le=\"+Inf\"}} {count}"
            )?;
            writeln!(out, "contextrail_{name}_sum{{route=\"{route}\"}} {seconds}")?;
            writeln!(out, "contextrail_{name}_count{{route=\"{route}\"}} {count}")?;
        }
        drop(latency);
        let mut one = |name: &str, kind: &str, help: &str, value: &dyn std::fmt::Display| {
            head(out, name, kind, help)?;
            writeln!(out, "contextrail_{name} {value}")
        };
        let connections = self.connections.load(Ordering::Relaxed);
        one(
            "http_connections",
            "gauge",
            "Open connections.",
            &connections,
        )?;
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        one(
            "http_requests_in_flight",
            "gauge",
            "Requests that are being answered.",
            &in_flight,
        )?;
        let recorded = self.recorded.load(Ordering::Relaxed);
        one(
            "records_acknowledged_total",
            "counter",
            "Records that were acknowledged as durable.",
            &recorded,
        )?;
        let Some(standing) = standing else {
            return one("up", "gauge", "Whether the trail can be read.", &0);
        };
        one("up", "gauge", "Whether the trail can be read.", &1)?;
        one(
            "log_entries",
            "gauge",
            "Entries of the log.",
            &standing.entries,
        )?;
        let frozen = u8::from(standing.frozen);
        one("log_frozen", "gauge", "Whether the log is frozen.", &frozen)?;
        let open = u8::from(standing.tokens_open);
        one(
            "access_open",
            "gauge",
            "Whether there is no token, and this machine may do everything.",
            &open,
        )?;
        one(
            "spool_bytes",
            "gauge",
            "Bytes of records that wait on disk.",
            &standing.spooled_bytes,
        )?;
        if let Some(load) = &standing.load {
            appending(out, load)?;
        }
        for (name, help) in [
            (
                "attested_entries",
                "Entries that the newest head of a level covers.",
            ),
            (
                "attested_age_seconds",
                "How old the newest head of a level is.",
            ),
        ] {
            head(out, name, "gauge", help)?;
            for (level, entries, age) in &standing.reached {
                let value = if name == "attested_entries" {
                    i64::try_from(*entries).unwrap_or(i64::MAX)
                } else {
                    *age
                };
                writeln!(out, "contextrail_{name}{{level=\"{level}\"}} {value}")?;
            }
        }
        let mut one = |name: &str, kind: &str, help: &str, value: &dyn std::fmt::Display| {
            head(out, name, kind, help)?;
            writeln!(out, "contextrail_{name} {value}")
        };
        if let Some((age, size, level)) = standing.head {
            one(
                "checkpoint_age_seconds",
                "gauge",
                "How old the newest signed head is.",
                &age,
            )?;
            one(
                "checkpoint_entries",
                "gauge",
                "Entries that the newest signed head covers.",
                &size,
            )?;
            head(
                out,
                "checkpoint_level",
                "gauge",
                "How far the newest signed head is attested.",
            )?;
            for known in ["checkpointed", "witnessed", "timestamped"] {
                let is = u8::from(known == level);
                writeln!(
                    out,
                    "contextrail_checkpoint_level{{level=\"{known}\"}} {is}"
                )?;
            }
        }
        Ok(())
    }
}

/// The queue to the log, and its commits.
fn appending(out: &mut String, load: &Load) -> std::fmt::Result {
    let mut one = |name: &str, kind: &str, help: &str, value: u64| {
        head(out, name, kind, help)?;
        writeln!(out, "contextrail_{name} {value}")
    };
    let (limit, taken) = load.queue_bytes;
    one(
        "queue_records",
        "gauge",
        "Records that wait to be committed.",
        load.queued,
    )?;
    one(
        "queue_bytes",
        "gauge",
        "Bytes of records that wait to be committed.",
        taken,
    )?;
    one("queue_limit_bytes", "gauge", "Bytes that may wait.", limit)?;
    one(
        "append_failures_total",
        "counter",
        "Records that were not stored.",
        load.failed,
    )?;
    let name = "commit_duration_seconds";
    head(out, name, "histogram", "How long commits took.")?;
    for (count, bound) in load.commits.iter().zip(COMMIT_BOUNDS_US) {
        let bound = Duration::from_micros(bound).as_secs_f64();
        writeln!(out, "contextrail_{name}_bucket{{le=\"{bound}\"}} {count}")?;
    }
    let count = load.commit_count;
    let seconds = Duration::from_micros(load.commit_us).as_secs_f64();
    writeln!(out, "contextrail_{name}_bucket{{le=\"+Inf\"}} {count}")?;
    writeln!(
        out,
        "contextrail_{name}_sum {seconds}\ncontextrail_{name}_count {count}"
    )?;
    let name = "commit_records";
    head(out, name, "histogram", "Records in one commit.")?;
    for (count, bound) in load.groups.iter().zip(GROUP_BOUNDS) {
        writeln!(out, "contextrail_{name}_bucket{{le=\"{bound}\"}} {count}")?;
    }
    writeln!(out, "contextrail_{name}_bucket{{le=\"+Inf\"}} {count}")?;
    writeln!(
        out,
        "contextrail_{name}_sum {}\ncontextrail_{name}_count {count}",
        load.grouped
    )
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP contextrail_{name} {help}")?;
    writeln!(out, "# TYPE contextrail_{name} {kind}")
}

/// Upper bounds in microseconds, and as they are written in seconds.
const BOUNDS: [(u64, &str); 10] = [
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (5_000_000, "5"),
];
