//! `contextrail privacy`: what redaction took out of records.

use clap::Subcommand;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::output::{Page, single};
use super::plain;
use super::session::Session;
use crate::privacy::keys::Token;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Print the value that a token stands for
    Reveal(RevealArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RevealArgs {
    /// The token, as it stands in the record: `[tok:…]`
    token: String,
}

/// What a token stands for.
#[derive(Debug, Serialize)]
struct Revealed {
    value: String,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Reveal(args) => reveal(session, &args).await,
    }
}

async fn reveal(session: &Session, args: &RevealArgs) -> Result<Exit, Failure> {
    let token = args.token.parse::<Token>();
    let token = token.map_err(|error| Failure::usage(error.to_string()))?;
    let trail = session.reader().await?;
    let value = trail.reveal(&token).await?;
    single(
        &mut Session::stdout(),
        &Revealed { value },
        session.format(),
    )?;
    Ok(Exit::Done)
}

impl Page for Revealed {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        format!("{}\n", plain::lines(&self.value).trim_end_matches('\n'))
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail privacy reveal '[tok:AWx…]'

The keys of the trail are needed. Nothing is recorded of it on a local trail.";
