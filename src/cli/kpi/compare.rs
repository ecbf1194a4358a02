//! `contextrail kpi compare`.

use std::io::Write as _;

use super::super::exit::{Exit, Failure};
use super::super::output::{OutputFormat, Page, single, table};
use super::super::plain;
use super::super::session::Session;
use super::Which;
use crate::govern::{Comparison, bars, compare};
use crate::record::{ArtifactName, Name, Version};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The metric: one that was logged, or approval_rate, override_rate, latency_ms, cost
    metric: Name,
    /// The artifact whose versions are compared
    #[arg(long, value_name = "KIND:NAME")]
    artifact: ArtifactName,
    /// The version before
    #[arg(long, value_name = "V1")]
    from: Version,
    /// The version after
    #[arg(long, value_name = "V2")]
    to: Version,
    /// By what to take it apart
    #[arg(long, value_name = "SLICE,..", value_delimiter = ',')]
    by: Vec<Name>,
    #[command(flatten)]
    which: Which,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let asked = args.which.asked(session.now());
    let versions = (&args.from, &args.to);
    let how = (args.by.as_slice(), &asked);
    let comparison = compare(&trail, &args.metric, &args.artifact, versions, how).await?;
    let mut out = Session::stdout();
    if session.format() == OutputFormat::Svg {
        let groups = comparison.groups.iter();
        let groups: Vec<_> = groups
            .map(|it| (it.words(), vec![it.before, it.after]))
            .collect();
        let series = [comparison.from.as_str(), comparison.to.as_str()];
        let svg = bars(comparison.metric.as_str(), &series, &groups);
        out.write_all(svg.as_bytes())?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    single(&mut out, &comparison, session.format())?;
    Ok(Exit::Done)
}

impl Page for Comparison {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let number =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |it| format!("{it:.4}"));
        let signed = |value: f64| format!("{value:+.4}");
        let rows = self.groups.iter().map(|it| {
            let interval = it.interval.map_or_else(
                || "too few values".to_owned(),
                |[low, high]| format!("{} to {}", signed(low), signed(high)),
            );
            vec![
                it.words(),
                format!("{} ({})", number(it.before), it.before_count),
                format!("{} ({})", number(it.after), it.after_count),
                it.difference.map_or_else(|| "-".to_owned(), signed),
                interval,
                if it.is_clear() { "clear" } else { "" }.to_owned(),
            ]
        });
        let (from, to) = (self.from.to_string(), self.to.to_string());
        let columns = ["part", &from, &to, "difference", "95 % interval", ""];
        let title = format!("{} under {}", self.metric, self.artifact);
        format!(
            "{}\n{}",
            plain::line(&title),
            table(&columns, &rows.collect::<Vec<_>>())
        )
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail kpi compare approval_rate --artifact objective:OBJ.credit --from 1.2 --to 1.3 --by sex
  contextrail kpi compare latency_ms --artifact model:credit_model --from 2.0.0 --to 2.1.0";
