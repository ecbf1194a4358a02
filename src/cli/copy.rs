//! `contextrail copy`: a trail, moved to another database.

use std::fmt::Write as _;
use std::sync::Arc;

use super::exit::{Exit, Failure};
use super::output::{Page, single};
use super::plain;
use super::session::{Session, warn};
use crate::trail::{Copied, FileFate};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The trail to copy; the one of --trail when left out
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Where it goes: nothing may be there but an earlier copy
    #[arg(long, value_name = "URL")]
    to: String,
    /// Move the signing key to the copy, which is written to from then on, and the source never again
    #[arg(long)]
    hand_over: bool,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let from = args.from.as_ref().unwrap_or(&session.trail_url);
    let bar = session.progress("entries copied");
    let shown = bar.clone();
    let progress = Arc::new(move |done| shown.set_position(done));
    let options = session.options()?;
    let copied = options
        .copy(from, &args.to, args.hand_over, progress)
        .await?;
    bar.finish_and_clear();
    single(&mut Session::stdout(), &copied, session.format())?;
    Ok(said(&copied))
}

/// Says what has to be done, and how it ended.
fn said(copied: &Copied) -> Exit {
    for warning in &copied.verified.warnings {
        warn(&format!("warning: {warning}"));
    }
    if !copied.verified.ok {
        return Exit::Verification;
    }
    if copied.grown_by > 0 {
        warn(&format!(
            "warning: the source has grown by {} entries meanwhile: end what writes to it, and run the same command again to go on",
            copied.grown_by
        ));
        return Exit::Incomplete;
    }
    let left = copied
        .files
        .iter()
        .filter(|file| file.became == FileFate::ToBeMoved);
    let left: Vec<String> = left.map(|file| file.path.display().to_string()).collect();
    if left.is_empty() {
        return Exit::Done;
    }
    warn(&format!(
        "warning: two that sign for one trail make two logs of it. Before the copy is written to, move the secrets away from the source: to {}, or run the same command with --hand-over",
        left.join(" and ")
    ));
    Exit::Done
}

impl Page for Copied {
    fn id(&self) -> Option<String> {
        Some(self.trail.to_string())
    }

    fn page(&self) -> String {
        let mut page = format!("the trail {} was copied\n", self.trail);
        for log in &self.logs {
            // Writing to a string does not fail.
            writeln!(
                page,
                "  tenant {}: {} entries, {} rows written",
                log.tenant, log.entries, log.written
            )
            .ok();
        }
        for file in &self.files {
            let became = match file.became {
                FileFate::Copied => "copied",
                FileFate::HandedOver => "moved here, and gone at the source",
                FileFate::ToBeMoved => "still at the source: a secret",
            };
            let path = plain::line(&file.path.display().to_string());
            writeln!(page, "  {path}: {}, {became}", file.holds).ok();
        }
        for finding in &self.verified.verification.findings {
            writeln!(page, "  wrong: {}", plain::line(&finding.to_string())).ok();
        }
        if self.verified.ok {
            page.push_str("the roots are the same, and nothing is wrong with the copy\n");
        }
        page
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail copy --from sqlite://loans.db --to sqlite:///mnt/new/loans.db
  contextrail copy --from sqlite://loans.db --to sqlite:///mnt/new/loans.db --hand-over
  contextrail copy --from sqlite://loans.db --to postgres://loans@db.example.org/trails --state /srv/loans --hand-over

Entries, proofs and encrypted values are copied as they are stored, and no key is needed. A copy
that was stopped goes on when the command is given again. Exit code 7 when the source has grown
meanwhile, 4 when something is wrong with the copy.";
