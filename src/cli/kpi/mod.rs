//! `contextrail kpi`: measured values.

mod compare;
mod log;
mod report;

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::session::Session;
use super::when::When;
use crate::govern::Asked;
use crate::record::{InvalidValue, Timestamp};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Record measured values: one, or one JSON value a line
    Log(log::Args),
    /// Say what was measured of a metric, part by part
    Report(report::Args),
    /// Hold a metric under one version of an artifact against another
    Compare(compare::Args),
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Log(args) => log::run(session, &args).await,
        Verb::Report(args) => report::run(session, args).await,
        Verb::Compare(args) => compare::run(session, args).await,
    }
}

/// Which values are asked for.
#[derive(Clone, Debug, clap::Args)]
struct Which {
    /// Only those of this part; may be given several times
    #[arg(long = "where", value_name = "K=V")]
    parts: Vec<Part>,
    /// The earliest time, inclusive: 2h, 7d, yesterday, 2026-09-01, RFC 3339
    #[arg(long, value_name = "T")]
    since: Option<When>,
    /// The latest time, exclusive
    #[arg(long, value_name = "T")]
    until: Option<When>,
}

impl Which {
    fn asked(self, now: Timestamp) -> Asked {
        let parts = self
            .parts
            .into_iter()
            .map(|Part(slice, value)| (slice, value));
        Asked {
            since: self.since.map(|it| it.at(now)),
            until: self.until.map(|it| it.at(now)),
            r#where: parts.collect::<BTreeMap<_, _>>(),
            ..Asked::default()
        }
    }
}

/// A slice and its value, as they are written.
#[derive(Clone, Debug)]
struct Part(String, String);

impl FromStr for Part {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text.split_once('=') {
            Some((slice, value)) if !slice.is_empty() && !value.is_empty() => {
                Ok(Self(slice.to_owned(), value.to_owned()))
            }
            _ => Err(InvalidValue::new(
                "part",
                text,
                "SLICE=VALUE, such as region=EU",
            )),
        }
    }
}
