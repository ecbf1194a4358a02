//! `contextrail log status`.

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{Page, single};
use super::super::plain;
use super::super::session::Session;
use super::super::table_text::moment;
use crate::notary::{HeadPlace, KnownHead, Notary, NotaryError};
use crate::record::{Acknowledged, Digest, Timestamp};
use crate::store::LogHead;
use crate::trail::TrailError;

#[derive(Debug, Serialize)]
struct Status {
    origin: String,
    epoch: u64,
    size: u64,
    root: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<Signed>,
    /// How many entries have reached each level.
    reached: Reached,
    /// What the witnesses say now, in the order they are named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    witnesses: Vec<Witness>,
    /// The second place of signed heads, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<Kept>,
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

#[derive(Debug, Serialize)]
struct Reached {
    checkpointed: u64,
    witnessed: u64,
    timestamped: u64,
}

#[derive(Debug, Serialize)]
struct Witness {
    url: String,
    agrees: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Debug, Serialize)]
struct Kept {
    place: String,
    /// Entries of the newest head there.
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let status = Status::of(trail.notary()).await.map_err(TrailError::from)?;
    single(&mut Session::stdout(), &status, session.format())?;
    Ok(if status.frozen {
        Exit::Verification
    } else {
        Exit::Done
    })
}

impl Status {
    async fn of(notary: &Notary) -> Result<Self, NotaryError> {
        let asked = notary.ask_witnesses().await?;
        // After the witnesses, who may know that it is frozen.
        let standing = notary.standing().await?;
        let LogHead { size, root } = standing.head;
        Ok(Self {
            origin: standing.origin,
            epoch: standing.epoch,
            size,
            root: Digest::Sha256(root),
            signed: standing.newest.as_ref().map(Signed::of),
            reached: Reached {
                checkpointed: reach(notary, Acknowledged::Checkpointed).await,
                witnessed: reach(notary, Acknowledged::Witnessed).await,
                timestamped: reach(notary, Acknowledged::Timestamped).await,
            },
            witnesses: asked.into_iter().map(Witness::of).collect(),
            kept: notary.head_place().await.map(Kept::of),
            frozen: standing.frozen.is_some(),
            why: standing.frozen.as_ref().map(ToString::to_string),
        })
    }

    fn levels(&self) -> String {
        let Reached {
            checkpointed,
            witnessed,
            timestamped,
        } = self.reached;
        format!("{checkpointed} signed, {witnessed} witnessed, {timestamped} timestamped")
    }
}

async fn reach(notary: &Notary, level: Acknowledged) -> u64 {
    let newest = notary.newest_with(level).await;
    newest.map_or(0, |head| head.head().size)
}

impl Witness {
    fn of((url, why): (String, Option<String>)) -> Self {
        Self {
            url,
            agrees: why.is_none(),
            why,
        }
    }
}

impl Kept {
    fn of(place: HeadPlace) -> Self {
        Self {
            place: place.place,
            size: place.newest.map_or(0, |head| head.head().size),
            why: place.away,
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
                "  signed   {} entries at {}, {}\n  reached  {}\n",
                signed.size,
                moment(signed.at),
                signed.level,
                self.levels(),
            )),
            None => page.push_str("  signed   never\n"),
        }
        for witness in &self.witnesses {
            let says = witness.why.as_deref().unwrap_or("agrees");
            let line = format!("{}: {says}", witness.url);
            page.push_str(&format!("  witness  {}\n", plain::line(&line)));
        }
        if let Some(Kept { place, size, why }) = &self.kept {
            let line = match why {
                Some(why) => why.clone(),
                None => format!("{size} entries in the {place}"),
            };
            page.push_str(&format!("  kept     {}\n", plain::line(&line)));
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

The witnesses of the trail are asked whether they know more of it. Exit code 4 when it is frozen: the
database is older than the newest head that was signed or witnessed, or was changed.";
