//! `contextrail artifact`: governed versions.

mod diff;
mod list;
mod record;
mod show;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::Session;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Register a version of an artifact: a model, an objective, a policy, a data set
    Register(record::RegisterArgs),
    /// List the registered versions, and how they stand
    List(list::Args),
    /// Show a version, who approved it, and how it stands
    Show(show::Args),
    /// Approve a version that somebody else wrote
    Approve(record::ApproveArgs),
    /// Say that a version is not to be used any more
    Retire(record::RetireArgs),
    /// Say what is different between two versions, by what it means
    Diff(diff::Args),
    /// Show the version that is or was in force
    InForce(show::InForceArgs),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Register(args) => record::register(session, args).await,
        Verb::List(args) => list::run(session, &args).await,
        Verb::Show(args) => show::run(session, &args).await,
        Verb::Approve(args) => record::approve(session, args).await,
        Verb::Retire(args) => record::retire(session, args).await,
        Verb::Diff(args) => diff::run(session, &args).await,
        Verb::InForce(args) => show::in_force(session, &args).await,
    }
}
