//! Retrieved documents as the application gets them.

use std::ops::Deref;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::state::nearest_name;
use crate::capture::Document;
use crate::record::{
    Class, ContextId, Digest, DocumentUse, Name, RetrievedDocument, RetrieverClass, Timestamp,
    Version,
};

/// The documents of one retriever call, best first. It derefs to a slice.
#[derive(Clone, Debug, Default)]
pub struct Retrieved(pub(super) Vec<Found>);

impl Deref for Retrieved {
    type Target = [Found];

    fn deref(&self) -> &[Found] {
        &self.0
    }
}

impl<'r> IntoIterator for &'r Retrieved {
    type Item = &'r Found;
    type IntoIter = std::slice::Iter<'r, Found>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// One retrieved document: its text, and what the record says about it.
#[derive(Clone, Debug)]
pub struct Found {
    pub(super) document: RetrievedDocument,
    pub(super) text: Arc<str>,
    pub(super) sha256: [u8; 32],
    pub(super) class: Class,
    /// Capture, retrieval and result; `None` when the call outlived its context.
    pub(super) place: Option<(ContextId, usize, usize)>,
    pub(super) warnings: Vec<String>,
}

impl Found {
    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the record says about it.
    #[must_use]
    pub const fn document(&self) -> &RetrievedDocument {
        &self.document
    }

    pub(super) fn new(
        rank: u64,
        document: Document,
        class: RetrieverClass,
        retriever: &str,
    ) -> Self {
        #[rustfmt::skip]
        let Document { id, text, chunk, version, score, uri, as_of, odd } = document;
        let of = format!("retrievals.{retriever}.results[{}]", rank - 1);
        let mut oddities = Oddities { of, found: odd };
        let sha256: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let class = class_of(class);
        if text.is_empty() {
            oddities.add("has no text");
        }
        let document = RetrievedDocument {
            rank,
            document: oddities.id(&id, rank),
            chunk: chunk.and_then(|chunk| oddities.name("chunk", &chunk)),
            version: version.and_then(|version| oddities.version(&version)),
            score: score.and_then(|score| oddities.score(score)),
            digest: (class == Class::Confidential).then_some(Digest::Sha256(sha256)),
            tokens: None,
            uri,
            as_of,
            freshness_ms: None,
            stale: None,
            used: DocumentUse::Unused,
        };
        Self {
            document,
            text,
            sha256,
            class,
            place: None,
            warnings: oddities.warnings(),
        }
    }

    /// Notes its age when fetched, and whether that is over the limit.
    pub(super) fn age(&mut self, fetched_at: Option<Timestamp>, limit_ms: Option<i64>) {
        let age = fetched_at
            .zip(self.document.as_of)
            .map(|(fetched_at, as_of)| fetched_at.millis_since(as_of));
        self.document.freshness_ms = age;
        self.document.stale = age.zip(limit_ms).map(|(age, limit)| age > limit);
    }

    /// How items refer to it: `document#chunk`.
    pub(super) fn reference(&self) -> Name {
        document_reference(&self.document)
    }
}

/// The class of a document, by that of its retriever.
pub(super) const fn class_of(retriever: RetrieverClass) -> Class {
    match retriever {
        RetrieverClass::Shared => Class::Confidential,
        RetrieverClass::Personal => Class::Personal,
    }
}

/// How items refer to a document: `document#chunk`.
pub(super) fn document_reference(document: &RetrievedDocument) -> Name {
    match &document.chunk {
        Some(chunk) => nearest_name(&format!("{}#{chunk}", document.document)),
        None => document.document.clone(),
    }
}

/// What is odd about a document; the document is kept all the same.
struct Oddities {
    of: String,
    found: Vec<String>,
}

impl Oddities {
    fn add(&mut self, what: impl Into<String>) {
        self.found.push(what.into());
    }

    fn id(&mut self, id: &str, rank: u64) -> Name {
        if id.is_empty() {
            self.add(format!("has no id; recorded as {UNNAMED}-{rank}"));
            return nearest_name(&format!("{UNNAMED}-{rank}"));
        }
        Name::new(id).unwrap_or_else(|error| {
            self.add(format!("has an odd id: {error}"));
            nearest_name(id)
        })
    }

    fn name(&mut self, member: &str, text: &str) -> Option<Name> {
        Name::new(text)
            .map_err(|error| self.add(format!("has an odd `{member}`: {error}")))
            .ok()
    }

    fn version(&mut self, text: &str) -> Option<Version> {
        Version::new(text)
            .map_err(|error| self.add(format!("has an odd `version`: {error}")))
            .ok()
    }

    fn score(&mut self, score: f64) -> Option<f64> {
        if score.is_finite() {
            return Some(score);
        }
        self.add(format!("has the score {score}, which is not recorded"));
        None
    }

    fn warnings(self) -> Vec<String> {
        let Self { of, found } = self;
        found
            .into_iter()
            .map(|what| format!("{of} {what}"))
            .collect()
    }
}

const UNNAMED: &str = "unnamed";
