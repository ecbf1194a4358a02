//! The process that records W1 at a rate until it is killed or told to end.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contextrail::record::RecordId;
use contextrail::trail::Trail;

use crate::BoxError;
use crate::workload::Workload;

/// The argument that makes a process one of these.
const CHILD: &str = "--soak-child";
const TASKS: u64 = 64;

/// What it is told.
pub(crate) struct Child {
    url: String,
    /// The number of its first context.
    from: u64,
    /// Contexts a second.
    rate: f64,
}

impl Child {
    pub(crate) fn of(arguments: &[String]) -> Option<Self> {
        let [_, name, url, from, rate] = arguments else {
            return None;
        };
        (name == CHILD).then_some(())?;
        Some(Self {
            url: url.clone(),
            from: from.parse().ok()?,
            rate: rate.parse().ok()?,
        })
    }

    /// Starts such a process.
    pub(crate) fn start(
        database: &Path,
        from: u64,
        rate: f64,
    ) -> std::io::Result<tokio::process::Child> {
        tokio::process::Command::new(std::env::current_exe()?)
            .args([CHILD, &format!("sqlite://{}", database.display())])
            .args([from.to_string(), rate.to_string()])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    pub(crate) fn run(self) -> Result<(), BoxError> {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(self.record())
    }

    async fn record(self) -> Result<(), BoxError> {
        let is_over = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&is_over);
        // Whoever started it closes its input, or is gone.
        std::thread::spawn(move || {
            std::io::stdin().read_line(&mut String::new()).ok();
            ending.store(true, Ordering::Relaxed);
        });
        let workload = Arc::new(Workload::new(false));
        let trail = Trail::open(&self.url).await?;
        let (next, started) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..TASKS {
            let (trail, workload) = (trail.clone(), Arc::clone(&workload));
            let (next, is_over) = (Arc::clone(&next), Arc::clone(&is_over));
            let (from, rate) = (self.from, self.rate);
            running.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^52")]
                    let due = started + Duration::from_secs_f64(number as f64 / rate);
                    tokio::time::sleep_until(due.into()).await;
                    loan(&trail, &workload, from + number, due).await?;
                }
                Ok::<_, BoxError>(())
            });
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        trail.close().await;
        Ok(())
    }
}

/// Records a context that was due, and its decision, and says so.
async fn loan(
    trail: &Trail,
    workload: &Workload,
    number: u64,
    due: Instant,
) -> Result<(), BoxError> {
    let context = workload.context(trail, number).await?;
    let decided = workload.decide(trail, number, &context).await?;
    let line = Loan {
        number,
        context: context.receipt().id,
        decision: decided.receipt().id,
        decided_at: decided.receipt().log_index.ok_or("it is durable")?,
    };
    let line = format!("{} {}\n", line.line(), due.elapsed().as_micros());
    std::io::stdout().write_all(line.as_bytes())?;
    Ok(())
}

/// A context and its decision that were acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loan {
    pub(crate) number: u64,
    pub(crate) context: RecordId,
    pub(crate) decision: RecordId,
    /// Where the decision stands in the log.
    pub(crate) decided_at: u64,
}

impl Loan {
    pub(crate) fn line(&self) -> String {
        let Self {
            number,
            context,
            decision,
            decided_at,
        } = self;
        format!("{number} {context} {decision} {decided_at}")
    }

    /// The loan that a line begins with, and what comes behind it.
    pub(crate) fn read(line: &str) -> Option<(Self, Option<&str>)> {
        let mut words = line.split(' ');
        let loan = Self {
            number: words.next()?.parse().ok()?,
            context: words.next()?.parse().ok()?,
            decision: words.next()?.parse().ok()?,
            decided_at: words.next()?.parse().ok()?,
        };
        Some((loan, words.next()))
    }
}
