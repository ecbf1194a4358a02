//! `contextrail impact`: what a version touches.

mod change;

use std::io::Write as _;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::output::{List, OutputFormat, Page, single, table};
use super::session::Session;
use super::table_text::moment;
use super::when::When;
use crate::govern::{Affected, Impact, ImpactOptions, bars, impact};
use crate::record::Name;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The version, KIND:NAME[@V]
    #[arg(value_name = "REF", required = true)]
    reference: Option<String>,
    /// Only decisions since then
    #[arg(long, value_name = "T")]
    since: Option<When>,
    /// By what to count them: outcome, or a slice
    #[arg(long, value_name = "SLICE")]
    by: Option<Name>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say which decisions another threshold would have changed
    Change(change::Args),
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    if let Some(Verb::Change(args)) = args.verb {
        return change::run(session, &args).await;
    }
    let reference = args.reference.unwrap_or_default();
    let trail = session.reader().await?;
    let registry = trail.registry().await?;
    let version = registry.resolve(&reference, session.now())?.id();
    let options = ImpactOptions {
        since: args.since.map(|it| it.at(session.now())),
        by: args.by,
        limit: match session.format() {
            OutputFormat::Table | OutputFormat::Svg => SHOWN,
            _ => usize::MAX,
        },
    };
    let found = impact(&trail, &registry, &version, &options).await?;
    let mut out = Session::stdout();
    match session.format() {
        OutputFormat::Svg => {
            let groups = found.groups.iter();
            let groups: Vec<_> = groups
                .map(|it| {
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "a count as the length of a bar"
                    )]
                    let count = it.count as f64;
                    (it.value.clone(), vec![Some(count)])
                })
                .collect();
            let svg = bars(&found.reference.to_string(), &["decisions"], &groups);
            out.write_all(svg.as_bytes())?;
            out.flush()?;
        }
        // One decision a line: what has to be gone through again.
        format @ (OutputFormat::Jsonl | OutputFormat::Id) => {
            let mut list = List::new(&mut out, format);
            for affected in &found.decisions {
                list.push_value(affected, || affected.id.to_string())?;
            }
            list.finish_values()?;
        }
        format => single(&mut out, &found, format)?,
    }
    Ok(Exit::Done)
}

impl Page for Impact {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let mut page = format!(
            "{}: {} versions and {} decisions\n",
            self.reference,
            self.versions.len(),
            self.count
        );
        for version in &self.versions {
            page.push_str(&format!("  made with it  {version}\n"));
        }
        if !self.groups.is_empty() {
            let rows = self.groups.iter();
            let rows: Vec<_> = rows
                .map(|it| vec![it.value.clone(), it.count.to_string()])
                .collect();
            page.push_str(&table(&["part", "decisions"], &rows));
        }
        let rows = self.decisions.iter().take(SHOWN).map(line);
        page.push_str(&table(
            &["id", "decided", "subject", "outcome", "with"],
            &rows.collect::<Vec<_>>(),
        ));
        let shown = u64::try_from(self.decisions.len().min(SHOWN)).unwrap_or(0);
        if self.count > shown {
            let more = self.count - shown;
            page.push_str(&format!("and {more} more: -o jsonl has all of them\n"));
        }
        page
    }
}

fn line(affected: &Affected) -> Vec<String> {
    let with: Vec<String> = affected.with.iter().map(ToString::to_string).collect();
    vec![
        affected.id.to_string(),
        moment(affected.decided_at),
        affected.subject.to_string(),
        affected.outcome.to_string(),
        with.join(" "),
    ]
}

const SHOWN: usize = 20;

const EXAMPLES: &str = "\
Examples:
  contextrail impact pipeline:features@3f2a91c --since 2025-05-20 --by outcome
  contextrail impact dataset:loans@2025-04 -o jsonl > reprocess.jsonl
  contextrail impact change objective:OBJ.credit 1.2 1.3";
