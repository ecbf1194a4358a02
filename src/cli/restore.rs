//! `contextrail restore`: a backup in the place of the trail.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::exit::{Exit, Failure};
use super::output::{Page, single};
use super::person::person;
use super::plain;
use super::session::{Session, warn};
use crate::record::Name;
use crate::trail::{Approval, Restored, TrailError};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The backup; FILE.manifest has to be beside it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The trail to put it in the place of; the one of --trail when left out
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Why what was recorded since the backup is lost
    #[arg(long, value_name = "TEXT", requires = "approved_by")]
    reason: Option<String>,
    /// Who approves that, two people at least
    #[arg(long, value_name = "A,B", value_delimiter = ',', requires = "reason")]
    approved_by: Vec<Name>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let url = args.to.as_ref().unwrap_or(&session.trail_url);
    let bar = session.progress("entries verified");
    let shown = bar.clone();
    let progress = Arc::new(move |done| shown.set_position(done));
    let people = args.approved_by.into_iter().map(person).collect();
    let approval = args.reason.map(|reason| Approval {
        reason,
        approved_by: people,
    });
    let options = session.options()?;
    let restored = options.restore(&args.file, url, approval, progress).await;
    bar.finish_and_clear();
    let restored = restored.map_err(|error| match error {
        TrailError::Incomplete(what) => Failure::new(Exit::Usage, what),
        error => error.into(),
    })?;
    single(&mut Session::stdout(), &restored, session.format())?;
    for warning in &restored.verified.warnings {
        warn(&format!("warning: {warning}"));
    }
    Ok(if restored.verified.ok {
        Exit::Done
    } else {
        Exit::Verification
    })
}

impl Page for Restored {
    fn id(&self) -> Option<String> {
        Some(self.trail.to_string())
    }

    fn page(&self) -> String {
        let mut page = format!("the trail {} is that of {}\n", self.trail, self.of);
        for log in &self.logs {
            // Writing to a string does not fail.
            writeln!(page, "  tenant {}: {} entries", log.tenant, log.entries).ok();
            if let (Some(id), Some((from, to))) = (log.succession, log.lost) {
                writeln!(
                    page,
                    "    lost: entries {from} to {}, which the record {id} says; it begins a new epoch",
                    to.saturating_sub(1)
                )
                .ok();
            }
            if let 1.. = log.erased_again {
                writeln!(page, "    erased again: {} people", log.erased_again).ok();
            }
        }
        if let Some(replaced) = &self.replaced {
            let replaced = plain::line(&replaced.display().to_string());
            writeln!(page, "  the database that was there is {replaced}: it has what is lost, as far as it can be read").ok();
        }
        for finding in &self.verified.verification.findings {
            writeln!(page, "  wrong: {}", plain::line(&finding.to_string())).ok();
        }
        if self.verified.ok {
            page.push_str("nothing is wrong with it: every byte is what the log commits to\n");
        }
        page
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail restore loans.backup --to sqlite://loans.db
  contextrail restore loans.backup --reason 'disk lost on 3 May' --approved-by anna,ben

Ends with exit code 8, and changes nothing, when entries are known that the backup lacks and nobody has
approved of losing them. Stopped anywhere, the same command finishes it.";
