//! `contextrail config`: what a server is run with.

mod check;
mod file;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::Session;

pub(super) use file::{Config, TlsFiles};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Check a configuration file, and all that it names, without serving
    Check(check::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Check(args) => check::run(session, &args).await,
    }
}
