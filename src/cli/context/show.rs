//! `contextrail context show ID`: what was in, what was cut or dropped, and why.

use std::fmt::Write as _;
use std::io::Write as _;

use super::one;
use super::{context, sections};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::OutputFormat;
use crate::cli::plain;
use crate::cli::session::Session;
use crate::record::Kind;
use crate::trail::{Stored, Trail};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The context, or the first 8 characters or more of its id
    id: String,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let stored = context(&trail, &args.id).await?;
    print(&trail, &stored, session.format()).await?;
    Ok(Exit::Done)
}

/// Prints the full record, or a page for people.
pub(super) async fn print(
    trail: &Trail,
    stored: &Stored,
    format: OutputFormat,
) -> Result<(), Failure> {
    let printed = match (format, stored.context()) {
        (OutputFormat::Table, Some(context)) => {
            let mut page = sections::page(Some(&stored.record().head), context);
            page.push_str(&decisions(trail, stored).await?);
            page
        }
        (format, _) => one(&trail.export(stored, true).await?, format)?,
    };
    let mut out = Session::stdout();
    out.write_all(printed.as_bytes())?;
    Ok(out.flush()?)
}

async fn decisions(trail: &Trail, stored: &Stored) -> Result<String, Failure> {
    let led_to = trail.referring(stored.id(), Kind::Decision).await?;
    let mut text = String::from("\ndecisions\n");
    if led_to.is_empty() {
        text.push_str("  none yet\n");
    }
    for later in &led_to {
        let Some(decision) = later.decision() else {
            continue;
        };
        let subject = decision.subject.to_string();
        let (subject, outcome) = (
            plain::line(&subject),
            plain::line(decision.outcome.as_str()),
        );
        // Writing to a string does not fail.
        writeln!(text, "  {}  {subject}: {outcome}", later.id()).ok();
    }
    Ok(text)
}

const EXAMPLES: &str = "\
Examples:
  contextrail context show 01948c9a-2b3e-7d4f-8e5a
  contextrail context show 01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b -o json";
