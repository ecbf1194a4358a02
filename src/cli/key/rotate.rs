//! `contextrail key rotate`.

use clap::ValueEnum;

use super::super::exit::{Exit, Failure};
use super::super::session::{Session, warn};
use super::super::written;
use crate::record::EntityRef;
use crate::trail::{Rotated, Trail, TrailError};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Which key
    #[arg(long, value_enum)]
    level: Level,
    /// Whose key, type:id
    #[arg(long, value_name = "T:ID", required_if_eq("level", "entity"))]
    entity: Option<EntityRef>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Level {
    /// The key-encryption key, which the keys of tenants are encrypted under
    Kek,
    /// The key of the tenant, which the keys of entities are encrypted under: begins an epoch
    Tenant,
    /// The key of one entity, which its values are encrypted under
    Entity,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    if args.entity.is_some() && args.level != Level::Entity {
        return Err(Failure::usage("--entity goes with --level entity alone"));
    }
    session.must_exist()?;
    let trail = session.writer().await?;
    let done = match rotated(session, &trail, &args).await {
        Ok(rotated) => told(session, &trail, &rotated).await,
        Err(error) => Err(error.into()),
    };
    trail.close().await;
    done
}

async fn rotated(session: &Session, trail: &Trail, args: &Args) -> Result<Rotated, TrailError> {
    let bar = session.progress("encrypting keys anew");
    let progress = |done| bar.set_position(done);
    let rotated = match (args.level, &args.entity) {
        (Level::Entity, Some(entity)) => trail.rotate_entity_key(entity, progress).await,
        (Level::Tenant, _) => trail.rotate_tenant_key(progress).await,
        _ => trail.rotate_key_encryption().await,
    };
    bar.finish_and_clear();
    rotated
}

async fn told(session: &Session, trail: &Trail, rotated: &Rotated) -> Result<Exit, Failure> {
    written::print(session, trail, &[rotated.receipt.id], false).await?;
    if rotated.unopened == 0 {
        return Ok(Exit::Done);
    }
    warn(&format!(
        "warning: {} keys of entities do not open and stay as they are: see `contextrail key status`",
        rotated.unopened
    ));
    Ok(Exit::Incomplete)
}

const EXAMPLES: &str = "\
Examples:
  contextrail key rotate --level kek
  contextrail key rotate --level tenant
  contextrail key rotate --level entity --entity applicant:user_456

Stopped halfway, everything opens; run it again. A key service or command has its key rotated there
first: `--level kek` then brings the keys of tenants under the newest. Exit code 7 when keys of entities
did not open, and stay under the epoch they were under.";
