//! What a call becomes in the record.

use super::found::Found;
use super::state::State;
use crate::capture::{CaptureError, FeatureAnswer};
use crate::record::{
    DocumentText, ErrorNote, Feature, FeatureOrigin, FeatureStatus, Retrieval, RetrievalStatus,
    Section, Timestamp, ToolCall, ToolStatus,
};

/// The entry of a call in the record.
pub(super) trait Entry: Sized {
    /// The section it belongs to.
    const SECTION: Section;

    /// Notes that the call did not succeed.
    fn fail(&mut self, note: ErrorNote);

    /// Notes when the call ended and how long it took.
    fn ended(&mut self, at: Timestamp, latency_us: u64);

    /// Adds the entry to the record and says where it stands.
    fn push(self, state: &mut State) -> usize;
}

impl Entry for Feature {
    const SECTION: Section = Section::Features;

    fn fail(&mut self, note: ErrorNote) {
        self.status = FeatureStatus::Failed;
        self.error = Some(note);
    }

    fn ended(&mut self, at: Timestamp, latency_us: u64) {
        self.fetched_at = at;
        self.latency_us = Some(latency_us);
    }

    fn push(self, state: &mut State) -> usize {
        if let Some(entity) = &self.entity {
            state.add_entity(entity);
        }
        state.context.features.push(self);
        state.context.features.len() - 1
    }
}

/// A retriever call in the making: the record and the texts of its results.
#[derive(Debug)]
pub(super) struct RetrievalEntry {
    pub(super) retrieval: Retrieval,
    pub(super) texts: Vec<DocumentText>,
}

impl Entry for RetrievalEntry {
    const SECTION: Section = Section::Retrievals;

    fn fail(&mut self, note: ErrorNote) {
        self.retrieval.status = RetrievalStatus::Failed;
        self.retrieval.error = Some(note);
    }

    fn ended(&mut self, at: Timestamp, latency_us: u64) {
        self.retrieval.fetched_at = Some(at);
        self.retrieval.latency_us = Some(latency_us);
    }

    fn push(self, state: &mut State) -> usize {
        state.documents.push(self.texts);
        state.context.retrievals.push(self.retrieval);
        state.context.retrievals.len() - 1
    }
}

impl Entry for ToolCall {
    const SECTION: Section = Section::Tools;

    fn fail(&mut self, note: ErrorNote) {
        self.status = ToolStatus::Failed;
        self.error = Some(note);
    }

    fn ended(&mut self, _: Timestamp, latency_us: u64) {
        self.latency_us = Some(latency_us);
    }

    fn push(mut self, state: &mut State) -> usize {
        self.arguments = self
            .arguments
            .map(|arguments| state.exact(self.name.as_str(), arguments));
        state.context.tools.push(self);
        state.context.tools.len() - 1
    }
}

/// Writes the answer of a source into the entry.
pub(super) fn fill_feature(feature: &mut Feature, answer: FeatureAnswer, state: &mut State) {
    let has_value = answer.has_value();
    let FeatureAnswer {
        value,
        version,
        as_of,
        source,
        origin,
        transforms,
        quality,
    } = answer;
    if has_value {
        feature.status = FeatureStatus::Ok;
        feature.value = value.map(|value| state.exact(feature.name.as_str(), value));
    }
    if version.is_some() {
        feature.version = version;
    }
    if origin.is_some() {
        feature.origin = origin;
    }
    feature.as_of = as_of;
    feature.freshness_ms = as_of.map(|as_of| feature.fetched_at.millis_since(as_of));
    feature.source = source;
    feature.transforms = transforms;
    feature.quality = quality;
}

/// The warning that another value stands in for that of the source.
pub(super) fn stood_in(name: &str, source: FeatureOrigin, trouble: &CaptureError) -> String {
    let what = match source {
        FeatureOrigin::Fallback => "the fallback source",
        FeatureOrigin::Default | FeatureOrigin::Compute | FeatureOrigin::Cache => "the default",
    };
    let note = trouble.note();
    format!("features.{name}: {what} stood in: {}", note.message)
}

/// Writes the documents a retriever found into the entry.
pub(super) fn fill_retrieval(entry: &mut RetrievalEntry, found: &mut [Found], state: &mut State) {
    let limit_ms = entry
        .retrieval
        .max_age_ms
        .or(state.context.freshness.limit_ms);
    if found.is_empty() {
        entry.retrieval.status = RetrievalStatus::Empty;
    }
    for found in found {
        for warning in found.warnings.drain(..) {
            state.warn(warning);
        }
        found.age(entry.retrieval.fetched_at, limit_ms);
        entry.retrieval.results.push(found.document.clone());
        entry.texts.push(DocumentText {
            text: found.text.clone(),
            sha256: Some(found.sha256),
        });
    }
}
