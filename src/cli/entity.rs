//! `contextrail entity show T:ID`: the history of an entity.

use clap::Subcommand;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::output::{List, Row};
use super::session::Session;
use super::table_text::moment;
use crate::record::{EntityRef, Kind, RecordId, Timestamp};
use crate::trail::Event;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show contexts, decisions, reviews and outcomes of an entity, oldest first
    Show(Args),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The entity, type:id
    #[arg(value_name = "T:ID")]
    entity: EntityRef,
}

/// One record in the history of an entity.
#[derive(Debug, Serialize)]
struct Line {
    at: Timestamp,
    kind: Kind,
    id: RecordId,
    summary: String,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    let Verb::Show(args) = verb;
    let trail = session.reader().await?;
    let history = trail.history(&args.entity).await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for event in &history {
        list.push(&Line::from(event))?;
    }
    list.finish::<Line>()?;
    Ok(Exit::Done)
}

impl From<&Event> for Line {
    fn from(event: &Event) -> Self {
        Self {
            at: event.at,
            kind: event.stored.record().kind(),
            id: event.stored.id(),
            summary: event.summary(),
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["time", "kind", "id", "summary"];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            moment(self.at),
            self.kind.to_string(),
            self.id.to_string(),
            self.summary.clone(),
        ]
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail entity show applicant:user_456
  contextrail entity show applicant:user_456 -o json";
