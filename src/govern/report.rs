//! What was measured of a metric, part by part.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::QueryError;
use super::measured::{Asked, Sample, Slices, samples_in};
use super::statistics::{percentile, weighted_mean};
use crate::record::{Measure, Name, Timestamp};
use crate::trail::Trail;

/// What was measured of a metric.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `contextrail.kpi_report/1`
    pub schema: &'static str,
    /// The metric.
    pub metric: Name,
    /// By what it is taken apart.
    pub by: Vec<Name>,
    /// The earliest time asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The parts, in their order; one where it is not taken apart.
    pub groups: Vec<ReportGroup>,
    /// How many parts are not given, because they are of too few decisions.
    #[serde(skip_serializing_if = "is_none")]
    pub withheld: usize,
}

/// Whether there is none.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(super) const fn is_none(count: &usize) -> bool {
    *count == 0
}

/// What was measured of one part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportGroup {
    /// The part: `region: EU`.
    pub slices: BTreeMap<String, String>,
    /// How many values: what was measured over many counts as many.
    pub count: u64,
    /// Their mean; of booleans the rate.
    pub mean: f64,
    /// Whether what was measured are booleans, and `mean` is a rate.
    pub is_rate: bool,
    /// The median of what was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    /// The value that 90 of 100 do not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<f64>,
    /// The value that 99 of 100 do not exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
}

/// What was measured of `metric`, taken apart by the slices `by`.
///
/// # Errors
///
/// [`QueryError::EmptyWindow`] when nothing was, and those of reading.
pub async fn report(
    trail: &Trail,
    metric: &Name,
    by: &[Name],
    asked: &Asked,
) -> Result<Report, QueryError> {
    let samples = samples_in(trail, metric, asked, Slices::of(by, asked)).await?;
    if samples.is_empty() {
        return Err(QueryError::EmptyWindow {
            metric: metric.clone(),
            within: asked.words(),
        });
    }
    let mut groups = grouped(&samples, by);
    let all = groups.len();
    groups.retain(|_, samples| !asked.is_withheld(by, samples));
    let withheld = all - groups.len();
    Ok(Report {
        schema: "contextrail.kpi_report/1",
        metric: metric.clone(),
        by: by.to_vec(),
        since: asked.since,
        groups: groups
            .into_iter()
            .filter_map(|(slices, samples)| group(slices, &samples))
            .collect(),
        withheld,
    })
}

/// The samples of each part. What lacks one of the slices stands under `-`.
pub(super) fn grouped<'s>(
    samples: &'s [Sample],
    by: &[Name],
) -> BTreeMap<BTreeMap<String, String>, Vec<&'s Sample>> {
    let mut groups: BTreeMap<BTreeMap<String, String>, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        let part = by.iter().map(|slice| {
            let value = sample.slices.get(slice.as_str());
            (
                slice.to_string(),
                value.cloned().unwrap_or_else(|| "-".to_owned()),
            )
        });
        groups.entry(part.collect()).or_default().push(sample);
    }
    groups
}

fn group(slices: BTreeMap<String, String>, samples: &[&Sample]) -> Option<ReportGroup> {
    let values: Vec<(f64, u64)> = samples
        .iter()
        .map(|it| (it.value.as_number(), it.count))
        .collect();
    let is_rate = samples
        .iter()
        .all(|it| matches!(it.value, Measure::Boolean(_)));
    let mut sorted: Vec<f64> = values.iter().map(|(value, _)| *value).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| percentile(&sorted, part).filter(|_| !is_rate);
    Some(ReportGroup {
        slices,
        count: values.iter().map(|(_, count)| *count).sum(),
        mean: weighted_mean(&values)?,
        is_rate,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
    })
}

impl ReportGroup {
    /// The part in words: `region=EU sex=female`, or `all`.
    #[must_use]
    pub fn words(&self) -> String {
        words(&self.slices)
    }
}

/// A part in words.
pub(super) fn words(slices: &BTreeMap<String, String>) -> String {
    if slices.is_empty() {
        return "all".to_owned();
    }
    let words: Vec<String> = slices
        .iter()
        .map(|(slice, value)| format!("{slice}={value}"))
        .collect();
    words.join(" ")
}
