//! `contextrail evidence`: files that prove decisions to a stranger.

mod pack;
mod show;
mod verify;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::Session;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Pack a file that proves a decision, a range of the log, or everything about an entity
    #[command(subcommand, arg_required_else_help = true)]
    Pack(pack::Verb),
    /// Check such a file: no trail and no network is needed
    Verify(verify::Args),
    /// Print the summary in such a file, unchecked
    Show(show::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Pack(verb) => pack::run(session, verb).await,
        Verb::Verify(args) => verify::run(session, &args),
        Verb::Show(args) => show::run(&args),
    }
}

/// Reads a file that is a bundle, or should be one.
fn read(path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::file(Exit::Storage, path, &error))
}
