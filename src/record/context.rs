//! The context record: the sealed fact about one assembly of an LLM's context.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AssemblyRecord, CaptureReport, ContextId, Digest, EntityRef, Feature, FreshnessReport,
    GuardrailResult, InvalidValue, Name, Retrieval, Timestamp, ToolCall, Version, VersionedName,
};

/// A JSON object whose members are kept as given, in the order of their names.
pub type Members = BTreeMap<String, Value>;

/// The sealed fact about one assembly of an LLM's context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// What kind of context this is: `loan_decision`.
    pub name: Name,
    /// The registered use case and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_case: Option<VersionedName>,
    /// How long the record has to be kept, by rule; the date is computed, never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// How the assembly ended.
    pub status: ContextStatus,
    /// Why it did not end as `sealed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorNote>,
    /// When the builder was begun.
    pub created_at: Timestamp,
    /// When the assembly ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_at: Option<Timestamp>,
    /// Where the application runs: `production`, `development`.
    pub environment: Name,
    /// The application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// What made the record.
    pub recorder: Recorder,
    /// The W3C trace the assembly was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// The contexts of the steps before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<ContextId>,
    /// The agent whose step this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// What the context is about; the entities of all features are among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityRef>,
    /// What the application was asked with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: Members,
    /// The prompt template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateUse>,
    /// The model the context is meant for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelUse>,
    /// Every feature fetch, in the order made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    /// Every retriever call, in the order made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retrievals: Vec<Retrieval>,
    /// Every tool call, in the order made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolCall>,
    /// Every guardrail of the input and context stages, in the order run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guardrails: Vec<GuardrailResult>,
    /// The items, the budget and what became of them; absent when assembly was never reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assembly: Option<AssemblyRecord>,
    /// Whether what went in was fresh enough.
    pub freshness: FreshnessReport,
    /// How the record was captured, and what it may lack.
    pub capture: CaptureReport,
    /// Members that an imported record had and this version does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Members,
}

/// How an assembly ended.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextStatus {
    /// The text was handed to the application.
    Sealed,
    /// A rule refused it: budget, freshness, guardrail.
    Refused,
    /// The application left with an error.
    Failed,
    /// The application dropped the builder.
    Abandoned,
}

impl ContextStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Sealed, Self::Refused, Self::Failed, Self::Abandoned];

    /// The word for the status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Why something did not succeed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorNote {
    /// A stable word for the cause: `timeout`, `required_over_budget`.
    pub code: Name,
    /// The message, which may quote data.
    pub message: String,
}

impl ErrorNote {
    /// Notes a cause of this library, whose `code` is known to be a valid name.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Name::new(code).expect("codes are short constants"),
            message: message.into(),
        }
    }
}

/// By which rule a record is kept.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The retention class: `high_risk`.
    pub class: Name,
    /// The policy that says what the class means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<VersionedName>,
}

/// The application that assembled the context.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: Name,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The commit it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Version>,
}

/// The library that made the record.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: Version,
}

impl Recorder {
    /// This library.
    #[must_use]
    pub fn this() -> Self {
        Self {
            name: Name::new(env!("CARGO_PKG_NAME")).expect("the package has a short name"),
            version: Version::new(env!("CARGO_PKG_VERSION")).expect("the version is short"),
        }
    }
}

/// A W3C trace context: the trace and the span within it, in lower-case hexadecimal.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// 32 hexadecimal digits.
    pub trace_id: Name,
    /// 16 hexadecimal digits.
    pub span_id: Name,
}

impl Trace {
    /// Checks both ids. Records are read without this, so that those of other writers can be.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] for `trace_id` or `span_id`, when it is not that many lower-case
    /// hexadecimal digits, or all of them are zero.
    pub fn check(&self) -> Result<(), InvalidValue> {
        check_hex("trace_id", &self.trace_id, 32)?;
        check_hex("span_id", &self.span_id, 16)
    }
}

fn check_hex(what: &'static str, id: &Name, digits: usize) -> Result<(), InvalidValue> {
    let text = id.as_str();
    let is_hex = text
        .bytes()
        .all(|digit| digit.is_ascii_digit() || matches!(digit, b'a'..=b'f'));
    if is_hex && text.len() == digits && text.bytes().any(|digit| digit != b'0') {
        return Ok(());
    }
    let expected = format!("{digits} lower-case hexadecimal digits, not all zero");
    Err(InvalidValue::new(what, text, expected))
}

/// The agent whose step a context is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The name of the agent.
    pub name: Name,
    /// Its role among others: `planner`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Name>,
    /// The number of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// The state it carried into the step.
    #[serde(
        default,
        deserialize_with = "super::some_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub state: Option<Value>,
}

/// The prompt template a context was built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateUse {
    /// Its name.
    pub name: Name,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// SHA-256 of the template's text before variables are put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The values of its variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: Members,
}

/// The model a context is meant for, or that answered it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelUse {
    /// Who runs it: `openai`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Name>,
    /// The name asked for.
    pub name: Name,
    /// The version that answered, as the provider names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<Name>,
    /// Sampling parameters and the like.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Members,
}
