//! What the assembly did: items, budget, text.

use serde::{Deserialize, Serialize};

use super::{Digest, Name};

/// The items, the budget and what became of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssemblyRecord {
    /// The tokenizer that counted.
    pub tokenizer: TokenizerUse,
    /// The token limit and what was used of it.
    pub budget: BudgetUse,
    /// What stands between two items of the text.
    pub separator: String,
    /// In which order the items stand in the text.
    #[serde(default)]
    pub order: Order,
    /// Every candidate, in the order added, the dropped ones too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// The text as runs of equal role, for chat APIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageSpan>,
    /// Keyed digest of the text; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_digest: Option<Digest>,
    /// Length of the text in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_bytes: Option<u64>,
}

/// The tokenizer that counted, by name and engine.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerUse {
    /// The encoding: `o200k_base`.
    pub name: Name,
    /// The implementation and its version: `tiktoken-rs 0.12.1`.
    pub engine: Name,
}

/// The token limit and what was used of it. All counts are tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetUse {
    /// The limit given.
    pub limit: u64,
    /// What of it was kept free for the answer.
    pub reserve_output: u64,
    /// What was left for the text.
    pub available: u64,
    /// The count of the text, separators included.
    pub used: u64,
    /// Framing tokens an API adds to each message, as the caller gave them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_message: Option<u64>,
    /// `per_message` times the number of messages; not in `used`, but within `available`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framing: Option<u64>,
    /// By how much the required items alone go beyond `available`, where that was allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<u64>,
}

/// In which order the items stand in the text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As they were added.
    #[default]
    Added,
    /// Most important first; equal ones as added.
    Priority,
    /// Most important at both ends, least important in the middle, where models attend least.
    Edges,
}

/// One candidate piece of the context, and what became of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its place in the order added, from 0.
    pub index: u64,
    /// What it is.
    pub kind: ItemKind,
    /// What it came from: a feature, `document#chunk`, `template@version`.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<Name>,
    /// Whose words it is to the model.
    #[serde(default)]
    pub role: Role,
    /// 0 is most important.
    pub priority: u64,
    /// Whether the context may not be without it.
    pub required: bool,
    /// What to do when it does not fit.
    #[serde(default, skip_serializing_if = "Overflow::is_drop")]
    pub overflow: Overflow,
    /// Kept tokens below which it is dropped instead of truncated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_tokens: Option<u64>,
    /// What stands where text was cut out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// Length of the whole text in tokens.
    pub tokens: u64,
    /// Length of the kept text alone in tokens.
    pub used_tokens: u64,
    /// What became of it.
    pub verdict: Verdict,
    /// What cut it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<CutReason>,
    /// The byte ranges of its own text that were kept, when not all of it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<[u64; 2]>,
    /// The digest of its whole text: bare over shared text, keyed over personal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// What an item is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// The rendered prompt template.
    Template,
    /// A feature's name and value.
    Feature,
    /// A retrieved document.
    Document,
    /// One turn of a conversation.
    Turn,
    /// The output of a tool.
    Tool,
    /// Anything else.
    #[default]
    Text,
}

/// Whose words a piece of text is to the model.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions of the application.
    System,
    /// Instructions of the developer, where an API tells them apart.
    Developer,
    /// The user's words, and everything else by default.
    #[default]
    User,
    /// The model's own earlier words.
    Assistant,
    /// The output of a tool.
    Tool,
}

/// What to do with an item that does not fit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// Leave it out.
    #[default]
    Drop,
    /// Keep its beginning.
    KeepHead,
    /// Keep its end.
    KeepTail,
    /// Keep both ends.
    KeepEnds,
    /// Leave out the oldest turns of the list it is part of.
    DropOldest,
}

impl Overflow {
    /// Whether this is the default, which records leave out.
    #[must_use]
    pub const fn is_drop(&self) -> bool {
        matches!(self, Self::Drop)
    }
}

/// What became of an item.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All of it is in the text.
    Included,
    /// Part of it is in the text.
    Truncated,
    /// None of it is in the text.
    Dropped,
}

/// What cut an item.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutReason {
    /// The budget was used up.
    Budget,
    /// What would have been left of it was under its `min_tokens`.
    MinTokens,
    /// It was an older turn of a conversation.
    OlderTurn,
    /// A guardrail took it out.
    Guardrail,
    /// It was too old.
    Stale,
}

/// A run of equal role in the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageSpan {
    /// Whose words they are.
    pub role: Role,
    /// The byte range of the text; separators between runs belong to none.
    pub range: [u64; 2],
}
