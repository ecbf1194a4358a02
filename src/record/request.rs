//! An assembly asked for from outside: `contextrail.request/1`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Agent, ContextId, EntityRef, ErrorNote, FeatureOrigin, FeatureStatus, GuardrailResult,
    IndexUse, ItemKind, Members, ModelUse, Name, Order, Origin, Overflow, QualityCheck, Retention,
    RetrievalStatus, RetrieverClass, Role, Service, Span, Timestamp, ToolCall, Trace, Version,
    VersionedName,
};

/// The value of the member `schema` of a request.
pub const REQUEST_SCHEMA: &str = "contextrail.request/1";

/// An assembly asked for from outside: features, retrievals and items as the caller has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `contextrail.request/1`
    pub schema: String,
    /// What kind of context this is.
    pub name: Name,
    /// The registered use case and its version.
    #[serde(default)]
    pub use_case: Option<VersionedName>,
    /// How long the record has to be kept, by rule.
    #[serde(default)]
    pub retention: Option<Retention>,
    /// Where the application runs.
    #[serde(default)]
    pub environment: Option<Name>,
    /// The application.
    #[serde(default)]
    pub service: Option<Service>,
    /// The W3C trace the assembly is part of.
    #[serde(default)]
    pub trace: Option<Trace>,
    /// The contexts of the steps before this one.
    #[serde(default)]
    pub parents: Vec<ContextId>,
    /// The agent whose step this is.
    #[serde(default)]
    pub agent: Option<Agent>,
    /// What the context is about.
    #[serde(default)]
    pub entities: Vec<EntityRef>,
    /// What the application was asked with.
    #[serde(default)]
    pub inputs: Option<Members>,
    /// The model the context is meant for.
    #[serde(default)]
    pub model: Option<ModelUse>,
    /// The prompt template, with its text.
    #[serde(default)]
    pub template: Option<RequestTemplate>,
    /// The token limit.
    pub budget: RequestBudget,
    /// What stands between two items of the text; two line feeds when left out.
    #[serde(default)]
    pub separator: Option<String>,
    /// In which order the items stand in the text.
    #[serde(default)]
    pub order: Order,
    /// The freshness limit of the context.
    #[serde(default)]
    pub freshness: Option<RequestFreshness>,
    /// Whether required items may go beyond the budget.
    #[serde(default)]
    pub allow_overflow: bool,
    /// The features that were fetched.
    #[serde(default)]
    pub features: Option<Vec<RequestFeature>>,
    /// The retriever calls that were made.
    #[serde(default)]
    pub retrievals: Option<Vec<RequestRetrieval>>,
    /// The guardrails that were run.
    #[serde(default)]
    pub guardrails: Option<Vec<GuardrailResult>>,
    /// The tool calls that were made.
    #[serde(default)]
    pub tools: Option<Vec<ToolCall>>,
    /// The candidate pieces of the context.
    pub items: Vec<RequestItem>,
}

/// The prompt template of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTemplate {
    /// Its name.
    pub name: Name,
    /// Its version.
    #[serde(default)]
    pub version: Option<Version>,
    /// Its text, with `{{name}}` where variables go.
    pub text: String,
    /// The values of its variables.
    #[serde(default)]
    pub variables: Members,
}

/// The token limit of a request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestBudget {
    /// The limit in tokens.
    pub limit: u64,
    /// What of it to keep free for the answer.
    #[serde(default)]
    pub reserve_output: u64,
    /// The encoding that counts; the model's when left out.
    #[serde(default)]
    pub tokenizer: Option<Name>,
    /// Framing tokens the API adds to each message.
    #[serde(default)]
    pub per_message: Option<u64>,
}

/// The freshness limit of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFreshness {
    /// The age every covered value is allowed.
    #[serde(default)]
    pub limit: Option<Span>,
    /// Whether to refuse the assembly when something is older.
    #[serde(default)]
    pub strict: bool,
}

/// A feature of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFeature {
    /// The name of the feature.
    pub name: Name,
    /// The version of its definition.
    #[serde(default)]
    pub version: Option<Version>,
    /// Whom the value is about.
    #[serde(default, with = "super::entity::as_text")]
    pub entity: Option<EntityRef>,
    /// The value, when there is one.
    #[serde(default, deserialize_with = "super::some_value")]
    pub value: Option<Value>,
    /// How it was fetched.
    #[serde(default)]
    pub source: FeatureOrigin,
    /// Where it comes from.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// The pipelines it went through.
    #[serde(default)]
    pub transforms: Vec<Name>,
    /// Quality checks made on it.
    #[serde(default)]
    pub quality: Vec<QualityCheck>,
    /// Whether there is a value; by `value` when left out.
    #[serde(default)]
    pub status: Option<FeatureStatus>,
    /// Why there is none.
    #[serde(default)]
    pub error: Option<ErrorNote>,
    /// The time the value describes.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
    /// When it was fetched; the time of assembly when left out.
    #[serde(default)]
    pub fetched_at: Option<Timestamp>,
    /// The age it is allowed.
    #[serde(default)]
    pub max_age: Option<Span>,
    /// How long the fetch took, in microseconds.
    #[serde(default)]
    pub latency_us: Option<u64>,
}

/// A retriever call of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRetrieval {
    /// The name of the retriever.
    pub retriever: Name,
    /// Whether its documents are shared or about people.
    #[serde(default)]
    pub class: RetrieverClass,
    /// What was asked.
    pub query: String,
    /// The index that answered.
    #[serde(default)]
    pub index: Option<IndexUse>,
    /// How many results were asked for.
    #[serde(default)]
    pub top_k: Option<u64>,
    /// The filters of the call.
    #[serde(default)]
    pub filters: Members,
    /// Whether there were results; by `results` when left out.
    #[serde(default)]
    pub status: Option<RetrievalStatus>,
    /// Why there were none.
    #[serde(default)]
    pub error: Option<ErrorNote>,
    /// When the call was made; the time of assembly when left out.
    #[serde(default)]
    pub fetched_at: Option<Timestamp>,
    /// The age its documents are allowed.
    #[serde(default)]
    pub max_age: Option<Span>,
    /// How long the call took, in microseconds.
    #[serde(default)]
    pub latency_us: Option<u64>,
    /// The documents, best first.
    #[serde(default)]
    pub results: Vec<RequestDocument>,
}

/// A retrieved document of a request, with its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestDocument {
    /// The document.
    pub document: Name,
    /// The part of it.
    #[serde(default)]
    pub chunk: Option<Name>,
    /// The version of the document.
    #[serde(default)]
    pub version: Option<Version>,
    /// The text of the part.
    pub text: String,
    /// The retriever's score.
    #[serde(default)]
    pub score: Option<f64>,
    /// Where the document can be found.
    #[serde(default)]
    pub uri: Option<String>,
    /// The time the document describes.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
}

/// A candidate piece of the context of a request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestItem {
    /// What it is.
    pub kind: ItemKind,
    /// The feature or `document#chunk` it is; echoed for `text` and `turn`.
    #[serde(default, rename = "ref")]
    pub reference: Option<Name>,
    /// Its text; taken from what it refers to when left out.
    #[serde(default)]
    pub text: Option<String>,
    /// Whose words it is to the model.
    #[serde(default)]
    pub role: Role,
    /// 0 is most important; 1 when left out.
    #[serde(default = "one")]
    pub priority: u64,
    /// Whether the context may not be without it.
    #[serde(default)]
    pub required: bool,
    /// What to do when it does not fit.
    #[serde(default)]
    pub overflow: Overflow,
    /// Kept tokens below which it is dropped; 1 when left out.
    #[serde(default)]
    pub min_tokens: Option<u64>,
    /// What stands where text was cut out.
    #[serde(default)]
    pub marker: Option<String>,
}

const fn one() -> u64 {
    1
}
