//! Whether what went into a context was fresh enough.

use serde::{Deserialize, Serialize};

use super::Name;

/// The freshness of a context.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreshnessReport {
    /// The overall finding.
    pub status: FreshnessStatus,
    /// The limit set on the context, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<i64>,
    /// What was not within its limit, or could not be checked.
    #[serde(default)]
    pub violations: Vec<FreshnessViolation>,
}

/// The overall freshness of a context.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreshnessStatus {
    /// Every covered value was checked and is within its limit.
    Guaranteed,
    /// Something is older than its limit, stood in for the real value, or could not be checked.
    Degraded,
    /// Nothing was checked.
    #[default]
    Unknown,
}

impl FreshnessStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Guaranteed, Self::Degraded, Self::Unknown];

    /// The word for the status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guaranteed => "guaranteed",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
        }
    }
}

/// One value that was not within its limit, or could not be checked.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreshnessViolation {
    /// The feature, or the retriever and document, concerned.
    #[serde(rename = "ref")]
    pub reference: Name,
    /// Its age in milliseconds, when known; negative when it lies in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<i64>,
    /// The limit that held for it, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<i64>,
    /// What is wrong with it.
    pub reason: StaleReason,
}

/// Why a value does not count as fresh.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleReason {
    /// Older than its limit.
    TooOld,
    /// Its as-of time lies in the future.
    InFuture,
    /// It has no as-of time, so its age is unknown.
    NoAsOf,
    /// A fallback stood in.
    Fallback,
    /// A default stood in.
    Default,
    /// The fetch failed.
    Failed,
    /// The source has no value.
    Missing,
}
