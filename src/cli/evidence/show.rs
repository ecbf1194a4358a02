//! `contextrail evidence show`.

use std::io::Write as _;
use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::cli::plain;
use crate::cli::session::{Session, warn};
use crate::evidence::container::{self, Limits};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let bundle = super::read(&args.file)?;
    let shown = args.file.display();
    let container = container::read(&bundle, &Limits::default()).map_err(|error| {
        Failure::usage(format!("{shown} cannot be read")).because(error.to_string())
    })?;
    let summary = container.files.get("summary.md");
    let summary = summary.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let Some(summary) = summary else {
        return Err(Failure::usage(format!("{shown} has no summary"))
            .try_next("contextrail evidence verify FILE --key KEYFILE"));
    };
    let mut out = Session::stdout();
    out.write_all(plain::lines(summary).as_bytes())?;
    out.flush()?;
    warn("nothing was checked: contextrail evidence verify FILE --key KEYFILE does that");
    Ok(Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail evidence show 12345.zip";
