//! Feature sources: where named values about entities come from.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::assembly::value_text;
use crate::capture::BoxError;
use crate::record::{EntityRef, FeatureOrigin, Name, Origin, QualityCheck, Timestamp, Version};

/// Fetches named values for entities: a feature store, a table, a service.
#[async_trait]
pub trait FeatureSource: Send + Sync {
    /// Fetches one value. [`FeatureAnswer::missing`] says that there is none for this entity.
    ///
    /// # Errors
    ///
    /// Any error of the source; it is recorded with its message and those behind it.
    async fn fetch(&self, request: &FeatureRequest) -> Result<FeatureAnswer, BoxError>;
}

#[async_trait]
impl<S: FeatureSource + ?Sized> FeatureSource for Arc<S> {
    async fn fetch(&self, request: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        (**self).fetch(request).await
    }
}

#[async_trait]
impl<S: FeatureSource + ?Sized> FeatureSource for Box<S> {
    async fn fetch(&self, request: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        (**self).fetch(request).await
    }
}

/// Which value is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FeatureRequest {
    /// The name of the feature.
    pub name: Name,
    /// Whom the value is about.
    pub entity: EntityRef,
    /// The version of its definition, when one is asked for.
    pub version: Option<Version>,
    /// The age the value is allowed; a source may use it to pass by a cache.
    pub max_age: Option<Duration>,
    /// Whether a fetch builder records this call, so that no wrapper does it again.
    pub(super) recorded: bool,
}

impl FeatureRequest {
    /// Asks for the value of `name` for `entity`, for calling a source directly.
    #[must_use]
    pub const fn new(name: Name, entity: EntityRef) -> Self {
        Self {
            name,
            entity,
            version: None,
            max_age: None,
            recorded: false,
        }
    }
}

/// What a feature source answers.
#[derive(Clone, Debug, Default)]
pub struct FeatureAnswer {
    /// The value; `None` and `null` say that there is none.
    pub value: Option<Value>,
    /// The version of the feature's definition; the one asked for when left out.
    pub version: Option<Version>,
    /// The time the value describes. Without it, its age is unknown.
    pub as_of: Option<Timestamp>,
    /// How the value was fetched.
    pub source: FeatureOrigin,
    /// Where the value comes from.
    pub origin: Option<Origin>,
    /// The pipelines it went through, with their versions.
    pub transforms: Vec<Name>,
    /// Quality checks made on it.
    pub quality: Vec<QualityCheck>,
}

impl FeatureAnswer {
    /// A value, read or computed from its source.
    #[must_use]
    pub fn value(value: impl Into<Value>) -> Self {
        Self {
            value: Some(value.into()),
            ..Self::default()
        }
    }

    /// There is no value for this entity.
    #[must_use]
    pub fn missing() -> Self {
        Self::default()
    }

    /// Sets the time the value describes.
    #[must_use]
    pub const fn as_of(mut self, at: Timestamp) -> Self {
        self.as_of = Some(at);
        self
    }

    /// Says that the value comes from a cache.
    #[must_use]
    pub const fn cached(mut self) -> Self {
        self.source = FeatureOrigin::Cache;
        self
    }

    pub(super) fn has_value(&self) -> bool {
        !matches!(self.value, None | Some(Value::Null))
    }
}

/// A feature as the application gets it: its value, and what the record says about it.
///
/// It derefs to the value and displays as it, strings without quotes.
///
/// ```
/// # use contextrail::capture::FetchedFeature;
/// # fn show(score: &FetchedFeature) -> String {
/// let line = format!("Credit score: {score}");
/// # let _ = score.as_f64();
/// # line }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedFeature {
    pub(super) name: Name,
    pub(super) entity: EntityRef,
    pub(super) value: Value,
    pub(super) source: FeatureOrigin,
    pub(super) as_of: Option<Timestamp>,
    pub(super) freshness_ms: Option<i64>,
}

impl FetchedFeature {
    /// The name of the feature.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Whom the value is about.
    #[must_use]
    pub const fn entity(&self) -> &EntityRef {
        &self.entity
    }

    /// The value; `null` when an optional feature has none.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The value alone.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Whether the source has no value, for optional features.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.value.is_null()
    }

    /// How the value was fetched: a fallback or default can be told by it.
    #[must_use]
    pub const fn source(&self) -> FeatureOrigin {
        self.source
    }

    /// The time the value describes.
    #[must_use]
    pub const fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// The age of the value when fetched, in milliseconds.
    #[must_use]
    pub const fn freshness_ms(&self) -> Option<i64> {
        self.freshness_ms
    }
}

impl Deref for FetchedFeature {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl fmt::Display for FetchedFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&value_text(&self.value))
    }
}
