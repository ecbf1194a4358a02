//! Latencies and processor time; the tables, and the file that keeps their figures for the next run.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use contextrail::record::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

use super::BoxError;

/// Latencies of single calls.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Times one call that has to succeed.
    pub(crate) async fn time<T, E>(
        &mut self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let result = call.await?;
        self.0.push(started.elapsed());
        Ok(result)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Duration> {
        self.0.iter()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// A percentile in milliseconds.
    pub(crate) fn at(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(place).map_or(0.0, |it| it.as_secs_f64() * 1e3)
    }
}

impl From<Vec<Duration>> for Latencies {
    fn from(all: Vec<Duration>) -> Self {
        Self(all)
    }
}

/// The processor time this process has used, user and system.
pub(crate) fn cpu_time() -> std::io::Result<Duration> {
    // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second; the name before them is in
    // brackets and may hold spaces.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks: u64 = fields[11..13]
        .iter()
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// How much memory this process has at present, in MiB.
pub(crate) fn memory() -> Result<f64, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .ok_or("no VmRSS")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(float(kib / 1_024))
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}

/// A table as it is printed, line by line; each cell is kept as a figure besides.
pub(crate) struct Table {
    title: String,
    columns: &'static [&'static str],
}

impl Table {
    /// Prints the head of a table: what it is about, and what stands in the columns, with units.
    pub(crate) fn new(title: impl Into<String>, columns: &'static [&'static str]) -> Self {
        let title = title.into();
        println!("\n| {title} | {} |", columns.join(" | "));
        println!("|---|{}", "---|".repeat(columns.len()));
        Self { title, columns }
    }

    /// Prints one line, and keeps its figures.
    pub(crate) fn row(&self, name: &str, cells: &[f64]) {
        let shown: Vec<String> = cells.iter().copied().map(shown).collect();
        println!("| {name} | {} |", shown.join(" | "));
        let mut figures = FIGURES
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for (column, cell) in self.columns.iter().zip(cells) {
            figures.insert(format!("{} / {name} / {column}", self.title), *cell);
        }
    }
}

/// The figures of this run, by table, line and column.
static FIGURES: Mutex<BTreeMap<String, f64>> = Mutex::new(BTreeMap::new());

/// Three digits or more, and no more than three after the point.
fn shown(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// The figures of a run, as they are kept in a file. Parts that were not run keep what they had.
#[derive(Deserialize, Serialize)]
struct Kept {
    /// When it was last written, RFC 3339.
    at: String,
    version: String,
    /// The processor's name, and how many of it there are.
    machine: String,
    /// By table, line and column; the column has the unit.
    figures: BTreeMap<String, f64>,
}

/// Writes the figures to `file`, and prints them beside those that `against`, or else this very file, had.
pub(crate) fn keep(file: &Path, against: Option<&Path>) -> Result<(), BoxError> {
    let now = std::mem::take(
        &mut *FIGURES
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    );
    let kept = read(file)?;
    let before = match against {
        Some(against) => {
            Some(read(against)?.ok_or_else(|| format!("{}: no such file", against.display()))?)
        }
        None => None,
    };
    if let Some(before) = before.as_ref().or(kept.as_ref()) {
        compare(before, &now);
    }
    let mut figures = kept.map(|it| it.figures).unwrap_or_default();
    figures.extend(now);
    let kept = Kept {
        at: SystemClock.now().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: machine()?,
        figures,
    };
    std::fs::write(file, serde_json::to_vec_pretty(&kept)?)?;
    println!("\nwritten to {}", file.display());
    Ok(())
}

fn compare(before: &Kept, now: &BTreeMap<String, f64>) {
    println!(
        "\n| against {}, on {} | before | now | now ÷ before |\n|---|---|---|---|",
        before.at, before.machine
    );
    for (name, now) in now {
        if let Some(before) = before.figures.get(name) {
            println!(
                "| {name} | {} | {} | {:.2} |",
                shown(*before),
                shown(*now),
                now / before
            );
        }
    }
}

fn read(file: &Path) -> Result<Option<Kept>, BoxError> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(
            serde_json::from_slice(&bytes).map_err(|err| format!("{}: {err}", file.display()))?,
        )),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(format!("{}: {err}", file.display()).into()),
    }
}

fn machine() -> Result<String, BoxError> {
    let info = std::fs::read_to_string("/proc/cpuinfo")?;
    let name = info.lines().find_map(|it| it.strip_prefix("model name"));
    let name = name.map_or("unknown", |it| it.trim_matches([' ', '\t', ':']));
    Ok(format!(
        "{} × {name}",
        std::thread::available_parallelism()?
    ))
}
