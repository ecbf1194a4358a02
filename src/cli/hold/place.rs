//! `contextrail hold place`.

use std::str::FromStr;

use super::super::exit::Failure;
use super::super::person::person;
use super::super::session::{Session, resolve};
use super::super::when::When;
use crate::record::{Hold, HoldQuery, HoldTarget, InvalidValue, Name, Receipt, Timestamp};
use crate::trail::Trail;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// An entity or business key, type:id; a decision, or the first 8 characters or more of its id;
    /// or a query: use_case, name, class, since, until, each NAME=VALUE, with commas between
    #[arg(value_name = "T:ID|DECISION|QUERY")]
    target: Target,
    /// The matter it is for, such as a case number; it is not encrypted
    #[arg(long, value_name = "M")]
    matter: Name,
    /// Who places it
    #[arg(long, value_name = "WHO")]
    by: Name,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "WHO")]
    owner: Option<Name>,
    /// When to look whether it is still needed: 2027-03-01, RFC 3339
    #[arg(long, value_name = "T")]
    review_at: Option<When>,
}

/// What a hold is to be placed on, as it is written.
#[derive(Clone, Debug)]
enum Target {
    Entity(crate::record::EntityRef),
    Decision(String),
    Query(Vec<Part>),
}

/// One condition of a query. Times may be relative to now.
#[derive(Clone, Debug)]
enum Part {
    UseCase(Name),
    Name(Name),
    Class(Name),
    Since(When),
    Until(When),
}

impl FromStr for Target {
    type Err = InvalidValue;

    /// What comes first, `:` or `=`, says what it is; without either it is the id of a decision.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text.find([':', '=']).map(|at| text.as_bytes()[at]) {
            Some(b':') => Ok(Self::Entity(text.parse()?)),
            Some(_) => Ok(Self::Query(
                text.split(',').map(str::parse).collect::<Result<_, _>>()?,
            )),
            None => Ok(Self::Decision(text.to_owned())),
        }
    }
}

impl FromStr for Part {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        Ok(match name.trim() {
            "use_case" => Self::UseCase(value.parse()?),
            "name" => Self::Name(value.parse()?),
            "class" => Self::Class(value.parse()?),
            "since" => Self::Since(value.parse()?),
            "until" => Self::Until(value.parse()?),
            _ => return Err(InvalidValue::new("query", text, EXPECTED)),
        })
    }
}

fn query(parts: Vec<Part>, now: Timestamp) -> Result<HoldQuery, Failure> {
    let mut query = HoldQuery::default();
    for part in parts {
        let twice = match part {
            Part::UseCase(it) => query.use_case.replace(it).is_some(),
            Part::Name(it) => query.name.replace(it).is_some(),
            Part::Class(it) => query.class.replace(it).is_some(),
            Part::Since(it) => query.since.replace(it.at(now)).is_some(),
            Part::Until(it) => query.until.replace(it.at(now)).is_some(),
        };
        if twice {
            return Err(
                Failure::usage("the query says the same thing twice: say each once")
                    .try_next("contextrail hold place --help"),
            );
        }
    }
    Ok(query)
}

pub(super) async fn place(
    session: &Session,
    trail: &Trail,
    args: Args,
) -> Result<Receipt, Failure> {
    let now = session.now();
    let target = match args.target {
        Target::Entity(entity) => HoldTarget::Entity(entity),
        Target::Decision(prefix) => HoldTarget::Decision(resolve(trail, &prefix).await?.into()),
        Target::Query(parts) => HoldTarget::Query(query(parts, now)?),
    };
    let hold = Hold {
        matter: args.matter,
        target,
        placed_by: person(args.by),
        reason: args.reason,
        review_at: args.review_at.map(|it| it.at(now)),
        owner: args.owner,
    };
    Ok(trail.place_hold(hold).await?)
}

const EXPECTED: &str =
    "use_case=NAME, name=NAME, class=NAME, since=T, until=T, with commas between";

const EXAMPLES: &str = "\
Examples:
  contextrail hold place applicant:user_456 --matter LIT-7 --by anna --review-at 2027-03-01
  contextrail hold place 01948c9b --matter LIT-8 --by anna --owner legal --reason 'claim of 2 March'
  contextrail hold place use_case=credit_underwriting,since=2026-09-01 --matter AUDIT-3 --by anna";
