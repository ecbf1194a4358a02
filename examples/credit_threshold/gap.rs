//! The fairness gap: the distance between the highest and the lowest approval rate of the groups.

use std::collections::BTreeMap;

use contextrail::capture::Sink as _;
use contextrail::record::{Kpi, Measure};
use contextrail::trail::Trail;

use super::Failed;
use super::desk::Case;
use super::versions::in_use;

/// Measures the gap at the end of each span of [`SPANS`], over the decisions of that span.
pub(crate) async fn log_gaps(trail: &Trail, day: usize, cases: &[Case]) -> Result<(), Failed> {
    let Some((from, last)) = SPANS.into_iter().find(|(_, last)| *last == day) else {
        return Ok(());
    };
    let since = format!("2025-05-{from:02}T00:00:00Z").parse()?;
    let decided: Vec<&Case> = cases.iter().filter(|it| it.at >= since).collect();
    for attribute in ["sex", "age_group"] {
        let mut rates: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for case in &decided {
            let group = case.groups.get(attribute).map(String::as_str);
            let (approved, all) = rates.entry(group.unwrap_or("-")).or_default();
            *approved += u32::from(case.approved);
            *all += 1;
        }
        let rates = rates
            .values()
            .map(|(approved, all)| f64::from(*approved) / f64::from(*all));
        let (lowest, highest) = rates.fold((1.0_f64, 0.0_f64), |(low, high), rate| {
            (low.min(rate), high.max(rate))
        });
        let kpi = Kpi {
            name: None,
            metric: "fairness_gap".parse()?,
            value: Measure::Number((highest - lowest).max(0.0)),
            slices: [("attribute".to_owned(), attribute.to_owned())].into(),
            versions: in_use(day).versions()?,
            at: trail.clock().now(),
            window: Some(format!("{}d", last + 1 - from).parse()?),
            count: Some(u64::try_from(decided.len())?.max(1)),
            decision: None,
        };
        trail.log_kpi(kpi, None).await?;
    }
    Ok(())
}

/// The first and the last day of what is measured together. No span goes over a change of the objective.
const SPANS: [(usize, usize); 4] = [(1, 7), (8, 14), (15, 21), (22, 30)];
