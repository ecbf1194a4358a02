//! `contextrail log key`.

use std::io::Write as _;

use clap::Subcommand;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{OutputFormat, document, no_id};
use super::super::session::Session;
use crate::log::VerifierKey;
use crate::trail::TrailError;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Print the verification key, `name+hash+key`: what `evidence verify --key` takes
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// Print every key that ever signed, the newest last
        #[arg(long)]
        all: bool,
    },
    /// Make a new signing key; the next head is signed by both, and the change is recorded
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate {
        /// The file of the old key is gone: begin with a new one
        #[arg(long)]
        lost: bool,
        /// Record that the old key is not to be trusted for logs of this size or larger
        #[arg(long, value_name = "SIZE")]
        revoke_from: Option<u64>,
    },
}

#[derive(Debug, Serialize)]
struct Key {
    name: String,
    key: String,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Show { all } => show(session, all).await,
        Verb::Rotate { lost, revoke_from } => rotate(session, lost, revoke_from).await,
    }
}

async fn show(session: &Session, all: bool) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let mut keys = trail
        .notary()
        .verifier_keys()
        .await
        .map_err(TrailError::from)?;
    if !all {
        keys.drain(..keys.len().saturating_sub(1));
    }
    if keys.is_empty() {
        let what = "no key has signed for this trail yet";
        return Err(Failure::new(Exit::NotFound, what).try_next("contextrail log checkpoint"));
    }
    print(session, &keys)
}

async fn rotate(session: &Session, lost: bool, revoke_from: Option<u64>) -> Result<Exit, Failure> {
    session.must_exist()?;
    let options = session.options()?.replace_lost_key(lost);
    let trail = options.open(&session.trail_url).await?;
    let rotated = rotated(&trail, revoke_from).await;
    let keys = trail.notary().verifier_keys().await;
    trail.close().await;
    rotated?;
    let keys = keys.map_err(TrailError::from)?;
    print(session, &keys[keys.len().saturating_sub(1)..])
}

async fn rotated(trail: &crate::Trail, revoke_from: Option<u64>) -> Result<(), TrailError> {
    let before = trail.notary().verifier_keys().await?;
    trail.rotate_key().await?;
    if let (Some(size), Some(old)) = (revoke_from, before.last()) {
        trail.revoke_key(old.to_string(), size).await?;
    }
    Ok(())
}

fn print(session: &Session, keys: &[VerifierKey]) -> Result<Exit, Failure> {
    let shown = keys.iter().map(|key| Key {
        name: key.name().to_string(),
        key: key.to_string(),
    });
    let text = match session.format {
        None | Some(OutputFormat::Table) => keys.iter().map(|key| format!("{key}\n")).collect(),
        Some(OutputFormat::Id) => return Err(no_id()),
        Some(format) => document(&shown.collect::<Vec<_>>(), format)?,
    };
    let mut out = Session::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

const SHOW_EXAMPLES: &str = "\
Examples:
  contextrail log key show > trail.key.pub
  contextrail log key show --all";

const ROTATE_EXAMPLES: &str = "\
Examples:
  contextrail log key rotate
  contextrail log key rotate --revoke-from 120000
  contextrail log key rotate --lost";
