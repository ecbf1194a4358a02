//! Objectives: what is optimised, within which limits, and what happens beyond them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ArtifactOwner, Comparison, InvalidValue, Name, Timestamp, Version};

/// What an artifact of the kind `objective` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Its name, where the file stands by itself: `OBJ.credit`.
    #[cfg_attr(feature = "cli", schemars(with = "Option<String>"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective_id: Option<Name>,
    /// Which version this is.
    #[cfg_attr(feature = "cli", schemars(with = "String"))]
    pub objective_version: Version,
    /// What it is for.
    pub description: String,
    /// What is made as large or small as possible.
    pub optimization_goal: String,
    /// Operating thresholds: `approve_at: 0.58`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, f64>,
    /// Who answers for it.
    #[cfg_attr(feature = "cli", schemars(with = "Vec<OwnerSchema>"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<ArtifactOwner>,
    /// Who has to approve it, and what they say they did. What counts are records of approvals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
    /// From when on it may be in force.
    #[cfg_attr(feature = "cli", schemars(with = "Option<String>"))]
    #[serde(
        default,
        deserialize_with = "super::time::time_or_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub effective_date: Option<Timestamp>,
    /// The limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// What is measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kpis: Vec<KpiDefinition>,
    /// The parts that are looked at by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<Segment>,
    /// What happens beyond a limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalation_rules: Vec<EscalationRule>,
}

/// Who has to approve something.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// The person, where it is one.
    #[cfg_attr(feature = "cli", schemars(with = "Option<String>"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The role.
    #[cfg_attr(feature = "cli", schemars(with = "String"))]
    pub role: Name,
    /// When they say they did.
    #[cfg_attr(feature = "cli", schemars(with = "Option<String>"))]
    #[serde(
        default,
        deserialize_with = "super::time::time_or_date",
        skip_serializing_if = "Option::is_none"
    )]
    pub approved_at: Option<Timestamp>,
}

/// A limit on a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// Its name.
    #[cfg_attr(feature = "cli", schemars(with = "String"))]
    pub name: Name,
    /// What sort of limit it is: `fairness`, `latency`.
    #[cfg_attr(feature = "cli", schemars(with = "Option<String>"))]
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Name>,
    /// The metric.
    #[cfg_attr(feature = "cli", schemars(with = "String"))]
    pub metric: Name,
    /// How value and threshold are compared; `at_most` when left out.
    #[cfg_attr(feature = "cli", schemars(with = "Option<ComparisonSchema>"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The threshold: a number, or two for `between`.
    pub threshold: Bound,
    /// The segments it holds in, each by itself; the whole when left out.
    #[cfg_attr(feature = "cli", schemars(with = "Vec<String>"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applies_to: Vec<Name>,
    /// What it does when it does not hold.
    #[serde(default)]
    pub severity: Severity,
}

/// A threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected a number, or a list of two for `between`"
)]
pub enum Bound {
    /// One number.
    One(f64),
    /// The lowest and the highest.
    Range([f64; 2]),
}

/// What a limit does that does not hold.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Checks fail.
    #[default]
    Block,
    /// Checks say so, and pass.
    Warn,
}

/// Something that is measured.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KpiDefinition {
    /// Its name.
    #[cfg_attr(feature = "cli", schemars(with = "String"))]
    pub name: Name,
    /// The metric.
    #[cfg_attr(feature = "cli", schemars(with = "String"))]
    pub metric: Name,
    /// By what it is taken apart: `region`.
    #[cfg_attr(feature = "cli", schemars(with = "Vec<String>"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Name>,
}

/// A part that is looked at by itself.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its name.
    #[cfg_attr(feature = "cli", schemars(with = "String"))]
    pub name: Name,
    /// The slices that make it up: `age_group: under_25`.
    pub r#where: BTreeMap<String, String>,
}

/// What happens beyond a limit.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EscalationRule {
    /// When: `fairness_gap > 0.015 for 2 days`.
    #[cfg_attr(feature = "cli", schemars(with = "String"))]
    pub r#if: Condition,
    /// What.
    pub then: Escalation,
}

/// What happens beyond a limit.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Escalation {
    /// Whether nothing is deployed any more until the freeze is lifted.
    pub freeze_deployments: bool,
    /// The role that is told, and that alone may lift a freeze.
    #[cfg_attr(feature = "cli", schemars(with = "Option<String>"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<Name>,
    /// How to train anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrain_with: Option<String>,
}

/// A metric beyond a number, for some time: `fairness_gap > 0.015 for 2 days`.
///
/// ```
/// use contextrail::record::Condition;
/// let condition: Condition = "fairness_gap > 0.015 for 2 days".parse().unwrap();
/// assert_eq!(condition.days, Some(2));
/// assert!(condition.is_met(0.02));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    /// The metric.
    pub metric: Name,
    /// How it is compared.
    pub beyond: Beyond,
    /// With what.
    pub threshold: f64,
    /// On how many days in a row; at once when left out.
    pub days: Option<u32>,
}

impl Eq for Condition {}

/// How a metric lies beyond a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Beyond {
    /// `>`
    Above,
    /// `>=`
    AtOrAbove,
    /// `<`
    Below,
    /// `<=`
    AtOrBelow,
}

impl Beyond {
    const ALL: [(Self, &'static str); 4] = [
        (Self::AtOrAbove, ">="),
        (Self::AtOrBelow, "<="),
        (Self::Above, ">"),
        (Self::Below, "<"),
    ];
}

impl Condition {
    /// Whether a value of the metric lies beyond.
    #[must_use]
    pub fn is_met(&self, value: f64) -> bool {
        match self.beyond {
            Beyond::Above => value > self.threshold,
            Beyond::AtOrAbove => value >= self.threshold,
            Beyond::Below => value < self.threshold,
            Beyond::AtOrBelow => value <= self.threshold,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Beyond::ALL.iter();
        let word = words.find(|(beyond, _)| *beyond == self.beyond);
        let word = word.map_or(">", |(_, word)| word);
        write!(f, "{} {word} {}", self.metric, self.threshold)?;
        match self.days {
            Some(1) => write!(f, " for 1 day"),
            Some(days) => write!(f, " for {days} days"),
            None => Ok(()),
        }
    }
}

impl FromStr for Condition {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let malformed = || {
            let form = "METRIC > NUMBER, with >, >=, < or <=, and `for N days` if it has to last";
            InvalidValue::new("condition", text, form)
        };
        let (text, days) = match text.rsplit_once(" for ") {
            Some((text, span)) => (text, Some(days(span).ok_or_else(malformed)?)),
            None => (text, None),
        };
        let mut words = Beyond::ALL.iter();
        let found = words.find_map(|(beyond, word)| Some((*beyond, text.split_once(word)?)));
        let (beyond, (metric, threshold)) = found.ok_or_else(malformed)?;
        let threshold: f64 = threshold.trim().parse().map_err(|_| malformed())?;
        if !threshold.is_finite() {
            return Err(malformed());
        }
        Ok(Self {
            metric: metric.trim().parse().map_err(|_| malformed())?,
            beyond,
            threshold,
            days,
        })
    }
}

fn days(text: &str) -> Option<u32> {
    let (number, unit) = text.trim().split_once(' ')?;
    let number: u32 = number.parse().ok()?;
    (number > 0 && matches!(unit.trim(), "day" | "days")).then_some(number)
}

impl TryFrom<String> for Condition {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        condition.to_string()
    }
}

impl Constraint {
    /// How value and threshold are compared.
    #[must_use]
    pub fn compared(&self) -> Comparison {
        self.comparison.unwrap_or(Comparison::AtMost)
    }

    /// Whether `value` is within the limit.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        match (self.compared(), self.threshold) {
            (Comparison::AtMost, Bound::One(most)) => value <= most,
            (Comparison::AtLeast, Bound::One(least)) => value >= least,
            #[expect(clippy::float_cmp, reason = "equal is what it asks for")]
            (Comparison::Equals, Bound::One(wanted)) => value == wanted,
            (Comparison::Between, Bound::Range([least, most])) => (least..=most).contains(&value),
            // A constraint that was checked has no other.
            _ => false,
        }
    }
}

impl Objective {
    /// What is wrong with it that no type can say: each with the path of the member.
    #[must_use]
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut names = BTreeSet::new();
        let segments: BTreeSet<&Name> = self.segments.iter().map(|it| &it.name).collect();
        for (at, constraint) in self.constraints.iter().enumerate() {
            let path = format!("constraints[{at}]");
            if !names.insert(&constraint.name) {
                let what = format!("the constraint {} is there twice", constraint.name);
                faults.push((format!("{path}.name"), what));
            }
            let fits = match (constraint.compared(), constraint.threshold) {
                (Comparison::Between, Bound::Range([least, most])) => least <= most,
                (Comparison::Between, Bound::One(_)) | (_, Bound::Range(_)) => false,
                _ => true,
            };
            if !fits {
                let what = "one number, or [lowest, highest] for the comparison `between`";
                faults.push((format!("{path}.threshold"), format!("expected {what}")));
            }
            for (number, segment) in constraint.applies_to.iter().enumerate() {
                if !segments.contains(segment) {
                    let what = format!("{segment} is none of the segments of the objective");
                    faults.push((format!("{path}.applies_to[{number}]"), what));
                }
            }
        }
        let mut kpis = BTreeSet::new();
        for (at, kpi) in self.kpis.iter().enumerate() {
            if !kpis.insert(&kpi.name) {
                let what = format!("the KPI {} is there twice", kpi.name);
                faults.push((format!("kpis[{at}].name"), what));
            }
        }
        let mut known = BTreeSet::new();
        for (at, segment) in self.segments.iter().enumerate() {
            if !known.insert(&segment.name) {
                let what = format!("the segment {} is there twice", segment.name);
                faults.push((format!("segments[{at}].name"), what));
            }
            if segment.r#where.is_empty() {
                let what = "expected one slice or more, such as {age_group: under_25}".to_owned();
                faults.push((format!("segments[{at}].where"), what));
            }
        }
        let metrics = self.metrics();
        for (at, rule) in self.escalation_rules.iter().enumerate() {
            if !metrics.contains(&rule.r#if.metric) {
                let what = format!(
                    "the metric {} is that of no constraint and no KPI of the objective",
                    rule.r#if.metric
                );
                faults.push((format!("escalation_rules[{at}].if"), what));
            }
        }
        faults
    }

    /// What is left to be guessed, to be said to whoever wrote it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let silent = self.constraints.iter().filter(|it| it.comparison.is_none());
        let said = silent.map(|it| {
            format!(
                "the constraint {} has no comparison, and is read as at_most: {} may not be above its threshold",
                it.name, it.metric
            )
        });
        said.collect()
    }

    /// The metrics that its constraints and KPIs are about.
    #[must_use]
    pub fn metrics(&self) -> BTreeSet<&Name> {
        let limited = self.constraints.iter().map(|it| &it.metric);
        limited
            .chain(self.kpis.iter().map(|it| &it.metric))
            .collect()
    }

    /// The segment of this name.
    #[must_use]
    pub fn segment(&self, name: &Name) -> Option<&Segment> {
        self.segments.iter().find(|it| it.name == *name)
    }
}

/// The form of an owner, for editors.
#[cfg(feature = "cli")]
#[derive(schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its form is asked for")]
struct OwnerSchema {
    name: String,
    #[schemars(default)]
    role: Option<String>,
}

/// The form of a comparison, for editors.
#[cfg(feature = "cli")]
#[derive(schemars::JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its form is asked for")]
enum ComparisonSchema {
    AtMost,
    AtLeast,
    Between,
    Equals,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_reads_as_people_write_it_and_comes_back() {
        for text in [
            "fairness_gap > 0.015 for 2 days",
            "auc < 0.7",
            "latency_ms >= 150 for 1 day",
            "approval_rate <= 0.4",
        ] {
            assert_eq!(text.parse::<Condition>().unwrap().to_string(), text);
        }
        for bad in [
            "fairness_gap",
            "fairness_gap > high",
            "> 1",
            "a > 1 for 2 weeks",
            "a > 1 for 0 days",
            "a > NaN",
        ] {
            assert!(bad.parse::<Condition>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_limit_holds_up_to_its_threshold() {
        let constraint = |comparison: &str, threshold: &str| -> Constraint {
            serde_json::from_str(&format!(
                r#"{{"name":"c","metric":"m","comparison":"{comparison}","threshold":{threshold}}}"#
            ))
            .unwrap()
        };
        assert!(constraint("at_most", "1").holds(1.0) && !constraint("at_most", "1").holds(1.1));
        assert!(constraint("at_least", "1").holds(1.0) && !constraint("at_least", "1").holds(0.9));
        assert!(constraint("between", "[1, 2]").holds(2.0));
        assert!(!constraint("between", "[1, 2]").holds(2.1));
        assert!(constraint("equals", "1").holds(1.0) && !constraint("equals", "1").holds(1.1));
    }
}
