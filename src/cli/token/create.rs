//! `contextrail token create`.

use std::str::FromStr;

use serde::Serialize;

use super::super::exit::Exit;
use super::super::exit::Failure;
use super::super::output::{Page, single};
use super::super::person::person;
use super::super::plain;
use super::super::session::Session;
use crate::record::{
    AccessRole, Actor, ActorKind, ActorMethod, InvalidValue, Name, RecordId, Span, Tenant,
    Timestamp,
};
use crate::trail::TokenGrant;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// What it allows: ingest, analyst, investigator, reviewer, privacy, legal, auditor, admin, risk_owner, approver
    #[arg(long, value_name = "R")]
    role: AccessRole,
    /// Who gets it: the name that stands in the records; the user of the operating system when left out
    #[arg(long = "for", value_name = "WHO")]
    holder: Option<Name>,
    /// It is for a program, and not for a person; so it always is with the role ingest
    #[arg(long)]
    service: bool,
    /// Whose log it is for
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: Tenant,
    /// When it ends: 90d, 12h, 2027-03-01T00:00:00Z; it does not when left out
    #[arg(long, value_name = "D")]
    expires: Option<Expiry>,
    /// Who approves: two people for investigator, reviewer and privacy
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    approved_by: Vec<Name>,
}

/// When a token ends.
#[derive(Clone, Copy, Debug)]
enum Expiry {
    In(Span),
    At(Timestamp),
}

impl FromStr for Expiry {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let at = || text.parse().map(Self::At);
        text.parse()
            .map(Self::In)
            .or_else(|_| at())
            .map_err(|_| InvalidValue::new("time", text, "90d or 12h from now, or RFC 3339"))
    }
}

impl Expiry {
    fn at(self, now: Timestamp) -> Result<Timestamp, InvalidValue> {
        match self {
            Self::At(at) => Ok(at),
            Self::In(span) => {
                let us = span.as_millis().saturating_mul(1_000);
                Timestamp::from_micros(now.as_micros().saturating_add(us))
            }
        }
    }
}

/// A token that was just granted.
#[derive(Debug, Serialize)]
struct Created {
    id: RecordId,
    token: String,
    role: AccessRole,
    holder: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let local = Session::actor();
    let is_service = args.service || args.role == AccessRole::Ingest;
    let expires_at = args.expires.map(|it| it.at(session.now())).transpose();
    let expires_at = expires_at.map_err(|error| Failure::usage(error.to_string()))?;
    if expires_at.is_some_and(|at| at <= session.now()) {
        return Err(Failure::usage("--expires: that time has passed"));
    }
    let grant = TokenGrant {
        holder: Actor {
            id: args.holder.unwrap_or(local.id),
            kind: if is_service {
                ActorKind::Service
            } else {
                ActorKind::Human
            },
            method: ActorMethod::Asserted,
        },
        role: args.role,
        expires_at,
        approved_by: args.approved_by.into_iter().map(person).collect(),
    };
    let options = session.options()?.tenant(args.tenant);
    let trail = options.open(&session.trail_url).await?;
    let holder = grant.holder.id.clone();
    let granted = trail.grant_token(grant).await;
    trail.close().await;
    let (token, receipt) = granted?;
    let created = Created {
        id: receipt.id,
        token: token.to_string(),
        role: args.role,
        holder,
        expires_at,
    };
    single(&mut Session::stdout(), &created, session.format())?;
    Ok(Exit::Done)
}

impl Page for Created {
    fn id(&self) -> Option<String> {
        Some(self.id.to_string())
    }

    fn page(&self) -> String {
        let end = self
            .expires_at
            .map_or_else(|| "never".to_owned(), |at| at.to_string());
        format!(
            "{}\n  id       {}\n  role     {}\n  for      {}\n  expires  {end}\n  It is shown this once: no record or file has it.\n",
            self.token,
            self.id,
            self.role,
            plain::line(self.holder.as_str()),
        )
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail token create --role ingest --for loan-api --expires 90d
  contextrail token create --role admin --for anna
  contextrail token create --role investigator --for cleo --approved-by anna,ben -o json";
