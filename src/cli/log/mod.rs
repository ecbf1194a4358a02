//! `contextrail log`: proofs, heads and keys.

mod checkpoint;
mod key;
mod prove;
mod status;
mod succeed;
mod witness;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::Session;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Say how the log stands: its head, the newest signed one, and whether they agree
    #[command(after_help = status::EXAMPLES)]
    Status,
    /// Print the newest signed head, as a C2SP checkpoint
    #[command(after_help = checkpoint::EXAMPLES)]
    Checkpoint,
    /// Print the proof that a record is in the log, as a C2SP tlog-proof
    Prove(prove::ProveArgs),
    /// Print the proof that the log of one size begins with that of another
    Consistency(prove::ConsistencyArgs),
    /// Show or replace the key that signs heads
    #[command(subcommand, arg_required_else_help = true)]
    Key(key::Verb),
    /// Run a witness: it cosigns heads that continue what it has seen (C2SP tlog-witness)
    Witness(witness::Args),
    /// Begin a new epoch of a frozen log, after a restore
    Succeed(succeed::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Status => status::run(session).await,
        Verb::Checkpoint => checkpoint::run(session).await,
        Verb::Prove(args) => prove::prove(session, &args).await,
        Verb::Consistency(args) => prove::consistency(session, &args).await,
        Verb::Key(verb) => key::run(session, verb).await,
        Verb::Witness(args) => witness::run(args).await,
        Verb::Succeed(args) => succeed::run(session, args).await,
    }
}
