//! Guardrails and tool calls.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ErrorNote, Name, Timestamp, Version};

/// One run of a guardrail: its native result, the verdict and what was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardrailResult {
    /// The name of the guardrail.
    pub name: Name,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The policy it enforces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyUse>,
    /// What it looked at.
    pub stage: Stage,
    /// What it returned, in its own form. It may hold what was found.
    #[serde(
        default,
        deserialize_with = "super::some_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub native: Option<Value>,
    /// What that means.
    pub verdict: GuardrailVerdict,
    /// What was done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<GuardrailAction>,
    /// Why it could not be run; its verdict is then the one set for failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorNote>,
    /// How long it took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
}

/// The policy a guardrail enforces.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyUse {
    /// Its name.
    pub name: Name,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
}

/// What a guardrail looks at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What the application was asked with.
    Input,
    /// The assembled text.
    Context,
    /// The model's answer.
    Output,
}

/// What a guardrail's result means.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardrailVerdict {
    /// Nothing found.
    Pass,
    /// Something found that a person should see.
    Flag,
    /// Something found that was taken out.
    Redact,
    /// Something found that must not go on.
    Block,
}

/// What was done about a guardrail's verdict.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardrailAction {
    /// Nothing.
    Allowed,
    /// It was noted for a person.
    Flagged,
    /// The text was replaced.
    Redacted,
    /// The assembly was stopped.
    Blocked,
}

/// One tool call of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The id the model gave the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<Name>,
    /// The name of the tool.
    pub name: Name,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// What it was called with.
    #[serde(
        default,
        deserialize_with = "super::some_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub arguments: Option<Value>,
    /// What it returned.
    #[serde(
        default,
        deserialize_with = "super::some_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub output: Option<Value>,
    /// Whether it succeeded.
    pub status: ToolStatus,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorNote>,
    /// When it was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How long it took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// Whether it changed something outside.
    #[serde(default)]
    pub side_effect: bool,
}

/// Whether a tool call succeeded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolStatus {
    /// It did.
    #[default]
    Ok,
    /// It failed.
    Failed,
}
