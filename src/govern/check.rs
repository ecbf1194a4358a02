//! An objective held against what was measured.

use std::collections::BTreeMap;

use super::error::QueryError;
use super::measured::{Asked, Sample, Slices, samples_in};
use super::report::words;
use super::statistics::weighted_mean;
use crate::record::{
    Allowance, ArtifactRef, Check, CheckFinding, CheckLine, CheckOf, Condition, Constraint, Freeze,
    Name, Objective, RiskTier, Severity, Timestamp,
};
use crate::trail::{Registry, Trail, named_in_role};

/// How a check is made.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// The reference of what is checked.
    pub reference: Option<Name>,
    /// How much is at stake: with `high`, what was not measured fails.
    pub tier: Option<RiskTier>,
    /// Why that is allowed, and by whom.
    pub allowed: Option<Allowance>,
    /// Values to hold it against, instead of those of the trail.
    pub given: Option<Vec<Sample>>,
    /// The earliest time of those of the trail.
    pub since: Option<Timestamp>,
    /// Leaves out what was measured under another version of this artifact.
    pub with: Option<ArtifactRef>,
}

/// Holds `objective` against what was measured, and says as well which freezes there are and which
/// escalation rules are met. The freezes that these ask for and that do not hold yet are given as well.
///
/// # Errors
///
/// Those of reading.
pub async fn check_objective(
    trail: &Trail,
    registry: &Registry,
    objective: &Objective,
    options: CheckOptions,
) -> Result<(Check, Vec<Freeze>), QueryError> {
    let known = match objective.segments.is_empty() {
        true => Slices::NotAsked,
        false => Slices::Asked,
    };
    let mut measured = BTreeMap::new();
    for metric in objective.metrics() {
        let mut found = match &options.given {
            Some(given) => given_of(given, metric),
            None => {
                let asked = Asked {
                    since: options.since,
                    ..Asked::default()
                };
                samples_in(trail, metric, &asked, known).await?
            }
        };
        if let Some(version) = &options.with {
            found.retain(|it| !is_of_another(it, version));
        }
        measured.insert(metric.clone(), found);
    }
    let none = Vec::new();
    let of = |metric: &Name| measured.get(metric).unwrap_or(&none);
    let mut lines = Vec::new();
    let mut freezes = Vec::new();
    for constraint in &objective.constraints {
        lines.extend(hold(objective, constraint, of(&constraint.metric)));
    }
    for rule in &objective.escalation_rules {
        if is_met(&rule.r#if, of(&rule.r#if.metric)) {
            let escalated = rule.then.escalate_to.as_ref();
            let escalated = escalated.map_or_else(String::new, |it| format!(", to {it}"));
            lines.push(CheckLine {
                note: Some(format!(
                    "the escalation rule is met{escalated}: {}",
                    rule.r#if
                )),
                ..line("escalation", CheckFinding::Fail)
            });
            let words = rule.r#if.to_string();
            let mut open = registry.freezes().iter();
            let is_open = open.any(|it| it.freeze.rule.as_deref() == Some(words.as_str()));
            if rule.then.freeze_deployments && !is_open {
                let version = options.reference.as_ref();
                freezes.push(Freeze {
                    reason: "an escalation rule of the objective is met".to_owned(),
                    rule: Some(words),
                    lifted_by: rule.then.escalate_to.clone(),
                    refs: version
                        .and_then(|it| it.as_str().parse().ok())
                        .into_iter()
                        .collect(),
                });
            }
        }
    }
    lines.extend(frozen(registry));
    Ok((finished(CheckOf::Objective, lines, options), freezes))
}

/// Whether a sample says that it was measured under other versions of the artifact alone.
fn is_of_another(sample: &Sample, version: &ArtifactRef) -> bool {
    let named = sample.versions.iter().flat_map(|(role, governing)| {
        let versions = governing.versions().iter();
        versions.filter_map(|it| named_in_role(role, it))
    });
    let mut same: Vec<ArtifactRef> = named.filter(|it| it.of == version.of).collect();
    let said = !same.is_empty();
    same.retain(|it| it == version);
    said && same.is_empty()
}

/// The samples that a file gives, of one metric: there the metric stands among the slices.
fn given_of(given: &[Sample], metric: &Name) -> Vec<Sample> {
    let is_of = |it: &&Sample| it.slices.get(METRIC).map(String::as_str) == Some(metric.as_str());
    let found = given.iter().filter(is_of).cloned();
    found
        .map(|mut sample| {
            sample.slices.remove(METRIC);
            sample
        })
        .collect()
}

/// The slice under which a sample of a file says of which metric it is.
pub(super) const METRIC: &str = "\u{0}metric";

impl Sample {
    /// A value that was not recorded, of the metric `metric`: for [`CheckOptions::given`].
    #[must_use]
    pub fn given(kpi: crate::record::Kpi) -> Self {
        let mut slices = kpi.slices;
        slices.insert(METRIC.to_owned(), kpi.metric.to_string());
        Self {
            value: kpi.value,
            count: kpi.count.unwrap_or(1),
            slices,
            versions: kpi.versions,
            at: kpi.at,
            decision: kpi.decision,
        }
    }
}

/// What a limit comes to, in each of the segments that it applies to.
fn hold(objective: &Objective, constraint: &Constraint, samples: &[Sample]) -> Vec<CheckLine> {
    let parts: Vec<Option<&BTreeMap<String, String>>> = if constraint.applies_to.is_empty() {
        vec![None]
    } else {
        let segments = constraint.applies_to.iter();
        let segments = segments.filter_map(|name| objective.segment(name));
        segments.map(|it| Some(&it.r#where)).collect()
    };
    let held = parts.into_iter().map(|part| {
        let is_in = |sample: &&Sample| {
            let mut wanted = part.into_iter().flatten();
            wanted.all(|(slice, value)| sample.slices.get(slice) == Some(value))
        };
        let values: Vec<(f64, u64)> = samples
            .iter()
            .filter(is_in)
            .map(|it| (it.value.as_number(), it.count))
            .collect();
        let value = weighted_mean(&values);
        let result = match value {
            None => CheckFinding::NotMeasured,
            Some(value) if constraint.holds(value) => CheckFinding::Pass,
            Some(_) => CheckFinding::Fail,
        };
        let warns = constraint.severity == Severity::Warn && result == CheckFinding::Fail;
        CheckLine {
            constraint: constraint.name.clone(),
            metric: Some(constraint.metric.clone()),
            slice: part.map(words),
            value,
            comparison: Some(constraint.compared()),
            threshold: serde_json::to_value(constraint.threshold).ok(),
            result,
            note: warns.then(|| WARNS.to_owned()),
        }
    });
    held.collect()
}

/// Whether a condition is met: on each of so many days in a row up to the last that was measured, or at
/// once in all that was measured.
fn is_met(condition: &Condition, samples: &[Sample]) -> bool {
    let Some(days) = condition.days else {
        let values: Vec<(f64, u64)> = samples
            .iter()
            .map(|it| (it.value.as_number(), it.count))
            .collect();
        return weighted_mean(&values).is_some_and(|mean| condition.is_met(mean));
    };
    let mut by_day: BTreeMap<chrono::NaiveDate, Vec<(f64, u64)>> = BTreeMap::new();
    for sample in samples {
        let day = sample.at.to_chrono().date_naive();
        let value = (sample.value.as_number(), sample.count);
        by_day.entry(day).or_default().push(value);
    }
    let Some(last) = by_day.keys().next_back().copied() else {
        return false;
    };
    (0..days).all(|back| {
        let day = last.checked_sub_days(chrono::Days::new(back.into()));
        let values = day.and_then(|day| by_day.get(&day));
        let mean = values.and_then(|values| weighted_mean(values));
        mean.is_some_and(|mean| condition.is_met(mean))
    })
}

/// A line for each freeze: none lets anything pass.
pub(super) fn frozen(registry: &Registry) -> Vec<CheckLine> {
    let lines = registry.freezes().iter().map(|it| {
        let lifted = it.freeze.lifted_by.as_ref();
        let lifted = lifted.map_or_else(String::new, |role| format!(", and is lifted by {role}"));
        CheckLine {
            note: Some(format!(
                "the freeze {} holds since {}{lifted}",
                it.record, it.since
            )),
            ..line("frozen", CheckFinding::Fail)
        }
    });
    lines.collect()
}

pub(super) fn line(constraint: &str, result: CheckFinding) -> CheckLine {
    CheckLine {
        constraint: Name::new(constraint).expect("the words for what is checked are names"),
        metric: None,
        slice: None,
        value: None,
        comparison: None,
        threshold: None,
        result,
        note: None,
    }
}

/// The check that `lines` come to: what was not measured fails where much is at stake, unless somebody
/// allowed it.
pub(super) fn finished(of: CheckOf, results: Vec<CheckLine>, options: CheckOptions) -> Check {
    let fails = |line: &CheckLine| match line.result {
        CheckFinding::Pass => false,
        CheckFinding::Fail => line.note.as_deref() != Some(WARNS),
        CheckFinding::NotMeasured => {
            options.tier == Some(RiskTier::High) && options.allowed.is_none()
        }
    };
    let passed = !results.iter().any(fails);
    let lacks = results
        .iter()
        .any(|it| it.result == CheckFinding::NotMeasured);
    Check {
        of,
        reference: options.reference,
        passed,
        results,
        allowed_unmeasured: options.allowed.filter(|_| lacks),
    }
}

const WARNS: &str = "it does not hold, and says so without stopping anything";
