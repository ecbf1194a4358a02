//! `contextrail context diff A B`: compare two contexts by meaning.

use std::fmt::Write as _;

use serde_json::Value;

use super::context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Page, single};
use crate::cli::plain;
use crate::cli::session::Session;
use crate::cli::table_text::value;
use crate::trail::{Change, Diff, diff};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The first context
    a: String,
    /// The second context
    b: String,
    /// Exit with 1 when they differ
    #[arg(long)]
    exit_code: bool,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let compared = compare(session, args).await;
    if !args.exit_code {
        return compared.map(|_| Exit::Done);
    }
    match compared {
        Ok(found) if found.is_same() => Ok(Exit::Done),
        Ok(_) => Ok(Exit::Unexpected),
        // Here 1 says that they differ, so a failure has to say something else.
        Err(mut failure) if failure.exit == Exit::Unexpected => {
            failure.exit = Exit::Storage;
            Err(failure)
        }
        Err(failure) => Err(failure),
    }
}

async fn compare(session: &Session, args: &Args) -> Result<Diff, Failure> {
    let trail = session.reader().await?;
    let from = context(&trail, &args.a).await?;
    let to = context(&trail, &args.b).await?;
    let found = diff(&from, &to).ok_or_else(|| Failure::usage("only contexts can be compared"))?;
    single(&mut Session::stdout(), &found, session.format())?;
    Ok(found)
}

impl Page for Diff {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        if self.is_same() {
            return "no difference\n".to_owned();
        }
        self.changes()
            .iter()
            .fold(String::new(), |mut text, change| {
                // Writing to a string does not fail.
                writeln!(text, "{}", line(change)).ok();
                text
            })
    }
}

fn line(change: &Change) -> String {
    let shown = |side: &Option<Value>| side.as_ref().map(value);
    let sides = match (shown(&change.before), shown(&change.after)) {
        (Some(before), Some(after)) => format!(": {before} -> {after}"),
        (Some(only), None) | (None, Some(only)) => format!(": {only}"),
        (None, None) => String::new(),
    };
    format!(
        "{:<7}  {}{sides}",
        change.kind.as_str(),
        plain::line(&change.path)
    )
}

const EXAMPLES: &str = "\
Examples:
  contextrail context diff 01948c9a-2b3e-7d4f-8e5a 01948c9b-77aa-7b01-9c3d
  contextrail context diff 01948c9a-2b3e-7d4f-8e5a 01948c9b-77aa-7b01-9c3d -o json --exit-code";
