//! `contextrail log status`.

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single};
use super::super::plain;
use super::super::session::Session;
use super::super::table_text::moment;
use crate::notary::{KnownHead, Standing};
use crate::record::{Acknowledged, Digest, Timestamp};
use crate::store::LogHead;

#[derive(Debug, Serialize)]
struct Status {
    origin: String,
    epoch: u64,
    size: u64,
    root: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<Signed>,
    frozen: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Debug, Serialize)]
struct Signed {
    size: u64,
    root: Digest,
    at: Timestamp,
    level: Acknowledged,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let standing = trail.notary().standing().await;
    let status = Status::of(&standing.map_err(crate::trail::TrailError::from)?);
    single(&mut Session::stdout(), &status, session.format())?;
    Ok(if status.frozen {
        Exit::Verification
    } else {
        Exit::Done
    })
}

impl Status {
    fn of(standing: &Standing) -> Self {
        let LogHead { size, root } = standing.head;
        Self {
            origin: standing.origin.clone(),
            epoch: standing.epoch,
            size,
            root: Digest::Sha256(root),
            signed: standing.newest.as_ref().map(Signed::of),
            frozen: standing.frozen.is_some(),
            why: standing.frozen.as_ref().map(ToString::to_string),
        }
    }
}

impl Signed {
    fn of(head: &KnownHead) -> Self {
        Self {
            size: head.head().size,
            root: Digest::Sha256(head.head().root),
            at: head.at,
            level: head.level(),
        }
    }
}

impl Page for Status {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let mut page = format!(
            "{}\n  epoch    {}\n  entries  {}\n  root     {}\n",
            self.origin, self.epoch, self.size, self.root
        );
        match &self.signed {
            Some(signed) => page.push_str(&format!(
                "  signed   {} entries at {}\n",
                signed.size,
                moment(signed.at)
            )),
            None => page.push_str("  signed   never\n"),
        }
        match &self.why {
            Some(why) => page.push_str(&format!("  frozen   {}\n", plain::line(why))),
            None => page.push_str("  the log contains the newest head that is known\n"),
        }
        page
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  contextrail log status
  contextrail log status -o json

Exit code 4 when the trail is frozen: the database is older than the newest signed head, or was changed.";
