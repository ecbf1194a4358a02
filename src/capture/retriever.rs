//! Retrievers: where documents come from.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::capture::BoxError;
use crate::record::{IndexUse, Members, Name, RetrieverClass, Timestamp};

/// Finds documents for a query: a search index, a vector store, a service.
#[async_trait]
pub trait Retriever: Send + Sync {
    /// Whether its documents are the same for everybody. What says nothing is taken for personal.
    fn class(&self) -> RetrieverClass {
        RetrieverClass::Personal
    }

    /// The index it searches, with the snapshot it is at now.
    fn index(&self) -> Option<IndexUse> {
        None
    }

    /// Finds documents, best first.
    ///
    /// # Errors
    ///
    /// Any error of the retriever; it is recorded with its message and those behind it.
    async fn retrieve(&self, request: &RetrievalRequest) -> Result<Vec<Document>, BoxError>;
}

#[async_trait]
impl<R: Retriever + ?Sized> Retriever for Arc<R> {
    fn class(&self) -> RetrieverClass {
        (**self).class()
    }

    fn index(&self) -> Option<IndexUse> {
        (**self).index()
    }

    async fn retrieve(&self, request: &RetrievalRequest) -> Result<Vec<Document>, BoxError> {
        (**self).retrieve(request).await
    }
}

#[async_trait]
impl<R: Retriever + ?Sized> Retriever for Box<R> {
    fn class(&self) -> RetrieverClass {
        (**self).class()
    }

    fn index(&self) -> Option<IndexUse> {
        (**self).index()
    }

    async fn retrieve(&self, request: &RetrievalRequest) -> Result<Vec<Document>, BoxError> {
        (**self).retrieve(request).await
    }
}

/// What is asked of a retriever.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetrievalRequest {
    /// The name of the retriever.
    pub retriever: Name,
    /// What is asked.
    pub query: String,
    /// How many documents are wanted.
    pub top_k: Option<u64>,
    /// Filters of the call.
    pub filters: Members,
    /// Whether a retrieve builder records this call, so that no wrapper does it again.
    pub(super) recorded: bool,
}

impl RetrievalRequest {
    /// Asks `retriever` for documents about `query`, for calling a retriever directly.
    #[must_use]
    pub fn new(retriever: Name, query: impl Into<String>) -> Self {
        Self {
            retriever,
            query: query.into(),
            top_k: None,
            filters: Members::new(),
            recorded: false,
        }
    }
}

/// A document as a retriever found it.
///
/// A member that a record cannot hold never loses the document: the nearest value is recorded, and
/// the record's `capture.warnings` say so. A document without an id is numbered by its rank.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub(super) id: String,
    pub(super) text: Arc<str>,
    pub(super) chunk: Option<String>,
    pub(super) version: Option<String>,
    pub(super) score: Option<f64>,
    pub(super) uri: Option<String>,
    pub(super) as_of: Option<Timestamp>,
    pub(super) odd: Vec<String>,
}

impl Document {
    /// A document with its whole text, or that of the chunk.
    #[must_use]
    pub fn new(id: impl fmt::Display, text: impl Into<Arc<str>>) -> Self {
        Self {
            id: id.to_string(),
            text: text.into(),
            ..Self::default()
        }
    }

    fn odd(text: String, what: &str) -> Self {
        let mut document = Self::new("", text);
        document.odd.push(what.to_owned());
        document
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Says which part of the document the text is.
    #[must_use]
    pub fn chunk(mut self, chunk: impl fmt::Display) -> Self {
        self.chunk = Some(chunk.to_string());
        self
    }

    /// Sets the version of the document.
    #[must_use]
    pub fn version(mut self, version: impl fmt::Display) -> Self {
        self.version = Some(version.to_string());
        self
    }

    /// Sets the retriever's score, in the retriever's own scale.
    #[must_use]
    pub const fn score(mut self, score: f64) -> Self {
        self.score = Some(score);
        self
    }

    /// Says where the document can be found.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uri = Some(uri.into());
        self
    }

    /// Sets the time the document describes. Without it, its age is unknown.
    #[must_use]
    pub const fn as_of(mut self, at: Timestamp) -> Self {
        self.as_of = Some(at);
        self
    }
}

impl<I: fmt::Display, T: Into<Arc<str>>> From<(I, T)> for Document {
    /// An id and a text.
    fn from((id, text): (I, T)) -> Self {
        Self::new(id, text)
    }
}

impl From<Value> for Document {
    /// Reads a result as many services return it: `id` or `document`, `text` or `content`, and
    /// `chunk`, `version`, `score`, `uri`, `as_of`. Ids and versions may be numbers.
    fn from(row: Value) -> Self {
        let mut row = match row {
            Value::Object(row) => row,
            Value::String(text) => return Self::new("", text),
            other => return Self::odd(other.to_string(), "is not an object"),
        };
        let mut odd = Vec::new();
        let mut take = |names: &[&str]| names.iter().find_map(|name| row.remove(*name));
        let (id, text) = (take(&["id", "document"]), take(&["text", "content"]));
        let (chunk, version, uri) = (take(&["chunk"]), take(&["version"]), take(&["uri", "url"]));
        let score = take(&["score"]).and_then(|score| {
            score.as_f64().or_else(|| {
                odd.push(format!("has the score {score}, which is no number"));
                None
            })
        });
        let as_of = take(&["as_of"]).map(bare).and_then(|at| {
            at.parse()
                .map_err(|error| odd.push(format!("has an odd `as_of`: {error}")))
                .ok()
        });
        if !row.is_empty() {
            let names: Vec<&str> = row.keys().map(String::as_str).collect();
            odd.push(format!(
                "has members that are not kept: {}",
                names.join(", ")
            ));
        }
        Self {
            id: id.map(bare).unwrap_or_default(),
            text: text.map(bare).unwrap_or_default().into(),
            chunk: chunk.map(bare),
            version: version.map(bare),
            score,
            uri: uri.map(bare),
            as_of,
            odd,
        }
    }
}

/// A string as it is, anything else as compact JSON, and `null` as nothing.
fn bare(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
