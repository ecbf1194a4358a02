//! `contextrail decision export ID|T:ID`: with the reviews, outcomes and generations.

use std::path::PathBuf;

use super::view::{Chosen, Viewed};
use crate::cli::context::export_format;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{List, OutputFormat, document};
use crate::cli::session::Session;
use crate::cli::sink_file::Target;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The id, or the business key type:id, which gives an array, newest first
    #[arg(value_name = "ID|T:ID")]
    reference: String,
    /// Leave out the seeds that keyed digests are checked with
    #[arg(long)]
    no_text: bool,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "F")]
    file: Option<PathBuf>,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let format = export_format(session)?;
    let trail = session.reader().await?;
    let with_text = !args.no_text;
    let chosen = Chosen::find(&trail, &args.reference).await?;
    let mut target = Target::open(args.file.as_deref())?;
    match chosen {
        Chosen::One(view) => {
            let viewed = Viewed::of(&trail, &view, with_text).await?;
            let text = match format {
                OutputFormat::Id => format!("{}\n", viewed.id()),
                format => document(&viewed, format)?,
            };
            target.writer().write_all(text.as_bytes())?;
        }
        Chosen::OnKey(views) => {
            let mut list = List::new(target.writer(), format);
            for view in &views {
                let viewed = Viewed::of(&trail, view, with_text).await?;
                list.push_value(&viewed, || viewed.id())?;
            }
            list.finish_values()?;
        }
    }
    target.finish()?;
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail decision export loan_application:12345 > decisions.json
  contextrail decision export 01948c9b -o yaml --file decision.yaml";
