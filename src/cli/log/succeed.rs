//! `contextrail log succeed`.

use super::super::exit::{Exit, Failure};
use super::super::person::person;
use super::super::session::Session;
use super::super::written;
use crate::record::Name;
use crate::trail::TrailError;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Why the newest database is lost
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who approves, two people at least
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    approved_by: Vec<Name>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    session.must_exist()?;
    let trail = session.writer().await?;
    let approvers = args.approved_by.into_iter().map(person);
    let succeeded = trail.succeed(&args.reason, approvers.collect()).await;
    let printed = match succeeded {
        Ok(receipt) => written::print(session, &trail, &[receipt.id], false).await,
        Err(error) => Err(refused(error)),
    };
    trail.close().await;
    printed.map(|()| Exit::Done)
}

fn refused(error: TrailError) -> Failure {
    match error {
        TrailError::Incomplete(what) => Failure::new(Exit::Usage, what),
        error => error.into(),
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail log succeed --reason 'disk lost, restored from the backup of 2 March' --approved-by anna,ben";
