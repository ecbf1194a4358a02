//! `contextrail context diff A B`: compare two contexts by meaning.

use std::fmt::Write as _;

use serde_json::Value;

use super::context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Page, single};
use crate::cli::plain;
use crate::cli::session::Session;
use crate::trail::{Change, Diff};

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
    let found = trail.diff(&from, &to).await?;
    let found = found.ok_or_else(|| Failure::usage("only contexts can be compared"))?;
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
    let sides = match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            let skipped = skipped(before, after);
            let (before, after) = (shown(before, skipped), shown(after, skipped));
            format!(": {before} -> {after}")
        }
        (Some(only), None) | (None, Some(only)) => format!(": {}", shown(only, 0)),
        (None, None) => String::new(),
    };
    format!(
        "{:<7}  {}{sides}",
        change.kind.as_str(),
        plain::line(&change.path)
    )
}

/// A value as JSON on one line, from after its first `skipped` characters on.
fn shown(value: &Value, skipped: usize) -> String {
    let text = match value {
        Value::String(text) if skipped > 0 => {
            let rest: String = text.chars().skip(skipped).collect();
            Value::from(format!("…{rest}")).to_string()
        }
        value => value.to_string(),
    };
    plain::shortened(&text, VALUE_CHARS)
}

/// How many characters of two long texts can go unshown, because they begin alike.
fn skipped(before: &Value, after: &Value) -> usize {
    let (Value::String(before), Value::String(after)) = (before, after) else {
        return 0;
    };
    let is_short = |text: &str| text.chars().nth(VALUE_CHARS).is_none();
    if is_short(before) && is_short(after) {
        return 0;
    }
    let pairs = before.chars().zip(after.chars());
    let alike = pairs.take_while(|(before, after)| before == after).count();
    alike.saturating_sub(LEAD_CHARS)
}

const VALUE_CHARS: usize = 60;
/// How much is shown before the first difference.
const LEAD_CHARS: usize = 20;

const EXAMPLES: &str = "\
Examples:
  contextrail context diff 01948c9a-2b3e-7d4f-8e5a 01948c9b-77aa-7b01-9c3d
  contextrail context diff 01948c9a-2b3e-7d4f-8e5a 01948c9b-77aa-7b01-9c3d -o json --exit-code";
