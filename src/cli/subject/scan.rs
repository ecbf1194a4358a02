//! `contextrail subject scan T:ID`.

use super::super::doctor::{beside, file_of};
use super::super::exit::{Exit, Failure};
use super::super::output::{List, Row};
use super::super::session::Session;
use crate::record::EntityRef;
use crate::trail::{Leftover, leftovers_in_file};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Who was erased, type:id
    #[arg(value_name = "T:ID")]
    entity: EntityRef,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let mut found = trail.leftovers(&args.entity).await?;
    if let Some(path) = file_of(&session.trail_url) {
        for end in FILES {
            found.extend(leftovers_in_file(&beside(&path, end), &args.entity)?);
        }
    }
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for leftover in &found {
        list.push(leftover)?;
    }
    list.finish::<Leftover>()?;
    Ok(match found.is_empty() {
        true => Exit::Done,
        false => Exit::Verification,
    })
}

impl Row for Leftover {
    const COLUMNS: &'static [&'static str] = &["place", "what"];

    fn id(&self) -> String {
        self.place.clone()
    }

    fn cells(&self) -> Vec<String> {
        vec![self.place.clone(), self.what.clone()]
    }
}

/// Everything that a trail keeps beside its database, and that itself.
const FILES: [&str; 9] = [
    "",
    "-wal",
    ".spool",
    ".spool.refused",
    ".spool.damaged",
    ".erasures",
    ".heads",
    ".keyring",
    ".attesters",
];

const EXAMPLES: &str = "\
Examples:
  contextrail subject scan applicant:user_456";
