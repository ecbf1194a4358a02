//! Features: named values fetched for an entity.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EntityRef, ErrorNote, Name, Timestamp, Version};

/// One fetch of a named value for an entity, whatever came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The name of the feature.
    pub name: Name,
    /// The version of its definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Whom the value is about.
    #[serde(
        default,
        with = "super::entity::as_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub entity: Option<EntityRef>,
    /// The value, when there is one.
    #[serde(
        default,
        deserialize_with = "super::some_value",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<Value>,
    /// How it was fetched.
    pub source: FeatureOrigin,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The pipelines it went through, with their versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transforms: Vec<Name>,
    /// Quality checks made on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<QualityCheck>,
    /// Whether there is a value.
    pub status: FeatureStatus,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorNote>,
    /// The time the value describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// `fetched_at` minus `as_of`, in milliseconds; negative when `as_of` lies in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freshness_ms: Option<i64>,
    /// The age it was allowed, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ms: Option<i64>,
    /// How long the fetch took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
}

/// How a feature's value was fetched.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureOrigin {
    /// Read or computed from its source.
    #[default]
    Compute,
    /// Taken from a cache.
    Cache,
    /// A second-best source stood in.
    Fallback,
    /// A default stood in.
    Default,
}

/// Whether a fetch gave a value.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureStatus {
    /// It did.
    #[default]
    Ok,
    /// The source has none for this entity.
    Missing,
    /// The fetch failed.
    Failed,
}

/// Where a value comes from.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The system of record.
    pub system: Name,
    /// The data set and its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Name>,
    /// The record within it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Name>,
}

/// A quality check that was made on a value.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityCheck {
    /// The name of the check.
    pub check: Name,
    /// What it found: `pass`, `fail`.
    pub result: Name,
}
