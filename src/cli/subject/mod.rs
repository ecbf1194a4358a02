//! `contextrail subject …`: what a person may ask for.

mod erase;
mod explain;
mod export;
mod scan;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Take every value of a person or thing away for ever; the proofs of what is left stay whole
    Erase(erase::Args),
    /// Give a person everything recorded about them, the data of others masked
    Export(export::Args),
    /// Explain a decision to the person it is about
    Explain(explain::Args),
    /// Look for what an erasure should have left nothing of, in every record and file
    Scan(scan::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Erase(args) => erase::run(session, args).await,
        Verb::Export(args) => export::run(session, &args).await,
        Verb::Explain(args) => explain::run(session, &args).await,
        Verb::Scan(args) => scan::run(session, &args).await,
    }
}
