//! Measured values, checks against limits, and freezes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Actor, ArtifactRef, CheckFinding, Comparison, DecisionId, Governing, InvalidValue, Name,
    RecordId, Timestamp,
};

/// A measured value of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    /// The name of the measurement, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The metric: `fairness_gap`.
    pub metric: Name,
    /// What was measured: a number, or whether it was so.
    pub value: Measure,
    /// Of which part: `region: EU`. Those of a decision are about whom it is about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub slices: BTreeMap<String, String>,
    /// The versions it was measured with, by role: `model`, `objective`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, Governing>,
    /// When.
    pub at: Timestamp,
    /// Over how long before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Name>,
    /// Over how many values; one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The decision it was measured of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionId>,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a finite number, or true or false")]
pub enum Measure {
    /// A number; the rate of a boolean is one.
    Number(f64),
    /// Whether it was so.
    Boolean(bool),
}

impl Measure {
    /// It as a number: 1 for what was so, 0 for what was not.
    #[must_use]
    pub const fn as_number(self) -> f64 {
        match self {
            Self::Number(number) => number,
            Self::Boolean(true) => 1.0,
            Self::Boolean(false) => 0.0,
        }
    }
}

impl Kpi {
    /// Checks what no type can say.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`]: a value that is no number, a count of nothing, a slice without a name.
    pub fn check(&self) -> Result<(), InvalidValue> {
        if !self.value.as_number().is_finite() {
            let value = self.value.as_number().to_string();
            return Err(InvalidValue::new(
                "value of a KPI",
                &value,
                "a finite number",
            ));
        }
        if self.count == Some(0) {
            return Err(InvalidValue::new("count of a KPI", "0", "one or more"));
        }
        for (slice, value) in &self.slices {
            Name::new(slice.as_str())?;
            Name::new(value.as_str())?;
        }
        Ok(())
    }
}

/// The outcome of a check against limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What was checked.
    pub of: CheckOf,
    /// Which one: a version of an artifact, the id of a decision.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Name>,
    /// What was found, one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<CheckLine>,
    /// Whether nothing stands against it.
    pub passed: bool,
    /// Why it passed although something was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_unmeasured: Option<Allowance>,
}

/// What a check was of.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOf {
    /// An objective, against measured values.
    Objective,
    /// A model: approvals, lineage, evaluation.
    Model,
    /// The trail: completeness, skew, retention.
    Trail,
    /// A decision that was not recorded.
    Decision,
}

impl CheckOf {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Objective => "objective",
            Self::Model => "model",
            Self::Trail => "trail",
            Self::Decision => "decision",
        }
    }
}

/// One thing that a check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckLine {
    /// The limit, or what else has to hold.
    pub constraint: Name,
    /// The metric it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Name>,
    /// The part it was measured of: `region=EU`; all of it when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<String>,
    /// The value measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// How value and threshold are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The threshold: a number, or two for `between`.
    #[serde(
        default,
        deserialize_with = "super::some_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub threshold: Option<Value>,
    /// The finding.
    pub result: CheckFinding,
    /// What is so, in words; it names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Who allowed that something was not measured.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Why.
    pub reason: String,
    /// Who.
    pub by: Actor,
}

/// From here on no check passes, until the freeze is lifted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Why.
    pub reason: String,
    /// The rule that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The role that may lift it; anybody may when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_by: Option<Name>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<ArtifactRef>,
}

/// The end of a freeze.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfreeze {
    /// The freeze that ends.
    pub freeze: RecordId,
    /// In what role.
    pub role: Name,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
