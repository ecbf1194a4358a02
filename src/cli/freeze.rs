//! `contextrail freeze`: no check passes until it is lifted.

use clap::Subcommand;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::output::{List, Row};
use super::person::person;
use super::session::{Session, resolve};
use super::table_text::moment;
use super::written;
use crate::record::{ArtifactRef, Freeze, Name, RecordId, Timestamp};

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Freeze: every check fails from here on
    #[command(after_help = PLACE_EXAMPLES)]
    Place {
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The rule that asks for it
        #[arg(long, value_name = "RULE")]
        rule: Option<String>,
        /// The role that alone may lift it
        #[arg(long, value_name = "ROLE")]
        lifted_by: Option<Name>,
        /// What it is about
        #[arg(long = "ref", value_name = "KIND:NAME@V")]
        refs: Vec<ArtifactRef>,
        /// Who freezes; who runs this when left out
        #[arg(long, value_name = "WHO")]
        by: Option<Name>,
    },
    /// List the freezes that are not lifted
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Lift a freeze, in the role that its rule names
    #[command(after_help = LIFT_EXAMPLES)]
    Lift {
        /// The freeze, or the first 8 characters or more of its id
        id: String,
        /// In what role
        #[arg(long, value_name = "R")]
        role: Name,
        /// A note
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// Who lifts it; who runs this when left out
        #[arg(long, value_name = "WHO")]
        by: Option<Name>,
    },
}

#[derive(Debug, Serialize)]
struct Line {
    record: RecordId,
    since: Timestamp,
    #[serde(flatten)]
    freeze: Freeze,
}

pub(super) async fn run(session: &Session, verb: Verb) -> Result<Exit, Failure> {
    if matches!(verb, Verb::List) {
        return list(session).await;
    }
    session.must_exist()?;
    let trail = session.writer().await?;
    let recorded = match verb {
        Verb::List => Ok(None),
        Verb::Place {
            reason,
            rule,
            lifted_by,
            refs,
            by,
        } => {
            let freeze = Freeze {
                reason,
                rule,
                lifted_by,
                refs,
            };
            let placed = trail.freeze(freeze, by.map(person)).await;
            placed.map(Some).map_err(Failure::from)
        }
        Verb::Lift { id, role, note, by } => match resolve(&trail, &id).await {
            Ok(id) => {
                let lifted = trail.unfreeze(id, role, note, by.map(person)).await;
                lifted.map(Some).map_err(Failure::from)
            }
            Err(failure) => Err(failure),
        },
    };
    let done = match recorded {
        Ok(Some(receipt)) => written::print(session, &trail, &[receipt.id], false).await,
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    trail.close().await;
    done.map(|()| Exit::Done)
}

async fn list(session: &Session) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for open in registry.freezes() {
        list.push(&Line {
            record: open.record,
            since: open.since,
            freeze: open.freeze.clone(),
        })?;
    }
    list.finish::<Line>()?;
    Ok(Exit::Done)
}

impl Row for Line {
    const COLUMNS: &'static [&'static str] = &["id", "since", "reason", "rule", "lifted by"];

    fn id(&self) -> String {
        self.record.to_string()
    }

    fn cells(&self) -> Vec<String> {
        let role = self.freeze.lifted_by.as_ref();
        vec![
            self.record.to_string(),
            moment(self.since),
            self.freeze.reason.clone(),
            self.freeze.rule.clone().unwrap_or_default(),
            role.map_or_else(String::new, Name::to_string),
        ]
    }
}

const PLACE_EXAMPLES: &str = "\
Examples:
  contextrail freeze place --reason 'the fairness gap grew' --lifted-by Ethics";

const LIST_EXAMPLES: &str = "\
Examples:
  contextrail freeze list";

const LIFT_EXAMPLES: &str = "\
Examples:
  contextrail freeze lift 01948c9b --role Ethics --note 'trained anew with reweighting'";
