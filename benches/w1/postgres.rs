//! W1 on a PostgreSQL of its own on this machine, from one process and from two; each is a process of
//! its own beside this one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use contextrail::trail::TrailOptions;

use super::looking::look_up;
use super::report::{Latencies, Table, float};
use super::workload::Workload;
use super::{BoxError, WARM_UP, drive};
use cluster::Cluster;

#[expect(dead_code, reason = "the tests use the rest")]
#[expect(clippy::unwrap_used, reason = "it is the one of the tests")]
#[path = "../../tests/integration/postgres/cluster.rs"]
pub(crate) mod cluster;

/// Measures one process, two, and look-ups in what they recorded and as many more as are wanted.
pub(crate) async fn postgres(scale: u64) -> Result<(), BoxError> {
    let cluster = Cluster::start(SETTINGS);
    let table = Table::new(
        format!("PostgreSQL, with decision, {TASKS} tasks in each"),
        &[
            "contexts",
            "contexts/s",
            "p50 ms",
            "p99 ms",
            "CPU ms/context, without the server",
        ],
    );
    let contexts = 20_000 / scale;
    for (processes, name) in [
        (1, "one process"),
        (2, "two processes"),
        (1, "one process again"),
        (2, "two processes again"),
    ] {
        let trail = On::new(&cluster).await?;
        trail.measure(&table, name, (processes, contexts))?;
    }
    let trail = On::new(&cluster).await?;
    let wanted = 200_000 / scale;
    let opened = trail.options().open(&trail.url).await?;
    let workload = Arc::new(Workload::new(false));
    drive(&opened, &workload, (0, wanted), 512, false).await?;
    opened.close().await;
    let reading = trail.options().open_for_reading(&trail.url).await?;
    look_up(&reading, wanted, " on PostgreSQL").await?;
    reading.close().await;
    Ok(())
}

/// A new trail on the server, and the folder of its state.
pub(crate) struct On {
    pub(crate) url: String,
    pub(crate) state: tempfile::TempDir,
}

impl On {
    pub(crate) async fn new(cluster: &Cluster) -> Result<Self, BoxError> {
        let on = Self {
            url: cluster.url(&Cluster::new_schema()),
            state: tempfile::tempdir()?,
        };
        on.options().migrate(&on.url).await?;
        Ok(on)
    }

    pub(crate) fn options(&self) -> TrailOptions {
        TrailOptions::new().state(self.state.path())
    }

    /// Has so many processes record `contexts` together, all at once when each has warmed up.
    fn measure(
        &self,
        table: &Table,
        name: &str,
        (processes, contexts): (u64, u64),
    ) -> Result<(), BoxError> {
        let each = contexts / processes;
        let children = (0..processes).map(|number| {
            let from = (1 + number) * 10_000_000;
            Running::start(&self.url, self.state.path(), (from, each))
        });
        let mut children = children.collect::<Result<Vec<_>, _>>()?;
        for child in &mut children {
            child.says("warm")?;
        }
        let started = Instant::now();
        for child in &mut children {
            child.go()?;
        }
        for child in &mut children {
            child.says("done")?;
        }
        let elapsed = started.elapsed();
        let mut latencies = Latencies::default();
        let mut cpu = Duration::ZERO;
        for child in children {
            let (all, used) = child.measured()?;
            latencies.extend(all);
            cpu += used;
        }
        let count = float(each * processes);
        table.row(
            name,
            &[
                count,
                count / elapsed.as_secs_f64(),
                latencies.at(50),
                latencies.at(99),
                cpu.as_secs_f64() * 1e3 / count,
            ],
        );
        Ok(())
    }
}

/// A process that records.
struct Running {
    process: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(url: &str, state: &Path, (from, count): (u64, u64)) -> Result<Self, BoxError> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([CHILD, url])
            .arg(state)
            .args([from.to_string(), count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        Ok(Self {
            process,
            input: input.ok_or("it is piped")?,
            output: BufReader::new(output.ok_or("it is piped")?),
        })
    }

    fn line(&mut self) -> Result<String, BoxError> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn says(&mut self, word: &str) -> Result<(), BoxError> {
        match self.line()? {
            line if line == word => Ok(()),
            line => Err(format!("a process said {line:?} and not {word:?}").into()),
        }
    }

    fn go(&mut self) -> Result<(), BoxError> {
        Ok(self.input.write_all(b"go\n")?)
    }

    /// The latencies it has measured, and its processor time.
    fn measured(mut self) -> Result<(Latencies, Duration), BoxError> {
        let cpu = Duration::from_micros(self.line()?.parse()?);
        let line = self.line()?;
        let micros = line
            .split(' ')
            .map(str::parse)
            .map(|it| it.map(Duration::from_micros));
        let latencies = Latencies::from(micros.collect::<Result<Vec<_>, _>>()?);
        match self.process.wait()?.success() {
            true => Ok((latencies, cpu)),
            false => Err("a process ended with an error".into()),
        }
    }
}

/// What a process is told that records for another one.
pub(crate) struct Child {
    url: String,
    state: String,
    from: u64,
    count: u64,
}

impl Child {
    pub(crate) fn of(arguments: &[String]) -> Option<Self> {
        let [_, name, url, state, from, count] = arguments else {
            return None;
        };
        (name == CHILD).then_some(())?;
        Some(Self {
            url: url.clone(),
            state: state.clone(),
            from: from.parse().ok()?,
            count: count.parse().ok()?,
        })
    }

    pub(crate) fn run(self) -> Result<(), BoxError> {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(self.record())
    }

    async fn record(self) -> Result<(), BoxError> {
        let options = TrailOptions::new().state(&self.state);
        let trail = options.open(&self.url).await?;
        let workload = Arc::new(Workload::new(false));
        drive(&trail, &workload, (self.from, WARM_UP), TASKS, false).await?;
        println!("warm");
        std::io::stdin().read_line(&mut String::new())?;
        let before = super::report::cpu_time()?;
        let range = (self.from + WARM_UP, self.count);
        let latencies = drive(&trail, &workload, range, TASKS, true).await?;
        let cpu = super::report::cpu_time()?.saturating_sub(before);
        println!("done\n{}", cpu.as_micros());
        let micros: Vec<String> = latencies
            .iter()
            .map(|it| it.as_micros().to_string())
            .collect();
        println!("{}", micros.join(" "));
        trail.close().await;
        Ok(())
    }
}

const CHILD: &str = "--postgres-child";
const TASKS: u64 = 64;
/// What somebody sets who has 2 cores and some memory for it; what is durable stays so.
pub(crate) const SETTINGS: &str =
    "shared_buffers = 512MB\nmax_wal_size = 4GB\ncheckpoint_timeout = 15min\nwal_compression = off";
