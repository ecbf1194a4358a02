//! `contextrail token`: who may use the server, and for what.

mod create;
mod list;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::{Session, resolve};
use super::written;
use crate::record::Tenant;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Grant a token, and print it: it is shown this once
    Create(create::Args),
    /// List the tokens that were granted, oldest first
    List(list::Args),
    /// Revoke a token
    Revoke(RevokeArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = REVOKE_EXAMPLES)]
pub(super) struct RevokeArgs {
    /// The token, or the first 8 characters or more of its id: what `token list` prints
    #[arg(value_name = "ID")]
    token: String,
    /// Whose log it is in
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: Tenant,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Create(args) => create::run(session, args).await,
        Verb::List(args) => list::run(session, args).await,
        Verb::Revoke(args) => revoke(session, args).await,
    }
}

async fn revoke(session: &Session, args: RevokeArgs) -> Result<Exit, Failure> {
    session.must_exist()?;
    let options = session.options()?.tenant(args.tenant);
    let trail = options.open(&session.trail_url).await?;
    let revoked = async {
        let id = resolve(&trail, &args.token).await?;
        let receipt = trail.revoke_token(id).await?;
        written::print(session, &trail, &[receipt.id], false).await
    };
    let revoked = revoked.await;
    trail.close().await;
    revoked.map(|()| Exit::Done)
}

const REVOKE_EXAMPLES: &str = "\
Examples:
  contextrail token revoke 01948c9a-2b3e-7d4f-8e5a";
