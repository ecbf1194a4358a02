//! `contextrail import FILE`: records that were exported elsewhere, as they are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use indicatif::ProgressBar;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::input::Input;
use super::output::{Page, single};
use super::session::{Session, warn};
use crate::codec::{ExportedRecord, Unknown, decode_records};
use crate::record::{Digest, RecordId};
use crate::trail::Imported;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Exported records of any kind, one or many: JSON, JSON lines or YAML; `-` for standard input
    file: PathBuf,
}

/// What an import did.
#[derive(Debug, Serialize)]
struct Summary {
    counts: BTreeMap<String, u64>,
    existed: u64,
    /// Contexts that say another number of tokens than their text has.
    miscounted: u64,
    import: RecordId,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let input = Input::open(&args.file)?;
    let progress = session.progress("records read");
    let records = read(&input, &progress)?;
    let digest = Digest::sha256(&input.bytes);
    drop(input);
    progress.set_message("records imported");
    let trail = session.writer().await?;
    let imported = trail.import(records, digest).await;
    trail.close().await;
    progress.finish_and_clear();
    let Imported {
        counts,
        existed,
        miscounted,
        receipt,
    } = imported?;
    if !miscounted.is_empty() {
        warn(&miscounts(&miscounted));
    }
    let summary = Summary {
        counts,
        existed,
        miscounted: u64::try_from(miscounted.len()).unwrap_or(u64::MAX),
        import: receipt.id,
    };
    single(&mut Session::stdout(), &summary, session.format())?;
    Ok(Exit::Done)
}

fn read(input: &Input, progress: &ProgressBar) -> Result<Vec<ExportedRecord>, Failure> {
    let mut decoded = Vec::new();
    for node in input.document()?.into_records() {
        progress.inc(1);
        let records = decode_records(&node, Unknown::Keep);
        decoded.extend(records.map_err(|error| input.refused(&error))?);
    }
    Ok(decoded)
}

fn miscounts(ids: &[RecordId]) -> String {
    let shown: Vec<String> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if ids.len() > SHOWN { ", …" } else { "" };
    format!(
        "warning: {} contexts say another `budget.used` than their text has tokens, and were \
         imported as they are: {}{more}",
        ids.len(),
        shown.join(", ")
    )
}

impl Page for Summary {
    fn id(&self) -> Option<String> {
        Some(self.import.to_string())
    }

    fn page(&self) -> String {
        let counts = self.counts.iter();
        let counts: Vec<String> = counts
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let counts = match counts.is_empty() {
            true => "no records".to_owned(),
            false => counts.join(", "),
        };
        format!(
            "imported {counts}; {} were there already\nrecorded as {}\n",
            self.existed, self.import
        )
    }
}

/// Ids that a warning names.
const SHOWN: usize = 5;

const EXAMPLES: &str = "\
Examples:
  contextrail import contexts.jsonl
  contextrail import decisions.yaml
  contextrail context export --since 7d | contextrail --trail sqlite://copy.db import -";
