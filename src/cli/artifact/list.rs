//! `contextrail artifact list`.

use super::super::exit::{Exit, Failure};
use super::super::output::{List, Row};
use super::super::session::Session;
use super::super::table_text::moment;
use crate::govern::ArtifactLine;
use crate::record::{ArtifactKind, RiskTier};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// Only those of this kind
    #[arg(long, value_name = "K")]
    kind: Option<ArtifactKind>,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let mut out = Session::stdout();
    let mut list = List::new(&mut out, session.format());
    for version in registry.versions() {
        if args.kind.is_none_or(|kind| kind == version.artifact.kind) {
            list.push(&ArtifactLine::of(&registry, version, session.now()))?;
        }
    }
    list.finish::<ArtifactLine>()?;
    Ok(Exit::Done)
}

impl Row for ArtifactLine {
    const COLUMNS: &'static [&'static str] = &[
        "version",
        "state",
        "risk",
        "approvals",
        "registered",
        "from",
    ];

    fn id(&self) -> String {
        self.record.to_string()
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.reference.clone(),
            self.state.to_string(),
            self.risk_rating.map_or("", RiskTier::as_str).to_owned(),
            format!("{} of {} count", self.counting, self.approvals),
            moment(self.registered_at),
            self.effective_from.map_or_else(String::new, moment),
        ]
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail artifact list
  contextrail artifact list --kind model -o json";
