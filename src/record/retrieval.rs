//! Retrievals: retriever calls and their results.

use serde::{Deserialize, Serialize};

use super::{Digest, ErrorNote, Members, Name, Timestamp, Version};

/// One retriever call, whatever came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retrieval {
    /// The name of the retriever.
    pub retriever: Name,
    /// Whether its documents are shared or about people.
    #[serde(default)]
    pub class: RetrieverClass,
    /// What was asked.
    pub query: String,
    /// The index that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexUse>,
    /// How many results were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// The filters of the call.
    #[serde(default, skip_serializing_if = "Members::is_empty")]
    pub filters: Members,
    /// Whether there were results.
    pub status: RetrievalStatus,
    /// Why there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorNote>,
    /// When the call was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<Timestamp>,
    /// The age its documents were allowed, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ms: Option<i64>,
    /// How long the call took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// The documents, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<RetrievedDocument>,
}

/// Whether a retriever's documents are shared or about people.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrieverClass {
    /// The same for everybody: confidential, stored once.
    Shared,
    /// About people: personal. What a retriever that says nothing is taken for.
    #[default]
    Personal,
}

/// The index a retriever searched.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexUse {
    /// Its name.
    pub name: Name,
    /// Its version or snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
}

/// Whether a retriever call gave results.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetrievalStatus {
    /// It did.
    #[default]
    Ok,
    /// It found nothing.
    Empty,
    /// It failed.
    Failed,
}

/// One document among a retriever's results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetrievedDocument {
    /// Its place among the results, from 1.
    pub rank: u64,
    /// The document.
    pub document: Name,
    /// The part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<Name>,
    /// The version of the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The retriever's score, in the retriever's own scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The digest of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Length of the text in tokens of the assembly's tokenizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Where the document can be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The time the document describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Its age when fetched, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freshness_ms: Option<i64>,
    /// Whether that is over the limit; absent when there is no limit or no age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<bool>,
    /// What became of it in the assembly.
    pub used: DocumentUse,
}

/// What became of a retrieved document in the assembly.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentUse {
    /// All of it is in the text.
    Included,
    /// Part of it is in the text.
    Truncated,
    /// It was an item and did not fit.
    Dropped,
    /// It was never made an item.
    #[default]
    Unused,
}
