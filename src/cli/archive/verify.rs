//! `contextrail archive verify`.

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single};
use super::super::plain;
use super::super::session::{Session, warn};
use crate::store::SegmentId;
use crate::trail::ArchiveVerified;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Only this segment, by the SHA-256 that is its name
    #[arg(long, value_name = "SHA256", value_parser = segment)]
    segment: Option<SegmentId>,
}

fn segment(text: &str) -> Result<SegmentId, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    SegmentId::parse(digits).ok_or_else(|| "expected 64 hexadecimal digits".to_owned())
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let bar = session.progress("records of the archive verified");
    let shown = bar.clone();
    let verified = trail.verify_archive(args.segment, move |done| shown.set_position(done));
    let verified = verified.await;
    bar.finish_and_clear();
    let verified = verified?;
    single(&mut Session::stdout(), &verified, session.format())?;
    for warning in &verified.warnings {
        warn(&format!("warning: {warning}"));
    }
    Ok(match verified.ok {
        true => Exit::Done,
        false => Exit::Verification,
    })
}

impl Page for ArchiveVerified {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let mut page = format!(
            "{} segments of {} bytes, values of {} records\n",
            self.segments, self.bytes, self.records
        );
        for finding in &self.findings {
            page.push_str(&format!("  wrong: {}\n", plain::line(&finding.to_string())));
        }
        page.push_str(match self.ok {
            true => "nothing is wrong: the archive is what the log says\n",
            false => "the archive is not what was put there: restore the segments that are named\n",
        });
        page
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail archive verify
  contextrail archive verify --segment 9f2c… -o json

Exit code 4 when something is wrong, with every fault. A segment that the log does not name is a
warning.";
