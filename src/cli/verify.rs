//! `contextrail verify`: the whole trail, hashed again.

use std::sync::Arc;

use super::exit::{Exit, Failure};
use super::output::{Page, single};
use super::plain;
use super::session::{Session, warn};
use crate::trail::Verified;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Open the records from this index on; what is before counts by its hashes alone
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    since: u64,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let bar = session.progress("entries verified");
    let shown = bar.clone();
    let progress = Arc::new(move |done| shown.set_position(done));
    let verified = trail.verify(args.since, progress).await?;
    bar.finish_and_clear();
    single(&mut Session::stdout(), &verified, session.format())?;
    for warning in &verified.warnings {
        warn(&format!("warning: {warning}"));
    }
    Ok(if verified.ok {
        Exit::Done
    } else {
        Exit::Verification
    })
}

impl Page for Verified {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let found = &self.verification;
        let mut page = format!(
            "{} entries, {} records with {} fields, {} bytes of values and texts, {} shared texts, {} signed heads\n",
            found.entries, found.records, found.fields, found.bytes, found.texts, found.heads
        );
        if found.archived > 0 {
            page.push_str(&format!(
                "values of {} records are in the archive, in {} segments that were read\n",
                found.archived, found.segments
            ));
        }
        for finding in &found.findings {
            page.push_str(&format!("  wrong: {}\n", plain::line(&finding.to_string())));
        }
        page.push_str(if self.ok {
            "nothing is wrong: every byte is what the log commits to\n"
        } else {
            "the trail is not what was recorded: keep it as evidence, and restore the newest good copy\n"
        });
        page
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail verify
  contextrail verify --since 100000 -o json

Exit code 4 when something is wrong, with every fault: the table, the row and the field.";
