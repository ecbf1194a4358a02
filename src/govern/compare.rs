//! A metric before and after: under one version of an artifact, and under another.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::error::QueryError;
use super::measured::{Asked, Sample, Slices, samples_in};
use super::report::{grouped, is_none, words};
use super::statistics::{newcombe, number, welch};
use crate::record::{ArtifactName, Measure, Name, Version};
use crate::trail::{Trail, named_in_role};

/// A metric under two versions of an artifact.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// `contextrail.kpi_comparison/1`
    pub schema: &'static str,
    /// The metric.
    pub metric: Name,
    /// The artifact.
    pub artifact: ArtifactName,
    /// The version before.
    pub from: Version,
    /// The version after.
    pub to: Version,
    /// The parts; one where it is not taken apart.
    pub groups: Vec<ComparisonGroup>,
    /// How many parts are not given, because they are of too few decisions before or after.
    #[serde(skip_serializing_if = "is_none")]
    pub withheld: usize,
}

/// One part of a comparison.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonGroup {
    /// The part.
    pub slices: BTreeMap<String, String>,
    /// How many values were recorded before.
    pub before_count: u64,
    /// Their mean or rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// How many were recorded after.
    pub after_count: u64,
    /// Their mean or rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<f64>,
    /// After less before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<f64>,
    /// The 95 % interval of the difference; of too few values there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// How the interval was computed: `newcombe` for rates, `welch` for means.
    pub method: &'static str,
}

impl ComparisonGroup {
    /// The part in words.
    #[must_use]
    pub fn words(&self) -> String {
        words(&self.slices)
    }

    /// Whether the difference is not by chance alone: its interval does not hold zero.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.interval
            .is_some_and(|[low, high]| low > 0.0 || high < 0.0)
    }
}

/// `metric` under the versions `from` and `to` of `artifact`. Each recorded value counts once.
///
/// # Errors
///
/// [`QueryError::EmptyWindow`], [`QueryError::NotMeasuredWith`], and those of reading.
pub async fn compare(
    trail: &Trail,
    metric: &Name,
    artifact: &ArtifactName,
    (from, to): (&Version, &Version),
    (by, asked): (&[Name], &Asked),
) -> Result<Comparison, QueryError> {
    let samples = samples_in(trail, metric, asked, Slices::of(by, asked)).await?;
    if samples.is_empty() {
        return Err(QueryError::EmptyWindow {
            metric: metric.clone(),
            within: asked.words(),
        });
    }
    let with = |version: &Version| -> Result<Vec<Sample>, QueryError> {
        let wanted = artifact.at(version.clone());
        let is_with = |sample: &&Sample| {
            sample.versions.iter().any(|(role, governing)| {
                let mut versions = governing.versions().iter();
                versions.any(|it| named_in_role(role, it).as_ref() == Some(&wanted))
            })
        };
        let found: Vec<Sample> = samples.iter().filter(is_with).cloned().collect();
        if found.is_empty() {
            return Err(QueryError::NotMeasuredWith {
                metric: metric.clone(),
                version: wanted.to_string(),
            });
        }
        Ok(found)
    };
    let (before, after) = (with(from)?, with(to)?);
    let (before, after) = (grouped(&before, by), grouped(&after, by));
    let parts: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
    let none = Vec::new();
    let all = parts.len();
    let few = |of: &BTreeMap<_, Vec<&Sample>>, slices: &BTreeMap<String, String>| {
        let found = of.get(slices);
        found.is_some_and(|samples| asked.is_withheld(by, samples))
    };
    let mut parts = parts;
    parts.retain(|slices| !few(&before, slices) && !few(&after, slices));
    let withheld = all - parts.len();
    let groups = parts.into_iter().map(|slices| {
        let before = before.get(&slices).unwrap_or(&none);
        let after = after.get(&slices).unwrap_or(&none);
        group(slices, before, after)
    });
    Ok(Comparison {
        schema: "contextrail.kpi_comparison/1",
        metric: metric.clone(),
        artifact: artifact.clone(),
        from: from.clone(),
        to: to.clone(),
        groups: groups.collect(),
        withheld,
    })
}

fn group(
    slices: BTreeMap<String, String>,
    before: &[&Sample],
    after: &[&Sample],
) -> ComparisonGroup {
    let values = |samples: &[&Sample]| -> Vec<f64> {
        samples.iter().map(|it| it.value.as_number()).collect()
    };
    let (old, new) = (values(before), values(after));
    let mut all = before.iter().chain(after);
    let is_rate = all.all(|it| matches!(it.value, Measure::Boolean(_)));
    let interval = if is_rate {
        newcombe(so_of(before), so_of(after))
    } else {
        welch(&old, &new)
    };
    let (before, after) = (mean(&old), mean(&new));
    ComparisonGroup {
        slices,
        before_count: count(&old),
        before,
        after_count: count(&new),
        after,
        difference: before.zip(after).map(|(before, after)| after - before),
        interval: interval.map(|(low, high)| [low, high]),
        method: if is_rate { "newcombe" } else { "welch" },
    }
}

fn so_of(samples: &[&Sample]) -> (u64, u64) {
    let so = samples
        .iter()
        .filter(|it| it.value == Measure::Boolean(true));
    let so = u64::try_from(so.count()).unwrap_or(u64::MAX);
    (so, u64::try_from(samples.len()).unwrap_or(u64::MAX))
}

fn count(values: &[f64]) -> u64 {
    u64::try_from(values.len()).unwrap_or(u64::MAX)
}

fn mean(values: &[f64]) -> Option<f64> {
    let sum: f64 = values.iter().sum();
    (!values.is_empty()).then(|| sum / number(count(values)))
}
