//! `contextrail impact change`.

use super::super::exit::{Exit, Failure};
use super::super::output::{List, OutputFormat, Page, single, table};
use super::super::session::Session;
use super::super::table_text::moment;
use crate::govern::{ThresholdImpact, impact_of_change};
use crate::record::{ArtifactName, Version};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The objective
    #[arg(value_name = "KIND:NAME")]
    objective: ArtifactName,
    /// The one version
    #[arg(value_name = "V1")]
    from: Version,
    /// The other
    #[arg(value_name = "V2")]
    to: Version,
}

pub(super) async fn run(session: &Session, args: &Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let from = args.objective.at(args.from.clone());
    let to = args.objective.at(args.to.clone());
    let found = impact_of_change(&trail, &registry, &from, &to).await?;
    let mut out = Session::stdout();
    match session.format() {
        format @ (OutputFormat::Jsonl | OutputFormat::Id) => {
            let mut list = List::new(&mut out, format);
            for changed in &found.would_differ {
                list.push_value(changed, || changed.id.to_string())?;
            }
            list.finish_values()?;
        }
        OutputFormat::Svg => {
            return Err(Failure::usage("the impact of a change has no drawing").try_next("-o json"));
        }
        format => single(&mut out, &found, format)?,
    }
    Ok(Exit::Done)
}

impl Page for ThresholdImpact {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let mut page = format!(
            "{} → {}: {} {} → {}\n  decided under {}: {}, under {}: {}; without a score: {}\n  \
             would differ under the other threshold: {}\n",
            self.from,
            self.to,
            self.parameter,
            self.before,
            self.after,
            self.from.version,
            self.decided_before,
            self.to.version,
            self.decided_after,
            self.without_score,
            self.would_differ.len()
        );
        let rows = self.would_differ.iter().map(|it| {
            let would = if it.would_reach {
                "would reach it"
            } else {
                "would miss it"
            };
            vec![
                it.id.to_string(),
                moment(it.decided_at),
                it.subject.to_string(),
                it.outcome.to_string(),
                format!("{:.4}", it.score),
                it.under.version.to_string(),
                would.to_owned(),
            ]
        });
        let columns = [
            "id", "decided", "subject", "outcome", "score", "under", "other",
        ];
        page = super::super::plain::lines(&page);
        page.push_str(&table(&columns, &rows.collect::<Vec<_>>()));
        page
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail impact change objective:OBJ.credit 1.2 1.3
  contextrail impact change objective:OBJ.credit 1.2 1.3 -o jsonl > affected.jsonl";
