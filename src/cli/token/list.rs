//! `contextrail token list`.

use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::output::{List, Row};
use super::super::session::Session;
use super::super::table_text::moment;
use crate::record::{AccessRole, Actor, RecordId, Tenant, Timestamp};
use crate::trail::KnownToken;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Whose log they are for
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: Tenant,
}

#[derive(Debug, Serialize)]
struct Line {
    id: RecordId,
    role: AccessRole,
    holder: Actor,
    granted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    live: bool,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let options = session.options()?.tenant(args.tenant);
    let trail = options.open_for_reading(&session.trail_url).await?;
    let tokens = trail.tokens().await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for token in &tokens {
        list.push(&Line::of(token, session.now()))?;
    }
    list.finish::<Line>()?;
    Ok(Exit::Done)
}

impl Line {
    fn of(token: &KnownToken, now: Timestamp) -> Self {
        Self {
            id: token.id,
            role: token.grant.role,
            holder: token.grant.holder.clone(),
            granted_at: token.granted_at,
            expires_at: token.grant.expires_at,
            revoked_at: token.revoked_at,
            live: token.is_live(now),
        }
    }
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] =
        &["id", "role", "for", "granted", "expires", "revoked", "live"];

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn cells(&self) -> Vec<String> {
        let time = |at: Option<Timestamp>| at.map_or_else(String::new, moment);
        vec![
            self.id.to_string(),
            self.role.to_string(),
            self.holder.id.to_string(),
            moment(self.granted_at),
            time(self.expires_at),
            time(self.revoked_at),
            if self.live { "yes" } else { "no" }.to_owned(),
        ]
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail token list
  contextrail token list -o json";
