//! `contextrail kpi report`.

use std::io::Write as _;

use super::super::exit::{Exit, Failure};
use super::super::output::{OutputFormat, Page, single, table};
use super::super::session::Session;
use super::Which;
use crate::govern::{Report, bars, report, terminal_bars};
use crate::record::Name;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The metric: one that was logged, or approval_rate, override_rate, latency_ms, cost
    metric: Name,
    /// By what to take it apart
    #[arg(long, value_name = "SLICE,..", value_delimiter = ',')]
    by: Vec<Name>,
    #[command(flatten)]
    which: Which,
}

pub(super) async fn run(session: &Session, args: Args) -> Result<Exit, Failure> {
    let trail = session.reader().await?;
    let asked = args.which.asked(session.now());
    let report = report(&trail, &args.metric, &args.by, &asked).await?;
    let mut out = Session::stdout();
    if session.format() == OutputFormat::Svg {
        let groups = report.groups.iter();
        let groups: Vec<_> = groups.map(|it| (it.words(), vec![Some(it.mean)])).collect();
        let svg = bars(report.metric.as_str(), &["mean"], &groups);
        out.write_all(svg.as_bytes())?;
        out.flush()?;
        return Ok(Exit::Done);
    }
    single(&mut out, &report, session.format())?;
    Ok(Exit::Done)
}

impl Page for Report {
    fn id(&self) -> Option<String> {
        None
    }

    fn page(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(String::new, |it| format!("{it:.4}"));
        let rows = self.groups.iter().map(|it| {
            vec![
                it.words(),
                it.count.to_string(),
                format!("{:.4}", it.mean),
                number(it.p50),
                number(it.p90),
                number(it.p99),
            ]
        });
        let is_rate = self.groups.iter().all(|it| it.is_rate);
        let mean = if is_rate { "rate" } else { "mean" };
        let columns = ["part", "count", mean, "p50", "p90", "p99"];
        let table = table(&columns, &rows.collect::<Vec<_>>());
        let means: Vec<(String, f64)> = self
            .groups
            .iter()
            .map(|it| (super::super::plain::line(&it.words()), it.mean))
            .collect();
        let chart = if means.len() > 1 {
            format!("\n{}", terminal_bars(&means, 40))
        } else {
            String::new()
        };
        format!(
            "{}\n{table}{chart}",
            super::super::plain::line(self.metric.as_str())
        )
    }
}

const EXAMPLES: &str = "\
Examples:
  contextrail kpi report fairness_gap --by region --since 30d
  contextrail kpi report approval_rate --by sex --where age_group=under_25
  contextrail kpi report approval_rate --by sex -o svg > approval.svg";
