//! `contextrail key destroy`.

use super::super::exit::{Exit, Failure};
use super::super::person::person;
use super::super::session::Session;
use super::super::written;
use crate::record::Name;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The epoch whose key is destroyed
    #[arg(long, value_name = "N")]
    epoch: u32,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Name,
    /// Who approves, two people at least
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    approved_by: Vec<Name>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    session.must_exist()?;
    let trail = session.writer().await?;
    let approvers = args.approved_by.into_iter().map(person);
    let reason = args.reason.to_string();
    let destroyed = trail.destroy_epoch(args.epoch, &reason, approvers.collect());
    let printed = match destroyed.await {
        Ok(receipt) => written::print(session, &trail, &[receipt.id], false).await,
        Err(error) => Err(error.into()),
    };
    trail.close().await;
    printed.map(|()| Exit::Done)
}

const EXAMPLES: &str = "\
Examples:
  contextrail key rotate --level tenant
  contextrail key destroy --epoch 1 --reason 'backups of 2025 are past their time' --approved-by anna,ben

It cannot be undone. Exit code 8 for the epoch in use, and while keys of entities are encrypted under it.
The key is gone from the keyring; copies of the keyring are for you to destroy.";
