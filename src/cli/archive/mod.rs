//! `contextrail archive`: values that are no longer hot, in write-once segments.

mod apply;
mod status;
mod verify;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Move the values of records whose hot period is over to the archive
    Apply(apply::Args),
    /// Show the segments that the log names, and what they save
    #[command(after_help = status::EXAMPLES)]
    Status,
    /// Read every segment, and hold it against the log and the records
    Verify(verify::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Apply(args) => apply::run(session, &args).await,
        Verb::Status => status::run(session).await,
        Verb::Verify(args) => verify::run(session, &args).await,
    }
}
