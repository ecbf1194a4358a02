//! `contextrail hold list`.

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{List, Row};
use super::super::session::Session;
use super::super::table_text::moment;
use crate::record::{Actor, HoldId, HoldTarget, Name, Timestamp};
use crate::trail::OpenHold;

#[derive(Debug, Serialize)]
struct Line {
    id: HoldId,
    matter: Name,
    target: HoldTarget,
    since: Timestamp,
    placed_by: Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review_at: Option<Timestamp>,
    /// Whether the time to review it has passed.
    review_is_due: bool,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let holds = trail.holds().await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for hold in &holds {
        list.push(&Line::of(hold, session.now()))?;
    }
    list.finish::<Line>()?;
    Ok(Exit::Done)
}

impl Line {
    fn of(open: &OpenHold, now: Timestamp) -> Self {
        let hold = open.hold().clone();
        Self {
            id: open.id(),
            matter: hold.matter,
            target: hold.target,
            since: open.since(),
            placed_by: hold.placed_by,
            reason: hold.reason,
            owner: hold.owner,
            review_at: hold.review_at,
            review_is_due: hold.review_at.is_some_and(|at| now >= at),
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "matter",
        "on",
        "since",
        "placed by",
        "owner",
        "review",
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        let review = self.review_at.map_or_else(String::new, moment);
        let due = if self.review_is_due { " (due)" } else { "" };
        vec![
            self.id.to_string(),
            self.matter.to_string(),
            self.target.to_string(),
            moment(self.since),
            self.placed_by.id.to_string(),
            self.owner
                .as_ref()
                .map_or_else(String::new, Name::to_string),
            review + due,
        ]
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  contextrail hold list
  contextrail hold list -o json";
