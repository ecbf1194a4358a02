//! `contextrail log checkpoint`.

use std::io::Write as _;

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{OutputFormat, document, no_id};
use super::super::session::Session;
use crate::notary::{Ask, KnownHead};
use crate::record::{Acknowledged, Digest, Timestamp};
use crate::store::StoreError;
use crate::trail::{Trail, TrailError};

#[derive(Debug, Serialize)]
struct Shown {
    origin: String,
    size: u64,
    root: Digest,
    at: Timestamp,
    level: Acknowledged,
    note: String,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    let head = newest(session).await?;
    let mut out = Session::stdout();
    let text = match session.format {
        None | Some(OutputFormat::Table) => head.checkpoint.to_string(),
        Some(OutputFormat::Id) => return Err(no_id()),
        Some(format) => {
            let checkpoint = head.checkpoint.checkpoint();
            let shown = Shown {
                origin: checkpoint.origin().to_owned(),
                size: checkpoint.size(),
                root: Digest::Sha256(*checkpoint.root()),
                at: head.at,
                level: head.level(),
                note: head.checkpoint.to_string(),
            };
            document(&shown, format)?
        }
    };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Has the head signed when nobody else writes; else what is signed already is the newest.
async fn newest(session: &Session) -> Result<KnownHead, Failure> {
    session.must_exist()?;
    let opened = session.options()?.open(&session.trail_url).await;
    let trail = match opened {
        Err(TrailError::Store(error))
            if matches!(
                *error,
                StoreError::InUse { .. } | StoreError::ReadOnly { .. }
            ) =>
        {
            session.reader().await?
        }
        opened => opened?,
    };
    let head = attested(&trail).await;
    trail.close().await;
    Ok(head?)
}

/// The newest head, with what witnesses and timestamp authorities say of it now.
async fn attested(trail: &Trail) -> Result<KnownHead, TrailError> {
    let head = trail.checkpoint().await?;
    if trail.is_read_only() {
        return Ok(head);
    }
    Ok(trail.notary().attest(Ask::Everybody).await?.unwrap_or(head))
}

pub(super) const EXAMPLES: &str = "\
Examples:
  contextrail log checkpoint > head.txt
  contextrail log checkpoint -o json

The witnesses and timestamp authorities of the trail are asked about the head first; what they say
is part of it. One that is away is left out: -o json says which level the head reached.";
