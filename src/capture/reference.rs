//! What items refer to: the template, features.

use super::state::{ItemSource, State, nearest_name};
use crate::assembly::{Candidate, feature_text};
use crate::record::{Context, Feature, ItemKind, Name};

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
