//! `contextrail context text ID`: the text as it was sent.

use std::io::Write as _;

use serde::Serialize;

use super::context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{OutputFormat, document};
use crate::cli::session::Session;
use crate::record::RecordId;
use crate::trail::{Stored, Trail};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The context, or the first 8 characters or more of its id
    id: String,
}

#[derive(Serialize)]
struct SentText<'a> {
    id: RecordId,
    text: &'a str,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let stored = context(&trail, &args.id).await?;
    let Some(text) = trail.text(&stored).await? else {
        return Err(missing(&trail, &stored));
    };
    let id = stored.id();
    let printed = match session.format {
        // Byte for byte: nothing is added, not even a line feed.
        None | Some(OutputFormat::Table) => text,
        Some(OutputFormat::Id) => format!("{id}\n"),
        Some(format) => document(&SentText { id, text: &text }, format)?,
    };
    let mut out = Session::stdout();
    out.write_all(printed.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn missing(trail: &Trail, stored: &Stored) -> Failure {
    let id = stored.id();
    let context = stored.context();
    let assembled = context
        .and_then(|context| context.assembly.as_ref())
        .is_some_and(|assembly| assembly.text_digest.is_some());
    let withheld = stored.withheld().first();
    let why = match context {
        Some(_) if let Some(withheld) = withheld => format!(
            "values of it are not there, such as {}: {}",
            withheld.path,
            stored.why_withheld(&withheld.path)
        ),
        Some(_) if assembled => "the texts of its items are not stored in this trail".to_owned(),
        Some(context) => format!(
            "it ended as {}, before a text was sent",
            context.status.as_str()
        ),
        None => "it is no context".to_owned(),
    };
    let failure = Failure::new(
        Exit::Incomplete,
        format!("the text of {id} cannot be given"),
    );
    let failure = failure.because(why);
    match trail.vault().why_locked() {
        Some(why) => failure.because(why),
        None => failure,
    }
    .try_next(format!("contextrail context show {id}"))
}

const EXAMPLES: &str = "\
Examples:
  contextrail context text 01948c9a-2b3e-7d4f-8e5a-1c2d3e4f5a6b
  contextrail context text 01948c9a-2b3e-7d4f-8e5a > prompt.txt";
