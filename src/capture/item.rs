//! Items: the candidate pieces of a context.

use std::ops::Range;
use std::sync::Arc;

use super::ambient;
use super::found::Found;
use super::reference::{
    feature_candidate, matching_documents, matching_features, template_reference, without_value,
};
use super::state::{ItemSource, State, nearest_name};
use crate::assembly::Candidate;
use crate::capture::{CaptureError, Scope};
use crate::record::{CutReason, ItemKind, Name, Overflow, Role};

/// One or more items just added, to set how they compete for the budget.
///
/// An item is added by the call that returns this, and stays added however the draft is used.
#[derive(Debug)]
pub struct ItemDraft<'a> {
    scope: &'a Scope,
    added: Range<usize>,
}

impl<'a> ItemDraft<'a> {
    /// Says that the context may not be without it: too small a budget refuses the assembly.
    pub fn required(self) -> Self {
        self.set(|item, _| item.required = true)
    }

    /// Sets its importance: 0 is most important, 1 when left out. Ties: later is cut first.
    pub fn priority(self, priority: u64) -> Self {
        self.set(|item, _| item.priority = priority)
    }

    /// Says whose words it is to the model; the user's when left out.
    pub fn role(self, role: Role) -> Self {
        self.set(|item, _| item.role = role)
    }

    /// Says what it is.
    ///
    /// A text that is called a document of this context, by its reference, has to be the text that
    /// was retrieved: another one makes the assembly fail with [`CaptureError::OtherText`].
    pub fn kind(self, kind: ItemKind) -> Self {
        self.scope.shared.with(|state| {
            for index in self.added.clone() {
                state.items[index].kind = kind;
                state.problems.extend(other_text(state, index));
            }
        });
        self
    }

    /// Says what to do when it does not fit; it is left out when nothing is said.
    pub fn overflow(self, overflow: Overflow) -> Self {
        self.set(|item, _| item.overflow = overflow)
    }

    /// Sets the kept tokens below which it is left out instead of truncated.
    pub fn min_tokens(self, min_tokens: u64) -> Self {
        self.set(|item, _| item.min_tokens = Some(min_tokens))
    }

    /// Sets what stands where text was cut out; it counts towards the budget.
    pub fn marker(self, marker: impl Into<String>) -> Self {
        let marker = marker.into();
        self.set(|item, _| item.marker = Some(marker.clone()))
    }

    /// Leaves it out, with reason `stale`, when the document or feature is older than its limit.
    pub fn drop_stale(self) -> Self {
        self.set(|item, source| {
            if source.is_stale {
                item.excluded = Some(CutReason::Stale);
            }
        })
    }

    fn set(self, mut edit: impl FnMut(&mut Candidate, &ItemSource)) -> Self {
        self.scope.shared.with(|state| {
            for index in self.added.clone() {
                edit(&mut state.items[index], &state.sources[index]);
            }
        });
        self
    }

    pub(super) fn text(scope: &'a Scope, name: &str, text: impl Into<Arc<str>>) -> Self {
        let reference = Name::new(name);
        Self::one(scope, text, |state, item| {
            item.reference = state.checked("items.ref", reference);
            ItemSource::personal()
        })
    }

    pub(super) fn turn(scope: &'a Scope, role: Role, text: impl Into<Arc<str>>) -> Self {
        Self::one(scope, text, |_, item| {
            item.kind = ItemKind::Turn;
            item.role = role;
            ItemSource::personal()
        })
    }

    pub(super) fn tool(scope: &'a Scope, name: &str, text: impl Into<Arc<str>>) -> Self {
        let reference = Name::new(name);
        Self::one(scope, text, |state, item| {
            item.kind = ItemKind::Tool;
            item.role = Role::Tool;
            item.reference = state.checked("items.ref", reference);
            ItemSource::personal()
        })
    }

    pub(super) fn template(scope: &'a Scope) -> Self {
        Self::one(scope, "", |state, item| {
            item.kind = ItemKind::Template;
            item.reference = template_reference(state);
            if state.template.is_none() {
                state.problems.push(no_reference(
                    "template",
                    "is not set: give the builder a template",
                ));
            }
            ItemSource {
                is_template: true,
                ..ItemSource::personal()
            }
        })
    }

    pub(super) fn feature(scope: &'a Scope, reference: &str) -> Self {
        let added = scope.shared.with(|state| {
            let start = state.items.len();
            match feature_item(state, reference) {
                Ok((candidate, source)) => {
                    state.push_item(candidate, source);
                }
                Err(error) => state.problems.push(error),
            }
            start..state.items.len()
        });
        Self::added(scope, added)
    }

    pub(super) fn documents<'f>(
        scope: &'a Scope,
        group: &str,
        documents: impl IntoIterator<Item = &'f Found>,
    ) -> Self {
        let added = scope.shared.with(|state| {
            let start = state.items.len();
            for found in documents {
                let place = found
                    .place
                    .filter(|(context, ..)| *context == scope.shared.id)
                    .map(|(_, retrieval, result)| (retrieval, result));
                if place.is_none() {
                    state.warn(format!(
                        "items.{group}: {} was not retrieved by this context",
                        found.reference()
                    ));
                }
                let (candidate, source) = document_item(found, place);
                state.push_item(candidate, source);
            }
            start..state.items.len()
        });
        Self::added(scope, added)
    }

    fn one(
        scope: &'a Scope,
        text: impl Into<Arc<str>>,
        describe: impl FnOnce(&mut State, &mut Candidate) -> ItemSource,
    ) -> Self {
        let mut candidate = Candidate::new(text);
        let added = scope.shared.with(|state| {
            let source = describe(state, &mut candidate);
            let index = state.push_item(candidate, source);
            index..index + 1
        });
        Self::added(scope, added)
    }

    fn added(scope: &'a Scope, added: Option<Range<usize>>) -> Self {
        let added = added.unwrap_or_else(|| {
            ambient::count_unscoped("an item added after its context ended");
            0..0
        });
        Self { scope, added }
    }
}

/// A candidate with the defaults of items, whose digest is known.
const fn hashed_candidate(text: Arc<str>, sha256: [u8; 32]) -> Candidate {
    Candidate {
        sha256,
        text,
        kind: ItemKind::Text,
        reference: None,
        role: Role::User,
        priority: 1,
        required: false,
        overflow: Overflow::Drop,
        min_tokens: None,
        marker: None,
        excluded: None,
    }
}

fn feature_item(state: &State, reference: &str) -> Result<(Candidate, ItemSource), CaptureError> {
    let features = &state.context.features;
    let matching = matching_features(features, reference);
    let latest = *matching
        .last()
        .ok_or_else(|| no_reference(reference, "has not been fetched: fetch it first"))?;
    let feature = &features[latest];
    if matching
        .iter()
        .any(|i| features[*i].entity != feature.entity)
    {
        let problem = "was fetched for several entities: write name@type:id";
        return Err(no_reference(reference, problem));
    }
    if let Some(status) = without_value(feature) {
        return Err(CaptureError::NoValue {
            id: None,
            path: format!("items[{}]", state.items.len()),
            reference: reference.to_owned(),
            status,
        });
    }
    Ok(feature_candidate(
        &state.context,
        latest,
        nearest_name(reference),
    ))
}

fn document_item(found: &Found, place: Option<(usize, usize)>) -> (Candidate, ItemSource) {
    let candidate = Candidate {
        kind: ItemKind::Document,
        reference: Some(found.reference()),
        ..hashed_candidate(found.text.clone(), found.sha256)
    };
    let source = ItemSource {
        class: found.class,
        owner: None,
        place,
        feature: None,
        is_template: false,
        is_stale: found.document.stale == Some(true),
    };
    (candidate, source)
}

/// The refusal of a text that goes by the name of a retrieved document and is not its text.
fn other_text(state: &State, index: usize) -> Option<CaptureError> {
    let (item, source) = (&state.items[index], &state.sources[index]);
    if item.kind != ItemKind::Document || source.place.is_some() {
        return None;
    }
    let reference = item.reference.as_ref()?;
    let matching = matching_documents(state, reference);
    let is_sent = |&(retrieval, result): &(usize, usize)| {
        let retrieved = state.documents.get(retrieval)?.get(result)?;
        Some(retrieved.text == item.text)
    };
    let verdicts: Vec<bool> = matching.iter().filter_map(is_sent).collect();
    (!verdicts.is_empty() && !verdicts.contains(&true)).then(|| CaptureError::OtherText {
        path: format!("items[{index}].text"),
        document: reference.to_string(),
    })
}

fn no_reference(reference: &str, problem: &str) -> CaptureError {
    CaptureError::Reference {
        path: "items.ref".to_owned(),
        reference: reference.to_owned(),
        problem: problem.to_owned(),
    }
}
