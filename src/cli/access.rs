//! `contextrail access`: who looked at what through the server.

use clap::Subcommand;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::output::{List, Row};
use super::session::Session;
use super::table_text::moment;
use super::window::Window;
use crate::record::{AccessEvent, Actor, Body, EntityRef, RecordId, Tenant, Timestamp};
use crate::trail::{AccessFilter, Stored};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List looks and refused attempts, newest first
    List(Args),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// At this entity: asked for by it, or at a record about it
    #[arg(long, value_name = "T:ID")]
    entity: Option<EntityRef>,
    /// By this person or program
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// In whose log
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: Tenant,
    #[command(flatten)]
    window: Window,
}

/// One look.
#[derive(Debug, Serialize)]
struct Line {
    id: RecordId,
    at: Timestamp,
    by: Actor,
    #[serde(flatten)]
    event: AccessEvent,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    let Verb::List(args) = verb;
    let options = session.options()?.tenant(args.tenant);
    let trail = options.open_for_reading(&session.trail_url).await?;
    let filter = AccessFilter {
        entity: args.entity,
        by: args.by,
        after: args.window.after(&trail).await?,
    };
    let found = trail.accesses(filter, args.window.limit()).await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for line in found.iter().filter_map(Line::of) {
        list.push(&line)?;
    }
    list.finish::<Line>()?;
    Ok(Exit::Done)
}

impl Line {
    fn of(stored: &Stored) -> Option<Self> {
        let Body::Access(event) = &stored.record().body else {
            return None;
        };
        let head = &stored.record().head;
        Some(Self {
            id: head.id,
            at: head.recorded_at,
            by: head.actor.clone(),
            event: AccessEvent::clone(event),
        })
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &[
        "time", "by", "what", "route", "records", "purpose", "refused", "times",
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            moment(self.at),
            self.by.id.to_string(),
            self.event.what.as_str().to_owned(),
            self.event.route.clone(),
            self.event.refs.len().to_string(),
            self.event.purpose.clone().unwrap_or_default(),
            self.event.refused.clone().unwrap_or_default(),
            self.event.count.to_string(),
        ]
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail access list
  contextrail access list --entity applicant:user_456 -o json
  contextrail access list --by cleo --all";
