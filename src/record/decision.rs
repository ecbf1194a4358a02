//! Generations, decisions, reviews and outcome events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ContextId, DecisionId, Digest, EntityRef, GenerationId, GuardrailResult, Members, ModelUse,
    Name, RecordId, RedactionTrace, Retention, Timestamp, ToolCall, Trace, VersionedName,
};

/// A model's answer to a context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// The context that was answered.
    pub context: ContextId,
    /// The model that answered.
    pub model: ModelUse,
    /// Keyed digest of the exact request body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_digest: Option<Digest>,
    /// The answer; [`Generation::REDACTED`] where redaction kept it from being stored.
    pub text: String,
    /// Keyed digest of the answer, where its text is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_digest: Option<Digest>,
    /// Why the model stopped, as the provider says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<Name>,
    /// Tokens as the provider counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<TokenUsage>,
    /// What the call cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The tools the answer asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The guardrails run on the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guardrails: Vec<GuardrailResult>,
    /// How long the call took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// What redaction took out before the record was sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<RedactionTrace>,
    /// Members that an imported record had and this version does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Members,
}

impl Generation {
    /// What stands in the place of an answer that is not stored.
    pub const REDACTED: &'static str = "[redacted]";
}

/// Tokens of one call, as the provider counts them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenUsage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

/// An exact amount of money.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// A decimal number as text, so that nothing is rounded.
    pub amount: Name,
    /// ISO 4217: `USD`.
    pub currency: Name,
}

/// A business decision that one or more contexts led to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The business key; many decisions may share it over time.
    pub subject: EntityRef,
    /// The registered use case and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_case: Option<VersionedName>,
    /// How long the record has to be kept, by rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// The entities of its contexts, and any of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityRef>,
    /// The contexts that led to it.
    pub contexts: Vec<ContextId>,
    /// The generations that led to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generations: Vec<GenerationId>,
    /// What the model or rule gave: score, probability.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub output: Members,
    /// What the output was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// What was decided: `approved`.
    pub outcome: Name,
    /// What was done about it: `disburse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Name>,
    /// How sure the decider was, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The reasons, the principal one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// How much each signal contributed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rationale: Vec<Rationale>,
    /// Who or what decided.
    pub decided_by: Decider,
    /// How far the decision was automated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automation: Option<Automation>,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// How much is at stake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_tier: Option<RiskTier>,
    /// The artifact versions that governed it, by role: `model`, `objective`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub governed_by: BTreeMap<String, Governing>,
    /// Checks made when it was decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckResult>,
    /// Where the input can be found by those allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_ref: Option<String>,
    /// Keyed digest of the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_digest: Option<Digest>,
    /// Metric values measured with the decision.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kpis: BTreeMap<String, f64>,
    /// The W3C trace the decision was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// Records that caused this decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caused_by: Vec<RecordId>,
    /// The decision that this one overrides or corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<DecisionId>,
    /// What redaction took out before the record was sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<RedactionTrace>,
    /// Members that an imported record had and this version does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Members,
}

/// The artifact versions that governed a decision in one role.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a version written name@version, such as credit_model@2.1.0, or a list of them"
)]
pub enum Governing {
    /// One version.
    One(VersionedName),
    /// Several versions.
    Many(Vec<VersionedName>),
}

impl Governing {
    /// The versions, one or many.
    #[must_use]
    pub fn versions(&self) -> &[VersionedName] {
        match self {
            Self::One(version) => std::slice::from_ref(version),
            Self::Many(versions) => versions,
        }
    }
}

/// What an output was held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Its name: `approve_at`.
    pub name: Name,
    /// Its value.
    pub value: f64,
}

/// One reason of a decision.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The code of the reason: `R01`.
    pub code: Name,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it rests on: `feature:credit_score`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<Name>,
}

/// How much one signal contributed to a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rationale {
    /// The signal: `debt_to_income`.
    pub signal: Name,
    /// Its contribution, in the method's own scale.
    pub contribution: f64,
    /// The method: `shap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Name>,
}

/// Who or what decided.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decider {
    /// A system or a person.
    pub kind: DeciderKind,
    /// Its name.
    pub id: Name,
}

/// Whether a system or a person decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeciderKind {
    /// A program.
    System,
    /// A person.
    Human,
}

/// How far a decision was automated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automation {
    /// A person decided alone.
    None,
    /// A person decided with a system's help.
    Assisted,
    /// No person took part.
    SolelyAutomated,
}

/// How much is at stake.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskTier {
    /// Much.
    High,
    /// Some.
    Medium,
    /// Little.
    Low,
}

/// One constraint that was checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// The constraint.
    pub constraint: Name,
    /// The metric it is about.
    pub metric: Name,
    /// The value measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// How value and threshold are compared.
    pub comparison: Comparison,
    /// The threshold: a number, or two for `between`.
    #[serde(
        default,
        deserialize_with = "super::some_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub threshold: Option<Value>,
    /// The finding.
    pub result: CheckFinding,
}

/// How a value and a threshold are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The value may not be above it.
    AtMost,
    /// The value may not be below it.
    AtLeast,
    /// The value lies between two.
    Between,
    /// The value is it.
    Equals,
}

/// What a check found.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckFinding {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// Nobody measured it.
    NotMeasured,
}

/// A person's verdict on a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The decision reviewed.
    pub decision: DecisionId,
    /// The reviewer's role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Name>,
    /// The verdict.
    pub verdict: ReviewVerdict,
    /// The code of the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<Name>,
    /// The policy that allows the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<VersionedName>,
    /// The reviewer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When the reviewer was shown the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presented_at: Option<Timestamp>,
    /// When the reviewer decided.
    pub decided_at: Timestamp,
    /// Keyed digest of what the reviewer was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_digest: Option<Digest>,
    /// The outcome reviewed.
    pub original_outcome: Name,
    /// The outcome of an override.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_outcome: Option<Name>,
    /// The decision an override made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_decision: Option<DecisionId>,
    /// What redaction took out before the record was sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<RedactionTrace>,
    /// Members that an imported record had and this version does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Members,
}

/// A reviewer's verdict.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// The decision stands.
    Approve,
    /// Another outcome takes its place.
    Override,
    /// The decision may not be acted on.
    Reject,
    /// Somebody else has to look.
    Escalate,
}

/// What happened after a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The decision it follows.
    pub decision: DecisionId,
    /// What happened: `repaid`, `disputed`, `appealed`.
    pub kind: Name,
    /// A value that goes with it.
    #[serde(
        default,
        deserialize_with = "super::some_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<Value>,
    /// When it happened.
    pub at: Timestamp,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What redaction took out before the record was sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<RedactionTrace>,
    /// Members that an imported record had and this version does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Members,
}
