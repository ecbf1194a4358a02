//! Which part of a long list to print.

use super::exit::Failure;
use super::output::{List, Row};
use super::session::{Session, resolve};
use super::when::When;
use crate::record::{RecordId, Timestamp};
use crate::trail::{Pages, Stored, Trail};

/// How many, and from where on.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Window {
    /// How many to print at most; 50 when left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true, conflicts_with = "all")]
    limit: Option<u32>,
    /// Continue behind this record
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// Print all of them
    #[arg(long)]
    all: bool,
}

impl Window {
    /// How many to print at most.
    pub(super) fn limit(&self) -> usize {
        if self.all {
            return usize::MAX;
        }
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    pub(super) async fn after(&self, trail: &Trail) -> Result<Option<RecordId>, Failure> {
        match &self.after {
            Some(prefix) => Ok(Some(resolve(trail, prefix).await?)),
            None => Ok(None),
        }
    }

    /// Prints what `pages` gives, as far as the window goes.
    pub(super) async fn print<T: Row>(
        &self,
        session: &Session,
        mut pages: Pages,
        row: impl Fn(&Stored) -> Option<T>,
    ) -> Result<(), Failure> {
        let mut out = Session::stdout();
        let mut list = List::new(&mut out, session.format());
        let mut left = self.limit();
        while left > 0 {
            let Some(page) = pages.next().await? else {
                break;
            };
            for row in page.iter().filter_map(&row).take(left) {
                list.push(&row)?;
                left -= 1;
            }
        }
        list.finish::<T>()
    }
}

/// From when to when.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Between {
    /// The earliest time, inclusive: 2h, 7d, yesterday, 2026-09-01, RFC 3339
    #[arg(long, value_name = "T")]
    pub(super) since: Option<When>,
    /// The latest time, exclusive
    #[arg(long, value_name = "T")]
    until: Option<When>,
}

impl Between {
    pub(super) fn since(&self, now: Timestamp) -> Option<Timestamp> {
        self.since.map(|when| when.at(now))
    }

    pub(super) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.map(|when| when.at(now))
    }
}

const DEFAULT_LIMIT: u32 = 50;
