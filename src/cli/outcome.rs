//! `contextrail outcome add`: what happened after a decision.

use clap::Subcommand;
use serde_json::Value;

use super::exit::{Exit, Failure};
use super::session::{Session, resolve};
use super::when::When;
use super::written;
use crate::codec::{ReadErrorKind, decode, read_json};
use crate::record::Name;
use crate::trail::Trail;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Record that something happened after a decision
    Add(Args),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The decision, or the first 8 characters or more of its id
    decision: String,
    /// What happened: repaid, disputed, appealed
    #[arg(long, value_name = "K")]
    kind: Name,
    /// A value that goes with it: JSON, or else a text
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    value: Option<String>,
    /// A note
    #[arg(long)]
    note: Option<String>,
    /// When it happened: 2h, yesterday, 2026-09-01, RFC 3339; now when left out
    #[arg(long, value_name = "T")]
    at: Option<When>,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    let Verb::Add(args) = verb;
    let value = args.value.as_deref().map(value_of).transpose()?;
    let trail = session.writer().await?;
    let printed = add(session, &trail, args, value).await;
    trail.close().await;
    printed.map(|()| Exit::Done)
}

async fn add(
    session: &Session,
    trail: &Trail,
    args: Args,
    value: Option<Value>,
) -> Result<(), Failure> {
    let decision = resolve(trail, &args.decision).await?;
    let mut outcome = trail.outcome_of(decision.into(), args.kind.as_str());
    if let Some(value) = value {
        outcome = outcome.value(value);
    }
    if let Some(note) = args.note {
        outcome = outcome.note(note);
    }
    if let Some(at) = args.at {
        outcome = outcome.at(at.at(session.now()));
    }
    let receipt = outcome.commit().await?;
    written::print(session, trail, &[receipt.id], false).await
}

/// JSON where it is JSON; what is not is a text. JSON that would lose something is refused.
fn value_of(text: &str) -> Result<Value, Failure> {
    let refused = |error| Failure::usage(format!("--value: {error}"));
    match read_json(text.as_bytes()) {
        Ok(node) => decode(&node).map_err(refused),
        Err(error) if error.kind() == ReadErrorKind::Syntax => Ok(Value::String(text.to_owned())),
        Err(error) => Err(refused(error)),
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail outcome add 01948c9b --kind repaid
  contextrail outcome add 01948c9b --kind disputed --value '{\"amount\": \"120.50\"}' --at yesterday";
