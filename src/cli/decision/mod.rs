//! `contextrail decision …`

mod export;
mod list;
mod record;
mod show;
mod view;

use clap::Subcommand;

pub(super) use view::Chosen;

use super::exit::{Exit, Failure};
use super::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Record one decision or several from a file
    Record(record::Args),
    /// List decisions, newest first
    List(list::Args),
    /// Show a decision, or all decisions on a business key
    Show(show::Args),
    /// Export a decision, or all decisions on a business key
    Export(export::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Record(args) => record::run(session, &args).await,
        Verb::List(args) => list::run(session, &args).await,
        Verb::Show(args) => show::run(session, &args).await,
        Verb::Export(args) => export::run(session, &args).await,
    }
}
