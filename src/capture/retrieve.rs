//! Calling a retriever through a capture.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::time::Duration;

use serde_json::Value;

use super::call::{Open, Setback, limited, millis};
use super::entry::{RetrievalEntry, fill_retrieval};
use super::found::{Found, Retrieved};
use super::state::nearest_name;
use crate::capture::{BoxError, CaptureError, Document, RetrievalRequest, Retriever, Scope};
use crate::record::{IndexUse, Members, Name, Retrieval, RetrievalStatus, RetrieverClass};

/// One retriever call, made by [`Scope::retrieve`]. Nothing happens before one of the `run`s.
#[must_use = "documents are retrieved by `run`, `run_fn` or `run_with`"]
pub struct Retrieve<'a> {
    scope: &'a Scope,
    retriever: String,
    query: String,
    class: Option<RetrieverClass>,
    index: Option<IndexUse>,
    top_k: Option<u64>,
    filters: Members,
    max_age: Option<Duration>,
    timeout: Option<Duration>,
}

impl<'a> Retrieve<'a> {
    pub(super) fn new(scope: &'a Scope, retriever: String, query: String) -> Self {
        Self {
            scope,
            retriever,
            query,
            class: None,
            index: None,
            top_k: None,
            filters: Members::new(),
            max_age: None,
            timeout: None,
        }
    }

    /// Asks for at most `top_k` documents.
    pub const fn top_k(mut self, top_k: u64) -> Self {
        self.top_k = Some(top_k);
        self
    }

    /// Adds a filter.
    pub fn filter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.filters.insert(name.into(), value.into());
        self
    }

    /// Sets the age the documents are allowed. It goes before the limit of the context.
    pub const fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Gives the call up after `timeout`, with error code `timeout`.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says that the documents are the same for everybody: confidential, and stored once.
    pub const fn shared(mut self) -> Self {
        self.class = Some(RetrieverClass::Shared);
        self
    }

    /// Says which index is searched, for retrievers that do not say it themselves.
    pub fn index(mut self, index: IndexUse) -> Self {
        self.index = Some(index);
        self
    }

    /// Asks the same as `request`, of a retriever of this class and index.
    pub(super) fn like(
        mut self,
        request: &RetrievalRequest,
        class: RetrieverClass,
        index: Option<IndexUse>,
    ) -> Self {
        self.top_k = request.top_k;
        self.filters = request.filters.clone();
        self.class = Some(class);
        self.index = index;
        self
    }

    /// Calls `retriever` and records what came of it. No documents are not an error.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Failed`] and [`CaptureError::Timeout`] as the retriever answers,
    /// [`CaptureError::Invalid`] for a name that is none, [`CaptureError::Finished`] when the
    /// context has ended.
    pub async fn run<R: Retriever + ?Sized>(
        mut self,
        retriever: &R,
    ) -> Result<Retrieved, CaptureError> {
        self.class.get_or_insert_with(|| retriever.class());
        self.index = self.index.or_else(|| retriever.index());
        let (open, request) = self.open()?;
        let answer = limited(self.timeout, retriever.retrieve(&request)).await;
        self.settle(open, answer)
    }

    /// Calls `call` and records the documents it returns. A synchronous call is wrapped in
    /// [`std::future::ready`].
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_fn<F, Fut, D, E>(self, call: F) -> Result<Retrieved, CaptureError>
    where
        F: FnOnce(RetrievalRequest) -> Fut,
        Fut: Future<Output = Result<D, E>>,
        D: IntoIterator,
        D::Item: Into<Document>,
        E: Into<BoxError>,
    {
        let (open, request) = self.open()?;
        let answer = limited(self.timeout, call(request)).await;
        let answer = answer.map(|rows| rows.into_iter().map(Into::into).collect());
        self.settle(open, answer)
    }

    /// Calls `call`, records what `document` makes of every row, and returns the rows as they are.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_with<F, Fut, T, E>(
        self,
        call: F,
        document: impl FnMut(&T) -> Document,
    ) -> Result<RetrievedRows<T>, CaptureError>
    where
        F: FnOnce(RetrievalRequest) -> Fut,
        Fut: Future<Output = Result<Vec<T>, E>>,
        E: Into<BoxError>,
    {
        let (open, request) = self.open()?;
        match limited(self.timeout, call(request)).await {
            Ok(rows) => {
                let documents = rows.iter().map(document).collect();
                let retrieved = self.record(open, documents);
                Ok(RetrievedRows { rows, retrieved })
            }
            Err(setback) => Err(open.fail(setback.of(CALL, &self.retriever))),
        }
    }

    /// Begins the entry in the record. A call that makes no sense is an entry too.
    fn open(&self) -> Result<(Open<'a, RetrievalEntry>, RetrievalRequest), CaptureError> {
        let retrieval = Retrieval {
            retriever: nearest_name(&self.retriever),
            class: self.class.unwrap_or_default(),
            query: self.query.clone(),
            index: self.index.clone(),
            top_k: self.top_k,
            filters: self.filters.clone(),
            status: RetrievalStatus::Ok,
            error: None,
            fetched_at: None,
            max_age_ms: self.max_age.map(millis),
            latency_us: None,
            results: Vec::new(),
        };
        let entry = RetrievalEntry {
            retrieval,
            texts: Vec::new(),
        };
        let open = Open::new(self.scope, entry)?;
        match Name::new(&*self.retriever) {
            Ok(retriever) => Ok((open, self.request(retriever))),
            Err(source) => Err(open.fail(CaptureError::Invalid {
                path: format!("retrievals.{}.retriever", self.retriever),
                source,
            })),
        }
    }

    fn request(&self, retriever: Name) -> RetrievalRequest {
        RetrievalRequest {
            retriever,
            query: self.query.clone(),
            top_k: self.top_k,
            filters: self.filters.clone(),
            recorded: true,
        }
    }

    fn settle(
        &self,
        open: Open<'a, RetrievalEntry>,
        answer: Result<Vec<Document>, Setback>,
    ) -> Result<Retrieved, CaptureError> {
        match answer {
            Ok(documents) => Ok(self.record(open, documents)),
            Err(setback) => Err(open.fail(setback.of(CALL, &self.retriever))),
        }
    }

    fn record(&self, open: Open<'a, RetrievalEntry>, documents: Vec<Document>) -> Retrieved {
        let mut found: Vec<Found> = (1..)
            .zip(documents)
            .map(|(rank, document)| {
                Found::new(
                    rank,
                    document,
                    self.class.unwrap_or_default(),
                    &self.retriever,
                )
            })
            .collect();
        let closed = open.close(|entry, state| fill_retrieval(entry, &mut found, state));
        if let Some((retrieval, ())) = closed {
            for (result, found) in found.iter_mut().enumerate() {
                found.place = Some((self.scope.shared.id, retrieval, result));
            }
        }
        Retrieved(found)
    }
}

impl fmt::Debug for Retrieve<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrieve")
            .field("retriever", &self.retriever)
            .finish_non_exhaustive()
    }
}

/// The caller's own rows, and what was recorded of them.
///
/// It derefs to the rows.
#[derive(Clone, Debug)]
pub struct RetrievedRows<T> {
    rows: Vec<T>,
    retrieved: Retrieved,
}

impl<T> RetrievedRows<T> {
    /// The rows as the call returned them.
    #[must_use]
    pub fn into_rows(self) -> Vec<T> {
        self.rows
    }

    /// What was recorded, row by row, for making items of them.
    #[must_use]
    pub const fn documents(&self) -> &Retrieved {
        &self.retrieved
    }
}

impl<T> Deref for RetrievedRows<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}

const CALL: &str = "retriever";
