//! `contextrail backup`: the trail as of now, in a file.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::exit::{Exit, Failure};
use super::output::{Page, single};
use super::plain;
use super::session::{Session, warn};
use crate::trail::BackedUp;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The file to write; FILE.manifest comes beside it
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let bar = session.progress("entries copied");
    let shown = bar.clone();
    let progress = Arc::new(move |done| shown.set_position(done));
    let made = trail.backup(&args.file, progress).await;
    trail.close().await;
    bar.finish_and_clear();
    let made = made?;
    single(&mut Session::stdout(), &made, session.format())?;
    warn(KEYS);
    Ok(Exit::Done)
}

impl Page for BackedUp {
    fn id(&self) -> Option<String> {
        Some(self.trail.to_string())
    }

    fn page(&self) -> String {
        let mut page = format!(
            "{} is the trail {} as of {}: {} bytes, {}\n",
            plain::line(&self.path.display().to_string()),
            self.trail,
            self.at,
            self.bytes,
            self.sha256
        );
        for log in &self.logs {
            // Writing to a string does not fail.
            writeln!(page, "  tenant {}: {} entries", log.tenant, log.entries).ok();
        }
        match self.signed {
            Some(size) => writeln!(page, "  signed up to entry {size}").ok(),
            None => writeln!(page, "  no signed head is known of it").ok(),
        };
        let manifest = plain::line(&self.manifest.display().to_string());
        writeln!(page, "keep {manifest} with it: it is checked by that").ok();
        page
    }
}

const KEYS: &str = "note: keys are not in it. Back up TRAIL.key, TRAIL.kek and TRAIL.keyring apart from it, and keep TRAIL.heads and TRAIL.erasures where the loss of the database does not reach them: they say what a restored database lacks, and who is erased in it again";

const EXAMPLES: &str = "\
Examples:
  contextrail backup /mnt/backup/loans-2026-11-25.backup
  contextrail --trail sqlite://loans.db backup loans.backup -o json

The trail may be written to meanwhile: the backup is of one moment. It is verified before it has its
name, and takes the place of nothing.";
