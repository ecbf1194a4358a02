//! The sections of a request, as the record has them.

use serde_json::Value;

use super::call::millis;
use super::state::State;
use crate::record::{
    Digest, DocumentText, DocumentUse, Feature, FeatureStatus, RequestDocument, RequestFeature,
    RequestRetrieval, RequestTemplate, Retrieval, RetrievalStatus, RetrievedDocument,
    RetrieverClass, TemplateUse, Timestamp,
};

/// Takes the template over, with its text.
pub(super) fn set_template(state: &mut State, template: RequestTemplate) {
    let RequestTemplate {
        name,
        version,
        text,
        variables,
    } = template;
    state.context.template = Some(TemplateUse {
        name,
        version,
        digest: Some(Digest::sha256(text.as_bytes())),
        variables,
    });
    state.template = Some(text.into());
}

/// Takes a feature over; its entity becomes one of the context.
pub(super) fn add_feature(state: &mut State, feature: RequestFeature, now: Timestamp) {
    let RequestFeature {
        name,
        version,
        entity,
        value,
        source,
        origin,
        transforms,
        quality,
        status,
        error,
        as_of,
        fetched_at,
        max_age,
        latency_us,
    } = feature;
    if let Some(entity) = &entity {
        state.add_entity(entity);
    }
    let by_value = match (&value, &error) {
        (_, Some(_)) => FeatureStatus::Failed,
        (None | Some(Value::Null), None) => FeatureStatus::Missing,
        (Some(_), None) => FeatureStatus::Ok,
    };
    state.context.features.push(Feature {
        name,
        version,
        entity,
        value,
        source,
        origin,
        transforms,
        quality,
        status: status.unwrap_or(by_value),
        error,
        as_of,
        fetched_at: fetched_at.unwrap_or(now),
        freshness_ms: None,
        max_age_ms: max_age.map(|max_age| millis(max_age.to_std())),
        latency_us,
    });
}

/// Takes a retriever call over, with the texts of its documents.
pub(super) fn add_retrieval(state: &mut State, retrieval: RequestRetrieval, now: Timestamp) {
    let RequestRetrieval {
        retriever,
        class,
        query,
        index,
        top_k,
        filters,
        status,
        error,
        fetched_at,
        max_age,
        latency_us,
        results,
    } = retrieval;
    let by_results = match (&error, results.is_empty()) {
        (Some(_), _) => RetrievalStatus::Failed,
        (None, true) => RetrievalStatus::Empty,
        (None, false) => RetrievalStatus::Ok,
    };
    let (results, texts) = (1..)
        .zip(results)
        .map(|(rank, document)| retrieved(rank, document, class))
        .unzip();
    state.documents.push(texts);
    state.context.retrievals.push(Retrieval {
        retriever,
        class,
        query,
        index,
        top_k,
        filters,
        status: status.unwrap_or(by_results),
        error,
        fetched_at: Some(fetched_at.unwrap_or(now)),
        max_age_ms: max_age.map(|max_age| millis(max_age.to_std())),
        latency_us,
        results,
    });
}

fn retrieved(
    rank: u64,
    document: RequestDocument,
    class: RetrieverClass,
) -> (RetrievedDocument, DocumentText) {
    let RequestDocument {
        document,
        chunk,
        version,
        text,
        score,
        uri,
        as_of,
    } = document;
    let digest = Digest::sha256(text.as_bytes());
    let result = RetrievedDocument {
        rank,
        document,
        chunk,
        version,
        score,
        digest: (class == RetrieverClass::Shared).then_some(digest),
        tokens: None,
        uri,
        as_of,
        freshness_ms: None,
        stale: None,
        used: DocumentUse::Unused,
    };
    let text = DocumentText {
        text: text.into(),
        sha256: Some(*digest.as_bytes()),
    };
    (result, text)
}
