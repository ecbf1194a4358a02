//! `contextrail migrate`: the schema of a trail on PostgreSQL.

use serde::Serialize;

use super::exit::{Exit, Failure};
use super::output::{Page, single};
use super::session::Session;

#[derive(Debug, Serialize)]
struct Migrated {
    trail: String,
    from: i64,
    to: i64,
}

pub(super) async fn run(session: &Session) -> Result<Exit, Failure> {
    let migrated = session.options()?.migrate(&session.trail_url).await?;
    let migrated = Migrated {
        trail: session.shown_url(),
        from: migrated.from,
        to: migrated.to,
    };
    single(&mut Session::stdout(), &migrated, session.format())?;
    Ok(Exit::Done)
}

impl Page for Migrated {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let Self { trail, from, to } = self;
        match (from, to) {
            (0, to) => format!("{trail} is a trail now, with schema {to}\n"),
            (from, to) if from == to => format!("{trail} has schema {to} already\n"),
            (from, to) => format!("{trail} has gone from schema {from} to {to}\n"),
        }
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  contextrail --trail 'postgres://owner@db.example.org/trails?schema=loans' migrate
  CONTEXTRAIL_TRAIL=postgres:///trails contextrail migrate -o json

The user has to own the schema or may create it; whoever writes needs select, insert, update and
delete on its tables. The password comes out of ~/.pgpass or PGPASSWORD, or stands in the address.";
