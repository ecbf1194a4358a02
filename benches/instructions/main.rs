//! `cargo bench --bench instructions --no-default-features`: how many instructions one context of W1
//! takes, by valgrind's callgrind, beside what it took when `last.json` was written.
//!
//! Counts do not depend on what else the machine does. They are of the processor that valgrind plays,
//! which has no instructions for SHA-256 and AES, so that hashing weighs more here than in time.
//! `-- --write` writes `last.json`.

#![expect(
    clippy::print_stdout,
    reason = "the table is what a benchmark is run for"
)]

#[path = "../w1/draft.rs"]
mod draft;
#[expect(dead_code, reason = "the other benchmark posts requests")]
#[path = "../w1/workload.rs"]
mod workload;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use contextrail::assembly::{Budget, Candidate, Counter, Layout, assemble, tokenizer};
use contextrail::record::Kind;
use contextrail::seal::{Sealed, Source, audit, seal};
use contextrail::store::Prepared;
use contextrail::trail::{Search, Stored, Trail, TrailOptions};

use draft::draft;
use workload::Workload;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, name, part, count] = &arguments[..]
        && name == CHILD
    {
        return tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(run(part, count.parse()?));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions/last.json");
    let last: BTreeMap<String, u64> = match std::fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(_) => BTreeMap::new(),
    };
    let nothing = counted(PARTS[0], 0)?;
    println!("| one context of W1 | instructions | last | now ÷ last |\n|---|---|---|---|");
    let mut now = BTreeMap::new();
    for part in PARTS {
        let each = counted(part, COUNT)?.saturating_sub(nothing) / COUNT;
        match last.get(part) {
            Some(last) => println!("| {part} | {each} | {last} | {:.3} |", ratio(each, *last)),
            None => println!("| {part} | {each} | | |"),
        }
        now.insert(part, each);
    }
    if arguments.iter().any(|it| it == "--write") {
        std::fs::write(&file, serde_json::to_string_pretty(&now)? + "\n")?;
        println!("\nwritten to {}", file.display());
    }
    Ok(())
}

/// The instructions of a process that does `part` so many times.
fn counted(part: &str, count: u64) -> Result<u64, BoxError> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([CHILD, part, &count.to_string()])
        .output()
        .map_err(|err| format!("valgrind: {err}: it has to be installed"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find_map(|it| it.split_once("Collected : "));
    match line {
        Some((_, number)) if output.status.success() => Ok(number.trim().parse()?),
        _ => Err(format!("valgrind: {said}").into()),
    }
}

/// Makes ready, and does `part` so many times. Making ready is the same for each part.
async fn run(part: &str, count: u64) -> Result<(), BoxError> {
    let trail = TrailOptions::new().open_in_memory().await?;
    let workload = Workload::new(false);
    for number in 0..CONTEXTS {
        workload.record(&trail, number, false).await?;
    }
    let search = Search {
        kind: Some(Kind::Context),
        ..Search::default()
    };
    let stored = trail.search(search).await?.take(1).await?;
    let stored = stored.first().ok_or("nothing was recorded")?;
    let candidates = candidates(&trail, stored).await?;
    let counter = Counter::new(tokenizer("cl100k_base")?);
    let budget = Budget::tokens(4_000).tokenizer("cl100k_base");
    let assembled = || assemble(&candidates, &budget, &Layout::default(), &counter);
    assembled()?;
    let head = &stored.record().head;
    let draft = draft(&trail, stored).await?;
    let sealed = seal(head.clone(), draft.clone(), &Source::New)?;
    prepare(&trail, &sealed)?;
    for number in 0..count {
        match part {
            "assemble" => drop(assembled()?),
            "seal" => drop(seal(head.clone(), draft.clone(), &Source::New)?),
            "prepare: compress, encrypt, index" => prepare(&trail, &sealed)?,
            "audit" => drop(audit(&sealed.slots)?),
            // Texts that were counted before, by the builder and through the appender into memory.
            "record, all of it" => {
                workload.record(&trail, number % CONTEXTS, false).await?;
            }
            _ => return Err(format!("there is no part {part}").into()),
        }
    }
    trail.close().await;
    Ok(())
}

fn prepare(trail: &Trail, sealed: &Sealed) -> Result<(), BoxError> {
    drop(Prepared::new(sealed, Vec::new(), trail.vault())?);
    Ok(())
}

/// The items of a context as they were offered.
async fn candidates(trail: &Trail, stored: &Stored) -> Result<Vec<Candidate>, BoxError> {
    let context = stored.context().ok_or("it is a context")?;
    let items = context.assembly.iter().flat_map(|made| &made.items);
    let texts = trail.item_texts(stored).await?;
    let offered = items.zip(texts).map(|(item, text)| Candidate {
        required: item.required,
        priority: item.priority,
        ..Candidate::new(text.unwrap_or_else(|| Arc::from("")))
    });
    Ok(offered.collect())
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn ratio(now: u64, last: u64) -> f64 {
    now as f64 / last as f64
}

const CHILD: &str = "--count";
const PARTS: [&str; 5] = [
    "assemble",
    "seal",
    "prepare: compress, encrypt, index",
    "audit",
    "record, all of it",
];
const CONTEXTS: u64 = 8;
const COUNT: u64 = 40;
