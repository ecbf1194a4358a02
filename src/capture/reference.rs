//! What items refer to: the template, features, documents.

use serde_json::Value;

use super::found::document_reference;
use super::state::{ItemSource, State, nearest_name};
use crate::assembly::{Candidate, feature_text};
use crate::record::{Context, Feature, FeatureStatus, ItemKind, Name};

/// The template as items refer to it: `name@version`.
pub(super) fn template_reference(state: &State) -> Option<Name> {
    state
        .context
        .template
        .as_ref()
        .map(|template| match &template.version {
            Some(version) => nearest_name(&format!("{}@{version}", template.name)),
            None => template.name.clone(),
        })
}

/// The features that `reference` stands for: `name`, or `name@type:id`.
pub(super) fn matching_features(features: &[Feature], reference: &str) -> Vec<usize> {
    let having = |test: &dyn Fn(&Feature) -> bool| -> Vec<usize> {
        let matching = features.iter().enumerate();
        matching
            .filter(|(_, feature)| test(feature))
            .map(|(index, _)| index)
            .collect()
    };
    let by_name = having(&|feature| feature.name.as_str() == reference);
    if !by_name.is_empty() {
        return by_name;
    }
    // Names may hold `@` themselves, so every split is tried.
    reference
        .match_indices('@')
        .map(|(at, _)| (&reference[..at], &reference[at + 1..]))
        .map(|(name, entity)| {
            having(&|feature| {
                let of = feature.entity.as_ref().map(ToString::to_string);
                feature.name.as_str() == name && of.as_deref() == Some(entity)
            })
        })
        .find(|matching| !matching.is_empty())
        .unwrap_or_default()
}

/// The results that `reference` stands for: `document#chunk`, else `document` alone.
pub(super) fn matching_documents(state: &State, reference: &Name) -> Vec<(usize, usize)> {
    let results = || {
        let retrievals = state.context.retrievals.iter().enumerate();
        retrievals.flat_map(|(at, retrieval)| {
            let results = retrieval.results.iter().enumerate();
            results.map(move |(index, document)| ((at, index), document))
        })
    };
    let exact: Vec<_> = results()
        .filter(|(_, document)| document_reference(document) == *reference)
        .map(|(place, _)| place)
        .collect();
    if !exact.is_empty() {
        return exact;
    }
    results()
        .filter(|(_, document)| document.document == *reference)
        .map(|(place, _)| place)
        .collect()
}

/// What came of the fetch of a feature that has no value to send.
pub(super) fn without_value(feature: &Feature) -> Option<FeatureStatus> {
    match (feature.status, &feature.value) {
        (FeatureStatus::Ok, None | Some(Value::Null)) => Some(FeatureStatus::Missing),
        (FeatureStatus::Ok, Some(_)) => None,
        (status, _) => Some(status),
    }
}

/// The item that a feature is, as `reference` names it.
pub(super) fn feature_candidate(
    context: &Context,
    index: usize,
    reference: Name,
) -> (Candidate, ItemSource) {
    let feature = &context.features[index];
    let value = feature.value.clone().unwrap_or_default();
    let text = feature_text(feature.name.as_str(), &value);
    let source = ItemSource {
        owner: feature.entity.clone(),
        feature: Some(index),
        is_stale: feature
            .freshness_ms
            .zip(feature.max_age_ms.or(context.freshness.limit_ms))
            .is_some_and(|(age, limit)| age > limit),
        ..ItemSource::personal()
    };
    let candidate = Candidate {
        kind: ItemKind::Feature,
        reference: Some(reference),
        ..Candidate::new(text)
    };
    (candidate, source)
}
