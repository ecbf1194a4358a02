//! `contextrail key`: the keys that personal values are encrypted under.

mod destroy;
mod rotate;
mod status;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::Session;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Say which keys there are, who keeps them, and what is encrypted under them
    #[command(after_help = status::EXAMPLES)]
    Status,
    /// Put a new key in the place of one; the change is recorded
    Rotate(rotate::Args),
    /// Destroy the key of an earlier epoch: what backups hold under it can be read no more
    Destroy(destroy::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Status => status::run(session).await,
        Verb::Rotate(args) => rotate::run(session, args).await,
        Verb::Destroy(args) => destroy::run(session, args).await,
    }
}
