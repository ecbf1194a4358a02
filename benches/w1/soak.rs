//! W1 at half load for as long as one likes, with its process killed at random; what it uses is plotted and judged.
//!
//! `cargo bench -- --only soak [--minutes 15] [--dir DIR] [--seed S] [--rate CONTEXTS_A_SECOND] [--plot FILE.svg]`

mod check;
pub(crate) mod child;
mod judge;
mod plot;
mod samples;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use contextrail::trail::Trail;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStdout;
use tokio::time::MissedTickBehavior;

use super::workload::Workload;
use super::{BoxError, WARM_UP, drive, value};
use check::Book;
use child::{Child, Loan};
use moments::Moments;
use samples::{Sample, Samples};

#[expect(dead_code, reason = "the tests use the rest")]
#[expect(clippy::unwrap_used, reason = "it is the one of the tests")]
#[path = "../../tests/integration/moments.rs"]
mod moments;

/// What is wanted.
pub(crate) struct Soak {
    folder: PathBuf,
    length: Duration,
    seed: u64,
    rate: Option<f64>,
    plot: Option<PathBuf>,
}

/// Loans that one process may record.
const LOANS: u64 = 1_000_000_000;

impl Soak {
    pub(crate) fn of(arguments: &[String]) -> Result<Self, BoxError> {
        let minutes: f64 = value(arguments, "--minutes").map_or(Ok(15.0), str::parse)?;
        let made = || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("soak");
        Ok(Self {
            folder: value(arguments, "--dir").map_or_else(made, PathBuf::from),
            length: Duration::from_secs_f64(60.0 * minutes),
            seed: value(arguments, "--seed").map_or(Ok(5), str::parse)?,
            rate: value(arguments, "--rate").map(str::parse).transpose()?,
            plot: value(arguments, "--plot").map(PathBuf::from),
        })
    }

    pub(crate) async fn run(&self) -> Result<(), BoxError> {
        std::fs::create_dir_all(&self.folder)?;
        let rate = self.rate().await?;
        let mut samples = Samples::open(&self.folder.join("samples.csv"))?;
        let mut book = Book::open(&self.folder.join("acknowledged"))?;
        let before = samples.all.last().copied().unwrap_or_default();
        println!(
            "{rate:.0} contexts/s with decisions in {}, seed {}, {} contexts there before",
            self.folder.display(),
            self.seed,
            book.loans
        );
        let (begun, mut life, mut kills) = (Instant::now(), before.life, 0_u64);
        while begun.elapsed() < self.length {
            life += 1;
            let until = self.end_of(begun.elapsed(), life);
            let mut living = Living::start(self, life, rate)?;
            let mut ticks = tokio::time::interval(Duration::from_secs(1));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.tick().await;
            while begun.elapsed() + Duration::from_secs(1) < until {
                ticks.tick().await;
                living.is_alive()?;
                let heard = living.heard();
                book.add(&heard.loans)?;
                let second = before.second + begun.elapsed().as_secs();
                let sample = self.sample(&living, &heard, (second, life, book.loans))?;
                samples.add(sample)?;
                if sample.second % 60 == 0 {
                    tell(&sample, kills);
                }
            }
            tokio::time::sleep(until.saturating_sub(begun.elapsed())).await;
            let rest = if begun.elapsed() < self.length {
                kills += 1;
                living.kill().await?
            } else {
                living.end().await?
            };
            book.add(&rest)?;
        }
        if let Some(path) = &self.plot {
            std::fs::write(path, plot::plot(&samples.all))?;
        }
        let minutes = self.length.as_secs() / 60;
        self.judged(&samples, book, (minutes, kills), before.contexts)
            .await
    }

    /// When the process that begins after `begun` is killed. The middle third of the time is one life.
    fn end_of(&self, begun: Duration, life: u64) -> Duration {
        let (calm, wild) = (self.length / 3, self.length * 2 / 3);
        // why: a short soak has kills too.
        let least = Duration::from_secs(20).min(self.length / 10);
        let most = Duration::from_secs(60).min(self.length / 5);
        let draw = Moments::of(self.seed.wrapping_add(life)).below(1_001);
        let drawn =
            least + (most - least).mul_f64(f64::from(u32::try_from(draw).unwrap_or(0)) / 1e3);
        match begun + drawn {
            end if end < calm || begun >= wild => end.min(self.length),
            _ => wild,
        }
    }

    fn sample(
        &self,
        living: &Living,
        heard: &Heard,
        (second, life, contexts): (u64, u64, u64),
    ) -> Result<Sample, BoxError> {
        let bytes = |end: &str| {
            let path = self.folder.join(format!("w1.db{end}"));
            path.metadata().map_or(0, |it| it.len())
        };
        let mut latencies = heard.latencies_us.clone();
        latencies.sort_unstable();
        let at = |percent: usize| {
            let place = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
            latencies.get(place).copied().unwrap_or(0)
        };
        Ok(Sample {
            second,
            life,
            since: living.started.elapsed().as_secs(),
            resident_kib: living.kib("VmRSS:")?,
            own_kib: living.kib("RssAnon:")?,
            database: bytes(""),
            log: bytes("-wal"),
            heads: bytes(".heads"),
            spool: bytes(".spool"),
            contexts,
            p50_us: at(50),
            p99_us: at(99),
        })
    }

    /// Half of what can be recorded a second: as said, as measured before in this folder, or measured now.
    async fn rate(&self) -> Result<f64, BoxError> {
        let known = self.folder.join("rate");
        if let Some(rate) = self.rate {
            return Ok(rate);
        }
        if let Ok(text) = std::fs::read_to_string(&known) {
            return Ok(text.trim().parse()?);
        }
        let place = tempfile::TempDir::new_in(&self.folder)?;
        let trail = Trail::open(&format!("sqlite://{}/w1.db", place.path().display())).await?;
        let workload = Arc::new(Workload::new(false));
        drive(&trail, &workload, (0, WARM_UP), 64, true).await?;
        let (started, mut count) = (Instant::now(), 0);
        let wanted = Duration::from_secs(10).min(self.length / 10);
        while started.elapsed() < wanted {
            drive(&trail, &workload, (WARM_UP + count, 500), 64, true).await?;
            count += 500;
        }
        #[expect(clippy::cast_precision_loss, reason = "it is far below 2^52")]
        let rate = count as f64 / started.elapsed().as_secs_f64() / 2.0;
        trail.close().await;
        std::fs::write(&known, format!("{rate:.1}\n"))?;
        Ok(rate)
    }

    /// Looks for everything that was acknowledged, and judges what has grown.
    async fn judged(
        &self,
        samples: &Samples,
        book: Book,
        (minutes, kills): (u64, u64),
        contexts_before: u64,
    ) -> Result<(), BoxError> {
        let acknowledged = 2 * (book.loans - contexts_before);
        let checked = book.check(&self.folder.join("w1.db")).await?;
        println!(
            "verified {} entries and {} heads, {} findings; {} records there, {} that were acknowledged are not",
            checked.entries, checked.heads, checked.findings, checked.records, checked.lost
        );
        println!(
            "counted soak: minutes {minutes}, kills {kills}, acknowledged {acknowledged}, lost {}, findings {}; seed {}",
            checked.lost, checked.findings, self.seed
        );
        let mut is_fine = checked.lost == 0 && checked.findings == 0;
        for judged in judge::judge(&samples.all) {
            let verdict = match judged.is_fine {
                Some(true) => "fine",
                Some(false) => "GROWS",
                None => "not judged",
            };
            println!("{verdict}: {}", judged.what);
            is_fine &= judged.is_fine != Some(false);
        }
        match is_fine {
            true => Ok(()),
            false => Err("something is lost, wrong or grows: see above".into()),
        }
    }
}

fn tell(sample: &Sample, kills: u64) {
    println!(
        "minute {}: {} contexts, {kills} kills, {} MiB of its own, p50 {:.1} ms, p99 {:.1} ms",
        sample.second / 60,
        sample.contexts,
        sample.own_kib >> 10,
        Duration::from_micros(sample.p50_us).as_secs_f64() * 1e3,
        Duration::from_micros(sample.p99_us).as_secs_f64() * 1e3,
    );
}

/// What a process has said since somebody looked.
#[derive(Default)]
struct Heard {
    loans: Vec<Loan>,
    latencies_us: Vec<u64>,
}

/// A process that records.
struct Living {
    process: tokio::process::Child,
    started: Instant,
    heard: Arc<Mutex<Heard>>,
    reading: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Living {
    fn start(soak: &Soak, life: u64, rate: f64) -> Result<Self, BoxError> {
        let mut process = Child::start(&soak.folder.join("w1.db"), life * LOANS, rate)?;
        let output = process.stdout.take().ok_or("it is piped")?;
        let heard = Arc::<Mutex<Heard>>::default();
        let reading = tokio::spawn(listen(output, Arc::clone(&heard)));
        Ok(Self {
            process,
            started: Instant::now(),
            heard,
            reading,
        })
    }

    fn is_alive(&mut self) -> Result<(), BoxError> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the process ended by itself: {status}").into()),
        }
    }

    /// What it has said since the last time.
    fn heard(&self) -> Heard {
        std::mem::take(&mut *self.heard.lock().expect("no holder of this lock panics"))
    }

    /// A line of proc_pid_status(5), in KiB.
    fn kib(&self, name: &str) -> Result<u64, BoxError> {
        let id = self.process.id().ok_or("it runs")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|it| it.split_whitespace().next());
        Ok(number.ok_or("the kernel says so")?.parse()?)
    }

    async fn kill(mut self) -> Result<Vec<Loan>, BoxError> {
        self.is_alive()?;
        self.process.kill().await?;
        self.reading.await??;
        let mut heard = self.heard.lock().expect("no holder of this lock panics");
        Ok(std::mem::take(&mut heard.loans))
    }

    /// Has it end in good order.
    async fn end(mut self) -> Result<Vec<Loan>, BoxError> {
        drop(self.process.stdin.take());
        if !self.process.wait().await?.success() {
            return Err("the process ended with an error".into());
        }
        self.reading.await??;
        let mut heard = self.heard.lock().expect("no holder of this lock panics");
        Ok(std::mem::take(&mut heard.loans))
    }
}

/// Hears what a process says, as it says it.
async fn listen(output: ChildStdout, heard: Arc<Mutex<Heard>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((loan, Some(latency))) = Loan::read(&line) {
            let mut heard = heard.lock().expect("no holder of this lock panics");
            heard.loans.push(loan);
            heard.latencies_us.extend(latency.parse::<u64>());
        }
    }
    Ok(())
}
