//! `contextrail hold`: what may not be erased while a matter is open.

mod list;
mod place;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::person::person;
use super::session::{Session, resolve};
use super::written;
use crate::record::{Name, Receipt};
use crate::trail::Trail;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Place a hold on an entity, a decision, or all that fits a query
    Place(place::Args),
    /// List the holds that are open, oldest first
    #[command(after_help = list::EXAMPLES)]
    List,
    /// Release a hold, which two people approve
    Release(ReleaseArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = RELEASE_EXAMPLES)]
pub(super) struct ReleaseArgs {
    /// The hold, or the first 8 characters or more of its id
    #[arg(value_name = "ID")]
    hold: String,
    /// Why it is needed no longer
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who approves, two people at least
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    approved_by: Vec<Name>,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    if let Verb::List = verb {
        return list::run(session).await;
    }
    session.must_exist()?;
    let trail = session.writer().await?;
    let done = match verb {
        Verb::Place(args) => place::place(session, &trail, args).await,
        Verb::Release(args) => release(&trail, args).await,
        Verb::List => return Ok(Exit::Done),
    };
    let printed = match done {
        Ok(receipt) => written::print(session, &trail, &[receipt.id], false).await,
        Err(failure) => Err(failure),
    };
    trail.close().await;
    printed.map(|()| Exit::Done)
}

async fn release(trail: &Trail, args: ReleaseArgs) -> Result<Receipt, Failure> {
    let hold = resolve(trail, &args.hold).await?;
    let approvers = args.approved_by.into_iter().map(person).collect();
    Ok(trail
        .release_hold(hold.into(), &args.reason, approvers)
        .await?)
}

const RELEASE_EXAMPLES: &str = "\
Examples:
  contextrail hold release 01948c9d --reason 'settled on 2 March' --approved-by anna,ben";
