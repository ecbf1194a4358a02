//! Fetching a feature through a capture.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::call::{Open, Setback, limited, millis};
use super::entry::{fill_feature, stood_in};
use super::state::nearest_name;
use crate::capture::{
    BoxError, CaptureError, FeatureAnswer, FeatureRequest, FeatureSource, FetchedFeature, Scope,
};
use crate::record::{
    EntityRef, Feature, FeatureOrigin, FeatureStatus, InvalidValue, Name, Origin, Version,
};

/// One fetch of a feature, made by [`Scope::feature`]. Nothing happens before `fetch` or `run`.
#[must_use = "a feature is fetched by `fetch` or `run`"]
pub struct FeatureFetch<'a> {
    scope: &'a Scope,
    name: String,
    entity: String,
    version: Option<Result<Version, InvalidValue>>,
    max_age: Option<Duration>,
    timeout: Option<Duration>,
    origin: Option<Origin>,
    stand_in: StandIn<'a>,
}

/// What to do when the source gives no value.
enum StandIn<'a> {
    /// Return an error.
    None,
    /// Accept a missing value, but not a failure.
    Optional,
    /// Take this value.
    Default(Value),
    /// Ask another source.
    Fallback(&'a dyn FeatureSource),
}

impl<'a> FeatureFetch<'a> {
    pub(super) fn new(scope: &'a Scope, name: String, entity: String) -> Self {
        Self {
            scope,
            name,
            entity,
            version: None,
            max_age: None,
            timeout: None,
            origin: None,
            stand_in: StandIn::None,
        }
    }

    /// Asks for a version of the feature's definition.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(Version::new(version));
        self
    }

    /// Sets the age the value is allowed. It goes before the limit of the context.
    pub const fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Gives the fetch up after `timeout`, with error code `timeout`.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says where the value comes from, for sources that do not say it themselves.
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Accepts that the source has no value. A failing source is still an error.
    pub fn optional(mut self) -> Self {
        self.stand_in = StandIn::Optional;
        self
    }

    /// Takes `value` when the source has none or fails. The context is then `degraded`.
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.stand_in = StandIn::Default(value.into());
        self
    }

    /// Asks `source` when the first one has no value or fails. The context is then `degraded`.
    pub fn fallback(mut self, source: &'a dyn FeatureSource) -> Self {
        self.stand_in = StandIn::Fallback(source);
        self
    }

    /// Fetches the value from `source` and records what came of it.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Missing`], [`CaptureError::Failed`] and [`CaptureError::Timeout`] as the
    /// source answers, unless a default or fallback stands in; [`CaptureError::Invalid`] for a
    /// name that is none; [`CaptureError::Finished`] when the context has ended.
    pub async fn fetch<S: FeatureSource + ?Sized>(
        self,
        source: &S,
    ) -> Result<FetchedFeature, CaptureError> {
        let (open, request) = self.open()?;
        let answer = limited(self.timeout, source.fetch(&request)).await;
        self.settle(open, request, answer).await
    }

    /// Fetches the value by `call` and returns it in the caller's own type.
    ///
    /// Its JSON form is recorded; `null`, which `None` and not-a-number become, counts as missing.
    /// Defaults and fallbacks do not apply.
    ///
    /// # Errors
    ///
    /// As [`fetch`](Self::fetch), but a missing value is none.
    pub async fn run<F, Fut, R, E>(self, call: F) -> Result<R, CaptureError>
    where
        F: FnOnce(FeatureRequest) -> Fut,
        Fut: Future<Output = Result<R, E>>,
        R: Serialize,
        E: Into<BoxError>,
    {
        self.run_with(call, |result| match serde_json::to_value(result) {
            Ok(value) => FeatureAnswer::value(value),
            Err(error) => FeatureAnswer::value(format!("(not recordable: {error})")),
        })
        .await
    }

    /// Fetches the value by `call`, records what `answer` makes of it, and returns it as it is.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_with<F, Fut, R, E>(
        self,
        call: F,
        answer: impl FnOnce(&R) -> FeatureAnswer,
    ) -> Result<R, CaptureError>
    where
        F: FnOnce(FeatureRequest) -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: Into<BoxError>,
    {
        let (open, request) = self.open()?;
        match limited(self.timeout, call(request.clone())).await {
            Ok(result) => {
                self.record(open, &request, answer(&result), None);
                Ok(result)
            }
            Err(setback) => Err(open.fail(setback.of(CALL, &self.name))),
        }
    }

    /// Begins the entry in the record. A call that makes no sense is an entry too.
    fn open(&self) -> Result<(Open<'a, Feature>, FeatureRequest), CaptureError> {
        let entity = self
            .scope
            .shared
            .with(|state| state.entity(&self.path(), &self.entity))
            .ok_or(CaptureError::Finished)?;
        let feature = Feature {
            name: nearest_name(&self.name),
            version: self.version.clone().and_then(Result::ok),
            entity: entity.clone().ok(),
            value: None,
            source: FeatureOrigin::Compute,
            origin: self.origin.clone(),
            transforms: Vec::new(),
            quality: Vec::new(),
            status: FeatureStatus::Missing,
            error: None,
            as_of: None,
            fetched_at: self.scope.shared.sink.clock().now(),
            freshness_ms: None,
            max_age_ms: self.max_age.map(millis),
            latency_us: None,
        };
        let open = Open::new(self.scope, feature)?;
        match self.request(entity) {
            Ok(request) => Ok((open, request)),
            Err((member, source)) => Err(open.fail(CaptureError::Invalid {
                path: format!("{}.{member}", self.path()),
                source,
            })),
        }
    }

    fn request(
        &self,
        entity: Result<EntityRef, InvalidValue>,
    ) -> Result<FeatureRequest, (&'static str, InvalidValue)> {
        Ok(FeatureRequest {
            name: Name::new(&*self.name).map_err(|error| ("name", error))?,
            entity: entity.map_err(|error| ("entity", error))?,
            version: self
                .version
                .clone()
                .transpose()
                .map_err(|error| ("version", error))?,
            max_age: self.max_age,
            recorded: true,
        })
    }

    async fn settle(
        self,
        open: Open<'a, Feature>,
        request: FeatureRequest,
        answer: Result<FeatureAnswer, Setback>,
    ) -> Result<FetchedFeature, CaptureError> {
        let trouble = match answer {
            Ok(answer) if answer.has_value() => {
                return Ok(self.record(open, &request, answer, None));
            }
            Ok(answer) if matches!(self.stand_in, StandIn::Optional) => {
                return Ok(self.record(open, &request, answer, None));
            }
            Ok(_) => CaptureError::Missing {
                feature: self.name.clone(),
                entity: request.entity.to_string(),
            },
            Err(setback) => setback.of(CALL, &self.name),
        };
        match self.stand_in(&request).await {
            Some(answer) => Ok(self.record(open, &request, answer, Some(&trouble))),
            None if matches!(trouble, CaptureError::Missing { .. }) => {
                let note = trouble.note();
                open.close(|_, state| state.last_error = Some(note));
                Err(trouble)
            }
            None => Err(open.fail(trouble)),
        }
    }

    async fn stand_in(&self, request: &FeatureRequest) -> Option<FeatureAnswer> {
        match &self.stand_in {
            StandIn::None | StandIn::Optional => None,
            StandIn::Default(value) => Some(FeatureAnswer {
                source: FeatureOrigin::Default,
                ..FeatureAnswer::value(value.clone())
            }),
            StandIn::Fallback(source) => {
                let answer = limited(self.timeout, source.fetch(request)).await.ok()?;
                answer.has_value().then_some(FeatureAnswer {
                    source: FeatureOrigin::Fallback,
                    ..answer
                })
            }
        }
    }

    /// Writes `answer` into the entry; `trouble` is why another value stands in.
    fn record(
        &self,
        open: Open<'a, Feature>,
        request: &FeatureRequest,
        answer: FeatureAnswer,
        trouble: Option<&CaptureError>,
    ) -> FetchedFeature {
        let mut fetched = FetchedFeature {
            name: request.name.clone(),
            entity: request.entity.clone(),
            value: answer.value.clone().unwrap_or_default(),
            source: answer.source,
            as_of: answer.as_of,
            freshness_ms: None,
        };
        let closed = open.close(|feature, state| {
            if let Some(trouble) = trouble {
                state.warn(stood_in(&self.name, answer.source, trouble));
            }
            fill_feature(feature, answer, state);
            feature.freshness_ms
        });
        fetched.freshness_ms = closed.and_then(|(_, age)| age);
        fetched
    }

    fn path(&self) -> String {
        format!("features.{}", self.name)
    }
}

impl fmt::Debug for FeatureFetch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureFetch")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

const CALL: &str = "feature";
