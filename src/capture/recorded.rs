//! Sources and retrievers that record into the ambient capture when called directly.

use async_trait::async_trait;

use super::ambient::{ambient, count_unscoped};
use crate::capture::{
    BoxError, CaptureError, Document, FeatureAnswer, FeatureRequest, FeatureSource,
    RetrievalRequest, Retriever, Scope,
};
use crate::record::{IndexUse, RetrieverClass};

/// Wraps a [`FeatureSource`] or [`Retriever`] so that every call is recorded, wherever it is made.
///
/// Within a capture, a call becomes an entry of its record, once, whether made through a builder or
/// directly. Outside, the call is made all the same and counted in
/// [`unscoped_calls`](super::unscoped_calls).
#[derive(Clone, Debug)]
pub struct Recorded<S>(S);

impl<S> Recorded<S> {
    /// Wraps `source`.
    pub const fn new(source: S) -> Self {
        Self(source)
    }

    /// The wrapped source.
    pub fn into_inner(self) -> S {
        self.0
    }
}

#[async_trait]
impl<S: FeatureSource> FeatureSource for Recorded<S> {
    async fn fetch(&self, request: &FeatureRequest) -> Result<FeatureAnswer, BoxError> {
        let Some(scope) = unrecorded(request.recorded, "a feature fetch") else {
            return self.0.fetch(request).await;
        };
        let mut fetch = scope.feature(request.name.as_str(), &request.entity);
        if let Some(version) = &request.version {
            fetch = fetch.version(version.as_str());
        }
        if let Some(max_age) = request.max_age {
            fetch = fetch.max_age(max_age);
        }
        fetch
            .run_with(
                |request| async move { self.0.fetch(&request).await },
                FeatureAnswer::clone,
            )
            .await
            .map_err(unwrapped)
    }
}

#[async_trait]
impl<R: Retriever> Retriever for Recorded<R> {
    fn class(&self) -> RetrieverClass {
        self.0.class()
    }

    fn index(&self) -> Option<IndexUse> {
        self.0.index()
    }

    async fn retrieve(&self, request: &RetrievalRequest) -> Result<Vec<Document>, BoxError> {
        let Some(scope) = unrecorded(request.recorded, "a retriever call") else {
            return self.0.retrieve(request).await;
        };
        let retrieve = scope.retrieve(request.retriever.as_str(), request.query.as_str());
        let rows = retrieve
            .like(request, self.0.class(), self.0.index())
            .run_with(
                |request| async move { self.0.retrieve(&request).await },
                Document::clone,
            )
            .await
            .map_err(unwrapped)?;
        Ok(rows.into_rows())
    }
}

/// The capture to record a direct call into. `None` when a builder records it, or nobody can.
fn unrecorded(recorded: bool, what: &'static str) -> Option<Scope> {
    if recorded {
        return None;
    }
    let scope = ambient().filter(|scope| !scope.is_finished());
    if scope.is_none() {
        count_unscoped(what);
    }
    scope
}

/// The source's own error: a wrapped source fails as the bare one does.
fn unwrapped(error: CaptureError) -> BoxError {
    match error {
        CaptureError::Failed { source, .. } => source,
        error => error.into(),
    }
}
